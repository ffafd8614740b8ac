/**
 * What can go wrong on the way, as data: errors, silence, cuts, resets, garbage.
 *
 * A fault is added to the emulator (`addFault`, option `faults`) or sent by the client
 * itself, as JSON in the header `x-emulator-fault`, which any language can do.
 *
 * @since 0.1.0
 */
import type { EmulatorRequest } from "./EmulatorRequest.ts"
import * as Json from "./internal/json.ts"
import * as FaultFields from "./internal/faultFields.ts"
import * as Problems from "./internal/problems.ts"
import * as Step from "./internal/answers/step.ts"
import type { Problem } from "./RuleError.ts"

/**
 * Which requests are meant. Absent fields match everything.
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
  /** From this time on: milliseconds since the epoch, by the server's clock. */
  readonly from?: number | undefined
  /** Before this time: milliseconds since the epoch, by the server's clock. */
  readonly until?: number | undefined
  /** What share of these requests is hit, 0 to 1, thrown by the seed. Default: every one. */
  readonly share?: number | undefined
  /** Only from the nth such request on, counted from 1 since the fault was added. Default 1. */
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
  /** After so many chunks (events of a stream; a unary answer is one chunk). */
  readonly chunks?: number | undefined
  /** After so many bytes. Not on Live connections. */
  readonly bytes?: number | undefined
  /**
   * Live alone, where a chunk is a message of the server. `setup`: when the setup has arrived, before
   * it is answered. `turn`: in the middle of a turn, after `chunks` (default 1) of its messages.
   * `idle`: when nothing is being said, after `chunks` (default 0) turns. Absent: after so many
   * messages of the connection; with 0 as soon as it is open.
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
  /** Milliseconds before the headers. */
  readonly delay?: number | undefined
  /** Headers set or replaced, `content-type` and `retry-after` for instance. */
  readonly headers?: Readonly<Record<string, string>> | undefined
  /** Replaces the body, an HTML page for instance. */
  readonly body?: string | undefined
  /** Silence in the body: for so many milliseconds, or for ever without `millis`. */
  readonly stall?: (After & { readonly millis?: number | undefined }) | undefined
  /**
   * Closes the connection in the middle of the body (FIN before the message is complete).
   * With `clean` the body ends there as if it were complete.
   */
  readonly cut?: (After & { readonly clean?: boolean | undefined }) | undefined
  /** Resets the connection (RST): before the headers with `true`, else in the body. */
  readonly reset?: true | After | undefined
  /** Bytes that are no event, put into the body. Default: some that are neither UTF-8 nor JSON. */
  readonly garbage?: (After & { readonly text?: string | undefined }) | undefined
  /** An error as bare pretty-printed JSON after the last event, or after `chunks` events, which then end the body. */
  readonly errorAfter?: (ErrorBody & { readonly chunks?: number | undefined }) | undefined
  /**
   * Reads the request slowly: `bytes` (default 1024) each `millis`. A server that does not read
   * does not see its client go: that shows when the rest has been read.
   */
  readonly slowRead?: { readonly millis: number; readonly bytes?: number | undefined } | undefined
  /**
   * Accepts the request and never answers. On a Live connection neither reads nor writes any more,
   * from the place on, and answers no ping.
   */
  readonly halfOpen?: boolean | After | undefined
  /** Live alone: closes with this code. */
  readonly close?: (After & { readonly code: number; readonly reason?: string | undefined }) | undefined
  /** Live alone: sends every message in so many fragments. */
  readonly fragments?: number | undefined
  /** Live alone: sends text frames in place of binary ones. */
  readonly textFrames?: boolean | undefined
}

const find = Problems.find(FaultFields.Fault)

/**
 * What keeps a value from being a fault, each with where it is; none if nothing does.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problems = (value: unknown): ReadonlyArray<Problem> =>
  Json.isObject(value) ? find(value) : [{ path: "", message: "it is no object" }]

/**
 * The same as one text; undefined for a fault.
 *
 * @category predicates
 * @since 0.1.0
 */
export const problem = (value: unknown): string | undefined => Problems.text(problems(value))

/**
 * Whether a request is one of those that `when` means, counters and time apart.
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
 * Whether a fault's time has come and is not over; `time` in milliseconds since the epoch.
 *
 * @category predicates
 * @since 0.1.0
 */
export const isOn = (when: When | undefined, time: number): boolean =>
  time >= (when?.from ?? Number.NEGATIVE_INFINITY) && time < (when?.until ?? Number.POSITIVE_INFINITY)

/**
 * A model that has more callers than it can serve: 503 UNAVAILABLE in Google's words, for a share
 * of its requests and a while, if told so.
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
 * @category models
 * @since 0.1.0
 */
export type Down = (typeof downs)[number]

/**
 * A region that is down, altogether. Live sessions that are open stay open; `Emulator.live` ends them.
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

/** @internal */
export const garbageBytes = Uint8Array.from([0xff, 0xfe, 0x00, 0x7b, 0x22, 0xc3, 0x28, 0x0d, 0x0a, 0x0d, 0x0a])

/** The same steps with something done at a place of the body; `act` decides whether the rest follows. */
function* at(
  steps: Step.Steps,
  place: After,
  act: { readonly steps: ReadonlyArray<Step.Step>; readonly ends: boolean }
): Generator<Step.Step> {
  let chunks = 0
  let bytes = 0
  let done = false
  const due = () => chunks >= (place.chunks ?? 0) && bytes >= (place.bytes ?? 0)
  for (const step of steps) {
    if (step._tag === "Bytes" && !done) {
      const left = place.bytes === undefined ? step.bytes.length : place.bytes - bytes
      if (!due() && place.bytes !== undefined && left < step.bytes.length) {
        bytes += left
        yield Step.bytes(step.bytes.subarray(0, left))
        done = true
        yield* act.steps
        if (act.ends) return
        yield Step.bytes(step.bytes.subarray(left))
        continue
      }
      if (due()) {
        done = true
        yield* act.steps
        if (act.ends) return
      } else {
        chunks++
        bytes += step.bytes.length
      }
    }
    yield step
  }
  // A place past the end of the body is its end.
  if (!done) yield* act.steps
}

function* headed(steps: Step.Steps, headers: Readonly<Record<string, string>>): Generator<Step.Step> {
  for (const step of steps) {
    yield step._tag === "Head" ? Step.head(step.status, { ...step.headers, ...headers }) : step
  }
}

function* replaced(steps: Step.Steps, body: string): Generator<Step.Step> {
  for (const step of steps) {
    if (step._tag !== "Head") continue
    yield step
    yield Step.bytes(body)
    return
  }
}

/**
 * The steps of an answer with a fault worked in. `error` renders an error body.
 */
export const apply = (
  fault: Fault,
  answer: Step.Steps,
  error: (body: ErrorBody) => string
): Step.Steps => {
  if (fault.halfOpen !== undefined && fault.halfOpen !== false) return [Step.hang]
  let steps = answer
  if (fault.body !== undefined) steps = replaced(steps, fault.body)
  if (fault.garbage !== undefined) {
    const text = fault.garbage.text
    steps = at(steps, fault.garbage, { steps: [Step.bytes(text ?? garbageBytes)], ends: false })
  }
  if (fault.errorAfter !== undefined) {
    const place = { chunks: fault.errorAfter.chunks ?? Number.POSITIVE_INFINITY }
    steps = at(steps, place, { steps: [Step.bytes(error(fault.errorAfter))], ends: true })
  }
  if (fault.stall !== undefined) {
    const silence = fault.stall.millis === undefined ? Step.hang : Step.wait(fault.stall.millis)
    steps = at(steps, fault.stall, { steps: [silence], ends: false })
  }
  if (fault.cut !== undefined) {
    steps = at(steps, fault.cut, { steps: fault.cut.clean === true ? [] : [Step.broken("cut")], ends: true })
  }
  if (fault.reset !== undefined) {
    steps = fault.reset === true
      ? [Step.broken("reset")]
      : at(steps, fault.reset, { steps: [Step.broken("reset")], ends: true })
  }
  if (fault.headers !== undefined) steps = headed(steps, fault.headers)
  if (fault.delay !== undefined) {
    const delay = fault.delay
    const rest = steps
    steps = (function*() {
      yield Step.wait(delay)
      yield* rest
    })()
  }
  return steps
}
