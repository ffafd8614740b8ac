/**
 * What happens while a narrative is played.
 *
 * @since 0.1.0
 */
import type { Usage } from "effect-gemini/Usage"

/**
 * @category models
 * @since 0.1.0
 */
export type NarrativeEvent =
  | { readonly _tag: "ActStarted"; readonly act: string; readonly model: string | undefined }
  | { readonly _tag: "Chunk"; readonly act: string; readonly text: string }
  | {
    readonly _tag: "ActFinished"
    readonly act: string
    readonly model: string
    readonly text: string
    readonly usage: Usage | undefined
  }
  | { readonly _tag: "NarrativeFinished"; readonly title: string }
