/**
 * A checked act, and the request that it makes of its model.
 *
 * @since 0.1.0
 */
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { ModelId } from "effect-gemini/models/ModelId"
import type { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import type { Part } from "effect-gemini/wire/Part"
import type { SafetySetting } from "effect-gemini/wire/Safety"
import * as Tool from "effect-gemini/wire/Tool"
import type { Condition } from "./Condition.ts"
import type { BuiltIn, Each, Repeat } from "./Flow.ts"
import * as Template from "./internal/template.ts"
import type * as Reference from "./Reference.ts"

/**
 * Text with gaps for the outputs of other acts.
 *
 * @category models
 * @since 0.1.0
 */
export type Text = typeof Reference.Text.Type

/**
 * One part of an act's request. `Media` is a PDF, a sound or a video.
 *
 * @category models
 * @since 0.1.0
 */
export type Input =
  | { readonly _tag: "Text"; readonly text: Text }
  | { readonly _tag: "Output"; readonly act: string }
  | { readonly _tag: "Image" | "Media"; readonly from: string; readonly part: Part }

/**
 * One act of a narrative that has been checked: its model, its inputs and the acts that it depends on.
 *
 * @category models
 * @since 0.1.0
 */
export interface Act {
  readonly name: string
  /** The model that the act names; undefined means the client's default model. */
  readonly model: ModelId | undefined
  /** The acts whose output this one uses. */
  readonly needs: ReadonlyArray<string>
  readonly system: Text | undefined
  /** The inputs in the order of the request; the prompt is the last one. */
  readonly inputs: ReadonlyArray<Input>
  readonly generation: GenerationConfig | undefined
  /** The acts among `needs` without whose output this one is played, too: conditions and `??` say what then. */
  readonly mayLack?: ReadonlyArray<string> | undefined
  /** The act is left out unless this holds. */
  readonly when?: Condition | undefined
  readonly safety?: ReadonlyArray<SafetySetting> | undefined
  readonly builtIn?: ReadonlyArray<BuiltIn> | undefined
  /** Functions that the program gives, by their names. */
  readonly tools?: ReadonlyArray<string> | undefined
  /** Whether the act is one turn of a Live session. */
  readonly live?: boolean | undefined
  /** Whether the answer has to be JSON, because a path leads into it. */
  readonly isJson?: boolean | undefined
  /** A group is played for each item, or repeated; it has `acts` in place of inputs. */
  readonly each?: Each | undefined
  readonly repeat?: Repeat | undefined
  readonly acts?: ReadonlyArray<Act> | undefined
  /** The act of a group whose output is the group's. */
  readonly result?: string | undefined
  /** What a person is asked before the act is sent. Denied, the act has failed for good. */
  readonly approve?: Text | undefined
  /** Models that are asked in turn where the act's own fails. */
  readonly fallbackModels?: ReadonlyArray<ModelId> | undefined
  /** What becomes of the narrative if the act fails for good: `skip` leaves out only what needs it. */
  readonly onFailure?: "stop" | "skip" | undefined
}

/**
 * The text with its gaps filled; `outputOf` gives the output of an act by its name.
 *
 * @category conversions
 * @since 0.1.0
 */
export const render = (text: Text, outputOf: (act: string) => string): string =>
  Template.render(text, (name) => ({ text: outputOf(name) }))

/**
 * What Google does itself, as tools of a request.
 *
 * @category constants
 * @since 0.3.0
 */
export const builtIns: { readonly [Name in BuiltIn]: Tool.Tool } = {
  search: Tool.googleSearch,
  url_context: Tool.urlContext,
  code_execution: Tool.codeExecution
}

/**
 * The request of an act. `outputOf` gives the text of the acts that it needs; `model`
 * wins over the act's own.
 *
 * @category conversions
 * @since 0.1.0
 */
export const request = (
  act: Act,
  outputOf: (act: string) => string,
  model: string | undefined = act.model
): GeminiClient.Request => ({
  ...(model === undefined ? {} : { model }),
  ...(act.system === undefined
    ? {}
    : { systemInstruction: render(act.system, outputOf) }),
  ...(act.generation === undefined ? {} : { generationConfig: act.generation }),
  ...(act.safety === undefined ? {} : { safetySettings: act.safety }),
  ...(act.builtIn === undefined ? {} : { tools: act.builtIn.map((name) => builtIns[name]) }),
  contents: [{
    role: "user",
    parts: act.inputs.map((input): Part => {
      switch (input._tag) {
        case "Text":
          return { text: render(input.text, outputOf) }
        case "Output":
          return { text: outputOf(input.act) }
        case "Image":
        case "Media":
          return input.part
      }
    })
  }]
})
