/**
 * The engine under a run: where acts are performed once, records are kept and waits are slept. One interpreter plays
 * plans on every engine; an engine has five verbs and a place for large things.
 *
 * `layerMemory` keeps a run in this process. `Runs` makes engines over a journal. Another engine, such as one over a
 * cluster, implements this service and nothing else.
 *
 * @since 0.2.0
 */
import { NotFound } from "effect-gemini-journal/JournalErrorReason"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Decision } from "./Decision.ts"
import { sha256 } from "./internal/digest.ts"
import { RunError } from "./RunError.ts"
import type { ActAnswered, ActFailed, ApprovalAsked, RunRecord } from "./RunRecord.ts"

/**
 * How an act ended: answered, or failed for good.
 *
 * @category models
 * @since 0.2.0
 */
export type Ended = typeof ActAnswered.Type | typeof ActFailed.Type

/**
 * What is known of a key before it is asked: how often that was done, and whether one of these requests was in flight at
 * the death of its process.
 *
 * @category models
 * @since 0.2.0
 */
export interface Before {
  readonly attempts: number
  readonly mayHaveRun: boolean
}

/**
 * What somebody is asked about an act before it is sent.
 *
 * @category models
 * @since 0.3.0
 */
export type Asked = Omit<typeof ApprovalAsked.Type, "_tag">

/**
 * Nobody has decided yet. `later` waits until somebody has, without holding a worker.
 *
 * @category models
 * @since 0.3.0
 */
export interface Undecided {
  readonly later: Effect.Effect<Decision, RunError>
}

/**
 * Bytes by their SHA-256 in hex, beside the records.
 *
 * @category models
 * @since 0.2.0
 */
export interface Contents {
  readonly put: (bytes: Uint8Array) => Effect.Effect<string, RunError>
  readonly get: (sha256: string) => Effect.Effect<Uint8Array, RunError>
}

/**
 * What an interpreter needs of an engine.
 *
 * @category models
 * @since 0.2.0
 */
export interface Engine {
  /**
   * Performs an act under its key, once: what it ended with is kept before this returns, and given again to whoever asks
   * for the key later, in this process or another. If it fails nothing is kept, and the next call performs it again.
   * `perform` is not interrupted but where it makes itself interruptible, so that an answer that came is also kept.
   */
  readonly act: <E, R>(
    key: string,
    perform: (before: Before) => Effect.Effect<Ended, E, R>
  ) => Effect.Effect<Ended, E | RunError, R>
  /**
   * What a key ended with, if that is at hand. An engine may know more than this: the interpreter asks here first, so that
   * a thousand acts that are done take no fiber each.
   */
  readonly known?: (key: string) => Ended | undefined
  /** Keeps records. When it returns they outlive the process, as far as the engine promises that. */
  readonly record: (records: ReadonlyArray<RunRecord>) => Effect.Effect<void, RunError>
  /** Waits until a time in milliseconds since the epoch, without holding a worker. */
  readonly sleep: (until: number) => Effect.Effect<void, RunError>
  /**
   * Asks somebody whether an act may be sent. The question is recorded once for its key (`ApprovalAsked`), and so is the
   * decision (`Decided`), in whatever process somebody decides: whoever asks for the key later gets the same decision.
   */
  readonly decision: (asked: Asked) => Effect.Effect<Decision | Undecided, RunError>
  /**
   * Whether the run stays while nothing but decisions is awaited, as one on a cluster does. Else it pauses then, and
   * `resume` goes on. Default false.
   */
  readonly staysForDecisions?: boolean
  /**
   * Is called when every act that can be played is, and all others wait: the first of them until `until`, in milliseconds
   * since the epoch, and acts with these keys for a decision. An engine that can give a run's place up meanwhile does so
   * here, and then this does not return.
   */
  readonly idle?: (until: number, undecided: ReadonlyArray<string>) => Effect.Effect<void, RunError>
  /** Returns once somebody has cancelled the run. */
  readonly cancelled: Effect.Effect<void>
  /** Texts and images that are too large for records. */
  readonly contents: Contents
}

/**
 * The engine of one run as a service.
 *
 * @category services
 * @since 0.2.0
 */
export class RunEngine extends Context.Service<RunEngine, Engine>()("effect-gemini-narrative/RunEngine") {}

/**
 * Sleeps by the clock of the fiber.
 *
 * @category constructors
 * @since 0.2.0
 */
export const sleepUntil = (until: number): Effect.Effect<void> =>
  Effect.flatMap(Clock.currentTimeMillis, (now) => Effect.sleep(Math.max(0, until - now)))

/**
 * Nobody is there to decide: every act that waits for approval is denied.
 *
 * @category constants
 * @since 0.3.0
 */
export const nobody = (): Effect.Effect<Decision> =>
  Effect.succeed({ verdict: "deny", reason: "nobody was there to approve it" })

/**
 * An engine in this process: nothing outlives it. `decide` answers for the person who approves acts; default `nobody`.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeMemory = (decide: (asked: Asked) => Effect.Effect<Decision> = nobody): Engine => {
  const ended = new Map<string, Ended>()
  const asked = new Map<string, number>()
  const contents = new Map<string, Uint8Array>()
  return {
    act: (key, perform) =>
      Effect.suspend(() => {
        const known = ended.get(key)
        if (known !== undefined) return Effect.succeed(known)
        const attempts = asked.get(key) ?? 0
        asked.set(key, attempts + 1)
        return Effect.uninterruptible(
          Effect.tap(perform({ attempts, mayHaveRun: false }), (result) => Effect.sync(() => ended.set(key, result)))
        )
      }),
    record: () => Effect.void,
    sleep: sleepUntil,
    decision: (asked) => Effect.succeed({ later: decide(asked) }),
    staysForDecisions: true,
    cancelled: Effect.never,
    contents: {
      put: (bytes) => Effect.tap(sha256(bytes), (digest) => Effect.sync(() => contents.set(digest, bytes))),
      get: (digest) =>
        Effect.suspend(() => {
          const bytes = contents.get(digest)
          return bytes === undefined
            ? Effect.fail(new RunError({ method: "get", reason: new NotFound({ what: "blob" }) }))
            : Effect.succeed(bytes)
        })
    }
  }
}

/**
 * The engine in memory, which `Narrative.execute` plays on.
 *
 * @category layers
 * @since 0.2.0
 */
export const layerMemory: Layer.Layer<RunEngine> = /* @__PURE__ */ Layer.sync(RunEngine, () => makeMemory())
