/**
 * Journals of format 1, as they were first written on 2026-11-29, are resumed by every later build; an edited text keeps
 * what it did not touch; what a newer version wrote is refused and left as it is. The files under format1 are never written
 * again.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as RunRecord from "effect-gemini-narrative/RunRecord"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import { createHash } from "node:crypto"
import { appendFileSync, chmodSync, cpSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { version } from "../src/internal/version.ts"
import { answers, story } from "./format1.ts"
import { filesIn, folder, gemini } from "./runs.ts"
import { actOf } from "./storyProcess.ts"

const fixture = join(import.meta.dirname, "format1")
const ids = ["paused", "finished", "forked", "cancelled", "cutOff"]

/** A copy of the files with the modes that a journal asks for, which a checkout does not keep. */
const copied = Effect.map(folder, (path) => {
  const directory = join(path, "runs")
  mkdirSync(directory, { mode: 0o700 })
  for (const id of ids) {
    cpSync(join(fixture, id), join(directory, id), { recursive: true })
    for (const name of [".", ...readdirSync(join(directory, id), { recursive: true })]) {
      const file = join(directory, id, String(name))
      chmodSync(file, name === "." || name === "blobs" ? 0o700 : 0o600)
    }
  }
  return directory
})

const onCopy = <A, E, R>(
  test: (directory: string) => Effect.Effect<A, E, R | Runs.Runs>
): Effect.Effect<A, E, Exclude<R, Runs.Runs>> =>
  Effect.scoped(
    Effect.flatMap(copied, (directory) => Effect.provide(test(directory), filesIn(directory), { local: true }))
  )

const play = (id: string, options?: Runs.ResumeOptions) =>
  Runs.Runs.use((runs) => Effect.scoped(Effect.flatMap(runs.resume(id, options), ({ end }) => end)))

const asked = Effect.map(
  Emulator.Emulator.use((emulator) => emulator.requests),
  (requests) => requests.map(({ body }) => actOf(body))
)

describe("journals of format 1", () => {
  it("hold every kind of record", () => {
    const text = ids.map((id) => readFileSync(join(fixture, id, "journal.jsonl"), "utf8")).join("")
    const later = new Set(["ApprovalAsked", "Decided"])
    for (const { fields } of RunRecord.RunRecord.members) {
      const tag = fields._tag.schema.literal
      if (!later.has(tag)) assert.include(text, `"_tag":"${tag}"`)
    }
  })

  for (const id of ids) {
    it.live(`"${id}" is read to the state that it had`, () =>
      onCopy(() =>
        Effect.gen(function*() {
          const before: unknown = JSON.parse(readFileSync(join(fixture, `${id}.state.json`), "utf8"))
          const now: unknown = JSON.parse(JSON.stringify(yield* Runs.Runs.use((runs) => runs.get(id))))
          // A later version may know more of a state; what it knew must be the same.
          assert.deepInclude(Object(now), Object(before))
        })
      ))
  }

  for (
    const [id, acts] of [
      ["paused", ["final"]],
      ["forked", ["other", "final"]],
      ["cutOff", ["other", "blocked", "final"]]
    ] as const
  ) {
    it.live(`"${id}" goes on: ${acts.join(", ")} alone is asked`, () =>
      onCopy(() =>
        Effect.gen(function*() {
          const summary = yield* play(id)
          assert.strictEqual(summary.standing, "finished")
          assert.deepStrictEqual(yield* asked, [...acts])
          const results = yield* Runs.Runs.use((runs) => runs.results(id))
          assert.strictEqual(results.find(({ act }) => act === "long")?.text.length, 84_000)
          assert.strictEqual(results.find(({ act }) => act === "final")?.text, "answer to final")
        }).pipe(Effect.provide(gemini({ answers })))
      ))
  }

  it.live("what was lost in flight is marked and charged by its estimate", () =>
    onCopy(() =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const { totals: before } = yield* runs.get("cutOff")
        const { totals } = yield* play("cutOff")
        const other = (yield* runs.get("cutOff")).acts.find(({ act }) => act === "other")
        assert.deepStrictEqual([other?.mayHaveRun, other?.attempts], [true, 2])
        assert.isTrue(totals.isEstimated)
        assert.isFalse(before.isEstimated)
        assert.isAbove(totals.charged.tokens, totals.totalTokens)
      }).pipe(Effect.provide(gemini({ answers })))
    ))
})

describe("the version of this package", () => {
  it("is the one that runs record", () => {
    const manifest = JSON.parse(readFileSync(join(import.meta.dirname, "../package.json"), "utf8"))
    assert.strictEqual(version, manifest.version)
  })
})

describe("an edited narrative", () => {
  const adopted = (from: string, to: string) =>
    onCopy(() =>
      Effect.gen(function*() {
        const edited = yield* Narrative.parse(story.replace(from, to), { variables: { topic: "tides and moons" } })
        const summary = yield* play("paused", { adopt: edited })
        const { acts } = yield* Runs.Runs.use((runs) => runs.get("paused"))
        assert.deepStrictEqual(acts.filter(({ status }) => status === "waiting"), [], "kept acts are not waiting")
        return [summary.standing, ...yield* asked]
      }).pipe(Effect.provide(gemini({ answers })))
    )

  it.live("asks an edited act again with what depends on it, and nothing else", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* adopted("[look] Describe", "[look] Name"), ["finished", "look", "final"])
      assert.deepStrictEqual(yield* adopted("[final] Join", "[final] Mend"), ["finished", "final"])
      assert.deepStrictEqual(yield* adopted("temperature = 0.5", "temperature = 0.6"), ["finished", "long", "final"])
    }))

  it.live("keeps an act whose needs came out the same, and what only its fallback models or place tell apart", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* adopted("fallback_models = [\"gemini-2.5-flash\"]", "fallback_models = [\"gemini-2.5-flash-lite\"]"),
        ["finished", "final"]
      )
      assert.deepStrictEqual(yield* adopted("title = \"Of every kind\"", "title = \"Other\"\n# a comment"), [
        "finished",
        "final"
      ])
    }))

  it.live("a run plays what it was started with, whatever became of the file", () =>
    onCopy(() =>
      Effect.gen(function*() {
        const plan = yield* Runs.Runs.use((runs) => runs.plan("paused"))
        assert.strictEqual(plan.text, story)
        assert.deepStrictEqual(plan.variables, { topic: "tides and moons" })
      })
    ))
})

describe("what a newer version wrote", () => {
  it.live("a record of the future is refused with a sentence, and not a byte is changed", () =>
    onCopy((directory) =>
      Effect.gen(function*() {
        const runs = yield* Runs.Runs
        const file = join(directory, "paused", "journal.jsonl")
        const { next } = yield* runs.get("paused")
        const line = { v: 1, seq: next, at: 1, by: lastWriter(file), state: "paused", of: RunRecord.records.name }
        appendFileSync(file, `${JSON.stringify({ ...line, version: 3, records: [{ _tag: "Dreamt" }] })}\n`)
        const before = readFileSync(file, "utf8")
        const refused = yield* Effect.all([
          Effect.flip(runs.get("paused")),
          Effect.flip(play("paused")),
          Effect.flip(runs.cancel("paused")),
          Effect.flip(runs.fork("paused", "final"))
        ])
        for (const { message } of refused) assert.include(message, "a newer version wrote this run")
        assert.strictEqual(readFileSync(file, "utf8"), before)
        assert.deepStrictEqual(yield* asked, [])
      }).pipe(Effect.provide(gemini({ answers })))
    ))

  it.live("so is a plan of the future beside the journal", () =>
    onCopy((directory) =>
      Effect.gen(function*() {
        const bytes = JSON.stringify({ format: 2, plan: { dreams: [] } })
        const sha256 = createHash("sha256").update(bytes).digest("hex")
        writeFileSync(join(directory, "paused", "blobs", sha256), bytes, { mode: 0o600 })
        const file = join(directory, "paused", "journal.jsonl")
        const text = readFileSync(file, "utf8").split("\n")
        const started: { records: Array<{ content: unknown }> } = JSON.parse(text[1] ?? "")
        for (const record of started.records) record.content = { sha256, bytes: bytes.length }
        text[1] = JSON.stringify(started)
        writeFileSync(file, text.join("\n"))
        const error = yield* Effect.flip(play("paused"))
        assert.include(error.message, "a newer version wrote this run")
        assert.strictEqual(readFileSync(file, "utf8"), text.join("\n"))
      }).pipe(Effect.provide(gemini({ answers })))
    ))
})

const lastWriter = (file: string): string => {
  const line: { by: string } = JSON.parse(readFileSync(file, "utf8").trim().split("\n").at(-1) ?? "")
  return line.by
}
