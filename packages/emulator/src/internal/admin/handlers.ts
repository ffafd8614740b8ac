/** Answers the admin API: each call by the service of its space. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as HttpApiMiddleware from "effect/http-api/HttpApiMiddleware"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as HttpServerResponse from "effect/http/HttpServerResponse"
import * as Layer from "effect/Layer"
import * as AdminApi from "../../admin/AdminApi.ts"
import type { SpaceSettings } from "../../admin/AdminData.ts"
import * as Problem from "../../admin/AdminProblem.ts"
import type { Service } from "../../Emulator.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as Scenario from "../../Scenario.ts"
import type * as Space from "../../Space.ts"
import * as Problems from "../problems.ts"
import * as Asking from "./asking.ts"
import * as Calls from "./calls.ts"
import * as CassetteCalls from "./cassetteCalls.ts"
import * as Finding from "./finding.ts"
import * as HoldCalls from "./holdCalls.ts"
import * as LiveCalls from "./liveCalls.ts"
import type { Answering } from "./mount.ts"
import * as ResourceCalls from "./resourceCalls.ts"
import * as Telling from "./telling.ts"
import * as VertexCalls from "./vertexCalls.ts"
import * as WebBridge from "./webBridge.ts"

const settings = (
  given: typeof SpaceSettings.Type | null
): Space.Options | undefined => {
  if (given === null) return undefined
  const { anyModel, ...options } = given
  return anyModel === true ? { ...options, models: { ...ModelTable.current, acceptAnyModel: true } } : options
}

/** What a Schema says of a body as a whole, in the words of somebody who has not read its name. */
const inWords = (message: string): string => {
  if (message === "expected a valid JSON body") return "the body is not valid JSON"
  const [, name] = /^expected ([A-Z]\w+)(?: \| null)?$/.exec(message) ?? []
  return name === undefined ? message : `expected an object with the fields of ${name}, as openapi.json has them`
}

const strict = HttpApiMiddleware.layerSchemaErrorTransform(AdminApi.Strict, ({ cause, kind }) => {
  const problems = Problems.ofIssue(cause.issue).map((each) => ({ ...each, message: inWords(each.message) }))
  const detail = problems.map(({ message, path }) => path === "" ? message : `${path}: ${message}`).join("\n")
  return Effect.fail(
    new Problem.WrongRequest({ detail: kind === "Query" ? `In the query: ${detail}` : detail, problems })
  )
})

const groups = (served: Calls.Served) => {
  const { looking, run, telling } = Calls.make(served)
  const { spaces, url } = served
  const infoOf = (info: Space.Info) => ({
    ...info,
    url: info.name === spaces.standard.name ? url : `${url}/spaces/${info.name}`
  })
  const infoOfName = (name: string) =>
    run(Effect.flatMap(spaces.summary, ({ spaces }) => {
      const info = spaces.find((each) => each.name === name)
      return info === undefined
        ? Effect.fail(Finding.notThere(`There is no space "${name}".`))
        : Effect.succeed(infoOf(info))
    }))
  const rulesOf = (service: Service) => Effect.map(run(service.rules), (rules) => ({ rules }))

  const server = HttpApiBuilder.group(AdminApi.Api, "server", (handlers) =>
    handlers
      .handle("health", () => Effect.succeed({ status: "ok" as const }))
      .handle("setScenario", ({ payload }) => run(spaces.setScenario(payload ?? undefined))))

  const ofSpaces = HttpApiBuilder.group(AdminApi.Api, "spaces", (handlers) =>
    handlers
      .handle("listSpaces", () =>
        Effect.map(run(spaces.summary), (summary) => ({ ...summary, spaces: summary.spaces.map(infoOf) })))
      .handle("makeSpace", ({ params, payload }) =>
        run(spaces.get(params.space, settings(payload))).pipe(
          Effect.mapError((error) =>
            error._tag === "SpaceError" ? Finding.notPossible(error) : error
          ),
          Effect.andThen(infoOfName(params.space))
        ))
      .handle("getSpace", ({ params }) => Effect.andThen(looking(params.space), infoOfName(params.space)))
      .handle("endSpace", ({ params }) =>
        Effect.andThen(looking(params.space), run(spaces.end(params.space))).pipe(
          Effect.mapError((error) => error._tag === "SpaceError" ? Finding.notPossible(error) : error),
          Effect.asVoid
        )))

  const ofRules = HttpApiBuilder.group(AdminApi.Api, "rules", (handlers) =>
    handlers
      .handle("listRules", ({ params }) => Effect.flatMap(looking(params.space), rulesOf))
      .handle("setRules", ({ params, payload }) =>
        Effect.gen(function*() {
          const { otherwise, rule = [], vars } = yield* run(
            typeof payload === "string" ? Scenario.fromText(payload, "toml") : Scenario.fromUnknown(payload)
          )
          const service = yield* telling(params.space)
          yield* run(service.setRules(rule, otherwise, vars))
          return yield* rulesOf(service)
        }))
      .handle("addRules", ({ params, payload }) =>
        Effect.gen(function*() {
          const service = yield* telling(params.space)
          yield* run(service.addRules(payload.rule, payload.place))
          return yield* rulesOf(service)
        }))
      .handle("removeRule", ({ params }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          if (yield* run(service.removeRule(params.rule))) return
          return yield* Finding.notThere(`The space "${params.space}" has no rule "${params.rule}".`)
        })))

  return Layer.mergeAll(
    server,
    ofSpaces,
    ofRules,
    Telling.layer(served),
    Asking.layer(served),
    HoldCalls.layer(served),
    VertexCalls.layer(served),
    LiveCalls.layer(served),
    CassetteCalls.layer(served),
    ResourceCalls.layer(served)
  )
}

/** What a path that does not exist gets. */
const unknownPath = HttpRouter.add("*", "*", (request) => {
  const [path = ""] = request.url.split("?")
  return Effect.succeed(HttpServerResponse.jsonUnsafe({
    title: "Not there",
    status: 404,
    detail: `The admin API has no ${request.method} ${path}: GET ${AdminApi.prefix}/openapi.json lists what it has.`,
    problems: []
  }, { status: 404, contentType: "application/problem+json" }))
})

/** The admin API of an emulator, for requests of node:http. */
export const make = (served: Calls.Served): { readonly answer: Answering; readonly close: () => Promise<void> } => {
  const api = HttpApiBuilder.layer(AdminApi.Api, { openapiPath: `${AdminApi.prefix}/openapi.json` }).pipe(
    Layer.provide(groups(served)),
    Layer.provide(strict)
  )
  const { dispose, handler } = HttpRouter.toWebHandler(
    Layer.mergeAll(api, unknownPath).pipe(Layer.provide(HttpServer.layerServices)),
    { disableLogger: true }
  )
  return { answer: WebBridge.make((request) => handler(request)), close: dispose }
}
