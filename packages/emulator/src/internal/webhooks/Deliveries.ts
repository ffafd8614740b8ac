/**
 * Deliveries of webhooks: posted to addresses of this machine, signed anew at each attempt, repeated until somebody takes
 * them, for a day. All waiting goes by the clock of the space.
 */
import type { Clock } from "effect/Clock"
import * as ClockModule from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type * as Fault from "../../Fault.ts"
import type * as Json from "../json.ts"

/** What became of one attempt. */
export interface Attempt {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly at: number
  /** The status of the answer; undefined if there was none. */
  readonly status?: number | undefined
  readonly error?: string | undefined
}

/** An event on its way to one address. */
export interface Delivery {
  /** The `webhook-id`, which is the same at each attempt. */
  readonly id: string
  readonly type: string
  readonly project: string
  readonly uri: string
  /** Signed with the secret of a webhook, or as a token for this address. */
  readonly kind: "static" | "dynamic"
  /** `refused`: its address is not one of this machine; `lost`: a fault has let it go, or there are too many. */
  readonly state: "pending" | "delivered" | "failed" | "refused" | "lost"
  readonly attempts: ReadonlyArray<Attempt>
}

/** What is sent, and how. */
export interface Parcel {
  readonly id: string
  readonly type: string
  readonly project: string
  readonly uri: string
  readonly kind: Delivery["kind"]
  /** The body. */
  readonly event: Json.Json
  /** The signature at a time in seconds; undefined: nobody may sign it any more. */
  readonly sign: (timestamp: number, body: string) => Promise<string | undefined>
  /** Told when the last attempt has failed. */
  readonly failed: () => void
}

export interface Options {
  /** The Clock by which it waits. */
  readonly clock: () => Clock
  /** The server's time. */
  readonly now: () => number
  /** The fault that hits an attempt. */
  readonly fault: (parcel: Parcel, now: number) => Fault.Fault | undefined
  /** Milliseconds before the second attempt; each further pause is twice as long. Default 1000. */
  readonly firstRetry?: number | undefined
  /** The most deliveries and waits at one time; more of them are lost. Default 10,000. */
  readonly atOnce?: number | undefined
}

export interface Deliveries {
  readonly send: (parcel: Parcel) => void
  /** Does something at a time of the server's clock. */
  readonly at: (time: number, act: () => void) => void
  readonly list: () => ReadonlyArray<Delivery>
  /** How many were taken off the list for want of room. */
  readonly dropped: () => number
  /** Resolves once so many have come to their end, dropped ones among them. */
  readonly awaitEnded: (count: number) => Effect.Effect<void>
  /** How many have come to their end. */
  readonly ended: () => number
  /** Looks at the clock again, because somebody has moved it. */
  readonly wake: () => void
  /** Ends everything that waits, and forgets the list. */
  readonly clear: () => void
}

const day = 86_400_000
const longestPause = 3_600_000
/** How long an address may take to answer, in milliseconds of real time. */
const patience = 10_000
const remembered = 1_000

/** Whether an address is one of this machine: the emulator sends nothing elsewhere. */
export const isHere = (uri: string): boolean => {
  if (!URL.canParse(uri)) return false
  const { hostname, protocol } = new URL(uri)
  return /^https?:$/.test(protocol) && (/^(?:localhost|127(?:\.\d{1,3}){3}|\[::1\])$/.test(hostname))
}

const post = (
  uri: string,
  headers: Readonly<Record<string, string>>,
  body: string
): Effect.Effect<Pick<Attempt, "status" | "error">> =>
  Effect.promise(async (signal) => {
    const limit = AbortSignal.any([signal, AbortSignal.timeout(patience)])
    try {
      const response = await fetch(uri, { method: "POST", headers, body, redirect: "manual", signal: limit })
      await response.body?.cancel()
      return { status: response.status }
    } catch (error) {
      const cause = error instanceof Error && error.cause instanceof Error ? error.cause : error
      return { error: cause instanceof Error ? cause.message : String(cause) }
    }
  })

const isTaken = ({ status = 0 }: Pick<Attempt, "status">): boolean => status >= 200 && status < 300

/** The body and headers of an attempt, as a fault changes them. */
export const tampered = (
  what: NonNullable<Fault.Fault["webhook"]>["tamper"],
  { body, id, signature, timestamp }: {
    readonly body: string
    readonly id: string
    readonly signature: string
    readonly timestamp: number
  }
) => {
  switch (what) {
    case "body":
      return { body: body.replace(/("id":")/, "$1x"), id, signature, timestamp }
    case "signature": {
      // The letter before the padding stands for four bits alone: a B in place of an A would be the same bytes.
      const other = signature.at(-2) === "A" ? "E" : "A"
      return { body, id, timestamp, signature: `${signature.slice(0, -2)}${other}${signature.at(-1)}` }
    }
    case "timestamp":
      return { body, id, signature, timestamp: timestamp - 3_600 }
    case "id":
      return { body, id: `${id}x`, signature, timestamp }
    default:
      return { body, id, signature, timestamp }
  }
}

export const make = (options: Options): Deliveries => {
  const { atOnce = 10_000, clock, fault, firstRetry = 1_000, now } = options
  const deliveries = new Map<string, Delivery>()
  const fibers = new Set<Fiber.Fiber<void>>()
  const sleepers = new Set<() => void>()
  const watchers = new Set<() => void>()
  let dropped = 0
  let ended = 0

  const woken = Effect.callback<void>((resume) => {
    const wake = () => resume(Effect.void)
    sleepers.add(wake)
    return Effect.sync(() => sleepers.delete(wake))
  })

  const until = (time: number): Effect.Effect<void> =>
    Effect.suspend(() => {
      const left = time - now()
      if (left <= 0) return Effect.void
      if (left === Infinity) return Effect.never
      return Effect.andThen(
        Effect.timeoutOrElse(woken, { duration: Duration.millis(left), orElse: () => Effect.void }),
        until(time)
      )
    })

  const isFull = () => fibers.size >= atOnce

  const run = (effect: Effect.Effect<void>) => {
    const fiber = Effect.runFork(Effect.provideService(effect, ClockModule.Clock, clock()))
    fibers.add(fiber)
    fiber.addObserver(() => fibers.delete(fiber))
  }

  const put = (delivery: Delivery) => {
    deliveries.set(delivery.id, delivery)
    const [oldest] = deliveries.keys()
    if (deliveries.size > remembered && oldest !== undefined) {
      deliveries.delete(oldest)
      dropped++
    }
    if (delivery.state === "pending") return
    ended++
    for (const watch of watchers) watch()
  }

  const attempt = Effect.fnUntraced(function*(parcel: Parcel, hit: Fault.Fault | undefined) {
    const at = now()
    const timestamp = Math.floor(at / 1000)
    const body = JSON.stringify(parcel.event)
    const signature = yield* Effect.promise(() => parcel.sign(timestamp, body))
    if (signature === undefined) return { at, error: "the webhook is not there any more" }
    const sent = tampered(hit?.webhook?.tamper, { body, id: parcel.id, signature, timestamp })
    const headers = {
      "content-type": "application/json",
      "user-agent": "Google-Gemini-Webhooks (effect-gemini-emulator)",
      "webhook-id": sent.id,
      "webhook-timestamp": String(sent.timestamp),
      "webhook-signature": sent.signature
    }
    let result: Attempt = { at, ...(yield* post(parcel.uri, headers, sent.body)) }
    for (let again = 1; again < (hit?.webhook?.repeat ?? 1); again++) {
      result = { at, ...(yield* post(parcel.uri, headers, sent.body)) }
    }
    return result
  })

  const deliver = Effect.fnUntraced(function*(parcel: Parcel) {
    const { id, kind, project, type, uri } = parcel
    const begun = now()
    let delivery: Delivery = { id, type, project, uri, kind, state: "pending", attempts: [] }
    const become = (state: Delivery["state"], attempts = delivery.attempts) => {
      delivery = { ...delivery, state, attempts }
      put(delivery)
    }
    if (!isHere(uri)) return become("refused")
    become("pending")
    for (let pause = firstRetry;; pause = Math.min(longestPause, pause * 2)) {
      const hit = fault(parcel, now())
      if (hit?.delay !== undefined) yield* until(now() + hit.delay)
      if (hit?.webhook?.lose === true) return become("lost")
      const result = yield* attempt(parcel, hit)
      const attempts = [...delivery.attempts, result]
      // What was changed on the way is sent again as it should be, as if its answer had been lost.
      if (isTaken(result) && hit?.webhook?.tamper === undefined) return become("delivered", attempts)
      if (result.at + pause > begun + day) {
        become("failed", attempts)
        return parcel.failed()
      }
      become("pending", attempts)
      // A pause begins with the attempt, so that the time of the answer does not count.
      yield* until(result.at + pause)
    }
  })

  return {
    send: (parcel) => {
      const { id, kind, project, type, uri } = parcel
      if (isFull()) put({ id, kind, project, type, uri, state: "lost", attempts: [] })
      else run(deliver(parcel))
    },
    at: (time, act) => {
      if (time < Infinity && !isFull()) run(Effect.andThen(until(time), Effect.sync(act)))
    },
    list: () => [...deliveries.values()],
    dropped: () => dropped,
    ended: () => ended,
    awaitEnded: (count) =>
      Effect.callback((resume) => {
        const watch = () => {
          if (ended >= count) resume(Effect.void)
        }
        watchers.add(watch)
        watch()
        return Effect.sync(() => watchers.delete(watch))
      }),
    wake: () => {
      // Those who sleep on add themselves again.
      const woken = Array.from(sleepers)
      for (const wake of woken) wake()
    },
    clear: () => {
      for (const fiber of fibers) fiber.interruptUnsafe()
      fibers.clear()
      deliveries.clear()
      dropped = 0
      ended = 0
    }
  }
}
