/**
 * Holds Live sessions as the real server would. It takes and gives messages, knows no sockets, and its time comes from
 * the Clock.
 *
 * The upgrade always succeeds, as it does at Google. A client with a bad key, a model that is not a Live model or a
 * wrong setup learns it from a close frame.
 */
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as Fault from "../../Fault.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as KeyPolicy from "../../KeyPolicy.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Quota from "../../Quota.ts"
import * as RequestLog from "../../RequestLog.ts"
import * as Render from "../answers/render.ts"
import * as Charging from "../rules/charging.ts"
import * as Projects from "../rules/projects.ts"
import * as Credentials from "../vertex/credentials.ts"
import * as Place from "../vertex/place.ts"
import * as ServedModel from "../vertex/servedModel.ts"
import * as VertexErrors from "../vertex/vertexErrors.ts"
import * as Carrier from "./carrier.ts"
import * as Inbox from "./inbox.ts"
import * as Judge from "./messageJudge.ts"
import * as Music from "./music.ts"
import * as Outbox from "./outbox.ts"
import * as Session from "./session.ts"

/**
 * Holds one Live connection, from its upgrade to its close.
 */
export type Handler = Carrier.UpgradeHandler

/**
 * The handler of Live connections with these options, over the same `state` as the one of requests.
 */
export const make = (options: GeminiHandler.Options, state: GeminiHandler.State): Handler => {
  const projects = Projects.make(options)
  const models = options.models ?? ModelTable.current
  const judges = options.judge !== false
  const live = options.live ?? {}

  const findModel = (name: string, version: string, now: number, fullName?: string) => {
    if (!judges || models.acceptAnyModel === true) return models.rows.find((row) => row.model.name === name)
    const row = ModelTable.get(models, name, now)
    return row?.model.supportedGenerationMethods.includes("bidiGenerateContent") === true
      ? row
      : fullName === undefined
      ? GoogleError.modelNotFound({ name, version, method: "bidiGenerateContent" })
      : VertexErrors.modelNotFound(fullName)
  }

  /** Whose session it is, and what its project may use. */
  const placedIn = (
    project: string,
    region: string,
    name: string,
    now: () => number,
    /** What the upgrade said to Vertex AI; undefined at the Gemini API. */
    vertex?: Pick<EmulatorRequest.EmulatorRequest, "headers">
  ): Session.PlacedSession => {
    const all = projects.quotasOf(project, region)
    const quotas = vertex !== undefined && all !== undefined ? Charging.withoutTier(all) : all
    return {
      project,
      region,
      name,
      sessions: quotas === undefined ? undefined : Quota.sessionsOf(quotas),
      charge: (model: string, inputTokens: number): Charging.Charged => {
        const charge = { project, region, model, family: "generate", inputTokens, time: now() } as const
        if (vertex !== undefined) {
          return Charging.ofVertex(state.quota, charge, quotas, vertex.headers, options.vertex ?? {})
        }
        return quotas === undefined ? {} : { refusal: state.quota.charge(charge, quotas) }
      }
    }
  }

  return Effect.fnUntraced(function*(incoming) {
    const services = yield* Effect.context<never>()
    const clock = yield* Clock.Clock
    const now = () => clock.currentTimeMillisUnsafe() + state.offset
    const time = now()
    const { headers, url } = incoming
    const { path, region } = EmulatorRequest.placeOf(url.pathname)
    const vertexVersion = Place.liveVersion(path)
    const isVertex = vertexVersion !== undefined
    const routed = isVertex
      ? { version: vertexVersion, method: "bidiGenerateContent" }
      : EmulatorRequest.liveRoute(path)
    if (routed === undefined) return Carrier.refusal(Render.unknownPath(url.pathname))
    const { method, version } = routed
    const constrained = method === "bidiGenerateContentConstrained"
    const isMusic = method === "bidiGenerateMusic"
    const tokenName = url.searchParams.get("access_token") ?? EmulatorRequest.credentialOf(headers, "Token")
    const token = constrained ? state.live.tokens.find(tokenName ?? "", time) : undefined
    const key = constrained ? token?.key : EmulatorRequest.keyOf(headers, url.searchParams)
    const project = projects.nameOf(key)
    /** What the setup has named; before that, what the address and the key name. */
    let here = { project, region, vertex: isVertex ? Place.unnamed : undefined }
    const requestOf = (model: string | undefined, body: unknown): EmulatorRequest.EmulatorRequest => ({
      method: isMusic ? method : "bidiGenerateContent",
      version,
      resource: model === undefined ? undefined : `models/${model}`,
      model,
      key,
      space: state.space,
      ...here,
      headers,
      query: url.searchParams,
      body
    })
    /** The place that a name of a model means, which for Vertex AI stands in the name itself. */
    const placed = (given: string): Session.PlacedSession | GoogleError.Refusal => {
      if (!isVertex) return placedIn(project, region, given, now)
      const found = Place.ofModelName(given)
      if (found === undefined) return GoogleError.invalidArgument()
      const { model, place } = found
      here = { project: place.project ?? project, region: place.location ?? region, vertex: place }
      const served = ServedModel.of({ model, resource: undefined, vertex: place }, options.vertex)
      return placedIn(here.project, here.region, `models/${served?.model ?? model}`, now, { headers })
    }
    const wrong = Projects.misused(headers)
    if (wrong !== undefined) return Carrier.refusal(Render.error({ code: 400, message: wrong }, "json"))
    const early = Projects.headerJson<Fault.Fault>(headers, Projects.faultHeader) ??
      state.script.takeFault(requestOf(undefined, undefined), time, ({ when }) => when?.model === undefined)
    if (early?.delay !== undefined) yield* Effect.sleep(early.delay)
    const broken = early?.error ?? (early?.status === undefined ? undefined : { code: early.status })
    if (broken !== undefined) return Carrier.refusal(Render.error(broken, "json"))

    const connect = (carrier: Carrier.Carrier): Carrier.Connection => {
      const ended = Deferred.makeUnsafe<void>()
      const over = Deferred.makeUnsafe<void>()
      const entry = state.live.log.add({
        time,
        path: url.pathname,
        space: state.space,
        project,
        region,
        apiMethod: method,
        version,
        headers: RequestLog.withoutSecrets(headers)
      })
      const outbox = Outbox.make({
        carrier,
        log: state.live.log,
        entry,
        now,
        ended: () => Deferred.doneUnsafe(ended, Effect.void)
      })
      outbox.fault = early
      const inbox = Inbox.make(carrier)
      const barred = constrained
        ? token === undefined ? GoogleError.invalidToken() : undefined
        : !judges
        ? undefined
        : isVertex
        ? Credentials.barred(requestOf(undefined, undefined), {
          keys: options.keys,
          tokens: options.vertex?.tokens,
          issued: (token, now) => state.tokens.worth(token, now)
        }, time)
        : KeyPolicy.judge(key, EmulatorRequest.spaceOfKey(key ?? "") === state.space ? undefined : options.keys)
      const session = isMusic ?
        Music.run({ inbox, outbox, entry, log: state.live.log, now, models, version }) :
        Effect.scoped(Session.run({
          inbox,
          outbox,
          entry,
          state: state.live,
          now,
          live,
          seed: options.seed ?? "",
          calling: options.calls ?? "mentioned",
          values: options.values ?? "seeded",
          chunkDelay: options.chunkDelay ?? 0,
          judge: judges,
          version,
          api: isVertex ? "vertex" : "gemini",
          placed,
          findModel: (name) => findModel(name, version, now(), isVertex ? here.vertex?.name ?? "" : undefined),
          token,
          useToken: () => token === undefined || state.live.tokens.use(token, now()),
          request: requestOf,
          scripted: (request, body, misfit) => state.scripts.scripted(request, body, now(), { live: entry.id, misfit }),
          onModel: (model) => {
            outbox.fault ??= state.script.takeFault(
              requestOf(model, undefined),
              now(),
              ({ when }) => when?.model !== undefined
            )
          },
          ended
        }))
      const opened = Effect.gen(function*() {
        yield* outbox.at("open")
        if (barred === undefined) return yield* session
        outbox.close(Judge.closeCode(barred), barred.body.error.message)
      })
      return {
        run: Effect.raceFirst(opened, Deferred.await(ended)).pipe(
          Effect.catchDefect(() => Effect.sync(() => outbox.close(1011, "Internal error occurred.")))
        ),
        receive: inbox.receive,
        pinged: (pong) => {
          if (live.pongDelay === undefined || live.pongDelay <= 0) return pong()
          const late = Effect.andThen(Effect.sleep(live.pongDelay), Effect.sync(pong))
          Effect.runForkWith(services)(Effect.raceFirst(late, Deferred.await(over)))
        },
        gone: (code, reason) => {
          Deferred.doneUnsafe(over, Effect.void)
          const by = code === 1006 ? "network" : "client"
          state.live.log.close(entry, { code, reason, by }, now())
        }
      }
    }
    return { _tag: "Accepted", connect }
  })
}
