/**
 * One request as the carrier (socket or memory) hands it over, and what it gets back.
 */
import type * as Effect from "effect/Effect"
import type * as Step from "../answers/step.ts"

export interface Incoming {
  readonly verb: string
  readonly url: URL
  readonly headers: Readonly<Record<string, string | undefined>>
  readonly connection: number
  /** Reads the body, `bytes` each `millis` if told so. */
  readonly read: (slow?: { readonly millis: number; readonly bytes: number }) => Effect.Effect<Uint8Array>
}

/** The answer and the log's view of it. */
export interface Exchange {
  readonly steps: Step.Steps
  readonly sentHead: (status: number) => void
  readonly sentBytes: (bytes: number) => void
  readonly closed: (outcome: "complete" | "cut" | "reset" | "aborted") => void
}

export type Handler = (incoming: Incoming) => Effect.Effect<Exchange>
