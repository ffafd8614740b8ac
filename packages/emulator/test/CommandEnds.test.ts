/**
 * The command by its parts, in the process of the test: what it accounts for, which file says that it is ready, whose
 * end it waits for, what a program that it runs is told, and what it says first. Command.test.ts starts it as it is
 * published.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import type { Entry } from "effect-gemini-emulator/RequestLog"
import type { Verdict } from "effect-gemini-emulator/Verdict"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Runtime from "effect/Runtime"
import * as TestClock from "effect/testing/TestClock"
import { spawn } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, afterEach, beforeAll, vi } from "vitest"
import { main } from "../src/internal/command/main.ts"
import * as Parent from "../src/internal/command/parent.ts"
import * as Plain from "../src/internal/command/plain.ts"
import * as ReadyFile from "../src/internal/command/readyFile.ts"
import * as Report from "../src/internal/command/report.ts"
import { entry } from "./LogEntry.ts"
import { flash, prompt } from "./Wire.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-ends-"))
  mkdirSync(join(folder, "tmp"))
})
afterAll(() => rmSync(folder, { recursive: true }))
afterEach(() => vi.unstubAllEnvs())

const refused = (by: Verdict["by"], why: string, more: Partial<Entry> = {}, nearMisses?: ReadonlyArray<string>) =>
  entry({ status: 400, ...more, verdict: { by, refused: why, nearMisses } })

const account = (more: Partial<Report.Account>): Report.Account => ({
  space: "default",
  entries: [],
  rules: [],
  waiting: 0,
  ...more
})

const use = (name: string, answered: number) => ({ name, answered, usedUp: false })

describe("the account of what a program did", () => {
  const table: ReadonlyArray<readonly [title: string, account: Partial<Report.Account>, text: string, clean: boolean]> =
    [
      ["nothing", {}, "0 calls, none refused", true],
      ["one good call", { entries: [entry({})] }, "1 call, none refused", true],
      [
        "two good calls of rules",
        {
          entries: [entry({ verdict: { by: "rule", rule: "a" } }), entry({ verdict: { by: "generator" } })]
        },
        "2 calls, none refused",
        true
      ],
      [
        "a fault and a spent quota, as it was told",
        {
          entries: [refused("fault", "Down."), refused("quota", "Spent.")]
        },
        "2 calls, none refused",
        true
      ],
      [
        "a path that is none",
        { entries: [entry({ status: 404 })] },
        "1 call, 1 refused\n  POST /v1beta/x\n    404: the API has no such path",
        false
      ],
      ["a path outside the API that was answered", { entries: [entry({ status: 403 })] }, "1 call, none refused", true],
      [
        "what no rule matches, with the nearest that the words do not name",
        {
          entries: [refused("unmatched", "No rule. Nearest: a.", { status: 501 }, ["a", "b\nc"])]
        },
        "1 call, 1 refused\n  POST /v1beta/x\n    501, no rule matches: No rule. Nearest: a.\n    nearest: b c",
        false
      ],
      [
        "what Google would refuse, twice, and a call that never ended",
        {
          entries: [
            refused("judge", "Bad."),
            refused("judge", "Bad."),
            refused("misuse", "Odd.", { status: undefined })
          ]
        },
        "3 calls, 3 refused\n  POST /v1beta/x\n    400, Google would refuse it: Bad.\n    2 times\n" +
        "  POST /v1beta/x\n    ?, refused (misuse): Odd.",
        false
      ],
      [
        "a rule that nobody asked for, and an answer",
        { rules: [use("a", 0), use("b", 1)], waiting: 1 },
        "0 calls, none refused\n  never asked for: the rule \"a\"\n  never asked for: 1 answer of the queue",
        false
      ],
      [
        "two of each, in a space",
        { space: "s", rules: [use("a", 0), use("b", 0)], waiting: 2 },
        "0 calls, none refused\n  never asked for: the rules \"a\", \"b\" (space s)\n" +
        "  never asked for: 2 answers of the queue (space s)",
        false
      ],
      [
        "a mistake in a space",
        { space: "s", entries: [refused("judge", "Bad.")] },
        "1 call, 1 refused\n  POST /v1beta/x\n    400, Google would refuse it: Bad. (space s)",
        false
      ]
    ]
  it.each(table)("%s", (_, of, text, isClean) => {
    assert.deepStrictEqual(Report.report([account(of)]), { text, isClean })
  })

  it("writes out twenty kinds of mistakes, and ten unused rules, and counts the rest", () => {
    const kinds = (n: number) => Array.from({ length: n }, (_, i) => refused("judge", `Bad ${i}.`))
    const rules = (n: number) => Array.from({ length: n }, (_, i) => use(`r${i}`, 0))
    const last = (of: Partial<Report.Account>) => Report.report([account(of)]).text.split("\n").at(-1)
    assert.strictEqual(last({ entries: kinds(20) }), "    400, Google would refuse it: Bad 19.")
    assert.strictEqual(last({ entries: kinds(21) }), "  and 1 other mistake")
    assert.strictEqual(last({ entries: kinds(22) }), "  and 2 other mistakes")
    assert.match(last({ rules: rules(10) }) ?? "", /"r8", "r9"$/)
    assert.match(last({ rules: rules(11) }) ?? "", /"r9" and 1 more$/)
  })

  it("adds spaces that have ended, of each mistake how often, and keeps a thousand kinds", () => {
    const ended = Report.ended()
    ended.add("one", [refused("judge", "Bad."), entry({})])
    ended.add("one", [refused("judge", "Bad.")])
    assert.strictEqual(ended.calls(), 3)
    assert.deepStrictEqual([...ended.mistakes.values()], [2])
    const { text } = Report.report([account({ entries: [refused("judge", "Bad.")] })], ended)
    assert.include(text, "4 calls, 3 refused\n")
    assert.include(text, "Bad. (space one)\n    2 times\n")
    // What it says of the ones that have ended stays as it was.
    assert.deepStrictEqual([...ended.mistakes.values()], [2])
    const full = Report.ended()
    full.add("s", Array.from({ length: 1001 }, (_, i) => refused("judge", `Bad ${i}.`)))
    full.add("s", [refused("judge", "Bad 0.")])
    assert.strictEqual(full.mistakes.size, 1000)
    assert.strictEqual(full.calls(), 1002)
    assert.strictEqual([...full.mistakes.values()][0], 2)
  })
})

describe("text for a terminal", () => {
  it("makes visible what a terminal would obey", () => {
    assert.strictEqual(
      Plain.plain("a\n\tb\rc\u001b[31m\u0000\u007f\u0085\u202e"),
      "a\n\tbc\u241b[31m\u2400\ufffd\ufffd"
    )
  })

  it("is one line of at most so many letters", () => {
    assert.strictEqual(Plain.line("  a\n b\t c "), "a b c")
    assert.strictEqual(Plain.line("abc", 3), "abc")
    assert.strictEqual(Plain.line("abcd", 3), "abc…")
  })
})

const said = (effect: Effect.Effect<void, { readonly text: string }>) =>
  Effect.match(effect, { onSuccess: () => "", onFailure: ({ text }) => text })

describe("the ready file", () => {
  it.effect("may stand in place of nothing, of an empty file and of a URL, and of nothing else", () =>
    Effect.gen(function*() {
      const file = join(folder, "old-ready")
      const url = `http://${"x".repeat(292)}\n`
      assert.lengthOf(url, 300)
      const table: ReadonlyArray<readonly [string, boolean]> = [
        ["", true],
        ["http://127.0.0.1:1\n", true],
        [url, true],
        [`http:///${url.slice(7)}`, false],
        ["http://127.0.0.1:1", false],
        ["http://a b\n", false],
        ["x http://127.0.0.1:1\n", false],
        ["http://127.0.0.1:1\nmore", false],
        ["\n", false]
      ]
      assert.strictEqual(yield* said(ReadyFile.clear(file)), "")
      for (const [text, isGood] of table) {
        writeFileSync(file, text)
        const words = isGood ? "" : `--ready-file ${file}: it holds something else than a URL`
        assert.strictEqual(yield* said(ReadyFile.clear(file)), words, JSON.stringify(text))
        assert.strictEqual(existsSync(file), !isGood)
      }
      assert.strictEqual(yield* said(ReadyFile.clear(folder)), `--ready-file ${folder}: it is not a file`)
      assert.match(yield* said(ReadyFile.clear(join(folder, "no/where"))), /^--ready-file .*ENOENT/)
    }))

  it.effect("holds the URL and a line break until the scope closes, and leaves nothing beside it", () =>
    Effect.gen(function*() {
      const own = join(folder, "ready")
      mkdirSync(own)
      const file = join(own, "ready")
      yield* Effect.scoped(Effect.gen(function*() {
        yield* ReadyFile.write(file, "http://127.0.0.1:2")
        assert.strictEqual(readFileSync(file, "utf8"), "http://127.0.0.1:2\n")
        assert.deepStrictEqual(readdirSync(own), ["ready"])
      }))
      assert.deepStrictEqual(readdirSync(own), [])
      const failed = Effect.scoped(ReadyFile.write(join(own, "no/where"), "http://127.0.0.1:2"))
      assert.match(yield* said(failed), /^--ready-file .*ENOENT/)
    }))
})

describe("the process for which it was started", () => {
  it.live("is there, and is gone when it has ended", () =>
    Effect.gen(function*() {
      const child = spawn("sleep", ["600"])
      const pid = child.pid ?? assert.fail("it has no id")
      const ended = Effect.callback<void>((resume) => {
        child.once("close", () => resume(Effect.void))
      })
      assert.isTrue(yield* Parent.exists(pid))
      const waiting = yield* Effect.forkChild(Parent.gone(pid).pipe(Effect.provide(TestClock.layer())))
      assert.isUndefined(waiting.pollUnsafe())
      yield* Effect.forkChild(Effect.sync(() => child.kill()))
      yield* ended
      assert.isFalse(yield* Parent.exists(pid))
      yield* Fiber.interrupt(waiting)
      yield* Parent.gone(pid)
    }))

  it.effect("one of somebody else's is there, and one's own parent is not gone", () =>
    Effect.gen(function*() {
      // The process 1 is always there; without being root nobody may signal it.
      assert.isTrue(yield* Parent.exists(1))
      const waiting = yield* Effect.forkChild(Parent.gone(process.ppid))
      yield* TestClock.adjust("1 minute")
      assert.isUndefined(waiting.pollUnsafe())
      yield* Fiber.interrupt(waiting)
    }))
})

/** Runs it until it ends, or is interrupted where `until` succeeds with what it has said. */
const run = (args: ReadonlyArray<string>, until?: (lines: ReadonlyArray<string>) => Effect.Effect<boolean>) =>
  Effect.gen(function*() {
    const out: Array<string> = []
    const err: Array<string> = []
    const console: Console.Console = {
      ...globalThis.console,
      log: (...parts) => void out.push(...parts.join(" ").split("\n")),
      error: (...parts) => void err.push(...parts.join(" ").split("\n"))
    }
    const fiber = yield* Effect.forkChild(
      main(args, "0.0.0").pipe(
        Effect.provide(NodeServices.layer),
        Effect.provideService(Console.Console, console),
        Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({})),
        Effect.exit
      )
    )
    if (until !== undefined) {
      while (fiber.pollUnsafe() === undefined && !(yield* until(out))) yield* Effect.sleep("5 millis")
      if (fiber.pollUnsafe() === undefined) yield* Fiber.interrupt(fiber)
      return { out, err, code: 0 }
    }
    const exit = yield* Fiber.join(fiber)
    let code = 0
    Runtime.defaultTeardown(exit, (given) => (code = given))
    return { out, err, code }
  })

const left = () => readdirSync(join(folder, "tmp"))

/** What the machine may have set. */
const cleared = [
  "GEMINI_API_KEY",
  "GOOGLE_API_KEY",
  "GEMINI_EMULATOR_TOKEN",
  "NO_PROXY",
  "no_proxy",
  "NODE_EXTRA_CA_CERTS",
  "SSL_CERT_FILE",
  "CURL_CA_BUNDLE",
  "REQUESTS_CA_BUNDLE"
]

/** What a program finds in its environment when it is run with these flags. */
const environmentOf = (flags: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
  Effect.gen(function*() {
    const file = join(folder, "environment")
    vi.stubEnv("TMPDIR", join(folder, "tmp"))
    vi.stubEnv("WRITTEN", file)
    for (const name of cleared) vi.stubEnv(name, undefined)
    for (const [name, value] of Object.entries(env)) vi.stubEnv(name, value)
    const program = "const { WRITTEN, ...env } = process.env; let trusted = '';" +
      "try { trusted = require('node:fs').readFileSync(env.SSL_CERT_FILE, 'utf8') } catch {}" +
      "require('node:fs').writeFileSync(WRITTEN, JSON.stringify({ ...env, trusted }))"
    const { code, err } = yield* run([...flags, "exec", "--", process.execPath, "-e", program])
    vi.unstubAllEnvs()
    assert.strictEqual(code, 0, err.join("\n"))
    assert.deepStrictEqual(left(), [])
    const given: Readonly<Record<string, string>> = JSON.parse(readFileSync(file, "utf8"))
    return given
  })

const cassette = "{\"cassette\":1,\"by\":\"test\",\"redaction\":[]}\n"

describe("a program that it runs", () => {
  const real = {
    GEMINI_API_KEY: "real",
    GOOGLE_API_KEY: "other",
    GOOGLE_GENERATIVE_AI_API_KEY: "sdk",
    GOOGLE_GENAI_USE_VERTEXAI: "true",
    GOOGLE_GENAI_USE_ENTERPRISE: "true",
    GEMINI_UPSTREAM_KEY: "upstream",
    GEMINI_CASSETTE_MATCH: "loose",
    NO_PROXY: "example.org"
  }

  it.live("is led to the emulator alone, with a key of its own, and trusts what it trusted before", () =>
    Effect.gen(function*() {
      writeFileSync(join(folder, "mine.pem"), "# mine")
      writeFileSync(join(folder, "node.pem"), "# node\n\n")
      const env = yield* environmentOf(["--keys", "k1", "--token", "hunter2"], {
        ...real,
        SSL_CERT_FILE: join(folder, "mine.pem"),
        NODE_EXTRA_CA_CERTS: join(folder, "node.pem")
      })
      const url = env["GEMINI_BASE_URL"] ?? ""
      assert.match(url, /^http:\/\/127\.0\.0\.1:\d+$/)
      for (const name of ["GEMINI_EMULATOR_URL", "GOOGLE_GEMINI_BASE_URL", "GOOGLE_VERTEX_BASE_URL"]) {
        assert.strictEqual(env[name], url, name)
      }
      assert.strictEqual(env["GCE_METADATA_HOST"], url.slice("http://".length))
      assert.strictEqual(env["GEMINI_API_KEY"], "k1")
      assert.strictEqual(env["GOOGLE_GENERATIVE_AI_API_KEY"], "k1")
      assert.strictEqual(env["GEMINI_EMULATOR_TOKEN"], "hunter2")
      for (
        const name of [
          "GOOGLE_API_KEY",
          "GOOGLE_GENAI_USE_VERTEXAI",
          "GOOGLE_GENAI_USE_ENTERPRISE",
          "GEMINI_UPSTREAM_KEY"
        ]
      ) assert.isFalse(name in env, name)
      // It may have cassettes of its own.
      assert.strictEqual(env["GEMINI_CASSETTE_MATCH"], "loose")
      assert.strictEqual(env["NO_PROXY"], "example.org,localhost,127.0.0.1,::1")
      assert.strictEqual(env["no_proxy"], "localhost,127.0.0.1,::1")
      for (const name of ["CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE", "NODE_EXTRA_CA_CERTS"]) {
        assert.strictEqual(env[name], env["SSL_CERT_FILE"], name)
      }
      assert.match(
        env["trusted"] ?? "",
        /^# mine\n# node\n-----BEGIN CERTIFICATE-----\n[^#]+-----END CERTIFICATE-----\n$/
      )
    }))

  it.live("trusts the system too where nothing else was named, and Node the emulator beside its own", () =>
    Effect.gen(function*() {
      const env = yield* environmentOf([], {})
      assert.match(env["NODE_EXTRA_CA_CERTS"] ?? "", /\/certificate\.pem$/)
      assert.match(env["SSL_CERT_FILE"] ?? "", /\/trusted\.pem$/)
      assert.strictEqual(env["GEMINI_API_KEY"], "emulator")
      assert.isFalse("GEMINI_EMULATOR_TOKEN" in env)
      const system = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]
        .find((file) => existsSync(file))
      const own = system === undefined ? "" : readFileSync(system, "utf8").replace(/\n*$/, "\n")
      assert.isTrue(env["trusted"]?.startsWith(`${own}-----BEGIN CERTIFICATE-----\n`))
    }))

  const file = () => {
    const path = join(folder, "played.jsonl")
    writeFileSync(path, cassette)
    return path
  }
  const upstream = "http://127.0.0.1:1"
  const table: ReadonlyArray<readonly [title: string, flags: ReadonlyArray<string>, key: string, sdk: string]> = [
    ["plays alone", ["--mode", "replay"], "emulator", "emulator"],
    ["records with the program's own key", ["--mode", "new", "--upstream", upstream], "real", "sdk"],
    [
      "records with the key that it holds",
      ["--mode", "new", "--upstream", upstream, "--upstream-key", "k"],
      "emulator",
      "emulator"
    ]
  ]
  for (const [title, flags, key, sdk] of table) {
    it.live(`a cassette that ${title}`, () =>
      Effect.gen(function*() {
        const env = yield* environmentOf(["--cassette", file(), "--allow-record", ...flags], real)
        assert.strictEqual(env["GEMINI_API_KEY"], key)
        assert.strictEqual(env["GOOGLE_GENERATIVE_AI_API_KEY"], sdk)
        assert.strictEqual("GCE_METADATA_HOST" in env, key === "emulator")
        assert.isFalse("GEMINI_CASSETTE_MATCH" in env)
      }))
  }

  it.live("ends it with its code, or as a shell says that a signal did", () =>
    Effect.gen(function*() {
      vi.stubEnv("TMPDIR", join(folder, "tmp"))
      for (
        const [program, code] of [["exit 0", 0], ["exit 7", 7], ["kill -TERM $$", 143], ["kill -KILL $$", 137]] as const
      ) {
        const ended = yield* run(["exec", "--", "sh", "-c", program])
        assert.strictEqual(ended.code, code, program)
        assert.deepStrictEqual(ended.err, ["effect-gemini-emulator: 0 calls, none refused"])
        assert.deepStrictEqual(ended.out, [])
      }
      assert.deepStrictEqual(left(), [])
    }))

  it.live("is told of with what it did, with spaces that it has ended", () =>
    Effect.gen(function*() {
      const rules = join(folder, "exec.toml")
      writeFileSync(rules, "[[rule]]\nname = \"bye\"\nwhen = { text = \"Bye\" }\nreply = \"Bye.\"\n")
      const program = `(async () => {
const { GEMINI_BASE_URL: base } = process.env
const call = (at, text) => fetch(base + at + "/v1beta/models/${flash}:generateContent?key=k", {
  method: "POST", body: JSON.stringify({ contents: [{ parts: [{ text }] }] }) })
await call("", "Hello"); await call("/spaces/a", "Hello"); await call("/spaces/a", "Bye")
await fetch(base + "/_emulator/v1/spaces/a", { method: "DELETE" })
})()`
      const { code, err } = yield* run(["--scenario", rules, "exec", "--", process.execPath, "-e", program])
      assert.strictEqual(code, 0)
      assert.strictEqual(err[0], "effect-gemini-emulator: 3 calls, 2 refused")
      assert.strictEqual(err.filter((line) => line.includes("501, no rule matches")).length, 2)
      assert.isTrue(err.some((line) => line.endsWith("(space a)")))
      assert.strictEqual(err.at(-1), "  never asked for: the rule \"bye\"")
    }))

  it.live("is stopped when the process has ended for which the emulator was started", () =>
    Effect.gen(function*() {
      const parent = spawn("sleep", ["0.1"])
      const { code, err } = yield* run(["--parent", String(parent.pid), "exec", "--", "sleep", "600"])
      assert.strictEqual(code, 143, err.join("\n"))
    }))

  it.live("a cassette is told of behind it", () =>
    Effect.gen(function*() {
      const { err } = yield* run(["--cassette", file(), "exec", "--", "true"])
      assert.deepStrictEqual(err, [
        "effect-gemini-emulator: 0 calls, none refused",
        `effect-gemini-emulator: the cassette ${join(folder, "played.jsonl")}: 0 played, 0 recorded, 0 unused, 0 missed`
      ])
    }))
})

describe("what it says first", () => {
  /** The lines until there are so many, with the port as PORT. */
  const first = (count: number, ...args: ReadonlyArray<string>) =>
    Effect.map(
      run(["--port", "0", "--certificate", join(folder, "c.pem"), ...args], (lines) =>
        Effect.succeed(lines.length >= count)),
      ({ err, out }) => {
        assert.deepStrictEqual(err, [])
        return out.map((line) =>
          line.replaceAll(/127\.0\.0\.1:\d+/g, "PORT").replaceAll(folder, "@")
        )
      }
    )
  const lines = (taken = "any key is taken", key = " GEMINI_API_KEY=emulator") => [
    `Gemini API on http://PORT; ${taken}. Point a client there with`,
    `  export GEMINI_BASE_URL=http://PORT GOOGLE_GEMINI_BASE_URL=http://PORT${key}`,
    "The same port takes https: and wss:, by the certificate @/c.pem"
  ]
  const reach = (names: string, api: string, own: string) =>
    `Other machines can reach it on 0.0.0.0. It answers to ${names}; the API ${api}; its own paths are ${own}`
  const free = "takes any key: see --keys"
  const table: ReadonlyArray<readonly [flags: ReadonlyArray<string>, lines: ReadonlyArray<string>]> = [
    [[], lines()],
    [["--keys", "good", "--keys", "bad=invalid"], lines("only the keys of --keys are taken", " GEMINI_API_KEY=good")],
    [["--keys", "bad=leaked"], lines("any key is taken but those that --keys refuses")],
    [["--host", "0.0.0.0"], [
      ...lines(),
      reach("no name but localhost: see --allow-host", free, "closed: see --token")
    ]],
    [["--host", "0.0.0.0", "--allow-host", "a", "--allow-host", "b.c", "--keys", "k", "--token", "t"], [
      ...lines("only the keys of --keys are taken", " GEMINI_API_KEY=k"),
      reach("a, b.c", "takes the keys of --keys", "open to those who bring the token")
    ]],
    [["--outage", "us-east1", "--outage", "europe-west4=hang"], [
      ...lines(),
      "us-east1 is down: http://PORT/locations/us-east1",
      "europe-west4 is down: http://PORT/locations/europe-west4"
    ]]
  ]
  for (const [flags, expected] of table) {
    it.live(flags.join(" ") || "without flags", () =>
      Effect.gen(function*() {
        assert.deepStrictEqual(yield* first(expected.length, ...flags), expected)
      }))
  }

  it.live("a cassette that asks with the client's key leaves the key to the client", () =>
    Effect.gen(function*() {
      const path = join(folder, "new.jsonl")
      const flags = ["--cassette", path, "--mode", "new", "--upstream", "http://127.0.0.1:1", "--allow-record"]
      const open = yield* first(5, ...flags)
      assert.deepStrictEqual(open.slice(0, 3), lines("any key is taken", ""))
      assert.match(
        open[3] ?? "",
        /^The cassette @\/new\.jsonl holds 0 exchanges, \d+ of at most 268435456 bytes; mode new$/
      )
      assert.strictEqual(open[4], "It asks http://PORT with the key that a client sends".replace("PORT", "PORT"))
      const held = yield* first(5, ...flags, "--upstream-key", "k")
      assert.deepStrictEqual(held.slice(0, 3), lines())
      assert.strictEqual(held[4], "It asks http://PORT with its own key for clients that have none")
    }))

  it.live(
    "the rules of a file are counted, read again when it changes, and stay where it is wrong",
    () =>
      Effect.gen(function*() {
        const path = join(folder, "followed.toml")
        const rule = (text: string) => `[[rule]]\nwhen = { text = "Hi" }\nreply = "${text}"\n`
        writeFileSync(path, rule("One."))
        const answer = (url: string) =>
          Effect.promise(async () => {
            const response = await fetch(`${url}/v1beta/models/${flash}:generateContent?key=k`, {
              method: "POST",
              body: JSON.stringify(prompt("Hi"))
            })
            return await response.text()
          })
        let step = 0
        const ended = yield* run(["--port", "0", "--certificate", join(folder, "c.pem"), "--scenario", path], (lines) =>
          Effect.gen(function*() {
            const url = /on (http:\S+);/.exec(lines[0] ?? "")?.[1] ?? ""
            if (step === 0 && lines.length === 4) {
              assert.include(yield* answer(url), "One.")
              writeFileSync(path, `otherwise = "generate"\n${rule("Two.")}${rule("Three.")}`)
              step++
            } else if (step === 1 && lines.length === 5) {
              assert.include(yield* answer(url), "Two.")
              return true
            }
            return false
          }))
        assert.deepStrictEqual(
          ended.out.slice(3).map((line) =>
            line.replaceAll(folder, "@")
          ),
          [
            "It answers by 1 rule of @/followed.toml, and refuses what none of them matches",
            "@/followed.toml has changed: 2 rules"
          ]
        )
        writeFileSync(path, "otherwise = \"generate\"\n")
        const generates = yield* first(4, "--scenario", path)
        assert.strictEqual(
          generates[3],
          "It answers by 0 rules of @/followed.toml, and generates what none of them matches"
        )
      }),
    60_000
  )

  it.live("it ends when the process has ended for which it was started, and takes its ready file away", () =>
    Effect.gen(function*() {
      const parent = spawn("sleep", ["0.3"])
      const ready = join(folder, "serve-ready")
      vi.stubEnv("TMPDIR", join(folder, "tmp"))
      const { code, err, out } = yield* run(["--port", "0", "--ready-file", ready, "--parent", String(parent.pid)])
      assert.strictEqual(code, 0, err.join("\n"))
      assert.match(out[0] ?? "", /^Gemini API on/)
      assert.isFalse(existsSync(ready))
      assert.deepStrictEqual(left(), [])
    }))
})
