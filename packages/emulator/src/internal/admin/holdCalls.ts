/** The calls about held ones: looking at them, with what would fit each for an answer, and saying what becomes of them. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as AdminApi from "../../admin/AdminApi.ts"
import type { HeldData } from "../../admin/HoldApi.ts"
import type { Service } from "../../Emulator.ts"
import type { HeldCall } from "../../HoldControl.ts"
import * as Suggestions from "../answers/suggestions.ts"
import * as Calls from "./calls.ts"
import * as Finding from "./finding.ts"
import * as Shown from "./shown.ts"

const shown = (
  { body, clientLeft, id, left, live, method, model, project, region, request, rule, time }: HeldCall
): typeof HeldData.Type => ({
  id,
  time,
  left,
  method,
  project,
  region,
  ...Shown.given({ clientLeft, request, live, model, rule, json: Suggestions.json(body) }),
  body,
  functions: Suggestions.functions(body)
})

const listed = ({ holds }: Service) =>
  Effect.zipWith(holds.all, holds.list, (all, calls) => ({ all, calls: calls.map(shown) }))

export const layer = (served: Calls.Served) => {
  const { looking, run, telling } = Calls.make(served)
  const notHeld = (space: string, id: number) =>
    Finding.notThere(
      `The space "${space}" holds no call ${id}: it was answered, let go or refused, or its client has gone.`
    )
  return HttpApiBuilder.group(AdminApi.Api, "holds", (handlers) =>
    handlers
      .handle("listHeld", ({ params, query }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          const { count = 1, wait } = query
          if (wait !== undefined) {
            yield* Shown.within(Effect.asVoid(service.holds.awaitHeld(count)), wait)
          }
          return yield* run(listed(service))
        }))
      .handle("setHolds", ({ params, payload }) =>
        Effect.gen(function*() {
          const service = yield* telling(params.space)
          yield* run(service.holds.setAll(payload.all))
          return yield* run(listed(service))
        }))
      .handle("answerHeld", ({ params, payload }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          if (yield* run(service.holds.answer(params.id, payload.answer))) return
          return yield* notHeld(params.space, params.id)
        }))
      .handle("letHeldGo", ({ params }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          if (yield* run(service.holds.letGo(params.id))) return
          return yield* notHeld(params.space, params.id)
        })))
}
