/** Our own provider, as a subject of the suite. */
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import { geminiWire } from "effect-gemini-conformance/provider/GeminiWire"
import type { Subject } from "effect-gemini-conformance/provider/Subject"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

const key = "AIzaSyA-key-of-the-provider-suite-000000"

export const gemini: Subject = {
  name: "gemini",
  key,
  wire: geminiWire,
  layer: GeminiLanguageModel.model("gemini-3.8-flash").pipe(
    Layer.provide(GeminiClient.layer({ apiKey: Redacted.make(key), tier: "tier3", retry: { attempts: 1 } }))
  ),
  misses: {}
}
