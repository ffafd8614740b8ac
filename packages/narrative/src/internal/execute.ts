/** Narratives that are played in memory: as an effect with all results, or as a stream of what happens. */
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Stream from "effect/Stream"
import { type ActResult, totals } from "../ActResult.ts"
import type { Narrative, NarrativeResult, Options } from "../Narrative.ts"
import { ActFailed } from "../NarrativeError.ts"
import type { NarrativeEvent } from "../NarrativeEvent.ts"
import * as Plan from "../Plan.ts"
import { makeMemory, RunEngine } from "../RunEngine.ts"
import { type AskModel, type Emit, streamed, whole } from "./ask.ts"
import type { Reason } from "./failures.ts"
import { inOrder } from "./instances.ts"
import { type Order, play } from "./play.ts"

/** Plays every act that has no result yet. It succeeds with all results in the order of the file. */
const played = Effect.fnUntraced(function*(narrative: Narrative, options: Options, ask: AskModel, emit: Emit) {
  const { images, plan } = yield* Plan.make(narrative, { model: options.model })
  const names = new Set(narrative.acts.map(({ name }) => name))
  const known = new Map(
    (options.results ?? []).flatMap((result) => names.has(result.act) ? [[result.act, result]] : [])
  )
  const results = new Map<string, ActResult>(known)
  const ordered = () => inOrder(narrative.acts, results)
  const failures = new Map<string, Reason>()
  const orders = yield* Queue.unbounded<Order>()
  const outcome = yield* Effect.orDie(play({
    engine: yield* RunEngine,
    plan,
    images,
    known,
    ask,
    orders,
    tools: options.tools,
    concurrency: Math.max(1, options.concurrency ?? 1),
    onFailure: "stop",
    sleeps: false,
    failed: (act, reason) => void failures.set(act, reason),
    emit,
    finished: (result) => {
      results.set(result.act, result)
      return emit({ _tag: "ActFinished", act: result.act, result })
    }
  }))
  if (outcome._tag === "Broken") return yield* Effect.die(outcome.error)
  const acts = ordered()
  const failed = outcome._tag === "Paused"
    ? outcome.acts[0]?.act
    : outcome._tag === "Done" && !outcome.ok
    ? outcome.failed[0]
    : undefined
  const reason = failed === undefined ? undefined : failures.get(failed)
  if (failed !== undefined && reason !== undefined) return yield* new ActFailed({ act: failed, results: acts, reason })
  const result: NarrativeResult = { title: narrative.title, acts, totals: totals(acts) }
  return result
}, (effect, _narrative, { approve }) => Effect.provideService(effect, RunEngine, makeMemory(approve)))

export const run = (
  narrative: Narrative,
  options: Options
): Effect.Effect<NarrativeResult, ActFailed, GeminiClient.GeminiClient> =>
  GeminiClient.GeminiClient.use((client) => played(narrative, options, whole(client), () => Effect.void))

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
        return played(narrative, options, streamed(client), emit).pipe(
          Effect.flatMap(({ acts, title, totals }) =>
            emit({ _tag: "NarrativeFinished", title, results: acts, totals })
          ),
          Effect.andThen(Queue.end(queue)),
          Effect.catch((error) => Queue.fail(queue, error)),
          Effect.forkScoped
        )
      }, { bufferSize, strategy: "suspend" }))
  )
