/**
 * One request as the carrier (socket or memory) hands it over, and what it gets back.
 */
import type * as Effect from "effect/Effect"
import type * as Step from "../answers/step.ts"

/**
 * The largest body that is taken, in bytes: a request with its data inline may have 100 MB since
 * January 2026. A carrier hands over what it has of a larger one, as soon as that is more than this.
 */
export const bodyLimit = 100 * 1024 * 1024

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
  readonly sentHead: (status: number, headers: Readonly<Record<string, string>>) => void
  readonly sentBytes: (bytes: Uint8Array) => void
  readonly closed: (outcome: "complete" | "cut" | "reset" | "aborted") => void
}

/** What is answered, and is no request that the log counts. */
export const unseen = (steps: Step.Steps): Exchange => ({
  steps,
  sentHead: () => undefined,
  sentBytes: () => undefined,
  closed: () => undefined
})

export type Handler = (incoming: Incoming) => Effect.Effect<Exchange>
