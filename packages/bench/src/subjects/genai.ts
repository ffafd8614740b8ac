/** The official SDK, called as its documentation calls it. */
import { GoogleGenAI } from "@google/genai"
import type { Subject, Tally } from "./Subject.ts"

export const make = (baseUrl: string): Subject => {
  const { models } = new GoogleGenAI({ apiKey: "bench", httpOptions: { baseUrl } })
  return {
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
