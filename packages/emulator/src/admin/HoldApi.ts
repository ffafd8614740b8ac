/**
 * The part of the admin API about held calls: who waits for a person, and what becomes of each; see `HoldControl`.
 *
 * @since 0.2.0
 */
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import * as Answer from "../Answer.ts"
import * as Data from "./AdminData.ts"
import * as Problem from "./AdminProblem.ts"

const about = (description: string) => ({ description })
const count = Schema.Int.check(Schema.isGreaterThanOrEqualTo(0))
const object = Schema.Record(Schema.String, Schema.Unknown)

/**
 * A function that a held call declares, with arguments that a model would likely give: they fit its schema.
 *
 * @category schemas
 * @since 0.2.0
 */
export const HeldFunction = Schema.Struct({
  name: Schema.String,
  description: Schema.optionalKey(Schema.String),
  schema: Schema.optionalKey(Schema.Unknown).annotateKey(about("of its arguments, as the request declares it")),
  args: object.annotate(about("to begin with"))
}).annotate({ identifier: "HeldFunction" })

/**
 * A held call: see `HoldControl.HeldCall`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const HeldData = Schema.Struct({
  id: count,
  time: Schema.Finite.annotate(about("since when, in milliseconds since the epoch")),
  left: Schema.Finite.annotate(about("milliseconds until it is refused")),
  clientLeft: Schema.optionalKey(Schema.Finite).annotateKey(
    about("milliseconds until its client gives up, as its header x-server-timeout says")
  ),
  request: Schema.optionalKey(count).annotateKey(about("its number in the log of requests")),
  live: Schema.optionalKey(count).annotateKey(about("the number of its Live connection")),
  method: Schema.String,
  model: Schema.optionalKey(Schema.String),
  project: Schema.String,
  region: Schema.String,
  rule: Schema.optionalKey(Schema.String).annotateKey(about("which holds it")),
  body: object,
  functions: Schema.Array(HeldFunction).annotate(about("what it declares and allows to be called")),
  json: Schema.optionalKey(Schema.Struct({ schema: Schema.optionalKey(Schema.Unknown), value: Schema.Unknown }))
    .annotateKey(about("if it asks for JSON: the schema, and a value that fits"))
}).annotate({ identifier: "HeldCall" })

/**
 * The held calls of a space, the oldest first, and whether every call is held.
 *
 * @category schemas
 * @since 0.2.0
 */
export const HeldList = Schema.Struct({ all: Schema.Boolean, calls: Schema.Array(HeldData) })

const space = { space: Data.SpaceName }
const held = { ...space, id: Schema.Int }
const { refusals } = Problem

/**
 * The endpoints about held calls.
 *
 * @category services
 * @since 0.2.0
 */
export const Group = HttpApiGroup.make("holds", { topLevel: true }).add(
  HttpApiEndpoint.get("listHeld", "/spaces/:space/holds", {
    params: space,
    query: {
      count: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))).annotateKey(
        about("with wait: how many to wait for; default 1")
      ),
      wait: Schema.optional(Data.TimeSpan).annotateKey(about("how long to wait, if fewer are held: 2s; at most 60s"))
    },
    success: HeldList,
    error: refusals
  }).annotate(OpenApi.Description, "The calls that wait for a person, each with what would fit it for an answer."),
  HttpApiEndpoint.put("setHolds", "/spaces/:space/holds", {
    params: space,
    payload: Schema.Struct({ all: Schema.Boolean }),
    success: HeldList,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Holds every call that generates from now on, before any rule is asked; or no more than rules and answers with hold say."
  ),
  HttpApiEndpoint.post("answerHeld", "/spaces/:space/holds/:id/answer", {
    params: held,
    payload: Schema.Struct({ answer: Answer.AsData }),
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Answers a held call by hand: with text, calls, JSON, whatever an answer may be; with error it fails. What does not " +
      "fit what the call has declared is refused, and the call is held on."
  ),
  HttpApiEndpoint.post("letHeldGo", "/spaces/:space/holds/:id/let-go", {
    params: held,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Lets a held call go on to the rules behind its own, and to the generator.")
)
