/**
 * How the admin API refuses: a problem (RFC 9457) with a text that a person can act on, and each mistake with its place.
 *
 * @since 0.2.0
 */
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as Schema from "effect/Schema"
import { Verification } from "../Expectation.ts"
import { Problem } from "../RuleError.ts"
import { Remains } from "../TearDown.ts"

const fields = {
  /** What is wrong, in one text of one or several lines. */
  detail: Schema.String,
  /** Each mistake with its place in what was sent: `rule[0].when.text.contians`. */
  problems: Schema.Array(Problem)
}

const asProblem = HttpApiSchema.asJson({ contentType: "application/problem+json" })

/**
 * What was sent is not what was expected: an unknown field, a wrong value, a rule that cannot work.
 *
 * @category errors
 * @since 0.2.0
 */
export class WrongRequest
  extends Schema.TaggedError<WrongRequest>("effect-gemini-emulator/WrongRequest")("WrongRequest", {
    title: Schema.tag("Wrong request"),
    status: Schema.tag(400),
    ...fields
  })
{
  override get message(): string {
    return this.detail
  }
}

/**
 * `WrongRequest` as a response of the status 400.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Wrong = WrongRequest.pipe(HttpApiSchema.status(400), asProblem)

/**
 * The space, rule, fault, request or file that was named does not exist.
 *
 * @category errors
 * @since 0.2.0
 */
export class NotThere extends Schema.TaggedError<NotThere>("effect-gemini-emulator/NotThere")("NotThere", {
  title: Schema.tag("Not there"),
  status: Schema.tag(404),
  ...fields
}) {
  override get message(): string {
    return this.detail
  }
}

/**
 * `NotThere` as a response of the status 404.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Missing = NotThere.pipe(HttpApiSchema.status(404), asProblem)

/**
 * The space cannot be made, changed or ended so: the default one never ends, for example.
 *
 * @category errors
 * @since 0.2.0
 */
export class NotPossible extends Schema.TaggedError<NotPossible>("effect-gemini-emulator/NotPossible")("NotPossible", {
  title: Schema.tag("Not possible"),
  status: Schema.tag(409),
  ...fields
}) {
  override get message(): string {
    return this.detail
  }
}

/**
 * `NotPossible` as a response of the status 409.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Impossible = NotPossible.pipe(HttpApiSchema.status(409), asProblem)

/**
 * The space has ended, and nobody has asked for a new one of its name.
 *
 * @category errors
 * @since 0.2.0
 */
export class SpaceEnded extends Schema.TaggedError<SpaceEnded>("effect-gemini-emulator/SpaceEnded")("SpaceEnded", {
  title: Schema.tag("The space has ended"),
  status: Schema.tag(410),
  ...fields
}) {
  override get message(): string {
    return this.detail
  }
}

/**
 * `SpaceEnded` as a response of the status 410.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Ended = SpaceEnded.pipe(HttpApiSchema.status(410), asProblem)

/**
 * What has happened in the space is not what was expected. The detail is a text for a person.
 *
 * @category errors
 * @since 0.2.0
 */
export class NotAsExpected
  extends Schema.TaggedError<NotAsExpected>("effect-gemini-emulator/NotAsExpected")("NotAsExpected", {
    title: Schema.tag("Not as expected"),
    status: Schema.tag(422),
    ...fields,
    /** What a check has found, to be read by a program. */
    check: Schema.optionalKey(Remains),
    /** How each expectation has turned out, to be read by a program. */
    verification: Schema.optionalKey(Verification)
  })
{
  override get message(): string {
    return this.detail
  }
}

/**
 * `NotAsExpected` as a response of the status 422.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Unexpected = NotAsExpected.pipe(HttpApiSchema.status(422), asProblem)

/**
 * How an endpoint of one space refuses.
 *
 * @category schemas
 * @since 0.2.0
 */
export const refusals = [Missing, Ended, Impossible] as const
