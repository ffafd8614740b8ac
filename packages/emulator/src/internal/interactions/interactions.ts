/**
 * The interactions that a space keeps: they are found by their ids until they expire, end by the clock, are cancelled,
 * deleted and followed as streams.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Shelf from "../resources/Shelf.ts"
import type * as Events from "./events.ts"
import * as InteractionRecord from "./InteractionRecord.ts"

/** How interactions behave where nothing else is told. */
export interface Options {
  /** Milliseconds for which one in the background is `queued`. Default 0. */
  readonly queued?: number | undefined
  /** Milliseconds for which a model in the background is `in_progress`. Default 1000. */
  readonly running?: number | undefined
  /** Milliseconds for which a research is `in_progress`. Default 3000. */
  readonly research?: number | undefined
  /** How long interactions are kept: 1 day as on the free tier, or 55 days as for those who pay. Default `paid`. */
  readonly retention?: "free" | "paid" | undefined
  /**
   * How a change of status is told: `status_update` as the SDK has it, or `named` (`interaction.in_progress`,
   * `interaction.requires_action`) as Google's guides have it. Default `status_update`.
   */
  readonly statusEvents?: Events.StatusSpelling | undefined
  /**
   * Which interactions have an `event_id` in their events: all that are stored, or only those in the background, as
   * recorded in May 2026. Default `stored`.
   */
  readonly eventIds?: "stored" | "background" | undefined
}

/** What is needed to make one. */
export type Made = Omit<
  InteractionRecord.InteractionRecord,
  "name" | "queued" | "spelling" | "hasEventIds" | "expires"
>

export interface Interactions {
  readonly options: Options
  /** Keeps it, unless it is not to be stored, and gives it with its id. */
  readonly add: (made: Made) => InteractionRecord.InteractionRecord
  readonly find: (project: string, id: string, now: number) => InteractionRecord.InteractionRecord | undefined
  readonly cancel: (
    project: string,
    id: string,
    now: number
  ) => InteractionRecord.InteractionRecord | { readonly refusal: Refusal }
  /** False: the project has none of this id. */
  readonly remove: (project: string, id: string, now: number) => boolean
  /** Forgets one before its end, whoever it belongs to. */
  readonly forget: (id: string, now: number) => boolean
  readonly all: (now: number) => ReadonlyArray<InteractionRecord.InteractionRecord>
  readonly dropped: () => number
  readonly created: () => number
  readonly clear: () => void
}

const day = 86_400_000
const lifetimes = { free: day, paid: 55 * day }

/** About how many bytes all interactions of a space may hold. */
const standardBytes = 268_435_456

const idAlphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_"

/** An id in the form of the real ones: a protobuf message of two equal names, in base64url. */
const idMaker = (seed: string): () => string => {
  const dice = Dice.make(`${seed}\ninteractions`)
  return () => {
    const name = `${dice.letters(20, idAlphabet)}AUE`
    return `v1_${
      btoa(`\n\u0017${name}\u0012\u0017${name}`).replace(/=+$/, "").replaceAll("+", "-").replaceAll("/", "_")
    }`
  }
}

/** Nobody has shown Google's words for an interaction that is not there. */
export const missing = (id: string): Refusal =>
  GoogleError.make(404, `Interaction '${id}' is not found, or has expired.`)

export const make = (seed: string, options: Options = {}, mostBytes = standardBytes): Interactions => {
  const { eventIds = "stored", queued = 0, retention = "paid", statusEvents = "status_update" } = options
  const nextId = idMaker(seed)
  let held = 0
  let created = 0
  const shelf = Shelf.make<InteractionRecord.InteractionRecord>({
    pageSize: 50,
    largestPage: 1_000,
    endsInOrder: true,
    left: ({ size }) => {
      held -= size
    }
  })
  return {
    options,
    add: (made) => {
      const record: InteractionRecord.InteractionRecord = {
        ...made,
        name: nextId(),
        expires: made.created + lifetimes[retention],
        queued: made.isBackground ? queued : 0,
        spelling: statusEvents,
        hasEventIds: made.isStored && (eventIds === "stored" || made.isBackground)
      }
      created++
      if (!made.isStored) return record
      shelf.add(record, made.created)
      held += record.size
      for (const oldest of held > mostBytes ? shelf.all(made.created) : []) {
        if (held <= mostBytes || oldest.name === record.name) break
        shelf.evict(oldest.name)
      }
      return record
    },
    find: (project, id, now) => shelf.find(project, id, now),
    cancel: (project, id, now) => {
      const record = shelf.find(project, id, now)
      if (record === undefined) return { refusal: missing(id) }
      if (!record.isBackground) {
        return { refusal: GoogleError.make(400, `Interaction '${id}' does not run in the background.`) }
      }
      if (InteractionRecord.stateOf(record, now).endedAt !== undefined) return record
      const cancelled = { ...record, cancelledAt: now }
      shelf.replace(cancelled)
      return cancelled
    },
    remove: (project, id, now) => shelf.remove(project, id, now) !== undefined,
    forget: (id, now) => {
      const record = shelf.all(now).find(({ name }) => name === id)
      return record !== undefined && shelf.remove(record.project, id, now) !== undefined
    },
    all: shelf.all,
    dropped: shelf.dropped,
    created: () => created,
    clear: () => {
      shelf.clear()
      created = 0
    }
  }
}

/** The longest wait before a stream looks whether its interaction was cancelled, or its clock was moved. */
const longestWait = 250

const done = Render.event("done", "[DONE]")

const written = (event: Json.Json): Step.Step =>
  Step.bytes(Render.event(Json.text(event["event_type"]) ?? "message", JSON.stringify(event)))

/** All events of an interaction that has ended, each after its delay. */
export function* told(
  record: InteractionRecord.InteractionRecord,
  delay: (event: Json.Json) => number
): Generator<Step.Step> {
  yield Render.eventsHead
  for (const { event } of InteractionRecord.eventsOf(record)) {
    const wait = delay(event)
    if (wait > 0) yield Step.wait(wait)
    yield written(event)
  }
  yield Step.bytes(done)
}

/** The events behind the first `from`, as they happen by the clock. */
export function* followed(
  find: () => InteractionRecord.InteractionRecord | undefined,
  from: number,
  now: () => number
): Generator<Step.Step> {
  yield Render.eventsHead
  let index = from
  let known: InteractionRecord.InteractionRecord | undefined
  let events: ReadonlyArray<InteractionRecord.TimedEvent> = []
  for (;;) {
    const record = find()
    if (record === undefined) {
      const error = { code: "not_found", message: "The interaction was deleted." }
      yield written({ error, event_type: "error" })
      break
    }
    if (record !== known) {
      known = record
      events = InteractionRecord.eventsOf(record)
    }
    const next = events[index]
    if (next === undefined && InteractionRecord.stateOf(record, now()).endedAt !== undefined) break
    const due = next === undefined ? longestWait : record.created + next.at - now()
    if (next !== undefined && due <= 0) {
      yield written(next.event)
      index++
      continue
    }
    yield Step.wait(Math.min(longestWait, Math.max(1, due)))
  }
  yield Step.bytes(done)
}
