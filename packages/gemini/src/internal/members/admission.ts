/** From a call to its permit: the first candidate that admits it now, or else a place in the room until one does. */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Scope from "effect/Scope"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type { HealthReport } from "./circuit.ts"
import type { Found } from "./Found.ts"
import type { Route } from "./Route.ts"
import { WaitingPlace } from "./WaitingRoom.ts"
import type { Way } from "./Way.ts"

/** The right to make one attempt at a member, and where to say how it went. */
export interface Admitted {
  readonly way: Way
  readonly permit: RateLimiter.Permit
  readonly verdict: HealthReport
  /** Whether the circuit let it through to find out how the member is. */
  readonly isProbe: boolean
  /** When it began, in milliseconds of the Clock. */
  readonly began: number
}

/**
 * Sleeps for a millisecond at least, because a clock takes a fraction of one for nothing, and the wait would be
 * repeated again and again.
 */
const moment = (millis: number): Effect.Effect<void> => Effect.sleep(Math.max(1, millis))

type Permitted = Omit<Admitted, "verdict" | "began">

const failure = (
  { ask }: Route,
  reason: Reason.GeminiErrorReason,
  retryIn: number = Infinity
): GeminiError =>
  new GeminiError({
    method: ask.method,
    model: ask.model,
    attempts: [],
    reason,
    ...(retryIn < Infinity ? { retryAfter: Duration.millis(retryIn) } : {})
  })

/**
 * Whether the caller's own budget refused the call, which it would do at any member, unless the call waits until it
 * opens again.
 */
const isOwn = ({ reason, retryAfter }: GeminiError, { ask: { options } }: Route): boolean =>
  reason._tag === "Unpriced" ||
  (reason._tag === "QuotaExhausted" && reason.budget !== undefined &&
    (retryAfter === undefined || options?.whenExhausted !== "wait"))

const acquire = (
  route: Route,
  { circuit, way }: Found,
  scope: Scope.Scope,
  maxWait: number | undefined
): Effect.Effect<Permitted, GeminiError> => {
  const { ask, shared } = route
  return Effect.map(
    // How long the call waits, and how many calls may, is decided by the room.
    Scope.provide(
      shared.limiter.acquire({
        ...way.lane(ask.family).admission(ask.method, route.estimate ?? 0, ask.options),
        asks: ask.asks?.(way),
        maxWait,
        maxQueue: undefined,
        onWait: undefined
      }),
      scope
    ),
    (permit) => ({ way, permit, isProbe: circuit.state !== "closed" })
  )
}

/** Enters the circuit, if it still lets calls through. */
const enter = (
  route: Route,
  permitted: Permitted,
  scope: Scope.Scope
): Effect.Effect<Admitted | undefined> =>
  Effect.gen(function*() {
    const { permit, way } = permitted
    const verdict = yield* route.shared.circuits.enter(way.circuit(route.ask.family))
    const began = yield* Clock.currentTimeMillis
    if (verdict === undefined || !route.looksAgain(way, began)) {
      verdict?.(CircuitBreaker.ignored)
      yield* permit.cancel
      return yield* Effect.as(route.rejected(way), undefined)
    }
    const admitted: Admitted = { ...permitted, verdict, began }
    if (admitted.isProbe) route.shared.turns.began(way.circuit(route.ask.family), began)
    yield* Scope.addFinalizer(scope, route.ended(admitted))
    return admitted
  }).pipe(Effect.uninterruptible)

/** Takes a permit of the first that gives one, among those that have room now. */
const now = Effect.fnUntraced(function*(
  route: Route,
  open: ReadonlyArray<Found>,
  scope: Scope.Scope,
  isLast: boolean
): Effect.fn.Return<Admitted | undefined, GeminiError> {
  let refusal: GeminiError | undefined
  for (const found of open) {
    if (found.headroom.admitsIn > 0 && !isLast) break
    const inner = Scope.forkUnsafe(scope)
    const permitted = yield* Effect.exit(acquire(route, found, inner, 0))
    if (Exit.isSuccess(permitted)) {
      const admitted = yield* enter(route, permitted.value, inner)
      if (admitted !== undefined) return admitted
    } else {
      for (const reason of permitted.cause.reasons) {
        if (reason._tag !== "Fail" || isOwn(reason.error, route)) return yield* Effect.failCause(permitted.cause)
        if (refusal === undefined || wait(reason.error) < wait(refusal)) refusal = reason.error
      }
    }
    yield* Scope.close(inner, Exit.void)
  }
  return isLast && refusal !== undefined ? yield* refusal : undefined
})

const wait = ({ retryAfter }: GeminiError): number =>
  retryAfter === undefined ? Infinity : Duration.toMillis(retryAfter)

const distinctLanes = (open: ReadonlyArray<Found>): ReadonlyArray<Found> => {
  const lanes = new Set<string>()
  return open.filter(({ terms: { lane } }) => {
    const key = `${lane.project}\n${lane.location}\n${lane.quotaModel}`
    if (lanes.has(key)) return false
    lanes.add(key)
    return true
  })
}

/**
 * Waits in every lane at once. `undefined` means that something changed and the call should look again. It fails if no
 * lane lets the call wait and there is nothing else to wait for.
 */
const race = (
  route: Route,
  open: ReadonlyArray<Found>,
  scope: Scope.Scope,
  place: WaitingPlace,
  lookIn: number,
  isAll: boolean
): Effect.Effect<Permitted | undefined, GeminiError> =>
  Effect.suspend(() => {
    let won: Permitted | undefined
    let refusal: GeminiError | undefined
    let refused = 0
    const lanes = distinctLanes(open)
    const branch = (found: Found): Effect.Effect<void, GeminiError> =>
      Effect.uninterruptibleMask((restore) => {
        if (won !== undefined) return Effect.void
        const inner = Scope.forkUnsafe(scope)
        return Effect.flatMap(Effect.exit(restore(acquire(route, found, inner, undefined))), (exit) => {
          if (Exit.isSuccess(exit)) {
            if (won === undefined) {
              won = exit.value
              return Effect.void
            }
            // Two lanes gave a permit at once. The one that is not needed was never sent.
            return Effect.andThen(exit.value.permit.cancel, Scope.close(inner, exit))
          }
          for (const reason of exit.cause.reasons) {
            if (reason._tag === "Fail" && isOwn(reason.error, route)) {
              return Effect.andThen(Scope.close(inner, exit), Effect.fail(reason.error))
            }
            if (reason._tag === "Fail" && (refusal === undefined || wait(reason.error) < wait(refusal))) {
              refusal = reason.error
            }
          }
          const isLast = ++refused === lanes.length && isAll
          const opensIn = Math.min(
            ...exit.cause.reasons.map((reason) => reason._tag === "Fail" ? wait(reason.error) : Infinity)
          )
          // A lane that is spent opens again, perhaps before any other lets the call go.
          return Effect.andThen(
            Scope.close(inner, exit),
            isLast && refusal !== undefined ? Effect.fail(refusal) : restore(moment(opensIn))
          )
        })
      })
    return Effect.raceAllFirst([
      ...lanes.map(branch),
      place.signal.next,
      ...(lookIn < Infinity ? [moment(lookIn)] : [])
    ]).pipe(
      Effect.map(() => won),
      Effect.onInterrupt(() => won?.permit.cancel ?? Effect.void)
    )
  })

/** The error of a call for which there is no key. Nobody waits until one is looked at again. */
const keysRefused = (route: Route, all: ReadonlyArray<Found>, opensIn: number): GeminiError => {
  const names = [...new Set(all.map(({ way }) => way.member.name))].join(", ")
  const description = `the key of every member was refused (${names}), so nothing was sent; one call looks again in ` +
    `${Math.ceil(opensIn / 1_000)} s, or after Members.readmit`
  return failure(route, new Reason.Unauthenticated({ description }), opensIn)
}

/**
 * Waits until a way opens, if that is soon enough for the call and nobody else can answer it meanwhile. All of them are
 * closed, by circuits or by what this call met.
 */
const untilOpen = Effect.fnUntraced(function*(
  route: Route,
  all: ReadonlyArray<Found>,
  place: WaitingPlace,
  left: number
): Effect.fn.Return<void, GeminiError> {
  const opensIn = Math.min(...all.map((found) => found.opensIn))
  if (all.every(({ refusal }) => refusal === "key")) return yield* keysRefused(route, all, opensIn)
  const isTooLong = opensIn > Math.min(left, route.patience) || opensIn >= route.remaining
  if (isTooLong || route.hasFallback && all.every(({ circuit }) => circuit.retryIn > 0)) {
    const names = [...new Set(all.map(({ way }) => way.member.name))].join(", ")
    const description =
      `no member answers for ${route.ask.model} now (${names}): their circuits are open, or their servers want no calls`
    // A call may have too little time left for a circuit that opens soon.
    const retryIn = all.map(({ circuit, opensIn }) => opensIn < Infinity ? opensIn : circuit.retryIn || Infinity)
    return yield* failure(route, new Reason.Overloaded({ description }), Math.min(...retryIn))
  }
  yield* Effect.raceFirst(place.signal.next, moment(opensIn))
  route.patience -= (yield* Clock.currentTimeMillis) - route.now
})

const tooLate = (route: Route, all: ReadonlyArray<Found>, maxWait: number): GeminiError => {
  const description = `no member gave a permit for ${route.ask.model} within ${maxWait} ms (maxWait)`
  return failure(
    route,
    new Reason.RateLimited({ description, violations: [] }),
    Math.min(...all.map(({ headroom, opensIn }) => Math.max(opensIn, headroom.admitsIn)))
  )
}

const loop = Effect.fnUntraced(function*(
  route: Route,
  scope: Scope.Scope,
  place: WaitingPlace
): Effect.fn.Return<Admitted, GeminiError> {
  const { ask, shared: { onWait, room } } = route
  const maxWait = ask.options?.maxWait === undefined
    ? Infinity
    : Duration.toMillis(Duration.fromInputUnsafe(ask.options.maxWait))
  let until: number | undefined
  const first = yield* route.first
  const taken = first === undefined ? undefined : yield* now(route, [first], scope, false)
  if (taken !== undefined) return taken
  while (true) {
    const all = yield* route.look
    const left = (until ??= route.now + maxWait) - route.now
    const open = all.filter(({ opensIn }) => opensIn <= 0)
    if (open.length === 0) {
      yield* untilOpen(route, all, place, left)
      continue
    }
    const isTurn = room.size === 0 || room.isHead(place)
    if (isTurn) {
      const admitted = yield* now(route, open, scope, maxWait <= 0)
      if (admitted !== undefined) return admitted
    }
    if (left <= 0) return yield* tooLate(route, all, maxWait)
    if (!room.has(place)) {
      const limit = ask.options?.maxQueue ?? Infinity
      if (room.size >= limit) return yield* failure(route, new Reason.LimiterFull({ waiting: room.size, limit }))
      room.enter(place)
      const [first] = open
      if (first !== undefined) {
        const { headroom: { admitsIn }, terms: { lane } } = first
        const waiting = { lane, until: admitsIn < Infinity ? route.now + admitsIn : undefined }
        const observe = ask.options?.observe
        yield* observe === undefined ? onWait?.(waiting) ?? Effect.void : observe({ _tag: "Waiting", ...waiting })
      }
    }
    if (!room.isHead(place)) {
      yield* left < Infinity ? Effect.raceFirst(place.signal.next, moment(left)) : place.signal.next
      continue
    }
    const reopens = Math.min(...all.map(({ opensIn }) => opensIn > 0 ? opensIn : Infinity))
    const inner = Scope.forkUnsafe(scope)
    const permitted = yield* race(route, open, inner, place, Math.min(left, reopens), reopens > route.patience)
    const admitted = permitted === undefined ? undefined : yield* enter(route, permitted, inner)
    if (admitted !== undefined) return admitted
    yield* Scope.close(inner, Exit.void)
  }
})

/** Gives a permit of the first way that admits the call. What it holds ends with the scope. */
export const admit = (route: Route, scope: Scope.Scope): Effect.Effect<Admitted, GeminiError> =>
  Effect.suspend(() => {
    const { ask, shared: { circuits, room } } = route
    const place = new WaitingPlace(ask.caller, ask.options?.priority === "batch")
    circuits.watchers.add(place.signal)
    return Effect.onExit(loop(route, scope, place), (exit) =>
      Effect.sync(() => {
        circuits.watchers.delete(place.signal)
        if (Exit.isSuccess(exit)) room.admit(place)
        else room.leave(place)
      }))
  })
