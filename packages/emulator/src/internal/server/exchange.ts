/**
 * One request as the carrier (socket or memory) hands it over, and what it gets back.
 */
import * as Effect from "effect/Effect"
import type * as Step from "../answers/step.ts"

/**
 * The largest body that is taken, in bytes: a request with its data inline may have 100 MB since January 2026. Of a
 * larger body a carrier hands over what it has as soon as that exceeds this number.
 */
export const bodyLimit = 100 * 1024 * 1024

/** These words were reported of earlier limits. */
export const tooLarge = {
  code: 400,
  message: `Request payload size exceeds the limit: ${bodyLimit} bytes.`
}

export interface Incoming {
  readonly verb: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly connection: number
  /** Reads the body; with `slow` it reads `bytes` of it each `millis`. */
  readonly read: (slow?: { readonly millis: number; readonly bytes: number }) => Effect.Effect<Uint8Array>
  /** Hands the body over piece by piece as it arrives, until it has ended or `use` gives `false`. */
  readonly pieces: (use: (piece: Uint8Array) => boolean) => Effect.Effect<void>
}

/** The answer and the log's view of it. */
export interface Exchange {
  readonly steps: Step.Steps
  /** Waits for so many milliseconds, by the clock that the answer follows. */
  readonly sleep: (millis: number) => Effect.Effect<void>
  readonly sentHead: (status: number, headers: Readonly<Record<string, string>>) => void
  readonly sentBytes: (bytes: Uint8Array) => void
  readonly closed: (outcome: "complete" | "cut" | "reset" | "aborted") => void
}

/** An exchange that is answered but does not count as a request in the log. */
export const unseen = (steps: Step.Steps): Exchange => ({
  steps,
  sleep: Effect.sleep,
  sentHead: () => undefined,
  sentBytes: () => undefined,
  closed: () => undefined
})

export type Handler = (incoming: Incoming) => Effect.Effect<Exchange>
