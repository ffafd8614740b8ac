/**
 * The steps of an interaction: what the user said, what the model thought and wrote, its calls of functions and of the
 * server's tools, and their results.
 *
 * Which kinds there are follows `@google/genai` 3.3.0 (2026-11-12). A kind that is not known is kept as it came.
 *
 * ```ts
 * import * as Step from "effect-gemini/interactions/Step"
 *
 * const input = [
 *   Step.userInput("Is it raining in Bern?"),
 *   Step.functionResult({ call_id: "call_1", name: "weather", result: { rain: true } })
 * ]
 * console.log(Step.text({ type: "model_output", content: [{ type: "text", text: "Yes." }] })) // Yes.
 * ```
 *
 * @since 0.2.0
 */
import type * as Schema from "effect/Schema"
import { openUnion, type Unfamiliar } from "../internal/interactions/openUnion.ts"
import type { InteractionContent } from "./types/ContentTypes.ts"
import * as Types from "./types/StepTypes.ts"
import * as ToolTypes from "./types/ToolStepTypes.ts"

/**
 * One step, as it is sent and as it comes.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Step: Schema.Codec<Step> = openUnion([
  Types.ModelOutputStep,
  Types.ThoughtStep,
  Types.UserInputStep,
  Types.FunctionCallStep,
  Types.FunctionResultStep,
  ToolTypes.GoogleSearchCallStep,
  ToolTypes.GoogleSearchResultStep,
  ToolTypes.CodeExecutionCallStep,
  ToolTypes.CodeExecutionResultStep,
  ToolTypes.URLContextCallStep,
  ToolTypes.URLContextResultStep,
  ToolTypes.FileSearchCallStep,
  ToolTypes.FileSearchResultStep,
  ToolTypes.GoogleMapsCallStep,
  ToolTypes.GoogleMapsResultStep,
  ToolTypes.MCPServerToolCallStep,
  ToolTypes.MCPServerToolResultStep,
  ToolTypes.RetrievalCallStep,
  ToolTypes.RetrievalResultStep,
  ToolTypes.ProcessingCallStep,
  ToolTypes.ProcessingResultStep
])

/**
 * One step. `type` tells the kinds apart.
 *
 * @category models
 * @since 0.2.0
 */
export type Step =
  | Types.ModelOutputStep
  | Types.ThoughtStep
  | Types.UserInputStep
  | Types.FunctionCallStep
  | Types.FunctionResultStep
  | ToolTypes.GoogleSearchCallStep
  | ToolTypes.GoogleSearchResultStep
  | ToolTypes.CodeExecutionCallStep
  | ToolTypes.CodeExecutionResultStep
  | ToolTypes.URLContextCallStep
  | ToolTypes.URLContextResultStep
  | ToolTypes.FileSearchCallStep
  | ToolTypes.FileSearchResultStep
  | ToolTypes.GoogleMapsCallStep
  | ToolTypes.GoogleMapsResultStep
  | ToolTypes.MCPServerToolCallStep
  | ToolTypes.MCPServerToolResultStep
  | ToolTypes.RetrievalCallStep
  | ToolTypes.RetrievalResultStep
  | ToolTypes.ProcessingCallStep
  | ToolTypes.ProcessingResultStep
  | Unfamiliar

/**
 * A call of a function that waits for its result. `args` is `undefined` if what the model wrote is not a JSON object.
 *
 * @category models
 * @since 0.2.0
 */
export interface PendingCall {
  readonly id: string
  readonly name: string
  readonly args: Readonly<Record<string, unknown>> | undefined
}

/**
 * What the user says: a text, a content, or several.
 *
 * @category constructors
 * @since 0.2.0
 */
export const userInput = (
  said: string | InteractionContent | ReadonlyArray<InteractionContent>
): Types.UserInputStep => ({
  type: "user_input",
  content: typeof said === "string" ? [{ type: "text", text: said }] : "type" in said ? [said] : said
})

/**
 * The result of a call, for the next interaction: a text, contents (an image, a document), or an object.
 *
 * @category constructors
 * @since 0.2.0
 */
export const functionResult = (result: {
  readonly call_id: string
  readonly name: string
  readonly result: NonNullable<Types.FunctionResultStep["result"]>
  readonly is_error?: boolean
}): Types.FunctionResultStep => ({ type: "function_result", ...result })

/**
 * The text that a step shows its reader: that of the model's output, else none.
 *
 * @category getters
 * @since 0.2.0
 */
export const text = (step: Step): string =>
  step.type === "model_output"
    ? (step.content ?? []).map((content) => content.type === "text" ? content.text ?? "" : "").join("")
    : ""

/**
 * The text of a thought's summary, else none.
 *
 * @category getters
 * @since 0.2.0
 */
export const thought = (step: Step): string =>
  step.type === "thought"
    ? (step.summary ?? []).map((content) => content.type === "text" ? content.text ?? "" : "").join("")
    : ""

/**
 * The call of a function that a step is, if it is one.
 *
 * @category getters
 * @since 0.2.0
 */
export const functionCall = (step: Step): PendingCall | undefined =>
  step.type === "function_call"
    ? { id: step.id ?? "", name: step.name ?? "", args: step.arguments ?? ("arguments_text" in step ? undefined : {}) }
    : undefined
