/**
 * When each way to the server was free in a run of the quota model: it had met no trouble that may still keep calls from
 * it, and its lane had room for everybody who wanted it. Where that is so and somebody waits, a lane is idle.
 */
import * as DateTime from "effect/DateTime"
import type { Violation } from "./QuotaJudge.ts"
import type { End, History } from "./QuotaPlay.ts"
import { asked, type Call, type Model, other } from "./QuotaProgram.ts"
import { asksFor, type Hit } from "./QuotaServer.ts"

const minute = 60_000

/** What a client counts by: the window with its guard. */
const span = minute + 60

interface Span {
  readonly from: number
  readonly to: number
}

interface Want extends Span {
  readonly end: End
}

interface Lane {
  readonly project: number
  readonly model: Model
}

const models = [asked, other] as const

const holds = (spans: ReadonlyArray<Span> | undefined, at: number): boolean =>
  spans?.some(({ from, to }) => from <= at && at < to) === true

const midnightAfter = (wall: number): number => {
  const zoned = DateTime.makeZonedUnsafe(wall, { timeZone: "America/Los_Angeles" })
  return DateTime.toEpochMillis(DateTime.startOf(DateTime.add(DateTime.startOf(zoned, "day"), { hours: 30 }), "day"))
}

const wayOf = (member: number, model: Model): string => `${member} ${model}`
const laneOf = ({ model, project }: Lane): string => `${project} ${model}`

export class Health {
  readonly #history: History
  readonly #lanes: ReadonlyArray<Lane>
  readonly #hits: ReadonlyMap<string, ReadonlyArray<Hit>>
  readonly #calls: ReadonlyMap<number, Call>
  readonly #troubles = new Map<string, Array<Span>>()
  readonly #wants: ReadonlyArray<Want>
  readonly #midnights: ReadonlyArray<number>
  readonly #points: ReadonlyArray<number>
  /** How much more a token may be counted as than it was estimated, once that is learned. */
  readonly #ratio: number

  constructor(history: History) {
    this.#history = history
    const { calls, ends, hits, program } = history
    this.#calls = new Map(calls.map((call) => [call.id, call]))
    this.#lanes = [...new Set(program.members)].flatMap((project) => models.map((model) => ({ project, model })))
    this.#hits = Map.groupBy(hits, laneOf)
    this.#ratio = calls.every(({ estimate, input }) => estimate === input) ? 1 : 3
    this.#wants = ends.flatMap((end) => {
      const own = hits.filter(({ call }) => call === end.call.id)
      return end.wanted.map((from) => ({ end, from, to: own.find(({ sentAt }) => sentAt >= from)?.sentAt ?? end.at }))
    }).filter(({ from, to }) => from < to).toSorted((a, b) => a.from - b.from)
    const last = Math.max(0, ...ends.map(({ at }) => at))
    const midnights: Array<number> = []
    for (let at = 0; at <= last;) midnights.push(at = midnightAfter(program.start + at) - program.start)
    this.#midnights = midnights
    for (const hit of hits) this.#trouble(hit)
    for (const { at, by } of program.jumps) {
      // What is in the window when the clock is set back stays there longer: how old it is the lane finds out only with
      // its next step, which may be the alarm for who waits first.
      for (const lane of by < 0 ? this.#lanes : []) {
        const next = this.#wants.find(({ end, from }) => from >= at && this.#waysOf(end, lane).length > 0)?.from ?? at
        this.#add(laneOf(lane), at, Math.max(at + 2 * span, next + span))
      }
    }
    for (const { from, until } of program.redis?.troubles ?? []) {
      // What may have been taken without a word stays in the window.
      for (const lane of this.#lanes) this.#add(laneOf(lane), from, until + 6_000 + 2 * span)
    }
    this.#points = [
      ...new Set([
        ...this.#wants.flatMap(({ from, to }) => [from, to]),
        ...hits.flatMap(({ countedAt, endedAt, sentAt }) => [
          sentAt,
          sentAt + span,
          endedAt,
          countedAt,
          countedAt + span
        ]),
        ...midnights.flatMap((at) => [at - 60, at]),
        ...[...this.#troubles.values()].flat().flatMap(({ from, to }) => [from, to])
      ])
    ].filter((at) => at < Infinity).toSorted((a, b) => a - b)
  }

  #add(key: string, from: number, to: number): void {
    const spans = this.#troubles.get(key) ?? []
    this.#troubles.set(key, spans)
    spans.push({ from, to })
  }

  /** For how long a request says something against its way, or its lane. */
  #trouble(hit: Hit): void {
    const { fault, member, model, project, sentAt } = hit
    const { program } = this.#history
    if (typeof fault === "object") {
      const { refused } = fault
      const until = sentAt + minute + 1_000 * (asksFor[refused] ?? 0) + 5_000
      const midnight = (this.#midnights.find((at) => at > sentAt) ?? Infinity) +
        (program.jumps.length > 0 ? 50 * 3_600_000 : 10 * minute)
      this.#add(laneOf({ project, model }), sentAt, refused === "day" ? midnight : until)
      // A limit that was learned rises again in twenty windows at most.
      if (refused === "lower") this.#add(laneOf({ project, model }), sentAt, until + 21 * span)
      if (refused === "otherMinute" || refused === "otherDay") {
        const away: Lane = { project, model: model === asked ? other : asked }
        // The calls that went there instead stay in its window.
        const isOfDay = refused === "otherDay" || program.limits[away.model].rpd < Infinity
        this.#add(laneOf(away), sentAt, isOfDay ? midnight : until + 2 * minute + span)
        this.#add(laneOf({ project, model }), sentAt, until + minute)
      }
      return
    }
    const isSlow = hit.endedAt - sentAt > (hit.isWhole ? 10_000 : 1_000)
    if (fault === undefined && !isSlow || fault === "noUsage" || fault === "broken") return
    // Until somebody was answered again: then the circuit is closed, and the key is good. Each process has circuits of
    // its own.
    const processOf = (call: number) => call >= 1_000 ? 0 : call % (program.redis?.processes ?? 1)
    const answered = (model: Model) =>
      this.#history.hits.find((later) =>
        processOf(later.call) === processOf(hit.call) && later.member === member && later.model === model &&
        later.sentAt >= hit.endedAt && later.fault === undefined &&
        later.isWhole
      )?.endedAt ?? Infinity
    if (fault === "401") { for (const each of models) this.#add(wayOf(member, each), sentAt, answered(each)) }
    else this.#add(wayOf(member, model), sentAt, answered(model))
  }

  /** The lanes where a call may go, and the members through whom. */
  #waysOf({ call, named }: Pick<End, "call" | "named">, { model, project }: Lane): ReadonlyArray<number> {
    const { hasFallback, members } = this.#history.program
    const target = call.model === other ? other : asked
    const isOne = target === model || (hasFallback && call.model === asked)
    return isOne ? [...members.keys()].filter((i) => members[i] === project && (named ?? i) === i) : []
  }

  /** Whether nothing is in the way of a call but quota. */
  #isClean(end: Pick<End, "call" | "named">, lane: Lane, at: number): boolean {
    // Where it has failed itself a call does not go while it may still go elsewhere.
    const hasFailed = (member: number) =>
      this.#hits.get(laneOf(lane))?.some((hit) =>
        hit.call === end.call.id && hit.member === member && hit.endedAt <= at && !hit.isWhole
      ) === true
    return !holds(this.#troubles.get(laneOf(lane)), at) &&
      this.#waysOf(end, lane).some((member) =>
        !holds(this.#troubles.get(wayOf(member, lane.model)), at) && !hasFailed(member)
      )
  }

  #hasRoom(call: Call, lane: Lane, at: number): boolean {
    const { program } = this.#history
    const { concurrency, rpd, rpm, tpm } = program.limits[lane.model]
    const sent = (this.#hits.get(laneOf(lane)) ?? []).filter(({ sentAt }) => sentAt <= at)
    const within = sent.filter(({ sentAt }) => sentAt > at - span)
    const midnight = this.#midnights.findLast((midnight) => midnight <= at) ?? -Infinity
    const sizeOf = ({ estimate, input }: Call) => Math.max(estimate, input) * this.#ratio
    const tokens = sent.reduce((total, hit) => {
      const own = this.#calls.get(hit.call)
      if (own === undefined) return total
      // What was counted after its window has passed is owed from then on.
      const isOwed = hit.countedAt - hit.sentAt >= span && hit.countedAt <= at && hit.countedAt > at - span
      return total + (hit.sentAt > at - span || isOwed ? sizeOf(own) : 0)
    }, 0)
    return within.length < rpm &&
      (tokens + sizeOf(call) <= tpm || call.estimate > tpm && tokens === 0) &&
      sent.filter(({ sentAt }) => sentAt >= midnight - 60).length < rpd &&
      sent.filter(({ endedAt }) => endedAt > at).length < concurrency
  }

  /** Those who want the lane at a time. */
  #wanting(lane: Lane, at: number): ReadonlyArray<End> {
    return this.#wants.filter(({ end, from, to }) => from <= at && at < to && this.#waysOf(end, lane).length > 0)
      .map(({ end }) => end)
  }

  #isFree(wanting: ReadonlyArray<End>, lane: Lane, at: number): boolean {
    const { program } = this.#history
    const isUnsure = program.jumps.length > 0 || (program.redis?.troubles.length ?? 0) > 0
    if (isUnsure && program.limits[lane.model].rpd < Infinity) return false
    return wanting.every((end) =>
      // Who waits for a budget does not wait for the lane.
      !(program.budget !== undefined && end.call.waitsForQuota) &&
      this.#isClean(end, lane, at) && this.#hasRoom(end.call, lane, at)
    )
  }

  /** Where somebody waits though everybody who waits had room. */
  *idle(): Generator<Violation> {
    let waited = 0
    let wasted = 0
    let says = ""
    for (const [i, at] of this.#points.entries()) {
      const length = (this.#points[i + 1] ?? at) - at
      for (const lane of length > 0 ? this.#lanes : []) {
        const wanting = this.#wanting(lane, at)
        if (wanting.length === 0) continue
        waited += length
        if (!this.#isFree(wanting, lane, at)) continue
        wasted += length
        says ||= `${laneOf(lane)} was idle from ${at} for ${length} ms, and ${
          wanting.map(({ call }) => call.id)
        } waited`
      }
    }
    // Processes that share a lane ask for it one after the other, and for concurrency ten times a second.
    const isLittle = this.#history.program.redis === undefined ? wasted <= 10 : wasted <= 1_000 + waited / 20
    if (!isLittle) yield { rule: "work-conserving", says: `${wasted} of ${waited} ms; ${says}` }
  }

  /** Whether one way was free for a call from its beginning to its end. */
  couldAnswer(end: End): boolean {
    const { at, call } = end
    const points = [call.at, ...this.#points.filter((point) => point > call.at && point < at), at]
    return this.#lanes.some((lane) => {
      const target = call.model === other ? other : asked
      if (lane.model !== target || this.#waysOf(end, lane).length === 0) return false
      return points.every((point) => {
        const wanting = this.#wanting(lane, point)
        return this.#isFree(wanting.includes(end) ? wanting : [...wanting, end], lane, point)
      })
    })
  }
}
