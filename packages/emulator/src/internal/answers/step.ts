/**
 * An answer as a script: what goes over the connection, in order. The socket server and
 * the in-memory client play the same steps, so a fault means the same in both.
 */
import type * as Effect from "effect/Effect"

export type Headers = Readonly<Record<string, string>>

export type Step =
  /** Milliseconds of silence. */
  | { readonly _tag: "Wait"; readonly millis: number }
  /** Silence for ever: the connection stays open. */
  | { readonly _tag: "Hang" }
  | { readonly _tag: "Head"; readonly status: number; readonly headers: Headers }
  /** A piece of the body, written as one. */
  | { readonly _tag: "Bytes"; readonly bytes: Uint8Array }
  /** The connection breaks here: `cut` closes it mid-message, `reset` resets it. A script that just ends is complete. */
  | { readonly _tag: "Break"; readonly how: "cut" | "reset" }
  /** What follows is not known yet. It is the last step of its script, and gives the script that goes on. */
  | { readonly _tag: "More"; readonly next: Effect.Effect<Iterable<Step>> }

export type Steps = Iterable<Step>

const encoder = new TextEncoder()

export const hang: Step = { _tag: "Hang" }
export const wait = (millis: number): Step => ({ _tag: "Wait", millis })
export const head = (status: number, headers: Headers): Step => ({
  _tag: "Head",
  status,
  headers
})
export const bytes = (body: string | Uint8Array): Step => ({
  _tag: "Bytes",
  bytes: typeof body === "string" ? encoder.encode(body) : body
})
export const broken = (how: "cut" | "reset"): Step => ({ _tag: "Break", how })
export const more = (next: Effect.Effect<Steps>): Step => ({ _tag: "More", next })
