/**
 * What must hold in every run of the quota model, by what its server saw: the tier, the budget, the ends of calls. It is
 * written as slowly and plainly as possible, from the documentation alone.
 */
import * as DateTime from "effect/DateTime"
import { Health } from "./QuotaHealth.ts"
import type { End, History } from "./QuotaPlay.ts"
import { asked, type Call, type Model, other, type Program } from "./QuotaProgram.ts"
import { asksFor, type Hit } from "./QuotaServer.ts"

export interface Violation {
  readonly rule: string
  readonly says: string
}

export const minute = 60_000

export const pacificDate = (wall: number): string =>
  DateTime.formatIsoDate(DateTime.makeZonedUnsafe(wall, { timeZone: "America/Los_Angeles" }))

const sum = <A>(list: ReadonlyArray<A>, of: (item: A) => number): number =>
  list.reduce((total, item) => total + of(item), 0)

const callOf = ({ calls }: History, hit: Hit): Call => {
  const call = calls.find(({ id }) => id === hit.call)
  if (call === undefined) throw new Error(`nobody made call ${hit.call}`)
  return call
}

/** How often the clock was set forward within a span: each time what was counted before it may be forgotten. */
const leaps = ({ jumps }: Program, from: number, to: number): number =>
  jumps.filter(({ at, by }) => by > 0 && at > from && at <= to).length

/** Whether a Redis was in trouble within a span, and something of that may last. */
export const isTroubled = ({ redis }: Program, from: number, to: number): boolean =>
  redis?.troubles.some((trouble) => trouble.from <= to && trouble.until + 6_000 >= from) === true

/**
 * What is taken for a minute. Where the answers of a Redis are late, requests are sent later than they were counted, by
 * less than its timeout; where a budget is asked as well, which may be asked twice, by less than two more.
 */
const minuteOf = ({ budget, redis }: Program): number => {
  const isLate = redis?.troubles.some(({ kind }) => kind === "late") === true
  const isAskedAgain = budget !== undefined && (redis?.troubles.length ?? 0) > 0
  return minute - (isLate ? 1_000 : 0) - (isAskedAgain ? 2_100 : 0)
}

/** How many times the tier may be used within a span: a clock that was set forward forgets what it has counted. */
const timesOf = (program: Program, from: number, to: number): number => {
  const { redis } = program
  if (redis === undefined) return 1 + leaps(program, from, to)
  // What goes uncounted while Redis is away has no bound; each process by itself has its share.
  const wasAway = redis.troubles.some((trouble) => trouble.from <= to)
  return !wasAway || redis.whenDown === "closed" ? 1 : redis.whenDown === "local" ? 2 : Infinity
}

/** What a lane's server counts, against the tier. */
function* tier(history: History, lane: ReadonlyArray<Hit>, model: Model, name: string): Generator<Violation> {
  const { program } = history
  const { concurrency, rpd, rpm, tpm } = program.limits[model]
  const arrived = lane.flatMap((hit) => hit.arrivedAt === undefined ? [] : [{ hit, at: hit.arrivedAt }])
    .toSorted((a, b) => a.at - b.at)
  // A 429 that names another model says that the request was counted there, and so are the calls that follow it for a
  // while; where those were counted is the server's secret.
  const isSecret = (at: number) =>
    history.hits.some(({ fault, sentAt }) =>
      typeof fault === "object" && (fault.refused === "otherMinute" || fault.refused === "otherDay") &&
      sentAt <= at && at < sentAt + 4 * minute
    )
  for (const [i, { at, hit }] of arrived.entries()) {
    if (isSecret(at)) continue
    const within = arrived.slice(0, i).filter((other) => other.at > at - minuteOf(program))
    const times = timesOf(program, at - minute - 60, at)
    if (within.length + 1 > rpm * times) {
      yield { rule: "requests a minute", says: `${name}: ${within.length + 1} of ${rpm} in the minute before ${at}` }
    }
    // What was counted when this one was sent; else the least that can have been reserved.
    const known = sum(within, ({ hit: other }) => {
      const { estimate, input } = callOf(history, other)
      return other.countedAt < hit.sentAt ? input : Math.min(estimate, input)
    })
    const { estimate, input } = callOf(history, hit)
    const isOver = estimate > tpm ? known > 0 : known + Math.min(estimate, input) > tpm
    if (isOver && times === 1) {
      yield { rule: "tokens a minute", says: `${name}: ${known} + ${input} of ${tpm} in the minute before ${at}` }
    }
    const inFlight = arrived.slice(0, i).filter((other) => other.hit.endedAt > at).length
    // A lease that nobody could renew is over.
    if (inFlight + 1 > concurrency && !isTroubled(program, 0, at)) {
      yield { rule: "concurrency", says: `${name}: ${inFlight + 1} of ${concurrency} at ${at}` }
    }
  }
  // A clock that is wrong turns the day at another time than the server's.
  const turns = program.redis === undefined ? 1 + program.jumps.length : timesOf(program, 0, Infinity)
  for (const [date, hits] of Map.groupBy(arrived, ({ at }) => pacificDate(program.start + at))) {
    if (hits.length > rpd * turns && !hits.some(({ at }) => isSecret(at))) {
      yield { rule: "requests a day", says: `${name}: ${hits.length} of ${rpd} on ${date}` }
    }
  }
}

/** What an attempt is charged, at least and at most. */
const charge = (history: History, hit: Hit): readonly [least: number, most: number] => {
  const call = callOf(history, hit)
  const reserved = call.estimate + (history.program.budget?.outputTokens ?? 0)
  const cost = call.input + call.output
  const isRefused = hit.fault === "refuse" || (hit.status !== undefined && hit.status >= 400)
  if (isRefused) return [0, 0]
  // A caller that left as the last chunk came may have heard it or not.
  if (hit.isWhole) {
    return hit.countedAt === hit.endedAt || !call.isStream
      ? [cost, cost]
      : [cost, Math.max(cost, reserved)]
  }
  return [Math.max(reserved, hit.seen ?? 0), Math.max(reserved, cost)]
}

function* budget(history: History): Generator<Violation> {
  const { ends, hits, program } = history
  if (program.budget === undefined) return
  const { outputTokens, per, tokens } = program.budget
  if (per === "day" && program.jumps.length > 0) return
  const reservedOf = (hit: Hit) => callOf(history, hit).estimate + outputTokens
  const periodOf = (at: number) => per === "day" ? pacificDate(program.start + at) : ""
  // Where calls go uncounted while Redis is away, only the count behind them is whole.
  const isUncounted = program.redis?.whenDown === "open" && program.redis.troubles.length > 0
  for (const [i, hit] of isUncounted ? [] : hits.entries()) {
    const before = hits.slice(0, i).filter(({ sentAt }) => periodOf(sentAt) === periodOf(hit.sentAt))
    const known = sum(before, (other) => {
      const [least] = charge(history, other)
      return other.endedAt < hit.sentAt ? least : Math.min(least, reservedOf(other))
    })
    const { input, output } = callOf(history, hit)
    if (known + Math.min(reservedOf(hit), input + output) > tokens) {
      yield { rule: "budget", says: `call ${hit.call} was sent at ${hit.sentAt} with ${known} of ${tokens} used` }
    }
  }
  for (const { at, call, how } of ends) {
    if (typeof how === "string" || how.reason._tag !== "QuotaExhausted" || how.reason.budget === undefined) continue
    // An attempt of which Redis said nothing is counted until it is given back.
    if (isTroubled(program, 0, at)) continue
    const used = sum(hits.filter(({ sentAt }) => sentAt <= at && periodOf(sentAt) === periodOf(at)), (hit) => {
      const [, most] = charge(history, hit)
      return hit.endedAt < at ? most : Math.max(most, reservedOf(hit))
    })
    if (used + call.estimate + outputTokens <= tokens) {
      yield { rule: "budget said spent", says: `to call ${call.id} at ${at}, with ${used} of ${tokens} used` }
    }
  }
  const read = history.budget
  if (per !== "total" || read === undefined) return
  const asked = new Set(program.calls.map(({ id }) => id))
  const own = hits.filter(({ call }) => asked.has(call))
  const [least, most] = [0, 1].map((side) => sum(own, (hit) => charge(history, hit)[side] ?? 0))
  if (read.reserved.tokens !== 0 || read.tokens < (least ?? 0) || read.tokens > (most ?? 0)) {
    yield {
      rule: "budget reading",
      says: `${read.tokens} of which ${read.reserved.tokens} reserved, where ${least} to ${most} were used`
    }
  }
}

/** What ended a call without a question whether another way was better. */
const isJust = (history: History, { at, call, how }: End): boolean => {
  if (typeof how === "string") return true
  const { reason } = how
  if (reason._tag === "QuotaExhausted" && reason.budget !== undefined) return true
  // By the clock of a process that was set back, the day that a Redis found spent is not over yet.
  const { jumps, redis } = history.program
  if (reason._tag === "QuotaExhausted" && redis !== undefined && jumps.some(({ by }) => by < 0)) return true
  if (reason._tag === "LimiterUnavailable") return isTroubled(history.program, call.at, at)
  if (reason._tag === "InvalidResponse" || reason._tag === "StreamInterrupted") return true
  // The answer takes longer than anybody may be silent.
  const { firstByte = Infinity, travel } = history.program
  if ((call.isStream ? call.takes / 2 : call.takes) + travel >= firstByte) return true
  if (reason._tag === "TimedOut" && call.takes + travel >= (call.total ?? Infinity)) return true
  // The server was at work for it, slowly.
  return reason._tag === "TimedOut" &&
    history.hits.some((hit) => hit.call === call.id && (hit.fault === undefined || hit.fault === "slow"))
}

/** A server that asks to wait is left alone for so long, by all who share the lane. */
function* patience(history: History, lane: ReadonlyArray<Hit>, name: string): Generator<Violation> {
  const { program } = history
  if (program.jumps.length > 0 || (program.redis?.troubles.length ?? 0) > 0) return
  const isElsewhere = history.hits.some(({ fault }) => typeof fault === "object" && fault.refused.startsWith("other"))
  for (const { call, endedAt, fault, sentAt } of isElsewhere ? [] : lane) {
    if (typeof fault !== "object") continue
    // Whoever leaves as the refusal comes has not heard it.
    if (history.ends.some(({ at, call: { id }, how }) => id === call && how === "left" && at <= endedAt)) continue
    // One that says nothing asks for nothing. It is paused for a second, which begins with the first of those that were
    // under way together. A call that waits for concurrency goes in the moment in which the refused one ends.
    const isLater = fault.refused === "nothing" &&
      lane.some((other) =>
        other.call !== call && typeof other.fault === "object" && other.endedAt >= sentAt && other.endedAt <= endedAt
      )
    if (isLater) continue
    // Around midnight nobody knows which day was spent.
    const asked = Math.min(120, asksFor[fault.refused] ?? 1) * 1_000
    const early = lane.find((later) => later.sentAt > endedAt && later.sentAt < endedAt + asked - 1)
    const isMidnight = early !== undefined &&
      pacificDate(program.start + early.sentAt) !== pacificDate(program.start + sentAt)
    if (early !== undefined && !isMidnight) {
      yield {
        rule: "asked to wait",
        says: `${name}: call ${early.call} went at ${early.sentAt}, ${asked} ms after ${endedAt}`
      }
    }
  }
}

function* calls(history: History, health: Health): Generator<Violation> {
  const { defects, ends, hits, lost, program } = history
  for (const says of defects) yield { rule: "defect", says }
  for (const call of lost) yield { rule: "an end", says: `call ${call.id} of ${call.at} did not end` }
  const most = Math.max(3, program.members.length + (program.hasFallback ? 1 : 0))
  const { firstByte = Infinity } = program
  for (const { call, countedAt, endedAt, fault, sentAt } of hits) {
    // When one that is never counted began to answer is not written down.
    if (fault !== "noUsage" && Math.min(countedAt, endedAt) > sentAt + firstByte + 10) {
      yield { rule: "firstByte", says: `call ${call} was silent for ${endedAt - sentAt} of ${firstByte}` }
    }
  }
  for (const end of ends) {
    const { at, call, how } = end
    const told = typeof how === "string" ? how : `${how.reason._tag}: ${how.message}`
    const own = hits.filter((hit) => hit.call === call.id)
    if (own.length > most) yield { rule: "attempts", says: `${own.length} for call ${call.id}` }
    // What was reserved is given back before the call ends, which takes a Redis in trouble its timeout.
    const late = isTroubled(program, call.at, at) ? 1_010 : 10
    if (call.total !== undefined && at > call.at + call.total + late) {
      yield { rule: "total", says: `call ${call.id} took ${at - call.at} of ${call.total}` }
    }
    if (call.id >= 1_000) {
      if (!isJust(history, end)) yield { rule: "as good as new", says: `call ${call.id} at ${call.at}: ${told}` }
    } else if (!isJust(history, end) && health.couldAnswer(end)) {
      yield { rule: "an answer", says: `call ${call.id}, which came at ${call.at}, failed at ${at}: ${told}` }
    }
  }
}

/** All that is wrong with a run. */
export const judge = (history: History): ReadonlyArray<Violation> => {
  const { hits, lanes, program } = history
  const violations: Array<Violation> = []
  for (const project of new Set(program.members)) {
    for (const model of [asked, other] as const) {
      const lane = hits.filter((hit) => hit.project === project && hit.model === model)
      const name = `project ${project}, ${model}`
      violations.push(...tier(history, lane, model, name), ...patience(history, lane, name))
    }
  }
  const health = new Health(history)
  violations.push(...budget(history), ...calls(history, health), ...health.idle())
  for (const { lane, used, waiting } of lanes) {
    if (used.inFlight !== 0 || waiting !== 0) {
      violations.push({
        rule: "nothing left",
        says: `${used.inFlight} in flight, ${waiting} waiting in ${lane.quotaModel}`
      })
    }
  }
  return violations
}
