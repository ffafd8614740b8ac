/**
 * Who measures the calls: nobody, until `Telemetry.layer` is provided. The metrics are its
 * business, so that a program without them does not carry Effect's.
 */
import * as Context from "effect/Context"

/** What is measured of a call, by the names that `Telemetry` gives its metrics. */
export type Measure = "operationDuration" | "timeToFirstChunk" | "tokenUsage" | "wait" | "retries"

export type Recorder = (
  measure: Measure,
  value: number,
  attributes: Readonly<Record<string, string>>,
  context: Context.Context<never>
) => void

export const Recorder: Context.Reference<Recorder | undefined> = /* @__PURE__ */ Context.Reference<
  Recorder | undefined
>("effect-gemini/internal/recorder/Recorder", { defaultValue: () => undefined })
