/**
 * The models, as of `asOf`. Our own transcription of facts:
 * names and dates of retirement from the API's changelog and the official SDK's typings (November 2026);
 * versions, display names and limits of models up to 3.1 from a recorded `models.list` of early 2026;
 * limits of newer models are those of their predecessors, as no listing of them was public.
 */
import type { Model, Row } from "../../ModelTable.ts"

export const asOf = "2026-11-22"

const generate = ["generateContent", "countTokens", "createCachedContent", "batchGenerateContent"]
const image = ["generateContent", "countTokens", "batchGenerateContent"]
const speech = ["countTokens", "generateContent"]
const live = ["countTokens", "bidiGenerateContent"]
const embed = ["embedContent", "countTextTokens", "countTokens", "asyncBatchEmbedContent"]

type Facts = Omit<Model, "name" | "displayName" | "version" | "description"> & {
  readonly version?: string
  readonly description?: string
}

const row = (id: string, displayName: string, facts: Facts, knowledge: Omit<Row, "model"> = {}): Row => {
  const { description, version, ...rest } = facts
  return {
    model: {
      name: `models/${id}`,
      version: version ?? "001",
      displayName,
      description: description ?? displayName,
      ...rest
    },
    ...knowledge
  }
}

const sampling = { temperature: 1, topP: 0.95, topK: 64, maxTemperature: 2 }

const thinking = {
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 65_536,
  supportedGenerationMethods: generate,
  ...sampling,
  thinking: true
}
const gemini2 = {
  version: "2.0",
  inputTokenLimit: 1_048_576,
  outputTokenLimit: 8192,
  supportedGenerationMethods: generate,
  temperature: 1,
  topP: 0.95,
  topK: 40,
  maxTemperature: 2
}
const picture = {
  inputTokenLimit: 131_072,
  outputTokenLimit: 32_768,
  supportedGenerationMethods: image,
  temperature: 1,
  topP: 0.95,
  topK: 64,
  maxTemperature: 1,
  thinking: true
}
const voice = { inputTokenLimit: 8192, outputTokenLimit: 16_384, supportedGenerationMethods: speech, ...sampling }
const spoken = {
  inputTokenLimit: 131_072,
  outputTokenLimit: 8192,
  supportedGenerationMethods: live,
  ...sampling,
  thinking: true
}
const robot = { ...thinking, supportedGenerationMethods: ["generateContent", "countTokens"] }
const gemma = {
  inputTokenLimit: 131_072,
  outputTokenLimit: 8192,
  supportedGenerationMethods: ["generateContent", "countTokens"],
  temperature: 1,
  topP: 0.95,
  topK: 64
}
const film = { inputTokenLimit: 480, outputTokenLimit: 8192, supportedGenerationMethods: ["predictLongRunning"] }
const drawn = { inputTokenLimit: 480, outputTokenLimit: 8192, supportedGenerationMethods: ["predict"] }
const vectors = { inputTokenLimit: 2048, outputTokenLimit: 1, supportedGenerationMethods: embed }

/**
 * Models of Gemini 3 and later: they demand signatures back, their thinking is set by level, and tools may be mixed.
 */
const gemini3 = (...levels: ReadonlyArray<string>): Omit<Row, "model"> => ({
  signatures: true,
  combinesTools: true,
  levels
})
const all = gemini3("MINIMAL", "LOW", "MEDIUM", "HIGH")
// 3.7 and 3.8 flash refuse MINIMAL: reported with the server's words in 2026.
const noMinimal = gemini3("LOW", "MEDIUM", "HIGH")
// @ai-sdk/google 4.0.121 (November 2026) offers low to xhigh for it.
const upToXhigh = gemini3("LOW", "MEDIUM", "HIGH", "XHIGH")

/**
 * Where these models stop in each request, to be continued with a token (@ai-sdk/google 4.0.95 and 4.0.117). Google
 * publishes no number: this one is ours, small enough to be met in tests.
 */
const hopTokens = 2_048

/**
 * Models that only former users may call, with the model that others are sent to: reported with the server's words in
 * August 2026.
 */
const closed = (successor: string) => ({ since: "2026-09-18", successor: `models/${successor}` })
/** Caches of 1,081 and 1,090 tokens were taken in 2026 (recorded); the guide of that time says 1,024. */
const cacheMinimum = 1_024
const flash25 = {
  cacheMinimum,
  combinesTools: false,
  closed: closed("gemini-3.6-flash"),
  budget: { min: 0, max: 24_576, off: true }
}
const lite25 = {
  cacheMinimum,
  combinesTools: false,
  closed: closed("gemini-3.5-flash-lite"),
  budget: { min: 512, max: 24_576, off: true }
}
const pro25 = {
  combinesTools: false,
  closed: closed("gemini-3.1-pro-preview"),
  budget: { min: 128, max: 32_768, off: false }
}

/**
 * Live models, by the guides of September 2026 and by reports: those of 3.x speak only, take user
 * text as realtime input, and close a session over `scheduling`.
 */
const live3 = { audioOnly: true, historyOnly: true, noScheduling: true }
const live38: Omit<Row, "model"> = {
  live: {
    ...live3,
    behaviors: ["BLOCKING", "NON_BLOCKING"],
    defaultBehavior: "NON_BLOCKING",
    // It must be left out of its setups (a report of autumn 2026).
    noThinkingConfig: true
  }
}
const liveThinking: Omit<Row, "model"> = {
  live: { ...live3, behaviors: ["NON_BLOCKING"], defaultBehavior: "NON_BLOCKING" }
}
const live31: Omit<Row, "model"> = { live: { ...live3, behaviors: [] } }
const native25: Omit<Row, "model"> = { live: { audioOnly: true } }

export const rows: ReadonlyArray<Row> = [
  row("gemini-2.5-flash", "Gemini 2.5 Flash", thinking, flash25),
  row("gemini-2.5-pro", "Gemini 2.5 Pro", { ...thinking, version: "2.5" }, pro25),
  row("gemini-2.5-flash-lite", "Gemini 2.5 Flash-Lite", thinking, lite25),
  row("gemini-2.5-flash-image", "Nano Banana", {
    ...picture,
    version: "2.0",
    inputTokenLimit: 32_768
  }),
  row("gemini-flash-latest", "Gemini Flash Latest", { ...thinking, version: "Gemini Flash Latest" }, noMinimal),
  row("gemini-flash-lite-latest", "Gemini Flash-Lite Latest", {
    ...thinking,
    version: "Gemini Flash-Lite Latest"
  }, all),
  row("gemini-pro-latest", "Gemini Pro Latest", { ...thinking, version: "Gemini Pro Latest" }, noMinimal),
  row("gemini-3-flash-preview", "Gemini 3 Flash Preview", { ...thinking, version: "3-flash-preview-12-2025" }, all),
  row("gemini-3.1-pro-preview", "Gemini 3.1 Pro Preview", {
    ...thinking,
    version: "3.1-pro-preview-01-2026"
  }, noMinimal),
  row("gemini-3.1-pro-preview-customtools", "Gemini 3.1 Pro Preview Custom Tools", {
    ...thinking,
    version: "3.1-pro-preview-01-2026"
  }, noMinimal),
  row("gemini-3.1-flash-lite", "Gemini 3.1 Flash-Lite", thinking, all),
  row("gemini-3.5-flash", "Gemini 3.5 Flash", thinking, all),
  row("gemini-3.5-flash-lite", "Gemini 3.5 Flash-Lite", thinking, all),
  row("gemini-3.6-flash", "Gemini 3.6 Flash", thinking, all),
  row("gemini-3.7-flash", "Gemini 3.7 Flash", thinking, noMinimal),
  row("gemini-3.8-flash", "Gemini 3.8 Flash", thinking, noMinimal),
  row("gemini-4-argon", "Gemini 4 Argon", thinking, { ...all, hopTokens }),
  row("gemini-4-carbon", "Gemini 4 Carbon", thinking, { ...all, hopTokens }),
  row("gemini-4-hydrogen", "Gemini 4 Hydrogen", thinking, upToXhigh),
  row("gemini-3-pro-image", "Nano Banana Pro", picture, all),
  row("nano-banana-pro-preview", "Nano Banana Pro", { ...picture, version: "3.0" }, all),
  row("gemini-3.1-flash-image", "Nano Banana 2", picture, all),
  row("gemini-3.1-flash-lite-image", "Nano Banana 2 Lite", picture, all),
  row("gemini-nano-banana-2.1", "Nano Banana 2.1", picture, all),
  row("gemini-3.8-flash-tts", "Gemini 3.8 Flash TTS", voice),
  row("gemini-3.8-flash-lite-tts", "Gemini 3.8 Flash-Lite TTS", voice),
  row("gemini-3.1-flash-tts-preview", "Gemini 3.1 Flash TTS Preview", voice),
  row("gemini-2.5-flash-preview-tts", "Gemini 2.5 Flash Preview TTS", voice),
  row("gemini-2.5-pro-preview-tts", "Gemini 2.5 Pro Preview TTS", voice),
  row("gemini-3.5-transcribe", "Gemini 3.5 Transcribe", robot),
  row("gemini-3.8-live", "Gemini 3.8 Live", spoken, live38),
  row("gemini-3.8-live-extended-thinking", "Gemini 3.8 Live Extended Thinking", spoken, liveThinking),
  row("gemini-3.5-live-translate-preview", "Gemini 3.5 Live Translate Preview", spoken),
  row("gemini-3.5-transcribe-live", "Gemini 3.5 Transcribe Live", spoken),
  row("gemini-robotics-er-2-streaming-preview", "Gemini Robotics-ER 2 Streaming Preview", spoken),
  row("gemini-3.1-flash-live-preview", "Gemini 3.1 Flash Live Preview", spoken, live31),
  row("gemini-2.5-flash-native-audio-preview-12-2025", "Gemini 2.5 Flash Native Audio Preview 12-2025", {
    ...spoken,
    version: "12-2025"
  }, native25),
  row("lyria-realtime-exp", "Lyria RealTime Experimental", {
    inputTokenLimit: 8192,
    outputTokenLimit: 8192,
    supportedGenerationMethods: ["bidiGenerateMusic"]
  }),
  row("lyria-3-clip-preview", "Lyria 3 Clip Preview", voice),
  row("lyria-3-pro-preview", "Lyria 3 Pro Preview", voice),
  row("lyria-3.5", "Lyria 3.5", voice),
  row("veo-3.1-generate-preview", "Veo 3.1", { ...film, version: "3.1" }),
  row("veo-3.1-fast-generate-preview", "Veo 3.1 fast", { ...film, version: "3.1" }),
  row("veo-3.1-lite-generate-preview", "Veo 3.1 lite", { ...film, version: "3.1" }),
  row("gemini-omni-1.1-flash", "Gemini Omni 1.1 Flash", robot),
  row("gemini-omni-1.2-flash", "Gemini Omni 1.2 Flash", robot),
  row("gemini-omni-flash-preview", "Gemini Omni Flash Preview", robot),
  row("gemini-embedding-001", "Gemini Embedding 001", vectors),
  row("gemini-embedding-2", "Gemini Embedding 2", { ...vectors, inputTokenLimit: 8192 }),
  row("gemini-embedding-2-preview", "Gemini Embedding 2 Preview", { ...vectors, inputTokenLimit: 8192 }),
  row("gemini-robotics-er-1.6-preview", "Gemini Robotics-ER 1.6 Preview", robot),
  row("gemini-robotics-er-2-preview", "Gemini Robotics-ER 2 Preview", robot),
  row("gemma-4-26b-a4b-it", "Gemma 4 26B A4B", gemma, { levels: ["MINIMAL", "HIGH"] }),
  row("gemma-4-31b-it", "Gemma 4 31B", gemma, { levels: ["MINIMAL", "HIGH"] }),
  // The AI SDK names it (`@ai-sdk/google` 4.0.121); no listing of it was public.
  row("gemini-decision-1", "Gemini Decision 1", {
    inputTokenLimit: 1_048_576,
    outputTokenLimit: 1,
    supportedGenerationMethods: ["createDecision"]
  }),
  row("aqa", "Model that performs Attributed Question Answering.", {
    inputTokenLimit: 7168,
    outputTokenLimit: 1024,
    supportedGenerationMethods: ["generateAnswer"],
    temperature: 0.2,
    topP: 1,
    topK: 40
  }),
  // These models were switched off: they answer 404.
  row("gemini-1.5-flash", "Gemini 1.5 Flash", gemini2, { retired: "2025-09-29" }),
  row("gemini-1.5-pro", "Gemini 1.5 Pro", gemini2, { retired: "2025-09-29" }),
  row("gemini-2.0-flash", "Gemini 2.0 Flash", gemini2, { retired: "2026-06-01" }),
  row("gemini-2.0-flash-001", "Gemini 2.0 Flash 001", gemini2, { retired: "2026-06-01" }),
  row("gemini-2.0-flash-exp", "Gemini 2.0 Flash Experimental", gemini2, { retired: "2026-06-01" }),
  row("gemini-2.0-flash-lite", "Gemini 2.0 Flash-Lite", gemini2, { retired: "2026-06-01" }),
  row("gemini-2.0-flash-lite-001", "Gemini 2.0 Flash-Lite 001", gemini2, { retired: "2026-06-01" }),
  row("gemini-2.0-flash-preview-image-generation", "Gemini 2.0 Flash Preview Image Generation", gemini2, {
    retired: "2026-06-01"
  }),
  row("gemini-2.5-pro-preview-03-25", "Gemini 2.5 Pro Preview 03-25", thinking, { retired: "2025-12-02", ...pro25 }),
  row("gemini-3-pro-preview", "Gemini 3 Pro Preview", { ...thinking, version: "3-pro-preview-11-2025" }, {
    retired: "2026-03-09",
    ...gemini3("LOW", "HIGH")
  }),
  row("gemini-3-pro-image-preview", "Nano Banana Pro", { ...picture, version: "3.0" }, {
    retired: "2026-06-25",
    ...all
  }),
  row("gemini-3.1-flash-image-preview", "Nano Banana 2", picture, { retired: "2026-06-25", ...all }),
  row("gemini-live-2.5-flash-preview", "Gemini Live 2.5 Flash Preview", spoken, { retired: "2025-12-09" }),
  row("gemini-2.0-flash-live-001", "Gemini 2.0 Flash 001", spoken, { retired: "2025-12-09" }),
  row("text-embedding-004", "Text Embedding 004", vectors, { retired: "2026-01-14" }),
  row("imagen-4.0-generate-001", "Imagen 4", drawn, { retired: "2026-08-17" }),
  row("imagen-4.0-fast-generate-001", "Imagen 4 Fast", drawn, { retired: "2026-08-17" }),
  row("imagen-4.0-ultra-generate-001", "Imagen 4 Ultra", drawn, { retired: "2026-08-17" }),
  row("veo-2.0-generate-001", "Veo 2", { ...film, version: "2.0" }, { retired: "2026-06-30" }),
  row("veo-3.0-generate-001", "Veo 3", { ...film, version: "3.0" }, { retired: "2026-06-30" }),
  row("veo-3.0-fast-generate-001", "Veo 3 fast", { ...film, version: "3.0" }, { retired: "2026-06-30" })
]
