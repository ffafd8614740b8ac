/** The official SDK, called as its documentation calls it. */
import { GoogleGenAI } from "@google/genai"
import { orderOf } from "../harness/bodies.ts"
import { eventsUrl, fileOf, type Subject, type Tally } from "./Subject.ts"

export const make = (baseUrl: string): Subject => {
  const { files, models } = new GoogleGenAI({ apiKey: "bench", httpOptions: { baseUrl } })
  const interactions = new Map<string, GoogleGenAI["interactions"]>()
  const interactionsOf = (model: string) => {
    const known = interactions.get(model) ??
      new GoogleGenAI({ apiKey: "bench", httpOptions: { baseUrl: eventsUrl(baseUrl, model) } }).interactions
    interactions.set(model, known)
    return known
  }
  return {
    events: async (model) => {
      const tally: Tally = { chunks: 0, bytes: 0 }
      for await (const event of await interactionsOf(model).create({ model, input: "hello", stream: true })) {
        if (event.event_type !== "step.delta" || event.delta.type !== "text") continue
        tally.chunks++
        tally.bytes += event.delta.text.length
      }
      return tally
    },
    upload: async (model) => {
      const { sizeBytes } = await files.upload({ file: fileOf(model), config: { mimeType: "text/plain" } })
      return { chunks: 1, bytes: Number(sizeBytes) }
    },
    // It says nothing of the bytes, and writes them to a path.
    download: async (model) => {
      await files.download({ file: `files/${model}`, downloadPath: "/dev/null" })
      return { chunks: 1, bytes: orderOf(model).size }
    },
    stream: async (model, contents, onFirst) => {
      const tally: Tally = { chunks: 0, bytes: 0 }
      for await (const chunk of await models.generateContentStream({ model, contents })) {
        if (tally.chunks === 0) onFirst?.()
        tally.chunks++
        tally.bytes += chunk.text?.length ?? 0
      }
      return tally
    },
    unary: async (model, contents) => {
      const answer = await models.generateContent({ model, contents })
      return { chunks: 1, bytes: answer.text?.length ?? 0 }
    },
    close: async () => {}
  }
}
