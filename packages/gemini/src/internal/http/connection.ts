/**
 * What a transport that sees its sockets tells the attempt: that the connection stands. Other transports need not know
 * of it; for them the head of the response tells that.
 */
import * as Context from "effect/Context"

export const OnConnect = Context.Reference<(() => void) | undefined>(
  "effect-gemini/OnConnect",
  { defaultValue: () => undefined }
)
