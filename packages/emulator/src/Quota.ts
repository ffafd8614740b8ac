/**
 * Quotas as the server keeps them: per project, region and model, an exact rolling minute for requests and input
 * tokens, and a day that ends at midnight Pacific time. A request is counted when it arrives; a request that is refused
 * is not counted.
 *
 * @since 0.1.0
 */
import * as GoogleError from "./GoogleError.ts"
import * as Table from "./internal/google/quotaTable.ts"

/**
 * The limits of one model. A field that is absent limits nothing.
 *
 * @category models
 * @since 0.1.0
 */
export interface Limits {
  /** Requests in any 60 seconds. */
  readonly rpm?: number | undefined
  /** Input tokens in any 60 seconds. */
  readonly tpm?: number | undefined
  /** Requests in a Pacific day. */
  readonly rpd?: number | undefined
}

/**
 * A usage tier of the Gemini API, whose published limits the emulator knows.
 *
 * @category models
 * @since 0.1.0
 */
export type Tier = "free" | "tier1" | "tier2" | "tier3"

/**
 * The published limits of a tier, or limits of your own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Quotas {
  /** The tier whose published limits hold, and after which a 429 names its quotas. Without it only `models` limits. */
  readonly tier?: Tier | undefined
  /** Limits by model (without `models/`), in place of the tier's; `*` stands for every model that is not named. */
  readonly models?: Readonly<Record<string, Limits>> | undefined
  /** How many Live sessions may be open at one time. Default: the tier's number. */
  readonly sessions?: number | undefined
  /** Quotas of single regions, in place of all the other fields. Every region is counted for itself anyway. */
  readonly regions?: Readonly<Record<string, Tier | Omit<Quotas, "regions">>> | undefined
}

/**
 * One request to be counted.
 *
 * @category models
 * @since 0.1.0
 */
export interface Charge {
  readonly project: string
  /** Default `global`. */
  readonly region?: string | undefined
  /** Without `models/`; an alias counts for the model behind it. */
  readonly model: string
  /** The family of methods; each family has its own quotas. */
  readonly family: "generate" | "embed" | "countTokens"
  readonly inputTokens: number
  /** Milliseconds since the epoch. */
  readonly time: number
}

/**
 * How much of a limit is used.
 *
 * @category models
 * @since 0.2.0
 */
export interface QuotaGauge {
  /** Requests or input tokens in the last 60 seconds, or requests in this Pacific day. */
  readonly kind: "rpm" | "tpm" | "rpd"
  readonly used: number
  readonly limit: number
  /** Milliseconds until there is room again; 0: there is room now. */
  readonly freeIn: number
  /** Milliseconds until nothing is used any more. */
  readonly emptyIn: number
}

/**
 * The limits of one model for the keys of one project in one region, and how much of each is used.
 *
 * @category models
 * @since 0.2.0
 */
export interface QuotaUse {
  readonly project: string
  readonly region: string
  readonly model: string
  readonly family: "generate" | "embed"
  readonly gauges: ReadonlyArray<QuotaGauge>
}

/**
 * The counts of all projects, regions and models, kept in memory.
 *
 * @category models
 * @since 0.1.0
 */
export interface Quota {
  /** Counts the request. If it exceeds a limit, it is not counted, and the refusal is returned. */
  readonly charge: (charge: Charge, quotas: Quotas) => GoogleError.Refusal | undefined
  /**
   * How much is used at a time: of each model that was asked for and has limits now, the newest first, a thousand of them
   * at most.
   */
  readonly uses: (
    quotasOf: (project: string, region: string) => Quotas | undefined,
    time: number
  ) => ReadonlyArray<QuotaUse>
  readonly clear: () => void
}

const minute = 60_000

const pacific = new Intl.DateTimeFormat("en-CA", {
  timeZone: "America/Los_Angeles",
  hourCycle: "h23",
  year: "numeric",
  month: "2-digit",
  day: "2-digit",
  hour: "2-digit",
  minute: "2-digit",
  second: "2-digit"
})

const local = (time: number): { readonly day: string; readonly seconds: number } => {
  const part = Object.fromEntries(pacific.formatToParts(time).map(({ type, value }) => [type, value]))
  return {
    day: `${part["year"]}-${part["month"]}-${part["day"]}`,
    seconds: Number(part["hour"]) * 3600 + Number(part["minute"]) * 60 + Number(part["second"])
  }
}

/**
 * The Pacific date of a time, `2026-11-22`.
 *
 * @category getters
 * @since 0.1.0
 */
export const pacificDay = (time: number): string => local(time).day

/**
 * Milliseconds from `time` to the next Pacific midnight, right also on the days when the clocks change.
 *
 * @category getters
 * @since 0.1.0
 */
export const untilMidnight = (time: number): number => {
  const { day, seconds } = local(time)
  const plain = (86_400 - seconds) * 1000 - (time % 1000)
  // The day on which the clocks change has 23 or 25 hours; midnight is where the date turns.
  const rest = [-3_600_000, 0, 3_600_000].find((shift) => {
    const at = time + plain + shift
    return pacificDay(at) !== day && pacificDay(at - 1) === day
  })
  return plain + (rest ?? 0)
}

/**
 * The model on which a name's quota is counted.
 *
 * @category getters
 * @since 0.1.0
 */
export const quotaModel = (model: string): string => Table.aliases.get(model) ?? model

/**
 * The limits that `quotas` set for a model. A field that is absent limits nothing.
 *
 * @category getters
 * @since 0.1.0
 */
export const limitsOf = (quotas: Quotas, model: string): Limits => {
  const { models = {} } = quotas
  const own = Object.hasOwn(models, model) ? models[model] : models["*"]
  if (own !== undefined) return own
  if (quotas.tier === undefined) return {}
  const rows = Table.tiers[quotas.tier]
  const [rpm, tpm, rpd] = (Object.hasOwn(rows, model) ? rows[model] : rows[Table.fallback]) ?? [null, null, null]
  return { rpm: rpm ?? undefined, tpm: tpm ?? undefined, rpd: rpd ?? undefined }
}

/**
 * How many Live sessions a project may have in a region at one time. Undefined: no limit.
 *
 * @category getters
 * @since 0.1.0
 */
export const sessionsOf = (quotas: Quotas): number | undefined =>
  quotas.sessions ?? (quotas.tier === undefined ? undefined : Table.sessions.get(quotas.tier))

type Kind = "rpd" | "rpm" | "tpm"

const ids: Readonly<Record<"generate" | "embed", Readonly<Record<Kind, string>>>> = {
  generate: {
    rpd: "GenerateRequestsPerDayPerProjectPerModel",
    rpm: "GenerateRequestsPerMinutePerProjectPerModel",
    tpm: "GenerateContentInputTokensPerModelPerMinute"
  },
  embed: {
    rpd: "EmbedContentRequestsPerDayPerProjectPerModel",
    rpm: "EmbedContentRequestsPerMinutePerProjectPerModel",
    tpm: "EmbedContentInputTokensPerModelPerMinute"
  }
}

const paidMetrics: Readonly<Record<"generate" | "embed", Readonly<Record<Kind, string>>>> = {
  generate: {
    rpd: "generate_requests_per_model_per_day",
    rpm: "generate_requests_per_model",
    tpm: "generate_content_paid_tier_input_token_count"
  },
  embed: {
    rpd: "embed_content_paid_tier_requests",
    rpm: "embed_content_paid_tier_requests",
    tpm: "embed_content_paid_tier_input_token_count"
  }
}

const named = (kind: Kind, family: "generate" | "embed", free: boolean) => {
  const verb = family === "generate" ? "generate_content" : "embed_content"
  return free
    ? {
      id: `${ids[family][kind]}-FreeTier`,
      metric: `${verb}_free_tier_${kind === "tpm" ? "input_token_count" : "requests"}`
    }
    : { id: ids[family][kind], metric: paidMetrics[family][kind] }
}

interface Lane extends Pick<QuotaUse, "project" | "region" | "model" | "family"> {
  /** The requests of the last minute, the oldest first. */
  recent: Array<{ readonly time: number; readonly tokens: number }>
  day: string
  today: number
}

/** Milliseconds until `over` has left the minute; the whole minute if it never fits. */
const untilFree = (
  recent: Lane["recent"],
  size: (entry: Lane["recent"][number]) => number,
  over: number,
  now: number
): number => {
  let freed = 0
  for (const entry of recent) {
    freed += size(entry)
    if (freed >= over) return entry.time + minute - now
  }
  return minute
}

const gaugesOf = (
  { day, recent: all, today: counted }: Lane,
  limits: Limits,
  time: number
): ReadonlyArray<QuotaGauge> => {
  const recent = all.filter((entry) => entry.time > time - minute)
  const today = day === pacificDay(time) ? counted : 0
  const last = recent.at(-1)
  const emptyIn = last === undefined ? 0 : last.time + minute - time
  const gauge = (
    kind: Kind,
    limit: number | undefined,
    used: number,
    times: { readonly free: () => number; readonly empty: number }
  ): ReadonlyArray<QuotaGauge> =>
    limit === undefined ? [] : [{ kind, used, limit, freeIn: used < limit ? 0 : times.free(), emptyIn: times.empty }]
  const tokens = recent.reduce((sum, entry) => sum + entry.tokens, 0)
  const inMinute = (size: (entry: Lane["recent"][number]) => number, used: number, limit = 0) => ({
    free: () => untilFree(recent, size, used - limit + 1, time),
    empty: emptyIn
  })
  const midnight = untilMidnight(time)
  return [
    ...gauge("rpm", limits.rpm, recent.length, inMinute(() => 1, recent.length, limits.rpm)),
    ...gauge("tpm", limits.tpm, tokens, inMinute((entry) => entry.tokens, tokens, limits.tpm)),
    ...gauge("rpd", limits.rpd, today, { free: () => midnight, empty: today === 0 ? 0 : midnight })
  ]
}

/** How many models are shown. */
const mostShown = 1000

/**
 * A quota that has counted nothing yet.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (): Quota => {
  const lanes = new Map<string, Lane>()
  return {
    clear: () => lanes.clear(),
    uses: (quotasOf, time) =>
      [...lanes.values()].slice(-mostShown).toReversed().flatMap((lane) => {
        const { family, model, project, region } = lane
        const quotas = quotasOf(project, region)
        const gauges = quotas === undefined ? [] : gaugesOf(lane, limitsOf(quotas, model), time)
        return gauges.length === 0 ? [] : [{ project, region, model, family, gauges }]
      }),
    charge: ({ family, inputTokens, model: name, project, region = "global", time }, quotas) => {
      // No quota of countTokens has ever been observed.
      if (family === "countTokens") return undefined
      const model = quotaModel(name)
      const limits = limitsOf(quotas, model)
      if (limits.rpm === undefined && limits.tpm === undefined && limits.rpd === undefined) return undefined
      const key = `${project}\n${region}\n${model}\n${family}`
      const lane = lanes.get(key) ?? { project, region, model, family, recent: [], day: "", today: 0 }
      lanes.set(key, lane)
      const fresh = lane.recent.findIndex((entry) => entry.time > time - minute)
      lane.recent.splice(0, fresh === -1 ? lane.recent.length : fresh)
      const day = limits.rpd === undefined ? "" : pacificDay(time)
      if (lane.day !== day) {
        lane.day = day
        lane.today = 0
      }
      const tokens = lane.recent.reduce((sum, entry) => sum + entry.tokens, 0)
      const exceeded: Array<{ readonly kind: Kind; readonly limit: number; readonly wait: number }> = []
      const check = (kind: Kind, limit: number | undefined, used: number, wait: (over: number) => number) => {
        if (limit !== undefined && used > limit) exceeded.push({ kind, limit, wait: wait(used - limit) })
      }
      check("rpd", limits.rpd, lane.today + 1, () => untilMidnight(time))
      check("rpm", limits.rpm, lane.recent.length + 1, (over) => untilFree(lane.recent, () => 1, over, time))
      check(
        "tpm",
        limits.tpm,
        tokens + inputTokens,
        (over) => untilFree(lane.recent, (entry) => entry.tokens, over, time)
      )
      if (exceeded.length > 0) {
        const free = quotas.tier === undefined || quotas.tier === "free"
        return GoogleError.quotaExceeded(
          exceeded.map(({ kind, limit }) => ({ ...named(kind, family, free), model, location: region, limit })),
          Math.max(...exceeded.map(({ wait }) => wait)) / 1000
        )
      }
      lane.recent.push({ time, tokens: inputTokens })
      lane.today++
      return undefined
    }
  }
}

/**
 * What Google counts a method with; undefined for one that it does not count.
 *
 * @internal
 */
export const familyOf = (method: string): Charge["family"] | undefined => {
  switch (method) {
    case "generateContent":
    case "streamGenerateContent":
    case "decisions.create":
    case "interactions.create":
      return "generate"
    case "embedContent":
    case "batchEmbedContents":
    case "predict":
      return "embed"
    case "computeTokens":
    case "countTokens":
      return "countTokens"
    default:
      return undefined
  }
}
