/**
 * What is kept of an interaction, the state it is in at a time, and how the API shows it.
 */
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import type * as Shelf from "../resources/Shelf.ts"
import * as Events from "./events.ts"

type Steps = ReadonlyArray<Json.Json>

/** A time in whole seconds, as interactions have it (recorded 2026). */
const timestamp = (millis: number): string => new Date(millis).toISOString().replace(/\.\d+Z$/, "Z")

/** What becomes of an interaction that a fault has hit. */
export interface InteractionFate {
  readonly state?: "stuck" | "failed" | "incomplete" | "budget_exceeded" | "cancelled" | undefined
  /** Milliseconds after its making at which it ends so. Default: when it would have been completed. */
  readonly after?: number | undefined
  /** The error of one that failed. */
  readonly error?: { readonly code?: string | undefined; readonly message?: string | undefined } | undefined
  /** What the server no longer knows: this interaction once it is answered, or the previous one of the request. */
  readonly forgets?: "this" | "previous" | undefined
}

/** The steps of a dialogue, each interaction's behind those of the one before. */
export interface Timeline {
  readonly before: Timeline | undefined
  readonly steps: Steps
}

export interface InteractionEnd {
  readonly status: string
  readonly usage: Json.Json
  readonly errors?: ReadonlyArray<Json.Json> | undefined
  readonly continuationToken?: string | undefined
}

export interface InteractionRecord extends Shelf.Kept {
  /** Its id. */
  readonly name: string
  readonly model: string | undefined
  readonly agent: string | undefined
  readonly tier: string
  readonly isStored: boolean
  readonly isBackground: boolean
  readonly created: number
  /** Milliseconds for which it is queued, and then in progress. */
  readonly queued: number
  readonly running: number
  /** The fields of the request that an interaction shows again. */
  readonly echo: Json.Json
  readonly before: Timeline | undefined
  readonly input: Steps
  /** The generation that the request stands for, where another hop goes on with it. */
  readonly body: Json.Json | undefined
  /** What was made. */
  readonly steps: Steps
  /** The pieces of the text, where a script has cut it. */
  readonly pieces: ReadonlyArray<string> | undefined
  readonly outcome: InteractionEnd
  /** How many turns in a row have made the plan of a research; 0 for anything else. */
  readonly planTurns: number
  readonly fate?: InteractionFate | undefined
  readonly cancelledAt?: number | undefined
  readonly webhook?: unknown
  /** About how many bytes it holds. */
  readonly size: number
  readonly spelling: Events.StatusSpelling
  readonly hasEventIds: boolean
}

/** An event, and when it happens in milliseconds after the making. */
export interface TimedEvent {
  readonly at: number
  readonly event: Json.Json
  readonly id: string
}

export interface Standing {
  readonly status: string
  /** When it ended; undefined as long as it goes on. */
  readonly endedAt: number | undefined
  readonly errors?: ReadonlyArray<Json.Json> | undefined
}

/** When it ends, and how. */
const endOf = (record: InteractionRecord): { readonly at: number; readonly outcome: InteractionEnd } => {
  const { cancelledAt, created, fate, outcome, queued, running } = record
  const usual = created + queued + running
  let at = usual
  let how = outcome
  if (fate?.state === "stuck") at = Infinity
  else if (fate?.state !== undefined) {
    at = fate.after === undefined ? usual : created + fate.after
    const { code = "api_error", message = "The interaction has failed." } = fate.error ?? {}
    how = {
      ...outcome,
      status: fate.state,
      errors: fate.state === "failed" ? [{ code, message }] : undefined,
      continuationToken: undefined
    }
  }
  return cancelledAt === undefined || cancelledAt >= at
    ? { at, outcome: how }
    : { at: cancelledAt, outcome: { ...outcome, status: "cancelled", errors: undefined, continuationToken: undefined } }
}

export const stateOf = (record: InteractionRecord, now: number): Standing => {
  const { at, outcome } = endOf(record)
  if (now >= at) return { status: outcome.status, endedAt: at, errors: outcome.errors }
  return { status: now < record.created + record.queued ? "queued" : "in_progress", endedAt: undefined }
}

/** When it ends, as far as is known now; never: Infinity. */
export const endsAt = (record: InteractionRecord): number => endOf(record).at

const head = (record: InteractionRecord): Json.Json => ({
  id: record.isStored ? record.name : "",
  object: "interaction",
  ...(record.model === undefined ? { agent: record.agent } : { model: record.model })
})

/** The events of each step; a text that a script has cut comes in its pieces. */
export const stepEventsOf = (
  { pieces, steps }: Pick<InteractionRecord, "pieces" | "steps">
): ReadonlyArray<ReadonlyArray<Json.Json>> =>
  steps.map((step, index) => Events.ofStep(step, index, pieces === undefined ? undefined : () => pieces))

/** When an event of a step happens, by its place among all of them. */
const schedule = ({ queued, running }: InteractionRecord, count: number) => (index: number): number =>
  queued + Math.floor((running * (index + 1)) / (count + 1))

/** All its events in order, as they are known now: an end that was not foreseen cuts them short. */
export const eventsOf = (record: InteractionRecord): ReadonlyArray<TimedEvent> => {
  const { created, name, queued, spelling } = record
  const end = endOf(record)
  const last = end.at - created
  const ofSteps = stepEventsOf(record).flat()
  const at = schedule(record, ofSteps.length)
  const id = record.isStored ? name : ""
  const events: Array<{ readonly at: number; readonly event: Json.Json }> = [
    {
      at: 0,
      event: Events.ofInteraction("interaction.created", {
        ...head(record),
        status: queued > 0 ? "queued" : "in_progress"
      })
    },
    { at: queued, event: Events.ofStatus(id, "in_progress", spelling) }
  ]
  for (const [i, event] of ofSteps.entries()) events.push({ at: at(i), event })
  const kept = events.filter(({ at }) => at <= last)
  const { continuationToken, errors, status, usage } = end.outcome
  if (last < Infinity) {
    const [error] = errors ?? []
    if (error !== undefined) {
      kept.push({ at: last, event: { error, event_type: "error" } })
    } else {
      const token = continuationToken === undefined ? {} : { continuation_token: continuationToken }
      if (status === "requires_action" || continuationToken !== undefined) {
        kept.push({ at: last, event: Events.ofStatus(id, status, spelling, token) })
      }
      kept.push({
        at: last,
        event: Events.ofInteraction("interaction.completed", {
          ...head(record),
          status,
          usage,
          created: timestamp(created),
          updated: timestamp(end.at),
          service_tier: record.tier,
          ...token
        })
      })
    }
  }
  return kept.map(({ at, event }, i) => {
    const id = Dice.make(`${name} event ${i} ${Json.text(event["event_type"])}`).letters(16)
    return { at, id, event: record.hasEventIds ? { ...event, event_id: id } : event }
  })
}

/** The steps that are whole by now. */
export const stepsOf = (record: InteractionRecord, now: number): Steps => {
  const end = endOf(record)
  const usual = record.created + record.queued + record.running
  if (now >= end.at && end.at >= usual) return record.steps
  const passed = Math.min(now, end.at) - record.created
  const ofSteps = stepEventsOf(record)
  const at = schedule(record, ofSteps.flat().length)
  let index = 0
  return record.steps.filter((_, i) => {
    index += ofSteps[i]?.length ?? 0
    return at(index - 1) <= passed
  })
}

export interface Shown {
  /** Whether the fields of the request are shown, as `get` shows them. */
  readonly isWhole?: boolean | undefined
  readonly includesInput?: boolean | undefined
}

/** The models that still answer by `outputs` in place of `steps`. */
const outputsOf = (steps: Steps): ReadonlyArray<unknown> =>
  steps.flatMap((step) => step["type"] === "model_output" ? Json.list(step["content"]) : [])

export const shown = (
  record: InteractionRecord,
  now: number,
  options: Shown & { readonly isOld?: boolean | undefined } = {}
): Json.Json => {
  const { created, isStored, name, outcome, tier } = record
  const state = stateOf(record, now)
  const steps = [...(options.includesInput === true ? record.input : []), ...stepsOf(record, now)]
  const token = state.status === outcome.status ? outcome.continuationToken : undefined
  return {
    ...(isStored ? { id: name } : {}),
    status: state.status,
    ...(state.endedAt === undefined ? {} : { usage: outcome.usage }),
    created: timestamp(created),
    updated: timestamp(Math.min(now, state.endedAt ?? now)),
    service_tier: tier,
    ...(options.isOld === true ? { outputs: outputsOf(steps) } : { steps }),
    ...(state.errors === undefined ? {} : { errors: state.errors }),
    ...(token === undefined ? {} : { continuation_token: token }),
    ...(options.isWhole === true ? record.echo : {}),
    object: "interaction",
    ...(record.model === undefined ? { agent: record.agent } : { model: record.model })
  }
}

/** Everything that was said up to the end of an interaction. */
export const timelineOf = (record: InteractionRecord, now: number): Timeline => ({
  before: { before: record.before, steps: record.input },
  steps: stepsOf(record, now)
})

/** The steps of a timeline in order. */
export const flat = (timeline: Timeline | undefined): Steps => {
  const parts: Array<Steps> = []
  for (let here = timeline; here !== undefined; here = here.before) parts.unshift(here.steps)
  return parts.flat()
}
