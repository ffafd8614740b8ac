/**
 * Narratives over client and emulator: what each act sends, what is told meanwhile, and
 * what is left when one fails.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as RequestLog from "effect-gemini-emulator/RequestLog"
import * as ActResult from "effect-gemini-narrative/ActResult"
import * as Narrative from "effect-gemini-narrative/Narrative"
import type { NarrativeEvent } from "effect-gemini-narrative/NarrativeEvent"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { fileURLToPath } from "node:url"

const apiKey = Redacted.make("test-key")
const file = fileURLToPath(new URL("../../../examples/narratives/text_models.toml", import.meta.url))

const latest = ["gemini-flash-lite-latest", "gemini-flash-latest", "gemini-pro-latest"]
const twin = ["gemini-2.5-flash-lite", "gemini-2.5-flash", "gemini-2.5-pro"]

/** The example's acts, on these models. */
const example = (models: ReadonlyArray<string>) =>
  Effect.gen(function*() {
    const fs = yield* FileSystem.FileSystem
    const text = yield* fs.readFileString(file)
    return yield* Narrative.parse(
      latest.reduce((out, name, i) => out.replaceAll(`"${name}"`, `"${models[i]}"`), text)
    )
  }).pipe(Effect.provide(NodeServices.layer))

const memory = (emulator: Emulator.Options, tier: "free" | "tier3") =>
  GeminiClient.layer({ apiKey, tier }).pipe(Layer.provideMerge(Emulator.layerHttpClient(emulator)))

/** Lets virtual time pass until the effect has ended. */
const inTime = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    while (fiber.pollUnsafe() === undefined) yield* TestClock.adjust("1 second")
    return yield* Fiber.join(fiber)
  })

const joined = (events: ReadonlyArray<NarrativeEvent>, act: string): string =>
  events.map((event) => event._tag === "Chunk" && event.act === act ? event.text : "").join("")

const partsOf = (entry: RequestLog.Entry | undefined): ReadonlyArray<string> => {
  const body = Schema.decodeUnknownSync(
    Schema.Struct({
      contents: Schema.Array(Schema.Struct({ parts: Schema.Array(Schema.Struct({ text: Schema.String })) }))
    })
  )(entry?.body)
  return body.contents.flatMap((content) => content.parts.map((part) => part.text))
}

describe("a narrative of three acts", () => {
  for (const models of [latest, twin]) {
    it.effect(`asks each act's model with its predecessors' outputs (${models.join(", ")})`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const narrative = yield* example(models)
        const events = yield* inTime(Stream.runCollect(Narrative.executeStream(narrative)))
        const requests = yield* emulator.requests
        assert.deepStrictEqual(requests.map((request) => request.model), models)
        const [draft, critique] = narrative.acts.map((act) => joined(events, act.name))
        assert.isAbove(draft?.length ?? 0, 20)
        assert.include(partsOf(requests[1])[0], `\n\n${draft}\n`)
        assert.deepStrictEqual(partsOf(requests[2]).slice(0, 2), [draft, critique])

        const order = events.map((event) =>
          event._tag === "NarrativeFinished" ? event._tag : `${event._tag} ${event.act}`
        )
        assert.deepStrictEqual(Array.from(new Set(order)), [
          ...["draft", "critique", "final"].flatMap((
            act
          ) => [`ActStarted ${act}`, `Chunk ${act}`, `ActFinished ${act}`]),
          "NarrativeFinished"
        ])
        assert.isAbove(events.filter((event) => event._tag === "Chunk").length, 6)
      }).pipe(Effect.provide(memory({}, "tier3"))))

    it.effect(`streams the text that unary calls return (${models.join(", ")})`, () =>
      Effect.gen(function*() {
        const narrative = yield* example(models)
        const events = yield* inTime(Stream.runCollect(Narrative.executeStream(narrative)))
        const whole = yield* inTime(Narrative.execute(narrative))
        for (const { act, model, text, usage } of whole.acts) {
          assert.strictEqual(joined(events, act), text)
          const finished = events.find((event) => event._tag === "ActFinished" && event.act === act)
          assert.isTrue(finished?._tag === "ActFinished")
          if (finished?._tag === "ActFinished") {
            assert.deepStrictEqual(
              { model: finished.result.model, text: finished.result.text, usage: finished.result.usage },
              { model, text, usage }
            )
          }
        }
        assert.strictEqual(
          whole.totals.totalTokens,
          whole.acts.reduce((sum, act) => sum + (act.usage?.totalTokens ?? 0), 0)
        )
      }).pipe(Effect.provide(memory({}, "tier3"))))

    it.effect(`waits under free-tier limits, says so, and never draws a 429 (${models.join(", ")})`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const narrative = yield* example(models)
        const runs = Array.from({ length: 12 }, () => Narrative.executeStream(narrative))
        const events = yield* inTime(Stream.runCollect(Stream.flatten(Stream.fromIterable(runs))))
        const waits = events.flatMap((event) => event._tag === "Waiting" ? [event] : [])
        assert.isAbove(waits.length, 0)
        assert.isTrue(waits.every((wait) => wait.until !== undefined && wait.lane.family === "generate"))
        const requests = yield* emulator.requests
        assert.lengthOf(requests, 36)
        assert.deepStrictEqual(Array.from(new Set(requests.map((request) => request.status))), [200])
      }).pipe(Effect.provide(memory({ quotas: "free" }, "free"))))
  }

  it.live("does the same over real sockets", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const narrative = yield* example(latest)
      const [events, whole] = yield* Effect.all([
        Stream.runCollect(Narrative.executeStream(narrative)),
        Narrative.execute(narrative)
      ]).pipe(Effect.provide(FetchGemini.layer({ apiKey, baseUrl: url, tier: "tier3" })))
      assert.deepStrictEqual(whole.acts.map(({ act }) => joined(events, act)), whole.acts.map(({ text }) => text))
    }).pipe(Effect.provide(Emulator.layerServer())))
})

const fan = `
[[acts]]
name = "left"
model = "gemini-flash-latest"
prompt = "left"
[[acts]]
name = "right"
model = "gemini-pro-latest"
prompt = "right"
[[acts]]
name = "both"
prompt = "{{left}} {{right}}"
`

describe("acts without a reference between them", () => {
  const overlap = (concurrency: number) =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const narrative = yield* Narrative.parse(fan)
      const { acts } = yield* inTime(Narrative.execute(narrative, { concurrency }))
      const [left, right, both] = yield* emulator.requests
      assert.deepStrictEqual(acts.map(({ act }) => act), ["left", "right", "both"])
      assert.isAtLeast(both?.time ?? 0, Math.max(left?.closedAt ?? Infinity, right?.closedAt ?? Infinity))
      return (right?.time ?? 0) < (left?.closedAt ?? 0)
    }).pipe(Effect.provide(memory({ answers: () => ({ text: "said", delay: 5_000 }) }, "tier3")))

  it.effect("run one after the other unless told otherwise", () =>
    Effect.map(overlap(1), (together) => assert.isFalse(together)))
  it.effect("run side by side when told so", () => Effect.map(overlap(2), (together) => assert.isTrue(together)))
})

describe("a failing act", () => {
  it.effect("ends in ActFailed with the results so far, from which the narrative goes on", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const narrative = yield* example(latest)
      yield* emulator.addFault({ when: { model: "gemini-pro-latest", times: 1 }, status: 400 })
      const failed = yield* inTime(Effect.flip(Stream.runDrain(Narrative.executeStream(narrative))))
      assert.strictEqual(failed.act, "final")
      assert.deepStrictEqual(failed.results.map(({ act }) => act), ["draft", "critique"])

      const kept = Schema.Array(ActResult.ActResult)
      const json = JSON.stringify(yield* Schema.encodeEffect(kept)(failed.results))
      const results = yield* Schema.decodeUnknownEffect(kept)(JSON.parse(json))
      yield* emulator.clear
      const { acts } = yield* inTime(Narrative.execute(narrative, { results }))
      const requests = yield* emulator.requests
      assert.deepStrictEqual(requests.map(({ model }) => model), ["gemini-pro-latest"])
      assert.deepStrictEqual(partsOf(requests[0]).slice(0, 2), results.map(({ text }) => text))
      assert.deepStrictEqual(acts.slice(0, 2), results)
    }).pipe(Effect.provide(memory({}, "tier3"))))

  it.effect("is caught by its reason", () =>
    Effect.gen(function*() {
      const narrative = yield* example(latest)
      const said = yield* inTime(
        Narrative.execute(narrative).pipe(
          Effect.map(() => "played"),
          Effect.catchReason("ActFailed", "GeminiError", (error) => Effect.succeed(error.reason._tag)),
          Effect.catchReason("ActFailed", "EmptyAnswer", () => Effect.succeed("empty"))
        )
      )
      assert.strictEqual(said, "Unauthenticated")
    }).pipe(Effect.provide(memory({ faults: [{ status: 403 }] }, "tier3"))))

  it.effect("that answers without text says so instead of handing on nothing", () =>
    Effect.gen(function*() {
      const narrative = yield* example(latest)
      const failed = yield* inTime(Effect.flip(Narrative.execute(narrative)))
      assert.strictEqual(failed.reason._tag, "EmptyAnswer")
      assert.include(failed.message, "raise max_output_tokens")
    }).pipe(Effect.provide(memory({
      answers: [{ response: { candidates: [{ content: { role: "model", parts: [] }, finishReason: "MAX_TOKENS" }] } }]
    }, "tier3"))))

  it.effect("tells of each retry", () =>
    Effect.gen(function*() {
      const narrative = yield* example(latest)
      const events = yield* inTime(Stream.runCollect(Narrative.executeStream(narrative)))
      const retries = events.flatMap((event) => event._tag === "Retrying" ? [event] : [])
      assert.deepStrictEqual(retries.map(({ act, attempt, error }) => [act, attempt, error.reason._tag]), [
        ["draft", 1, "Overloaded"]
      ])
    }).pipe(Effect.provide(memory({ faults: [{ when: { times: 1 }, status: 503 }] }, "tier3"))))
})

describe("the consumer of a narrative", () => {
  it.live("that goes away takes the act's request with it", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const narrative = yield* example(latest)
      yield* Narrative.executeStream(narrative).pipe(
        Stream.takeUntil((event) => event._tag === "Chunk"),
        Stream.runDrain,
        Effect.provide(FetchGemini.layer({ apiKey, baseUrl: emulator.url, tier: "tier3" }))
      )
      const [request] = yield* emulator.awaitClosed(1)
      assert.strictEqual(request?.outcome, "aborted")
    }).pipe(Effect.provide(Emulator.layerServer({ chunkDelay: 200 }))))
})
