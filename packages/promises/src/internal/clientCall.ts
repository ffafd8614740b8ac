/** The options of a plain call, as the client takes them. */
import type * as Call from "effect-gemini/call/CallOptions"
import * as Effect from "effect/Effect"
import type { CallOptions } from "../CallOptions.ts"

/** The signal is not the client's: the runtime that runs the call watches it. */
export const toClient = (options: CallOptions | undefined): Call.CallOptions | undefined => {
  if (options === undefined || typeof options !== "object" || options === null) return options
  const { fallback, observe, signal: _, ...call } = options
  return {
    ...call,
    ...(observe && { observe: (event) => Effect.sync(() => observe(event)) }),
    ...(fallback && { fallback: toFallback(fallback) })
  }
}

const toFallback = ({ observe, ...fallback }: NonNullable<CallOptions["fallback"]>): Call.Fallback => ({
  ...fallback,
  ...(observe && { observe: (error) => Effect.sync(() => observe(error)) })
})
