/**
 * One step and its pieces, made one. Nothing that was received is changed: the step and the lists in it are copies.
 *
 * Pieces that follow each other make one content where they are of a text, and of the sound of one type; everything else
 * is a content of its own. Arguments are pieces of a JSON text.
 */
import type { Delta } from "../../interactions/Delta.ts"
import type { Step } from "../../interactions/Step.ts"
import * as Body from "../http/responseBody.ts"

type Fields = Readonly<Record<string, unknown>>

const isRecord = (value: unknown): value is Fields =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const listOf = (value: unknown): ReadonlyArray<unknown> => Array.isArray(value) ? value : []

/** Two pieces of base64. One that ends with padding was encoded by itself. What is not base64 stays as it came. */
const base64 = (before: string, now: string): string => {
  if (!before.endsWith("=")) return before + now
  try {
    return btoa(atob(before) + atob(now))
  } catch {
    return before + now
  }
}

export class StepFold {
  readonly #step: Record<string, unknown>
  /** The pieces of a function's arguments. */
  #arguments = ""
  /** The contents that pieces are added to: those of the output, or of a thought's summary. */
  #contents: Array<Fields> | undefined
  /** The text of the last content, which grows most. */
  #text: string | undefined

  /** The type of the step that a piece belongs to whose start was not seen. */
  static typeOf({ type }: Delta): string {
    switch (type) {
      case "text":
      case "audio":
      case "image":
      case "video":
      case "document":
      case "text_annotation_delta":
        return "model_output"
      case "thought_summary":
      case "thought_signature":
        return "thought"
      case "arguments_delta":
        return "function_call"
      default:
        return type
    }
  }

  constructor(step: Step | { readonly type: string }) {
    this.#step = { ...step }
  }

  add(delta: Delta): void {
    switch (delta.type) {
      case "text":
        return this.#addText("content", delta.text ?? "")
      case "thought_summary":
        return this.#addContent("summary", delta.content)
      case "thought_signature":
        if (delta.signature != null) this.#step["signature"] = delta.signature
        return
      case "arguments_delta":
        this.#arguments += delta.arguments ?? ""
        return
      case "text_annotation_delta":
        return this.#annotate(listOf(delta.annotations))
      case "audio":
      case "image":
      case "video":
      case "document":
        return this.#addContent("content", delta)
      default:
        return this.#merge({ ...delta })
    }
  }

  get step(): unknown {
    this.#settle()
    if (this.#arguments === "") return { ...this.#step }
    const parsed = Body.parse(this.#arguments)
    if (isRecord(parsed)) return { ...this.#step, arguments: parsed }
    // What is not an object is kept as it was written, and the step has no arguments.
    const { arguments: _, ...rest } = this.#step
    return { ...rest, arguments_text: this.#arguments }
  }

  #list(field: "content" | "summary"): Array<Fields> {
    if (this.#contents === undefined) {
      this.#contents = listOf(this.#step[field]).filter(isRecord).slice()
      this.#step[field] = this.#contents
    }
    return this.#contents
  }

  /** Writes the text that has grown into its content. */
  #settle(): void {
    if (this.#text === undefined || this.#contents === undefined) return
    const last = this.#contents.length - 1
    this.#contents[last] = { ...this.#contents[last], text: this.#text }
    this.#text = undefined
  }

  #addText(field: "content" | "summary", text: string): void {
    if (this.#text !== undefined) {
      this.#text += text
      return
    }
    const contents = this.#list(field)
    const last = contents.at(-1)
    if (last?.["type"] !== "text") contents.push({ type: "text", text: "" })
    const before = contents.at(-1)?.["text"]
    this.#text = (typeof before === "string" ? before : "") + text
  }

  #addContent(field: "content" | "summary", content: unknown): void {
    if (!isRecord(content)) return
    if (content["type"] === "text" && Object.keys(content).length === 2 && typeof content["text"] === "string") {
      return this.#addText(field, content["text"])
    }
    this.#settle()
    const contents = this.#list(field)
    const last = contents.at(-1)
    const isMore = content["type"] === "audio" && last?.["type"] === "audio" &&
      last["mime_type"] === content["mime_type"] && typeof last["data"] === "string" &&
      typeof content["data"] === "string"
    if (isMore) {
      contents[contents.length - 1] = {
        ...last,
        ...content,
        data: base64(String(last?.["data"]), String(content["data"]))
      }
    } else contents.push({ ...content })
  }

  #annotate(annotations: ReadonlyArray<unknown>): void {
    this.#addText("content", "")
    this.#settle()
    const contents = this.#list("content")
    const last = contents.at(-1)
    contents[contents.length - 1] = { ...last, annotations: [...listOf(last?.["annotations"]), ...annotations] }
  }

  /** Takes the fields of a call or a result of the server's own tool: lists and texts grow, the others are replaced. */
  #merge(delta: Fields): void {
    for (const [field, value] of Object.entries(delta)) {
      if (field === "type" || value == null) continue
      const before = this.#step[field]
      if (Array.isArray(before) && Array.isArray(value)) this.#step[field] = [...before, ...value]
      else if (field === "result" && typeof before === "string" && typeof value === "string") {
        this.#step[field] = before + value
      } else if (field === "arguments" && isRecord(before) && isRecord(value)) {
        this.#step[field] = { ...before, ...value }
      } else this.#step[field] = value
    }
  }
}
