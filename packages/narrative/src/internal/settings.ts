/** Settings of acts, from the words of a narrative to those of the API. Pure. */
import type { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import type { SafetySetting } from "effect-gemini/wire/Safety"
import type { BuiltIn } from "../Flow.ts"
import type * as File from "../NarrativeFile.ts"

export type RawGeneration = typeof File.Generation.Type
export type RawSafety = typeof File.Safety.Type

export const generationOf = (settings: RawGeneration): GenerationConfig => {
  const { thinking_budget: thinkingBudget, thinking_level: level, response_json_schema: schema } = settings
  const thinking = {
    ...(thinkingBudget === undefined ? {} : { thinkingBudget }),
    ...(level === undefined ? {} : { thinkingLevel: level.toUpperCase() })
  }
  const mimeType = settings.response_mime_type ?? (schema === undefined ? undefined : "application/json")
  const wire = {
    temperature: settings.temperature,
    topP: settings.top_p,
    topK: settings.top_k,
    maxOutputTokens: settings.max_output_tokens,
    stopSequences: settings.stop_sequences,
    presencePenalty: settings.presence_penalty,
    frequencyPenalty: settings.frequency_penalty,
    seed: settings.seed,
    responseMimeType: mimeType,
    responseJsonSchema: schema,
    thinkingConfig: Object.keys(thinking).length === 0 ? undefined : thinking
  }
  return Object.fromEntries(Object.entries(wire).filter(([, value]) => value !== undefined))
}

const categories = {
  harassment: "HARM_CATEGORY_HARASSMENT",
  hate_speech: "HARM_CATEGORY_HATE_SPEECH",
  sexually_explicit: "HARM_CATEGORY_SEXUALLY_EXPLICIT",
  dangerous_content: "HARM_CATEGORY_DANGEROUS_CONTENT",
  civic_integrity: "HARM_CATEGORY_CIVIC_INTEGRITY"
} as const

export const safetyOf = (settings: RawSafety): ReadonlyArray<SafetySetting> =>
  (["harassment", "hate_speech", "sexually_explicit", "dangerous_content", "civic_integrity"] as const).flatMap(
    (name) => {
      const threshold = settings[name]
      return threshold === undefined ? [] : [{ category: categories[name], threshold: threshold.toUpperCase() }]
    }
  )

export const builtInOf = (act: typeof File.Act.Type): ReadonlyArray<BuiltIn> =>
  (["search", "url_context", "code_execution"] as const).filter((name) => act[name] === true)
