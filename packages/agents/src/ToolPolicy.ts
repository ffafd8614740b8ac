/**
 * What an agent does with the calls of a tool, said by annotations of the tool, and what a handler may know of its call.
 *
 * ```ts
 * import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
 * import * as Tool from "effect/ai/Tool"
 * import * as Context from "effect/Context"
 * import * as Schema from "effect/Schema"
 *
 * const pay = Tool.make("pay", { parameters: Schema.Struct({ cents: Schema.Int }), success: Schema.String })
 *   .annotate(ToolPolicy.AfterCrash, "rerun") // the bank knows a payment by its key
 *   .annotate(ToolPolicy.Group, "bank") // one at a time
 *   .annotate(ToolPolicy.Timeout, "10 seconds")
 * console.log(Context.get(pay.annotations, ToolPolicy.Group)) // bank
 * ```
 *
 * @since 0.1.0
 */
import * as Tool from "effect/ai/Tool"
import * as Context from "effect/Context"
import type * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import type * as Schedule from "effect/Schedule"
import type * as Schema from "effect/Schema"
import type { CrashPolicy } from "./AgentRecord.ts"

/**
 * Asks what became of a call, by its key: the encoded result if it took effect, `None` if it did not.
 *
 * @category models
 * @since 0.1.0
 */
export type Lookup = (key: string, params: unknown) => Effect.Effect<Option.Option<Schema.Json>, unknown>

/**
 * What happens to a call that began and has no end when the run is resumed.
 *
 * - `rerun`: it is called again with the same key.
 * - `{ lookup }`: its outcome is asked for, and it is called again if there is none.
 * - `tell`: the model is told that the outcome is unknown.
 * - `ask`: the run is Suspended until a person says what became of it.
 *
 * Without this annotation it is `rerun` for tools that are `Tool.Readonly` or `Tool.Idempotent`, and `ask` for all
 * others. Of the policy that was recorded with the call and the one declared now, the stricter one holds.
 *
 * @category references
 * @since 0.1.0
 */
export const AfterCrash = Context.Reference<"rerun" | "tell" | "ask" | { readonly lookup: Lookup } | undefined>(
  "effect-gemini-agents/ToolPolicy/AfterCrash",
  { defaultValue: () => undefined }
)

/**
 * Calls of tools with the same group run one after the other.
 *
 * @category references
 * @since 0.1.0
 */
export const Group = Context.Reference<string | undefined>("effect-gemini-agents/ToolPolicy/Group", {
  defaultValue: () => undefined
})

/**
 * How long a handler may take. A call that takes longer is interrupted and told to the model as a failure.
 *
 * @category references
 * @since 0.1.0
 */
export const Timeout = Context.Reference<Duration.Input | undefined>("effect-gemini-agents/ToolPolicy/Timeout", {
  defaultValue: () => undefined
})

/**
 * How a handler that fails is called again, with the same key, before its failure counts.
 *
 * @category references
 * @since 0.1.0
 */
export const Retry = Context.Reference<Schedule.Schedule<unknown, unknown> | undefined>(
  "effect-gemini-agents/ToolPolicy/Retry",
  { defaultValue: () => undefined }
)

/**
 * How many characters of a result the model is sent at most. Of a longer one it gets head and tail, and the tool
 * `read_result` to read the rest.
 *
 * @category references
 * @since 0.1.0
 */
export const ResultLimit = Context.Reference<number | undefined>("effect-gemini-agents/ToolPolicy/ResultLimit", {
  defaultValue: () => undefined
})

/**
 * How long a request for approval waits, after which it counts as denied. Default: for ever.
 *
 * @category references
 * @since 0.1.0
 */
export const Expires = Context.Reference<Duration.Input | undefined>("effect-gemini-agents/ToolPolicy/Expires", {
  defaultValue: () => undefined
})

/**
 * Whether the result of a call comes from outside: the run is Suspended, and `Approval.result` gives it.
 *
 * @category references
 * @since 0.1.0
 */
export const External = Context.Reference<boolean>("effect-gemini-agents/ToolPolicy/External", {
  defaultValue: () => false
})

/**
 * What a handler may know of the call that it serves. `key` is the same for every attempt and after every restart, and
 * another for every other call, so that the other side can tell a repeated request by it.
 *
 * @category models
 * @since 0.1.0
 */
export interface ToolCall {
  readonly run: string
  /** The step and the call's place in it, such as `3.0`. */
  readonly call: string
  /** From 1; after a restart it goes on counting. What `Retry` calls again is the same attempt. */
  readonly attempt: number
  readonly key: string
}

/**
 * The call that the present handler serves; `undefined` outside of an agent's run.
 *
 * @category references
 * @since 0.1.0
 */
export const CurrentCall = Context.Reference<ToolCall | undefined>("effect-gemini-agents/ToolPolicy/CurrentCall", {
  defaultValue: () => undefined
})

/**
 * The policies from the laxest to the strictest.
 *
 * @category constants
 * @since 0.1.0
 */
export const strictness: ReadonlyArray<CrashPolicy> = ["rerun", "lookup", "tell", "ask"]

/**
 * The policy of a tool as it is declared now.
 *
 * @category getters
 * @since 0.1.0
 */
export const afterCrash = (tool: Tool.Any): CrashPolicy => {
  const said = Context.get(tool.annotations, AfterCrash)
  if (typeof said === "object") return "lookup"
  if (said !== undefined) return said
  const isRepeatable = Context.get(tool.annotations, Tool.Readonly) || Context.get(tool.annotations, Tool.Idempotent)
  return isRepeatable ? "rerun" : "ask"
}

/**
 * The stricter of two policies.
 *
 * @category combinators
 * @since 0.1.0
 */
export const stricter = (a: CrashPolicy, b: CrashPolicy): CrashPolicy =>
  strictness.indexOf(a) >= strictness.indexOf(b) ? a : b
