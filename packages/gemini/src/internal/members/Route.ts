/**
 * The way of one call over members. For each attempt it looks at every candidate, takes a permit of the first that
 * admits the call, and learns from what fails.
 *
 * What a failure closes, it closes for this call only: a way that failed is closed until its own delay has passed (the
 * server's, else the backoff), while another way may be taken at once.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as Failures from "../call/failures.ts"
import * as RetryKernel from "../call/retry.ts"
import { lookOf } from "../limiter/headroom.ts"
import type { Meter } from "../limiter/Meter.ts"
import type { Estimate } from "../limiter/Tally.ts"
import * as Lost from "../resources/lost.ts"
import type { Recipient } from "../telemetry/recorder.ts"
import { admit, type Admitted } from "./admission.ts"
import * as Circuit from "./circuit.ts"
import { atHome, choiceOf, type Found } from "./Found.ts"
import { stickyKey } from "./MemberTable.ts"
import * as MemberOrder from "./order.ts"
import * as Probe from "./probe.ts"
import { isModelMissing, type LeftOut, type Site } from "./Refusals.ts"
import type { RouteAsk, SharedByRoutes } from "./RouteAsk.ts"
import type { Way } from "./Way.ts"

export class Route implements Meter {
  readonly ask: RouteAsk
  readonly shared: SharedByRoutes
  /** Milliseconds that the call still waits for circuits that are open. */
  patience: number
  /** When it last looked, in milliseconds of the Clock. */
  now = 0
  /** The call's total deadline in milliseconds of the Clock, which begins with its first look. */
  #deadline: number | undefined
  /** When a way that failed may be tried again, in milliseconds of the Clock. */
  readonly #notBefore = new Map<Way, number>()
  readonly #failures = new Map<Way, number>()
  /** The ways where this call met a dead member. */
  readonly #dead = new Set<Way>()
  #current: Admitted | undefined
  #found: ReadonlyArray<Found> = []
  /** The tokens of its input, once it has looked. */
  estimate: Estimate | undefined

  constructor(shared: SharedByRoutes, ask: RouteAsk, patience: number) {
    this.shared = shared
    this.ask = ask
    this.patience = patience
  }

  get current(): Way | undefined {
    return this.#current?.way
  }

  /** The way of the last permit. */
  get taken(): Way {
    if (this.#current === undefined) throw new Error("no permit was given")
    return this.#current.way
  }

  readonly way = (): Required<Recipient> | undefined =>
    this.#current === undefined
      ? undefined
      : { model: this.#current.way.model, member: this.#current.way.member.name }

  /**
   * The first of the candidates as they stand now, if it admits the call, without looking at all of them. `undefined`
   * where the choice may depend on more than their lanes, and somebody has to `look`.
   */
  readonly first: Effect.Effect<Found | undefined> = Effect.clockWith((clock) => {
    const { circuits, limiter, refusals, room, turns } = this.shared
    const { avoid, counted, family, options, sticky, ways } = this.ask
    const look = lookOf(limiter)
    const [way] = ways
    const keys = () => ways.map((way) => way.circuit(family))
    const isPlain = room.size === 0 && refusals.isEmpty && circuits.areClosed(keys) && !turns.knows(keys) &&
      this.#notBefore.size === 0 && sticky === undefined && avoid.length === 0 &&
      options?.observe === undefined && (counted === undefined || this.estimate !== undefined)
    if (!isPlain || look === undefined || way === undefined) return Effect.undefined
    const estimate = this.estimate ??= this.ask.tokens()
    const now = clock.currentTimeMillisUnsafe()
    this.#deadline ??= now + this.ask.total
    this.now = now
    const priority = options?.priority
    // The ways of a model stand together.
    const isOneModel = ways.at(-1)?.model === way.model
    const candidates = isOneModel ? ways : ways.slice(0, ways.findIndex(({ model }) => model !== way.model))
    const chosen = MemberOrder.first(candidates, (way) => {
      const lane = way.lane(family)
      if (lane.closedFor(now) > 0) return undefined
      const terms = lane.terms(estimate, options)
      return look(priority === undefined ? terms : { ...terms, priority }, now)
    })
    if (chosen === undefined) return Effect.undefined
    const { candidate, headroom, share } = chosen
    const { calls, regionRank, weight } = candidate.member
    return Effect.succeed({
      way: candidate,
      terms: candidate.lane(family).terms(estimate, options),
      circuit: Circuit.closed,
      headroom,
      share,
      failures: 0,
      modelRank: 0,
      regionRank,
      isKeyRefused: false,
      refusal: undefined,
      isAway: false,
      weight,
      calls,
      opensIn: 0
    })
  })

  /** Every candidate as it stands now, in the order of choice. */
  readonly look: Effect.Effect<ReadonlyArray<Found>> = Effect.gen({ self: this }, function*() {
    const { circuits, limiter, pace, turns } = this.shared
    const { avoid, counted, family, options, ways } = this.ask
    const estimate = this.estimate ??= counted === undefined ? this.ask.tokens() : yield* counted
    const now = yield* Clock.currentTimeMillis
    this.#deadline ??= now + this.ask.total
    // Most calls find every circuit untouched. Where one is not, whose turn it is depends on all of them.
    let held: ReadonlyArray<Circuit.CircuitState> = []
    if (!turns.isEmpty || !ways.every((way) => circuits.isUntouched(way.circuit(family)))) {
      const standing: Array<readonly [string, Circuit.CircuitState]> = []
      for (const way of ways) standing.push([way.circuit(family), yield* circuits.state(way.circuit(family))])
      held = turns.held(standing, now)
    }
    const priority = options?.priority
    const found: Array<Found> = []
    let modelRank = -1
    let model: string | undefined
    for (const [index, way] of ways.entries()) {
      // The ways of a model stand together, in the order of the models.
      if (way.model !== model) {
        model = way.model
        modelRank++
      }
      const { calls, name, regionRank, weight } = way.member
      const lane = way.lane(family)
      const terms = lane.terms(estimate, options)
      const circuit = held[index] ?? Circuit.closed
      const headroom = yield* limiter.headroom(priority === undefined ? terms : { ...terms, priority })
      const refusal = this.#refusal(way, now)
      // Who has less time left than an answer takes would only keep the others from finding out how the member is.
      const isTooLate = circuit.state !== "closed" &&
        circuit.retryIn + pace.needed(this.kind(way), this.ask.total) >= this.#deadline - now
      found.push({
        way,
        terms,
        circuit,
        headroom,
        share: MemberOrder.usedShare(headroom, weight),
        failures: this.#failures.get(way) ?? 0,
        modelRank,
        regionRank: regionRank + (avoid.includes(name) ? 1_000 : 0),
        isKeyRefused: refusal?.of === "key",
        refusal: refusal?.of,
        isAway: false,
        weight,
        calls,
        opensIn: Math.max(
          isTooLate ? Infinity : circuit.retryIn,
          (this.#notBefore.get(way) ?? now) - now,
          lane.closedFor(now),
          refusal?.opensIn ?? 0
        )
      })
    }
    this.now = now
    return this.#found = MemberOrder.order(this.#atHome(found))
  })

  /**
   * What was refused at a way, as far as it keeps this call away. Of those that do not have a model one is asked all
   * the same if no other has it, so that the server says so.
   */
  #refusal(way: Way, now: number): LeftOut | undefined {
    const { ask, shared: { refusals } } = this
    if (refusals.isEmpty) return undefined
    const standing = ask.isNamed ? undefined : refusals.at(this.#site(way), now)
    const has = (other: Way) => other.model === way.model && refusals.hasModel(this.#site(other), now)
    return standing?.of === "model" && !ask.ways.some(has) ? undefined : standing
  }

  #site({ member, model }: Way): Site {
    return { member: member.name, model, family: this.ask.family }
  }

  #atHome(all: ReadonlyArray<Found>): ReadonlyArray<Found> {
    const { ask: { sticky }, shared: { table } } = this
    const home = sticky === undefined ? undefined : table.owners.get(stickyKey(sticky))
    if (home === undefined) return all
    return atHome(all, ({ member }) => table.isBeside(member, home), (way) => this.#dead.has(way))
  }

  /** Whether nothing is refused there any more. Where it was, this call looks again, and no other meanwhile. */
  looksAgain(way: Way, now: number): boolean {
    if (this.#refusal(way, now) !== undefined) return false
    this.shared.refusals.enter(this.#site(way), now)
    return true
  }

  readonly use = <A>(
    attempt: (permit: RateLimiter.Permit) => Effect.Effect<A, GeminiError>
  ): Effect.Effect<A, GeminiError> =>
    Effect.suspend(() => {
      const scope = Scope.makeUnsafe()
      return Effect.flatMap(
        this.#admitted(scope),
        (admitted) =>
          Effect.tapError(
            Effect.tap(Probe.within(this, admitted, attempt(admitted.permit)), () => this.succeeded()),
            (error) => this.failed(error)
          )
      ).pipe(Effect.onExit((exit) => Scope.close(scope, exit)))
    })

  readonly acquire: Effect.Effect<RateLimiter.Permit, GeminiError, Scope.Scope> = Effect.flatMap(
    Effect.scope,
    (scope) => Effect.map(this.#admitted(scope), ({ permit }) => permit)
  )

  /** Keeps the call at its way: a token belongs to its project and model, so nobody else is asked any more. */
  readonly stay = (): void => {
    for (const way of this.ask.ways) if (way !== this.current) this.#notBefore.set(way, Infinity)
  }

  /** Tells the way's lane of a failure. Then everything is looked at anew, for the retry rule that follows. */
  readonly learn = (failure: GeminiError): Effect.Effect<GeminiError> => {
    if (this.#current === undefined) return Effect.succeed(failure)
    const { began, way } = this.#current
    const error = this.ask.isHeld ? Lost.worded(failure, way.member.name) : failure
    return Effect.tap(way.lane(this.ask.family).learn(error), () =>
      Effect.flatMap(Clock.currentTimeMillis, (now) => {
        const isKey = error.reason._tag === "Unauthenticated"
        if (isKey) way.member.isKeyRefused = true
        // What is kept on the server may be what is refused with a 403, and what is not there.
        if (!this.ask.isHeld || isKey && error.status !== 403) {
          this.shared.refusals.learn(this.#site(way), error, began, now)
        }
        return this.look
      }))
  }

  /** Judges a stream by its first chunk; one that breaks later counts against its circuit, too. */
  readonly judged = <A>(chunks: Stream.Stream<A, GeminiError>): Stream.Stream<A, GeminiError> => {
    let hasBegun = false
    const admitted = this.#current
    const source = admitted?.isProbe === true ? Probe.begunWithin(this, admitted, chunks) : chunks
    return source.pipe(
      Stream.mapArrayEffect((array) => {
        if (hasBegun) return Effect.succeed(array)
        hasBegun = true
        return Effect.as(this.succeeded(), array)
      }),
      Stream.tapError((error) => hasBegun ? this.#broke(error) : this.failed(error))
    )
  }

  /** Closes a way for a millisecond whose circuit looked passable and was not, so that it is not asked for ever. */
  rejected(way: Way): Effect.Effect<void> {
    return Effect.sync(() => {
      this.#notBefore.set(way, Math.max(this.#notBefore.get(way) ?? 0, this.now + 1))
    })
  }

  /** Whether the caller named somebody else to answer. */
  get hasFallback(): boolean {
    return this.ask.options?.fallback !== undefined
  }

  /** Milliseconds until the call's total deadline, as of its last look. */
  get remaining(): number {
    return (this.#deadline ?? Infinity) - this.now
  }

  /** What the circuit hears of an attempt that ended and was neither answered nor refused: it may have hung. */
  ended({ began, isProbe, verdict, way }: Admitted): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      const { ask: { family, total }, shared: { pace } } = this
      const hung = isProbe
        ? pace.tells(this.kind(way), now - began, total)
        : pace.hangs(way.circuit(family), began, now, total)
      verdict(hung ? CircuitBreaker.failure() : CircuitBreaker.ignored)
    })
  }

  /** What paces are compared within: the model and the kind of call. */
  kind({ model }: Way): string {
    return `${this.ask.method} ${model}`
  }

  /** Tells the circuit that the attempt succeeded. */
  succeeded(): Effect.Effect<void> {
    return Effect.map(Clock.currentTimeMillis, (now) => {
      if (this.#current === undefined) return
      const { began, verdict, way } = this.#current
      way.member.isKeyRefused = false
      verdict(CircuitBreaker.success)
      this.shared.pace.answered(way.circuit(this.ask.family), this.kind(way), began, now)
      this.shared.refusals.answered(this.#site(way))
      const { ask: { sticky }, shared: { table } } = this
      if (sticky === undefined) return
      const home = table.owners.get(stickyKey(sticky))
      if (home === undefined || !table.isBeside(way.member, home)) {
        table.owners.set(stickyKey(sticky), way.member.name)
      }
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
    if (own === undefined || Failures.isOutage(error)) this.#dead.add(way)
    this.#failures.set(way, (this.#failures.get(way) ?? 0) + 1)
    this.#notBefore.set(way, own === undefined ? Infinity : this.now + own)
    // Whoever named somebody else to answer waits for no circuit.
    if (this.hasFallback && this.#found.every(({ circuit }) => circuit.retryIn > 0)) return
    // Nobody waits until a refused key is looked at again.
    const delay = Math.min(
      ...this.#found.filter(({ refusal }) => refusal === undefined).map((found) =>
        Math.max(found.circuit.retryIn, (this.#notBefore.get(found.way) ?? this.now) - this.now)
      )
    )
    return delay < remaining ? delay : undefined
  }

  /** Whether another way may be free of this failure. */
  #isElsewhere(way: Way, error: GeminiError): boolean {
    if (isModelMissing(error.reason) && !this.ask.isHeld) {
      const mayHave = (other: Way) =>
        other.model === way.model && other !== way && this.#notBefore.get(other) !== Infinity &&
        this.shared.refusals.hasModel(this.#site(other), this.now)
      if (this.ask.ways.some(mayHave)) return true
    }
    return Failures.helpsMember(error) || way.model !== this.ask.model && Failures.helpsModel(error)
  }

  #admitted(scope: Scope.Scope): Effect.Effect<Admitted, GeminiError> {
    return Effect.flatMap(admit(this, scope), (admitted) => {
      this.#current = admitted
      admitted.way.member.calls++
      const observe = this.ask.options?.observe
      if (observe === undefined) return Effect.succeed(admitted)
      const { member, model } = admitted.way
      const candidates = this.#found.map(choiceOf)
      return Effect.as(observe({ _tag: "Chosen", member: member.name, model, candidates }), admitted)
    })
  }
}
