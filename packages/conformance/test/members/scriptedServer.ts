/**
 * A server that a test scripts, behind an HttpClient under TestClock, and the oracle of what reached it when.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"

/** A request as it came. `countedFor` is the model that the server counts it for. */
export interface Hit {
  readonly at: number
  readonly key: string
  readonly model: string
  readonly method: string
  readonly text: string
  countedFor: string
  tokens: number
}

export interface Reply {
  readonly status?: number | undefined
  readonly body: unknown
  /** Milliseconds until it comes. */
  readonly after: number
  readonly tokens?: number | undefined
  readonly countedFor?: string | undefined
}

export const answered = (tokens: number, model: string, more: object = {}) => ({
  candidates: [{ content: { parts: [{ text: "hi" }], role: "model" }, finishReason: "STOP", index: 0 }],
  usageMetadata: { promptTokenCount: tokens, candidatesTokenCount: 1, totalTokenCount: tokens + 1, ...more },
  modelVersion: model
})

export const refused = (quotaId: string, quotaMetric: string, quotaValue: string, retryDelay: string) => ({
  error: {
    code: 429,
    status: "RESOURCE_EXHAUSTED",
    message: "no",
    details: [
      {
        "@type": "type.googleapis.com/google.rpc.QuotaFailure",
        violations: [{ quotaId, quotaMetric, quotaValue }]
      },
      { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay }
    ]
  }
})

/** The server, and all that reached it. */
export const make = (reply: (hit: Hit) => Reply) => {
  const hits: Array<Hit> = []
  const client = HttpClient.make((request, url) =>
    Effect.gen(function*() {
      const [, model = "", method = ""] = /models\/([^:]+):(\w+)/.exec(url.pathname) ?? []
      const text = request.body._tag === "Uint8Array" ? new TextDecoder().decode(request.body.body) : "{}"
      const at = yield* Clock.currentTimeMillis
      const key = request.headers["x-goog-api-key"] ?? ""
      const hit: Hit = { at, key, model, method, text, countedFor: model, tokens: 0 }
      hits.push(hit)
      const { after, body, countedFor, status = 200, tokens } = reply(hit)
      hit.countedFor = countedFor ?? model
      hit.tokens = tokens ?? 0
      yield* Effect.sleep(after)
      const headers = { "content-type": "application/json" }
      return HttpClientResponse.fromWeb(request, new Response(JSON.stringify(body), { status, headers }))
    })
  )
  return { hits, layer: Layer.succeed(HttpClient.HttpClient, client) }
}

/** The most requests, and the most tokens, in any rolling minute. */
export const busiest = (hits: ReadonlyArray<Hit>, window = 60_000) => {
  let [from, tokens, requests, most] = [0, 0, 0, 0]
  hits.forEach((hit, to) => {
    tokens += hit.tokens
    for (let first = hits[from]; first !== undefined && hit.at - first.at >= window; first = hits[++from]) {
      tokens -= first.tokens
    }
    requests = Math.max(requests, to - from + 1)
    most = Math.max(most, tokens)
  })
  return { requests, tokens: most }
}
