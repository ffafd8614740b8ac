/** One question to the model and its answer, whole or as it streams; the calls in it come back undone. */
import type * as Cost from "effect-gemini/Cost"
import type * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Response from "effect/ai/Response"
import type * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { AgentEvent } from "../AgentEvent.ts"
import type { Source, UnusableWhy } from "../AgentRecord.ts"
import type { Tools } from "./Toolbox.ts"

export interface Question {
  readonly step: number
  readonly messages: ReadonlyArray<Prompt.Message>
  readonly instructions: string
  /** The tools that the model may call. Nobody calls them here. */
  readonly tools: Tools
  /** `none` asks for an answer without calls. */
  readonly toolChoice: "auto" | "none" | "required" | undefined
  /** The fewest output tokens with which it is asked where money is short. */
  readonly least: number
  readonly tell: ((event: AgentEvent) => Effect.Effect<void>) | undefined
}

export interface StepAnswer {
  readonly messages: ReadonlyArray<Prompt.Message>
  readonly finish: Response.FinishReason
  readonly use: "calls" | "text" | Exclude<UnusableWhy, "NotTheSchema">
  readonly counted: Response.Usage
  /** What a Gemini model counted, by modality, and searched for; `undefined` of another provider's. */
  readonly charged: Cost.Charged | undefined
  readonly model: string | undefined
  readonly sources: ReadonlyArray<Source>
  readonly text: string
}

const promptOf = ({ instructions, messages }: Question): Prompt.Prompt =>
  Prompt.fromMessages(
    instructions === "" ? messages : [Prompt.makeMessage("system", { content: instructions }), ...messages]
  )

/** Reasons with which a whole answer ends; the calls of any other are not run, as in `effect/ai`. */
const whole = new Set<Response.FinishReason>(["stop", "tool-calls", "pause"])

const useOf = (
  finish: Response.FinishReason,
  hasCalls: boolean,
  text: string,
  hasFile: boolean
): StepAnswer["use"] => {
  if (finish === "length") return "Truncated"
  if (hasCalls) return whole.has(finish) ? "calls" : "Truncated"
  return text === "" && !hasFile ? "Empty" : "text"
}

const noUsage = new Response.Usage({
  inputTokens: { uncached: undefined, total: undefined, cacheRead: undefined, cacheWrite: undefined },
  outputTokens: { total: undefined, text: undefined, reasoning: undefined }
})

type Received = Response.AnyPart

const chargedOf = ({ metadata: { google } }: Response.FinishPart): Cost.Charged | undefined =>
  google?.usageMetadata === undefined ? undefined : {
    usageMetadata: google.usageMetadata,
    ...(google.groundingMetadata === undefined
      ? {}
      : { candidates: [{ groundingMetadata: google.groundingMetadata }] })
  }

const answerOf = (parts: ReadonlyArray<Received>): StepAnswer => {
  let finish: Response.FinishReason = "unknown"
  let usage = noUsage
  let charged: Cost.Charged | undefined
  let model: string | undefined
  let text = ""
  let hasCalls = false
  let hasFile = false
  const sources: Array<Source> = []
  for (const part of parts) {
    switch (part.type) {
      case "text":
        text += part.text
        break
      case "text-delta":
        text += part.delta
        break
      case "file":
        hasFile = true
        break
      case "tool-call":
        hasCalls ||= part.providerExecuted !== true
        break
      case "response-metadata":
        model = part.modelId ?? model
        break
      case "source":
        sources.push(
          part.sourceType === "url"
            ? { title: part.title, url: part.url.href }
            : { title: part.title, mediaType: part.mediaType }
        )
        break
      case "finish":
        finish = part.reason
        usage = part.usage
        charged = chargedOf(part)
        break
    }
  }
  return {
    messages: Prompt.fromResponseParts(parts).content,
    finish,
    use: useOf(finish, hasCalls, text, hasFile),
    counted: usage,
    charged,
    model,
    sources,
    text
  }
}

/** A toolkit by its declarations alone: its tools reach the model, and its types ask for no services. */
const declared = (tools: Tools): Toolkit.WithHandler<{}> => ({
  tools,
  handle: () => Effect.die(new Error("calls are not resolved here"))
})

/** The calls are ours to run: an unknown name is not the end of the answer then. */
export const ask = (
  question: Question
): Effect.Effect<StepAnswer, AiError.AiError, LanguageModel.LanguageModel> => {
  const { step, tell, toolChoice, tools } = question
  const options = {
    prompt: promptOf(question),
    toolkit: declared(tools),
    disableToolCallResolution: true,
    toolCallValidation: "deferred",
    ...(toolChoice === undefined ? {} : { toolChoice })
  } as const
  if (tell === undefined) {
    return Effect.map(LanguageModel.generateText(options), ({ content }) => answerOf(content))
  }
  return Effect.suspend(() => {
    const parts: Array<Received> = []
    return LanguageModel.streamText(options).pipe(
      Stream.runForEach((part) => {
        parts.push(part)
        return part.type === "text-delta"
          ? tell({ _tag: "TextDelta", step, text: part.delta })
          : part.type === "reasoning-delta"
          ? tell({ _tag: "ThoughtDelta", step, text: part.delta })
          : Effect.void
      }),
      Effect.map(() => answerOf(parts))
    )
  })
}
