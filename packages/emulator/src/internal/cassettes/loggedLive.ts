/** Live sessions that a cassette answers stand in the log like all others. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import type { Mutable } from "../../LiveLog.ts"
import * as RequestLog from "../../RequestLog.ts"
import * as Render from "../answers/render.ts"
import * as Json from "../json.ts"
import * as Carrier from "../live/carrier.ts"
import * as Admitted from "./admitted.ts"

/** What stands in the log of a message that may hold a secret, or a part of one. */
const unkept = "not kept while a cassette records"

const decoder = new TextDecoder()

export const handle = Effect.fnUntraced(function*(
  incoming: Carrier.IncomingUpgrade,
  settings: GeminiHandler.Options,
  state: GeminiHandler.State
): Effect.fn.Return<Carrier.Upgrade> {
  const { cassette } = settings
  if (cassette === undefined) return Carrier.refusal(Render.unknownPath(incoming.url.pathname))
  const { headers, url } = incoming
  const barred = Admitted.barred(incoming, settings, state.space)
  if (barred !== undefined) return Carrier.refusal(Render.refusal(barred, "json"))
  const clock = yield* Clock.Clock
  const now = () => clock.currentTimeMillisUnsafe() + state.offset
  const { path, region } = EmulatorRequest.placeOf(url.pathname)
  const { method = "bidiGenerateContent", version = "" } = EmulatorRequest.liveRoute(path) ?? {}
  const { asks, redacted } = cassette
  let entry: Mutable | undefined
  const upgrade = yield* cassette.handleLive(
    incoming,
    (refused) => entry?.verdicts.push({ by: "cassette", refused })
  )
  if (upgrade._tag === "Refused") return upgrade
  const { log } = state.live
  const logged = log.add({
    time: now(),
    path: asks ? redacted.path(url.pathname) : url.pathname,
    space: state.space,
    project: "default",
    region,
    apiMethod: method,
    version,
    headers: asks ? redacted.headers(headers) : RequestLog.withoutSecrets(headers)
  })
  entry = logged
  const said = (from: "client" | "server", data: string | Uint8Array) => {
    const text = typeof data === "string" ? data : decoder.decode(data)
    const message = Json.parse(text)
    if (from === "client") {
      const model = Json.text(Json.at(message, "setup", "model"))
      if (model !== undefined) logged.model = redacted.path(model.slice(model.lastIndexOf("/") + 1))
    }
    log.message(logged, { from, time: now(), message: asks ? unkept : message ?? text }, asks ? 0 : text.length)
    if (from === "server" && Json.at(message, "setupComplete") !== undefined) log.setUp(logged, now())
    if (from === "server" && Json.at(message, "serverContent", "turnComplete") === true) {
      logged.verdicts.push({ by: "cassette" })
      logged.turns++
    }
  }
  const connect = (carrier: Carrier.Carrier): Carrier.Connection => {
    const connection = upgrade.connect({
      ...carrier,
      send: (frame) => {
        said("server", frame.data)
        return carrier.send(frame)
      },
      close: (code, reason) => {
        log.close(logged, { code, reason: asks ? redacted.path(reason) : reason, by: "server" }, now())
        carrier.close(code, reason)
      },
      destroy: (how) => {
        log.close(logged, { code: 1006, reason: "", by: "network" }, now())
        carrier.destroy(how)
      }
    })
    return {
      ...connection,
      receive: (data) => {
        said("client", data)
        connection.receive(data)
      },
      gone: (code, reason) => {
        const by = code === 1006 ? "network" : "client"
        log.close(logged, { code, reason: asks ? redacted.path(reason) : reason, by }, now())
        connection.gone(code, reason)
      }
    }
  }
  return { _tag: "Accepted", connect }
})
