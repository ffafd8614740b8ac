/**
 * One logical call: its attempts, its retry budget and its deadline, the same for unary
 * calls and streams.
 *
 * Each attempt takes a permit and makes exactly one call of the transport. A backoff
 * sleep holds no permit, and once a stream has emitted a chunk nothing is tried again.
 */
import type * as Arr from "effect/Array"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Random from "effect/Random"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Continuation, Retry } from "../../GeminiConfig.ts"
import { type Attempt, GeminiError } from "../../GeminiError.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type { Usage } from "../../wire/Usage.ts"
import { steadyMillis } from "../http/attemptClock.ts"
import type { Meter } from "../limiter/Meter.ts"
import * as CallRecord from "../telemetry/CallRecord.ts"
import type { ProviderOf, Recipient } from "../telemetry/recorder.ts"
import type { CallGate, InFlight } from "./CallGate.ts"
import * as Failures from "./failures.ts"
import * as RetryKernel from "./retry.ts"

/** What every call of a client shares. */
export interface Client {
  /** The name that attempts are listed with: the model, or the collection that is asked. */
  readonly target: string
  readonly model: ModelId.ModelId | undefined
  readonly gate: CallGate
  readonly retry: Retry | undefined
  readonly continuation?: Continuation | undefined
  /** The total deadline in milliseconds, or `Infinity`. */
  readonly total: number
  /** The name that OpenTelemetry gives to who is asked. */
  readonly provider?: ProviderOf | undefined
}

/** How one call goes on if an answer ends with a token, each time with a hop of its own (see `Continuation`). */
export interface Chain<A> {
  /** How many hops have begun, the current one included. */
  readonly hops: number
  /** The token that the current hop sends with the request. */
  readonly token: string | undefined
  /** Whether the current hop has given a token to go on with. */
  readonly hasNext: boolean
  /** Whether the current hop may break off without a gap: nothing has come since the last token. */
  readonly canResume: boolean
  /** Takes what the server sent, in order, and gives what is handed out. */
  readonly heard: (answers: Arr.NonEmptyReadonlyArray<A>) => Arr.NonEmptyReadonlyArray<A>
  /**
   * Ends the current hop. The result is true if the next one has begun, false if none follows, or the reason why none
   * can.
   */
  readonly end: () => boolean | string
  /** Begins the current hop again from its start. */
  readonly again: () => void
  /** The whole answer of the pieces that were handed out. */
  readonly whole: (pieces: ReadonlyArray<A>) => A
  /** An error with what the chain had received before it. */
  readonly told: (error: GeminiError) => GeminiError
  /** The reason by which a chain that cannot go on fails. */
  readonly broken: (description: string) => Reason.GeminiErrorReason
}

/** Sends one attempt. With a token the same request goes on from there. */
export type Send<A> = (token: string | undefined) => A

/** One call of a client, over whatever it sends. */
export interface Plan<A> {
  readonly method: string
  readonly options: CallOptions | undefined
  readonly meter: Meter
  /** The input tokens that the server counted, once an answer tells them. */
  readonly inputTokens: (answer: A) => number | undefined
  /** What an answer is charged, for a permit that is told. */
  readonly charged?: ((answer: A) => RateLimiter.Charged) | undefined
  /** Whether an answer tells how it finished. The last answer of a stream that does so is judged. */
  readonly isFinished: (answer: A) => boolean
  /** Everything that was counted, for the record of the call. */
  readonly usage?: ((answer: A) => Usage | undefined) | undefined
  /** Whether an answer has anything for its reader. A stream is asked until one of its answers has. */
  readonly says?: ((answer: A) => boolean) | undefined
  /**
   * Why a finished answer is a failure, if it is one. It is judged once its tokens are settled. `said`: an earlier
   * piece had content.
   */
  readonly rejection: (answer: A, said?: boolean) => GeminiError | undefined
  /**
   * Makes what follows the tokens of one run of the call; undefined if there are no tokens or they are not followed.
   */
  readonly chain?: (() => Chain<A> | undefined) | undefined
  /** The way of the current attempt, for a call that may go several ways. */
  readonly way?: (() => Required<Recipient> | undefined) | undefined
  /** The rule that says when to try again, if it is not the client's own. */
  readonly delayAfter?: typeof RetryKernel.delayAfter | undefined
}

/** An answer and the attempts that it took. */
export interface Answered<A> {
  readonly value: A
  readonly attempts: ReadonlyArray<Attempt>
}

/**
 * How many attempts a later hop has that broke before anything came: the first and three more (`@google/genai` 3.3).
 */
const brokenHopAttempts = 4

const isBroken = ({ reason }: GeminiError): boolean =>
  reason._tag === "StreamInterrupted" || reason._tag === "Network" || (reason._tag === "TimedOut" && reason.isRetryable)

const afterClosing = (description: string) => new Reason.Unsupported({ capability: "calls after closing", description })

export class LogicalCall<A> implements InFlight {
  sent = false
  /** Ends the call while nobody is in it: a stream whose consumer is busy elsewhere. */
  abandon: Effect.Effect<void> = Effect.void
  /** The record of the call, if anybody watches. */
  record: CallRecord.CallRecord | undefined = undefined
  readonly failed: Array<Attempt> = []
  readonly client: Client
  readonly plan: Plan<A>
  readonly chain: Chain<A> | undefined
  #deadline = Infinity
  readonly #total: number
  /** How many attempts had ended before the current hop began. */
  #before = 0
  #ended = false
  /** The fiber that is in the call now. */
  #running: Fiber.Fiber<unknown, unknown> | undefined = undefined
  /** Whether closing has ended the call. */
  isCut = false
  /** The fiber that reads on in a stream. */
  reader: Fiber.Fiber<unknown, unknown> | undefined = undefined

  constructor(client: Client, plan: Plan<A>) {
    this.client = client
    this.plan = plan
    this.chain = plan.chain?.()
    const total = plan.options?.timeouts?.total
    this.#total = total === undefined ? client.total : Duration.toMillis(total)
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
    return this.error(afterClosing("this client is closed: its layer's scope has ended, build the layer again"))
  }

  /** The error of a call that is ended from outside. The attempt that it cuts counts as an attempt. */
  #cutBy(reason: GeminiError["reason"]): GeminiError {
    if (this.sent) this.failed.push({ ...this.way, reason: reason._tag })
    const error = this.error(reason)
    return this.chain?.told(error) ?? error
  }

  /** The error of a call that the layer ended when it closed. */
  get cutOff(): GeminiError {
    return this.sent
      ? this.#cutBy(
        afterClosing("this client was closed while the call was under way: the server may have answered it")
      )
      : this.closed
  }

  get cut(): Effect.Effect<void> {
    this.isCut = true
    const running = this.#running
    if (running === undefined) return Effect.uninterruptible(Effect.andThen(this.abandon, this.#left(64)))
    running.interruptUnsafe()
    return Effect.void
  }

  /**
   * Waits until the reader of a stream has left the pull that closing its connection ended. One whose client does not
   * wake it is interrupted.
   */
  #left(turns: number): Effect.Effect<void> {
    if (this.reader === undefined) return Effect.void
    if (turns > 0) return Effect.andThen(Effect.yieldNow, Effect.suspend(() => this.#left(turns - 1)))
    this.reader.interruptUnsafe()
    return Effect.void
  }

  /**
   * Runs a part of the call in a fiber of its own, so that closing can end the call without interrupting its caller. A
   * part of that part runs in the same fiber.
   */
  run<B, E>(part: Effect.Effect<B, E>): Effect.Effect<B, E | GeminiError> {
    if (this.#running !== undefined) return part
    return Effect.withFiber((caller: Fiber.Fiber<unknown, unknown>) =>
      Effect.callback((resume) => {
        if (this.isCut) return resume(Effect.fail(this.cutOff))
        const fiber = this.#running = Effect.runForkWith(caller.context)(part)
        fiber.addObserver((exit) => {
          this.#running = undefined
          resume(this.isCut && Exit.hasInterrupts(exit) ? Effect.fail(this.cutOff) : exit)
        })
        return Fiber.interrupt(fiber)
      })
    )
  }

  /** The error of the total deadline. */
  get timedOut(): GeminiError {
    return this.#cutBy(new Reason.TimedOut({ phase: "total" }))
  }

  /** Goes on to the next hop, because the current one ended well. */
  goOn(): void {
    this.failed.push({ ...this.way, status: 200 })
    this.sent = false
    this.progress()
  }

  /** Lets the attempts be counted anew. */
  progress(): void {
    this.#before = this.failed.length
    this.plan.meter.stay?.()
  }

  /** Fails a chain that cannot go on. */
  broken(description: string): Effect.Effect<never, GeminiError> {
    return this.finalError(this.error(
      this.chain?.broken(description) ?? new Reason.StreamInterrupted({ received: [], description })
    ))
  }

  #attempt(error: GeminiError, delay?: number): Attempt {
    return {
      ...this.way,
      ...(error.status === undefined ? {} : { status: error.status }),
      reason: error.reason._tag,
      ...(delay === undefined ? {} : { delay: Duration.millis(delay) })
    }
  }

  /** The error of the call, for a failure that no attempt follows. */
  finalError(failure: GeminiError): Effect.Effect<never, GeminiError> {
    this.#ended = true
    // A call that the limiter refused did not become an attempt.
    if (this.sent) this.failed.push(this.#attempt(failure))
    const error = this.chain?.told(failure) ?? failure
    return Effect.fail(this.failed.length === 0 ? error : error.withAttempts(this.failed))
  }

  /** Follows a failed attempt: it succeeds when it is time for the next one, and fails if there is none. */
  recover(failure: GeminiError): Effect.Effect<void, GeminiError> {
    if (this.#ended) return Effect.fail(failure)
    // Refusals of our own limiter (a full queue, too long a wait) are what the caller's limits ask for.
    if (!this.sent) return this.finalError(failure)
    const { chain, client, plan } = this
    const policy = RetryKernel.policy(client.retry, plan.options?.retry)
    return Effect.flatMap(
      plan.meter.learn(failure),
      (error) =>
        Effect.withFiber((fiber: Fiber.Fiber<unknown, unknown>) => {
          const delay = client.gate.isOpen
            ? (plan.delayAfter ?? RetryKernel.delayAfter)(policy, {
              error,
              failures: this.failed.length - this.#before + 1,
              attempts: chain !== undefined && chain.hops > 1 && isBroken(error) ? brokenHopAttempts : undefined,
              remaining: this.#deadline - steadyMillis(fiber.getRef(Clock.Clock)),
              waitForQuota: plan.options?.whenExhausted === "wait",
              random: fiber.getRef(Random.Random).nextDoubleUnsafe()
            })
            : undefined
          if (delay === undefined) return this.finalError(error)
          this.failed.push(this.#attempt(error, delay))
          this.record?.watch?.retried(error)
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

  /** Gives the permit of an attempt back whole if it failed before anything left this process. */
  unsent(error: GeminiError, permit: RateLimiter.Permit): Effect.Effect<never, GeminiError> {
    if (!Failures.isUnsent(error)) return Effect.fail(error)
    this.sent = false
    return Effect.andThen(permit.cancel, Effect.fail(error))
  }

  /** Bounds an effect by the total deadline; `Infinity` costs nothing. */
  within<B, E, R>(effect: Effect.Effect<B, E, R>): Effect.Effect<B, E | GeminiError, R> {
    if (this.#total === Infinity) return effect
    return Clock.clockWith((clock) => {
      const now = steadyMillis(clock)
      if (this.#deadline === Infinity) this.#deadline = now + this.#total
      const late = Effect.suspend(() => Effect.fail(this.timedOut))
      return Effect.raceFirst(effect, Effect.andThen(Effect.sleep(Math.max(0, this.#deadline - now)), late))
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
    const record = call.record = CallRecord.of(fiber, plan.method, client)
    const use = (permit: RateLimiter.Permit): Effect.Effect<A, GeminiError> => {
      call.sent = true
      record?.sent(call.way)
      return Effect.matchEffect(send(chain?.token), {
        onFailure: (error) => call.unsent(error, permit),
        onSuccess: (answer) => {
          const tokens = plan.inputTokens(answer)
          if (plan.charged !== undefined) permit.charge?.(plan.charged(answer))
          const piece = chain === undefined ? answer : chain.heard([answer])[0]
          record?.watch?.used(plan.usage?.(piece))
          hop = chain?.end() ?? false
          if (hop === true) pieces.push(piece)
          const whole = chain === undefined || hop !== false ? piece : chain.whole([...pieces, piece])
          const rejection = hop === false ? plan.rejection(whole) : undefined
          const result = rejection === undefined ? Effect.succeed(whole) : Effect.fail(rejection)
          return tokens === undefined ? result : Effect.andThen(permit.settle(tokens), result)
        }
      })
    }
    /** Goes on after an answer, where the permit of its hop has been given back. */
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
      // The gate is asked where the call enters, because a fiber may yield between two operations and the gate may
      // close meanwhile.
      if (!gate.isOpen) return Effect.fail(call.closed)
      gate.enter(call)
      return call.run(call.within(attempt()))
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
