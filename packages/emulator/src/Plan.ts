/**
 * A plan: what a scripted model does step by step, well or badly. A rule with a plan is a persona. Which step it is
 * follows from the request alone, by the turns that the model has had since the user spoke, so retries, kills and a
 * thousand agents at once get the same answers.
 *
 * ```toml
 * [[rule]]
 * name = "clerk"
 * when = { system = { contains = "You add" }, tools = "add" }
 *
 * [[rule.plan]]
 * think = "First the sum."
 * call = "add"
 * args = { a = 1, b = 2 }
 *
 * [[rule.plan]]
 * say = "It is {{ result.add }}."
 * ```
 *
 * @since 0.1.0
 */
import * as Candidate from "effect-gemini/wire/Candidate"
import * as Schema from "effect/Schema"
import * as FaultFields from "./internal/faultFields.ts"
import * as Reply from "./Reply.ts"

const about = (description: string) => ({ description })
const text = (description: string) => Schema.optional(Schema.String).annotateKey(about(description))

/**
 * How a model misbehaves at a step.
 *
 * - `never-stop`: calls something at each step, with other arguments each time.
 * - `repeat`: makes the same call with the same arguments at each step.
 * - `ping-pong`: makes two calls in turn.
 * - `unknown-tool`: calls a function that is not declared, by a name near to one that is.
 * - `wrong-arguments`: calls with arguments that the function's schema forbids.
 * - `empty`: ends with STOP, and neither words nor a call.
 * - `malformed-call`: ends with MALFORMED_FUNCTION_CALL.
 * - `cut-call`: ends with MAX_TOKENS in the middle of a call, whose last argument is missing.
 * - `blocked`: the prompt is blocked.
 * - `slow`: is silent for a minute, or for `delay`, before it answers.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Misbehavior = Schema.Literals([
  "never-stop",
  "repeat",
  "ping-pong",
  "unknown-tool",
  "wrong-arguments",
  "empty",
  "malformed-call",
  "cut-call",
  "blocked",
  "slow"
])

/**
 * @category models
 * @since 0.1.0
 */
export type Misbehavior = typeof Misbehavior.Type

/** How many functions a misbehaviour may be told to call; one that is not told takes the first that are declared. */
const callees: Readonly<Record<Misbehavior, number>> = {
  "never-stop": Number.POSITIVE_INFINITY,
  "repeat": 1,
  "ping-pong": 2,
  "unknown-tool": 1,
  "wrong-arguments": 1,
  "cut-call": 1,
  "slow": Number.POSITIVE_INFINITY,
  "empty": 0,
  "malformed-call": 0,
  "blocked": 0
}

/** Misbehaviours that may say something: `slow` says it late, the others where calls are forbidden. */
const speakers: ReadonlySet<Misbehavior> = new Set(["slow", "never-stop", "repeat", "ping-pong"])

const counted = (value: unknown): number => value === undefined ? 0 : Array.isArray(value) ? value.length : 1

/** Why a misbehaviour does not fit the fields beside it; undefined if it does. */
const misfit = (step: PlanStep, misbehave: Misbehavior): string | undefined => {
  if (step.finish !== undefined) return `finish: "${misbehave}" ends in its own way`
  if (step.handOff !== undefined && misbehave !== "slow") {
    return `handOff: "${misbehave}" does not hand off; give the function's name as call`
  }
  if (step.say !== undefined && !speakers.has(misbehave)) return `say: "${misbehave}" says nothing`
  const calls = counted(step.call)
  const most = callees[misbehave]
  if (calls > most) {
    return `call: "${misbehave}" calls ${most === 0 ? "nothing" : `at most ${most}`}, and here are ${calls}`
  }
  return misbehave === "ping-pong" && calls === 1
    ? "call: \"ping-pong\" makes two calls in turn, and here is 1"
    : undefined
}

/** Why the fields of a step do not fit together; undefined if they do. */
const together = (step: PlanStep): string | undefined => {
  const { args, call, finish, handOff, misbehave, say, think } = step
  const acts = [say, call, handOff, finish, misbehave].some((each) => each !== undefined)
  if (!acts) return `${think === undefined ? "a step" : "think"}: it says, calls, hands off, finishes or misbehaves`
  if (Array.isArray(call) && call.length === 0) return "call: expected at least one function"
  if (args !== undefined && typeof call !== "string" && (call !== undefined || handOff === undefined)) {
    return "args: they are those of one call, or of handOff; among several each call has its own: { name, args }"
  }
  if (args !== undefined && call !== undefined && handOff !== undefined) {
    return "args: beside handOff a call has its own: { name, args }"
  }
  if (finish !== undefined && Candidate.finishKind(finish) === "unknown") return `finish: the API has no "${finish}"`
  return misbehave === undefined ? undefined : misfit(step, misbehave)
}

const Callee = Schema.Union([Schema.String, Reply.Call])

const fields = {
  say: text("what the model says; without a call it is the answer"),
  think: text("a thought summary; sent where thoughts were asked for, counted in any case"),
  call: Schema.optional(Schema.Union([Schema.String, Reply.Call, Schema.Array(Callee)])).annotateKey(
    about("a function by its name, { name, args }, or a list of these, which are called in parallel")
  ),
  args: Schema.optional(Schema.Record(Schema.String, Schema.Unknown)).annotateKey(
    about("of the call, or of handOff; default: made by the declared schema")
  ),
  handOff: text(
    "the colleague who goes on: calls transfer_to_NAME, handoff_to_NAME, or transfer_to_agent, whichever is declared"
  ),
  finish: text("the finish reason; default STOP"),
  misbehave: Schema.optional(Misbehavior).annotateKey(
    about("what goes wrong; call names the functions that it is done with, by default the first that are declared")
  ),
  usage: Schema.optional(Reply.Usage),
  delay: Schema.optional(Schema.Finite.check(Schema.isGreaterThanOrEqualTo(0))).annotateKey(
    about("milliseconds before the headers")
  ),
  pace: Schema.optional(Reply.Pace),
  fault: Schema.optional(FaultFields.Place).annotateKey(about("what goes wrong with the connection"))
}

const Fields = Schema.Struct(fields)

/**
 * One step of a plan: what the model says, thinks, calls or hands off, how it finishes, or how it misbehaves. Texts in
 * `say`, `think`, `call` and `args` may hold templates, as those of a reply.
 *
 * @category schemas
 * @since 0.1.0
 */
export const PlanStep = Fields.check(Schema.makeFilter(together, { description: "fits together" })).annotate({
  identifier: "PlanStep"
})

/**
 * @category models
 * @since 0.1.0
 */
export interface PlanStep extends Schema.Schema.Type<typeof Fields> {}

/**
 * The steps of a plan, in order.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Plan = Schema.Array(PlanStep).check(Schema.isMinLength(1))

/**
 * @category models
 * @since 0.1.0
 */
export type Plan = typeof Plan.Type
