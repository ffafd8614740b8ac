/** A Live client without a library: it sends objects and gets objects. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Socket from "effect/socket/Socket"

export const live25 = "models/gemini-2.5-flash-native-audio-preview-12-2025"
export const live38 = "models/gemini-3.8-live"
/** A model of the table that answers in text. */
export const robot = "models/gemini-robotics-er-2-streaming-preview"

export interface ServerContent {
  readonly modelTurn?: {
    readonly parts: ReadonlyArray<{
      readonly text?: string
      readonly thought?: boolean
      readonly inlineData?: { readonly mimeType: string; readonly data: string }
    }>
  }
  readonly generationComplete?: boolean
  readonly turnComplete?: boolean
  readonly turnCompleteReason?: string
  readonly interrupted?: boolean
  readonly waitingForInput?: boolean
  readonly interactionStatus?: string
  readonly inputTranscription?: {
    readonly text: string
    readonly speakerLabel?: string
    readonly words?: ReadonlyArray<
      { readonly word: string; readonly startOffset: string; readonly endOffset: string }
    >
    readonly startOffset?: string
    readonly endOffset?: string
  }
  readonly interimInputTranscription?: { readonly text: string }
  readonly outputTranscription?: { readonly text: string }
}

export interface Message {
  readonly setupComplete?: { readonly sessionId?: string }
  readonly serverContent?: ServerContent
  readonly toolCall?: {
    readonly functionCalls: ReadonlyArray<{ readonly id: string; readonly name: string; readonly args: unknown }>
  }
  readonly toolCallCancellation?: { readonly ids: ReadonlyArray<string> }
  readonly goAway?: { readonly timeLeft: string }
  readonly sessionResumptionUpdate?: { readonly newHandle?: string; readonly resumable?: boolean }
  readonly usageMetadata?: {
    readonly promptTokenCount: number
    readonly responseTokenCount?: number
    readonly totalTokenCount: number
  }
}

/** What arrives: messages, and in the end how the connection closed. */
export type Arrival =
  | { readonly message: Message; readonly binary: boolean; readonly text: string }
  | { readonly closed: { readonly code: number | undefined; readonly reason: string | undefined } }

export const path = (version = "v1beta", method = "BidiGenerateContent") =>
  `/ws/google.ai.generativelanguage.${version}.GenerativeService.${method}`

export const dial = Effect.fnUntraced(function*(
  address = `ws://emulator.invalid${path()}?key=key`,
  headers: Readonly<Record<string, string>> = {}
) {
  const construct = yield* Socket.WebSocketConstructor
  const arrivals = yield* Queue.unbounded<Arrival>()
  const ws = construct(address, { headers })
  if ("binaryType" in ws) Object.assign(ws, { binaryType: "arraybuffer" })
  const opened = new Promise<void>((resolve) => ws.addEventListener("open", () => resolve()))
  ws.addEventListener("message", ({ data }) => {
    const text = typeof data === "string"
      ? data
      : new TextDecoder().decode(data instanceof ArrayBuffer ? data : undefined)
    let message: Message = {}
    try {
      message = JSON.parse(text)
    } catch {
      // Garbage is looked at as text.
    }
    Queue.offerUnsafe(arrivals, { message, binary: typeof data !== "string", text })
  })
  ws.addEventListener("error", () => undefined)
  ws.addEventListener("close", ({ code, reason }) => {
    Queue.offerUnsafe(arrivals, { closed: { code, reason } })
  })
  yield* Effect.addFinalizer(() => Effect.sync(() => ws.close()))
  const send = (message: unknown) =>
    Effect.promise(() => opened).pipe(
      Effect.map(() => ws.send(typeof message === "string" ? message : JSON.stringify(message)))
    )
  const take = Queue.take(arrivals)
  const message = Effect.flatMap(
    take,
    (arrival) =>
      "message" in arrival ? Effect.succeed(arrival.message) : Effect.die(new Error(JSON.stringify(arrival.closed)))
  )
  const until = Effect.fnUntraced(function*(last: (message: Message) => boolean) {
    const messages: Array<Message> = []
    while (true) {
      const next = yield* message
      messages.push(next)
      if (last(next)) return messages
    }
  })
  const turn = until(({ serverContent }) => serverContent?.turnComplete === true)
  /** How it ends; messages before that are skipped. */
  const closed: Effect.Effect<{ readonly code: number | undefined; readonly reason: string | undefined }> = Effect
    .flatMap(take, (arrival) => "closed" in arrival ? Effect.succeed(arrival.closed) : closed)
  return { ws, send, take, message, until, turn, closed, opened: Effect.promise(() => opened) }
})

export const connect = Effect.fnUntraced(function*(
  setup: Readonly<Record<string, unknown>> = {},
  address?: string,
  headers?: Readonly<Record<string, string>>
) {
  const client = yield* dial(address, headers)
  yield* client.send({ setup: { model: robot, generationConfig: { responseModalities: ["TEXT"] }, ...setup } })
  const first = yield* client.message
  return { ...client, first }
})

export const ask = (text: string) => ({
  clientContent: { turns: [{ role: "user", parts: [{ text }] }], turnComplete: true }
})

export const textOf = (messages: ReadonlyArray<Message>): string =>
  messages.flatMap(({ serverContent }) => serverContent?.modelTurn?.parts ?? []).map(({ text }) => text ?? "").join("")

export const control = Effect.map(Emulator.Emulator, ({ live }) => live)
