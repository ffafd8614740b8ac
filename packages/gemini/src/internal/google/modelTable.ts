/**
 * What is known of the models without asking, as of `asOf`: names and methods from the official SDK's typings and the
 * API's changelog (September to November 2026). This module is data only.
 */

/** The day (ISO, UTC) that the table describes. */
export const asOf = "2026-11-22"

const generate = ["generateContent", "streamGenerateContent", "countTokens"]
const embed = ["embedContent", "batchEmbedContents", "countTokens"]
const bidi = ["bidiGenerateContent", "countTokens"]

/** Models that demand thought signatures back with function calls: those of Gemini 3 and later that take functions. */
export const signed = [
  "gemini-flash-latest",
  "gemini-flash-lite-latest",
  "gemini-pro-latest",
  "gemini-4-argon",
  "gemini-4-carbon",
  "gemini-4-hydrogen",
  "gemini-3.8-flash",
  "gemini-3.7-flash",
  "gemini-3.6-flash",
  "gemini-3.5-flash",
  "gemini-3.5-flash-lite",
  "gemini-3.1-pro-preview",
  "gemini-3.1-pro-preview-customtools",
  "gemini-3.1-flash-lite",
  "gemini-3-flash-preview"
] as const

/** The other models that generate content. */
export const generating = [
  "gemini-2.5-pro",
  "gemini-2.5-flash",
  "gemini-2.5-flash-lite",
  "gemini-2.5-flash-image",
  "gemini-3.1-flash-image",
  "gemini-3.1-flash-lite-image",
  "gemini-3-pro-image",
  "gemini-nano-banana-2.1",
  "nano-banana-pro-preview",
  "gemini-3.8-flash-tts",
  "gemini-3.8-flash-lite-tts",
  "gemini-3.1-flash-tts-preview",
  "gemini-3.5-transcribe",
  "gemini-robotics-er-1.6-preview",
  "gemini-robotics-er-2-preview",
  "gemini-omni-1.1-flash",
  "gemini-omni-1.2-flash",
  "gemma-4-26b-a4b-it",
  "gemma-4-31b-it"
] as const

/** Models that turn texts into vectors. */
export const embedding = ["gemini-embedding-001", "gemini-embedding-2"] as const

/** Models that have only the Live API. */
export const live = [
  "gemini-3.8-live",
  "gemini-3.8-live-extended-thinking",
  "gemini-3.5-live-translate-preview",
  "gemini-3.5-transcribe-live",
  "gemini-robotics-er-2-streaming-preview",
  "gemini-3.1-flash-live-preview",
  "gemini-2.5-flash-native-audio-preview-12-2025"
] as const

/** Methods, and the models that have them. */
export const rows: ReadonlyArray<readonly [methods: ReadonlyArray<string>, models: ReadonlyArray<string>]> = [
  [generate, signed],
  [generate, generating],
  [bidi, live],
  [embed, embedding],
  [["createDecision"], ["gemini-decision-1"]],
  [["predictLongRunning"], [
    "veo-3.1-generate-preview",
    "veo-3.1-fast-generate-preview",
    "veo-3.1-lite-generate-preview"
  ]],
  [["bidiGenerateMusic"], ["lyria-realtime-exp"]]
]

/** What a name tells of the methods, for models that the table does not know. The first row that matches counts. */
export const nameRules: ReadonlyArray<readonly [name: RegExp, methods: ReadonlyArray<string>]> = [
  [/embedding/, embed],
  [/-live(?:-|$)|native-audio/, bidi],
  // Experimental models of the Live generation answered to both kinds of methods.
  [/-exp(?:-|$)/, [...generate, "bidiGenerateContent"]],
  [/^/, generate]
]
