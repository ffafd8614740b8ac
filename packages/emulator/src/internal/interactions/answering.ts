/**
 * Answers requests about interactions: it looks the dialogue up, has the script or the generator speak, keeps the result
 * and sends it whole or as events.
 */
import * as Effect from "effect/Effect"
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as Fault from "../../Fault.ts"
import * as GoogleError from "../../GoogleError.ts"
import type { Verdict } from "../../Verdict.ts"
import * as Render from "../answers/render.ts"
import * as Respond from "../answers/respond.ts"
import * as Step from "../answers/step.ts"
import * as Json from "../json.ts"
import type { Endpoints } from "../resources/endpoints.ts"
import * as ResourceAnswer from "../resources/resourceAnswer.ts"
import type * as Webhooks from "../webhooks/webhooks.ts"
import * as Dialogue from "./dialogue.ts"
import * as InteractionRecord from "./InteractionRecord.ts"
import * as InteractionRequest from "./interactionRequest.ts"
import * as Interactions from "./interactions.ts"
import * as Making from "./making.ts"
import * as Notices from "./notices.ts"
import * as Research from "./research.ts"

interface Scripted extends Verdict {
  readonly by: "hand" | "header" | "queue" | "rule" | "answers" | "unmatched" | "generator"
  readonly answer?: Answer.Answer | undefined
}

export interface Options {
  readonly interactions: () => Interactions.Interactions
  readonly endpoints: () => Endpoints
  readonly settings: Respond.Settings
  /** Whether a thought signature was given out here. Absent: any is taken. */
  readonly isIssued: ((signature: string) => boolean) | undefined
  /** False lets every request in. */
  readonly isJudged: boolean
  /** Who answers, and with what. Without an answer the generator makes one. */
  readonly scripted: (
    request: EmulatorRequest,
    body: Json.Json,
    now: number,
    place: { readonly request: number }
  ) => Effect.Effect<Scripted>
  /** Tells a person that an answer does not fit this request, and why. */
  readonly misfit: (who: Scripted, why: string) => string
  /** The headers of an answer that no rule has given. */
  readonly missed: (who: Verdict) => Readonly<Record<string, string>> | undefined
  /** Counts the request against the quotas, or says which of them is used up. */
  readonly charge: (
    request: EmulatorRequest,
    body: Json.Json,
    time: number
  ) => GoogleError.Refusal | undefined
  readonly webhooks: () => Webhooks.Webhooks
  /** Webhooks that somebody has registered already. */
  readonly registered: () => Webhooks.Webhooks | undefined
}

export interface Answered {
  readonly steps: Step.Steps
  readonly verdict: Verdict
}

const refused = (by: Verdict["by"], refusal: GoogleError.Refusal): Answered => ({
  steps: Render.refusal(refusal, "coded"),
  verdict: { by, refused: refusal.body.error.message }
})

const generator: Verdict = { by: "generator" }

const replied = (reply: Webhooks.WebhookReply): Answered =>
  "refusal" in reply
    ? refused("judge", reply.refusal)
    : { steps: Render.compactWhole(reply.body), verdict: generator }

/** Models that answer by the envelope of before May 2026, which the SDK wraps in one step. */
const isOld = ({ model }: InteractionRecord.InteractionRecord): boolean => Dialogue.oldEnvelope.has(model ?? "")

export const make = (options: Options) => {
  const { charge, endpoints, interactions, isIssued, isJudged, misfit, missed, scripted, settings, webhooks } = options
  const made = Notices.make(options)

  /** What a script sends as it is; undefined if it sends nothing so. */
  const asItIs = (answer: Answer.AnswerFields, isStream: boolean): Step.Steps | undefined => {
    if (answer.raw !== undefined) return Respond.raw(answer.raw)
    if (answer.error !== undefined) return Render.error(answer.error, "coded")
    if (answer.response !== undefined) {
      return isStream ? Dialogue.eventsOfResponse(answer.response) : Render.compactWhole(answer.response)
    }
    const chunks = answer.chunks === undefined ? [] : [...answer.chunks]
    return chunks.some((chunk) => typeof chunk !== "string") ? Dialogue.eventsAsGiven(chunks) : undefined
  }

  const create = Effect.fnUntraced(function*(
    request: EmulatorRequest,
    fault: Fault.Fault | undefined,
    time: number,
    now: () => number,
    entry: number
  ): Effect.fn.Return<Answered> {
    const kept = interactions()
    const asked = Object.fromEntries(Object.entries(Object(request.body)).filter(([, value]) => value !== null))
    const fate = fault?.interaction
    const previous = Json.text(asked["previous_interaction_id"])
    if (fate?.forgets === "previous" && previous !== undefined) kept.forget(previous, time)
    const found = Dialogue.read(kept, request, asked, { models: settings.models, isIssued, isJudged }, time)
    if ("refusal" in found) return refused("judge", found.refusal)
    const expanded = ResourceAnswer.expanded(endpoints(), request, found.body, time)
    if ("refusal" in expanded) return refused("judge", expanded.refusal)
    const exceeded = charge(request, expanded.body, time)
    if (exceeded !== undefined) return refused("quota", exceeded)
    const { answer: given, refused: none, ...who } = yield* scripted(request, found.body, time, { request: entry })
    const untold = (message: string): Answered => {
      const steps = Render.error({ code: 501, message }, "coded")
      return { steps: Fault.apply({ headers: missed(who) }, steps, () => ""), verdict: { ...who, refused: message } }
    }
    if (none !== undefined) return untold(none)
    const answer = given === undefined ? {} : Answer.fields(given)
    const isStream = InteractionRequest.streams(request)
    const timing = Making.timing(answer, settings.chunkDelay, settings.pace)
    const dressed = (steps: Step.Steps, isSent: boolean): Answered => {
      const broken = answer.fault?.error ??
        (answer.fault?.status === undefined ? undefined : { code: answer.fault.status })
      const framing = isStream ? "events" : "coded"
      const base = broken === undefined ? steps : Render.error(broken, framing, { inside: answer.fault?.inside })
      const faulty = answer.fault === undefined
        ? base
        : Fault.apply(answer.fault, base, (error) => Render.errorText(error, framing))
      const delay = isSent && timing.first > 0 ? timing.first : undefined
      return { steps: Fault.apply({ delay, headers: answer.headers }, faulty, () => ""), verdict: who }
    }
    const whole = asItIs(answer, isStream)
    if (whole !== undefined) return dressed(whole, true)
    const speaking: Making.Speaking = {
      request,
      body: expanded.cached === undefined ? found.body : expanded.body,
      answer,
      settings: { ...settings, cached: expanded.cached, retrieved: expanded.retrieved },
      token: Json.text(asked["continuation_token"]) || undefined,
      now: time
    }
    const isResearch = Research.isMeant(asked, time)
    const said = isResearch
      ? Research.speak(speaking, asked, found.input, found.previous)
      : Making.speak(speaking)
    if ("misfit" in said) return untold(misfit(who, said.misfit))
    if ("refusal" in said) return refused("judge", said.refusal)
    const { research = 3_000, running = 1_000 } = kept.options
    const makes = Making.record({
      spoken: said,
      request,
      asked,
      body: found.body,
      before: found.before,
      input: found.input,
      fate,
      planTurns: isResearch ? Research.planTurns(asked, found.previous) : 0,
      running: isResearch ? research : running,
      now: time
    })
    const paced = answer.pace === undefined
      ? timing.first
      : InteractionRecord.stepEventsOf(makes).flat().reduce((sum, event) => sum + timing.said(event), timing.first)
    const { isBackground } = makes
    const record = kept.add(isBackground && paced > 0 ? { ...makes, running: paced } : makes)
    made(record)
    if (fate?.forgets === "this") kept.forget(record.name, time)
    if (isBackground && isStream) {
      return dressed(
        Interactions.followed(() => kept.find(request.project, record.name, time) ?? record, 0, now),
        false
      )
    }
    if (isStream) return dressed(Interactions.told(record, timing.of), true)
    const latency = isBackground ? 0 : paced - timing.first
    const steps = Render.compactWhole(InteractionRecord.shown(record, time, { isOld: isOld(record) }))
    return dressed(latency > 0 ? Fault.apply({ delay: latency }, steps, () => "") : steps, !isBackground)
  })

  const get = (request: EmulatorRequest, id: string, time: number, now: () => number): Answered => {
    const kept = interactions()
    const { project, query } = request
    const record = kept.find(project, id, time)
    if (record === undefined) return refused("judge", Interactions.missing(id))
    const after = query.get("last_event_id") ?? ""
    if (!InteractionRequest.streams(request)) {
      if (after !== "") {
        return refused("judge", GoogleError.make(400, "'last_event_id' requires 'stream' to be true."))
      }
      const includesInput = query.get("include_input") === "true"
      const shown = InteractionRecord.shown(record, time, { isWhole: true, includesInput, isOld: isOld(record) })
      return { steps: Render.compactWhole(shown), verdict: generator }
    }
    const place = after === "" ? -1 : InteractionRecord.eventsOf(record).findIndex((event) => event.id === after)
    if (after !== "" && place === -1) {
      return refused("judge", GoogleError.make(400, `'last_event_id' is not an event of the interaction '${id}'.`))
    }
    return {
      steps: Interactions.followed(() => kept.find(project, id, now()), place + 1, now),
      verdict: generator
    }
  }

  return (
    request: EmulatorRequest,
    fault: Fault.Fault | undefined,
    time: number,
    now: () => number,
    /** The number of the request in the log. */
    entry: number
  ): Effect.Effect<Answered> => {
    const { method, project, resource: id = "" } = request
    switch (method) {
      case InteractionRequest.create:
        return create(request, fault, time, now, entry)
      case "interactions.get":
        return Effect.sync(() => get(request, id, time, now))
      case "interactions.cancel":
        return Effect.sync(() => {
          const cancelled = interactions().cancel(project, id, time)
          if ("refusal" in cancelled) return refused("judge", cancelled.refusal)
          made(cancelled)
          const shown = InteractionRecord.shown(cancelled, time, { isWhole: true })
          return { steps: Render.compactWhole(shown), verdict: generator }
        })
      default:
        if (method.startsWith("webhooks.")) {
          return Effect.promise(async () => replied(await webhooks().answer(request, time)))
        }
        return Effect.sync(() =>
          interactions().remove(project, id, time)
            ? { steps: Render.compactWhole({}), verdict: generator }
            : refused("judge", Interactions.missing(id))
        )
    }
  }
}
