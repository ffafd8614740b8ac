/**
 * The Schema of faults, of which `Fault.Fault` is the type.
 */
import * as Schema from "effect/Schema"

const number = Schema.optional(Schema.Finite)
const text = Schema.optional(Schema.String)
const headers = Schema.optional(Schema.Record(Schema.String, Schema.String))

const after = {
  chunks: number,
  bytes: number,
  at: Schema.optional(Schema.Literals(["setup", "turn", "idle"]))
}

export const ErrorBody = Schema.Struct({
  code: Schema.Finite,
  status: text,
  message: text,
  details: Schema.optional(Schema.Array(Schema.Unknown))
}).annotate({ identifier: "ErrorBody" })

const After = Schema.Struct(after)

export const When = Schema.Struct({
  method: text,
  model: text,
  key: text,
  project: text,
  region: text,
  from: number,
  until: number,
  share: Schema.optional(Schema.Finite.check(Schema.isBetween({ minimum: 0, maximum: 1 }))),
  nth: number,
  times: number
})

const fields = {
  status: number,
  error: Schema.optional(ErrorBody),
  inside: Schema.optional(Schema.Boolean),
  delay: number,
  headers,
  body: text,
  stall: Schema.optional(Schema.Struct({ ...after, millis: number })),
  cut: Schema.optional(Schema.Struct({ ...after, clean: Schema.optional(Schema.Boolean) })),
  reset: Schema.optional(Schema.Union([Schema.Literal(true), After])),
  garbage: Schema.optional(Schema.Struct({ ...after, text })),
  errorAfter: Schema.optional(Schema.Struct({ ...ErrorBody.fields, chunks: number })),
  cutRequest: Schema.optional(Schema.Struct({ bytes: Schema.Finite })),
  slowRead: Schema.optional(Schema.Struct({ millis: Schema.Finite, bytes: number })),
  halfOpen: Schema.optional(Schema.Union([Schema.Boolean, After])),
  close: Schema.optional(Schema.Struct({ ...after, code: Schema.Finite, reason: text })),
  fragments: number,
  textFrames: Schema.optional(Schema.Boolean),
  batch: Schema.optional(Schema.Struct({ state: Schema.Literals(["stuck", "expired", "failed"]), after: number })),
  interaction: Schema.optional(Schema.Struct({
    state: Schema.optional(Schema.Literals(["stuck", "failed", "incomplete", "budget_exceeded", "cancelled"])),
    after: number,
    error: Schema.optional(Schema.Struct({ code: text, message: text })),
    forgets: Schema.optional(Schema.Literals(["this", "previous"]))
  })),
  webhook: Schema.optional(Schema.Struct({
    repeat: number,
    lose: Schema.optional(Schema.Boolean),
    tamper: Schema.optional(Schema.Literals(["body", "signature", "timestamp", "id"]))
  }))
}

export const Fault = Schema.Struct({ when: Schema.optional(When), ...fields })

/** The fields of a fault for one answer: the header says already which request is meant, and its body has been read. */
const { batch: _0, cutRequest: _1, interaction: _2, slowRead: _3, webhook: _4, ...ofAnswer } = fields
export const Place = Schema.Struct(ofAnswer).annotate({ identifier: "Fault" })
