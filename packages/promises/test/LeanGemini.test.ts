/** The client without tools, objects and chats, and what a client's options are read as. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import { Gemini, GeminiError, LeanGemini } from "effect-gemini-promises"
import { Files } from "effect-gemini/files/Files"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { describe, expect, test } from "vitest"
import * as ClientCall from "../src/internal/clientCall.ts"
import { all, last, rejected, server } from "./server.ts"

const { emulator, make } = server()
const lean = () => new LeanGemini({ apiKey: "test-key", baseUrl: emulator().url, tier: "tier3" })

test("each call takes a text, a list or a request, and gives what the client gives", async () => {
  await using gemini = lean()
  const asked = ["Hello", [{ role: "user", parts: [{ text: "Hello" }] }], { contents: "Hello" }] as const
  for (const request of asked) {
    emulator().enqueue({ text: "Hi" }, { chunks: ["H", last("i")] })
    expect((await gemini.generate(request)).text).toBe("Hi")
    expect((await all(gemini.stream(request))).map(({ text }) => text).join("")).toBe("Hi")
    expect((await gemini.countTokens(request)).totalTokens).toBeGreaterThan(0)
  }
  for (const { body } of emulator().requests().filter(({ path }) => path.includes("generate"))) {
    expect(JSON.parse(JSON.stringify(body)).contents).toEqual([{ role: "user", parts: [{ text: "Hello" }] }])
  }
  expect((await gemini.embed("A cat")).vectors).toHaveLength(1)
  expect((await gemini.embed(["A cat", "A dog"])).vectors).toHaveLength(2)
  expect((await gemini.embed({ contents: ["A cat"], outputDimensionality: 256 })).vectors[0]).toHaveLength(256)
  expect((await gemini.model("gemini-3.8-flash")).name).toBe("models/gemini-3.8-flash")
  expect((await all(gemini.models())).length).toBeGreaterThan(5)
  expect(await gemini.effect(Effect.succeed(1))).toBe(1)
  expect(await all(gemini.effect(Stream.make(1, 2)))).toEqual([1, 2])
})

test("is closed by `await using`, and shows nothing of itself", async () => {
  const gemini = lean()
  expect(Object.keys(gemini)).toEqual([])
  await gemini[Symbol.asyncDispose]()
  expect(await rejected(gemini.generate("Hello"))).toMatchObject({ method: "close" })
})

describe("options", () => {
  const thrown = (options: unknown): string => {
    try {
      Reflect.construct(Gemini, [options])
    } catch (error) {
      return error instanceof GeminiError ? error.message : String(error)
    }
    return "nothing"
  }
  test("of the wrong kind are named by their type alone", () => {
    expect(thrown(null)).toMatch(/options: expected an object, .* got a value of type null/)
    expect(thrown("AIza")).toMatch(/options: .* got a value of type string/)
    expect(thrown({ apiKey: null })).toMatch(/apiKey: expected the key as text, got a value of type null/)
    expect(thrown({ fetch: null })).toMatch(/fetch: expected a function, got a value of type null/)
    expect(thrown({ layer: null })).toMatch(/layer: expected a Layer, got a value of type null/)
    expect(thrown({ layer: Layer.empty })).toBe("nothing")
    expect(thrown({})).toBe("nothing")
    expect(thrown({ apiKey: undefined, fetch: undefined })).toBe("nothing")
  })

  test("of a call are the client's: all but the signal, with observers that are run as effects", () => {
    expect(ClientCall.toClient(undefined)).toBeUndefined()
    expect(ClientCall.toClient(null as unknown as undefined)).toBeNull()
    expect(Reflect.apply(ClientCall.toClient, undefined, ["text"])).toBe("text")
    const { signal } = new AbortController()
    expect(ClientCall.toClient({ signal, deadline: 5 } as object)).toEqual({ deadline: 5 })
    const heard: Array<unknown> = []
    const observe = (event: unknown) => heard.push(event)
    const call = ClientCall.toClient({ observe, fallback: { model: "other", observe } } as object)
    expect(call?.fallback).toMatchObject({ model: "other" })
    Effect.runSync(Reflect.apply(call?.observe ?? String, undefined, ["event"]))
    Effect.runSync(Reflect.apply(call?.fallback?.observe ?? String, undefined, ["error"]))
    expect(heard).toEqual(["event", "error"])
    expect(ClientCall.toClient({ fallback: { model: "other" } } as object)).toEqual({ fallback: { model: "other" } })
  })
})

describe("a service by its name", () => {
  const layer = () =>
    Layer.provide(
      GeminiClient.layer({ apiKey: Redacted.make("any"), baseUrl: "http://emulator.invalid" }),
      Emulator.layerHttpClient()
    )
  class Counter extends Context.Service<Counter, { readonly next: () => Effect.Effect<number> }>()("test/Counter") {}

  test("goes over the client's own fetch and key, and is made once", async () => {
    let calls = 0
    await using gemini = make({
      fetch: (input, init) => {
        calls++
        return fetch(input, init)
      }
    })
    const files = await gemini.with(Files)
    expect(await all(files.list())).toEqual([])
    expect(calls).toBe(1)
    expect(emulator().requests()).toHaveLength(1)
  })

  test("of a client over a layer is what the layer has, else that of the layer that is given", async () => {
    await using gemini = new Gemini({ layer: layer() })
    expect((await (await gemini.with(GeminiClient.GeminiClient)).generate({ contents: "Hello" })).text).not.toBe("")
    expect(await rejected(gemini.with(Files))).toMatchObject({ message: expect.stringContaining("give its layer") })
    let made = 0
    const counted = Layer.sync(Counter, () => {
      made++
      let count = 0
      return { next: () => Effect.sync(() => ++count) }
    })
    const first = await gemini.with(Counter, { layer: counted })
    expect(await first.next()).toBe(1)
    expect(await (await gemini.with(Counter, { layer: counted })).next()).toBe(2)
    expect(made).toBe(1)
    expect(await rejected(gemini.with(Counter))).toMatchObject({ message: expect.stringContaining("test/Counter") })
  })

  test("closes at once what failed or needs no scope, and what is held when it is disposed of or with the client", async () => {
    const closed: Array<string> = []
    const opened = (name: string) =>
      Effect.acquireRelease(Effect.succeed({ name }), () => Effect.sync(() => closed.push(name)))
    class Opener extends Context.Service<Opener, {
      readonly open: (name: string) => Effect.Effect<{ readonly name: string }, never, Scope.Scope>
      readonly fail: () => Effect.Effect<never, string, Scope.Scope>
    }>()("test/Opener") {}
    const gemini = new Gemini({ layer: layer() })
    const opener = await gemini.with(Opener, {
      layer: Layer.succeed(Opener, {
        open: opened,
        fail: () => Effect.andThen(opened("failed"), Effect.fail("no"))
      })
    })
    expect(await rejected(opener.fail())).toBe("no")
    expect(closed).toEqual(["failed"])
    const held = await opener.open("held")
    const kept = await opener.open("kept")
    expect([held.name, kept.name]).toEqual(["held", "kept"])
    expect(closed).toEqual(["failed"])
    await held[Symbol.asyncDispose]()
    expect(closed).toEqual(["failed", "held"])
    await gemini.close()
    expect(closed).toEqual(["failed", "held", "kept"])
  })
})
