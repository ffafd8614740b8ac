/** Requests that a cassette answers stand in the log like all others. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import * as RequestLog from "../../RequestLog.ts"
import * as Render from "../answers/render.ts"
import * as Routing from "../interactions/routing.ts"
import * as Server from "../server/exchange.ts"
import * as Admitted from "./admitted.ts"

export const handle = Effect.fnUntraced(function*(
  incoming: Server.Incoming,
  settings: GeminiHandler.Options,
  state: GeminiHandler.State
): Effect.fn.Return<Server.Exchange> {
  const { cassette } = settings
  if (cassette === undefined) return Server.unseen(Render.unknownPath(incoming.url.pathname))
  const { headers, url, verb } = incoming
  if (verb === "OPTIONS") {
    const { "access-control-request-headers": asked = "", origin = "*" } = headers
    return Server.unseen(Render.preflight(origin, asked))
  }
  const { asks, redacted } = cassette
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe() + state.offset
  const time = now()
  const { path, region } = EmulatorRequest.placeOf(url.pathname)
  const routed = Routing.routed(state.resources, { verb, path, headers, query: url.searchParams })
  const bytes = yield* incoming.read()
  const model = routed?.model ?? Routing.modelOf(routed?.method, bytes)
  const entry = state.log.add({
    time,
    method: verb,
    path: asks ? redacted.path(url.pathname) : url.pathname,
    apiMethod: routed?.method,
    model: asks && model !== undefined ? redacted.path(model) : model,
    space: state.space,
    project: "default",
    region,
    bodyBytes: asks ? redacted.body(bytes) : bytes,
    headersText: JSON.stringify(asks ? redacted.headers(headers) : RequestLog.withoutSecrets(headers)),
    connection: incoming.connection
  })
  entry.judged({ by: "cassette" })
  const barred = Admitted.barred(incoming, settings, state.space)
  if (barred !== undefined) entry.judged({ by: "judge", refused: barred.body.error.message })
  const exchange = barred !== undefined ? Server.unseen(Render.refusal(barred, "json")) : yield* Effect.onInterrupt(
    cassette.handle(
      { ...incoming, read: () => Effect.succeed(bytes) },
      (refused) => entry.judged({ by: "cassette", refused })
    ),
    () => Effect.sync(() => entry.close("aborted", now()))
  )
  // What the upstream says is in the cassette, where its secrets are taken out of the whole; in the log they would stay.
  const isSecret = asks || RequestLog.hasSecret(routed?.method ?? "")
  return {
    steps: headers["origin"] === undefined ? exchange.steps : Render.shared(exchange.steps, headers["origin"]),
    sleep: exchange.sleep,
    sentHead: (status, sent) => entry.head(status, sent["content-type"] ?? ""),
    sentBytes: (sent) => entry.sent(sent, now(), isSecret),
    closed: (outcome) => {
      exchange.closed(outcome)
      entry.close(outcome, now())
    }
  }
})
