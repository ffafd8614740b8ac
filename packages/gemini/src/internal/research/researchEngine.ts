/**
 * A research from its question to its report, one stage after the other, and from wherever its journal says that it
 * stands. What is told was written before.
 */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as BigDecimal from "effect/BigDecimal"
import * as Clock from "effect/Clock"
import * as Data from "effect/Data"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as Cost from "../../Cost.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Interaction from "../../interactions/Interaction.ts"
import * as InteractionEvent from "../../interactions/InteractionEvent.ts"
import type { AgentRequest } from "../../interactions/InteractionRequest.ts"
import { type Followed, Interactions, type KeptInteraction } from "../../interactions/Interactions.ts"
import type { InteractionUsage } from "../../interactions/types/InteractionTypes.ts"
import type { ResearchEvent, ResearchProgress } from "../../research/ResearchEvent.ts"
import type { ResearchSettings } from "../../research/ResearchOptions.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as ErrorCode from "../interactions/errorCode.ts"
import * as Finished from "./finished.ts"
import type { ResearchLog } from "./ResearchLog.ts"
import * as Kept from "./researchRecord.ts"
import * as Shaping from "./shaping.ts"
import { Telling } from "./Telling.ts"
import * as Written from "./written.ts"

type Failure = GeminiError | JournalError

/** The work took too long, or spent too much. */
class Over extends Data.TaggedError("Over")<{ readonly why: "deadline" | "budget"; readonly message: string }> {}

const method = "deepResearch"

/** How long the end of an interaction is waited for that the stream has told and the server does not show yet. */
const settling = "2 seconds"

export const refuse = (field: string, description: string): GeminiError =>
  new GeminiError({ method, attempts: [], reason: new Reason.InvalidRequest({ fields: [{ field, description }] }) })

const failureOf = ({ code, message, why }: Kept.Stopped): GeminiError => {
  if (why === "failed") {
    return ErrorCode.ofEvent({ method }, {
      event_type: "error",
      error: { message, ...(code === undefined ? {} : { code }) }
    })
  }
  const reason = why === "deadline"
    ? new Reason.TimedOut({ phase: "total" })
    : why === "budget"
    ? new Reason.QuotaExhausted({ description: message, violations: [], budget: "research" })
    : new Reason.ServerError({ description: message, status: 499 })
  return new GeminiError({ method, attempts: [], reason })
}

const idOf = ({ name }: ResourceHandle): string => name.slice(name.lastIndexOf("/") + 1)

export const carried = <Output, E, R>(
  id: string,
  log: ResearchLog,
  settings: ResearchSettings<Output, E, R>,
  before: ReadonlyArray<Kept.ResearchRecord>,
  first: Kept.ResearchState
): Effect.Effect<Stream.Stream<ResearchEvent<Output | undefined>, Failure | E, R>, never, Interactions> =>
  Effect.map(Interactions, (interactions) => {
    let state = first
    const write = (records: ReadonlyArray<Kept.ResearchRecord>) =>
      Effect.suspend(() => {
        const next = records.reduce(Kept.step, state)
        return Effect.map(log.append(records, Kept.stateOf(next)), () => {
          state = next
        })
      })
    const now = Clock.currentTimeMillis

    const stopped = (why: Kept.Stopped["why"], message: string, code?: string) =>
      Effect.flatMap(now, (at) => {
        const record: Kept.Stopped = {
          _tag: "Stopped",
          at,
          why,
          message: Kept.bounded(message),
          ...(code === undefined ? {} : { code })
        }
        return Effect.andThen(write([record]), Effect.fail(failureOf(record)))
      })

    /** Ends an interaction at the server. One that is over, or of which nothing is known, needs no end. */
    const cancelled = Effect.suspend(() => {
      const handle = state.open?.handle
      return handle === undefined ? Effect.void : Effect.ignore(interactions.cancel(handle))
    })

    const begun = (): Kept.Begun =>
      state.begun ?? { _tag: "Begun", at: 0, query: "", agent: "", input: "", isPlanned: false, hasOutput: false }

    const requestOf = (stage: "plan" | "research"): Effect.Effect<AgentRequest, Failure> =>
      Effect.gen(function*() {
        const { agent, input: blob } = begun()
        const plan = Kept.lastOf(state, "plan")
        const said = plan === undefined
          ? (yield* log.get(Kept.input, blob)).input
          : state.decision?._tag === "Change"
          ? state.decision.text
          : "The plan is approved. Carry it out."
        if (!Kept.isInput(said)) {
          return yield* refuse("id", "what was asked is not in the journal any more: begin it again")
        }
        const { instructions, tools, visualization = "off", webhook } = settings
        return {
          agent,
          input: said,
          background: true,
          store: true,
          agent_config: {
            type: "deep-research",
            thinking_summaries: "auto",
            visualization,
            collaborative_planning: stage === "plan"
          },
          ...(plan === undefined ? {} : { previous_interaction_id: idOf(plan.interaction) }),
          ...(instructions === undefined ? {} : { system_instruction: instructions }),
          ...(tools === undefined ? {} : { tools }),
          ...(webhook === undefined ? {} : {
            webhook_config: {
              ...(webhook.uris && { uris: webhook.uris }),
              ...(webhook.userMetadata && { user_metadata: webhook.userMetadata })
            }
          })
        }
      })

    /** Fails if what was counted is beyond the budget. */
    const afforded = (current: InteractionUsage | undefined): Effect.Effect<void, Over> =>
      Effect.suspend(() => {
        const { budget, pricedAs, prices } = settings
        if (budget === undefined) return Effect.void
        const usages = [
          ...Finished.usagesOf(state).map(({ usage }) => usage),
          ...(current === undefined ? [] : [current])
        ]
        const { dollars, tokens } = budget
        const total = usages.reduce((sum, usage) => sum + (Interaction.usage({ usage })?.totalTokens ?? 0), 0)
        if (tokens !== undefined && total > tokens) {
          return new Over({ why: "budget", message: `it used ${total} tokens, and ${tokens} were allowed` })
        }
        if (dollars === undefined || pricedAs === undefined) return Effect.void
        const costs = usages.map((usage) =>
          Cost.of(
            pricedAs,
            { usageMetadata: Interaction.usageMetadata(usage) ?? {} },
            prices === undefined ? {} : { prices }
          )
        )
        const spent = Cost.all(costs).total
        return spent !== undefined && BigDecimal.isGreaterThan(spent, BigDecimal.fromStringUnsafe(dollars))
          ? new Over({ why: "budget", message: `it cost $${BigDecimal.format(spent)}, and $${dollars} were allowed` })
          : Effect.void
      })

    const deadline = Effect.flatMap(now, (at) => {
      const allowed = begun().deadline
      if (allowed === undefined) return Effect.never
      const left = (state.workedFrom ?? at) + allowed - at
      return Effect.andThen(
        Effect.sleep(Math.max(0, left)),
        new Over({ why: "deadline", message: `it was not done within ${Duration.format(Duration.millis(allowed))}` })
      )
    })

    /** Writes that an interaction is over, and what came of it; or stops. */
    const ended = (
      stage: "plan" | "research",
      kept: KeptInteraction
    ): Effect.Effect<ReadonlyArray<ResearchProgress>, Failure> =>
      Effect.gen(function*() {
        const { interaction } = kept
        const status = String(interaction.status ?? "")
        const read = Written.of(interaction)
        // The server may have forgotten the steps, of which the events told the text.
        const report = read.text === "" && state.open !== undefined ? { ...read, text: state.open.text } : read
        const isUseful = report.text.trim() !== "" &&
          (status === "completed" || stage === "research" && (status === "incomplete" || status === "budget_exceeded"))
        if (!isUseful) {
          const [first] = interaction.errors ?? []
          const why = status === "cancelled" ? "cancelled" as const : "failed" as const
          const said = first?.message ?? (status === "completed"
            ? `the agent gave no ${stage === "plan" ? "plan" : "report"}`
            : `the agent stopped in the status ${status}`)
          return yield* stopped(why, said, first?.code ?? undefined)
        }
        const at = yield* now
        const blob = yield* log.put(Schema.encodeSync(Kept.report)(report))
        const revision = state.revision + 1
        const events: ReadonlyArray<ResearchProgress> = stage === "plan"
          ? [{ _tag: "Planned", plan: Kept.bounded(report.text), revision }]
          : []
        yield* write([
          {
            _tag: "Ended",
            at,
            stage,
            of: begun().agent,
            interaction: kept.handle,
            status,
            report: blob,
            ...(interaction.usage ? { usage: interaction.usage } : {})
          },
          ...(events.length === 0 ? [] : [{ _tag: "Heard" as const, events }])
        ])
        return events
      })

    /** With the input, behind which the report begins: the server may show what went before, too. */
    const shown = (handle: ResourceHandle) => interactions.get(handle, { includeInput: true })

    /** The interaction as a whole, once the server shows that it is over. */
    const whole = (handle: ResourceHandle): Effect.Effect<KeptInteraction, GeminiError> =>
      Effect.flatMap(shown(handle), (kept) =>
        InteractionEvent.isOver(kept.interaction.status)
          ? Effect.succeed(kept)
          : Effect.andThen(Effect.sleep(settling), whole(handle)))

    const isEnded = (handle: ResourceHandle): Effect.Effect<boolean> =>
      Effect.match(shown(handle), {
        onFailure: () => false,
        onSuccess: ({ interaction: { status } }) => InteractionEvent.isOver(status)
      })

    const heard = (stage: "plan" | "research", telling: Telling, isAgain: boolean) =>
      Effect.fnUntraced(function*(all: ReadonlyArray<Followed>) {
        const events: Array<ResearchProgress> = []
        let handle = state.open?.handle
        let usage: InteractionUsage | undefined
        for (const followed of all) {
          if (followed.handle !== undefined && followed.handle.name !== handle?.name) {
            const { member, name } = followed.handle
            events.push({
              _tag: "Started",
              stage,
              interaction: { name, ...(member === undefined ? {} : { member }) },
              isAgain
            })
          }
          handle = followed.handle ?? handle
          usage = InteractionEvent.usage(followed.event) ?? usage
          events.push(...telling.of(followed.event))
        }
        const records = Kept.heardRecords(joined(events), handle)
        yield* write(records)
        if (usage !== undefined) yield* afforded(usage)
        return records.flatMap((record) => record.events)
      })

    /** Ends what took too long or spent too much. One that is done meanwhile is paid for, so that it counts. */
    const given = (
      stage: "plan" | "research",
      { message, why }: Over
    ): Effect.Effect<ReadonlyArray<ResearchProgress>, Failure> =>
      Effect.gen(function*() {
        yield* cancelled
        const handle = state.open?.handle
        const kept = handle === undefined ? Option.none() : yield* Effect.option(shown(handle))
        return Option.isSome(kept) && kept.value.interaction.status === "completed"
          ? yield* ended(stage, kept.value)
          : yield* stopped(why, message)
      })

    const worked = (stage: "plan" | "research"): Stream.Stream<ResearchProgress, Failure> =>
      Stream.unwrap(Effect.gen(function*() {
        const request = yield* requestOf(stage)
        const from = state.open?.handle ?? request
        const isAgain = state.open !== undefined && state.open.handle === undefined
        if (state.open === undefined) yield* write([{ _tag: "Asked", at: yield* now, stage }])
        const { by, deliveries, interval } = settings
        const telling = new Telling(stage)
        const followed = interactions.follow(from, { request, by, interval, deliveries }).pipe(
          // What the stream calls a failure may be the end of the interaction, which the server then shows.
          Stream.catchTag("GeminiError", (error) =>
            Stream.fromEffectDrain(Effect.suspend(() => {
              const handle = state.open?.handle
              const isEnd = handle === undefined ? Effect.succeed(false) : isEnded(handle)
              return Effect.flatMap(isEnd, (isOver) => isOver ? Effect.void : Effect.fail(error))
            }))),
          Stream.mapArrayEffect((all) =>
            Effect.map(heard(stage, telling, isAgain)(all), (events) => [events] as const)
          ),
          Stream.flattenIterable
        )
        const end = Stream.unwrap(Effect.gen(function*() {
          const handle = state.open?.handle
          if (handle === undefined) return yield* stopped("failed", "the server named no interaction")
          return Stream.fromIterable(yield* ended(stage, yield* whole(handle)))
        }))
        return Stream.concat(followed, end).pipe(Stream.interruptWhen(deadline))
      })).pipe(
        Stream.catchTag("Over", (over) => Stream.unwrap(Effect.map(given(stage, over), Stream.fromIterable)))
      )

    const decided: Stream.Stream<ResearchProgress, Failure | E, R> = Stream.unwrap(Effect.gen(function*() {
      const { plan } = settings
      if (plan === undefined) {
        return yield* refuse("plan", "this research waits for a decision about its plan: say who decides")
      }
      const decision = yield* plan({ plan: state.plan ?? "", revision: state.revision })
      if (decision._tag === "Change" && decision.text.trim() === "") {
        return yield* refuse("plan", "expected what to change in the plan, got nothing")
      }
      yield* write([{ _tag: "Decided", at: yield* now, decision }])
      return Stream.succeed<ResearchProgress>({ _tag: "Decided", decision })
    }))

    const shaped = Stream.fromEffectDrain(Effect.gen(function*() {
      const report = Kept.lastOf(state, "research")
      const { model, outputSchema } = settings
      if (report === undefined || outputSchema === undefined) {
        return yield* refuse("outputSchema", "this research was begun with one: give it again")
      }
      const form = { interactions, previous: idOf(report.interaction), schema: outputSchema, model }
      const { kept, text } = yield* Shaping.shaped(form)
      const at = yield* now
      const blob = yield* log.put(text)
      const { handle: interaction, interaction: { usage } } = kept
      yield* write([
        {
          _tag: "Ended",
          at,
          stage: "output",
          of: Shaping.modelOf(form),
          interaction,
          status: "completed",
          report: blob,
          ...(usage ? { usage } : {})
        },
        { _tag: "Shaped", at, text: blob }
      ])
    }))

    const finished = Stream.fromEffect(
      Effect.gen(function*(): Effect.fn.Return<ResearchEvent<Output | undefined>, Failure> {
        const plain = yield* Finished.plainOf(id, log, state, settings)
        if (plain === undefined) return yield* stopped("failed", "the agent gave no report")
        const { outputSchema } = settings
        const report = outputSchema === undefined || state.shaped === undefined
          ? plain
          : yield* Finished.formed(plain, yield* log.get(Schema.String, state.shaped), outputSchema)
        if (!state.isFinished) yield* write([{ _tag: "Finished", at: yield* now }])
        return { _tag: "Finished", report }
      })
    )

    const onward = (): Stream.Stream<ResearchEvent<Output | undefined>, Failure | E, R> =>
      Stream.suspend((): Stream.Stream<ResearchEvent<Output | undefined>, Failure | E, R> => {
        if (state.stopped !== undefined) return Stream.fail(failureOf(state.stopped))
        const { hasOutput, isPlanned } = begun()
        if (state.awaits) return Stream.concat(decided, onward())
        if (Kept.lastOf(state, "research") !== undefined) {
          return (hasOutput || settings.outputSchema !== undefined) && state.shaped === undefined
            ? Stream.concat(shaped, onward())
            : finished
        }
        const isApproved = !isPlanned || state.decision?._tag === "Approve"
        return Stream.concat(worked(isApproved ? "research" : "plan"), onward())
      })

    return Stream.concat(Stream.fromIterable(before.flatMap(Kept.told)), onward())
  })

/** Pieces of one text that came together are one piece. */
const joined = (events: ReadonlyArray<ResearchProgress>): ReadonlyArray<ResearchProgress> =>
  events.reduce<Array<ResearchProgress>>((all, event) => {
    const last = all.at(-1)
    if (event._tag === "Written" && last?._tag === "Written") {
      all[all.length - 1] = { ...last, text: last.text + event.text }
    } else all.push(event)
    return all
  }, [])
