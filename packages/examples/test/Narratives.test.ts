/** Each narrative of this folder, played as a run in files on the local server. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileRuns from "effect-gemini-narrative/FileRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { mkdtempSync, readdirSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const folder = join(import.meta.dirname, "../narratives")

const server = (options: Emulator.Options = {}) =>
  Layer.unwrap(
    Effect.map(Emulator.Emulator, ({ url }) =>
      NodeGemini.layer({ apiKey: Redacted.make("test-key"), baseUrl: url, tier: "tier3" }))
  ).pipe(Layer.provideMerge(Emulator.layerServer(options)), Layer.merge(NodeServices.layer))

/** What the model says, by words of the request. */
const says = (answers: Readonly<Record<string, string | ReadonlyArray<string>>>): Emulator.Options => {
  const left = new Map(Object.entries(answers).map(([words, said]) => [words, [said].flat()]))
  return {
    answers: ({ body }) => {
      const asked = JSON.stringify(body)
      for (const [words, said] of left) {
        if (asked.includes(words)) return { text: (said.length > 1 ? said.shift() : said[0]) ?? "" }
      }
      return undefined
    }
  }
}

const runsIn = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "narratives-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

const inFolder = <A, E, R>(directory: string, effect: Effect.Effect<A, E, R>) =>
  Effect.provide(effect, FileRuns.layer({ directory: join(directory, "runs") }), { local: true })

const play = (name: string, directory: string) =>
  inFolder(
    directory,
    Effect.gen(function*() {
      const narrative = yield* Narrative.fromFile(join(folder, name))
      const runs = yield* Runs.Runs
      const { end } = yield* runs.start(narrative, { id: "r", concurrency: 2 })
      const summary = yield* end
      const results = yield* runs.results("r")
      return { summary, acts: results.map(({ act }) => act), text: results.at(-1)?.text ?? "" }
    }).pipe(Effect.scoped)
  )

const played = (name: string) => Effect.scoped(Effect.flatMap(runsIn, (directory) => play(name, directory)))

describe("the narratives", () => {
  it("are all played here", () => {
    assert.deepStrictEqual(readdirSync(folder).filter((name) => name.endsWith(".toml")).toSorted(), [
      "approval.toml",
      "critic_loop.toml",
      "fan_out.toml",
      "live.toml",
      "research.toml",
      "text_models.toml",
      "vision.toml"
    ])
  })

  it.live("three acts on three models", () =>
    Effect.gen(function*() {
      const { acts, summary } = yield* played("text_models.toml")
      assert.deepStrictEqual([summary.standing, acts], ["finished", ["draft", "critique", "final"]])
      const requests = yield* Emulator.Emulator.use((emulator) => emulator.requests)
      assert.strictEqual(new Set(requests.map(({ model }) => model)).size, 3)
    }).pipe(Effect.provide(server())))

  it.live("a picture, and an act that uses what another one saw in it", () =>
    Effect.gen(function*() {
      const { text } = yield* played("vision.toml")
      assert.strictEqual(text, "Grey sea, grey sky")
      const [first, second] = yield* Emulator.Emulator.use((emulator) => emulator.requests)
      assert.include(JSON.stringify(first?.body), "\"mimeType\":\"image/png\"")
      assert.include(JSON.stringify(second?.body), "A sea under a sky.")
    }).pipe(Effect.provide(server(says({ "Describe this": "A sea under a sky.", "A caption": "Grey sea, grey sky" })))))

  it.live("a plan in JSON, and an act for each of its chapters", () =>
    Effect.gen(function*() {
      const { acts, summary } = yield* played("fan_out.toml")
      assert.strictEqual(summary.standing, "finished")
      assert.deepStrictEqual(acts, ["plan", "chapter[0]", "chapter[1]", "chapter[2]", "chapter", "guide"])
    }).pipe(Effect.provide(server())))

  it.live("a writer and a critic, until the critic is content", () =>
    Effect.gen(function*() {
      const { acts, summary } = yield* played("critic_loop.toml")
      assert.strictEqual(summary.standing, "finished")
      assert.deepStrictEqual(acts, ["draft[0]", "critique[0]", "draft[1]", "critique[1]", "story", "title"])
      const requests = yield* Emulator.Emulator.use((emulator) => emulator.requests)
      const second = JSON.stringify(requests[2]?.body)
      assert.include(second, "The light went out.")
      assert.include(second, "Say why.")
      assert.notInclude(second, "This is the first draft.")
    }).pipe(Effect.provide(server(says({
      "Judge this": ["{\"score\":4,\"advice\":\"Say why.\"}", "{\"score\":9,\"advice\":\"\"}"],
      "Write a story": ["The light went out.", "The light went out, for the keeper slept."]
    })))))

  it.live("an act that is approved after a restart", () =>
    Effect.scoped(Effect.gen(function*() {
      const directory = yield* runsIn
      const { acts, summary } = yield* play("approval.toml", directory)
      assert.deepStrictEqual([summary.standing, acts], ["paused", ["draft"]])
      // Somebody else decides, and a third process goes on: each has only the folder.
      yield* inFolder(
        directory,
        Runs.Runs.use((runs) => runs.decide("r", "announce", { verdict: "approve", by: "ada" }))
      )
      const { standing } = yield* inFolder(
        directory,
        Effect.scoped(Runs.Runs.use((runs) => Effect.flatMap(runs.resume("r"), ({ end }) => end)))
      )
      assert.strictEqual(standing, "finished")
      assert.strictEqual((yield* Emulator.Emulator.use((emulator) => emulator.requests)).length, 2)
    })).pipe(Effect.provide(server())))

  it.live("an act over the Live API", () =>
    Effect.gen(function*() {
      const { acts, summary } = yield* played("live.toml")
      assert.deepStrictEqual([summary.standing, acts], ["finished", ["question", "answer"]])
      // The other one was a turn of a session.
      assert.strictEqual((yield* Emulator.Emulator.use((emulator) => emulator.requests)).length, 1)
    }).pipe(Effect.provide(server())))

  it.live("partials, a file of text, a search, and an act that is played only if it is needed", () =>
    Effect.gen(function*() {
      const { acts } = yield* played("research.toml")
      assert.deepStrictEqual(acts, ["facts", "check", "note"])
      const [first] = yield* Emulator.Emulator.use((emulator) => emulator.requests)
      const body = JSON.stringify(first?.body)
      for (const sent of ["The harbour of St. Anne", "never been at sea. At most 80 words.", "googleSearch"]) {
        assert.include(body, sent)
      }
    }).pipe(Effect.provide(server(says({ "Does this warn": "{\"warns\":true}" })))))
})
