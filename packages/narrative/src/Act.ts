/**
 * A checked act, and the request that it makes of its model.
 *
 * @since 0.1.0
 */
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { ModelId } from "effect-gemini/models/ModelId"
import type { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import type { Part } from "effect-gemini/wire/Part"
import * as Template from "./internal/template.ts"

/**
 * Text with gaps for the outputs of other acts.
 *
 * @category models
 * @since 0.1.0
 */
export type Text = ReadonlyArray<string | { readonly ref: string }>

/**
 * One part of an act's request.
 *
 * @category models
 * @since 0.1.0
 */
export type Input =
  | { readonly _tag: "Text"; readonly text: Text }
  | { readonly _tag: "Output"; readonly act: string }
  | { readonly _tag: "Image"; readonly from: string; readonly part: Part }

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
export const render = (text: Text, outputOf: (act: string) => string): string => Template.render(text, outputOf)

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
  contents: [{
    role: "user",
    parts: act.inputs.map((input): Part => {
      switch (input._tag) {
        case "Text":
          return { text: render(input.text, outputOf) }
        case "Output":
          return { text: outputOf(input.act) }
        case "Image":
          return input.part
      }
    })
  }]
})
