/** Streams as web responses: statuses of refusals, what a reader sees, and what becomes of one who leaves. */
import { errorResponse, eventResponse, GeminiError, textResponse } from "effect-gemini-promises"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import * as Duration from "effect/Duration"
import { expect, test } from "vitest"
import { z } from "zod"
import { last, rejected, server } from "./server.ts"

const { emulator, make } = server()

test("the text of a stream", async () => {
  await using gemini = make()
  emulator().enqueue({ chunks: ["one ", last("two")] })
  const response = await textResponse(gemini.stream("Count"), { headers: { "x-mine": "1" } })
  expect(response.status).toBe(200)
  expect(response.headers.get("content-type")).toBe("text/plain; charset=utf-8")
  expect(response.headers.get("x-mine")).toBe("1")
  expect(await response.text()).toBe("one two")
})

test("events are lines of JSON, without the wire response", async () => {
  await using gemini = make()
  emulator().enqueue({ chunks: ["one\n", last("two")] }, { json: { n: 1 } })
  const response = await eventResponse(gemini.stream("Count"))
  expect(response.headers.get("content-type")).toBe("text/event-stream; charset=utf-8")
  const events = (await response.text()).trim().split("\n\n").map((event) => JSON.parse(event.replace(/^data: /, "")))
  expect(events.map(({ text }) => text)).toEqual(["one\n", "two"])
  expect(events[1]).toMatchObject({ finished: true, finishReason: "STOP" })
  expect(events[1]).not.toHaveProperty("response")
  const objects = await eventResponse(gemini.objectStream({ schema: z.object({ n: z.number() }), contents: "One" }))
  expect(await objects.text()).toContain(`data: {"finished":true,"value":{"n":1}}`)
})

test("a refusal is a status, not a broken stream", async () => {
  await using gemini = make({ retry: { attempts: 1 } })
  emulator().enqueue({ error: { code: 503 } })
  const response = await textResponse(gemini.stream("Count"))
  expect(response.status).toBe(503)
  expect(await response.json()).toMatchObject({ reason: "Overloaded" })
})

test("a cut stream ends events with an error, and breaks text off", async () => {
  await using gemini = make({ retry: { attempts: 1 } })
  const cut = { chunks: ["one ", "two ", last("three")], chunkDelay: 1, fault: { cut: { chunks: 2 } } }
  emulator().enqueue(cut, cut)
  const events = await (await eventResponse(gemini.stream("Count"))).text()
  expect(events).toMatch(/event: error\ndata: \{"reason":"StreamInterrupted","message":"[^"]+"\}\n\n$/)
  const text = await textResponse(gemini.stream("Count"))
  expect(await rejected(text.text())).toBeInstanceOf(GeminiError)
})

test("a reader who leaves closes the request", async () => {
  await using gemini = make()
  emulator().enqueue({ chunks: Array.from({ length: 2_000 }, () => "word "), chunkDelay: 5 })
  const response = await textResponse(gemini.stream("Tell a story"))
  await response.body?.cancel()
  const [entry] = await emulator().awaitClosed(1)
  expect(entry?.outcome).toBe("aborted")
})

test("an error tells the caller what is theirs, and nothing of the program's key", async () => {
  const of = (reason: Reason.GeminiErrorReason, retryAfter?: Duration.Duration) =>
    errorResponse(
      new GeminiError({ method: "generateContent", attempts: [], reason, ...(retryAfter && { retryAfter }) })
    )
  const limited = of(new Reason.RateLimited({ violations: [] }), Duration.millis(1_200))
  expect(limited.status).toBe(429)
  expect(limited.headers.get("retry-after")).toBe("2")
  expect(of(new Reason.MissingApiKey({})).status).toBe(500)
  const refused = of(new Reason.Unauthenticated({ description: "API key AIza-secret not valid" }))
  expect(refused.status).toBe(500)
  expect(await refused.json()).toEqual({ reason: "Unauthenticated", message: "the service is not set up to answer" })
  const error = new Error("mine")
  expect(() => errorResponse(error)).toThrow(error)
})
