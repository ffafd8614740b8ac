/** The front door for plain TypeScript, against an emulator over real sockets. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import { Gemini, GeminiError } from "effect-gemini-promises"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { describe, expect, test } from "vitest"
import { all, last, reasonOf, rejected, server } from "./server.ts"

const { emulator, make } = server()

test("a text is a request", async () => {
  await using gemini = make()
  emulator().enqueue({ text: "Hello" }, { text: "Bonjour" })
  expect((await gemini.generate("Say hello")).text).toBe("Hello")
  const answer = await gemini.generate({ contents: "Say hello", systemInstruction: "In French." })
  expect(answer.text).toBe("Bonjour")
  expect(answer.usage?.totalTokens).toBeGreaterThan(0)
})

describe("streams", () => {
  test("chunks come in order, and only the last one is finished", async () => {
    await using gemini = make()
    emulator().enqueue({ chunks: ["one ", "two ", last("three")] })
    const chunks = []
    for await (const chunk of gemini.stream("Count")) chunks.push(chunk)
    expect(chunks.map(({ text }) => text).join("")).toBe("one two three")
    expect(chunks.map(({ finished }) => finished)).toEqual(chunks.map((_, i) => i === chunks.length - 1))
  })

  test("nothing is sent before the loop begins, and a stream is read once", async () => {
    await using gemini = make()
    const stream = gemini.stream("Count")
    expect(emulator().requests()).toHaveLength(0)
    expect((await all(stream)).length).toBeGreaterThan(0)
    expect(await all(stream)).toEqual([])
    expect(emulator().requests()).toHaveLength(1)
  })

  test("leaving the loop closes the request", async () => {
    await using gemini = make()
    emulator().enqueue({ chunks: Array.from({ length: 2_000 }, () => "word "), chunkDelay: 5 })
    for await (const chunk of gemini.stream("Tell a story")) {
      expect(chunk.text).not.toBe("")
      break
    }
    const [entry] = await emulator().awaitClosed(1)
    expect(entry?.outcome).toBe("aborted")
  })

  test("calls of next() that do not wait are answered in turn", async () => {
    await using gemini = make()
    emulator().enqueue({ chunks: ["a ", "b ", "c ", last("d")] })
    const stream = gemini.stream("Count")
    const five = await Promise.all([stream.next(), stream.next(), stream.next(), stream.next(), stream.next()])
    expect(five.map(({ done }) => done)).toEqual([false, false, false, false, true])
    expect(five.map(({ value }) => value?.text ?? "").join("")).toBe("a b c d")
  })

  test("a cut stream rejects with what had come", async () => {
    await using gemini = make()
    emulator().enqueue({ chunks: ["one ", "two ", "three ", "four"] })
    emulator().addFault({ cut: { chunks: 2 } })
    let text = ""
    const error = await rejected((async () => {
      for await (const chunk of gemini.stream("Count")) text += chunk.text
    })())
    expect(reasonOf(error)).toBe("StreamInterrupted")
    expect(text).not.toBe("")
  })
})

describe("signals", () => {
  test("a call rejects with the signal's own reason, and its request is closed", async () => {
    await using gemini = make()
    emulator().addFault({ delay: 3_600_000 })
    const controller = new AbortController()
    const reason = new Error("the user left")
    const call = rejected(gemini.generate("Say hello", { signal: controller.signal }))
    await emulator().awaitRequests(1)
    controller.abort(reason)
    expect(await call).toBe(reason)
    await emulator().awaitClosed(1)
  })

  test("nothing is sent for a signal that is aborted already", async () => {
    await using gemini = make()
    const signal = AbortSignal.abort("too late")
    expect(await rejected(gemini.generate("Say hello", { signal }))).toBe("too late")
    expect(await rejected(gemini.stream("Say hello", { signal }).next())).toBe("too late")
    expect(await rejected(gemini.embed("a", { signal }))).toBe("too late")
    expect(await rejected(gemini.countTokens("a", { signal }))).toBe("too late")
    expect(await rejected(gemini.models({ signal }).next())).toBe("too late")
    expect(await rejected(gemini.effect(Effect.never, { signal }))).toBe("too late")
    expect(emulator().requests()).toHaveLength(0)
  })

  test("a stream rejects with the signal's own reason, also while its reader does something else", async () => {
    await using gemini = make()
    const controller = new AbortController()
    emulator().enqueue({ chunks: Array.from({ length: 2_000 }, () => "word "), chunkDelay: 5 })
    const error = await rejected((async () => {
      for await (const _ of gemini.stream("Tell", { signal: controller.signal })) {
        controller.abort("enough")
        await emulator().awaitClosed(1)
      }
    })())
    expect(error).toBe("enough")
  })

  test("a finished call leaves no listener", async () => {
    await using gemini = make()
    const { signal } = new AbortController()
    let listeners = 0
    const { addEventListener, removeEventListener } = signal
    Object.assign(signal, {
      addEventListener: (
        ...args: Parameters<typeof addEventListener>
      ) => (listeners++, addEventListener.apply(signal, args)),
      removeEventListener: (
        ...args: Parameters<typeof removeEventListener>
      ) => (listeners--, removeEventListener.apply(signal, args))
    })
    await gemini.generate("Say hello", { signal })
    await all(gemini.stream("Say hello", { signal }))
    expect(listeners).toBe(0)
  })
})

describe("errors", () => {
  test("a failure is the GeminiError itself", async () => {
    await using gemini = make({ retry: { attempts: 1 } })
    emulator().enqueue({ error: { code: 503 } })
    const error = await rejected(gemini.generate("Say hello"))
    expect(error).toBeInstanceOf(GeminiError)
    expect(reasonOf(error)).toBe("Overloaded")
    const missing = await rejected(gemini.generate({ model: "gemini-3.8-flush", contents: "Say hello" }))
    expect(reasonOf(missing)).toBe("NotFound")
    expect(missing).toMatchObject({ message: expect.stringContaining("gemini-3.8-flash") })
  })

  test("an option that cannot be meant throws at once, and names itself", () => {
    const thrown = (options: unknown): unknown => {
      try {
        Reflect.construct(Gemini, [options])
      } catch (error) {
        return error instanceof GeminiError ? error.message : error
      }
      return "nothing"
    }
    expect(thrown({ tier: "tier9" })).toMatch(/tier: expected one of/)
    expect(thrown({ apiKey: 1 })).toMatch(/apiKey: expected the key as text, got a value of type number/)
    expect(thrown("AIza-secret")).toMatch(/options: expected an object/)
    expect(thrown("AIza-secret")).not.toMatch(/secret/)
    expect(thrown({ layer: Layer.empty, tier: "free" })).toMatch(/tier: stands beside `layer`/)
    expect(thrown({ layer: 1 })).toMatch(/layer: expected a Layer/)
    expect(thrown({ fetch: 1 })).toMatch(/fetch: expected a function/)
  })

  test("calls after close() say so, and close() may be called twice", async () => {
    const gemini = make()
    await gemini.generate("Say hello")
    await gemini.close()
    await gemini.close()
    for (const call of [gemini.generate("a"), gemini.stream("a").next(), gemini.effect(Effect.void)]) {
      expect(await rejected(call)).toMatchObject({ message: expect.stringContaining("the client was closed") })
    }
  })
})

test("other calls have their plain forms", async () => {
  await using gemini = make()
  expect((await gemini.embed(["A cat", "A dog"])).vectors).toHaveLength(2)
  expect((await gemini.embed("A cat")).vectors).toHaveLength(1)
  expect((await gemini.embed({ contents: "A cat", outputDimensionality: 256 })).vectors[0]).toHaveLength(256)
  expect((await gemini.countTokens("How much is this?")).totalTokens).toBeGreaterThan(0)
  const models = await all(gemini.models())
  expect(models.length).toBeGreaterThan(5)
  expect((await gemini.model("gemini-3.8-flash")).name).toBe("models/gemini-3.8-flash")
})

test("a call tells where it waits", async () => {
  await using gemini = make({ retry: { baseDelay: 1 } })
  emulator().enqueue({ error: { code: 503 } }, { text: "Hello" })
  const events: Array<string> = []
  await gemini.generate("Say hello", { observe: ({ _tag }) => events.push(_tag) })
  expect(events).toContain("Retrying")
})

test("effects and streams of Effect run in the client", async () => {
  await using gemini = make()
  const { generate, generateStream } = await gemini.effect(GeminiClient.GeminiClient)
  expect((await gemini.effect(generate({ contents: "Say hello" }))).text).not.toBe("")
  const texts = await all(
    gemini.effect(Stream.map(generateStream({ contents: "Say hello" }), ({ text }) => text))
  )
  expect(texts.join("")).not.toBe("")
})

test("a client over a layer needs no socket", async () => {
  const client = GeminiClient.layer({ apiKey: Redacted.make("any"), baseUrl: "http://emulator.invalid" })
  await using gemini = new Gemini({ layer: Layer.provide(client, Emulator.layerHttpClient()) })
  expect((await gemini.generate("Say hello")).text).not.toBe("")
})

test("requests go through the given fetch", async () => {
  let calls = 0
  await using gemini = make({
    fetch: (input, init) => {
      calls++
      return fetch(input, init)
    }
  })
  await gemini.generate("Say hello")
  expect(calls).toBe(1)
})
