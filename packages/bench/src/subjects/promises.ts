/** This project's door for plain TypeScript, over the same layer as `GeminiClient`: what it adds is what is measured. */
import { Gemini } from "effect-gemini-promises"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Redacted from "effect/Redacted"
import type { Subject } from "./Subject.ts"
import { tier } from "./tier.ts"

export const make = async (baseUrl: string, transport: "dispatch" | "fetch"): Promise<Subject> => {
  const config: GeminiConfig.Options = { apiKey: Redacted.make("bench"), baseUrl, tier }
  const gemini = new Gemini({
    layer: transport === "dispatch" ? NodeGemini.layerHttp(config) : FetchGemini.layer(config)
  })
  return {
    stream: async (model, contents, onFirst) => {
      const tally = { chunks: 0, bytes: 0 }
      for await (const { text } of gemini.stream({ model, contents })) {
        if (tally.chunks === 0) onFirst?.()
        tally.chunks++
        tally.bytes += text.length
      }
      return tally
    },
    unary: async (model, contents) => {
      const { text } = await gemini.generate({ model, contents })
      return { chunks: 1, bytes: text.length }
    },
    close: () => gemini.close()
  }
}
