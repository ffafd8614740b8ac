/** Caches as the API has them: what is sent, what is refused before that, and every way to name one. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import { type CacheRequest, Caches, type CachesService, type Expiry } from "effect-gemini/caches/Caches"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { emulated, start, textOf } from "./cachedPrefix.ts"

const model = "gemini-2.5-flash"
const contents = textOf(2_000)

const caches = (
  name: string,
  body: (caches: CachesService, emulator: Emulator.Service) => Effect.Effect<void, unknown>
) =>
  it.effect(name, () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(start)
      yield* body(yield* Caches, yield* Emulator.Emulator)
    }).pipe(Effect.provide(emulated())))

const fieldOf = ({ reason }: GeminiError): string =>
  reason._tag === "InvalidRequest" ? `${reason.fields[0]?.field}: ${reason.fields[0]?.description}` : reason._tag

describe("a cache is refused before anything is sent", () => {
  const rows: ReadonlyArray<readonly [name: string, request: object, expected: RegExp]> = [
    ["without a model", { contents }, /^model: /],
    ["of what is no name", { model: "no name!", contents }, /^model: /],
    ["without anything in it", { model }, /^contents: expected contents, a systemInstruction or tools/],
    ["with no contents and no tools", { model, contents: [], tools: [] }, /^contents: /],
    ["with a name of 129 characters", { model, contents, displayName: "x".repeat(129) }, /^displayName: .* 128/],
    [
      "with both ends",
      { model, contents, ttl: "1 minute", expireTime: new Date(start) },
      /^expireTime: stands beside ttl/
    ],
    ["for no time", { model, contents, ttl: 0 }, /^ttl: expected a duration above zero/],
    ["for less than no time", { model, contents, ttl: -1 }, /^ttl: /],
    ["for ever", { model, contents, ttl: Infinity }, /^ttl: /],
    ["for what is no duration", { model, contents, ttl: "soon" }, /^ttl: /],
    ["until what is no time", { model, contents, expireTime: "tomorrow" }, /^expireTime: expected a Date or a time/],
    ["until no date", { model, contents, expireTime: new Date(Number.NaN) }, /^expireTime: /]
  ]
  for (const [name, request, expected] of rows) {
    caches(name, (caches, emulator) =>
      Effect.gen(function*() {
        const error = yield* Effect.flip(caches.create(request as CacheRequest))
        assert.match(fieldOf(error), expected)
        assert.strictEqual(error.method, "caches.create")
        assert.lengthOf(yield* emulator.requests, 0)
      }))
  }
  caches("and so is another end that is none, or no end", (caches, emulator) =>
    Effect.gen(function*() {
      for (
        const [expiry, expected] of [
          [{}, /^ttl: expected a ttl or an expireTime/],
          [undefined, /^ttl: expected a ttl or an expireTime/],
          [{ ttl: 0 }, /^ttl: expected a duration/]
        ] as const
      ) {
        const error = yield* Effect.flip(caches.update("cachedContents/a", expiry as Expiry))
        assert.match(fieldOf(error), expected)
        assert.strictEqual(error.method, "caches.update")
      }
      assert.lengthOf(yield* emulator.requests, 0)
    }))
  caches("and so is what is no cache's name, by every method", (caches, emulator) =>
    Effect.gen(function*() {
      for (const name of ["", "files/a", "cachedContents/", "a b", "a:b"]) {
        for (
          const [method, asked] of [
            ["caches.get", caches.get(name)],
            ["caches.update", caches.update(name, { ttl: "1 minute" })],
            ["caches.delete", caches.delete(name)]
          ] as const
        ) {
          const error = yield* Effect.flip(asked)
          assert.match(fieldOf(error), /^cache: expected cachedContents\/ID, got /, name)
          assert.strictEqual(error.method, method)
        }
      }
      assert.lengthOf(yield* emulator.requests, 0)
    }))
})

describe("a cache", () => {
  const bodies = (emulator: Emulator.Service) =>
    Effect.map(emulator.requests, (requests) => requests.map(({ body }) => JSON.parse(JSON.stringify(body ?? {}))))

  caches("is sent with what it holds, and nothing else", (caches, emulator) =>
    Effect.gen(function*() {
      const tools = [{ functionDeclarations: [{ name: "f" }] }]
      const toolConfig = { functionCallingConfig: { mode: "ANY" } } as const
      yield* caches.create({ model, contents, displayName: "x".repeat(128), ttl: "90 seconds" })
      yield* caches.create({ model, systemInstruction: contents, tools, toolConfig, displayName: "a", ttl: 1_500 })
      yield* caches.create({ model, contents, expireTime: new Date(start + 60_000) })
      yield* caches.create({ model, contents, expireTime: "2026-12-31T12:00:00Z" })
      const [first, second, third, fourth] = yield* bodies(emulator)
      assert.deepStrictEqual(first, {
        model: "models/gemini-2.5-flash",
        contents: [{ role: "user", parts: [{ text: contents }] }],
        displayName: "x".repeat(128),
        ttl: "90s"
      })
      assert.deepStrictEqual(second, {
        model: "models/gemini-2.5-flash",
        systemInstruction: { parts: [{ text: contents }] },
        tools,
        toolConfig,
        displayName: "a",
        ttl: "1.5s"
      })
      assert.deepInclude(third, { expireTime: new Date(start + 60_000).toISOString() })
      assert.match(third.displayName, /^prefix-[a-z0-9]{24}$/)
      assert.deepInclude(fourth, { expireTime: "2026-12-31T12:00:00Z" })
      assert.notStrictEqual(third.displayName, fourth.displayName)
    }))

  caches(
    "is known by its name, its id and its handle, can get another end, and is gone once it is deleted",
    (caches, emulator) =>
      Effect.gen(function*() {
        const { cache, handle } = yield* caches.create({ model, contents, ttl: "10 minutes" })
        const name = cache.name ?? ""
        assert.match(name, /^cachedContents\//)
        assert.deepStrictEqual(handle.name, name)
        for (const input of [name, name.replace("cachedContents/", ""), handle]) {
          const kept = yield* caches.get(input)
          assert.strictEqual(kept.cache.name, name)
          assert.deepStrictEqual(kept.handle, handle)
        }
        const moved = yield* caches.update(handle, { ttl: "20 minutes" })
        assert.strictEqual(Date.parse(moved.cache.expireTime ?? ""), start + 20 * 60_000)
        const until = yield* caches.update(name, { expireTime: new Date(start + 5 * 60_000) })
        assert.strictEqual(Date.parse(until.cache.expireTime ?? ""), start + 5 * 60_000)
        yield* caches.delete(handle)
        assert.strictEqual((yield* Effect.flip(caches.get(name))).reason._tag, "NotFound")
        assert.deepStrictEqual(
          (yield* emulator.requests).map(({ apiMethod }) => apiMethod),
          ["create", "get", "get", "get", "update", "update", "delete", "get"].map((method) => `caches.${method}`)
        )
      })
  )

  caches("is listed with all others, page by page, each with its handle", (caches, emulator) =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* Stream.runCollect(caches.list()), [])
      yield* Effect.forEach(["a", "b", "c"], (displayName) => caches.create({ model, contents, displayName }))
      const listed = yield* Stream.runCollect(caches.list({ pageSize: 2 }))
      assert.sameMembers(listed.map(({ cache }) => cache.displayName), ["a", "b", "c"])
      for (const { cache, handle } of listed) assert.strictEqual(handle.name, cache.name)
      const asked = (yield* emulator.requests).filter(({ apiMethod }) => apiMethod === "caches.list")
      assert.lengthOf(asked, 3)
    }))
})
