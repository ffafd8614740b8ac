import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import { mkdtemp, rm, symlink, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Conforms from "../src/internal/judge/conforms.ts"
import { generate, prompt, text } from "./Wire.ts"

const toml = `
otherwise = "generate"
[vars]
greeting = "Hello"

[[rule]]
name = "greets"
when = { text = { contains = "hi" }, body = { "/generationConfig/topK" = { exists = false } } }
reply = "{{ vars.greeting }}, {{ text | before ' ' | or 'you' }}!"

[[rule]]
when = { text = "list" }
replies = ["one", { text = "two", pace = { firstToken = "0ms" } }]
end = "refuse"
`
const json = JSON.stringify({
  otherwise: "generate",
  vars: { greeting: "Hello" },
  rule: [
    {
      name: "greets",
      when: { text: { contains: "hi" }, body: { "/generationConfig/topK": { exists: false } } },
      reply: "{{ vars.greeting }}, {{ text | before ' ' | or 'you' }}!"
    },
    { when: { text: "list" }, replies: ["one", { text: "two", pace: { firstToken: "0ms" } }], end: "refuse" }
  ]
})

const folder = Effect.acquireRelease(
  Effect.promise(() => mkdtemp(join(tmpdir(), "scenario-"))),
  (path) => Effect.promise(() => rm(path, { recursive: true, force: true }))
)
const write = (path: string, content: string) => Effect.promise(() => writeFile(path, content))
const said = (effect: Effect.Effect<unknown, { readonly message: string }>) =>
  Effect.map(Effect.flip(effect), ({ message }) => message)

describe("a scenario", () => {
  it.effect("is the same in TOML and in JSON, and answers", () =>
    Effect.gen(function*() {
      const scenario = yield* Scenario.fromText(toml, "toml")
      assert.deepStrictEqual(yield* Scenario.fromText(json, "json"), scenario)
      yield* Effect.gen(function*() {
        assert.strictEqual(text(yield* generate(prompt("Ada says hi"))), "Hello, Ada!")
        assert.strictEqual(text(yield* generate(prompt("hi"))), "Hello, you!")
        assert.strictEqual(text(yield* generate(prompt("list"))), "one")
        assert.strictEqual(text(yield* generate(prompt("list"))), "two")
        assert.strictEqual(text(yield* generate(prompt("list"))), "")
        assert.include(text(yield* generate(prompt("else"))), "answering from the emulator")
      }).pipe(Effect.provide(Emulator.layerHttpClient({ scenario })))
    }))

  it.effect("publishes a JSON Schema that takes what is right and refuses what is wrong", () =>
    Effect.gen(function*() {
      const schema = Scenario.jsonSchema()
      assert.strictEqual(schema["$schema"], "https://json-schema.org/draft/2020-12/schema")
      assert.isUndefined(Conforms.mismatch(schema, JSON.parse(json)))
      for (
        const wrong of [
          { rules: [] },
          { rule: [{ name: "x" }, { when: { txet: "x" }, reply: "x" }] },
          { rule: [{ reply: { txt: "x" } }] },
          { rule: [{ when: { text: { contians: "x" } }, reply: "x" }] },
          { rule: [{ reply: "x", times: "two" }] },
          { rule: [{ name: null, reply: "x" }] },
          { otherwise: "ask" }
        ]
      ) {
        assert.isDefined(Conforms.mismatch(schema, wrong), JSON.stringify(wrong))
        yield* Effect.flip(Scenario.fromUnknown(wrong))
      }
    }))

  it.effect("of which each description is there for who writes one", () =>
    Effect.sync(() => {
      const words = JSON.stringify(Scenario.jsonSchema())
      for (const each of ["the user's last words", "how many requests it answers", "for editors; not read"]) {
        assert.include(words, each)
      }
      assert.notInclude(words, "\"null\"")
    }))

  it.effect("that is wrong is told with its file and where", () =>
    Effect.scoped(Effect.gen(function*() {
      const at = yield* folder
      const file = join(at, "wrong.toml")
      yield* write(file, "[[rule]]\nwhen = { text = { contians = 'x' } }\nreply = 'x'\n")
      assert.strictEqual(
        yield* said(Scenario.load(file)),
        `${file}: rule[0].when.text.contians: there is no such field. Did you mean "contains"?`
      )
      yield* write(file, "[[rule]\n")
      assert.include(yield* said(Scenario.load(file)), `${file}: this is not valid TOML: `)
      assert.include(yield* said(Scenario.fromText("{", "json")), "this is not valid JSON: ")
      assert.include(yield* said(Scenario.fromText("[]", "json")), "expected Scenario, not []")
      assert.include(yield* said(Scenario.load(join(at, "none.json"))), "there is no such file")
      assert.include(yield* said(Scenario.load(at + ".json")), "there is no such file")
      assert.include(yield* said(Scenario.load(join(at, "a.yaml"))), "ends in .toml or .json")
      yield* Effect.promise(() => symlink(at, join(at, "folder.json")))
      assert.include(yield* said(Scenario.load(join(at, "folder.json"))), "this is not a regular file")
      yield* write(join(at, "large.json"), " ".repeat(16 * 1024 * 1024 + 1))
      assert.include(yield* said(Scenario.load(join(at, "large.json"))), "larger than 16777216 bytes")
      yield* write(join(at, "large.json"), " ".repeat(16 * 1024 * 1024 - 2) + "{}")
      assert.deepStrictEqual(yield* Scenario.load(join(at, "large.json")), {})
    })))

  it.live("is followed: each change comes, also one that is wrong, and one that replaces the file", () =>
    Effect.scoped(Effect.gen(function*() {
      const at = yield* folder
      const file = join(at, "rules.json")
      yield* write(file, "{\"rule\":[{\"reply\":\"one\"}]}")
      const seen = yield* Queue.unbounded<string>()
      yield* Effect.forkScoped(Stream.runForEach(Scenario.follow(file), (now) =>
        Queue.offer(
          seen,
          Result.isSuccess(now) ? JSON.stringify(now.success.rule?.[0]?.reply) : now.failure.message
        )))
      assert.strictEqual(yield* Queue.take(seen), "\"one\"")
      yield* write(file, "{\"rule\":[{\"reply\":\"second\"}]}")
      assert.strictEqual(yield* Queue.take(seen), "\"second\"")
      yield* write(file, "{")
      assert.include(yield* Queue.take(seen), "this is not valid JSON")
      yield* Effect.promise(() => rm(file))
      assert.include(yield* Queue.take(seen), "there is no such file")
      yield* write(file, "{\"rule\":[{\"reply\":\"third\"}]}")
      assert.strictEqual(yield* Queue.take(seen), "\"third\"")
    })))

  it.effect("is replaced in every space at once, and counts anew", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const one = yield* emulator.space("one")
      yield* emulator.setScenario(yield* Scenario.fromText("[[rule]]\nreply = 'new'\ntimes = 1", "toml"))
      assert.strictEqual(text(yield* generate(prompt("Hi"))), "new")
      assert.deepStrictEqual(Arr.map(yield* emulator.rules, ({ answered }) => answered), [1])
      assert.deepStrictEqual(Arr.map(yield* one.rules, ({ answered }) => answered), [0])
      yield* emulator.setScenario(undefined)
      assert.deepStrictEqual(yield* one.rules, [])
      assert.include(text(yield* generate(prompt("Hi"))), "answering from the emulator")
    }).pipe(Effect.provide(Emulator.layerHttpClient({ scenario: { rule: [{ reply: "old" }] } }))))
})
