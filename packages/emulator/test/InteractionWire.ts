/** Requests about interactions as a client without a library sends them. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Wire from "./Wire.ts"

export interface Step {
  readonly type: string
  readonly id?: string
  readonly call_id?: string
  readonly name?: string
  readonly signature?: string
  readonly arguments?: unknown
  readonly summary?: ReadonlyArray<{ readonly text?: string }>
  readonly content?: ReadonlyArray<{
    readonly type: string
    readonly text?: string
    readonly annotations?: ReadonlyArray<Citation>
  }>
}

export interface Citation {
  readonly type: string
  readonly url?: string
  readonly title?: string
  readonly document_uri?: string
  readonly start_index: number
  readonly end_index: number
}

export interface Interaction {
  readonly id: string
  readonly status: string
  readonly steps: ReadonlyArray<Step>
  readonly outputs?: ReadonlyArray<unknown>
  readonly usage?: Readonly<Record<string, unknown>>
  readonly errors?: ReadonlyArray<{ readonly code: string }>
  readonly continuation_token?: string
  readonly previous_interaction_id?: string
  readonly error?: { readonly code: string; readonly message: string }
}

export interface Event {
  readonly event_type: string
  readonly event_id?: string
  readonly index?: number
  readonly status?: string
  readonly interaction_id?: string
  readonly step?: Step
  readonly delta?: Readonly<Record<string, unknown>> & { readonly type: string }
  readonly interaction?: Interaction
  readonly error?: { readonly code: string; readonly message: string }
}

export const model = "gemini-3.8-flash"

export const body = (input: unknown, more: object = {}) => ({ model, input, ...more })

export const create = (asked: unknown, headers?: Readonly<Record<string, string>>) =>
  Effect.map(
    Effect.flatMap(Wire.post("/v1beta/interactions", asked, headers), (response) => response.json),
    (json) => json as unknown as Interaction
  )

export const ask = Effect.fnUntraced(function*(verb: "GET" | "POST" | "DELETE", path: string) {
  const { url } = yield* Emulator.Emulator
  const response = yield* HttpClientRequest.make(verb)(`${url}/v1beta/${path}`).pipe(
    HttpClientRequest.setHeader("x-goog-api-key", "key"),
    HttpClient.execute
  )
  return { status: response.status, text: yield* response.text }
})

export const get = (id: string, query = "") =>
  Effect.map(ask("GET", `interactions/${id}${query}`), ({ text }): Interaction => JSON.parse(text))

/** The events of a stream, whose framing is checked on the way. */
export const eventsOf = (text: string): ReadonlyArray<Event> => {
  const frames = text.split("\n\n")
  if (frames.pop() !== "") throw new Error("the stream ends within an event")
  if (frames.pop() !== "event: done\ndata: [DONE]") throw new Error("the stream has no end")
  return frames.map((frame) => {
    const [, name, data] = /^event: ([\w.]+)\ndata: (.*)$/.exec(frame) ?? []
    const event: Event = JSON.parse(data ?? "null")
    if (event.event_type !== name) throw new Error(`${name} is ${event.event_type}`)
    return event
  })
}

export const stream = (asked: object) =>
  Effect.map(
    Effect.flatMap(Wire.post("/v1beta/interactions", { ...asked, stream: true }), (response) => response.text),
    eventsOf
  )

/** The steps that events bring, joined by what the typings of the SDK say of each delta. */
export const joined = (events: ReadonlyArray<Event>): ReadonlyArray<Step> => {
  const steps: Array<Record<string, unknown>> = []
  const pieces: Array<string> = []
  for (const { delta, event_type, index = 0, step } of events) {
    if (event_type === "step.start") {
      steps[index] = { ...step }
      pieces[index] = ""
    }
    const here = steps[index]
    if (event_type === "step.stop" && here?.["type"] === "function_call") {
      here["arguments"] = JSON.parse(pieces[index] ?? "")
    }
    if (delta === undefined || here === undefined) continue
    const { type, ...fields } = delta
    const list = (name: string) => (here[name] ??= []) as Array<Record<string, unknown>>
    switch (type) {
      case "text": {
        const last = list("content").at(-1)
        if (last?.["type"] === "text") last["text"] = `${String(last["text"])}${String(fields["text"])}`
        else list("content").push({ type, ...fields })
        break
      }
      case "text_annotation_delta": {
        const last = list("content").at(-1)
        if (last !== undefined) last["annotations"] = fields["annotations"]
        break
      }
      case "thought_summary":
        list("summary").push(fields["content"] as Record<string, unknown>)
        break
      case "thought_signature":
        here["signature"] = fields["signature"]
        break
      case "arguments_delta":
        pieces[index] += String(fields["arguments"])
        break
      case "image":
      case "audio":
      case "video":
      case "document":
        list("content").push({ type, ...fields })
        break
      default:
        Object.assign(here, fields)
    }
  }
  return steps as unknown as ReadonlyArray<Step>
}

/** The words of an interaction's output. */
export const textOf = ({ steps }: Pick<Interaction, "steps">): string =>
  steps.flatMap((step) => step.type === "model_output" ? step.content?.map(({ text }) => text ?? "") ?? [] : []).join(
    ""
  )
