/**
 * Turns a prompt of `effect/ai` into the contents of a request. Pure.
 *
 * What Gemini said goes back as it said it: its parts in their order, each with its
 * signature. Every call gets its result in the user content after it, all results of one
 * step in the order of the calls, wherever the prompt has them. A call that has none, since
 * it was stopped or nobody approved it, gets one that says so: the API refuses a
 * conversation with an open call.
 */
import type { Content } from "effect-gemini/wire/Content"
import type * as Part from "effect-gemini/wire/Part"
import type * as AiError from "effect/ai/AiError"
import type * as Prompt from "effect/ai/Prompt"
import * as Result from "effect/Result"
import type { PartDetails } from "../GeminiMetadata.ts"
import { Exchanges } from "./Exchanges.ts"
import { filePart, given } from "./filePart.ts"
import * as Json from "./json.ts"
import { isPlainText } from "./PartReader.ts"
import type { ToolIndex } from "./toolIndex.ts"
import * as ToolJson from "./toolJson.ts"

/** A content, and the place in the prompt of the message that it began with. */
export interface Placed {
  readonly content: Content
  readonly message: number
  /** Whether Gemini itself made the calls in it, as far as the prompt tells. */
  readonly own: boolean
}

export interface Contents {
  readonly placed: ReadonlyArray<Placed>
  readonly systemInstruction: Content | undefined
  /** Why the prompt cannot be sent, if a result in it is not JSON. */
  readonly refusal: AiError.AiErrorReason | undefined
}

/** A call that waits for its result. */
interface OpenCall {
  readonly part: Prompt.ToolCallPart
  /** Undefined for a call that had no id on the wire. */
  readonly id: string | undefined
  readonly name: string
}

const remembered = (details: PartDetails | null | undefined): Part.Part | undefined => details?.part

type Media = NonNullable<NonNullable<Part.Part["functionResponse"]>["parts"]>[number]

const mediaOf = (part: Prompt.FilePart): Media => {
  const { fileData, inlineData } = filePart(part)
  return { ...(fileData ? { fileData } : {}), ...(inlineData ? { inlineData } : {}) }
}

/** The texts and files that a tool made for the model, which stand in place of its result. */
const outputOf = (part: Prompt.ToolResultPart) => {
  const texts: Array<string> = []
  const files: Array<Prompt.FilePart> = []
  for (const output of part.modelOutput ?? []) {
    if (output.type === "text") texts.push(output.text)
    else files.push(output)
  }
  return { text: texts.length > 0 && !part.isFailure ? texts.join("\n") : undefined, files }
}

const response = ({ id, name }: OpenCall, answer: Readonly<Record<string, unknown>>, files: ReadonlyArray<Media>) => ({
  functionResponse: {
    ...(id === undefined ? {} : { id }),
    name,
    response: answer,
    ...(files.length === 0 ? {} : { parts: files })
  }
})

/** What a call is called that the model gave no name. */
const unnamed = "unnamed"

/** An empty text that carries nothing says nothing, and servers refuse it. */
const said = (part: Part.Part): Array<Part.Part> => part.text === "" && isPlainText(part) ? [] : [part]

class Builder {
  readonly #tools: ToolIndex
  readonly #exchanges: Exchanges
  refusal: AiError.AiErrorReason | undefined

  constructor(tools: ToolIndex, exchanges: Exchanges) {
    this.#tools = tools
    this.#exchanges = exchanges
  }

  user(message: Prompt.UserMessage): Array<Part.Part> {
    return message.content.flatMap((part) =>
      part.type === "text" ? said({ text: part.text, ...given(part.options.google) }) : [filePart(part)]
    )
  }

  /** What Gemini said, and the calls in it that wait for a result. */
  assistant(message: Prompt.AssistantMessage): { readonly parts: Array<Part.Part>; readonly open: Array<OpenCall> } {
    const open: Array<OpenCall> = []
    const parts = message.content.flatMap((part): Array<Part.Part> => {
      switch (part.type) {
        case "text":
        case "reasoning": {
          const whole = remembered(part.options.google)
          return said(
            whole ??
              {
                text: part.text,
                ...(part.type === "reasoning" ? { thought: true } : {}),
                ...given(part.options.google)
              }
          )
        }
        case "file":
          return [filePart(part)]
        case "tool-call":
          return this.#call(part, open)
        case "tool-result": {
          const whole = remembered(part.options.google)
          if (whole === undefined) return []
          // A server of MCP's answered in the model's own turn.
          const at = whole.functionResponse ? open.findIndex((call) => call.part.id === part.id) : -1
          if (at >= 0) open.splice(at, 1)
          return [whole]
        }
        default:
          return []
      }
    })
    return { parts, open }
  }

  #call(part: Prompt.ToolCallPart, open: Array<OpenCall>): Array<Part.Part> {
    const whole = remembered(part.options.google)
    if (whole !== undefined) {
      const { functionCall } = whole
      if (functionCall) {
        // A call that names nothing is refused when it comes back, and so is its result.
        const name = functionCall.name === "" ? unnamed : functionCall.name ?? this.#tools.toWire(part.name)
        open.push({ part, id: functionCall.id ?? undefined, name })
        if (functionCall.name === "") return [{ ...whole, functionCall: { ...functionCall, name } }]
      }
      return [whole]
    }
    // A call of another provider's own tool means nothing to this one.
    if (part.providerExecuted) return []
    const name = this.#tools.toWire(part.name)
    open.push({ part, id: part.id, name })
    const args = ToolJson.params(this.#tools.tool(part.name), part.params)
    return [{
      functionCall: { id: part.id, name, args: Json.isObject(args) ? args : {} },
      ...given(part.options.google)
    }]
  }

  /** The results of a step, in the order of its calls. */
  results(calls: ReadonlyArray<OpenCall>): Array<Part.Part> {
    return calls.map((call) => {
      const part = this.#exchanges.result(call.part)
      if (part === undefined) return response(call, { error: this.#exchanges.unanswered(call.part) }, [])
      const { files, text } = outputOf(part)
      return response(call, text === undefined ? this.#answer(part) : { output: text }, files.map(mediaOf))
    })
  }

  /** A result whose call is not in the prompt: the API takes no such result, but it takes what it says. */
  orphans(message: Prompt.ToolMessage): Array<Part.Part> {
    return message.content.flatMap((part): Array<Part.Part> => {
      if (part.type !== "tool-result" || !this.#exchanges.isOrphan(part)) return []
      const { files, text } = outputOf(part)
      const said = text ?? JSON.stringify(this.#answer(part))
      return [{ text: `Result of an earlier call of ${part.name}: ${said}` }, ...files.map(filePart)]
    })
  }

  /** The API takes objects only; `effect/ai` marks failures, Gemini knows them by their key. */
  #answer(part: Prompt.ToolResultPart): Readonly<Record<string, unknown>> {
    const json = ToolJson.result(this.#tools.tool(part.name), part)
    if (Result.isFailure(json)) this.refusal ??= json.failure
    const value = Result.getOrElse(json, () => null)
    if (part.isFailure) return { error: value }
    return Json.isObject(value) ? value : { output: value }
  }
}

const hasOwnCalls = (message: Prompt.AssistantMessage): boolean =>
  message.content.every((part) => part.type !== "tool-call" || part.options.google !== undefined)

export const promptToContents = (prompt: Prompt.Prompt, tools: ToolIndex): Contents => {
  const builder = new Builder(tools, new Exchanges(prompt))
  const system: Array<Part.Part> = []
  const placed: Array<Placed> = []
  prompt.content.forEach((message, at) => {
    const add = (role: "user" | "model", parts: ReadonlyArray<Part.Part>, own: boolean) => {
      const last = placed.at(-1)
      if (parts.length === 0) return
      // To the API, everything that the model said in a row is one step.
      if (role === "model" && last?.content.role === "model") {
        const content = { role, parts: [...(last.content.parts ?? []), ...parts] }
        placed[placed.length - 1] = { content, message: last.message, own: last.own && own }
      } else placed.push({ content: { role, parts }, message: at, own })
    }
    switch (message.role) {
      case "system":
        system.push(...said({ text: message.content }))
        break
      case "user":
        add("user", builder.user(message), false)
        break
      case "assistant": {
        const { open, parts } = builder.assistant(message)
        add("model", parts, hasOwnCalls(message))
        add("user", builder.results(open), false)
        break
      }
      case "tool":
        add("user", builder.orphans(message), false)
        break
    }
  })
  // A system instruction alone asks for nothing, and the API refuses it: then it is what the user says.
  const alone = placed.length === 0 && system.length > 0
  return {
    placed: alone ? [{ content: { role: "user", parts: system }, message: 0, own: false }] : placed,
    systemInstruction: alone || system.length === 0 ? undefined : { parts: system },
    refusal: builder.refusal
  }
}

/** The ids of the calls in a prompt. */
export const callIds = (prompt: Prompt.Prompt): ReadonlySet<string> => {
  const ids = new Set<string>()
  for (const message of prompt.content) {
    if (message.role !== "assistant") continue
    for (const part of message.content) if (part.type === "tool-call") ids.add(part.id)
  }
  return ids
}
