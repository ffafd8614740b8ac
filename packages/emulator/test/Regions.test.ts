import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Fault from "effect-gemini-emulator/Fault"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as TestClock from "effect/testing/TestClock"
import * as LiveWire from "./LiveWire.ts"
import { flash, post, prompt } from "./Wire.ts"

const pro = "gemini-3.1-pro-preview"
const west = "europe-west4"
const north = "europe-north1"

interface Where {
  readonly region?: string
  readonly key?: string
  readonly model?: string
}

const call = ({ key = "key", model = flash, region }: Where = {}) =>
  post(
    `${region === undefined ? "" : `/locations/${region}`}/v1beta/models/${model}:generateContent`,
    prompt("Hi"),
    { "x-goog-api-key": key }
  )
const status = (where?: Where) => Effect.map(call(where), ({ status }) => status)
const statuses = (n: number, where?: Where) => Effect.forEach(Array.from({ length: n }), () => status(where))

const memory = (options?: Emulator.Options) => Effect.provide(Emulator.layerHttpClient(options), { local: true })
const sockets = (options?: Emulator.Options) =>
  Effect.provide(Layer.merge(Emulator.layerServer(options), FetchHttpClient.layer), { local: true })

describe("a region", () => {
  const options: Emulator.Options = {
    quotas: { models: { "*": { rpm: 2 } }, regions: { [north]: { models: { "*": { rpm: 1 } } } } },
    projects: {
      one: { keys: ["a", "b"] },
      two: { keys: ["c"], quotas: { models: { "*": { rpm: 1 } } } }
    }
  }

  it.effect("is counted apart, for each project and model", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* statuses(3, { key: "a" }), [200, 200, 429])
      assert.strictEqual(yield* status({ key: "b" }), 429, "another key of the project")
      assert.deepStrictEqual(yield* statuses(3, { key: "b", region: west }), [200, 200, 429])
      assert.strictEqual(yield* status({ key: "b", region: west, model: pro }), 200)
      assert.deepStrictEqual(yield* statuses(2, { key: "c", region: west }), [200, 429], "another project")
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* statuses(3, { key: "a", region: west }), [200, 200, 429])
    }).pipe(memory(options)))

  it.effect("may have quotas of its own; a project's own count before the server's", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* statuses(2, { key: "a", region: north }), [200, 429])
      assert.deepStrictEqual(yield* statuses(2, { key: "c", region: north }), [200, 429])
    }).pipe(memory(options)))

  it.effect("stands in a 429 as Google's `location`", () =>
    Effect.gen(function*() {
      yield* statuses(2, { region: west })
      const { error } = JSON.parse(yield* (yield* call({ region: west })).text)
      assert.deepStrictEqual(error.details[1].violations[0].quotaDimensions, { location: west, model: flash })
    }).pipe(memory(options)))

  it.effect("has a base URL of its own, over sockets and in memory; the log says project and region", () => {
    const program = Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      assert.strictEqual(emulator.regionUrl(west), `${emulator.url}/locations/${west}`)
      yield* Effect.flatMap(call({ key: "a" }), (response) => response.text)
      yield* Effect.flatMap(call({ key: "c", region: west }), (response) => response.text)
      const seen = (yield* emulator.awaitClosed(2)).map(({ project, region }) => [project, region])
      assert.deepStrictEqual(seen, [["one", "global"], ["two", west]])
      const { byProject, byRegion } = yield* emulator.counters
      assert.deepStrictEqual({ byProject, byRegion }, {
        byProject: { one: 1, two: 1 },
        byRegion: { global: 1, [west]: 1 }
      })
    })
    return Effect.andThen(memory(options)(program), sockets(options)(program))
  })

  it.effect("is `global` by that name too", () =>
    Effect.gen(function*() {
      yield* statuses(2)
      assert.strictEqual(yield* status({ region: "global" }), 429)
    }).pipe(memory(options)))

  it.effect("keeps its Live sessions for itself: their number and their handles", () =>
    Effect.gen(function*() {
      const address = (region: string) => `ws://emulator.invalid/locations/${region}${LiveWire.path()}?key=key`
      const here = yield* LiveWire.connect({ sessionResumption: {} }, address(west))
      assert.deepStrictEqual(here.first, { setupComplete: {} })
      const second = yield* LiveWire.dial(address(west))
      yield* second.send({ setup: { model: LiveWire.robot } })
      assert.strictEqual((yield* second.closed).code, 1011, "one at a time")
      const other = yield* LiveWire.connect({}, address(north))
      assert.deepStrictEqual(other.first, { setupComplete: {} })
      other.ws.close()
      yield* here.send(LiveWire.ask("Hi"))
      const updates = yield* here.until(({ sessionResumptionUpdate }) =>
        sessionResumptionUpdate?.newHandle !== undefined
      )
      const handle = updates.at(-1)?.sessionResumptionUpdate?.newHandle
      here.ws.close()
      yield* here.closed
      const elsewhere = yield* LiveWire.dial(address(north))
      yield* elsewhere.send({ setup: { model: LiveWire.robot, sessionResumption: { handle } } })
      assert.deepStrictEqual(yield* elsewhere.closed, { code: 1008, reason: "Requested entity was not found." })
      const again = yield* LiveWire.connect({ sessionResumption: { handle } }, address(west))
      assert.deepStrictEqual(again.first, { setupComplete: {} })
      const { live } = yield* Emulator.Emulator
      const connections = yield* live.connections
      assert.deepStrictEqual(connections.map(({ region }) => region), [west, west, north, north, west])
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerMemory({ quotas: { sessions: 1 } }), { local: true })))
})

describe("an overloaded model", () => {
  it.effect("answers 503 in Google's words from a time until a time, and no other model does", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* status(), 200)
      yield* TestClock.adjust("1 minute")
      const response = yield* call()
      assert.deepStrictEqual(JSON.parse(yield* response.text), {
        error: {
          code: 503,
          message:
            "This model is currently experiencing high demand. Spikes in demand are usually temporary. Please try again later.",
          status: "UNAVAILABLE"
        }
      })
      assert.strictEqual(yield* status({ model: pro }), 200)
      yield* TestClock.adjust("59999 millis")
      assert.strictEqual(yield* status(), 503)
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(yield* status(), 200)
    }).pipe(memory({ faults: [Fault.overload(flash, { from: 60_000, until: 120_000 })] })))

  it.effect("may be so for a share of its requests, and uses up no quota", () =>
    Effect.gen(function*() {
      const seen = yield* statuses(300)
      const overloaded = seen.filter((code) => code === 503).length
      // 90 ± 5 standard deviations.
      assert.isTrue(Math.abs(overloaded - 90) < 40, String(overloaded))
      assert.strictEqual(seen.filter((code) => code === 200).length, 300 - overloaded)
      assert.isTrue(seen.includes(200) && seen.some((code, i) => code === 503 && seen[i + 1] === 503), "irregularly")
    }).pipe(memory({ faults: [Fault.overload(flash, { share: 0.3 })], quotas: { models: { "*": { rpm: 250 } } } })))
})

describe("a region that is down", () => {
  for (
    const { down, says } of [
      { down: "unavailable", says: 503 },
      { down: "reset", says: "reset" }
    ] as const
  ) {
    it.effect(`${down}: every request, and only there, until it is switched back on`, () => {
      const program = Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const outage = Fault.outage(west, { down })
        const here = Effect.catchTag(status({ region: west }), "HttpClientError", () => Effect.succeed("reset"))
        assert.strictEqual(yield* here, 200)
        yield* emulator.addFault(outage)
        assert.deepStrictEqual(yield* Effect.all([here, here, here]), [says, says, says])
        assert.strictEqual(yield* status({ region: north }), 200)
        assert.strictEqual(yield* status(), 200)
        yield* emulator.removeFault(outage)
        assert.strictEqual(yield* here, 200)
      })
      return Effect.andThen(memory()(program), sockets()(program))
    })
  }

  it.effect("hang: takes requests and never answers, for an hour of the test's clock", () =>
    Effect.gen(function*() {
      yield* TestClock.adjust("1 minute")
      const lost = yield* Effect.forkChild(status({ region: west }), { startImmediately: true })
      yield* TestClock.adjust("59 minutes")
      assert.strictEqual(yield* status(), 200)
      assert.strictEqual((yield* Effect.exit(Effect.timeout(call({ region: west }), 0)))._tag, "Failure")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual(yield* status({ region: west }), 200)
      assert.isUndefined(lost.pollUnsafe())
      yield* Fiber.interrupt(lost)
    }).pipe(memory({ faults: [Fault.outage(west, { down: "hang", from: 60_000, until: 3_660_000 })] })))

  it.effect("a project that is barred is so in every region", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* status({ key: "a", region: west }), 403)
      assert.strictEqual(yield* status({ key: "a" }), 403)
      assert.strictEqual(yield* status({ key: "b" }), 200)
    }).pipe(memory({
      projects: { barred: { keys: ["a"] } },
      faults: [{ when: { project: "barred" }, status: 403 }]
    })))

  it.effect("refuses Live too", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault(Fault.outage(west, { down: "reset" }))
      const gone = yield* LiveWire.dial(`ws://emulator.invalid/locations/${west}${LiveWire.path()}?key=key`)
      assert.strictEqual((yield* gone.closed).code, 1006)
      const elsewhere = yield* LiveWire.connect()
      assert.deepStrictEqual(elsewhere.first, { setupComplete: {} })
    }).pipe(Effect.scoped, Effect.provide(Emulator.layerMemory(), { local: true })))
})
