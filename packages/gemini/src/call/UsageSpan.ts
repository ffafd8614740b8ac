/**
 * Which span tells what a call used. A backend that adds up the tokens of all spans must find those of an answer once.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"

/**
 * Whether a span around the call tells what it used, as the spans of `effect/ai` do; the spans of its attempts then
 * leave the tokens out. What an attempt used that was tried again (`retry.toolCalls`) stands on no span then.
 *
 * @category references
 * @since 0.2.0
 */
export const isOutside: Context.Reference<boolean> = /* @__PURE__ */ Context.Reference<boolean>(
  "effect-gemini/call/UsageSpan/isOutside",
  { defaultValue: () => false }
)
