/**
 * What can go wrong between client and server, as data: errors, silence, cuts, resets, garbage.
 *
 * A fault is added to the emulator (`addFault`, option `faults`) or sent by the client
 * itself, as JSON in the header `x-emulator-fault`, which any language can do.
 *
 * @since 0.1.0
 */
import type { EmulatorRequest } from "./EmulatorRequest.ts"
import * as FaultFields from "./internal/faultFields.ts"
import * as Json from "./internal/json.ts"
import * as Problems from "./internal/problems.ts"
import type { Problem } from "./RuleError.ts"

/**
 * Which requests a fault hits. Absent fields match everything.
 *
 * @category models
 * @since 0.1.0
 */
export interface When {
  /** The method of the API: `generateContent`, `streamGenerateContent`, `models.list`, … */
  readonly method?: string | undefined
  /** The model, without `models/`. */
  readonly model?: string | undefined
  /** The API key. */
  readonly key?: string | undefined
  /** The project of the key. */
  readonly project?: string | undefined
  /** The region, as in `regionUrl`; `global` is the plain base URL. */
  readonly region?: string | undefined
  /** The time from which the fault is on, in milliseconds since the epoch by the server's clock. */
  readonly from?: number | undefined
  /** The time at which the fault is over, in milliseconds since the epoch by the server's clock. */
  readonly until?: number | undefined
  /** The share of these requests that is hit, from 0 to 1; the seed decides which ones. Default: all. */
  readonly share?: number | undefined
  /** The first such request that is hit, counted from 1 since the fault was added. Default 1. */
  readonly nth?: number | undefined
  /** How many requests are hit. Default: every one. */
  readonly times?: number | undefined
}

/**
 * A place in the body of an answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface After {
  /** The place after this many chunks (events of a stream; a unary answer is one chunk). */
  readonly chunks?: number | undefined
  /** The place after this many bytes. It does not exist on Live connections. */
  readonly bytes?: number | undefined
  /**
   * The place on a Live connection, where a chunk is a message of the server. `setup`: when the setup has arrived,
   * before it is answered. `turn`: in the middle of a turn, after `chunks` (default 1) of its messages. `idle`: when
   * nothing is being said, after `chunks` (default 0) turns. Absent: after `chunks` messages of the connection; with 0
   * as soon as it is open.
   */
  readonly at?: "setup" | "turn" | "idle" | undefined
}

/**
 * The error object of a Google answer.
 *
 * @category models
 * @since 0.1.0
 */
export interface ErrorBody {
  /** The HTTP status. */
  readonly code: number
  /** Default: the canonical name of `code`. */
  readonly status?: string | undefined
  readonly message?: string | undefined
  readonly details?: ReadonlyArray<unknown> | undefined
}

/**
 * One fault. Its fields combine: `{ delay: 200, cut: { chunks: 2 } }` waits, then cuts.
 *
 * @category models
 * @since 0.1.0
 */
export interface Fault {
  readonly when?: When | undefined
  /** Answers with this HTTP status and the error body that Google sends with it. */
  readonly status?: number | undefined
  /** Answers with this error; its `code` is the HTTP status. */
  readonly error?: ErrorBody | undefined
  /** With `status` or `error`: the error arrives inside a 200. */
  readonly inside?: boolean | undefined
  /** How long the answer waits before its headers, in milliseconds. */
  readonly delay?: number | undefined
  /** Headers set or replaced, `content-type` and `retry-after` for instance. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Replaces the body, an HTML page for instance. */
  readonly body?: string | undefined
  /** Falls silent in the body, for `millis` milliseconds or, without them, for ever. */
  readonly stall?: (After & { readonly millis?: number | undefined }) | undefined
  /**
   * Closes the connection in the middle of the body (FIN before the message is complete).
   * With `clean` the body ends there as if it were complete.
   */
  readonly cut?: (After & { readonly clean?: boolean | undefined }) | undefined
  /** Resets the connection (RST): before the headers with `true`, else in the body. */
  readonly reset?: true | After | undefined
  /** Puts bytes into the body that are not an event. Default: some that are neither UTF-8 nor JSON. */
  readonly garbage?: (After & { readonly text?: string | undefined }) | undefined
  /**
   * Sends an error as bare pretty-printed JSON after the last event, or after `chunks` events, with which the body
   * then ends.
   */
  readonly errorAfter?: (ErrorBody & { readonly chunks?: number | undefined }) | undefined
  /**
   * Resets the connection when so many bytes of the request's body have arrived. What had arrived of an upload is kept in
   * whole units (`uploadGranularity`); no other request is answered at all.
   */
  readonly cutRequest?: { readonly bytes: number } | undefined
  /**
   * Reads the request slowly: `bytes` (default 1024) each `millis`. A server that does not read does not notice that
   * its client has gone until it has read the rest.
   */
  readonly slowRead?: { readonly millis: number; readonly bytes?: number | undefined } | undefined
  /**
   * Accepts the request and never answers. On a Live connection it stops reading and writing at the place, and answers
   * no ping.
   */
  readonly halfOpen?: boolean | After | undefined
  /** Closes a Live connection with this code. */
  readonly close?: (After & { readonly code: number; readonly reason?: string | undefined }) | undefined
  /** Sends every message of a Live connection in this many fragments. */
  readonly fragments?: number | undefined
  /** Sends text frames on a Live connection in place of binary ones. */
  readonly textFrames?: boolean | undefined
  /**
   * What becomes of the batch that the request makes: it stays PENDING for ever (`stuck`), expires, or fails; `after`
   * so many milliseconds. By default it expires after 48 hours, and fails when it would have been done. A fault of the
   * method `batches.row` with a `status` or an `error` makes rows fail, each for itself.
   */
  readonly batch?:
    | { readonly state: "stuck" | "expired" | "failed"; readonly after?: number | undefined }
    | undefined
  /**
   * What becomes of the interaction that the request makes: it is in progress for ever (`stuck`), or ends in this state,
   * `after` so many milliseconds, by default when it would have been completed. The server forgets `this` interaction
   * once it is answered, or the `previous` one that the request names.
   */
  readonly interaction?:
    | {
      readonly state?: "stuck" | "failed" | "incomplete" | "budget_exceeded" | "cancelled" | undefined
      readonly after?: number | undefined
      /** The error of one that failed, by a code of Google's page of errors: `safety`, `api_error`. */
      readonly error?: { readonly code?: string | undefined; readonly message?: string | undefined } | undefined
      readonly forgets?: "this" | "previous" | undefined
    }
    | undefined
  /**
   * What happens to the delivery of a webhook (method `webhooks.delivery`): it comes so many times, gets lost, or is changed
   * behind its signature. With `delay` it is late, so that others overtake it.
   */
  readonly webhook?:
    | {
      readonly repeat?: number | undefined
      readonly lose?: boolean | undefined
      readonly tamper?: "body" | "signature" | "timestamp" | "id" | undefined
    }
    | undefined
}

/**
 * A fault that is on, and how often it has hit.
 *
 * @category models
 * @since 0.2.0
 */
export interface ArmedFault {
  /** Its name in the space: `fault-1`, `fault-2`, … */
  readonly id: string
  readonly fault: Fault
  readonly hits: number
}

const find = Problems.find(FaultFields.Fault)

/**
 * Why a value is not a fault, each reason with its place; none if it is one.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problems = (value: unknown): ReadonlyArray<Problem> =>
  Json.isObject(value)
    ? find(value)
    : [{ path: "", message: "expected an object with the fields of a fault, such as { \"status\": 503 }" }]

/**
 * Why a value is not a fault, as one text; undefined if it is one.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problem = (value: unknown): string | undefined => Problems.text(problems(value))

/**
 * Whether a request fits `when`, whose counters and times are left aside here.
 *
 * @category predicates
 * @since 0.1.0
 */
export const matches = (when: When | undefined, request: EmulatorRequest): boolean =>
  when === undefined ||
  ((when.method === undefined || when.method === request.method) &&
    (when.model === undefined || when.model === request.model) &&
    (when.key === undefined || when.key === request.key) &&
    (when.project === undefined || when.project === request.project) &&
    (when.region === undefined || when.region === request.region))

/**
 * Whether a fault is on at `time`, in milliseconds since the epoch.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOn = (when: When | undefined, time: number): boolean =>
  time >= (when?.from ?? Number.NEGATIVE_INFINITY) && time < (when?.until ?? Number.POSITIVE_INFINITY)

/**
 * The fault of a model that has more callers than it can serve: it answers 503 UNAVAILABLE in Google's words, if the
 * options say so only for a share of its requests or for a while.
 *
 * @category constructors
 * @since 0.1.0
 */
export const overload = (model: string, options: Pick<When, "region" | "share" | "from" | "until"> = {}): Fault => ({
  when: { ...options, model },
  status: 503
})

/**
 * The ways in which a region can be down: it answers 503 UNAVAILABLE, resets every connection, or
 * takes requests and never answers.
 *
 * @category models
 * @since 0.1.0
 */
export const downs = ["unavailable", "reset", "hang"] as const

/**
 * One of the ways in which a region can be down: see `downs`.
 *
 * @category models
 * @since 0.1.0
 */
export type Down = (typeof downs)[number]

/**
 * The fault of a region that is down as a whole. Open Live sessions stay open; `Emulator.live` ends them.
 *
 * @example
 * ```ts
 * import * as Emulator from "effect-gemini-emulator/Emulator"
 * import * as Fault from "effect-gemini-emulator/Fault"
 * import * as Effect from "effect/Effect"
 * import * as HttpClient from "effect/http/HttpClient"
 *
 * const program = Effect.gen(function*() {
 *   const emulator = yield* Emulator.Emulator
 *   const models = Effect.map(
 *     HttpClient.get(`${emulator.regionUrl("europe-west4")}/v1beta/models?key=any`),
 *     ({ status }) => status
 *   )
 *   const outage = Fault.outage("europe-west4")
 *   yield* emulator.addFault(outage)
 *   const during = yield* models
 *   yield* emulator.removeFault(outage)
 *   return [during, yield* models]
 * })
 *
 * console.log(await Effect.runPromise(Effect.provide(program, Emulator.layerHttpClient()))) // [ 503, 200 ]
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const outage = (
  region: string,
  options: Pick<When, "from" | "until"> & { readonly down?: Down | undefined } = {}
): Fault => {
  const { down = "unavailable", ...time } = options
  const when: When = { ...time, region }
  if (down === "reset") return { when, reset: true }
  if (down === "hang") return { when, halfOpen: true }
  return { when, error: { code: 503, message: "The service is currently unavailable." } }
}

/**
 * The end of a Live connection as it is reported of the real server most often: 1008, `The operation was aborted.`,
 * with no `goAway` before it. Absent place: as soon as the connection is open.
 *
 * @example
 * ```ts
 * import * as Fault from "effect-gemini-emulator/Fault"
 *
 * console.log(Fault.aborted({ at: "turn" }).close?.code) // 1008
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const aborted = (after: After = {}, when?: When): Fault => ({
  ...(when === undefined ? {} : { when }),
  close: { ...after, code: 1008, reason: "The operation was aborted." }
})

/**
 * The steps of an answer changed by a fault, and the bytes of its garbage.
 *
 * @internal
 */
export { apply, garbageBytes } from "./internal/answers/faulty.ts"
