/**
 * What a transport that sees its sockets tells the attempt: that the connection stands.
 * Others need not know of it; for them the response head says so.
 */
import * as Context from "effect/Context"

export const OnConnect = Context.Reference<(() => void) | undefined>(
  "effect-gemini/internal/connection/OnConnect",
  { defaultValue: () => undefined }
)
