/**
 * What the admin API takes and gives, as schemas: JSON with times in milliseconds since the epoch by the server's clock.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Answer from "../Answer.ts"
import { Expectation } from "../Expectation.ts"
import * as FaultFields from "../internal/faultFields.ts"
import * as SpaceOptions from "../internal/spaces/spaceOptions.ts"
import * as Rule from "../Rule.ts"
import { Scenario } from "../Scenario.ts"

const about = (description: string) => ({ description })
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const time = Schema.Finite.annotate(about("milliseconds since the epoch"))

const spanText = Schema.String.check(Schema.isPattern(/^\d+(\.\d+)?\s*(ms|s|m|h|millis|seconds?|minutes?|hours?)$/, {
  message: "expected a time span: 300, \"300ms\", \"2s\", \"1 minute\""
}))

/**
 * A time span: milliseconds, or a text such as `2s`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const TimeSpan = Schema.Union([Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0)), spanText]).annotate({
  identifier: "TimeSpan"
})

const units: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ ms: 1, millis: 1, s: 1000, m: 60_000, h: 3_600_000 })
)

/**
 * The milliseconds of a time span.
 *
 * @category conversions
 * @since 0.2.0
 */
export const millisOf = (span: typeof TimeSpan.Type): number => {
  if (typeof span === "number") return span
  const [, amount, unit = "ms"] = /^([\d.]+)\s*([a-z]+)$/.exec(span) ?? []
  return Number(amount ?? 0) * (units.get(unit) ?? units.get(unit[0] ?? "") ?? 1)
}

/**
 * The name of a space, `default` among them.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpaceName = Schema.String.annotate({
  ...about("letters, digits, \"_\", \"-\" and \".\", up to 100"),
  examples: ["test-1"]
})

/**
 * Options for a space alone. Functions, which only a program can give, are left out.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpaceSettings = Schema.Struct({
  ...SpaceOptions.data,
  projects: Schema.optional(Schema.Record(
    Schema.String,
    Schema.Struct({ keys: Schema.Array(Schema.String), quotas: Schema.optional(SpaceOptions.Quotas) })
  )),
  anyModel: Schema.optional(Schema.Boolean).annotateKey(about("true takes every model name")),
  rules: Schema.optional(Schema.Array(Rule.Rule)),
  scenario: Schema.optional(Scenario),
  answers: Schema.optional(Schema.Array(Answer.AsData)),
  faults: Schema.optional(Schema.Array(FaultFields.Fault))
}).annotate({ identifier: "SpaceOptions" })

/**
 * A space that exists.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpaceInfo = Schema.Struct({
  name: Schema.String,
  url: Schema.String.annotate(about("the base URL that chooses it")),
  createdAt: time,
  usedAt: time,
  open: count.annotate(about("requests, streams and Live sessions that are under way")),
  requests: count.annotate(about("how many have arrived"))
}).annotate({ identifier: "Space" })

/**
 * All spaces, and how many there were.
 *
 * @category schemas
 * @since 0.2.0
 */
export const SpaceList = Schema.Struct({
  spaces: Schema.Array(SpaceInfo),
  ended: count,
  evicted: count.annotate(about("how many of them had to go because there were too many")),
  refused: count.annotate(about("requests that reached no space"))
})

/**
 * A rule and how often it has answered.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RuleUse = Schema.Struct({ name: Schema.String, answered: count, usedUp: Schema.Boolean })

/**
 * The rules in force, in the order in which they are asked.
 *
 * @category schemas
 * @since 0.2.0
 */
export const RuleList = Schema.Struct({ rules: Schema.Array(RuleUse) })

/**
 * Rules that are added to those of a space.
 *
 * @category schemas
 * @since 0.2.0
 */
export const MoreRules = Schema.Struct({
  rule: Schema.Array(Rule.Rule),
  place: Schema.optional(Schema.Literals(["first", "last"])).annotateKey(
    about("before the rules that are there, or behind them (default)")
  )
}).annotate({ identifier: "MoreRules" })

/**
 * Answers for the next requests, each used once.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Answers = Schema.Struct({ answers: Schema.Array(Answer.AsData) })

/**
 * How many answers of the queue still wait.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Waiting = Schema.Struct({ waiting: count })

/**
 * A fault as data.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FaultData = FaultFields.Fault.annotate({ identifier: "RequestFault" })

/**
 * A fault that is on, and how often it has hit.
 *
 * @category schemas
 * @since 0.2.0
 */
export const FaultUse = Schema.Struct({ id: Schema.String, fault: FaultData, hits: count })

/**
 * The server's clock.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ClockState = Schema.Struct({ time, frozen: Schema.Boolean }).annotate({ identifier: "Clock" })

/**
 * What to do with the server's clock: all that is given, in this order.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ClockChange = Schema.Struct({
  frozen: Schema.optional(Schema.Boolean).annotateKey(
    about("true stops it: delays and paces wait for advance; false lets it go on from where it is")
  ),
  at: Schema.optional(Schema.Union([time, Schema.String])).annotateKey(
    about("milliseconds since the epoch, or an ISO 8601 time: the clock goes on from there")
  ),
  advance: Schema.optional(Schema.Union([Schema.Finite, spanText])).annotateKey(
    about("moves it forward, or back by a negative number")
  )
}).annotate({ identifier: "ClockChange" })

/**
 * The quotas of a space: a tier, or limits; null: none.
 *
 * @category schemas
 * @since 0.2.0
 */
export const QuotaData = Schema.Union([SpaceOptions.Quotas, Schema.Null])

/**
 * How much of a model's limits is used: see `Quota.QuotaUse`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const QuotaUse = Schema.Struct({
  project: Schema.String,
  region: Schema.String,
  model: Schema.String,
  family: Schema.Literals(["generate", "embed"]),
  gauges: Schema.Array(Schema.Struct({
    kind: Schema.Literals(["rpm", "tpm", "rpd"]).annotate(
      about("requests or input tokens of the last 60 seconds, requests of this Pacific day")
    ),
    used: count,
    limit: Schema.Finite,
    freeIn: Schema.Finite.annotate(about("milliseconds until there is room again")),
    emptyIn: Schema.Finite.annotate(about("milliseconds until nothing is used any more"))
  }))
}).annotate({ identifier: "QuotaUse" })

/**
 * Which keys are good; null: every key is.
 *
 * @category schemas
 * @since 0.2.0
 */
export const KeyData = Schema.Union([SpaceOptions.Keys, Schema.Null])

/**
 * What is expected of the log.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Expectations = Schema.Struct({
  expect: Schema.Array(Expectation),
  inOrder: Schema.optional(Schema.Boolean).annotateKey(about("each begins behind the one before"))
}).annotate({ identifier: "Expectations" })

/**
 * What a reset keeps.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ResetOptions = Schema.Struct({
  rules: Schema.optional(Schema.Literals(["forget", "keep"])).annotateKey(about("default forget"))
})
