/**
 * The server of the quota model: it answers, fails as it is told, and writes down what came and when. It counts nothing
 * by the library's code.
 */
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientError from "effect/http/HttpClientError"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Stream from "effect/Stream"
import {
  alias,
  asked,
  type Call,
  draw,
  type FaultKind,
  type Model,
  other,
  type Program,
  type Refused
} from "./QuotaProgram.ts"
import type { VirtualTime } from "./VirtualTime.ts"

/** One request, in milliseconds since the beginning. */
export interface Hit {
  readonly call: number
  readonly member: number
  readonly project: number
  /** What the server counts it for. */
  readonly model: Model
  readonly sentAt: number
  /** Undefined: it did not come so far. */
  arrivedAt: number | undefined
  /** When nothing of it was left on either side. */
  endedAt: number
  fault: FaultKind | undefined
  status: number | undefined
  /** The tokens of the last count that was sent. */
  seen: number | undefined
  /** Whether all of the answer was sent, with its count. */
  isWhole: boolean
  /** When its input was counted for the client. */
  countedAt: number
}

const codes: Readonly<Record<number, string>> = {
  401: "UNAUTHENTICATED",
  429: "RESOURCE_EXHAUSTED",
  500: "INTERNAL",
  503: "UNAVAILABLE"
}

const errorBody = (code: number, details: ReadonlyArray<object> = []) => ({
  error: { code, status: codes[code], message: "no", details }
})

/** Of a 429 that asks to wait so many seconds. */
export const asksFor: Readonly<Record<Refused, number | undefined>> = {
  nothing: undefined,
  retryInfo: 7,
  hour: 3_600,
  minute: 5,
  lower: 5,
  inputTokens: 5,
  outputTokens: 5,
  day: 20,
  otherMinute: 10,
  otherDay: undefined
}

/** A limit that a 429 names below the tier's. */
export const lowerThan = (limit: number): number => Math.max(1, Math.floor(limit / 2))

const refusal = (said: Refused, model: Model, program: Program) => {
  const named = said === "otherMinute" || said === "otherDay" ? (model === asked ? other : asked) : model
  const { rpm, tpm } = program.limits[named]
  const requests = "generativelanguage.googleapis.com/generate_content_requests"
  const violation = (quotaId: string, quotaValue: number, quotaMetric = requests) => ({
    "@type": "type.googleapis.com/google.rpc.QuotaFailure",
    violations: [{
      quotaMetric,
      quotaId,
      quotaValue: String(quotaValue),
      quotaDimensions: { model: named, location: "global" }
    }]
  })
  const retry = asksFor[said]
  const details = {
    nothing: [],
    retryInfo: [],
    hour: [],
    minute: [violation("GenerateRequestsPerMinutePerProjectPerModel", rpm)],
    lower: [violation("GenerateRequestsPerMinutePerProjectPerModel", lowerThan(rpm))],
    inputTokens: [
      violation("GenerateContentInputTokensPerModelPerMinute", tpm, `${requests}_input_token_count`)
    ],
    outputTokens: [violation("GenerateContentOutputTokensPerModelPerMinute", 10, `${requests}_output_token_count`)],
    day: [violation("GenerateRequestsPerDayPerProjectPerModel", 1_000)],
    otherMinute: [violation("GenerateRequestsPerMinutePerProjectPerModel", rpm)],
    otherDay: [violation("GenerateRequestsPerDayPerProjectPerModel", 1_000)]
  }[said]
  return errorBody(429, [
    ...details,
    ...(retry === undefined ? [] : [{ "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: `${retry}s` }])
  ])
}

const answer = (call: Call, model: Model, output: number, isLast: boolean) => ({
  candidates: [{
    content: { role: "model", parts: [{ text: "hi" }] },
    index: 0,
    ...(isLast ? { finishReason: "STOP" } : {})
  }],
  usageMetadata: {
    promptTokenCount: call.input,
    candidatesTokenCount: output,
    totalTokenCount: call.input + output
  },
  modelVersion: model
})

const encoder = new TextEncoder()

export class QuotaServer {
  readonly hits: Array<Hit> = []
  readonly #program: Program
  readonly #time: VirtualTime
  readonly #calls = new Map<number, Call>()
  readonly #attempts = new Map<number, number>()

  constructor(program: Program, time: VirtualTime) {
    this.#program = program
    this.#time = time
  }

  /** Makes a call known, which its request names. */
  expect(call: Call): void {
    this.#calls.set(call.id, call)
  }

  readonly client: HttpClient.HttpClient = HttpClient.make((request, url) =>
    Effect.suspend(() => {
      const call = this.#calls.get(Number(request.headers["x-call"]))
      const member = Number((request.headers["x-goog-api-key"] ?? "").slice("key-".length))
      const name = /models\/([^:]+):/.exec(url.pathname)?.[1] ?? ""
      if (call === undefined) return Effect.die(new Error(`a request that nobody made: ${url.pathname}`))
      const number = (this.#attempts.get(call.id) ?? 0) + 1
      this.#attempts.set(call.id, number)
      const hit: Hit = {
        call: call.id,
        member,
        project: this.#program.members[member] ?? 0,
        model: name === alias || name === asked ? asked : other,
        sentAt: this.#time.now,
        arrivedAt: undefined,
        endedAt: Infinity,
        fault: undefined,
        status: undefined,
        seen: undefined,
        isWhole: false,
        countedAt: Infinity
      }
      this.hits.push(hit)
      return Effect.onExit(
        this.#served(request, hit, call, url.pathname.includes(":stream"), draw(this.#program.seed, call.id, number)),
        (exit) => exit._tag === "Failure" ? this.#ended(hit) : Effect.void
      )
    })
  )

  #ended(hit: Hit): Effect.Effect<void> {
    return Effect.sync(() => {
      hit.endedAt = Math.min(hit.endedAt, this.#time.now)
    })
  }

  #faultOf(hit: Hit, luck: number): FaultKind | undefined {
    const { now } = this.#time
    return this.#program.faults.find(({ from, member, share, until }) =>
      now >= from && now < until && (member === undefined || member === hit.member) && luck < share
    )?.kind
  }

  #served(
    request: HttpClientRequest.HttpClientRequest,
    hit: Hit,
    call: Call,
    isStream: boolean,
    luck: number
  ): Effect.Effect<HttpClientResponse.HttpClientResponse, HttpClientError.HttpClientError> {
    const broken = (code: string) =>
      new HttpClientError.HttpClientError({
        reason: new HttpClientError.TransportError({ request, cause: Object.assign(new Error(code), { code }) })
      })
    const travel = this.#program.travel * draw(this.#program.seed, call.id, hit.sentAt, 2)
    return Effect.andThen(
      Effect.sleep(travel),
      Effect.suspend(() => {
        const fault = this.#faultOf(hit, luck)
        hit.fault = fault
        if (fault === "refuse") return Effect.fail(broken("ECONNREFUSED"))
        hit.arrivedAt = this.#time.now
        if (fault === "reset") return Effect.andThen(Effect.sleep(20), Effect.fail(broken("ECONNRESET")))
        if (fault === "hang") return Effect.never
        const respond = (status: number, body: Stream.Stream<Uint8Array, HttpClientError.HttpClientError>) => {
          hit.status = status
          const type = isStream && status === 200 ? "text/event-stream" : "application/json"
          const response = HttpClientResponse.fromWeb(
            request,
            new Response("played below", { status, headers: { "content-type": type } })
          )
          // What is played in the reader's own fiber needs no promise, which the time here would not see.
          return Object.defineProperty(response, "stream", { value: Stream.ensuring(body, this.#ended(hit)) })
        }
        const text = (value: unknown) => Stream.succeed(encoder.encode(JSON.stringify(value)))
        if (fault === "503" || fault === "500" || fault === "401") {
          return Effect.as(Effect.sleep(20), respond(Number(fault), text(errorBody(Number(fault)))))
        }
        if (typeof fault === "object") {
          return Effect.as(Effect.sleep(20), respond(429, text(refusal(fault.refused, hit.model, this.#program))))
        }
        const takes = fault === "slow" ? call.takes * 6 : call.takes
        const told = (output: number, isLast: boolean) =>
          Effect.sync(() => {
            const { usageMetadata, ...rest } = answer(call, hit.model, output, isLast)
            if (fault === "noUsage") return rest
            hit.seen = usageMetadata.totalTokenCount
            hit.countedAt = Math.min(hit.countedAt, this.#time.now)
            hit.isWhole = isLast
            return { ...rest, usageMetadata }
          })
        if (!isStream) {
          const whole = fault === "cut"
            ? Stream.fail(broken("ECONNRESET"))
            : fault === "broken"
            ? Stream.succeed(encoder.encode(`{"candidates": [`))
            : Stream.mapEffect(
              Stream.succeed(call.output),
              (output) => Effect.map(told(output, true), (value) => encoder.encode(JSON.stringify(value)))
            )
          return Effect.as(Effect.sleep(takes), respond(200, whole))
        }
        const event = (output: number, isLast: boolean, after: number) =>
          Stream.fromEffect(
            Effect.andThen(
              Effect.sleep(after),
              Effect.map(told(output, isLast), (value) => encoder.encode(`data: ${JSON.stringify(value)}\r\n\r\n`))
            )
          )
        const first = event(Math.ceil(call.output / 3), false, takes / 2)
        return Effect.succeed(respond(
          200,
          Stream.concat(
            first,
            fault === "cut" || fault === "broken"
              ? Stream.fromEffect(Effect.andThen(Effect.sleep(takes / 4), Effect.fail(broken("ECONNRESET"))))
              : event(call.output, true, takes / 2)
          )
        ))
      })
    )
  }
}
