/**
 * Many calls over members that fail in every way at once: none is lost, none is sent that
 * nobody asked for, no quota is exceeded, and nothing is left when they are over.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Fault from "effect-gemini-emulator/Fault"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type { Attempt } from "effect-gemini/GeminiError"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { pass } from "./simulation.ts"

const model = "gemini-3.8-flash"
const other = "gemini-2.5-flash"
const member = (name: string, project: string): Members.Member => ({
  name,
  project,
  apiKey: Redacted.make(`key-${name}`)
})
const members = [member("a1", "a"), member("a2", "a"), member("b", "b")]
const quotas = { models: { [model]: { rpm: 60 }, [other]: { rpm: 30 } } }
const projects = { a: { keys: ["key-a1", "key-a2"], quotas }, b: { keys: ["key-b"], quotas } }
const unlimited = { tpm: Infinity, rpd: Infinity, concurrency: 8 }

const faults: ReadonlyArray<Fault.Fault> = [
  { error: { code: 503 }, when: { share: 0.1 } },
  { error: { code: 500 }, when: { share: 0.05 } },
  { reset: true, when: { share: 0.05 } },
  { halfOpen: true, when: { share: 0.02 } },
  { reset: { chunks: 1 }, when: { share: 0.03 } },
  { error: { code: 503 }, when: { project: "b", from: 60_000, until: 120_000 } },
  { reset: true, when: { project: "a", from: 150_000, until: 170_000 } },
  { delay: 700 }
]

interface Told {
  readonly index: number
  readonly end: "answered" | "failed" | "interrupted"
  readonly attempts: ReadonlyArray<Attempt>
}

describe.each([1, 2, 3, 4, 5])("seed %i", (seed) => {
  it.effect("every call ends once, and its attempts are what the server saw", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const gemini = yield* GeminiClient.GeminiClient
      const limiter = yield* RateLimiter.RateLimiter
      const told: Array<Told> = []
      const count = 400

      const call = Effect.fnUntraced(function*(index: number) {
        const [wait, patience, kind] = [yield* Random.next, yield* Random.next, yield* Random.next]
        yield* Effect.sleep(wait * 180_000)
        const request = { model, contents: `call ${index}` }
        const named = { headers: { "x-call": `${index}` } }
        const attempts = kind < 0.7
          ? Effect.map(gemini.generate(request, named), (answer) => answer.attempts)
          : Effect.as(Stream.runDrain(gemini.generateStream(request, named)), [])
        let isOver = false
        const one = attempts.pipe(
          Effect.match({
            onSuccess: (attempts): Told => ({ index, end: "answered", attempts }),
            onFailure: (error): Told => ({ index, end: "failed", attempts: error.attempts })
          }),
          Effect.tap((end) =>
            Effect.sync(() => {
              assert.isFalse(isOver)
              isOver = true
              told.push(end)
            })
          ),
          MemberCall.set({ caller: `caller ${index % 5}` })
        )
        // One in ten has enough after a while.
        if (patience < 0.1) {
          yield* Effect.timeoutOrElse(one, {
            duration: 100 + wait * 5_000,
            orElse: () => Effect.sync(() => told.push({ index, end: "interrupted", attempts: [] }))
          })
        } else yield* one
      })

      const all = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: count }, (_, i) => i), call, { concurrency: "unbounded", discard: true }),
        { startImmediately: true }
      )
      yield* pass("15 minutes", "500 millis")
      yield* Fiber.join(all)

      assert.strictEqual(told.length, count)
      const requests = yield* emulator.requests
      const ends = Map.groupBy(told, ({ end }) => end)
      assert.isAtLeast(ends.get("answered")?.length ?? 0, 0.8 * count)

      // A call that tells its attempts tells every request that was sent for it, and where it went.
      const byCall = Map.groupBy(requests, ({ headers }) => headers["x-call"])
      for (const { attempts, end, index } of told) {
        const sent = byCall.get(`${index}`) ?? []
        assert.isAtMost(sent.length, 4)
        if (end === "interrupted" || attempts.length === 0) continue
        assert.deepStrictEqual(
          attempts.map(({ member, model }) => [member?.slice(0, 1), model]),
          sent.map(({ model, project }) => [project, model])
        )
      }
      // The server had to refuse nothing for its quota, and counts what the lanes do.
      assert.strictEqual(requests.filter(({ status }) => status === 429).length, 0)
      for (const project of ["a", "b"]) {
        for (const [name, limit] of [[model, 60], [other, 30]] as const) {
          const times = requests.filter((one) => one.project === project && one.model === name).map(({ time }) => time)
          times.forEach((time, i) => {
            const before = times[i - limit]
            if (before !== undefined) assert.isAbove(time - before, 60_000 - 1)
          })
        }
      }
      const lanes = yield* limiter.snapshot
      assert.isTrue(lanes.every(({ used, waiting }) => used.inFlight === 0 && waiting === 0))
      const explained = yield* (yield* Members.Members).explain({ model, contents: "Hi" })
      assert.strictEqual(explained.waiting, 0)
      assert.isDefined(explained.chosen)
    }).pipe(
      Random.withSeed(seed),
      Effect.provide(
        Members.layer({
          members,
          fallbackModels: [other],
          limits: { [model]: { rpm: 60, ...unlimited }, [other]: { rpm: 30, ...unlimited } },
          timeouts: { firstByte: "5 seconds" }
        }).pipe(Layer.provideMerge(Emulator.layerHttpClient({ projects, faults, seed: `${seed}` })))
      )
    ), { timeout: 120_000 })
})
