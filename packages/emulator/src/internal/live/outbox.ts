/**
 * What the server says on one Live connection: rendered as the real one does it (pretty JSON in a
 * binary frame), logged, and broken where a fault says so.
 */
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import * as Fault from "../../Fault.ts"
import type * as LiveLog from "../../LiveLog.ts"
import * as Render from "../answers/render.ts"
import type * as Json from "../json.ts"
import type { Carrier } from "./carrier.ts"

export interface Outbox {
  readonly send: (message: Json.Json) => Effect.Effect<void>
  /** Sends a message of a turn. Faults in the middle of a turn count these messages. */
  readonly say: (message: Json.Json) => Effect.Effect<void>
  /** Tells that the connection is at a place where a fault may be due. */
  readonly at: (place: "open" | "setup" | "idle") => Effect.Effect<void>
  /** Tells that a turn begins: its messages are counted anew. */
  readonly turnBegins: () => void
  readonly turnEnds: () => void
  /** The fault of this connection. It may come later than the connection, because only the setup names the model. */
  fault: Fault.Fault | undefined
  /** Says what goes wrong with the turn that is being said, where the fault names no place in it. */
  readonly breakTurn: (fault: Fault.Fault) => void
  readonly close: (code: number, reason: string) => void
  /** Ends the connection without a close frame. */
  readonly drop: () => void
}

/** How many bytes of text have room in a close frame. */
const longest = 123

export const cut = (reason: string): string => {
  const bytes = new TextEncoder().encode(reason)
  if (bytes.length <= longest) return reason
  // A character that the cut would go through is left out.
  return new TextDecoder().decode(bytes.subarray(0, longest), { stream: true })
}

type Stage = "open" | "setup" | "idle" | "sent"

export const make = (options: {
  readonly carrier: Carrier
  readonly log: LiveLog.LiveLog
  readonly entry: LiveLog.Mutable
  readonly now: () => number
  readonly ended: () => void
}): Outbox => {
  const { carrier, entry, log, now } = options
  const one = Semaphore.makeUnsafe(1)
  const encoder = new TextEncoder()
  const done = new Set<string>()
  let sent = 0
  let inTurn: number | undefined
  /** The fault of the connection, while a turn has a fault of its own. */
  let before: { readonly fault: Fault.Fault | undefined } | undefined
  let turns = 0
  let closed = false
  let silent = false

  const end = (code: number, reason: string, by: "server" | "network", act: () => void) => {
    if (closed) return
    closed = true
    log.close(entry, { code, reason, by }, now())
    try {
      act()
    } catch {
      // A fault may ask for a code that no close frame can carry.
      carrier.destroy("cut")
    }
    options.ended()
  }
  const close = (code: number, reason: string) => {
    const text = cut(reason)
    end(code, text, "server", () => carrier.close(code, text))
  }
  const destroy = (how: "cut" | "reset") => end(1006, "", "network", () => carrier.destroy(how))

  const isDue = (after: Fault.After, place: Stage): boolean => {
    switch (after.at) {
      case "setup":
        return place === "setup"
      case "turn":
        return place === "sent" && inTurn !== undefined && inTurn >= (after.chunks ?? 1)
      case "idle":
        return place === "idle" && turns >= (after.chunks ?? 0)
      default:
        return (place === "open" || place === "sent") && sent >= (after.chunks ?? 0)
    }
  }
  /** Whether a fault is due at this place. It is true once only. */
  const hits = (name: string, after: Fault.After | true | undefined, place: Stage): boolean => {
    if (after === undefined || done.has(name) || !isDue(after === true ? {} : after, place)) return false
    done.add(name)
    return true
  }
  const write = (data: Uint8Array | string, fragments = 1) => closed ? Effect.void : carrier.send({ data, fragments })

  const at = (place: Stage): Effect.Effect<void> =>
    Effect.suspend(() => {
      const { fault } = outbox
      if (fault === undefined || closed) return Effect.void
      let act = Effect.void
      if (hits("garbage", fault.garbage, place)) act = write(fault.garbage?.text ?? Fault.garbageBytes)
      if (hits("stall", fault.stall, place)) {
        const millis = fault.stall?.millis
        silent = millis === undefined
        act = Effect.andThen(act, millis === undefined ? Effect.never : Effect.sleep(millis))
      }
      const halfOpen = fault.halfOpen === false ? undefined : fault.halfOpen
      if (hits("halfOpen", halfOpen, place)) {
        carrier.reading(false)
        silent = true
        act = Effect.andThen(act, Effect.never)
      }
      const { close: closing } = fault
      if (closing !== undefined && hits("close", closing, place)) {
        act = Effect.andThen(act, Effect.sync(() => close(closing.code, closing.reason ?? "")))
      }
      if (hits("cut", fault.cut, place)) act = Effect.andThen(act, Effect.sync(() => destroy("cut")))
      if (hits("reset", fault.reset, place)) act = Effect.andThen(act, Effect.sync(() => destroy("reset")))
      return act
    })

  const send = (message: Json.Json, counts: boolean) =>
    // The messages are sent one after another; otherwise a stall in one would let the next one pass.
    one.withPermit(Effect.suspend(() => {
      if (closed) return Effect.void
      if (silent) return Effect.never
      const { fault } = outbox
      const text = Render.json(message)
      sent++
      if (counts && inTurn !== undefined) inTurn++
      const flushed = write(fault?.textFrames === true ? text : encoder.encode(text), fault?.fragments)
      log.message(entry, { from: "server", time: now(), message }, text.length)
      return fault === undefined ? flushed : Effect.andThen(flushed, at("sent"))
    }))

  const outbox: Outbox = {
    fault: undefined,
    send: (message) => send(message, false),
    say: (message) => send(message, true),
    at: (place) => one.withPermit(at(place)),
    turnBegins: () => {
      inTurn = 0
    },
    breakTurn: (fault) => {
      const placed = Object.entries(fault).map(([name, value]) => [
        name,
        typeof value === "object" && !Array.isArray(value) && !("at" in value) && name !== "headers" && name !== "error"
          ? { ...value, at: "turn" }
          : value === true && (name === "reset" || name === "halfOpen")
          ? { at: "turn" }
          : value
      ])
      done.clear()
      before = { fault: before === undefined ? outbox.fault : before.fault }
      outbox.fault = Object.fromEntries(placed)
    },
    turnEnds: () => {
      if (before !== undefined) outbox.fault = before.fault
      before = undefined
      inTurn = undefined
      turns++
    },
    close,
    drop: () => destroy("cut")
  }
  return outbox
}
