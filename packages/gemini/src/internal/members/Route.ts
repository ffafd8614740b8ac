/**
 * The way of one call over members: for each attempt it looks at every candidate, takes a
 * permit of the first that admits the call, and learns from what fails.
 *
 * What a failure closes, it closes for this call: a way that failed is not before its own
 * delay has passed (the server's, else the backoff), another one at once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { MemberChoice } from "../../members/Member.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as Failures from "../call/failures.ts"
import type * as LogicalCall from "../call/LogicalCall.ts"
import * as RetryKernel from "../call/retry.ts"
import type { Meter } from "../limiter/Meter.ts"
import { admit, type Admitted } from "./admission.ts"
import * as Circuit from "./circuit.ts"
import { type MemberTable, stickyKey } from "./MemberTable.ts"
import * as MemberOrder from "./order.ts"
import type { Room } from "./Room.ts"
import type { Family, MemberState, Way } from "./Way.ts"

/** What a call asks of the members. */
export interface Ask {
  readonly method: string
  readonly family: Family
  /** The model that was asked. */
  readonly model: ModelId.ModelId
  readonly tokens: () => number
  /** Of a generation: what is asked, and how a way counts it. */
  readonly asks: ((way: Way) => RateLimiter.Admission["asks"]) | undefined
  readonly options: CallOptions | undefined
  readonly caller: string
  /** Where it may go: the models in order, each with its members. */
  readonly ways: ReadonlyArray<Way>
  /** Members to go to only if there is no other. */
  readonly avoid: ReadonlyArray<string>
  /** The member that answers first answers every call of this key. */
  readonly sticky: string | undefined
  /** Attempts, where the retry policy names no number: enough for every member and every model once. */
  readonly attempts: number | undefined
}

/** What all calls over the same members share. */
export interface Shared {
  readonly limiter: RateLimiter.Service
  readonly circuits: Circuit.Circuits
  readonly table: MemberTable<MemberState>
  readonly room: Room
}

/** A candidate as it was found. */
export interface Found extends MemberOrder.Contender {
  readonly way: Way
  readonly admission: RateLimiter.Admission
  readonly circuit: Circuit.State
  /** Milliseconds until it may be tried, its lane aside; `Infinity`: not in this call. */
  readonly opensIn: number
}

/** A candidate as it is shown. */
export const choiceOf = (found: Found): MemberChoice => {
  const { circuit, headroom, isKeyRefused, opensIn, way } = found
  const excluded = circuit.retryIn > 0
    ? "circuit"
    : opensIn > 0
    ? "failed"
    : headroom.admitsIn > 0
    ? "quota"
    : undefined
  return {
    member: way.member.name,
    project: way.member.project,
    location: way.member.location,
    model: way.model,
    headroom,
    circuit: circuit.state,
    isKeyRefused,
    ...(excluded === undefined ? {} : { excluded }),
    availableIn: Math.max(opensIn, headroom.admitsIn)
  }
}

export class Route implements Meter {
  readonly ask: Ask
  readonly shared: Shared
  /** Milliseconds that the call still waits for circuits that are open. */
  patience: number
  /** When it last looked, in milliseconds of the Clock. */
  now = 0
  /** When a way that failed may be tried again, in milliseconds of the Clock. */
  readonly #notBefore = new Map<Way, number>()
  readonly #failures = new Map<Way, number>()
  #current: Admitted | undefined
  #found: ReadonlyArray<Found> = []
  #tokens: number | undefined

  constructor(shared: Shared, ask: Ask, patience: number) {
    this.shared = shared
    this.ask = ask
    this.patience = patience
  }

  get current(): Way | undefined {
    return this.#current?.way
  }

  /** The way of the permit that was given last. */
  get taken(): Way {
    if (this.#current === undefined) throw new Error("no permit was given")
    return this.#current.way
  }

  readonly way = (): LogicalCall.Way | undefined =>
    this.#current === undefined
      ? undefined
      : { model: this.#current.way.model, member: this.#current.way.member.name }

  /** Every candidate as it stands now, in the order of choice. */
  readonly look: Effect.Effect<ReadonlyArray<Found>> = Effect.gen({ self: this }, function*() {
    const { circuits, limiter } = this.shared
    const { avoid, family, method, options, ways } = this.ask
    const tokens = this.#tokens ??= this.ask.tokens()
    const now = yield* Clock.currentTimeMillis
    const models = [...new Set(ways.map(({ model }) => model))]
    const found: Array<Found> = []
    for (const way of ways) {
      const { calls, isKeyRefused, name, regionRank, weight } = way.member
      const admission = way.lane(family).admission(method, tokens, options)
      const circuit = yield* circuits.state(way.circuit(family))
      const headroom = yield* limiter.headroom(admission)
      found.push({
        way,
        admission,
        circuit,
        headroom,
        failures: this.#failures.get(way) ?? 0,
        modelRank: models.indexOf(way.model),
        regionRank: regionRank + (avoid.includes(name) ? 1_000 : 0),
        isKeyRefused,
        weight,
        calls,
        opensIn: Math.max(circuit.retryIn, (this.#notBefore.get(way) ?? now) - now)
      })
    }
    this.now = now
    return this.#found = MemberOrder.order(found)
  })

  readonly use = <A>(
    attempt: (permit: RateLimiter.Permit) => Effect.Effect<A, GeminiError>
  ): Effect.Effect<A, GeminiError> =>
    Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      return Effect.flatMap(
        this.#admitted(scope),
        ({ permit }) =>
          Effect.tapError(Effect.tap(attempt(permit), () => this.succeeded()), (error) => this.failed(error))
      ).pipe(Effect.onExit((exit) => Scope.close(scope, exit)))
    })

  readonly acquire: Effect.Effect<RateLimiter.Permit, GeminiError, Scope.Scope> = Effect.flatMap(
    Effect.scope,
    (scope) => Effect.map(this.#admitted(scope), ({ permit }) => permit)
  )

  /** A token is its project's and its model's: nowhere else is asked any more. */
  readonly stay = (): void => {
    for (const way of this.ask.ways) if (way !== this.current) this.#notBefore.set(way, Infinity)
  }

  /** The way's lane hears of it; then everything is looked at anew, for the rule that follows. */
  readonly learn = (error: GeminiError): Effect.Effect<GeminiError> => {
    const way = this.current
    if (way === undefined) return Effect.succeed(error)
    if (error.reason._tag === "Unauthenticated") way.member.isKeyRefused = true
    return Effect.tap(way.lane(this.ask.family).learn(error), () => this.look)
  }

  /** A stream that is judged by its first chunk; one that breaks later counts against its circuit, too. */
  readonly judged = <A>(chunks: Stream.Stream<A, GeminiError>): Stream.Stream<A, GeminiError> => {
    let hasBegun = false
    return chunks.pipe(
      Stream.mapArrayEffect((array) => {
        if (hasBegun) return Effect.succeed(array)
        hasBegun = true
        return Effect.as(this.succeeded(), array)
      }),
      Stream.tapError((error) => hasBegun ? this.#broke(error) : this.failed(error))
    )
  }

  /** A circuit that looked passable was not: it is asked again a moment later, not at once for ever. */
  rejected(way: Way): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#notBefore.set(way, Math.max(this.#notBefore.get(way) ?? 0, this.now + 1))
    })
  }

  /** How an attempt went, for its circuit. */
  succeeded(): Effect.Effect<void> {
    return Effect.sync(() => {
      if (this.#current === undefined) return
      this.#current.way.member.isKeyRefused = false
      this.#current.verdict(CircuitBreaker.success)
      const { sticky } = this.ask
      if (sticky === undefined) return
      const { owners } = this.shared.table
      if (owners.get(stickyKey(sticky)) === undefined) owners.set(stickyKey(sticky), this.#current.way.member.name)
    })
  }

  #broke(error: GeminiError): Effect.Effect<void> {
    const way = this.current
    return way === undefined || !Failures.isOutage(error)
      ? Effect.void
      : Effect.uninterruptible(Effect.map(
        this.shared.circuits.enter(way.circuit(this.ask.family)),
        (verdict) => verdict?.(Circuit.outcomeOf(error))
      ))
  }

  failed(error: GeminiError): Effect.Effect<void> {
    return Effect.sync(() => this.#current?.verdict(Circuit.outcomeOf(error)))
  }

  readonly delayAfter: typeof RetryKernel.delayAfter = (policy, failure) => {
    const { error, failures, remaining } = failure
    const way = this.current
    const attempts = failure.attempts ?? this.ask.attempts ?? policy.attempts
    if (!(failures < attempts) || way === undefined) return undefined
    const own = RetryKernel.delayAfter({ ...policy, attempts }, { ...failure, remaining: Infinity })
    if (own === undefined && !this.#isElsewhere(way, error)) return undefined
    if (error.reason._tag === "Unauthenticated") {
      for (const other of this.ask.ways) if (other.member === way.member) this.#notBefore.set(other, Infinity)
    }
    this.#failures.set(way, (this.#failures.get(way) ?? 0) + 1)
    this.#notBefore.set(way, own === undefined ? Infinity : this.now + own)
    const delay = Math.min(
      ...this.#found.map((found) =>
        Math.max(found.circuit.retryIn, (this.#notBefore.get(found.way) ?? this.now) - this.now)
      )
    )
    return delay < remaining ? delay : undefined
  }

  /** Whether another way may not meet this failure. */
  #isElsewhere(way: Way, error: GeminiError): boolean {
    return Failures.helpsMember(error) || way.model !== this.ask.model && Failures.helpsModel(error)
  }

  #admitted(scope: Scope.Scope): Effect.Effect<Admitted, GeminiError> {
    return Effect.flatMap(admit(this, scope), (admitted) => {
      this.#current = admitted
      admitted.way.member.calls++
      admitted.way.lane(this.ask.family).asked++
      const observe = this.ask.options?.observe
      if (observe === undefined) return Effect.succeed(admitted)
      const { member, model } = admitted.way
      const candidates = this.#found.map(choiceOf)
      return Effect.as(observe({ _tag: "Chosen", member: member.name, model, candidates }), admitted)
    })
  }
}
