/**
 * What a person is asked while a run waits, and what the person decides.
 *
 * A request lies in the run's journal, so it can be decided in any process and after any time. Whoever decides holds
 * nothing but the run's id and the call's.
 *
 * ```ts
 * import * as Approval from "effect-gemini-agents/Approval"
 *
 * const decision = Approval.deny("2.0", "too dear", { by: "ada", tool: "pay" })
 * console.log(decision.verdict._tag, decision.by) // deny ada
 * ```
 *
 * An approval that names its tool is checked where it is written: an agent that says about the calls of which tools
 * people decide (`approvals`) takes none about another tool.
 *
 * @since 0.1.0
 */
import type * as Schema from "effect/Schema"
import type { Verdict } from "./AgentRecord.ts"

/**
 * What is waited for.
 *
 * - `approval`: whether the call may run.
 * - `result`: the call's result, for a tool without a handler.
 * - `outcome`: what became of a call that had begun when the process died.
 *
 * @category models
 * @since 0.1.0
 */
export interface Request {
  /** The call's name in the run, such as `3.0`. */
  readonly call: string
  readonly tool: string
  readonly params: unknown
  readonly kind: "approval" | "result" | "outcome"
  /** A digest of tool and arguments. A decision that names another one is refused. */
  readonly digest: string
  readonly reason: string | undefined
  /** Milliseconds since the epoch. */
  readonly expires: number | undefined
}

/**
 * A decision about one call. `Tool` is the name of the tool that is approved or denied; a decision that names none may be
 * given to every agent.
 *
 * @category models
 * @since 0.1.0
 */
export interface Decision<out Tool extends string = never> {
  readonly call: string
  readonly verdict: Verdict
  readonly by: string
  /** The name of the call's tool; if it is given, the call must be one of it. */
  readonly tool?: Tool | undefined
  /** The digest of the request that was looked at; if it is given, the request must still be that one. */
  readonly digest?: string | undefined
}

/**
 * Who decides, and the tool and the digest of the request that was looked at.
 *
 * @category options
 * @since 0.1.0
 */
export interface Decider<out Tool extends string = never> {
  readonly by: string
  readonly tool?: Tool | undefined
  readonly digest?: string | undefined
}

const decided = <Tool extends string>(
  call: string,
  verdict: Verdict,
  { by, digest, tool }: Decider<Tool>
): Decision<Tool> => ({ call, verdict, by, tool, digest })

/**
 * The call may run as it is.
 *
 * @category constructors
 * @since 0.1.0
 */
export const approve = <Tool extends string = never>(call: string, by: Decider<Tool>): Decision<Tool> =>
  decided(call, { _tag: "approve" }, by)

/**
 * The call may run with these arguments, encoded as the tool's schema has them.
 *
 * @category constructors
 * @since 0.1.0
 */
export const approveWith = <Tool extends string = never>(
  call: string,
  params: Schema.Json,
  by: Decider<Tool>
): Decision<Tool> => decided(call, { _tag: "approve", params }, by)

/**
 * The call does not run, and the model is told why.
 *
 * @category constructors
 * @since 0.1.0
 */
export const deny = <Tool extends string = never>(call: string, reason: string, by: Decider<Tool>): Decision<Tool> =>
  decided(call, { _tag: "deny", reason }, by)

/**
 * The call's result, in place of a handler: encoded as the tool's schema has it.
 *
 * @category constructors
 * @since 0.1.0
 */
export const result = (call: string, value: Schema.Json, by: Decider): Decision<never> =>
  decided(call, { _tag: "result", value }, by)

/**
 * The call is made again although it had begun before.
 *
 * @category constructors
 * @since 0.1.0
 */
export const again = (call: string, by: Decider): Decision<never> => decided(call, { _tag: "again" }, by)

/**
 * The model is told that nobody knows what became of the call.
 *
 * @category constructors
 * @since 0.1.0
 */
export const skip = (call: string, by: Decider): Decision<never> => decided(call, { _tag: "skip" }, by)
