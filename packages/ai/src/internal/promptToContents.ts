/**
 * A prompt of `effect/ai` as the contents of a request. Pure.
 *
 * What Gemini said goes back as it said it: its parts in their order, each with its
 * signature. All results of one step go into one user content, in the order of the calls.
 */
import type { Content } from "effect-gemini/wire/Content"
import * as Part from "effect-gemini/wire/Part"
import type * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import type { InputDetails, PartDetails } from "../GeminiMetadata.ts"
import * as Json from "./json.ts"
import type { ToolIndex } from "./toolIndex.ts"

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
}

/** What is known of a call when its result comes. */
interface Call {
  /** Undefined for a call that had no id on the wire. */
  readonly id: string | undefined
  readonly name: string
  readonly order: number
}

const given = (details: InputDetails | null | undefined): Part.Part => ({
  ...details?.fields,
  ...(details?.mediaResolution ? { mediaResolution: details.mediaResolution } : {}),
  ...(details?.videoMetadata ? { videoMetadata: details.videoMetadata } : {}),
  ...(details?.thoughtSignature ? { thoughtSignature: details.thoughtSignature } : {})
})

const remembered = (details: PartDetails | null | undefined): Part.Part | undefined => details?.part

/** The type and the data of a `data:` URL in base64; only what is before its comma is looked at. */
const inlined = (data: string): { readonly type: string; readonly data: string } | undefined => {
  const comma = data.startsWith("data:") ? data.indexOf(",") : -1
  const head = comma === -1 ? "" : data.slice("data:".length, comma)
  return head.endsWith(";base64") ? { type: head.slice(0, head.indexOf(";")), data: data.slice(comma + 1) } : undefined
}

const concrete = (mediaType: string): string => mediaType === "image/*" ? "image/jpeg" : mediaType

const isAddress = (data: string): boolean => /^(?:https?|gs):\/\//.test(data)

/** Bytes, base64, a `data:` URL, or an address (Files API, YouTube, `https:`, `gs:`). */
export const filePart = (part: Prompt.FilePart): Part.Part => {
  const { inlineData, ...details } = given(part.options.google)
  const mimeType = concrete(part.mediaType)
  if (part.data instanceof Uint8Array) {
    return { inlineData: { ...inlineData, mimeType, data: Base64.encode(part.data) }, ...details }
  }
  const data = part.data instanceof URL ? part.data.href : part.data
  const inline = inlined(data)
  if (inline !== undefined) {
    return { inlineData: { ...inlineData, mimeType: inline.type || mimeType, data: inline.data }, ...details }
  }
  return part.data instanceof URL || isAddress(data)
    ? { fileData: { mimeType, fileUri: data }, ...details }
    : { inlineData: { ...inlineData, mimeType, data }, ...details }
}

/** The API takes objects only; `effect/ai` marks failures, Gemini knows them by their key. */
const responseOf = (part: Prompt.ToolResultPart): Readonly<Record<string, unknown>> => {
  if (part.isFailure) return { error: part.result ?? null }
  return Json.isObject(part.result) ? part.result : { output: part.result ?? null }
}

type Media = NonNullable<NonNullable<Part.Part["functionResponse"]>["parts"]>[number]

const mediaOf = (part: Prompt.FilePart): Media => {
  const { fileData, inlineData } = filePart(part)
  return { ...(fileData ? { fileData } : {}), ...(inlineData ? { inlineData } : {}) }
}

/** A result; texts and files that the tool made for the model stand in its place. */
const resultPart = (part: Prompt.ToolResultPart, call: Call): Part.Part => {
  const texts: Array<string> = []
  const media: Array<Media> = []
  for (const output of part.modelOutput ?? []) {
    if (output.type === "text") texts.push(output.text)
    else media.push(mediaOf(output))
  }
  return {
    functionResponse: {
      ...(call.id === undefined ? {} : { id: call.id }),
      name: call.name,
      response: texts.length > 0 && !part.isFailure ? { output: texts.join("\n") } : responseOf(part),
      ...(media.length === 0 ? {} : { parts: media })
    }
  }
}

class Builder {
  readonly #tools: ToolIndex
  readonly #calls = new Map<string, Call>()
  #order = 0

  constructor(tools: ToolIndex) {
    this.#tools = tools
  }

  user(message: Prompt.UserMessage): Array<Part.Part> {
    return message.content.map((part) =>
      part.type === "text" ? { text: part.text, ...given(part.options.google) } : filePart(part)
    )
  }

  assistant(message: Prompt.AssistantMessage): Array<Part.Part> {
    return message.content.flatMap((part): Array<Part.Part> => {
      switch (part.type) {
        case "text":
        case "reasoning": {
          const whole = remembered(part.options.google)
          if (whole !== undefined) return [whole]
          const details = given(part.options.google)
          if (part.text === "" && Object.keys(details).length === 0) return []
          return [{ text: part.text, ...(part.type === "reasoning" ? { thought: true } : {}), ...details }]
        }
        case "file":
          return [filePart(part)]
        case "tool-call":
          return this.#call(part)
        case "tool-result":
          return this.#serverResult(part)
        default:
          return []
      }
    })
  }

  /** Of one step: in the order of its calls, whichever ended first. */
  results(parts: ReadonlyArray<Prompt.ToolResultPart>): Array<Part.Part> {
    const ordered = parts.map((part) => {
      const call = this.#calls.get(part.id) ??
        { id: part.id, name: this.#tools.toWire(part.name), order: Number.MAX_SAFE_INTEGER }
      return { order: call.order, wire: resultPart(part, call) }
    })
    return ordered.sort((a, b) => a.order - b.order).map(({ wire }) => wire)
  }

  #call(part: Prompt.ToolCallPart): Array<Part.Part> {
    const whole = remembered(part.options.google)
    if (whole !== undefined) {
      const name = whole.functionCall?.name ?? this.#tools.toWire(part.name)
      this.#calls.set(part.id, { id: whole.functionCall?.id ?? undefined, name, order: this.#order++ })
      return [whole]
    }
    // A call of another provider's own tool means nothing to this one.
    if (part.providerExecuted) return []
    const name = this.#tools.toWire(part.name)
    this.#calls.set(part.id, { id: part.id, name, order: this.#order++ })
    return [{
      functionCall: { id: part.id, name, args: Json.isObject(part.params) ? part.params : {} },
      ...given(part.options.google)
    }]
  }

  #serverResult(part: Prompt.ToolResultPart): Array<Part.Part> {
    const whole = remembered(part.options.google)
    return whole === undefined ? [] : [whole]
  }
}

const hasOwnCalls = (message: Prompt.AssistantMessage): boolean =>
  message.content.every((part) => part.type !== "tool-call" || part.options.google !== undefined)

export const promptToContents = (prompt: Prompt.Prompt, tools: ToolIndex): Contents => {
  const builder = new Builder(tools)
  const system: Array<Part.Part> = []
  const placed: Array<Placed> = []
  const messages = prompt.content
  for (let i = 0; i < messages.length; i++) {
    const message = messages[i]
    if (message === undefined) continue
    const add = (role: "user" | "model", parts: ReadonlyArray<Part.Part>, at: number, own: boolean) => {
      const last = placed.at(-1)
      if (parts.length === 0) return
      // What the model said in a row is one step to the API.
      if (role === "model" && last?.content.role === "model") {
        const content = { role, parts: [...(last.content.parts ?? []), ...parts] }
        placed[placed.length - 1] = { content, message: last.message, own: last.own && own }
      } else placed.push({ content: { role, parts }, message: at, own })
    }
    switch (message.role) {
      case "system":
        system.push({ text: message.content })
        break
      case "user":
        add("user", builder.user(message), i, false)
        break
      case "assistant":
        add("model", builder.assistant(message), i, hasOwnCalls(message))
        break
      case "tool": {
        const results: Array<Prompt.ToolResultPart> = []
        const at = i
        // Approvals split the results of a step over several messages; the API wants them together.
        for (let next = messages[i]; next?.role === "tool"; next = messages[++i]) {
          for (const part of next.content) if (part.type === "tool-result") results.push(part)
        }
        i--
        add("user", builder.results(results), at, false)
        break
      }
    }
  }
  return { placed, systemInstruction: system.length === 0 ? undefined : { parts: system } }
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
