/**
 * How far an interaction has been followed: what it is called, the last event by which it may be resumed, and what came
 * since. It drops what a resumed stream brings again.
 */
import * as InteractionEvent from "../../interactions/InteractionEvent.ts"
import type { InteractionHandle } from "../../interactions/InteractionHandle.ts"
import type { Followed } from "../../interactions/Interactions.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"

type Event = InteractionEvent.InteractionEvent

export class Trail {
  /** `interactions/ID`, once it is known. */
  name: string | undefined
  member: string | undefined
  lastEventId: string | undefined
  /** How many events came since the one with that id, or since the start. */
  since = 0
  /** How many events of a resumed stream have been seen already. */
  #again = 0
  isPolled = false
  /** Whether the server has told the end, or an error in its place. */
  isOver = false
  isRefused = false
  status: InteractionEvent.InteractionStatus | undefined
  token: string | undefined

  static from(handle: InteractionHandle): Trail {
    const trail = new Trail()
    trail.name = handle.name
    trail.member = handle.member
    trail.lastEventId = handle.lastEventId
    trail.since = handle.since
    trail.isPolled = handle.polled === true
    return trail
  }

  get resource(): ResourceHandle | undefined {
    const { member, name } = this
    return name === undefined ? undefined : { name, ...(member === undefined ? {} : { member }) }
  }

  get handle(): InteractionHandle | undefined {
    const { isPolled, lastEventId, member, name, since } = this
    if (name === undefined) return undefined
    if (member === undefined && !isPolled) {
      return lastEventId === undefined
        ? { name, since }
        : { name, lastEventId, since }
    }
    return {
      name,
      ...(member === undefined ? {} : { member }),
      ...(lastEventId === undefined ? {} : { lastEventId }),
      since,
      ...(isPolled ? { polled: true } : {})
    }
  }

  /** Another interaction begins: the next hop of the same answer. */
  begin(): void {
    this.name =
      this.lastEventId =
      this.status =
      this.token =
        undefined
    this.since = this.#again = 0
    this.isOver = this.isRefused = false
  }

  /** Its stream is asked for once more, behind the last event that has an id. */
  resume(): void {
    this.#again = this.since
  }

  /** Takes an event. The result is `undefined` if it has been seen before. */
  take(event: Event): Followed | undefined {
    const id = InteractionEvent.id(event)
    if (id !== undefined && id === this.lastEventId) return undefined
    if (this.#again > 0) {
      // What came behind the last id has none, so an event with an id is a new one.
      this.#again = id === undefined ? this.#again - 1 : 0
      if (id === undefined) return undefined
    }
    this.note(event, id)
    return { event, handle: this.handle }
  }

  note(event: Event, id = InteractionEvent.id(event)): void {
    if (event.event_type !== "step.delta") this.#hear(event)
    if (id === undefined) this.since++
    else {
      this.lastEventId = id
      this.since = 0
    }
  }

  #hear(event: Event): void {
    const interaction = InteractionEvent.interactionId(event)
    if (interaction !== undefined) this.name = `interactions/${interaction}`
    this.status = InteractionEvent.status(event) ?? this.status
    this.token = InteractionEvent.continuationToken(event) ?? this.token
    if (event.event_type === "interaction.completed") this.isOver = true
    if (event.event_type === "error") this.isRefused = true
  }
}
