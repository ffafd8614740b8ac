/**
 * What the server says, rendered before anybody asks.
 *
 * A model name is the order: `bench-40-20000` is 20,000 events of 40 bytes of text
 * each, `bench-40-500-paced` is written event by event, so that each costs the client
 * a socket read of its own, as a real stream does, and `bench-40-100-steady` has an event every 20 ms; `bench-40-100-cut` breaks off half
 * way; `bench-40-100-events` is an interaction, whose text comes in so many deltas. Every event is a whole GenerateContentResponse in an HTTP chunk of its own,
 * with the keys that recorded streams have.
 */

/** What a model name orders. */
export interface Order {
  readonly size: number
  readonly count: number
  readonly ending: Ending
}

export type Ending = "ok" | "paced" | "slow" | "steady" | "cut" | "blocked" | "quota" | "events"

const endings: ReadonlyArray<Ending> = ["ok", "paced", "slow", "steady", "cut", "blocked", "quota", "events"]

export const modelOf = (size: number, count: number, ending: Ending = "ok"): string =>
  `bench-${size}-${count}-${ending}`

export const orderOf = (model: string): Order => {
  const [, size, count, ending] = /^bench-(\d+)-(\d+)-(\w+)$/.exec(model) ?? []
  return { size: Number(size ?? 40), count: Number(count ?? 1), ending: endings.find((it) => it === ending) ?? "ok" }
}

const text = (size: number): string =>
  "Forty bytes of text, as a model streams ".repeat(Math.ceil(size / 40)).slice(0, size)

const usage = (tokens: number): object => ({
  promptTokenCount: 12,
  candidatesTokenCount: tokens,
  totalTokenCount: 12 + tokens,
  promptTokensDetails: [{ modality: "TEXT", tokenCount: 12 }]
})

export const answer = (size: number, last: boolean): object => ({
  candidates: [
    {
      content: { parts: [{ text: text(size) }], role: "model" },
      ...(last ? { finishReason: "STOP" } : {}),
      index: 0
    }
  ],
  usageMetadata: usage(Math.ceil(size / 4)),
  modelVersion: "gemini-3.8-flash",
  responseId: "k3Jmabc-EYqX28oPgZ2b2Ao"
})

const httpChunk = (body: Buffer): Buffer =>
  Buffer.concat([Buffer.from(`${body.length.toString(16)}\r\n`), body, Buffer.from("\r\n")])

const event = (value: object): Buffer => httpChunk(Buffer.from(`data: ${JSON.stringify(value)}\r\n\r\n`))

const head = (status: string, type: string, framing: string): Buffer =>
  Buffer.from(
    `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\n${framing}\r\ndate: Sun, 22 Nov 2026 00:00:00 GMT\r\n` +
      "server: scaffolding on HTTPServer2\r\nx-frame-options: SAMEORIGIN\r\n\r\n"
  )

const whole = (status: string, body: object): Buffer => {
  const bytes = Buffer.from(JSON.stringify(body))
  return Buffer.concat([head(status, "application/json; charset=UTF-8", `content-length: ${bytes.length}`), bytes])
}

/** A streamed answer: the head, a block of events as often as needed, the rest with the end. */
export interface Rendered {
  readonly head: Buffer
  readonly block: Buffer
  readonly repeats: number
  /** One event by itself, for paced streams. */
  readonly event: Buffer
  readonly tail: Buffer
}

const blockBytes = 64 * 1024

const renderStream = ({ count, size }: Order): Rendered => {
  const one = event(answer(size, false))
  const perBlock = Math.max(1, Math.min(count - 1, Math.floor(blockBytes / one.length)))
  const repeats = Math.floor((count - 1) / perBlock)
  const rest = count - 1 - repeats * perBlock
  return {
    head: head("200 OK", "text/event-stream", "transfer-encoding: chunked"),
    block: Buffer.concat(Array.from({ length: perBlock }, () => one)),
    repeats,
    event: one,
    tail: Buffer.concat([
      ...Array.from({ length: rest }, () => one),
      event(answer(size, true)),
      Buffer.from("0\r\n\r\n")
    ])
  }
}

const named = (value: { readonly event_type: string; readonly [field: string]: unknown }): Buffer =>
  httpChunk(Buffer.from(`event: ${value.event_type}\ndata: ${JSON.stringify(value)}\n\n`))

const delta = (size: number, id: string) => ({
  event_type: "step.delta",
  index: 1,
  delta: { type: "text", text: text(size) },
  event_id: `IL_gyawDU2YNF2${id}`
})

const interaction = { id: "v1_ChdTcUw4VElISmUxVkN3bmlkU05EMEFVRRIX", object: "interaction", model: "gemini-3.8-flash" }

/** An interaction of one text. It has the events that recorded ones have, and ids as Google's guides show them. */
const renderEvents = ({ count, size }: Order): Rendered => {
  const one = named(delta(size, "a1000"))
  const perBlock = Math.max(1, Math.min(count, Math.floor(blockBytes / one.length)))
  const repeats = Math.floor(count / perBlock)
  return {
    head: Buffer.concat([
      head("200 OK", "text/event-stream", "transfer-encoding: chunked"),
      named({ event_type: "interaction.created", interaction: { ...interaction, status: "in_progress" } }),
      named({ event_type: "step.start", index: 1, step: { type: "model_output" } })
    ]),
    block: Buffer.concat(Array.from({ length: perBlock }, (_, n) => named(delta(size, `b${1_000 + n % 9_000}`)))),
    repeats,
    event: one,
    tail: Buffer.concat([
      ...Array.from({ length: count - repeats * perBlock }, (_, n) => named(delta(size, `c${1_000 + n}`))),
      named({ event_type: "step.stop", index: 1 }),
      named({
        event_type: "interaction.completed",
        interaction: { ...interaction, status: "completed", usage: { total_input_tokens: 12, total_tokens: 20 } }
      }),
      httpChunk(Buffer.from("data: [DONE]\n\n")),
      Buffer.from("0\r\n\r\n")
    ])
  }
}

const streams = new Map<string, Rendered>()
export const stream = (model: string): Rendered => {
  const order = orderOf(model)
  const known = streams.get(model) ?? (order.ending === "events" ? renderEvents : renderStream)(order)
  streams.set(model, known)
  return known
}

const quota = whole("429 Too Many Requests", {
  error: {
    code: 429,
    message: "You exceeded your current quota.",
    status: "RESOURCE_EXHAUSTED",
    details: [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "0.001s" }]
  }
})
const blocked = whole("200 OK", { promptFeedback: { blockReason: "SAFETY" }, modelVersion: "gemini-3.8-flash" })

const wholes = new Map<string, Buffer>()
/** The answer in one piece; 429 and blocked prompts have this form also where a stream was asked for. */
export const unary = (model: string): Buffer => {
  const { ending, size } = orderOf(model)
  if (ending === "quota") return quota
  if (ending === "blocked") return blocked
  const known = wholes.get(model) ?? whole("200 OK", answer(size, true))
  wholes.set(model, known)
  return known
}
