import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"

import * as Members from "effect-gemini/Members"

import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"

import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"

const services = (options: Partial<Members.Options> & Pick<Members.Options, "members">, emulator: Emulator.Options) =>
  Members.layer({ tier: "tier3", ...options }).pipe(Layer.provideMerge(Emulator.layerHttpClient(emulator)))

const generate = (text = "one two three") =>
  GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: text }))

describe("three members of two projects", () => {
  const quota = { models: { [model]: { rpm: 100 } } }
  const limits = { [model]: { rpm: 100, tpm: Infinity, rpd: Infinity, concurrency: Infinity } }
  const members = [
    { name: "a1", project: "a", apiKey: Redacted.make("key-a1") },
    { name: "a2", project: "a", apiKey: Redacted.make("key-a2") },
    { name: "b", project: "b", apiKey: Redacted.make("key-b") }
  ]

  it.effect("use at least 95 % of the sum of the quotas, and no request is refused", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const minutes = 10
      const calls = yield* Effect.forkChild(
        Effect.forEach(Array.from({ length: 4_000 }), () => generate(), { concurrency: 50, discard: true }),
        { startImmediately: true }
      )
      for (let i = 0; i < minutes * 60; i++) yield* TestClock.adjust("1 seconds")
      yield* Fiber.interrupt(calls)
      const requests = yield* emulator.requests
      const served = requests.filter(({ status }) => status === 200).length

      assert.isAtLeast(served, 0.95 * 200 * minutes)
      assert.strictEqual(requests.length, served)
    }).pipe(Effect.provide(services({ members, limits }, {
      projects: { a: { keys: ["key-a1", "key-a2"], quotas: quota }, b: { keys: ["key-b"], quotas: quota } }
    }))))
})
