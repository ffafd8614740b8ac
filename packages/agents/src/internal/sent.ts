/** What the model is sent of a run, as parts and messages of a prompt. */
import * as Prompt from "effect/ai/Prompt"
import type { StepCall } from "../StepCall.ts"

/** Text as a user's message. */
export const said = (text: string): Prompt.Message =>
  Prompt.makeMessage("user", { content: [Prompt.makePart("text", { text })] })

/** The result of a call that has ended. */
export const resultOf = ({ ended, id, name }: StepCall): Prompt.ToolResultPart =>
  Prompt.makePart("tool-result", {
    id,
    name,
    isFailure: ended?.isFailure ?? true,
    result: ended?.shown ?? ended?.result ?? null,
    ...(ended?.modelOutput === undefined || ended.shown !== undefined ? {} : { modelOutput: ended.modelOutput }),
    providerExecuted: false
  })

/** A call with its arguments and outcome, to be compared with the one before. */
export const fingerprintOf = ({ ended, name, params }: StepCall): string =>
  JSON.stringify([name, params, ended?.isFailure, ended?.result])
