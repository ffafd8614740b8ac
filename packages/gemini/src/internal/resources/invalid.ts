/** The refusal of what a caller asks, before anything is sent. */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"

export const invalid = (method: string, field: string, description: string): GeminiError =>
  new GeminiError({ method, attempts: [], reason: new Reason.InvalidRequest({ fields: [{ field, description }] }) })
