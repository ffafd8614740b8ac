/** What carries requests, each part by itself: a client in memory, and the mount of the admin API that loads late. */
import { assert, describe, it } from "@effect/vitest"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpClientError from "effect/http/HttpClientError"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { createServer } from "node:http"
import * as Mount from "../src/internal/admin/mount.ts"
import * as Step from "../src/internal/answers/step.ts"
import type * as Exchange from "../src/internal/server/exchange.ts"
import * as MemoryClient from "../src/internal/server/memoryClient.ts"

describe("a client in memory", () => {
  const encoder = new TextEncoder()

  /** A client of a server that answers by these steps, and what that server has heard. */
  const made = (steps: Step.Steps, slow?: { readonly millis: number; readonly bytes: number }) => {
    const log: Array<unknown> = []
    const seen: Array<Exchange.Incoming> = []
    const client = MemoryClient.make((incoming) => {
      seen.push(incoming)
      return Effect.map(incoming.read(slow), (bytes) => {
        log.push(new TextDecoder().decode(bytes))
        return {
          steps,
          sleep: Effect.sleep,
          sentHead: (status) => void log.push(status),
          sentBytes: (bytes) => void log.push(bytes.length),
          closed: (outcome) => void log.push(outcome)
        }
      })
    })
    return { client, log, seen }
  }

  const post = HttpClientRequest.post("http://a/b?c=d", { headers: { "X-Own": "1" } }).pipe(
    HttpClientRequest.bodyText("abc")
  )

  /** The code of what broke, and whether it broke in the body. */
  const broken = (error: HttpClientError.HttpClientError) => {
    const cause = "cause" in error.reason ? error.reason.cause : undefined
    return [error.reason._tag, cause instanceof Error && "code" in cause ? cause.code : undefined]
  }

  it.effect("is answered step by step, by the clock, and its server hears how it ended", () =>
    Effect.gen(function*() {
      const more = Step.more(Effect.succeed([Step.bytes("two"), Step.wait(7), Step.bytes("four")]))
      const steps = [Step.wait(5), Step.head(201, { "x-a": "b" }), Step.bytes("one"), more]
      const { client, log, seen } = made(steps)
      const asked = yield* Effect.forkChild(client.execute(post))
      yield* TestClock.adjust(4)
      assert.isUndefined(asked.pollUnsafe())
      yield* TestClock.adjust(1)
      const response = yield* Fiber.join(asked)
      assert.deepStrictEqual([response.status, response.headers["x-a"]], [201, "b"])
      const read = yield* Effect.forkChild(response.text)
      yield* TestClock.adjust(7)
      assert.strictEqual(yield* Fiber.join(read), "onetwofour")
      assert.deepStrictEqual(log.slice(0, 6), ["abc", 201, 3, 3, 4, "complete"])
      yield* client.execute(HttpClientRequest.get("http://a/")).pipe(Effect.forkChild)
      yield* TestClock.adjust(5)
      assert.deepStrictEqual(seen.map(({ connection, verb }) => [connection, verb]), [[0, "POST"], [1, "GET"]])
      assert.deepStrictEqual([seen[0]?.url.search, seen[0]?.headers["x-own"]], ["?c=d", "1"])
    }))

  it.effect("breaks as a socket does: before the head its request fails, behind it its body", () =>
    Effect.gen(function*() {
      const rows: ReadonlyArray<readonly [steps: Step.Steps, error: Array<unknown>, outcome: unknown]> = [
        [[Step.broken("reset")], ["TransportError", "ECONNRESET"], "reset"],
        [[Step.broken("cut")], ["TransportError", "UND_ERR_SOCKET"], "cut"],
        [[Step.bytes("x"), Step.broken("cut")], ["TransportError", "UND_ERR_SOCKET"], "cut"],
        [[], ["TransportError", "UND_ERR_SOCKET"], "abc"],
        [[Step.head(200, {}), Step.bytes("x"), Step.broken("reset")], ["DecodeError", "ECONNRESET"], "reset"],
        [[Step.head(200, {}), Step.broken("cut")], ["DecodeError", "UND_ERR_SOCKET"], "cut"]
      ]
      for (const [steps, error, outcome] of rows) {
        const { client, log } = made(steps)
        const failed = yield* Effect.flip(Effect.flatMap(client.execute(post), ({ text }) => text))
        assert.deepStrictEqual(broken(failed), error)
        assert.strictEqual(log.findLast((said) => said !== "aborted"), outcome)
      }
    }))

  it.effect("that leaves while nothing comes is heard by its server", () =>
    Effect.gen(function*() {
      const waits = made([Step.hang])
      const asked = yield* Effect.forkChild(waits.client.execute(post))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(asked)
      assert.deepStrictEqual(waits.log, ["abc", "aborted"])
      const streams = made([Step.head(200, {}), Step.bytes("x"), Step.hang])
      const response = yield* streams.client.execute(post)
      const reads = yield* Effect.forkChild(Stream.runDrain(response.stream))
      yield* TestClock.adjust(0)
      yield* Fiber.interrupt(reads)
      assert.deepStrictEqual(streams.log, ["abc", 200, 1, "aborted"])
    }))

  it.effect("sends every kind of body, as slowly as its server reads", () =>
    Effect.gen(function*() {
      const bodies: ReadonlyArray<readonly [HttpClientRequest.HttpClientRequest, string]> = [
        [HttpClientRequest.get("http://a/"), ""],
        [HttpClientRequest.bodyUint8Array(post, encoder.encode("bytes")), "bytes"],
        [HttpClientRequest.bodyStream(post, Stream.make(encoder.encode("one"), encoder.encode("two"))), "onetwo"]
      ]
      for (const [request, body] of bodies) {
        const { client, log } = made([Step.head(200, {})])
        yield* client.execute(request)
        assert.strictEqual(log[0], body)
      }
      const { client, log } = made([Step.head(200, {})], { bytes: 2, millis: 10 })
      const asked = yield* Effect.forkChild(client.execute(post))
      yield* TestClock.adjust(19)
      assert.deepStrictEqual(log, [])
      yield* TestClock.adjust(1)
      yield* Fiber.join(asked)
      assert.deepStrictEqual(log, ["abc", 200])
    }))
})

/** A server of nothing but the mount, which counts how often each part is loaded and closed. */
const mounted = async (
  load: (times: number) => Promise<string>,
  use: (get: (path: string) => Promise<readonly [number, string]>, counts: Record<string, number>) => Promise<void>
) => {
  const counts: Record<string, number> = { api: 0, page: 0, closed: 0, passed: 0 }
  const part = async (name: "api" | "page") => {
    counts[name] = (counts[name] ?? 0) + 1
    const words = await load(counts[name] ?? 0)
    return {
      answer: (_: unknown, response: { readonly end: (text: string) => unknown }) =>
        void response.end(`${name}: ${words}`),
      close: () => {
        counts["closed"] = (counts["closed"] ?? 0) + 1
        return Promise.resolve()
      }
    }
  }
  const mount = Mount.make(() => part("api"), () => part("page"))
  const server = createServer((request, response) => {
    if (mount.takes(request)) return mount.answer(request, response)
    counts["passed"] = (counts["passed"] ?? 0) + 1
    response.end("the API")
  })
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
  const address = server.address()
  const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
  await use(async (path) => {
    const response = await fetch(url + path, { redirect: "manual" })
    return [response.status, await response.text()] as const
  }, counts)
  mount.close()
  mount.close()
  await new Promise((resolve) => setImmediate(resolve))
  assert.strictEqual(counts["closed"], (counts["api"] ?? 0) > 0 ? 1 : 0)
  server.closeAllConnections()
  await new Promise((resolve) => server.close(resolve))
}

describe("the mount of the admin API", () => {
  it("answers whether the server is there without loading anything, and loads each part once", () =>
    mounted(() => Promise.resolve("loaded"), async (get, counts) => {
      assert.deepStrictEqual(await get("/_emulator/v1/health?x"), [200, "{\"status\":\"ok\"}\n"])
      assert.strictEqual((await get("/_emulator"))[0], 302)
      assert.deepStrictEqual(await get("/v1beta/models"), [200, "the API"])
      assert.deepStrictEqual(counts, { api: 0, page: 0, closed: 0, passed: 1 })
      assert.deepStrictEqual([await get("/_emulator/v1/spaces"), await get("/_emulator/v1/spaces")], [
        [200, "api: loaded"],
        [200, "api: loaded"]
      ])
      assert.deepStrictEqual([await get("/_emulator/"), await get("/_emulator/page.js")], [
        [200, "page: loaded"],
        [200, "page: loaded"]
      ])
      assert.deepStrictEqual(counts, { api: 1, page: 1, closed: 0, passed: 1 })
    }))

  it("says what could not be loaded, and tries it anew at the next request", () =>
    mounted((times) => times === 1 ? Promise.reject(new Error("no disk")) : Promise.resolve("loaded"), async (get) => {
      const failed = (detail: string) => `${JSON.stringify({ title: "Failed", status: 500, detail, problems: [] })}\n`
      assert.deepStrictEqual(await get("/_emulator/v1/spaces"), [
        500,
        failed("The admin API could not be loaded: no disk")
      ])
      assert.deepStrictEqual(await get("/_emulator/v1/spaces"), [200, "api: loaded"])
      assert.deepStrictEqual(await get("/_emulator/"), [500, failed("The page could not be loaded: no disk")])
      assert.deepStrictEqual(await get("/_emulator/"), [200, "page: loaded"])
    }))
})

describe("an answer of the admin API", () => {
  it("is in words for those who accept plain text, and takes a body by what it says of it", async () => {
    await using emulator = await Standalone.start()
    const call = async (path: string, init: RequestInit) => {
      const response = await fetch(`${emulator.url}/_emulator/v1/spaces/${path}`, init)
      return [response.status, response.headers.get("content-type"), await response.text()] as const
    }
    const accept = { accept: "text/plain" }
    const plain = "text/plain; charset=utf-8"
    assert.deepStrictEqual(await call("default/check", { headers: accept }), [
      200,
      plain,
      "All is well: 0 requests.\n"
    ])
    const [status, type, words] = await call("none", { headers: accept })
    assert.deepStrictEqual([status, type], [404, plain])
    assert.match(words, /^There is no space "none"/)
    const [, queue, json] = await call("default/queue", { headers: accept })
    assert.match(queue ?? "", /json/)
    assert.deepStrictEqual(JSON.parse(json), { waiting: 0 })
    const [, problem] = await call("none", { headers: { accept: "*/*" } })
    assert.strictEqual(problem, "application/problem+json")
    const rules = (body: string, type: string) =>
      call("default/rules", { method: "PUT", body, headers: { "content-type": type } })
    const toml = "[[rule]]\nname = \"a\"\nreply = \"A\"\n"
    assert.strictEqual((await rules(toml, "text/x-TOML"))[0], 200)
    assert.strictEqual((await rules(toml, "application/x-www-form-urlencoded"))[0], 400)
    assert.strictEqual((await rules("{\"rule\":[]}", "application/x-www-form-urlencoded"))[0], 200)
  })
})
