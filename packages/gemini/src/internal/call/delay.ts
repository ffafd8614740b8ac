/**
 * How long to wait, as an error holds it: a Duration, and in JSON its milliseconds. `Schema.Duration` also writes
 * nanoseconds and infinities, which no wait here has, and brings bigints into every bundle for it.
 */
import * as Duration from "effect/Duration"
import * as Schema from "effect/Schema"
import * as SchemaTransformation from "effect/SchemaTransformation"

export const Delay: Schema.declare<Duration.Duration> = /* @__PURE__ */ Schema.declare(Duration.isDuration, {
  expected: "Duration",
  toCodecJson: () =>
    Schema.link<Duration.Duration>()(
      Schema.Finite,
      SchemaTransformation.transform({ decode: Duration.millis, encode: Duration.toMillis })
    )
})
