/**
 * The admin API of the emulator, by which programs in any language tell it what to say and ask what has happened: every
 * path under `/_emulator/v1`, JSON in and out. It is not traffic: the logs and counters do not have it.
 *
 * An unknown field is a 400 that says where it is and which one may have been meant. `OpenApi.fromApi(Api)` describes
 * it, as a running emulator does at `/_emulator/v1/openapi.json`.
 *
 * @since 0.2.0
 */
import * as Sse from "effect/encoding/Sse"
import * as HttpApi from "effect/http-api/HttpApi"
import * as HttpApiEndpoint from "effect/http-api/HttpApiEndpoint"
import * as HttpApiGroup from "effect/http-api/HttpApiGroup"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpApiSchema from "effect/http-api/HttpApiSchema"
import * as OpenApi from "effect/http-api/OpenApi"
import * as Schema from "effect/Schema"
import { Verification } from "../Expectation.ts"
import { Explanation, Question } from "../Explanation.ts"
import * as Examples from "../internal/admin/examples.ts"
import { Scenario } from "../Scenario.ts"
import { Remains } from "../TearDown.ts"
import * as Data from "./AdminData.ts"
import * as Problem from "./AdminProblem.ts"
import * as Cassettes from "./CassetteApi.ts"
import * as Holds from "./HoldApi.ts"
import * as Log from "./LogData.ts"
import * as Resources from "./ResourceData.ts"
import * as Vertex from "./VertexApi.ts"

/**
 * Refuses what does not fit the API's schemas, with the place of each mistake.
 *
 * @category services
 * @since 0.2.0
 */
export class Strict extends HttpApiMiddleware.Service<Strict>()("effect-gemini-emulator/admin/Strict", {
  error: Problem.Wrong
}) {}

/**
 * The paths under which the admin API lies.
 *
 * @category constants
 * @since 0.2.0
 */
export const prefix = "/_emulator/v1"

const space = { space: Data.SpaceName }
const { refusals } = Problem

const server = HttpApiGroup.make("server", { topLevel: true }).add(
  HttpApiEndpoint.get("health", "/health", { success: Schema.Struct({ status: Schema.Literal("ok") }) })
    .annotate(OpenApi.Description, "Whether it takes requests. It answers as soon as the port is open."),
  HttpApiEndpoint.put("setScenario", "/scenario", {
    payload: [Scenario, Schema.Null],
    success: HttpApiSchema.NoContent
  }).annotate(OpenApi.Description, "Replaces the scenario of the start, in every space; null: there is none.")
)

const spaces = HttpApiGroup.make("spaces", { topLevel: true }).add(
  HttpApiEndpoint.get("listSpaces", "/spaces", { success: Data.SpaceList }),
  HttpApiEndpoint.put("makeSpace", "/spaces/:space", {
    params: space,
    payload: [Data.SpaceSettings, Schema.Null],
    success: Data.SpaceInfo,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Makes a space. Without a body it is the one that is there, if there is one; with options, even none, it is a new one."
  ),
  HttpApiEndpoint.get("getSpace", "/spaces/:space", { params: space, success: Data.SpaceInfo, error: refusals }),
  HttpApiEndpoint.delete("endSpace", "/spaces/:space", {
    params: space,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Ends it: sessions break off, and its clients get a 410.")
)

const rules = HttpApiGroup.make("rules", { topLevel: true }).add(
  HttpApiEndpoint.get("listRules", "/spaces/:space/rules", {
    params: space,
    success: Data.RuleList,
    error: refusals
  }).annotate(OpenApi.Description, "The rules in force, in order, and how often each has answered."),
  HttpApiEndpoint.put("setRules", "/spaces/:space/rules", {
    params: space,
    payload: [Scenario, Schema.String.pipe(HttpApiSchema.asText({ contentType: "application/toml" }))],
    success: Data.RuleList,
    error: refusals
  }).annotate(OpenApi.Description, "Replaces the rules of the space: what a scenario file holds, as JSON or as TOML."),
  HttpApiEndpoint.post("addRules", "/spaces/:space/rules", {
    params: space,
    payload: Data.MoreRules,
    success: Data.RuleList,
    error: refusals
  }).annotate(OpenApi.Description, "Adds rules; those that are there go on counting."),
  HttpApiEndpoint.delete("removeRule", "/spaces/:space/rules/:rule", {
    params: { ...space, rule: Schema.String },
    success: HttpApiSchema.NoContent,
    error: refusals
  })
)

const telling = HttpApiGroup.make("telling", { topLevel: true }).add(
  HttpApiEndpoint.get("getQueue", "/spaces/:space/queue", { params: space, success: Data.Waiting, error: refusals }),
  HttpApiEndpoint.post("enqueue", "/spaces/:space/queue", {
    params: space,
    payload: Data.Answers,
    success: Data.Waiting,
    error: refusals
  }).annotate(OpenApi.Description, "Answers for the next requests, each used once, before any rule."),
  HttpApiEndpoint.get("listFaults", "/spaces/:space/faults", {
    params: space,
    success: Schema.Struct({ faults: Schema.Array(Data.FaultUse) }),
    error: refusals
  }),
  HttpApiEndpoint.post("addFault", "/spaces/:space/faults", {
    params: space,
    payload: Data.FaultData,
    success: Schema.Struct({ id: Schema.String }).pipe(HttpApiSchema.status(201)),
    error: refusals
  }).annotate(OpenApi.Description, "A fault that is on from now, until it is deleted by its id."),
  HttpApiEndpoint.delete("removeFault", "/spaces/:space/faults/:fault", {
    params: { ...space, fault: Schema.String },
    success: HttpApiSchema.NoContent,
    error: refusals
  }),
  HttpApiEndpoint.put("setQuotas", "/spaces/:space/quotas", {
    params: space,
    payload: Data.QuotaData,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Replaces the quotas; what was counted stays counted."),
  HttpApiEndpoint.get("getQuotas", "/spaces/:space/quotas", {
    params: space,
    success: Schema.Struct({ quotas: Schema.Array(Data.QuotaUse) }),
    error: refusals
  }).annotate(OpenApi.Description, "How much of each limit is used, of what was asked for, and when it is free again."),
  HttpApiEndpoint.put("setKeys", "/spaces/:space/keys", {
    params: space,
    payload: Data.KeyData,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Replaces the lists of keys that are good, or wrong in some way."),
  HttpApiEndpoint.get("getClock", "/spaces/:space/clock", { params: space, success: Data.ClockState, error: refusals }),
  HttpApiEndpoint.post("moveClock", "/spaces/:space/clock", {
    params: space,
    payload: Data.ClockChange,
    success: Data.ClockState,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Moves, sets, stops the server's clock. While it is frozen, delays and paces wait for advance."
  ),
  HttpApiEndpoint.post("reset", "/spaces/:space/reset", {
    params: space,
    payload: [Data.ResetOptions, Schema.Null],
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(
    OpenApi.Description,
    "Forgets logs, queue, faults, counts and what was stored; the space's rules on request."
  )
)

const wait = {
  wait: Schema.optional(Data.TimeSpan).annotateKey({
    description: "how long to wait, if there is nothing yet: 2s; at most 60s"
  })
}

const asking = HttpApiGroup.make("asking", { topLevel: true }).add(
  HttpApiEndpoint.get("listRequests", "/spaces/:space/requests", {
    params: space,
    query: {
      method: Schema.optional(Schema.String),
      model: Schema.optional(Schema.String),
      project: Schema.optional(Schema.String),
      region: Schema.optional(Schema.String),
      path: Schema.optional(Schema.String),
      status: Schema.optional(Schema.Int),
      by: Schema.optional(Schema.String),
      rule: Schema.optional(Schema.String),
      outcome: Schema.optional(Log.Outcome),
      ended: Schema.optional(Schema.Literals(["true", "false"])),
      after: Schema.optional(Schema.Int).annotateKey({ description: "only requests with a larger id" }),
      limit: Schema.optional(Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 1000 }))).annotateKey({
        description: "default 100"
      }),
      chunks: Schema.optional(Schema.Literals(["true", "false"])).annotateKey({
        description: "true: the bytes of each piece of an answer"
      }),
      bodies: Schema.optional(Schema.Literals(["true", "false"])).annotateKey({
        description: "false: without headers and bodies, but with prompt and usage; for a list of calls"
      }),
      changed: Schema.optional(Schema.String).annotateKey({
        description: "a cursor: only what has arrived or ended since"
      }),
      count: Schema.optional(Schema.Int.check(Schema.isGreaterThanOrEqualTo(1))).annotateKey({
        description: "how many to wait for; default 1"
      }),
      ...wait
    },
    success: Log.EntryPage,
    error: refusals
  }).annotate(OpenApi.Description, "The log: filtered, page by page, or waited for."),
  HttpApiEndpoint.get("getRequest", "/spaces/:space/requests/:id", {
    params: { ...space, id: Schema.Int },
    success: Log.EntryData,
    error: refusals
  }).annotate(OpenApi.Description, "One request with the bytes of its answer, piece by piece."),
  HttpApiEndpoint.get("getCounters", "/spaces/:space/counters", {
    params: space,
    success: Log.CountersData,
    error: refusals
  }),
  HttpApiEndpoint.get("watch", "/spaces/:space/events", {
    params: space,
    headers: { "last-event-id": Schema.optional(Schema.String) },
    success: HttpApiSchema.StreamSse({
      events: Schema.Struct({ ...Sse.EventEncoded.fields, data: Schema.fromJsonString(Log.EventData) })
    }),
    error: refusals
  }).annotate(
    OpenApi.Description,
    "What happens, as server-sent events; Last-Event-ID goes on where a client has left."
  ),
  HttpApiEndpoint.post("verify", "/spaces/:space/verify", {
    params: space,
    payload: Data.Expectations,
    success: Verification,
    error: [...refusals, Problem.Unexpected]
  }).annotate(OpenApi.Description, "Whether what was expected has happened; a 422 whose detail a person reads if not."),
  HttpApiEndpoint.get("check", "/spaces/:space/check", {
    params: space,
    query: {
      ignore: Schema.optional(Schema.String).annotateKey({
        description: "concerns to leave out, by commas: unmatched, refused, unused, waiting, open"
      })
    },
    success: Remains,
    error: [...refusals, Problem.Unexpected]
  }).annotate(
    OpenApi.Description,
    "What went wrong and was not seen: for the end of a test. A 422 if there is anything."
  ),
  HttpApiEndpoint.post("explain", "/spaces/:space/explain", {
    params: space,
    payload: Question,
    success: Explanation,
    error: refusals
  }).annotate(OpenApi.Description, "Who would answer a request, and why the others would not. Nothing is used up.")
)

const live = HttpApiGroup.make("live", { topLevel: true }).add(
  HttpApiEndpoint.get("listLive", "/spaces/:space/live", {
    params: space,
    query: {
      changed: Schema.optional(Schema.String).annotateKey({ description: "a cursor: waits until something differs" }),
      ...wait
    },
    success: Log.LivePage,
    error: refusals
  }).annotate(OpenApi.Description, "The Live connections, with their messages."),
  HttpApiEndpoint.post("sendLive", "/spaces/:space/live/send", {
    params: space,
    payload: Schema.Struct({ message: Schema.Record(Schema.String, Schema.Unknown) }),
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Sends a message, right or wrong, into every session that is set up."),
  HttpApiEndpoint.post("closeLive", "/spaces/:space/live/close", {
    params: space,
    payload: Schema.Struct({
      code: Schema.Int.check(Schema.isBetween({ minimum: 1000, maximum: 4999 })),
      reason: Schema.optional(Schema.String)
    }),
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Closes every session with this code."),
  HttpApiEndpoint.post("dropLive", "/spaces/:space/live/drop", {
    params: space,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Breaks every session's connection, without a close frame.")
)

const resources = HttpApiGroup.make("resources", { topLevel: true }).add(
  HttpApiEndpoint.get("listFiles", "/spaces/:space/files", {
    params: space,
    success: Resources.FileList,
    error: refusals
  }),
  HttpApiEndpoint.post("addFile", "/spaces/:space/files", {
    params: space,
    payload: Resources.NewFile,
    success: Resources.Named.pipe(HttpApiSchema.status(201)),
    error: refusals
  }),
  HttpApiEndpoint.post("failFile", "/spaces/:space/files/fail", {
    params: space,
    payload: Resources.FileFailure,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Lets a file fail: it is FAILED with this error."),
  HttpApiEndpoint.get("listCaches", "/spaces/:space/caches", {
    params: space,
    success: Resources.CacheList,
    error: refusals
  }),
  HttpApiEndpoint.post("loseCache", "/spaces/:space/caches/lose", {
    params: space,
    payload: Resources.Named,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Loses a cache before its end."),
  HttpApiEndpoint.get("listDocuments", "/spaces/:space/documents", {
    params: space,
    success: Resources.DocumentList,
    error: refusals
  }),
  HttpApiEndpoint.get("listBatches", "/spaces/:space/batches", {
    params: space,
    success: Resources.BatchList,
    error: refusals
  }),
  HttpApiEndpoint.get("listInteractions", "/spaces/:space/interactions", {
    params: space,
    success: Resources.InteractionList,
    error: refusals
  }).annotate(OpenApi.Description, "The interactions with their input; the newest 16 MiB of them."),
  HttpApiEndpoint.post("forgetInteraction", "/spaces/:space/interactions/forget", {
    params: space,
    payload: Resources.InteractionId,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Forgets an interaction before its end, as if it had expired."),
  HttpApiEndpoint.post("sendWebhook", "/spaces/:space/webhooks/send", {
    params: space,
    payload: Resources.WebhookEventData,
    success: Resources.DeliveryIds.pipe(HttpApiSchema.status(201)),
    error: refusals
  }).annotate(OpenApi.Description, "Delivers an event without a job, to addresses of this machine."),
  HttpApiEndpoint.get("listDeliveries", "/spaces/:space/webhooks/deliveries", {
    params: space,
    query: {
      ended: Schema.optional(Schema.Int).annotateKey({ description: "how many that have ended to wait for" }),
      ...wait
    },
    success: Resources.DeliveryList,
    error: refusals
  }),
  HttpApiEndpoint.post("rotateKeys", "/spaces/:space/webhooks/rotate-keys", {
    params: space,
    success: HttpApiSchema.NoContent,
    error: refusals
  }).annotate(OpenApi.Description, "Signs tokens with another key from now on."),
  HttpApiEndpoint.post("beginOperation", "/spaces/:space/operations", {
    params: space,
    payload: Resources.NewOperation,
    success: Resources.Named.pipe(HttpApiSchema.status(201)),
    error: refusals
  })
)

/**
 * The admin API.
 *
 * @category services
 * @since 0.2.0
 */
export const Api = HttpApi.make("effect-gemini-emulator")
  .add(server, spaces, rules, telling, asking, Holds.Group, Vertex.Group, live, Cassettes.Group, resources)
  .prefix(prefix)
  .middleware(Strict)
  .annotate(HttpApi.ParseOptions, { onExcessProperty: "error", errors: "all", reportInput: true })
  .annotate(HttpApi.HeadersParseOptions, {})
  .annotate(OpenApi.Title, "Admin API of effect-gemini-emulator")
  .annotate(OpenApi.Version, "1")
  .annotate(OpenApi.Transform, Examples.document)
