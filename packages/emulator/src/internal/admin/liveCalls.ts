/** The calls about Live connections: looking at them, and what can be done to the open ones. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as AdminApi from "../../admin/AdminApi.ts"
import type { Entry } from "../../LiveLog.ts"
import * as Activity from "./Activity.ts"
import * as Calls from "./calls.ts"
import * as Shown from "./shown.ts"

const shown = ({ closedAt, closedBy, code, model, reason, setUpAt, verdicts, ...entry }: Entry) => ({
  ...entry,
  ...Shown.given({ closedAt, closedBy, code, model, reason, setUpAt }),
  verdicts: verdicts.map(Shown.verdict)
})

export const layer = (served: Calls.Served) => {
  const { looking, run, space } = Calls.make(served)
  return HttpApiBuilder.group(AdminApi.Api, "live", (handlers) =>
    handlers
      .handle("listLive", ({ params, query }) =>
        Effect.gen(function*() {
          const { state } = yield* space(params.space)
          const activity = Activity.of(yield* space(params.space))
          const isNew = Effect.suspend((): Effect.Effect<void> => {
            if (query.changed !== String(activity.liveChanges)) return Effect.void
            return Effect.andThen(activity.beyond(activity.version), isNew)
          })
          if (query.changed !== undefined) yield* Shown.within(isNew, query.wait)
          const log = state.live.log
          return {
            connections: log.entries().map(shown),
            counters: log.counters(),
            closed: log.closed(),
            cursor: String(activity.liveChanges)
          }
        }))
      .handle("sendLive", ({ params, payload }) =>
        Effect.flatMap(looking(params.space), ({ live }) => run(live.send(payload.message))))
      .handle("closeLive", ({ params, payload }) =>
        Effect.flatMap(looking(params.space), ({ live }) =>
          run(live.close(payload.code, payload.reason))))
      .handle("dropLive", ({ params }) =>
        Effect.flatMap(looking(params.space), ({ live }) =>
          run(live.drop))))
}
