/**
 * What happens in one run of the quota model, as data: who is asked, what is asked of them, what goes wrong. It is made
 * from a seed, and made smaller when it fails.
 */
import type * as Tier from "effect-gemini/limits/Tier"

export const asked = "gemini-3.8-flash"
export const other = "gemini-2.5-flash"
export const alias = "gemini-flash-latest"
export type Model = typeof asked | typeof other

export interface Call {
  readonly id: number
  /** Milliseconds since the beginning, as all times here. */
  readonly at: number
  readonly model: Model | typeof alias
  /** Input tokens: as a rule of four letters counts them, and as the server does. */
  readonly estimate: number
  readonly input: number
  readonly output: number
  /** How long the server takes for the answer. */
  readonly takes: number
  readonly isStream: boolean
  /** After how long its caller goes away. */
  readonly leavesAfter: number | undefined
  /** Whether its caller has enough of a stream after the first chunk. */
  readonly isLeftEarly: boolean
  readonly total: number | undefined
  readonly maxWait: number | undefined
  readonly isBatch: boolean
  readonly waitsForQuota: boolean
}

/** What a 429 says. */
export type Refused =
  | "nothing"
  | "retryInfo"
  | "hour"
  | "minute"
  | "lower"
  | "inputTokens"
  | "outputTokens"
  | "day"
  | "otherMinute"
  | "otherDay"

export type FaultKind =
  | "503"
  | "500"
  | "reset"
  | "refuse"
  | "hang"
  | "slow"
  | "cut"
  | "noUsage"
  | "broken"
  | "401"
  | { readonly refused: Refused }

export interface Fault {
  readonly kind: FaultKind
  readonly from: number
  readonly until: number
  /** The member's place; undefined: all of them. */
  readonly member: number | undefined
  /** The share of the requests that it meets. */
  readonly share: number
}

/** What happens to the steps of a Redis on their way there or back. `afterwards`: they are done when nobody waits. */
export interface Trouble {
  readonly kind: "late" | "tooLate" | "unheard" | "unanswered" | "afterwards" | "gone"
  readonly from: number
  readonly until: number
  readonly share: number
}

/** Processes that share a Redis. */
export interface Shared {
  readonly processes: number
  readonly whenDown: "closed" | "open" | "local"
  readonly troubles: ReadonlyArray<Trouble>
}

export interface Program {
  readonly seed: number
  /** Milliseconds since the epoch. */
  readonly start: number
  /** The project of each member. With one member the client has none. */
  readonly members: ReadonlyArray<number>
  readonly limits: Readonly<Record<Model, Tier.Limits>>
  readonly hasFallback: boolean
  readonly budget: { readonly tokens: number; readonly outputTokens: number; readonly per: "day" | "total" } | undefined
  readonly firstByte: number | undefined
  /** How unequal the ways to the server are, in milliseconds: less than the guard. */
  readonly travel: number
  readonly calls: ReadonlyArray<Call>
  readonly faults: ReadonlyArray<Fault>
  readonly jumps: ReadonlyArray<{ readonly at: number; readonly by: number }>
  /** Undefined: all is counted in memory. */
  readonly redis: Shared | undefined
}

/** Numbers from a seed (mulberry32). */
export const dice = (seed: number) => {
  let state = seed | 0
  const next = (): number => {
    state = (state + 0x6d2b79f5) | 0
    let t = Math.imul(state ^ (state >>> 15), 1 | state)
    t = (t + Math.imul(t ^ (t >>> 7), 61 | t)) ^ t
    return ((t ^ (t >>> 14)) >>> 0) / 4294967296
  }
  const between = (least: number, most: number) => least + Math.floor(next() * (most - least + 1))
  return {
    next,
    between,
    chance: (share: number) => next() < share,
    of: <A>(first: A, ...rest: ReadonlyArray<A>): A => rest[between(0, rest.length) - 1] ?? first
  }
}

/** A number for what is drawn once and for all of some attempt, whatever came before it. */
export const draw = (...key: ReadonlyArray<number>): number =>
  dice(key.reduce((hash, part) => Math.imul(hash ^ part, 0x9e3779b1) + 1, 17)).next()

const minute = 60_000

/**
 * What is drawn only once it is mended: calls that wait in the lane of the model that a 429 named, and stay there when
 * their name has come back.
 */
const isMended = { waitingElsewhere: false }

/** Noon in California, and two minutes before midnight there: of a plain day, and of those of 23 and 25 hours. */
const starts = [
  Date.UTC(2026, 10, 28, 20),
  Date.UTC(2026, 10, 29, 7, 58),
  Date.UTC(2027, 2, 14, 7, 58),
  Date.UTC(2026, 10, 1, 6, 58)
] as const

export const make = (seed: number): Program => {
  const { between, chance, of } = dice(seed)
  const members = of<ReadonlyArray<number>>([0], [0], [0, 1], [0, 0], [0, 1, 2], [0, 0, 1])
  // A limit that was learned rises again in twenty minutes.
  const length = chance(0.12) ? between(25, 45) * minute : between(1, 8) * minute
  const isTight = chance(0.7)
  const tokens = of(50, 400, 2_000)
  const limits = (): Tier.Limits => ({
    rpm: isTight ? between(1, 12) : 1_000,
    tpm: chance(0.4) ? between(2, 8) * tokens : 10_000_000,
    rpd: chance(0.25) ? between(4, 30) : Infinity,
    concurrency: chance(0.4) ? between(1, 4) : Infinity
  })
  const hasBudget = chance(0.3)
  // An estimate that is wrong is corrected in the lane, and may overshoot a budget by what the documentation says.
  const isCounted = hasBudget || chance(0.5)
  const leaves = chance(0.4)
  const isBurst = chance(0.5)
  const hasAlias = chance(0.2)
  const onlyOne = chance(0.6)
  const start = of<number>(starts[0], ...starts)
  const isAtMidnight = start !== starts[0] && chance(0.4)
  const arrival = (): number => {
    if (isAtMidnight && chance(0.5)) return 2 * minute + between(-100, 100)
    if (isBurst && chance(0.6)) return between(0, 2) * 1_000
    return between(0, length)
  }
  const calls = Array.from({ length: between(8, 28) }, (_, id): Call => {
    const estimate = chance(0.03) ? between(2, 9) * tokens : between(1, tokens)
    const isStream = chance(0.35)
    return {
      id,
      at: arrival(),
      model: hasAlias && chance(0.3) ? alias : onlyOne || chance(0.7) ? asked : other,
      estimate,
      input: isCounted || chance(0.3) ? estimate : Math.max(1, Math.round(estimate * (0.3 + 1.4 * draw(seed, id, 1)))),
      output: between(1, 60),
      takes: chance(0.05) ? between(20, 90) * 1_000 : between(50, 4_000),
      isStream,
      leavesAfter: leaves && chance(0.2) ? (chance(0.5) ? between(1, 5_000) : between(1, 90_000)) : undefined,
      isLeftEarly: isStream && leaves && chance(0.3),
      total: chance(0.15) ? between(60, 200) * 1_000 : undefined,
      maxWait: chance(0.1) ? between(0, 90) * 1_000 : undefined,
      isBatch: chance(0.2),
      waitsForQuota: chance(0.4)
    }
  })
  const refused = (): FaultKind => ({
    refused: of<Refused>(
      "nothing",
      "retryInfo",
      "hour",
      "minute",
      "lower",
      "inputTokens",
      "outputTokens",
      "day",
      "otherMinute",
      ...(isMended.waitingElsewhere ? ["otherDay" as const] : [])
    )
  })
  const faults = chance(0.45) ? [] : Array.from({ length: between(1, 3) }, (): Fault => {
    const from = between(0, length)
    return {
      kind: chance(0.4)
        ? refused()
        : of<FaultKind>("503", "503", "500", "reset", "refuse", "hang", "slow", "cut", "noUsage", "broken", "401"),
      from,
      until: from + (chance(0.5) ? between(1, 20) * 1_000 : between(20, 200) * 1_000),
      member: members.length > 1 && chance(0.7) ? between(0, members.length - 1) : undefined,
      share: chance(0.5) ? 1 : 0.3
    }
  })
  const jumps = chance(0.75) ? [] : Array.from({ length: between(1, 2) }, () => ({
    at: between(1, length),
    by: (chance(0.6) ? -1 : 1) * of(between(1, 5_000), between(10_000, 120_000), 3_600_000, 90_000_000)
  }))
  return {
    seed,
    start,
    members,
    limits: { [asked]: limits(), [other]: limits() },
    hasFallback: members.length > 1 && chance(0.3),
    budget: hasBudget
      ? {
        tokens: between(2, 30) * (tokens + 60),
        outputTokens: chance(0.7) ? 60 : between(1, 60),
        per: of("total", "day")
      }
      : undefined,
    firstByte: faults.some(({ kind }) => kind === "hang") || chance(0.2) ? between(5, 20) * 1_000 : undefined,
    travel: of(0, 5, 40),
    calls,
    faults,
    jumps,
    redis: undefined
  }
}

/** The same for processes that share a Redis. */
export const makeShared = (seed: number): Program => {
  const { between, chance, of } = dice(seed ^ 0x5eed)
  const program = make(seed)
  const length = Math.max(...program.calls.map(({ at }) => at))
  const troubles = chance(0.25) ? [] : Array.from({ length: between(1, 3) }, (): Trouble => {
    const from = between(0, length)
    return {
      kind: of<Trouble["kind"]>("late", "tooLate", "unheard", "unanswered", "afterwards", "gone"),
      from,
      until: from + (chance(0.5) ? between(10, 3_000) : between(5_000, 60_000)),
      share: chance(0.5) ? 1 : 0.3
    }
  })
  return {
    ...program,
    // A day's budget ends by the clock of the machine that Redis runs on.
    budget: program.budget && { ...program.budget, per: "total" },
    redis: { processes: between(1, 2), whenDown: of<Shared["whenDown"]>("closed", "closed", "open", "local"), troubles }
  }
}

/** Programs that leave something out of this one, the largest cuts first. */
export function* smaller(program: Program): Generator<Program> {
  const without = <A>(list: ReadonlyArray<A>): ReadonlyArray<ReadonlyArray<A>> => {
    const cuts: Array<ReadonlyArray<A>> = []
    for (let size = Math.ceil(list.length / 2); size >= 1; size = size === 1 ? 0 : Math.ceil(size / 2)) {
      for (let from = 0; from < list.length; from += size) {
        cuts.push([...list.slice(0, from), ...list.slice(from + size)])
      }
    }
    return cuts
  }
  for (const faults of without(program.faults)) yield { ...program, faults }
  for (const jumps of without(program.jumps)) yield { ...program, jumps }
  const { redis } = program
  if (redis !== undefined) {
    for (const troubles of without(redis.troubles)) yield { ...program, redis: { ...redis, troubles } }
    if (redis.processes > 1) yield { ...program, redis: { ...redis, processes: 1 } }
  }
  if (program.members.length > 1) yield { ...program, members: [0], hasFallback: false }
  if (program.members.length > 2) yield { ...program, members: program.members.slice(0, 2) }
  if (program.hasFallback) yield { ...program, hasFallback: false }
  if (program.budget !== undefined) yield { ...program, budget: undefined }
  // Nothing else ends a call that hangs.
  if (program.firstByte !== undefined && program.faults.every(({ kind }) => kind !== "hang")) {
    yield { ...program, firstByte: undefined }
  }
  if (program.travel > 0) yield { ...program, travel: 0 }
  for (const calls of without(program.calls)) yield { ...program, calls }
  for (const model of [asked, other] as const) {
    const own = program.limits[model]
    const wide: Tier.Limits = { rpm: 1_000, tpm: 10_000_000, rpd: Infinity, concurrency: Infinity }
    for (const name of ["rpm", "tpm", "rpd", "concurrency"] as const) {
      if (own[name] >= wide[name]) continue
      yield { ...program, limits: { ...program.limits, [model]: { ...own, [name]: wide[name] } } }
    }
  }
  const plain: Partial<Call> = {
    isStream: false,
    leavesAfter: undefined,
    isLeftEarly: false,
    total: undefined,
    maxWait: undefined,
    isBatch: false,
    waitsForQuota: false
  }
  for (const [i, call] of program.calls.entries()) {
    for (const [name, value] of Object.entries({ ...plain, input: call.estimate, takes: 100 })) {
      const now: unknown = Reflect.get(call, name)
      if (now !== value) yield { ...program, calls: program.calls.with(i, { ...call, [name]: value }) }
    }
  }
}
