/** The calls that tell a space what to do: queue, faults, quotas, keys, clock, reset. */
import * as Effect from "effect/Effect"
import * as HttpApiBuilder from "effect/http-api/HttpApiBuilder"
import * as AdminApi from "../../admin/AdminApi.ts"
import { type ClockChange, millisOf } from "../../admin/AdminData.ts"
import * as Problem from "../../admin/AdminProblem.ts"
import type { Service } from "../../Emulator.ts"
import * as Calls from "./calls.ts"
import * as Finding from "./finding.ts"

/** The time that was given, in milliseconds, or what is wrong with it. */
const timeOf = (at: number | string): Effect.Effect<number, Problem.WrongRequest> => {
  const time = typeof at === "number" ? at : Date.parse(at)
  if (Number.isFinite(time)) return Effect.succeed(time)
  const message = `expected milliseconds since the epoch or a time such as "2026-11-29T12:00:00Z", not "${at}"`
  return Effect.fail(new Problem.WrongRequest({ detail: `at: ${message}`, problems: [{ path: "at", message }] }))
}

const moved = Effect.fnUntraced(function*(service: Service, { advance, at, frozen }: typeof ClockChange.Type) {
  const time = at === undefined ? undefined : yield* timeOf(at)
  if (frozen !== undefined) yield* service.setFrozen(frozen)
  if (time !== undefined) yield* service.setTime(time)
  if (advance !== undefined) yield* service.adjust(millisOf(advance))
  return yield* service.clock
})

export const layer = (served: Calls.Served) => {
  const { looking, run, telling } = Calls.make(served)
  const told = <A, E>(name: string, f: (service: Service) => Effect.Effect<A, E>) =>
    Effect.flatMap(telling(name), (service) => run(f(service)))
  const seen = <A, E>(name: string, f: (service: Service) => Effect.Effect<A, E>) =>
    Effect.flatMap(looking(name), (service) => run(f(service)))
  const waiting = (service: Service) => Effect.map(service.waiting, (waiting) => ({ waiting }))
  return HttpApiBuilder.group(AdminApi.Api, "telling", (handlers) =>
    handlers
      .handle("getQueue", ({ params }) => seen(params.space, waiting))
      .handle("enqueue", ({ params, payload }) =>
        told(params.space, (service) =>
          Effect.andThen(service.enqueue(...payload.answers), waiting(service))))
      .handle("listFaults", ({ params }) =>
        seen(params.space, (service) =>
          Effect.map(service.faults, (faults) => ({ faults }))))
      .handle("addFault", ({ params, payload }) =>
        told(params.space, (service) =>
          Effect.map(service.addFault(payload), ([id = ""]) => ({ id }))))
      .handle("removeFault", ({ params }) =>
        Effect.gen(function*() {
          const service = yield* looking(params.space)
          if ((yield* run(service.removeFault(params.fault))) > 0) {
            return
          }
          const on = (yield* run(service.faults)).map(({ id }) =>
            id
          )
          const those = on.length === 0 ? "there are none" : `there are ${on.join(", ")}`
          return yield* Finding.notThere(`The space "${params.space}" has no fault "${params.fault}": ${those}.`)
        }))
      .handle("setQuotas", ({ params, payload }) =>
        told(params.space, (service) =>
          service.setQuotas(payload ?? undefined)))
      .handle("getQuotas", ({ params }) =>
        seen(params.space, (service) =>
          Effect.map(service.quotas, (quotas) => ({ quotas }))))
      .handle("setKeys", ({ params, payload }) =>
        told(params.space, (service) =>
          service.setKeys(payload ?? undefined)))
      .handle("getClock", ({ params }) =>
        seen(params.space, ({ clock }) =>
          clock))
      .handle("moveClock", ({ params, payload }) => told(params.space, (service) => moved(service, payload)))
      .handle("reset", ({ params, payload }) =>
        seen(params.space, ({ clear, reset }) =>
          payload?.rules === "keep" ? reset : clear)))
}
