/**
 * What Live models can do that differs, as of `asOf`: from the guides and the changelog of
 * the API (September 2026). Data only; a model that has no row is like `other`.
 */

/** The day (ISO, UTC) that the table describes. */
export const asOf = "2026-11-22"

export interface LiveModel {
  /** What it answers in. A model that only speaks is read by its transcription. */
  readonly output: "AUDIO" | "TEXT"
  /** How user text reaches it: models of 3.x take `clientContent` for the history alone. */
  readonly text: "realtimeInput" | "clientContent"
  /** Whether declarations may say `behavior`, and what they are without. */
  readonly behavior: { readonly takes: ReadonlyArray<string>; readonly default: "BLOCKING" | "NON_BLOCKING" }
  /** Whether the answer to a call may say `scheduling`; elsewhere the session is closed for it. */
  readonly scheduling: boolean
}

const blocking: LiveModel["behavior"] = { takes: [], default: "BLOCKING" }

const other: LiveModel = { output: "TEXT", text: "clientContent", behavior: blocking, scheduling: false }
const spoken: LiveModel = { ...other, output: "AUDIO", text: "realtimeInput" }

const rows: ReadonlyMap<string, LiveModel> = new Map([
  ["gemini-3.8-live", {
    ...spoken,
    behavior: { takes: ["BLOCKING", "NON_BLOCKING"], default: "NON_BLOCKING" }
  }],
  ["gemini-3.8-live-extended-thinking", {
    ...spoken,
    behavior: { takes: ["NON_BLOCKING"], default: "NON_BLOCKING" }
  }],
  ["gemini-3.5-live-translate-preview", spoken],
  ["gemini-3.5-transcribe-live", spoken],
  ["gemini-3.1-flash-live-preview", spoken],
  ["gemini-2.5-flash-native-audio-preview-12-2025", {
    output: "AUDIO",
    text: "clientContent",
    behavior: { takes: ["BLOCKING", "NON_BLOCKING"], default: "BLOCKING" },
    scheduling: true
  }]
])

// A model that the table does not know but whose name says that it speaks.
const nativeAudio: LiveModel = { ...other, output: "AUDIO" }

export const of = (model: string): LiveModel => rows.get(model) ?? (/native-audio/.test(model) ? nativeAudio : other)
