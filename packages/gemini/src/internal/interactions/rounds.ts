/**
 * A dialogue with functions: an interaction, the calls in it, their results in the next interaction, until the model has
 * answered. Where the server has forgotten what went before, all steps are sent in its place.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import { InteractionFold } from "../../interactions/InteractionFold.ts"
import type { Request } from "../../interactions/InteractionRequest.ts"
import type { InteractionsService } from "../../interactions/Interactions.ts"
import type { InteractionTools, RoundEvent, RoundOptions } from "../../interactions/InteractionTools.ts"
import * as Step from "../../interactions/Step.ts"
import { InteractionContent } from "../../interactions/types/ContentTypes.ts"
import { type InteractionInput, type InteractionUsage } from "../../interactions/types/InteractionTypes.ts"
import type { FunctionResultStep } from "../../interactions/types/StepTypes.ts"
import { make as handleOf, type ResourceHandle } from "../../resources/ResourceHandle.ts"
import { invalid } from "../resources/invalid.ts"
import * as Lost from "../resources/lost.ts"
import * as Guard from "../wire/guard.ts"
import * as UsageSum from "./usageSum.ts"

export interface Dialogue<R> {
  readonly interactions: InteractionsService
  /** What is sent each time, with the input of the first. */
  readonly request: Request
  readonly tools: InteractionTools<R> | undefined
  readonly options: RoundOptions | undefined
  /** The steps before the input, for a server that has forgotten them. */
  readonly history?: ReadonlyArray<Step.Step> | undefined
  /** The interaction that the input follows. */
  readonly previous?: ResourceHandle | undefined
}

const defaultRounds = 16

/** The input as steps. */
export const stepsOf = (input: InteractionInput | null | undefined): ReadonlyArray<Step.Step> => {
  if (input === undefined || input === null || input === "") return []
  if (typeof input === "string") return [Step.userInput(input)]
  const guarded = Guarded.steps(input)
  if (guarded !== undefined) return guarded
  const contents = Guarded.contents(Array.isArray(input) ? input : [input])
  return contents === undefined ? [] : [Step.userInput(contents)]
}

const guardStep = /* @__PURE__ */ Guard.make(Step.Step)
const guardContent = /* @__PURE__ */ Guard.make(InteractionContent)

/** The types of contents; any other type is one of a step. */
const contentTypes: ReadonlySet<unknown> = new Set(["text", "image", "audio", "video", "document"])

const all = <A>(
  values: ReadonlyArray<unknown>,
  guard: (value: unknown) => Result.Result<A, unknown>
): ReadonlyArray<A> | undefined => {
  const out: Array<A> = []
  for (const value of values) {
    const guarded = guard(value)
    if (Result.isFailure(guarded)) return undefined
    out.push(guarded.success)
  }
  return out
}

const isContent = (value: unknown): boolean =>
  typeof value === "object" && value !== null && "type" in value && contentTypes.has(value.type)

const Guarded = {
  steps: (input: unknown): ReadonlyArray<Step.Step> | undefined =>
    Array.isArray(input) && !input.some(isContent) ? all(input, guardStep) : undefined,
  contents: (input: unknown): ReadonlyArray<InteractionContent> | undefined =>
    Array.isArray(input) && input.length > 0 && input.every(isContent) ? all(input, guardContent) : undefined
}

const isRecord = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

/** A value as the result of a function: a text, contents or an object. */
const sendable = (value: unknown): NonNullable<FunctionResultStep["result"]> => {
  if (typeof value === "string") return value
  const contents = Guarded.contents(value)
  if (contents !== undefined) return contents
  return isRecord(value) ? value : { output: value ?? null }
}

/** The words of a failure, without what an Error holds beside its message. */
const worded = (error: unknown): NonNullable<FunctionResultStep["result"]> =>
  error instanceof Error ? error.message : sendable(error)

const answerTo = <R>(
  tools: InteractionTools<R>,
  { args, ...call }: Step.PendingCall
): Effect.Effect<FunctionResultStep, never, R> => {
  const base = { call_id: call.id, name: call.name }
  const failed = (error: unknown) => Step.functionResult({ ...base, result: worded(error), is_error: true })
  if (args === undefined) return Effect.succeed(failed("the arguments are not a JSON object: call the function again"))
  return Effect.suspend(() => tools.handle({ ...call, args })).pipe(
    Effect.match({
      onSuccess: (value) => Step.functionResult({ ...base, result: sendable(value) }),
      onFailure: failed
    })
  )
}

/** Whether the failure says that the server does not have the interaction which was to be followed. */
const isForgotten = (error: GeminiError, previous: string): boolean => {
  const { reason } = Lost.worded(error, undefined)
  if (reason._tag === "NotFound") {
    return !/\bmodels?\b/i.test(reason.description ?? "") || reason.description?.includes(previous) === true
  }
  return reason._tag === "InvalidRequest" && error.status === 400 &&
    (reason.fields.some(({ field }) => field === "previous_interaction_id") ||
      /previous_interaction_id|interaction\b.*\b(?:expired|not found|not exist)/i.test(reason.description ?? ""))
}

/** In these, nobody waits for a result, and a call may be half of one. */
const broken: ReadonlySet<unknown> = new Set(["failed", "cancelled", "incomplete", "budget_exceeded"])

interface Round {
  readonly number: number
  readonly input: ReadonlyArray<Step.Step>
  /** The steps of this dialogue before the input. */
  readonly before: ReadonlyArray<Step.Step>
  readonly previous: ResourceHandle | undefined
  readonly usage: InteractionUsage | undefined
}

const idOf = ({ name }: ResourceHandle): string => name.replace(/^interactions\//, "")

export const run = <R>(
  { history = [], interactions, options, previous, request, tools }: Dialogue<R>
): Stream.Stream<RoundEvent, GeminiError, R> => {
  const { concurrency = "unbounded", rounds: most = defaultRounds, ...following } = options ?? {}
  const method = "interactions.run"
  if (!(most >= 0)) return Stream.fail(invalid(method, "rounds", `expected a number of rounds, got ${most}`))
  const { input: _, previous_interaction_id: own, ...settings } = { ...request }
  const isStateless = settings.store === false
  const declared = tools?.declarations ?? []
  const offered = [...(settings.tools ?? []), ...declared]

  const asked = (input: ReadonlyArray<Step.Step>, follows: string | undefined): Request => ({
    ...settings,
    ...(offered.length === 0 ? {} : { tools: offered }),
    input,
    ...(follows === undefined ? {} : { previous_interaction_id: follows })
  })

  const round = (state: Round): Stream.Stream<RoundEvent, GeminiError, R> =>
    Stream.suspend(() => {
      const { before, input, number, previous, usage } = state
      const fold = new InteractionFold()
      let member: string | undefined
      let hasBegun = false
      const events = (request: Request): Stream.Stream<RoundEvent, GeminiError> =>
        Stream.map(interactions.follow(request, following), ({ event, handle }): RoundEvent => {
          hasBegun = true
          member = handle?.member ?? member
          fold.add(event)
          return { _tag: "Event", event, handle }
        })
      const everything = [...history, ...before, ...input]
      const follows = previous === undefined ? undefined : idOf(previous)
      const replay = (interaction: string): Stream.Stream<RoundEvent, GeminiError> =>
        Stream.concat(
          Stream.succeed<RoundEvent>({
            _tag: "Forgotten",
            interaction,
            steps: everything.length - input.length
          }),
          events(asked(everything, undefined))
        )
      const answered = follows === undefined || isStateless
        ? events(asked(everything, undefined))
        : Stream.catch(
          events(asked(input, follows)),
          (error) =>
            !hasBegun && history.length + before.length > 0 && isForgotten(error, follows)
              ? replay(follows)
              : Stream.fail(error)
        )
      return Stream.concat(
        answered,
        Stream.suspend(() =>
          after({
            number,
            input,
            before,
            interaction: fold.interaction,
            member,
            usage: UsageSum.added(usage, fold.interaction.usage)
          })
        )
      )
    })

  const after = (
    { before, input, interaction, member, number, usage }:
      & Omit<Round, "previous">
      & { readonly interaction: Interaction.Interaction; readonly member: string | undefined }
  ): Stream.Stream<RoundEvent, GeminiError, R> => {
    const handle = handleOf(`interactions/${interaction.id ?? ""}`, member)
    const steps = [...before, ...input, ...Interaction.steps(interaction)]
    const calls = broken.has(interaction.status) ? [] : Interaction.functionCalls(interaction)
    if (tools === undefined || calls.length === 0 || number >= most) {
      return Stream.succeed<RoundEvent>({
        _tag: "Answered",
        answer: {
          interaction,
          handle,
          steps,
          usage: Interaction.usage({ usage }),
          rounds: number,
          isExhausted: tools !== undefined && calls.length > 0
        }
      })
    }
    const results = new Map<number, FunctionResultStep>()
    const ran = Stream.fromIterable(calls.map((call, place) => ({ call, place }))).pipe(
      Stream.mapEffect(
        ({ call, place }) =>
          Effect.map(answerTo(tools, call), (result): RoundEvent => {
            results.set(place, result)
            return { _tag: "Result", result }
          }),
        { concurrency, unordered: true }
      )
    )
    return Stream.fromIterable(calls).pipe(
      Stream.map((call): RoundEvent => ({ _tag: "Called", call })),
      Stream.concat(ran),
      Stream.concat(Stream.suspend(() =>
        round({
          number: number + 1,
          // The results come in the order of their calls, whichever was ready first.
          input: calls.flatMap((_, place) => results.get(place) ?? []),
          before: steps,
          previous: handle,
          usage
        })
      ))
    )
  }

  return round({
    number: 0,
    input: stepsOf(request.input),
    before: [],
    previous: previous ?? (own ? handleOf(`interactions/${own}`) : undefined),
    usage: undefined
  })
}
