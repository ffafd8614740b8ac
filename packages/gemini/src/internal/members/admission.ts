/**
 * From a call that wants to go to the permit that lets it: the first candidate that admits
 * it now, else a place in the room until one does.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as CircuitBreaker from "effect/persistence/CircuitBreaker"
import * as Scope from "effect/Scope"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import type { Verdict } from "./circuit.ts"
import { Place } from "./Room.ts"
import type { Found, Route } from "./Route.ts"
import type { Way } from "./Way.ts"

/** The right to make one attempt at a member, and where to say how it went. */
export interface Admitted {
  readonly way: Way
  readonly permit: RateLimiter.Permit
  readonly verdict: Verdict
}

/** A millisecond at least: a fraction of one is no time to a clock, and would be waited for again and again. */
const moment = (millis: number): Effect.Effect<void> => Effect.sleep(Math.max(1, millis))

type Permitted = Omit<Admitted, "verdict">

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

/** What is refused by the caller's own budget, at whatever member, unless it waits for the next period. */
const isOwn = ({ reason }: GeminiError, { ask: { options } }: Route): boolean =>
  reason._tag === "Unpriced" ||
  (reason._tag === "QuotaExhausted" && reason.budget !== undefined &&
    (reason.resetAt === undefined || options?.whenExhausted !== "wait"))

const acquire = (
  { ask, shared }: Route,
  { admission, way }: Found,
  scope: Scope.Scope,
  maxWait: number | undefined
): Effect.Effect<Permitted, GeminiError> =>
  Effect.map(
    // How long it waits, and how many may, is the room's business.
    Scope.provide(
      shared.limiter.acquire({
        ...admission,
        asks: ask.asks?.(way),
        maxWait,
        maxQueue: undefined,
        onWait: undefined
      }),
      scope
    ),
    (permit) => ({ way, permit })
  )

/** Through the circuit, if it still lets calls through. */
const enter = (
  route: Route,
  { permit, way }: Permitted,
  scope: Scope.Scope
): Effect.Effect<Admitted | undefined> =>
  Effect.flatMap(route.shared.circuits.enter(way.circuit(route.ask.family)), (verdict) =>
    verdict === undefined
      ? Effect.as(Effect.andThen(permit.cancel, route.rejected(way)), undefined)
      : Effect.as(
        Scope.addFinalizer(scope, Effect.sync(() => verdict(CircuitBreaker.ignored))),
        { way, permit, verdict }
      )).pipe(Effect.uninterruptible)

/** Of those that have room now, the first that gives a permit. */
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
  return open.filter(({ admission: { lane } }) => {
    const key = `${lane.project}\n${lane.location}\n${lane.quotaModel}`
    if (lanes.has(key)) return false
    lanes.add(key)
    return true
  })
}

/**
 * Waits in every lane at once. `undefined`: look again, something changed. Fails where no
 * lane lets the call wait and these are all that there is to wait for.
 */
const race = (
  route: Route,
  open: ReadonlyArray<Found>,
  scope: Scope.Scope,
  place: Place,
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
            // Two gave one at once: what is not needed was never sent.
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
          return Effect.andThen(
            Scope.close(inner, exit),
            isLast && refusal !== undefined ? Effect.fail(refusal) : restore(Effect.never)
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

/** Every way is closed, by circuits or by what this call met: until one opens, if that is soon enough. */
const untilOpen = Effect.fnUntraced(function*(
  route: Route,
  all: ReadonlyArray<Found>,
  place: Place,
  left: number
): Effect.fn.Return<void, GeminiError> {
  const opensIn = Math.min(...all.map((found) => found.opensIn))
  if (opensIn > Math.min(left, route.patience)) {
    const names = [...new Set(all.map(({ way }) => way.member.name))].join(", ")
    const description = `no member answers for ${route.ask.model} now (${names}): their circuits are open`
    return yield* failure(route, new Reason.Overloaded({ description }), opensIn)
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
  place: Place
): Effect.fn.Return<Admitted, GeminiError> {
  const { ask, shared: { room } } = route
  const maxWait = ask.options?.maxWait === undefined
    ? Infinity
    : Duration.toMillis(Duration.fromInputUnsafe(ask.options.maxWait))
  let until: number | undefined
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
      if (ask.options?.observe !== undefined && first !== undefined) {
        const { admission: { lane }, headroom: { admitsIn } } = first
        const until = admitsIn < Infinity ? route.now + admitsIn : undefined
        yield* ask.options.observe({ _tag: "Waiting", lane, until })
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

/** A permit of the first way that admits the call; what it holds ends with the scope. */
export const admit = (route: Route, scope: Scope.Scope): Effect.Effect<Admitted, GeminiError> =>
  Effect.suspend(() => {
    const { ask, shared: { circuits, room } } = route
    const place = new Place(ask.caller, ask.options?.priority === "batch")
    circuits.watchers.add(place.signal)
    return Effect.onExit(loop(route, scope, place), (exit) =>
      Effect.sync(() => {
        circuits.watchers.delete(place.signal)
        if (Exit.isSuccess(exit)) room.admit(place)
        else room.leave(place)
      }))
  })
