/** What the command says of cassettes: of an open one in its first and last lines, and of a file that nobody has open. */
import { assert, describe, it } from "@effect/vitest"
import type * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import * as Tapes from "../src/internal/command/tapes.ts"
import * as Exchanges from "./cassettes/exchanges.ts"
import { prompt } from "./Wire.ts"

let folder: string
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-tapes-"))
})
afterAll(() => rmSync(folder, { recursive: true }))

/** What the command looks at: how a cassette stands, and whether it asks with a key of its own. */
const cassette = (more: Partial<Cassette.CassetteSummary> = {}, holdsKey = false): Cassette.Cassette => {
  const summary: Cassette.CassetteSummary = {
    file: "a.jsonl",
    mode: "replay",
    exchanges: 2,
    played: 3,
    recorded: 4,
    dropped: 0,
    missed: 1,
    misses: ["the first"],
    unused: ["POST /a", "POST /b"],
    bytes: 5,
    limit: 6,
    ...more
  }
  const made = { summary: Effect.succeed(summary), holdsKey }
  return made
}

describe("an open cassette", () => {
  const opening: ReadonlyArray<readonly [more: Partial<Cassette.CassetteSummary>, holdsKey: boolean, text: string]> = [
    [{}, false, "The cassette a.jsonl holds 2 exchanges, 5 of at most 6 bytes; mode replay"],
    [{ exchanges: 1 }, true, "The cassette a.jsonl holds 1 exchange, 5 of at most 6 bytes; mode replay"],
    [
      { exchanges: 0, torn: 7 },
      false,
      "The cassette a.jsonl holds 0 exchanges, 5 of at most 6 bytes; mode replay; line 7 was torn and is left out"
    ],
    [
      { mode: "new", upstream: "http://u" },
      false,
      "The cassette a.jsonl holds 2 exchanges, 5 of at most 6 bytes; mode new\n" +
      "It asks http://u with the key that a client sends"
    ],
    [
      { mode: "new", upstream: "http://u" },
      true,
      "The cassette a.jsonl holds 2 exchanges, 5 of at most 6 bytes; mode new\n" +
      "It asks http://u with its own key for clients that have none"
    ]
  ]
  it.effect.each(opening)(
    "is told of first %#",
    ([more, holdsKey, text]) =>
      Effect.map(Tapes.opening(cassette(more, holdsKey)), (said) => assert.strictEqual(said, text))
  )

  it.effect("is told of last, with ten of its misses and what had no room", () =>
    Effect.gen(function*() {
      const ending = (more?: Partial<Cassette.CassetteSummary>) => Tapes.ending(cassette(more))
      const head = "the cassette a.jsonl: 3 played, 4 recorded, 2 unused, 1 missed"
      assert.strictEqual(yield* ending(), `${head}\n  missed: the first`)
      assert.strictEqual(
        yield* ending({ dropped: 1, misses: [] }),
        `${head}\n  1 not recorded, because the cassette has no room`
      )
      const misses = Array.from({ length: 11 }, (_, i) => `number ${i}`)
      assert.deepStrictEqual(
        (yield* ending({ misses })).split("\n").slice(1),
        misses.slice(0, 10).map((miss) => `  missed: ${miss}`)
      )
    }))
})

/** What is said on stdout and stderr, and the code and the words of a failure. */
const said = (effect: Effect.Effect<void, { readonly exitCode: number; readonly text: string }>) =>
  Effect.gen(function*() {
    const out: Array<string> = []
    const err: Array<string> = []
    const console: Console.Console = {
      ...globalThis.console,
      log: (...parts) => void out.push(parts.join(" ").replaceAll(folder, "@")),
      error: (...parts) => void err.push(parts.join(" ").replaceAll(folder, "@"))
    }
    const failed = yield* effect.pipe(
      Effect.provideService(Console.Console, console),
      Effect.match({
        onSuccess: () => undefined,
        onFailure: ({ exitCode, text }) => [exitCode, text.replaceAll(folder, "@")]
      })
    )
    return { out, err, failed }
  })

const written = (name: string, ...exchanges: ReadonlyArray<object>) => {
  const file = join(folder, name)
  const head = { cassette: 1, by: "test", redaction: [] }
  writeFileSync(file, [head, ...exchanges].map((line) => `${JSON.stringify(line)}\n`).join(""))
  return file
}

describe("a cassette that nobody has open", () => {
  it.effect("is listed, a line for each exchange", () =>
    Effect.gen(function*() {
      const file = written(
        "list.jsonl",
        Exchanges.http(1, prompt("Hi")),
        {
          ...Exchanges.http(2, prompt("Hi"), { path: "/v1\u001b" }),
          response: { headers: {}, chunks: [], end: "reset" }
        },
        Exchanges.live(3),
        Exchanges.live(4, { frames: [[0, "c", "text", "{}"]] })
      )
      const { err, failed, out } = yield* said(Tapes.list(file))
      assert.deepStrictEqual([err, failed], [[], undefined])
      assert.deepStrictEqual(out, [
        "1  POST /v1beta/models/m:generateContent  200, 1 chunk, complete",
        "2  POST /v1\u241b  no answer, 0 chunks, reset",
        "3  Live /ws  0 frames",
        "4  Live /ws  1 frame"
      ])
      assert.match(
        String((yield* said(Tapes.list(join(folder, "none.jsonl")))).failed),
        /^2,@\/none\.jsonl: it cannot be read: ENOENT/
      )
    }))

  it.effect("is searched for secrets: none is said, and each is told by its line and place", () =>
    Effect.gen(function*() {
      const clean = written("clean.jsonl", Exchanges.http(1, prompt("Hi")))
      assert.deepStrictEqual(yield* said(Tapes.check(clean)), {
        out: ["no secret is left in @/clean.jsonl, by the rules"],
        err: [],
        failed: undefined
      })
      assert.deepStrictEqual(yield* said(Tapes.check(clean, { patterns: [/Hi/gu] })), {
        out: ["@/clean.jsonl:2: own in the request", "@/clean.jsonl:2: value in the request"],
        err: [],
        failed: [1, "2 secrets left in @/clean.jsonl"]
      })
    }))

  it.effect("becomes rules: on stdout as TOML, or in a new file as its name says", () =>
    Effect.gen(function*() {
      const file = written(
        "rules.jsonl",
        Exchanges.http(1, prompt("Hi")),
        Exchanges.http(2, undefined, { method: "GET", path: "/v1beta/files" })
      )
      const shown = yield* said(Tapes.scenario(file, Option.none()))
      assert.deepStrictEqual([shown.failed, shown.out.length, shown.err.length], [undefined, 1, 1])
      assert.match(shown.err[0] ?? "", /^no rule for /)
      const text = shown.out[0] ?? ""
      assert.match(
        text,
        /^# Made of the cassette @\/rules\.jsonl, to be edited; .*\n\notherwise = "refuse"\n\n\[\[rule\]\]/
      )
      assert.isFalse(text.endsWith("\n"))
      const output = (name: string) => join(folder, name)
      const rules = []
      for (const name of ["out.toml", "out.JSON"]) {
        const { failed, out } = yield* said(Tapes.scenario(file, Option.some(output(name))))
        assert.deepStrictEqual([failed, out], [undefined, [`1 rule in @/${name}`]])
        rules.push(yield* Scenario.fromText(readFileSync(output(name), "utf8"), name === "out.toml" ? "toml" : "json"))
      }
      assert.deepStrictEqual(rules[0], rules[1])
      assert.strictEqual(readFileSync(output("out.toml"), "utf8").replaceAll(folder, "@"), `${text}\n`)
      const again = yield* said(Tapes.scenario(file, Option.some(output("out.toml"))))
      assert.match(String(again.failed), /^2,--output @\/out\.toml: EEXIST/)
      const other = yield* said(Tapes.scenario(file, Option.some(output("out.yaml"))))
      assert.deepStrictEqual(other.failed, [2, "--output @/out.yaml: the name of a scenario ends in .toml or .json"])
      assert.isFalse(existsSync(output("out.yaml")))
    }))
})
