/** Plays acts in order or side by side and collects their results. */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import * as Act from "../Act.ts"
import { type ActResult, totals } from "../ActResult.ts"
import type { Narrative, NarrativeResult, Options } from "../Narrative.ts"
import { ActFailed, EmptyAnswer } from "../NarrativeError.ts"
import type { NarrativeEvent } from "../NarrativeEvent.ts"
import { order } from "./order.ts"

type Emit = (event: NarrativeEvent) => Effect.Effect<void>

/** One call, from an act's request to its answer. */
type AskModel = (
  act: Act.Act,
  request: GeminiClient.Request,
  emit: Emit
) => Effect.Effect<Omit<ActResult, "act" | "startedAt" | "duration">, GeminiError>

/** Makes events of the act of what the call tells of its waits. */
const observing = (act: Act.Act, emit: Emit): CallOptions => ({
  observe: (event) => {
    switch (event._tag) {
      case "Waiting":
        return emit({ ...event, act: act.name })
      case "Retrying":
        return emit({ ...event, act: act.name, delay: Duration.toMillis(event.delay) })
      // This is not an event: the act's attempts tell which member took it.
      case "Chosen":
        return Effect.void
    }
  }
})

const call = (client: GeminiClient.Service): AskModel => (act, request, emit) =>
  Effect.map(client.generate(request, observing(act, emit)), ({ attempts, finishReason, model, text, usage }) => ({
    model,
    text,
    attempts,
    ...(finishReason === undefined ? {} : { finishReason }),
    ...(usage === undefined ? {} : { usage })
  }))

const callStream = (client: GeminiClient.Service): AskModel => (act, request, emit) =>
  Effect.suspend(() => {
    let text = ""
    let model = request.model ?? ""
    let rest = {}
    return client.generateStream(request, observing(act, emit)).pipe(
      Stream.runForEach((chunk) => {
        text += chunk.text
        model = chunk.response.modelVersion ?? model
        const { finishReason, usage } = chunk
        if (chunk.finished) {
          rest = {
            ...(finishReason === undefined ? {} : { finishReason }),
            ...(usage === undefined ? {} : { usage })
          }
        }
        return chunk.text === "" ? Effect.void : emit({ _tag: "Chunk", act: act.name, text: chunk.text, usage })
      }),
      Effect.map(() => ({ model, text, ...rest }))
    )
  })

/** Plays every act that has no result yet. It succeeds with all results in the order of the file. */
const play = Effect.fnUntraced(function*(narrative: Narrative, options: Options, call: AskModel, emit: Emit) {
  const known = new Map((options.results ?? []).map((result) => [result.act, result]))
  const results = new Map<string, ActResult>()
  for (const { name } of narrative.acts) {
    const result = known.get(name)
    if (result !== undefined) results.set(name, result)
  }
  const inOrder = () => narrative.acts.flatMap(({ name }) => results.get(name) ?? [])
  const outputOf = (act: string): string => results.get(act)?.text ?? ""

  const perform = Effect.fnUntraced(function*(act: Act.Act) {
    const request = Act.request(act, outputOf, options.model)
    const startedAt = yield* Clock.currentTimeMillis
    yield* emit({ _tag: "ActStarted", act: act.name, model: request.model })
    const failed = (reason: GeminiError | EmptyAnswer) => new ActFailed({ act: act.name, results: inOrder(), reason })
    const answer = yield* Effect.mapError(call(act, request, emit), failed)
    if (answer.text === "") {
      const { finishReason } = answer
      return yield* failed(new EmptyAnswer(finishReason === undefined ? {} : { finishReason }))
    }
    const result: ActResult = {
      act: act.name,
      ...answer,
      startedAt,
      duration: (yield* Clock.currentTimeMillis) - startedAt
    }
    results.set(act.name, result)
    yield* emit({ _tag: "ActFinished", act: act.name, result })
  })

  const ordered = order(narrative.acts)
  if ("cycle" in ordered) return yield* Effect.die(new Error(`a cycle: ${ordered.cycle.join(", ")}`))
  const left = ordered.order.filter((act) => !results.has(act.name))
  const concurrency = options.concurrency ?? 1
  if (concurrency <= 1) yield* Effect.forEach(left, perform, { discard: true })
  else {
    const finished = new Map(left.map((act) => [act.name, Deferred.makeUnsafe<void>()]))
    const slots = yield* Semaphore.make(concurrency)
    yield* Effect.forEach(left, (act) =>
      Effect.andThen(
        Effect.forEach(act.needs, (need) => {
          const done = finished.get(need)
          return done === undefined ? Effect.void : Deferred.await(done)
        }, { discard: true }),
        slots.withPermits(1)(perform(act))
      ).pipe(Effect.tap(() => {
        const done = finished.get(act.name)
        return done === undefined ? Effect.void : Deferred.succeed(done, undefined)
      })), { concurrency: "unbounded", discard: true })
  }
  const acts = inOrder()
  const result: NarrativeResult = { title: narrative.title, acts, totals: totals(acts) }
  return result
})

export const run = (
  narrative: Narrative,
  options: Options
): Effect.Effect<NarrativeResult, ActFailed, GeminiClient.GeminiClient> =>
  GeminiClient.GeminiClient.use((client) => play(narrative, options, call(client), () => Effect.void))

// A wait is told from inside a call that has not handed out a chunk yet, so events go through a queue. A consumer that
// is this many events behind holds the acts up.
const bufferSize = 16

export const stream = (
  narrative: Narrative,
  options: Options
): Stream.Stream<NarrativeEvent, ActFailed, GeminiClient.GeminiClient> =>
  Stream.unwrap(
    Effect.map(GeminiClient.GeminiClient, (client) =>
      Stream.callback<NarrativeEvent, ActFailed>((queue) => {
        const emit: Emit = (event) => Effect.asVoid(Queue.offer(queue, event))
        return play(narrative, options, callStream(client), emit).pipe(
          Effect.flatMap(({ acts, title, totals }) =>
            emit({ _tag: "NarrativeFinished", title, results: acts, totals })
          ),
          Effect.andThen(Queue.end(queue)),
          Effect.catch((error) => Queue.fail(queue, error)),
          Effect.forkScoped
        )
      }, { bufferSize, strategy: "suspend" }))
  )
