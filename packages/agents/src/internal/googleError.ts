/** What the client of effect-gemini says of its errors beside what `effect/ai` knows. */
import type * as AiError from "effect/ai/AiError"

/** The `google` metadata of an error: the reason that the client gives, and the budget that refused. */
export const google = ({ reason }: AiError.AiError): { readonly reason?: unknown; readonly budget?: unknown } => {
  const said: unknown = "metadata" in reason ? Reflect.get(reason.metadata ?? {}, "google") : undefined
  return typeof said === "object" && said !== null ? said : {}
}

/** The budget that refused the attempt, if one did. */
export const refusedBy = (error: AiError.AiError): string | undefined => {
  const { budget, reason } = google(error)
  return reason === "QuotaExhausted" && typeof budget === "string" ? budget : undefined
}
