/**
 * What an outage costs, as a table that was filled in before it was run, and that the suite prints: one call a second
 * for five minutes, of which each has ten seconds (`timeouts.total`), over two members that answer in 300 ms when they
 * are well.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { print } from "../../../ai/test/printed.ts"
import { pass } from "./simulation.ts"

const model = "gemini-3.8-flash"
const other = "gemini-2.5-flash"
const names = ["a", "b", "c", "d", "e"]
const projects = Object.fromEntries(names.map((name) => [name, { keys: [`key-${name}`] }]))
const seconds = 300
const total = 10_000

const services = (fault: Fault.Fault, delay = 300, size = 2) =>
  Members.layer({
    members: names.slice(0, size).map((name) => ({ name, project: name, apiKey: Redacted.make(`key-${name}`) })),
    timeouts: { total },
    limits: { [model]: { rpm: 6_000, tpm: Infinity, rpd: Infinity, concurrency: 100 } },
    tier: "tier3"
  }).pipe(Layer.provideMerge(Emulator.layerHttpClient({ projects, faults: [fault, { delay }] })))

interface End {
  readonly at: number
  readonly result: string
  readonly took: number
}

const unary = (options: CallOptions) =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "one two three" }, options))
const streamed = (options: CallOptions) =>
  GeminiClient.GeminiClient.use((gemini) =>
    Stream.runDrain(gemini.generateStream({ model, contents: "one two three" }, options))
  )

/** One call a second, and how each of them ended. */
const traffic = Effect.fnUntraced(function*(options: CallOptions = {}, isStream = false, every = 1_000) {
  const ends: Array<End> = []
  const one = Effect.gen(function*() {
    const at = yield* Clock.currentTimeMillis
    const result = yield* Effect.match(Effect.asVoid(isStream ? streamed(options) : unary(options)), {
      onSuccess: () => "ok",
      onFailure: ({ reason }) => reason._tag
    })
    ends.push({ at, result, took: (yield* Clock.currentTimeMillis) - at })
  })
  const calls = yield* Effect.forkChild(
    Effect.forEach(
      Array.from({ length: seconds * 1_000 / every }, (_, i) => i),
      (i) => Effect.andThen(Effect.sleep(i * every), one),
      {
        concurrency: "unbounded",
        discard: true
      }
    ),
    { startImmediately: true }
  )
  yield* pass(`${seconds + 35} seconds`, every === 1_000 ? "500 millis" : "100 millis")
  yield* Fiber.join(calls)
  const emulator = yield* Emulator.Emulator
  const sick = (yield* emulator.requests).filter(({ model: asked, project }) => project === "a" && asked === model)
  assert.strictEqual(ends.length, seconds * 1_000 / every)
  return { ends, sick: sick.length, lost: ends.filter(({ result }) => result !== "ok").length }
})

/** The most that may come, or that and the least. */
type Bound = number | readonly [least: number, most: number]

/** What was expected of each means against an outage, by what is counted. */
interface Row {
  readonly fault: Fault.Fault
  /** The member `a` is out: the calls that are lost, and the requests that it gets. */
  readonly members: { readonly lost: Bound; readonly requests: Bound }
  /** The model is out everywhere, and the call names another one as its `fallback`. */
  readonly fallback: { readonly lost: Bound }
  /**
   * The model is out for two minutes at all of five members, and calls of thirty seconds come five in a second: those
   * that are lost though they began when it was over, and the requests meanwhile.
   */
  readonly circuit: { readonly lost: Bound; readonly requests: Bound }
  /** The model is out everywhere and nobody can answer: the calls that wait until their time is over. */
  readonly deadline: { readonly timedOut: Bound; readonly longest: Bound }
}

/**
 * Three calls open the circuit; then one probes after 5, 10, 20 and 40 seconds, and after that each minute: 3 + 4 + 3.
 * A member that is never asked again would be lost. A call that waited for a circuit and became its probe may have less
 * time left than the refusal takes.
 */
const outage = (fault: Fault.Fault): Row => ({
  fault,
  members: { lost: 0, requests: [8, 11] },
  fallback: { lost: 0 },
  circuit: { lost: 0, requests: [5 * 4, 5 * (3 + 4)] },
  deadline: { timedOut: 7, longest: total + 500 }
})

// Every other call goes there until the third of them has died, at 14 s: 0, 2, … 14. No probe costs its caller anything,
// because it is answered elsewhere. If both hang, the calls die that come until the third of each has, at 14 and 15 s,
// and with nobody else to answer every probe of the two members. Of those that have thirty seconds the third at each
// dies at 33 s, when 165 were sent.
const hanging: Omit<Row, "fault"> = {
  members: { lost: 8, requests: [8, 8 + 8] },
  fallback: { lost: 16 },
  circuit: { lost: 0, requests: [5 * 4, 165 + 5 * 4] },
  deadline: { timedOut: 16 + 2 * 8, longest: total + 500 }
}

const rows: Readonly<Record<string, Row>> = {
  "500": outage({ error: { code: 500 } }),
  "503": outage({ error: { code: 503 } }),
  "connection reset": outage({ reset: true }),
  // The refusal comes at 9 s, which leaves the other member one second.
  "503 after 9 s": {
    ...hanging,
    members: { lost: 0, requests: [8, 8 + 8] },
    fault: { error: { code: 503 }, delay: 9_000 }
  },
  "no answer at all": { ...hanging, fault: { halfOpen: true } }
}

const isWithin = (bound: Bound, value: number): boolean =>
  typeof bound === "number" ? value <= bound : bound[0] <= value && value <= bound[1]

const shownBound = (bound: Bound): string => typeof bound === "number" ? `≤ ${bound}` : `${bound[0]} to ${bound[1]}`

const printed: Array<ReadonlyArray<string>> = []

/** Notes what came beside what was expected, and holds it to that. */
const hold = (
  outage: string,
  means: string,
  expected: Readonly<Record<string, Bound>>,
  got: Readonly<Record<string, number>>
): void => {
  const shown = Object.entries(expected).map(([what, bound]) => `${what} ${shownBound(bound)}`)
  const came = Object.keys(expected).map((what) => `${what} ${got[what]}`)
  printed.push([outage, means, shown.join(", "), came.join(", ")])
  for (const [what, bound] of Object.entries(expected)) {
    assert.isTrue(isWithin(bound, got[what] ?? Number.NaN), `${what} ${got[what]}, expected ${shownBound(bound)}`)
  }
}

afterAll(() =>
  print({ title: "30.3 outages by means", columns: ["outage", "means", "expected", "got"], rows: printed })
)

describe.each(Object.entries(rows))("%s", (name, { circuit, deadline, fallback, fault, members }) => {
  it.effect.each([["unary", false], ["stream", true]] as const)(
    "one member, %s: the other one answers, and the probes double their wait",
    ([kind, isStream]) =>
      Effect.gen(function*() {
        const { lost, sick } = yield* traffic({}, isStream)
        hold(name, `members, ${kind}`, members, { lost, requests: sick })
      }).pipe(Effect.provide(services({ ...fault, when: { project: "a" } }))),
    { timeout: 60_000 }
  )

  it.effect.each([["unary", false], ["stream", true]] as const)(
    "the model everywhere, %s: whoever named a fallback waits for no circuit",
    ([kind, isStream]) =>
      Effect.gen(function*() {
        const { ends, lost } = yield* traffic({ fallback: { transport: "http", model: other } }, isStream)
        hold(name, `fallback, ${kind}`, fallback, { lost })
        const took = ends.map(({ took }) => took).toSorted((a, b) => a - b)
        assert.isAtMost(took[seconds / 2] ?? Infinity, 500)
      }).pipe(Effect.provide(services({ ...fault, when: { model } }))),
    { timeout: 60_000 }
  )

  it.effect(
    "all of five members for two minutes: they are probed in turn, so no call is lost when it is over",
    () =>
      Effect.gen(function*() {
        const { ends } = yield* traffic({ timeouts: { total: "30 seconds" } }, false, 200)
        const emulator = yield* Emulator.Emulator
        const requests = (yield* emulator.requests).filter(({ time }) => time < 120_000).length
        const lost = ends.filter(({ at, result }) => at >= 120_000 && result !== "ok").length
        hold(name, "circuit", circuit, { lost, requests })
        // Nobody answered meanwhile.
        assert.isAbove(ends.filter(({ at, result }) => at < 60_000 && result !== "ok").length, 290)
      }).pipe(Effect.provide(services({ ...fault, when: { model, until: 120_000 } }, 500, 5))),
    { timeout: 60_000 }
  )

  it.effect(
    "the model everywhere: no call waits for a circuit that opens behind its deadline",
    () =>
      Effect.gen(function*() {
        const { ends, lost } = yield* traffic()
        assert.strictEqual(lost, seconds)
        const timedOut = ends.filter(({ result }) => result === "TimedOut").length
        hold(name, "deadline", deadline, { timedOut, longest: Math.max(...ends.map(({ took }) => took)) })
      }).pipe(Effect.provide(services({ ...fault, when: { model } }))),
    { timeout: 60_000 }
  )
})

describe("an outage that ends", () => {
  it.effect.each([{ error: { code: 503 } }, { reset: true as const }])(
    "is over for every call within a minute (%o): who has no time left does not probe",
    (fault) =>
      Effect.gen(function*() {
        const { ends } = yield* traffic({ timeouts: { total: "30 seconds" } }, false, 200)
        const late = ends.filter(({ at, result }) => at >= 120_000 + 60_000 && result !== "ok")
        assert.deepStrictEqual(late, [])
        assert.isAbove(ends.filter(({ at, result }) => at < 120_000 && result !== "ok").length, 60)
      }).pipe(Effect.provide(services({ ...fault, when: { model, until: 120_000 } }, 500))),
    { timeout: 60_000 }
  )
})
