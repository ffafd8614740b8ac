/** The tools of the points, and what was done with them. */
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import { type Ran, Runs } from "./Runs.ts"

class Closed extends Schema.TaggedError<Closed>()("Closed", { why: Schema.String }) {}

/** The tools that are offered. */
export const toolkit = Toolkit.make(
  Tool.make("weather", {
    description: "The weather of a city",
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Struct({ celsius: Schema.Finite })
  }),
  Tool.make("diary", {
    description: "What was written on a day",
    parameters: Schema.Struct({ day: Schema.DateFromString }),
    success: Schema.String
  }),
  Tool.make("refund", {
    description: "Pays an order back",
    parameters: Schema.Struct({ id: Schema.Int }),
    success: Schema.String,
    needsApproval: true
  }),
  Tool.make("told", { description: "Fails, and tells it", failure: Closed, failureMode: "return" }),
  Tool.make("thrown", { description: "Fails", failure: Closed }),
  Tool.make("prices", { description: "Prices by name", success: Schema.ReadonlyMap(Schema.String, Schema.Finite) })
)

const handlers = toolkit.toLayer(Effect.gen(function*() {
  const ran = yield* Runs
  const done = <A>(call: string, result: A) =>
    Effect.gen(function*() {
      ran.calls.push(call)
      ran.peak = Math.max(ran.peak, ++ran.now)
      yield* Effect.yieldNow
      ran.now--
      return result
    })
  return {
    weather: ({ city }) => done(city, { celsius: city.length }),
    diary: ({ day }) => done(day instanceof Date ? "Date" : typeof day, "nothing"),
    refund: ({ id }) => done(`refund ${id}`, `order ${id} is paid back`),
    told: () => Effect.fail(new Closed({ why: "on Sundays" })),
    thrown: () => Effect.fail(new Closed({ why: "on Sundays" })),
    prices: () => done("prices", new Map([["tea", 2]]))
  }
}))

/** The tools with their handlers, and a fresh list of what they do. */
export const tools = Layer.provideMerge(
  handlers,
  Layer.sync(Runs, (): Ran => ({ calls: [], now: 0, peak: 0 }))
)
