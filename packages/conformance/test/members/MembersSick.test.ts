/**
 * One of five members is sick for three minutes, in eleven ways: what that costs the calls, and how often it is asked.
 * A table that was filled in before it was run, and that the suite prints; the server's own list of requests is the
 * oracle. Five members of 60 a minute each get a hundred calls a minute, of which each has thirty seconds.
 */
import { afterAll, assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { print } from "../../../ai/test/printed.ts"
import { pass } from "./simulation.ts"

const model = "gemini-2.5-flash"
const names = ["a", "b", "c", "d", "e"]
const calls = 300
const every = 600

const services = (faults: ReadonlyArray<Fault.Fault>) =>
  Members.layer({
    members: names.map((name) => ({ name, project: name, apiKey: Redacted.make(`key-${name}`) })),
    timeouts: { total: "30 seconds" },
    limits: { [model]: { rpm: 60, tpm: Infinity, rpd: Infinity, concurrency: 10 } }
  }).pipe(
    Layer.provideMerge(Emulator.layerHttpClient({
      projects: Object.fromEntries(names.map((name) => [name, { keys: [`key-${name}`] }])),
      faults: [...faults.map((fault) => ({ ...fault, when: { ...fault.when, project: "b" } })), { delay: 500 }]
    }))
  )

interface Row {
  readonly faults: ReadonlyArray<Fault.Fault>
  /** Calls that fail at most, and requests that the sick member gets at least and at most. */
  readonly lost: number
  readonly requests: readonly [least: number, most: number]
}

const after20 = (fault: Fault.Fault): ReadonlyArray<Fault.Fault> => [{ ...fault, delay: 20 }]
const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "30s" }

// A fifth of the calls is 60. Three outages open a circuit; it is probed after 5, 10, 20, 40 and 60 s: 8 in three
// minutes. A pause doubles from a second to a minute: at 0, 1, 3, 7, 15, 31, 63 and 123 s, 8; one that is told lasts its
// 30 s: 6 or 7. A refusal is looked at after 30, 60 and 120 s: 3. A member that hangs is given up when the third of its
// calls has died, at about 36 s, and these and no more are lost.
const outage = { lost: 0, requests: [6, 9] } as const
const refused = { lost: 0, requests: [2, 4] } as const
const rows: Readonly<Record<string, Row>> = {
  "well": { faults: [], lost: 0, requests: [58, 62] },
  "connection reset": { faults: [{ reset: true }], ...outage },
  "500": { faults: after20({ error: { code: 500 } }), ...outage },
  "503": { faults: after20({ error: { code: 503 } }), ...outage },
  "429": { faults: after20({ error: { code: 429 } }), lost: 0, requests: [6, 10] },
  "429 for 30 s": { faults: after20({ error: { code: 429, details: [retryInfo] } }), lost: 0, requests: [5, 8] },
  "401": { faults: after20({ status: 401 }), ...refused },
  "403": { faults: after20({ status: 403 }), ...refused },
  "404": { faults: after20({ status: 404 }), ...refused },
  "ten times as slow": { faults: [{ delay: 5_000 }], lost: 0, requests: [50, 62] },
  "503 every other second": {
    faults: Array.from({ length: 90 }, (_, i) => ({
      error: { code: 503 },
      delay: 20,
      when: { from: 2_000 * i + 1_000, until: 2_000 * i + 2_000 }
    })),
    lost: 0,
    requests: [8, 62]
  },
  "no answer at all": { faults: [{ halfOpen: true }], lost: 13, requests: [5, 16] }
}

const printed: Array<ReadonlyArray<string>> = []

describe("one of five members is sick", () => {
  it.effect.each(Object.entries(rows))(
    "%s",
    ([name, { faults, lost, requests: [least, most] }]) =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const ends: Array<{ readonly result: string; readonly took: number; readonly attempts: number }> = []
        const one = (i: number) =>
          Effect.gen(function*() {
            yield* Effect.sleep(i * every)
            const from = yield* Clock.currentTimeMillis
            const [result, attempts] = yield* Effect.match(gemini.generate({ model, contents: "one two three" }), {
              onSuccess: (answer) => ["ok", answer.attempts.length] as const,
              onFailure: (error) => [error.reason._tag, error.attempts.length] as const
            })
            ends.push({ result, attempts, took: (yield* Clock.currentTimeMillis) - from })
          })
        const all = yield* Effect.forkChild(
          Effect.forEach(Array.from({ length: calls }, (_, i) => i), one, { concurrency: "unbounded", discard: true }),
          { startImmediately: true }
        )
        yield* pass("215 seconds", "100 millis")
        yield* Fiber.join(all)
        const log = yield* (yield* Emulator.Emulator).requests
        const sick = log.filter(({ project }) => project === "b").length
        const died = ends.filter(({ result }) => result !== "ok").length
        const slowest = Math.max(...ends.map(({ took }) => took))
        printed.push([
          name,
          `≤ ${lost}`,
          String(died),
          `${least} to ${most}`,
          String(sick),
          `${slowest} ms`
        ])
        assert.isAtMost(died, lost)
        assert.isAtLeast(sick, least)
        assert.isAtMost(sick, most)
        // Every attempt that is told of was a request, and every request is told of.
        assert.strictEqual(ends.reduce((sum, { attempts }) => sum + attempts, 0), log.length)
        // A healthy member answers those that the sick one refused, at once.
        if (lost === 0) assert.isAtMost(slowest, name === "ten times as slow" ? 5_100 : 1_200)
      }).pipe(Effect.provide(services(faults))),
    { timeout: 60_000 }
  )

  afterAll(() =>
    print({
      title: "30.1 one of five members is sick",
      columns: ["how", "lost, expected", "got", "requests, expected", "got", "slowest call"],
      rows: printed
    })
  )
})
