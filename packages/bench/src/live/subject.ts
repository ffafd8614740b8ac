/**
 * What each client of the Live benchmark can do, and the two clients whose sessions are callbacks: raw `ws` and the
 * SDK.
 */
import { GoogleGenAI, type LiveServerMessage, Modality } from "@google/genai"
import { WebSocket } from "ws"

export const model = "gemini-2.0-flash-live"
export const chunkText = "and then the lamp went out and she climbed the stairs. "
export const usage = { promptTokenCount: 7, responseTokenCount: 11, totalTokenCount: 18 }
/** 100 ms of sound at 16 kHz, and the answer to it at 24 kHz. */
export const soundUp = Buffer.alloc(3_200, "pcm of a voice")
export const soundDown = 4_800
export const soundsPerSecond = 10

/**
 * What came, so that it can be checked for completeness: pieces of text or sound, bytes of text or base64, tokens by
 * the usage.
 */
export interface Tally {
  chunks: number
  bytes: number
  tokens: number
}

export interface Subject {
  /** Takes one turn of so many chunks, on a session that is open. */
  readonly chunks: (count: number) => Promise<Tally>
  /** Takes so many turns, one after the other, on a session that is open. */
  readonly turns: (count: number) => Promise<Tally>
  /** The same, each read as a whole answer. A client of callbacks has one way for all of them. */
  readonly asks: (count: number) => Promise<Tally>
  /** The same, read as events. */
  readonly events: (count: number) => Promise<Tally>
  /** Opens so many sessions at once; each connects, takes a turn and closes cleanly. */
  readonly sessions: (count: number) => Promise<Tally>
  /** Opens so many sessions that take a turn and stay open. */
  readonly idle: (count: number) => Promise<Tally>
  /** Sends sound up and down one session that stays open, as fast as it goes. */
  readonly audio: (seconds: number) => Promise<Tally>
}

interface Session {
  readonly text: (text: string) => void
  readonly sound: (bytes: Buffer) => void
  readonly close: () => void
}

type Connect = (onMessage: (message: LiveServerMessage) => void, onClose: () => void) => Promise<Session>

export const raw = (url: string): Connect => (onMessage, onClose) =>
  new Promise((resolve, reject) => {
    const ws = new WebSocket(url.replace(/^http/, "ws"), { perMessageDeflate: false })
    const send = (message: unknown): void => ws.send(JSON.stringify(message))
    const session: Session = {
      text: (text) => send({ clientContent: { turns: [{ role: "user", parts: [{ text }] }], turnComplete: true } }),
      sound: (bytes) =>
        send({ realtimeInput: { audio: { mimeType: "audio/pcm;rate=16000", data: bytes.toString("base64") } } }),
      close: () => ws.close(1000)
    }
    ws.on("error", reject)
    ws.on("close", onClose)
    ws.on(
      "open",
      () => send({ setup: { model: `models/${model}`, generationConfig: { responseModalities: ["TEXT"] } } })
    )
    ws.on("message", (data) => {
      const message: LiveServerMessage = JSON.parse(String(data))
      if (message.setupComplete) resolve(session)
      else onMessage(message)
    })
  })

export const official = (url: string): Connect => {
  const client = new GoogleGenAI({ apiKey: "k", httpOptions: { baseUrl: url } })
  return async (onMessage, onClose) => {
    const session = await client.live.connect({
      model,
      config: { responseModalities: [Modality.TEXT] },
      callbacks: { onmessage: onMessage, onclose: onClose }
    })
    return {
      text: (text) => session.sendClientContent({ turns: text }),
      sound: (bytes) =>
        session.sendRealtimeInput({ audio: { mimeType: "audio/pcm;rate=16000", data: bytes.toString("base64") } }),
      close: () => session.close()
    }
  }
}

const nothing = (): Tally => ({ chunks: 0, bytes: 0, tokens: 0 })

const sum = (tallies: ReadonlyArray<Tally>): Tally => {
  const total = nothing()
  for (const { bytes, chunks, tokens } of tallies) {
    total.chunks += chunks
    total.bytes += bytes
    total.tokens += tokens
  }
  return total
}

const open = async (connect: Connect) => {
  let tally = nothing()
  let sounds = 0
  let done: ((tally: Tally) => void) | undefined
  let closed: (() => void) | undefined
  const session = await connect(({ serverContent, usageMetadata }) => {
    for (const { inlineData, text } of serverContent?.modelTurn?.parts ?? []) {
      tally.chunks++
      tally.bytes += (text ?? inlineData?.data ?? "").length
    }
    tally.tokens += usageMetadata?.totalTokenCount ?? 0
    if (tally.chunks < sounds) {
      if (serverContent?.modelTurn) session.sound(soundUp)
    } else if (serverContent?.turnComplete) done?.(tally)
  }, () => closed?.())
  const answer = (ask: () => void): Promise<Tally> => {
    tally = nothing()
    return new Promise((resolve) => {
      done = resolve
      ask()
    })
  }
  return {
    turn: (text: string) => answer(() => session.text(text)),
    audio: (seconds: number) => {
      sounds = seconds * soundsPerSecond
      return answer(() => session.sound(soundUp))
    },
    close: () =>
      new Promise<void>((resolve) => {
        closed = resolve
        session.close()
      })
  }
}

/** Sessions turn by turn over callbacks, as a program on them would be written. */
export const fromConnect = (connect: Connect): Subject => {
  const kept: Array<Awaited<ReturnType<typeof open>>> = []
  const first = async () => kept[0] ??= await open(connect)
  const times = <A>(count: number, work: () => Promise<A>): Promise<Array<A>> =>
    Promise.all(Array.from({ length: count }, work))
  const turns = async (count: number): Promise<Tally> => {
    const session = await first()
    const tallies: Array<Tally> = []
    for (let i = 0; i < count; i++) tallies.push(await session.turn("hello"))
    return sum(tallies)
  }
  return {
    chunks: async (count) => (await first()).turn(`chunks ${count}`),
    turns,
    asks: turns,
    events: turns,
    sessions: async (count) =>
      sum(
        await times(count, async () => {
          const session = await open(connect)
          const tally = await session.turn("hello")
          await session.close()
          return tally
        })
      ),
    idle: async (count) =>
      sum(
        await times(count, async () => {
          const session = await open(connect)
          kept.push(session)
          return session.turn("hello")
        })
      ),
    audio: async (seconds) => (await first()).audio(seconds)
  }
}
