/** The calls that ask what has happened in a space, and what would. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AdminApi from "../../admin/AdminApi.ts"
import * as Problem from "../../admin/AdminProblem.ts"
import type { EventData } from "../../admin/LogData.ts"
import * as TearDown from "../../TearDown.ts"
import { suggestion } from "../nearest.ts"
import type { HoldChange } from "../rules/Holds.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"
import * as Activity from "./Activity.ts"
import * as Calls from "./calls.ts"
import * as Finding from "./finding.ts"
import * as Pricing from "./pricing.ts"
import * as RequestPage from "./requestPage.ts"
import * as Shown from "./shown.ts"

const isConcern = Schema.decodeUnknownResult(TearDown.Concern)

/** The concerns of a list, or what is wrong with it. */
const concernsOf = (list = ""): Effect.Effect<ReadonlyArray<TearDown.Concern>, Problem.WrongRequest> =>
  Effect.forEach(list.split(",").map((name) => name.trim()).filter((name) => name !== ""), (name) => {
    const concern = isConcern(name)
    if (Result.isSuccess(concern)) return Effect.succeed(concern.success)
    const all = TearDown.Concern.literals
    const message = `expected ${all.join(", ")}, not "${name}".${suggestion(name, all)}`
    return Effect.fail(
      new Problem.WrongRequest({ detail: `ignore: ${message}`, problems: [{ path: "ignore", message }] })
    )
  })

type Event = typeof EventData.Type

const events = (space: OpenSpace, lastEventId: string | undefined) => {
  const { log } = space.state
  const activity = Activity.of(space)
  const named = (data: Event) => ({ id: activity.cursor(), event: data.kind, data })
  const requestOf = (id: number, ended: boolean): Event => {
    const entry = log.at(id)
    const { apiMethod: method, model, status, verdict } = entry ?? {}
    return {
      kind: "request",
      id,
      ended,
      ...Shown.given({ method, model, status: ended ? status : undefined, by: verdict?.by, rule: verdict?.rule })
    }
  }
  const heldOf = ({ id, kind, method, model, rule }: HoldChange): Event => ({
    kind,
    id,
    method,
    ...Shown.given({ model, rule })
  })
  const start = { cursor: lastEventId ?? activity.cursor(), live: activity.liveChanges, first: true }
  return Stream.paginate(start, ({ cursor, first, live }) =>
    Effect.suspend(() => {
      const version = activity.version
      const changes = activity.since(cursor)
      const news = [
        ...(first ? [named({ kind: "ready" })] : []),
        ...(changes === undefined ? [named({ kind: "restart" })] : []),
        ...(changes ?? []).map((change) => ({
          id: activity.cursorAt(change.number),
          event: change.kind,
          data: change.kind === "request" ? requestOf(change.id, change.ended) : heldOf(change)
        })),
        ...(activity.liveChanges > live ? [named({ kind: "live" })] : [])
      ]
      const rest = Option.some({ cursor: activity.cursor(), live: activity.liveChanges, first: false })
      return Effect.as(news.length === 0 ? activity.beyond(version) : Effect.void, [news, rest] as const)
    }))
}

export const layer = (served: Calls.Served) => {
  const { looking, run, space } = Calls.make(served)
  return HttpApiBuilder.group(AdminApi.Api, "asking", (handlers) =>
    handlers
      .handle("listRequests", ({ params, query }) =>
        Effect.flatMap(space(params.space), (found) => RequestPage.page(found, query)))
      .handle("getRequest", ({ params }) =>
        Effect.gen(function*() {
          const { log } = (yield* space(params.space)).state
          const entry = log.at(params.id)
          if (entry !== undefined) {
            return Shown.entry(entry, true)
          }
          const why = params.id < log.arrived() ? "the log has dropped it" : `${log.arrived()} have arrived`
          return yield* Finding.notThere(`The space "${params.space}" has no request ${params.id}: ${why}.`)
        }))
      .handle("getCounters", ({ params }) =>
        Effect.gen(function*() {
          const { counters } = yield* looking(params.space)
          const found = yield* space(params.space)
          return { ...(yield* run(counters)), cost: Pricing.bill(found) }
        }))
      .handle("watch", ({ headers, params }) =>
        Effect.map(space(params.space), (found) =>
          events(found, headers["last-event-id"])))
      .handle("verify", ({ params, payload }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          const found = yield* run(service.verify(payload.expect, { inOrder: payload.inOrder }))
          const { ok, text } = found
          return ok ? found : yield* new Problem.NotAsExpected({ detail: text, problems: [], verification: found })
        }))
      .handle("check", ({ params, query }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          const found = yield* run(service.check(yield* concernsOf(query.ignore)))
          const { ok, text } = found
          return ok ? found : yield* new Problem.NotAsExpected({ detail: text, problems: [], check: found })
        }))
      .handle("explain", ({ params, payload }) =>
        Effect.flatMap(looking(params.space), (service) =>
          run(service.explain(payload)))))
}
