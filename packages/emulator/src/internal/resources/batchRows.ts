/**
 * Answers a row of a batch as the model answers a request, or with the error that the request would get.
 */
import * as Effect from "effect/Effect"
import type * as Answer from "../../Answer.ts"
import type * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as Fault from "../../Fault.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as Respond from "../answers/respond.ts"
import type * as Step from "../answers/step.ts"
import * as Json from "../json.ts"
import type { Answered, AnswerRow, AskedRow } from "./batches.ts"
import type { Endpoints } from "./endpoints.ts"
import * as ResourceAnswer from "./resourceAnswer.ts"

export interface Options {
  readonly endpoints: Endpoints
  readonly space: string
  readonly settings: Respond.Settings
  readonly judged: (
    request: EmulatorRequest.EmulatorRequest,
    bodyText: string,
    now: number
  ) => { readonly refusal: GoogleError.Refusal } | { readonly refusal?: undefined; readonly body: Json.Json }
  readonly fault: (request: EmulatorRequest.EmulatorRequest, now: number) => Fault.Fault | undefined
  readonly scripted: (request: EmulatorRequest.EmulatorRequest, body: Json.Json, now: number) => Effect.Effect<
    { readonly answer?: Answer.Answer | undefined; readonly refused?: string | undefined }
  >
}

/** The method whose faults hit rows. */
const method = "batches.row"

/** The number that `google.rpc.Code` has for the status of an error. */
const codes: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  CANCELLED: 1,
  UNKNOWN: 2,
  INVALID_ARGUMENT: 3,
  DEADLINE_EXCEEDED: 4,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  RESOURCE_EXHAUSTED: 8,
  FAILED_PRECONDITION: 9,
  ABORTED: 10,
  UNIMPLEMENTED: 12,
  INTERNAL: 13,
  UNAVAILABLE: 14,
  UNAUTHENTICATED: 16
}))

const decoder = new TextDecoder()

const errorOf = (error: unknown): Answered => ({
  error: {
    code: codes.get(Json.text(Json.at(error, "status")) ?? "") ?? 13,
    message: Json.text(Json.at(error, "message")) ?? "Internal error encountered."
  }
})

/** What would have gone over a connection, as a row has it. */
const answered = (steps: Step.Steps): Answered => {
  let text = ""
  for (const step of steps) {
    if (step._tag === "Break" || step._tag === "Hang") return errorOf(undefined)
    if (step._tag === "Bytes") text += decoder.decode(step.bytes)
  }
  const body = Json.parse(text)
  return Json.isObject(body) && body["error"] === undefined ? { response: body } : errorOf(Json.at(body, "error"))
}

/** An embedding in a batch says its tokens as a text (recorded 2026). */
const embedded = (said: Answered, body: Json.Json): Answered =>
  "error" in said ? said : {
    response: { tokenCount: String(Respond.inputTokens("embedContent", body)), embedding: said.response["embedding"] }
  }

export const make = ({ endpoints, fault, judged, scripted, settings, space }: Options): AnswerRow =>
  Effect.fnUntraced(function*(row: AskedRow, now: number) {
    const { job, key, kind, model: resource, project, region, request: given, version } = row
    const request: EmulatorRequest.EmulatorRequest = {
      method: kind === "generate" ? "generateContent" : "embedContent",
      version,
      resource,
      model: resource.replace(/^\w+\//, ""),
      // Who made a job was asked then; the rows are the server's own, which the space's key lets in.
      key: job === undefined ? key : `space:${space}`,
      space,
      project: job?.place.project ?? project,
      region,
      headers: {},
      query: new URLSearchParams(),
      body: given,
      vertex: job?.place
    }
    const due = fault({ ...request, method }, now)
    const broken = due?.error ?? (due?.status === undefined ? undefined : { code: due.status })
    if (broken !== undefined) {
      const { code, message = `status ${code}`, status } = broken
      return errorOf({ message, status: status ?? GoogleError.make(code, message).body.error.status })
    }
    const verdict = judged(request, JSON.stringify(given), now)
    if (verdict.refusal !== undefined) return errorOf(verdict.refusal.body.error)
    const expanded = ResourceAnswer.expanded(endpoints, request, verdict.body, now)
    if ("refusal" in expanded) return errorOf(expanded.refusal.body.error)
    const { answer, refused } = yield* scripted(request, verdict.body, now)
    if (refused !== undefined) return errorOf({ message: refused })
    const whole = expanded.cached === undefined ? verdict.body : expanded.body
    const said = Respond.respond(request, whole, answer, { ...settings, ...expanded }, now)
    if (said.misfit !== undefined) return errorOf({ message: said.misfit })
    return kind === "generate" ? answered(said.steps) : embedded(answered(said.steps), verdict.body)
  })
