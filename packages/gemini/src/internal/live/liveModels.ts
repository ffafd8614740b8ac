/**
 * How Live models differ, as of `asOf`: from the guides and the changelog of the API (September 2026). This module is
 * data only; a model without a row is like `other`.
 */

import type { Tool } from "../../wire/Tool.ts"

/** The day (ISO, UTC) that the table describes. */
export const asOf = "2026-11-22"

export interface LiveModel {
  /** The form of its answers. A model that only speaks is read by its transcription. */
  readonly output: "AUDIO" | "TEXT"
  /** How user text reaches it: models of 3.x take `clientContent` only for the history. */
  readonly text: "realtimeInput" | "clientContent"
  /** Whether declarations may say `behavior`, and how they behave without it. */
  readonly behavior: { readonly takes: ReadonlyArray<string>; readonly default: "BLOCKING" | "NON_BLOCKING" }
  /** Whether the answer to a call may say `scheduling`; other models close the session for it. */
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

// This row is for a model that the table does not know but whose name says that it speaks.
const nativeAudio: LiveModel = { ...other, output: "AUDIO" }

export const of = (model: string): LiveModel => rows.get(model) ?? (/native-audio/.test(model) ? nativeAudio : other)

/** Whether a model waits for a function's answer before it goes on, from what the setup declares. */
export const waitsFor = ({ behavior }: LiveModel, tools: ReadonlyArray<Tool>, name: string): boolean => {
  const declared = tools.flatMap(({ functionDeclarations }) => functionDeclarations ?? [])
    .find((declaration) => declaration.name === name)?.behavior
  return (declared && behavior.takes.includes(declared) ? declared : behavior.default) === "BLOCKING"
}
