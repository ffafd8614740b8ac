/** Makes the messages that a session sends of what a caller gives. Pure. */
import * as Base64 from "effect/encoding/Base64"
import * as LiveProtocol from "../../live/LiveProtocol.ts"
import type { LiveSession } from "../../live/LiveSession.ts"
import type * as Content from "../../wire/Content.ts"

type ClientMessage = LiveProtocol.ClientMessage

export const text = (
  text: string,
  contents: ReadonlyArray<Content.Content>,
  by: "realtimeInput" | "clientContent"
): ClientMessage =>
  by === "realtimeInput" ? { realtimeInput: { text } } : { clientContent: { turns: contents, turnComplete: true } }

export const turns = (contents: ReadonlyArray<Content.Content>, turnComplete: boolean): ClientMessage => ({
  clientContent: contents.length === 0 ? { turnComplete } : { turns: contents, turnComplete }
})

/** A frame of 16-bit mono samples. */
export const audioFrame = (samples: Uint8Array, sampleRate: number): string =>
  LiveProtocol.encode({
    realtimeInput: { audio: { mimeType: `audio/pcm;rate=${sampleRate}`, data: Base64.encode(samples) } }
  })

export const videoFrame = (image: Uint8Array, mimeType: string): string =>
  LiveProtocol.encode({ realtimeInput: { video: { mimeType, data: Base64.encode(image) } } })

export const contextUpdate = (
  { systemInstruction, tools }: Parameters<LiveSession["updateContext"]>[0]
): ClientMessage => ({
  contextUpdate: {
    ...(systemInstruction === undefined ? {} : {
      systemInstruction: typeof systemInstruction === "string"
        ? { parts: [{ text: systemInstruction }] }
        : systemInstruction
    }),
    ...(tools === undefined ? {} : { tools: { tools } })
  }
})
