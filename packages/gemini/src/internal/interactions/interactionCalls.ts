/**
 * A create as a logical call of its model or agent: in its lane, with its budgets, retries and hops, in one piece or as
 * events.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Tracer from "effect/Tracer"
import type { CallOptions } from "../../call/CallOptions.ts"
import { Unsupported } from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import * as InteractionEvent from "../../interactions/InteractionEvent.ts"
import type { InteractionUsage } from "../../interactions/types/InteractionTypes.ts"
import type * as ModelId from "../../models/ModelId.ts"
import type * as RateLimiter from "../../RateLimiter.ts"
import * as Usage from "../../wire/Usage.ts"
import type * as Operations from "../call/clientOperations.ts"
import * as LogicalCall from "../call/LogicalCall.ts"
import * as Plans from "../call/plans.ts"
import * as RetryKernel from "../call/retry.ts"
import * as StreamedCall from "../call/streamedCall.ts"
import type * as Attempt from "../http/attempt.ts"
import * as ModelMethods from "../http/modelMethods.ts"
import * as Body from "../http/responseBody.ts"
import * as Lost from "../resources/lost.ts"
import * as Names from "../resources/names.ts"
import * as Guard from "../wire/guard.ts"
import * as ErrorCode from "./errorCode.ts"
import * as EventStream from "./eventStream.ts"
import { type HopSigns, InteractionChain } from "./InteractionChain.ts"
import * as RequestBody from "./requestBody.ts"

type Answer = Interaction.Interaction
type Event = InteractionEvent.InteractionEvent

const guard = /* @__PURE__ */ Guard.make(Interaction.Interaction)

/** An older envelope, which Lyria's models answer, has `outputs` in place of steps: they are one step of the model. */
export const withSteps = (interaction: Answer): Answer => {
  const outputs = Names.own(interaction, "outputs")
  if (interaction.steps != null || !Array.isArray(outputs)) return interaction
  const guarded = guard({ ...interaction, steps: [{ type: "model_output", content: outputs }] })
  return Result.isSuccess(guarded) ? guarded.success : interaction
}

export const decode = (call: Body.CallContext, text: string): Result.Result<Answer, GeminiError> =>
  Result.map(Body.decode(call, guard, text), withSteps)

/** A price takes searches for what they are in generations: queries and places that an answer is grounded in. */
const grounded = (usage: InteractionUsage): NonNullable<RateLimiter.Charged["candidates"]> => {
  const counts = (usage.grounding_tool_count ?? []).map(({ count, type }) =>
    [String(type), Usage.count(count)] as const
  )
  const searches = counts.find(([type]) => type === "google_search")?.[1] ?? 0
  const maps = counts.some(([type, count]) => type === "google_maps" && count > 0)
  return searches === 0 && !maps ? [] : [{
    groundingMetadata: {
      webSearchQueries: Array.from({ length: Math.min(searches, 1_000) }, () => ""),
      ...(maps ? { groundingChunks: [{ maps: {} }] } : {})
    }
  }]
}

/** What a count is charged. `isLast` is the count of a finished answer. */
const chargedFor = (usage: InteractionUsage | null | undefined, isLast: boolean): RateLimiter.Charged => ({
  usageMetadata: Interaction.usageMetadata(usage),
  candidates: [...(usage ? grounded(usage) : []), ...(isLast ? [{ finishReason: "STOP" }] : [])]
})

const inputTokens = (usage: InteractionUsage | null | undefined): number | undefined =>
  usage?.total_input_tokens == null ? undefined : Usage.count(usage.total_input_tokens)

const chargedEvent = (event: Event): RateLimiter.Charged => {
  const text = InteractionEvent.text(event)
  const usage = InteractionEvent.usage(event)
  return text !== "" && usage === undefined
    ? { candidates: [{ content: { parts: [{ text }] } }] }
    : chargedFor(usage, event.event_type === "interaction.completed")
}

const signsOf = (interaction: Answer): HopSigns => ({
  id: interaction.id || undefined,
  status: interaction.status ?? undefined,
  token: interaction.continuation_token || undefined,
  usage: interaction.usage ?? undefined,
  hasContent: false,
  interaction
})

const signsOfEvent = (event: Event): HopSigns | "content" =>
  event.event_type === "step.delta" && event.metadata == null ? "content" : {
    id: InteractionEvent.interactionId(event),
    status: InteractionEvent.status(event),
    token: InteractionEvent.continuationToken(event),
    usage: InteractionEvent.usage(event),
    hasContent: event.event_type === "step.start" || event.event_type === "step.delta"
  }

/** The answers of several hops as one: all steps, what all of them used, the id and the status of the last. */
const joined = (
  answers: ReadonlyArray<Answer>,
  usage: InteractionUsage | undefined,
  ids: ReadonlyArray<string>
): Answer => ({
  ...answers.at(-1),
  steps: answers.flatMap(Interaction.steps),
  ...(usage === undefined ? {} : { usage }),
  continuation_ids: ids
})

/** Whether the server goes on when an answer is lost, so that asking again would have it done twice. */
const isKept = (body: RequestBody.InteractionPost): boolean => RequestBody.isBackground(body)

const followsTokens = (body: RequestBody.InteractionPost): boolean =>
  !RequestBody.isBackground(body) && !RequestBody.isAgent(body)

const planOf = (body: RequestBody.InteractionPost, course: Operations.Course) => ({
  ...course,
  delayAfter: (...[policy, failed]: Parameters<typeof RetryKernel.delayAfter>) =>
    isKept(body) && Lost.isLost(failed.error)
      ? undefined
      : (course.delayAfter ?? RetryKernel.delayAfter)(policy, failed)
})

/** The error of a create whose answer was lost while the server works on. */
const told = (body: RequestBody.InteractionPost) => (error: GeminiError): GeminiError => {
  if (!isKept(body) || !Lost.isLost(error) || error.received !== undefined) return error
  const member = error.attempts.at(-1)?.member
  return error.with({ mayExist: member === undefined ? {} : { member } })
}

const post = (
  method: string,
  body: RequestBody.InteractionPost,
  course: Operations.Course,
  isStream: boolean
): Attempt.AttemptRequest => {
  const { headers, timeouts } = ModelMethods.attemptOptions(course.options)
  return {
    method,
    model: course.model(),
    httpMethod: "POST",
    path: "interactions",
    body: isStream ? { ...body, stream: true } : body,
    headers: { accept: isStream ? "text/event-stream" : "application/json", ...headers },
    timeouts
  }
}

const unsupported = (method: string, model: ModelId.ModelId): GeminiError =>
  Body.failure({ method, model }, new Unsupported({ capability: `${method} over this GeminiHttp` }))

const describe = (span: Tracer.Span, interaction: Answer, counts: boolean): void => {
  if (interaction.id) span.attribute("gen_ai.response.id", interaction.id)
  if (interaction.model) span.attribute("gen_ai.response.model", String(interaction.model))
  if (interaction.status) span.attribute("gen_ai.response.finish_reasons", [String(interaction.status)])
  const usage = Interaction.usage(interaction)
  if (!counts || usage === undefined) return
  span.attribute("gen_ai.usage.input_tokens", usage.promptTokens + usage.toolUsePromptTokens)
  span.attribute("gen_ai.usage.output_tokens", usage.candidatesTokens + usage.thoughtsTokens)
  span.attribute("gen_ai.usage.cache_read.input_tokens", usage.cachedTokens)
}

interface Asked<A> {
  readonly body: RequestBody.InteractionPost
  readonly options: CallOptions | undefined
  readonly method: string
  readonly read?: A
}

const extra = <A>(
  { body, method }: Asked<unknown>,
  play: Operations.Extra<A>["play"]
): Operations.Extra<A> => ({
  method,
  like: RequestBody.like(body),
  held: RequestBody.heldBy(body),
  play
})

/** A create with one answer. */
export const create = (method: string, body: RequestBody.InteractionPost): Operations.Extra<Answer> =>
  extra({ body, method, options: undefined }, (client, course) => {
    const settings = course.options?.continuation ?? client.continuation
    let chain: InteractionChain<Answer> | undefined
    const plan: LogicalCall.Plan<Answer> = {
      ...Plans.whole,
      ...planOf(body, course),
      method,
      inputTokens: ({ usage }) => inputTokens(usage),
      charged: ({ usage }) => chargedFor(usage, false),
      usage: (answer) => Interaction.usage({ usage: chain?.usage ?? answer.usage }),
      chain: () =>
        settings === "off" || !followsTokens(body) ? undefined : chain = new InteractionChain<Answer>({
          settings,
          first: body.continuation_token,
          signs: signsOf,
          whole: joined
        })
    }
    return LogicalCall.unary(client, plan, (token) => {
      const { sender } = course.carrier()
      if (sender === undefined) return Effect.fail(unsupported(method, course.model()))
      return Effect.mapError(
        sender.unary(
          post(method, RequestBody.continued(body, token, chain?.owner), course, false),
          decode,
          (span, answer, _, counts) => describe(span, answer, counts)
        ),
        ErrorCode.judged
      )
    }).pipe(Effect.mapError(told(body)))
  })

/** What survives a cut within one hop; `events` are those of the POST, which the member was asked for. */
export type Survive<A> = (
  events: Stream.Stream<Event, GeminiError>,
  member: string | undefined
) => Stream.Stream<A, GeminiError>

export interface Streamed<A> {
  readonly method: string
  readonly body: RequestBody.InteractionPost
  readonly survive: Survive<A>
  readonly eventOf: (element: A) => Event
}

/** A create as the events that come of it. The answer of the call is the stream, which asks when it is read. */
export const stream = <A>(
  { body, eventOf, method, survive }: Streamed<A>
): Operations.Extra<Stream.Stream<A, GeminiError>> =>
  extra({ body, method, options: undefined }, (client, course) => {
    const settings = course.options?.continuation ?? client.continuation
    let chain: InteractionChain<A> | undefined
    const plan: LogicalCall.Plan<A> = {
      ...Plans.whole,
      ...planOf(body, course),
      method,
      inputTokens: (element) => inputTokens(InteractionEvent.usage(eventOf(element))),
      charged: (element) => chargedEvent(eventOf(element)),
      usage: (element) => Interaction.usage({ usage: chain?.usage ?? InteractionEvent.usage(eventOf(element)) }),
      chain: () =>
        settings === "off" || !followsTokens(body) ? undefined : chain = new InteractionChain<A>({
          settings,
          first: body.continuation_token,
          signs: (element) => signsOfEvent(eventOf(element))
        })
    }
    const value = StreamedCall.stream(client, plan, (token) => {
      const { sender } = course.carrier()
      if (sender === undefined) return Stream.fail(unsupported(method, course.model()))
      const events = Stream.mapError(
        sender.events(
          post(method, RequestBody.continued(body, token, chain?.owner), course, true),
          EventStream.decodePull,
          (span, _, counts) => (events) => {
            for (const event of events) {
              if ("interaction" in event && event.interaction) describe(span, event.interaction, counts)
            }
          }
        ),
        ErrorCode.judged
      )
      return survive(events, course.way?.()?.member)
    })
    return Effect.succeed({ value: Stream.mapError(value, told(body)), attempts: [] })
  })
