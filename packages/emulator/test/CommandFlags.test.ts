/** What the command understands by each flag, at the bounds of its value, and what the flags become as options. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Fault from "effect-gemini-emulator/Fault"
import * as Command from "effect/cli/Command"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { type CommandFlags, flags, keyPolicy } from "../src/internal/command/flags.ts"
import * as Named from "../src/internal/command/named.ts"
import { vertexOptions } from "../src/internal/command/vertexFlags.ts"

const silent: Console.Console = { ...globalThis.console, log: () => undefined, error: () => undefined }

/** What was given, or undefined where a value was refused. */
const parsed = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>> = {}) => {
  let given: CommandFlags | undefined
  const command = Command.make("test", flags, (all) => Effect.sync(() => void (given = all)))
  return Command.runWith(command, { version: "0.0.0" })(args).pipe(
    Effect.provide(NodeServices.layer),
    Effect.provideService(Console.Console, silent),
    Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown(env)),
    Effect.exit,
    Effect.map((exit) => Exit.isSuccess(exit) ? given : undefined)
  )
}

const some = <A>(value: A) => Option.some(value)

describe("a flag", () => {
  const taken: ReadonlyArray<readonly [flag: string, value: string, name: keyof CommandFlags, expected: unknown]> = [
    ["--port", "0", "port", some(0)],
    ["-p", "65535", "port", some(65_535)],
    ["--host", "::1", "host", "::1"],
    ["--allow-host", "a.b", "allowHost", ["a.b"]],
    ["--parent", "1", "parent", some(1)],
    ["--parent", "2147483648", "parent", some(2 ** 31)],
    ["--chunk-delay", "0", "chunkDelay", 0],
    ["--chunk-delay", "2147483647", "chunkDelay", 2 ** 31 - 1],
    ["--cassette-limit", "1", "cassetteLimit", some(1)],
    ["--pace", "off", "pace", undefined],
    ["--pace", "80", "pace", 80],
    ["--pace", "0.5", "pace", 0.5],
    ["--pace", "123456789.123456", "pace", 123_456_789.123456],
    ["--timing", "none", "timing", "none"],
    ["--timing", "recorded", "timing", "recorded"],
    ["--timing", "0.25", "timing", 0.25],
    ["--timing", "10", "timing", 10],
    ["--redact", "a+", "redact", [/a+/gu]],
    ["--overload", "gemini-3.8-flash", "overload", [Fault.overload("gemini-3.8-flash", {})]],
    ["--overload", "models/m=0.3", "overload", [Fault.overload("m", { share: 0.3 })]],
    ["--overload", "m=.5", "overload", [Fault.overload("m", { share: 0.5 })]],
    ["--overload", "m=0", "overload", [Fault.overload("m", { share: 0 })]],
    ["--overload", "m=1", "overload", [Fault.overload("m", { share: 1 })]],
    ["--outage", "us-east1", "outage", [Fault.outage("us-east1", { down: "unavailable" })]],
    ["--outage", "us-east1=reset", "outage", [Fault.outage("us-east1", { down: "reset" })]],
    ["--outage", "us-east1=hang", "outage", [Fault.outage("us-east1", { down: "hang" })]],
    ["--keys", "k", "keys", [{ name: "k", how: "valid" }]],
    ["--keys", "k=leaked", "keys", [{ name: "k", how: "leaked" }]],
    ["--tokens", "t=unscoped", "tokens", [{ name: "t", how: "unscoped" }]],
    ["--endpoint", "12-a=m", "endpoint", [["12-a", "m"]]],
    ["--endpoint", "12=models/m", "endpoint", [["12", "m"]]]
  ]
  it.effect.each(taken)("%s %s is taken as it is meant", ([flag, value, name, expected]) =>
    Effect.gen(function*() {
      const given = yield* parsed([`${flag}=${value}`])
      assert.deepStrictEqual(given?.[name], expected)
      assert.isDefined(given)
    }))

  const refused: ReadonlyArray<readonly [flag: string, value: string]> = [
    ["--port", "-1"],
    ["--port", "65536"],
    ["--host", "http://a"],
    ["--allow-host", "a:1"],
    ["--parent", "0"],
    ["--parent", "2147483649"],
    ["--chunk-delay", "-1"],
    ["--chunk-delay", "2147483648"],
    ["--cassette-limit", "0"],
    ["--pace", "0"],
    ["--pace", "-1"],
    ["--pace", "1234567890"],
    ["--pace", "1.1234567"],
    ["--pace", "x80"],
    ["--pace", "80x"],
    ["--timing", "0"],
    ["--timing", "fast"],
    ["--timing", "2x"],
    ["--timing", "x2"],
    ["--redact", "("],
    ["--overload", "m=1.5"],
    ["--overload", "m=x"],
    ["--overload", "a/b"],
    ["--overload", ""],
    ["--outage", "a b"],
    ["--outage", "us-east1=slowly"],
    ["--outage", "us-east1="],
    ["--keys", "k=stolen"],
    ["--keys", "k="],
    ["--tokens", "t=leaked"],
    ["--endpoint", "12"],
    ["--endpoint", "1 2=m"],
    ["--endpoint", "12=a/b"],
    ["--endpoint", "12="]
  ]
  it.effect.each(refused)(
    "%s %s is refused",
    ([flag, value]) => Effect.map(parsed([`${flag}=${value}`]), (given) => assert.isUndefined(given))
  )

  it.effect("that is left out has a value that changes nothing, or that of its variable", () =>
    Effect.gen(function*() {
      const bare = (yield* parsed([])) ?? assert.fail("it was refused")
      const { allowHost, certificate, chunkDelay, endpoint, host, ignore, keys, outage, overload, pace, ...rest } = bare
      assert.deepStrictEqual([allowHost, endpoint, ignore, keys, outage, overload], [[], [], [], [], [], []])
      assert.deepStrictEqual([certificate, chunkDelay, host, pace], [Option.none(), 0, "127.0.0.1", undefined])
      const { cassette, match, mode, token, upstream, upstreamKey, allowRecord } = rest
      assert.deepStrictEqual([match, mode, allowRecord], ["strict", "replay", false])
      for (const each of [cassette, token, upstream, upstreamKey]) assert.deepStrictEqual(each, Option.none())
      const set = (yield* parsed([], {
        GEMINI_CASSETTE: "a.jsonl",
        GEMINI_CASSETTE_MODE: "once",
        GEMINI_CASSETTE_MATCH: "loose",
        GEMINI_CASSETTE_UPSTREAM: "http://a",
        GEMINI_CASSETTE_ALLOW_RECORD: "true",
        GEMINI_EMULATOR_TOKEN: "t",
        GEMINI_UPSTREAM_KEY: "k"
      })) ?? assert.fail("it was refused")
      assert.deepStrictEqual([set.cassette, set.upstream], [some("a.jsonl"), some("http://a")])
      assert.deepStrictEqual([set.mode, set.match, set.allowRecord], ["once", "loose", true])
      const secrets = [set.token, set.upstreamKey].map(Option.map(Redacted.value))
      assert.deepStrictEqual(secrets, [some("t"), some("k")])
    }))
})

describe("flags that name keys and tokens", () => {
  it("are a name, and how it stands: valid, where nothing is said", () => {
    const read = Named.read(["valid", "expired"])
    const rows = [
      ["a", some({ name: "a", how: "valid" })],
      ["a=valid", some({ name: "a", how: "valid" })],
      ["a=b=expired", some({ name: "a=b", how: "expired" })],
      ["a=b", Option.none()],
      ["a=B", some({ name: "a=B", how: "valid" })],
      ["", Option.none()]
    ] as const
    for (const [text, expected] of rows) assert.deepStrictEqual(read(text), expected, text)
  })

  it("become the policy of keys: a list of those of each standing, and of valid ones where there is one", () => {
    const named = (how: "valid" | "invalid" | "expired" | "unknown" | "leaked") => ({ name: `a-${how}`, how })
    assert.isUndefined(keyPolicy([]))
    const wrong = (["invalid", "expired", "unknown", "leaked"] as const).map(named)
    const lists = { invalid: ["a-invalid"], expired: ["a-expired"], unknown: ["a-unknown"], leaked: ["a-leaked"] }
    assert.deepStrictEqual(keyPolicy(wrong), lists)
    assert.deepStrictEqual(keyPolicy([named("valid"), ...wrong]), { valid: ["a-valid"], ...lists })
  })

  it("become the options of Vertex AI, where \"issued\" is no token", () => {
    const none = { tokens: [], endpoint: [], project: Option.none() }
    const lists = { expired: [], invalid: [], unscoped: [], denied: [] }
    assert.deepStrictEqual(vertexOptions(none), { tokens: lists, endpoints: {}, identity: { project: undefined } })
    const token = (name: string, how: "valid" | "expired" | "invalid" | "unscoped" | "denied") => ({ name, how })
    const given = vertexOptions({
      tokens: [
        token("issued", "valid"),
        token("a", "valid"),
        token("b", "expired"),
        token("c", "invalid"),
        token("d", "unscoped"),
        token("e", "denied")
      ],
      endpoint: [["1", "m"], ["2", "n"]],
      project: some("p")
    })
    assert.deepStrictEqual(given, {
      tokens: { valid: ["a"], expired: ["b"], invalid: ["c"], unscoped: ["d"], denied: ["e"] },
      endpoints: { 1: "m", 2: "n" },
      identity: { project: "p" }
    })
    assert.deepStrictEqual(vertexOptions({ ...none, tokens: [token("issued", "valid")] }).tokens, {
      ...lists,
      valid: []
    })
  })
})
