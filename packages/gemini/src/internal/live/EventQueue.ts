/** The events of a session that wait for their reader. */
import type { LiveEvent } from "../../live/LiveEvent.ts"
import type { LiveError } from "../../LiveError.ts"
import { InboundQueue } from "./InboundQueue.ts"

/**
 * How many events of bookkeeping wait for a first reader. Nobody may ever read them, and the queue of a session that
 * only uses `ask` would fill up with them: the oldest go, which later ones have overtaken.
 */
const keptBookkeeping = 1_024

const isBookkeeping = (event: LiveEvent): boolean => event._tag === "Resumption" || event._tag === "Usage"

export const isSound = (event: LiveEvent): boolean => event._tag === "Audio"

export const isOfModel = (event: LiveEvent): boolean =>
  event._tag === "Audio" || event._tag === "Text" || event._tag === "OutputTranscription" || event._tag === "Part"

export class EventQueue extends InboundQueue<LiveEvent, LiveError> {
  /** Whether anybody reads. */
  isRead = false
  #bookkeeping = 0

  /** Takes an event of the server in; `false`: there was no room. */
  take(event: LiveEvent, bytes: number): boolean {
    if (!this.isRead && isBookkeeping(event)) this.#keepFew()
    return this.push(event, bytes)
  }

  /** Makes room for one more event of bookkeeping, half of what may wait at a time. */
  #keepFew(): void {
    if (++this.#bookkeeping <= keptBookkeeping) return
    let left = keptBookkeeping / 2
    this.discard((event) => left > 0 && isBookkeeping(event) && left-- > 0)
    this.#bookkeeping -= keptBookkeeping / 2
  }
}
