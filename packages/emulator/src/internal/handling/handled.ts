/**
 * What becomes of a request that has arrived whole, in this order: the fault that is due, the judgement, what the API
 * keeps, the quota, the script, the generator. A request that is refused uses up no answer and no quota.
 */
import * as Effect from "effect/Effect"
import type * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as Fault from "../../Fault.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"
import type * as RequestLog from "../../RequestLog.ts"
import type { Verdict } from "../../Verdict.ts"
import * as Render from "../answers/render.ts"
import * as Respond from "../answers/respond.ts"
import type * as Step from "../answers/step.ts"
import * as DecisionAnswer from "../decisions/decisionAnswer.ts"
import * as DecisionRequest from "../decisions/decisionRequest.ts"
import * as LetIn from "../decisions/letIn.ts"
import * as IdentityRoute from "../identity/identityRoute.ts"
import * as Login from "../identity/login.ts"
import * as Interacting from "../interactions/answering.ts"
import * as InteractionRequest from "../interactions/interactionRequest.ts"
import * as Batches from "../resources/batches.ts"
import * as BatchRows from "../resources/batchRows.ts"
import * as ResourceAnswer from "../resources/resourceAnswer.ts"
import * as Uploads from "../resources/uploads.ts"
import * as Charging from "../rules/charging.ts"
import * as Projects from "../rules/projects.ts"
import * as Scripts from "../rules/Scripts.ts"
import type * as Exchange from "../server/exchange.ts"
import * as Names from "../vertex/names.ts"

/** A request that has arrived, and what was found out about it on the way. */
export interface Arrived {
  readonly request: EmulatorRequest.EmulatorRequest
  readonly bodyText: string | undefined
  readonly fault: Fault.Fault | undefined
  /** Milliseconds since the epoch, by the server's clock, when it arrived. */
  readonly time: number
  readonly entry: RequestLog.Handle
  /** What is wrong with the emulator's own headers. */
  readonly misused: string | undefined
  readonly incoming: Exchange.Incoming
  readonly isResource: boolean
  readonly now: () => number
}

export const make = (
  options: GeminiHandler.Options,
  state: GeminiHandler.State
): (arrived: Arrived) => Effect.Effect<Step.Steps> => {
  const settings: Respond.Settings = {
    chunkDelay: options.chunkDelay ?? 0,
    seed: options.seed ?? "",
    calling: options.calls ?? "mentioned",
    values: options.values,
    pace: options.pace,
    models: options.models ?? ModelTable.current
  }
  const charge = Charging.make(Projects.make(options).quotasOf, state.quota, () => options.vertex)
  const judged = LetIn.make(options, state.space, (token, now) => state.tokens.worth(token, now))

  const interact = Interacting.make({
    interactions: () => state.interactions.own,
    endpoints: () => state.resources.kept,
    settings,
    scripted: state.scripts.scripted,
    misfit: Scripts.misfit,
    missed: Scripts.missed,
    charge: (request, body, time) => charge(request, body, time).refusal,
    isIssued: LetIn.issued(options),
    isJudged: options.judge !== false,
    webhooks: () => state.webhooks.own,
    registered: () => state.webhooks.kept
  })

  const answerRow = BatchRows.make({
    endpoints: state.resources,
    space: state.space,
    settings,
    judged,
    fault: state.script.takeFault,
    scripted: state.scripts.scripted
  })

  return Effect.fnUntraced(function*({ bodyText, entry, fault, incoming, isResource, misused, now, request, time }) {
    const coded = InteractionRequest.framingOf(request)
    const framing = coded ?? Respond.framingOf(request)
    const refused = (by: Verdict["by"], { body }: GoogleError.Refusal): Step.Steps => {
      entry.judged({ by, refused: body.error.message })
      return Render.error(body.error, framing)
    }
    if (misused !== undefined) return refused("misuse", GoogleError.make(400, misused))
    const broken = fault?.error ?? (fault?.status === undefined ? undefined : { code: fault.status })
    if (broken !== undefined) {
      entry.judged({ by: "fault", refused: broken.message ?? `status ${broken.code}` })
      return Render.error(broken, framing, { inside: fault?.inside })
    }
    if (IdentityRoute.isLogin(request.method)) {
      const login = { request, bodyText, tokens: state.tokens, options: options.vertex, now: time }
      const { steps, verdict: who } = Login.answered(login)
      entry.judged(who)
      return steps
    }
    // The address of an upload is all that a command to it needs.
    const verdict = Uploads.isCommand(request.method) ? { body: {} } : judged(request, bodyText, time)
    if (verdict.refusal !== undefined) return refused("judge", verdict.refusal)
    if (coded !== undefined) {
      const { steps, verdict: who } = yield* interact(request, fault, time, now, entry.id)
      entry.judged(who)
      return steps
    }
    if (Batches.isCreate(request.method)) {
      const { key, method, region, resource: model = "", version, vertex } = request
      const project = Names.ownerOf(request)
      const { body } = verdict
      const of = { method, model, project, region, key, version, vertex, body, now: time, fate: fault?.batch }
      const made = ResourceAnswer.shown(state.resources.batches.create(of), request)
      entry.judged(made.verdict)
      return made.steps
    }
    if (isResource) {
      const { pieces, url } = incoming
      const { batches } = state.resources
      if (batches.isAbout(request.method, request.resource ?? "")) yield* batches.settle(answerRow, time)
      const given = { body: verdict.body, url, pieces, fault, now: time }
      const { steps, verdict: who } = yield* ResourceAnswer.answered(state.resources, request, given)
      entry.judged(who)
      return steps
    }
    const input = DecisionRequest.inputOf(request, verdict.body)
    const expanded = ResourceAnswer.expanded(state.resources.kept, request, input, time)
    if ("refusal" in expanded) return refused("judge", expanded.refusal)
    const { refusal: exceeded, traffic } = charge(request, expanded.body, time)
    if (exceeded !== undefined) return refused("quota", exceeded)
    if (request.method === "auth_tokens.create") {
      const made = state.live.tokens.create(verdict.body, request.key ?? "", time)
      if ("refused" in made) return refused("judge", GoogleError.invalidArgument(made.refused))
      entry.judged({ by: "generator" })
      return Render.whole(made)
    }
    const { answer, refused: none, ...who } = yield* state.scripts.scripted(request, input, time, { request: entry.id })
    const untold = (message: string): Step.Steps => {
      entry.judged({ ...who, refused: message })
      const steps = Render.error({ code: 501, message }, framing)
      return who.nearMisses === undefined ? steps : Fault.apply({ headers: Scripts.missed(who) }, steps, () => "")
    }
    if (none !== undefined) return untold(none)
    const given = DecisionAnswer.completed(request, answer, settings.seed)
    const whole = expanded.cached === undefined ? verdict.body : expanded.body
    const said = Respond.respond(request, whole, given, { ...settings, ...expanded, traffic }, time)
    if (said.misfit !== undefined) return untold(Scripts.misfit(who, said.misfit))
    entry.judged(who)
    return said.steps
  })
}
