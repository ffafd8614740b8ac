/**
 * One logical call: its attempts, its retry budget and its deadline, the same for unary
 * calls and streams.
 *
 * Each attempt takes a permit and makes exactly one call of the transport. A backoff
 * sleep holds no permit, and once a stream has emitted a chunk nothing is tried again.
 */
import * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Retry } from "../../GeminiConfig.ts"
import { type Attempt, GeminiError } from "../../GeminiError.ts"
import type * as GeminiHttp from "../../GeminiHttp.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type { Usage } from "../../wire/Usage.ts"
import type { Meter } from "../limiter/Meter.ts"
import * as CallRecord from "../telemetry/CallRecord.ts"
import type { CallGate, InFlight } from "./CallGate.ts"
import * as Failures from "./failures.ts"
import * as RetryKernel from "./retry.ts"

/** What every call of a client shares. */
export interface Client {
  /** What attempts name: the model, or the collection that is asked. */
  readonly target: string
  readonly model: ModelId.ModelId | undefined
  readonly gate: CallGate
  readonly retry: Retry | undefined
  /** The total deadline in milliseconds, or `Infinity`. */
  readonly total: number
}

/** Where an attempt goes. */
export interface Way {
  readonly model: string
  readonly member: string
}

/** How one call goes on where an answer ends with a token, each time as a hop of its own (see `Continuation`). */
export interface Chain<A> {
  /** Hops begun, the one in hand included. */
  readonly hops: number
  /** What the hop in hand is asked with beside the request. */
  readonly token: string | undefined
  /** Whether the hop in hand has given a token to go on with. */
  readonly hasNext: boolean
  /** Whether the hop in hand may break off unnoticed: nothing has come since the last token. */
  readonly canResume: boolean
  /** Takes what the server sent, in order; gives what is handed out. */
  readonly heard: (answers: Arr.NonEmptyReadonlyArray<A>) => Arr.NonEmptyReadonlyArray<A>
  /** The hop in hand has ended: true where the next one has begun, or why there can be none. */
  readonly end: () => boolean | string
  /** The hop in hand is asked for again from its start. */
  readonly again: () => void
  /** The answer that was handed out hop by hop. */
  readonly whole: (pieces: ReadonlyArray<A>) => A
  /** An error with what the chain has come to before it. */
  readonly told: (error: GeminiError) => GeminiError
  /** Why a chain that cannot go on fails. */
  readonly broken: (description: string) => Reason.GeminiErrorReason
}

/** Sends one attempt; with a token it is the same request that goes on from there. */
export type Send<A> = (token: string | undefined) => A

/** One call of a client, over whatever it sends. */
export interface Plan<A> {
  readonly method: string
  readonly options: CallOptions | undefined
  readonly meter: Meter
  /** The input tokens that the server counted, once it says so. */
  readonly inputTokens: (answer: A) => number | undefined
  /** What an answer is charged, for a permit that wants to know. */
  readonly charged?: ((answer: A) => RateLimiter.Charged) | undefined
  /** Whether an answer says how it finished. The last one of a stream that does is judged. */
  readonly isFinished: (answer: A) => boolean
  /** All that was counted, for who records it. */
  readonly usage?: ((answer: A) => Usage | undefined) | undefined
  /** Whether an answer has anything for its reader; asked of a stream until one has. */
  readonly says?: ((answer: A) => boolean) | undefined
  /** Why a finished answer is a failure, if it is, judged once its tokens are settled. `said`: an earlier piece had content. */
  readonly rejection: (answer: A, said?: boolean) => GeminiError | undefined
  /** What follows the tokens of one run of the call; none where there are no tokens, or they are not to be followed. */
  readonly chain?: (() => Chain<A> | undefined) | undefined
  /** Of a call that may go several ways: the one of the attempt in hand. */
  readonly way?: (() => Way | undefined) | undefined
  /** When to try again, where that is not the client's own rule. */
  readonly delayAfter?: typeof RetryKernel.delayAfter | undefined
}

/** What of a call's options concerns one attempt. */
export const wireOptions = (options: CallOptions | undefined): GeminiHttp.CallOptions | undefined =>
  options?.timeouts === undefined && options?.headers === undefined
    ? undefined
    : { timeouts: options.timeouts, headers: options.headers }

/** An answer and the attempts that it took. */
export interface Answered<A> {
  readonly value: A
  readonly attempts: ReadonlyArray<Attempt>
}

// Not Effect.all: it is 0.3 kB of every bundle.
const drawn = /* @__PURE__ */ Effect.flatMap(
  Random.next,
  (random) => Effect.map(Clock.currentTimeMillis, (now) => ({ now, random }))
)

/** Attempts of a later hop that broke before anything came: the first and three more (`@google/genai` 3.3). */
const brokenHopAttempts = 4

const isBroken = ({ reason }: GeminiError): boolean =>
  reason._tag === "StreamInterrupted" || reason._tag === "Network" || (reason._tag === "TimedOut" && reason.isRetryable)

export class LogicalCall<A> implements InFlight {
  fiber: Fiber.Fiber<unknown, unknown> | undefined = undefined
  sent = false
  abandon: Effect.Effect<void> = Effect.void
  /** For who watches; mostly nobody does. */
  record: CallRecord.CallRecord | undefined = undefined
  readonly failed: Array<Attempt> = []
  readonly client: Client
  readonly plan: Plan<A>
  readonly chain: Chain<A> | undefined
  readonly total: number
  deadline = Infinity
  /** Attempts that ended before the hop in hand began. */
  #before = 0
  #ended = false

  constructor(client: Client, plan: Plan<A>) {
    this.client = client
    this.plan = plan
    this.chain = plan.chain?.()
    const total = plan.options?.timeouts?.total
    this.total = total === undefined ? client.total : Duration.toMillis(total)
  }

  get method(): string {
    return this.plan.method
  }

  get target(): string {
    return this.client.target
  }

  /** How many attempts were sent so far. */
  get attempts(): number {
    return this.failed.length + (this.sent ? 1 : 0)
  }

  error(reason: Reason.GeminiErrorReason): GeminiError {
    const { model } = this.client
    return new GeminiError({
      method: this.plan.method,
      ...(model === undefined ? {} : { model }),
      attempts: this.failed,
      reason
    })
  }

  get way(): Pick<Attempt, "model" | "member"> {
    return this.plan.way?.() ?? { model: this.client.target }
  }

  get closed(): GeminiError {
    return this.error(
      new Reason.Unsupported({
        capability: "calls after closing",
        description: "this client is closed: its layer's scope has ended, build the layer again"
      })
    )
  }

  /** What the total deadline makes of the call: the attempt that it cut counts as one. */
  get timedOut(): GeminiError {
    const reason = new Reason.TimedOut({ phase: "total" })
    if (this.sent) this.failed.push({ ...this.way, reason: reason._tag })
    const error = this.error(reason)
    return this.chain?.told(error) ?? error
  }

  /** The hop in hand ended well, and another one follows. */
  goOn(): void {
    this.failed.push({ ...this.way, status: 200 })
    this.sent = false
    this.progress()
  }

  /** The attempts are counted anew. */
  progress(): void {
    this.#before = this.failed.length
    this.plan.meter.stay?.()
  }

  /** The end of a chain that cannot go on. */
  broken(description: string): Effect.Effect<never, GeminiError> {
    return this.finalError(this.error(
      this.chain?.broken(description) ?? new Reason.StreamInterrupted({ received: [], description })
    ))
  }

  private attempt(error: GeminiError, delay?: number): Attempt {
    return {
      ...this.way,
      ...(error.status === undefined ? {} : { status: error.status }),
      reason: error.reason._tag,
      ...(delay === undefined ? {} : { delay: Duration.millis(delay) })
    }
  }

  /** The last word on a failure that nothing follows. */
  finalError(failure: GeminiError): Effect.Effect<never, GeminiError> {
    this.#ended = true
    // What the limiter refused was never an attempt.
    if (this.sent) this.failed.push(this.attempt(failure))
    const error = this.chain?.told(failure) ?? failure
    return Effect.fail(this.failed.length === 0 ? error : error.withAttempts(this.failed))
  }

  /** After a failed attempt: succeeds when it is time for the next one, fails when there is none. */
  recover(failure: GeminiError): Effect.Effect<void, GeminiError> {
    if (this.#ended) return Effect.fail(failure)
    // Refusals of our own limiter (a full queue, too long a wait) are the caller's choice.
    if (!this.sent) return this.finalError(failure)
    const { chain, client, plan } = this
    const policy = RetryKernel.policy(client.retry, plan.options?.retry)
    return Effect.flatMap(
      plan.meter.learn(failure),
      (error) =>
        Effect.flatMap(drawn, ({ now, random }) => {
          const delay = client.gate.isOpen
            ? (plan.delayAfter ?? RetryKernel.delayAfter)(policy, {
              error,
              failures: this.failed.length - this.#before + 1,
              attempts: chain !== undefined && chain.hops > 1 && isBroken(error) ? brokenHopAttempts : undefined,
              remaining: this.deadline - now,
              waitForQuota: plan.options?.whenExhausted === "wait",
              random
            })
            : undefined
          if (delay === undefined) return this.finalError(error)
          this.failed.push(this.attempt(error, delay))
          this.record?.retried(error)
          this.sent = false
          chain?.again()
          const observe = plan.options?.observe
          const sleep = Effect.sleep(delay)
          return observe === undefined ? sleep : Effect.andThen(
            observe({ _tag: "Retrying", attempt: this.failed.length, delay: Duration.millis(delay), error }),
            sleep
          )
        })
    )
  }

  /** An attempt that failed before anything left this process gives its permit back whole. */
  unsent(error: GeminiError, permit: RateLimiter.Permit): Effect.Effect<never, GeminiError> {
    if (!Failures.isUnsent(error)) return Effect.fail(error)
    this.sent = false
    return Effect.andThen(permit.cancel, Effect.fail(error))
  }

  /** Until the total deadline; `Infinity` costs nothing. */
  within<B, E, R>(effect: Effect.Effect<B, E, R>): Effect.Effect<B, E | GeminiError, R> {
    if (this.total === Infinity) return effect
    return Effect.flatMap(Clock.currentTimeMillis, (now) => {
      if (this.deadline === Infinity) this.deadline = now + this.total
      return Effect.timeoutOrElse(effect, {
        duration: Math.max(0, this.deadline - now),
        orElse: () => Effect.fail(this.timedOut)
      })
    })
  }
}

/** A call with one answer. */
export const unary = <A>(
  client: Client,
  plan: Plan<A>,
  send: Send<Effect.Effect<A, GeminiError>>
): Effect.Effect<Answered<A>, GeminiError> =>
  Effect.withFiber((fiber) => {
    const call = new LogicalCall(client, plan)
    const { gate } = client
    const { chain } = call
    const pieces: Array<A> = []
    let hop: boolean | string = false
    call.fiber = fiber
    const record = call.record = CallRecord.of(fiber, plan.method, client.model)
    const use = (permit: RateLimiter.Permit): Effect.Effect<A, GeminiError> => {
      call.sent = true
      record?.sent(call.way)
      return Effect.matchEffect(send(chain?.token), {
        onFailure: (error) => call.unsent(error, permit),
        onSuccess: (answer) => {
          const tokens = plan.inputTokens(answer)
          if (plan.charged !== undefined) permit.charge?.(plan.charged(answer))
          const piece = chain === undefined ? answer : Arr.headNonEmpty(chain.heard([answer]))
          record?.used(plan.usage?.(piece))
          hop = chain?.end() ?? false
          if (hop === true) pieces.push(piece)
          const whole = chain === undefined || hop !== false ? piece : chain.whole([...pieces, piece])
          const rejection = hop === false ? plan.rejection(whole) : undefined
          const result = rejection === undefined ? Effect.succeed(whole) : Effect.fail(rejection)
          return tokens === undefined ? result : Effect.andThen(permit.settle(tokens), result)
        }
      })
    }
    /** Where the permit of a hop is given back. */
    const next = (answer: A): Effect.Effect<A, GeminiError> => {
      if (hop === false) return Effect.succeed(answer)
      if (typeof hop === "string") return call.broken(hop)
      hop = false
      call.goOn()
      return attempt()
    }
    const attempt = (): Effect.Effect<A, GeminiError> => {
      record?.asked()
      return Effect.flatMap(
        Effect.catch(plan.meter.use(use), (error) => Effect.flatMap(call.recover(error), attempt)),
        next
      )
    }
    const entered = Effect.suspend(() => {
      // Asked where it enters: a fiber may yield between two operations, and the gate close.
      if (!gate.isOpen) return Effect.fail(call.closed)
      gate.enter(call)
      return call.within(attempt())
    })
    const left = Effect.onExitPrimitive(entered, () => {
      gate.leave(call)
      return undefined
    })
    return Effect.map(
      record === undefined ? left : CallRecord.unary(fiber, record, call, left),
      (value) => ({ value, attempts: [...call.failed, { ...call.way, status: 200 }] })
    )
  })
