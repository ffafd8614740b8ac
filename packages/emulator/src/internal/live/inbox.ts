/**
 * What the client says on one Live connection, waiting to be read. It holds little: a server that
 * reads slowly lets the connection fill up, as a real one would.
 */
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import type { Carrier } from "./carrier.ts"

export interface Inbox {
  readonly receive: (data: string | Uint8Array) => void
  readonly take: Effect.Effect<string | Uint8Array>
}

const highWater = 256 * 1024

export const make = (carrier: Carrier): Inbox => {
  const queue = Effect.runSync(Queue.unbounded<string | Uint8Array>())
  let bytes = 0
  let full = false
  return {
    receive: (data) => {
      bytes += data.length
      Queue.offerUnsafe(queue, data)
      if (bytes <= highWater || full) return
      full = true
      carrier.reading(false)
    },
    take: Effect.map(Queue.take(queue), (data) => {
      bytes -= data.length
      if (full && bytes <= highWater) {
        full = false
        carrier.reading(true)
      }
      return data
    })
  }
}
