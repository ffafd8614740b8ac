/** What carries requests, each part at its edges: a socket that is none, a web handler, and how a request names its address. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as TestClock from "effect/testing/TestClock"
import { IncomingMessage, ServerResponse } from "node:http"
import { Socket } from "node:net"
import * as Step from "../src/internal/answers/step.ts"
import type * as Carrier from "../src/internal/live/carrier.ts"
import * as Entrance from "../src/internal/server/entrance.ts"
import * as Exchange from "../src/internal/server/exchange.ts"
import { MemoryWebSocket } from "../src/internal/server/MemoryWebSocket.ts"
import * as NodeRequest from "../src/internal/server/nodeRequest.ts"
import * as WebHandler from "../src/internal/server/webHandler.ts"

interface CloseEvent {
  readonly code: number
  readonly reason: string
  readonly wasClean: boolean
}

/** Lets microtasks and fibers come to an end. */
const settled = Effect.promise(() => new Promise<void>((resolve) => setImmediate(resolve)))

/** A socket in memory, its server's side, and what both have heard. */
const opened = Effect.fnUntraced(function*(
  upgrade?: Carrier.Upgrade | "fails",
  headers: Readonly<Record<string, string>> = {}
) {
  const heard: Array<unknown> = []
  const told: Array<unknown> = []
  let server: Carrier.Carrier | undefined
  let asked: Carrier.IncomingUpgrade | undefined
  const services = yield* Effect.context<never>()
  const ws = new MemoryWebSocket(
    "ws://emulator.invalid/live?a=1",
    headers,
    (incoming) =>
      Effect.suspend(() => {
        asked = incoming
        if (upgrade === "fails") return Effect.die("oops")
        return Effect.succeed(
          upgrade ?? {
            _tag: "Accepted",
            connect: (carrier) => {
              server = carrier
              return {
                run: Effect.never,
                receive: (data) => void told.push(data),
                pinged: (pong) => {
                  told.push("ping")
                  pong()
                },
                gone: (code, reason) => void told.push([code, reason])
              }
            }
          }
        )
      }),
    Effect.runForkWith(services)
  )
  // Handlers of both kinds hear the same: these are properties of the socket.
  Object.assign(ws, {
    onopen: () => void heard.push("open"),
    onmessage: ({ data }: { readonly data: unknown }) => void heard.push(data),
    onerror: ({ message }: { readonly message: string }) => void heard.push(["error", message]),
    onclose: ({ code, reason, wasClean }: CloseEvent) => void heard.push(["close", code, reason, wasClean])
  })
  const before = ws.readyState
  yield* settled
  yield* settled
  return { ws, heard, told, before, asked: () => asked, server: () => server ?? assert.fail("it is not open") }
})

const frame = (data: string | Uint8Array): Carrier.ServerFrame => ({ data, fragments: 1 })

describe("a socket in memory", () => {
  it.effect("opens when its listeners are in place, and hands over address and headers", () =>
    Effect.gen(function*() {
      const { asked, before, heard, ws } = yield* opened(undefined, { "X-Own": "a" })
      assert.deepStrictEqual([before, ws.readyState, ws.isPaused, ws.bufferedAmount], [0, 1, false, 0])
      assert.deepStrictEqual(heard, ["open"])
      assert.strictEqual(asked()?.url.search, "?a=1")
      assert.deepStrictEqual(asked()?.headers, { "x-own": "a" })
    }))

  it.effect("carries text and bytes both ways, as copies, in the form that was asked for", () =>
    Effect.gen(function*() {
      const { heard, server, told, ws } = yield* opened()
      const mine = new Uint8Array([1, 2])
      let done = 0
      ws.send("a", () => void done++)
      ws.send(mine, {}, () => void done++)
      ws.send(new Uint8Array([3]).buffer)
      mine[0] = 9
      yield* settled
      assert.deepStrictEqual([told, done], [["a", new Uint8Array([1, 2]), new Uint8Array([3])], 2])
      const raw: Array<unknown> = []
      ws.on("message", (data, isBinary) => raw.push([Buffer.isBuffer(data), isBinary]))
      yield* server().send(frame("b"))
      yield* server().send(frame(new Uint8Array([4])))
      ws.binaryType = "arraybuffer"
      yield* server().send(frame(new Uint8Array([5])))
      ws.binaryType = "blob"
      yield* server().send(frame(new Uint8Array([6])))
      assert.deepStrictEqual(heard.slice(1, 3), ["b", Buffer.from([4])])
      assert.isTrue(heard[3] instanceof ArrayBuffer && heard[4] instanceof Blob)
      assert.deepStrictEqual(raw, [[true, false], [true, true], [true, true], [true, true]])
    }))

  it.effect("is not to be written to before it opens, and says so to the caller when it has closed", () =>
    Effect.gen(function*() {
      const services = yield* Effect.context<never>()
      const early = new MemoryWebSocket("ws://a/", {}, () => Effect.never, Effect.runForkWith(services))
      assert.throws(() => early.send("x"), /CONNECTING/)
      assert.throws(() => early.ping(), /CONNECTING/)
      const ends: Array<unknown> = []
      early.on("error", (error) => ends.push(String(error)))
      early.on("close", (code) => ends.push(code))
      early.pause()
      assert.isFalse(early.isPaused)
      early.close()
      yield* settled
      assert.deepStrictEqual(ends, ["Error: WebSocket was closed before the connection was established", 1006])
      const { heard, told, ws } = yield* opened()
      ws.close(1000, "bye")
      assert.strictEqual(ws.readyState, 3)
      assert.deepStrictEqual(heard.at(-1), ["close", 1000, "bye", true])
      assert.deepStrictEqual(told[0], [1000, "bye"])
      const late: Array<unknown> = []
      ws.send("x", (error) => late.push(error?.message))
      ws.close()
      ws.terminate()
      yield* settled
      assert.deepStrictEqual(late, ["WebSocket is not open: readyState 3"])
      assert.strictEqual(heard.filter((each) => Array.isArray(each)).length, 1)
    }))

  it.effect("ends as each side ends it", () =>
    Effect.gen(function*() {
      const ends = [
        ["no code", ({ ws }) => ws.close(), ["close", 1005, "", true]],
        ["a cut by the client", ({ ws }) => ws.terminate(), ["close", 1006, "", false]],
        ["the server", ({ server }) => server().close(1008, "why"), ["close", 1008, "why", true]],
        ["the server, without a code", ({ server }) => server().close(1005, "why"), ["close", 1005, "", true]],
        ["a reset", ({ server }) => server().destroy("reset"), ["close", 1006, "", false]]
      ] satisfies ReadonlyArray<
        readonly [string, (of: Effect.Success<ReturnType<typeof opened>>) => void, ReadonlyArray<unknown>]
      >
      for (const [title, act, end] of ends) {
        const made = yield* opened()
        act(made)
        yield* settled
        assert.deepStrictEqual(made.heard.at(-1), end, title)
        assert.strictEqual(made.ws.readyState, 3)
        yield* made.server().send(frame("late"))
        assert.notInclude(made.heard, "late")
      }
      const refused = yield* opened({ _tag: "Refused", status: 404, headers: {}, body: [] })
      assert.deepStrictEqual(refused.heard, [["error", "Unexpected server response: 404"], ["close", 1006, "", false]])
      const broken = yield* opened("fails")
      assert.deepStrictEqual(broken.heard[0], ["error", "The emulator failed: oops"])
    }))

  it.effect("holds back what a client that has paused does not read, and its server above 64 kB", () =>
    Effect.gen(function*() {
      const { heard, server, ws } = yield* opened()
      const send = (length: number) =>
        Effect.forkChild(server().send(frame("x".repeat(length))), { startImmediately: true })
      ws.pause()
      const first = yield* send(64 * 1024)
      yield* settled
      assert.isDefined(first.pollUnsafe())
      const second = yield* send(1)
      const third = yield* send(1)
      yield* settled
      assert.deepStrictEqual([second.pollUnsafe(), third.pollUnsafe(), heard.length], [undefined, undefined, 1])
      yield* Fiber.interrupt(third)
      // Whoever pauses again in a message hears the next one later.
      Object.assign(ws, {
        onmessage: ({ data }: { readonly data: string }) => {
          heard.push(data.length)
          ws.pause()
        }
      })
      ws.resume()
      yield* settled
      assert.deepStrictEqual(heard.slice(1), [64 * 1024])
      assert.isDefined(second.pollUnsafe())
      ws.resume()
      ws.resume()
      assert.deepStrictEqual(heard.slice(1), [64 * 1024, 1, 1])
      server().destroy("cut")
      assert.strictEqual(heard.length, 4)
      ws.resume()
      assert.deepStrictEqual(heard.at(-1), ["close", 1006, "", false])
    }))

  it.effect("keeps what a server does not read: 64 kB as if they had left, and the rest until it reads", () =>
    Effect.gen(function*() {
      const { server, told, ws } = yield* opened()
      server().reading(false)
      const done: Array<string> = []
      const send = (name: string, length: number) =>
        ws.send("x".repeat(length), (error) => done.push(error === undefined ? name : `${name} ${error.message}`))
      send("a", 64 * 1024)
      send("b", 1)
      let pongs = 0
      ws.on("pong", () => void pongs++)
      ws.ping()
      yield* settled
      assert.deepStrictEqual([done, told, ws.bufferedAmount, pongs], [["a"], [], 64 * 1024 + 1, 0])
      server().reading(true)
      yield* settled
      assert.deepStrictEqual([done, told.length, ws.bufferedAmount, pongs], [["a", "b"], 3, 0, 1])
      server().reading(false)
      send("c", 64 * 1024)
      send("d", 1)
      yield* settled
      ws.terminate()
      yield* settled
      assert.deepStrictEqual(done, ["a", "b", "c", "d The socket was closed"])
    }))

  it.effect("that closes before a server which reads no more waits thirty seconds for the answer", () =>
    Effect.gen(function*() {
      const { heard, server, ws } = yield* opened()
      server().reading(false)
      ws.close(1000)
      yield* TestClock.adjust(29_999)
      assert.strictEqual(ws.readyState, 2)
      yield* TestClock.adjust(1)
      yield* settled
      assert.deepStrictEqual(heard.at(-1), ["close", 1006, "", false])
    }))

  it.effect("tells each listener once, also where another one throws, and no more those that were taken away", () =>
    Effect.gen(function*() {
      const { server, ws } = yield* opened()
      const heard: Array<string> = []
      const twice = () => void heard.push("each time")
      const gone = () => void heard.push("taken away")
      Object.assign(ws, { onmessage: null })
      ws.addEventListener("message", () => void heard.push("once"), { once: true })
      ws.addEventListener("message", twice)
      ws.addEventListener("close", twice)
      ws.addEventListener("message", gone)
      ws.removeEventListener("message", gone)
      ws.removeEventListener("close", gone)
      yield* server().send(frame("1"))
      yield* server().send(frame("2"))
      assert.deepStrictEqual(heard, ["once", "each time", "each time"])
    }))
})

describe("a web handler", () => {
  const made = (steps: Step.Steps) => {
    const log: Array<unknown> = []
    const seen: Array<Exchange.Incoming> = []
    const handle = WebHandler.make((incoming) => {
      seen.push(incoming)
      return Effect.map(incoming.read(), (bytes) => {
        log.push(["read", bytes.length])
        return {
          steps,
          sleep: (millis) => Effect.sync(() => void log.push(["sleep", millis])),
          sentHead: (status) => void log.push(["head", status]),
          sentBytes: (bytes) => void log.push(["bytes", bytes.length]),
          closed: (outcome) => void log.push(["closed", outcome])
        }
      })
    })
    return { handle, log, seen }
  }
  const request = () => new Request("http://a/b?c=d", { method: "POST", body: "abc", headers: { "X-Own": "1" } })

  it("answers step by step, and tells what it sent and how it ended", async () => {
    const { handle, log, seen } = made([
      Step.wait(5),
      Step.head(201, { "x-a": "b" }),
      Step.bytes("one"),
      Step.wait(7),
      Step.bytes("four")
    ])
    const response = await handle(request())
    assert.deepStrictEqual([response.status, response.headers.get("x-a"), await response.text()], [201, "b", "onefour"])
    assert.deepStrictEqual(log, [
      ["read", 3],
      ["sleep", 5],
      ["head", 201],
      ["bytes", 3],
      ["sleep", 7],
      ["bytes", 4],
      ["closed", "complete"]
    ])
    await handle(request())
    assert.deepStrictEqual(seen.map(({ connection }) => connection), [0, 1])
    assert.deepStrictEqual([seen[0]?.verb, seen[0]?.url.pathname, seen[0]?.headers["x-own"]], ["POST", "/b", "1"])
  })

  it("breaks where the steps do, before the head and behind it", async () => {
    const failed = async (steps: Step.Steps) => {
      const { handle, log } = made(steps)
      const words = await handle(request()).then((response) => response.text()).then(
        () => "none",
        (error: Error) => error.message
      )
      return [words, log.at(-1)]
    }
    assert.deepStrictEqual(await failed([Step.broken("reset")]), ["connection reset", ["closed", "reset"]])
    assert.deepStrictEqual(await failed([Step.broken("cut")]), ["terminated", ["closed", "cut"]])
    assert.deepStrictEqual(await failed([]), ["terminated", ["closed", "cut"]])
    assert.deepStrictEqual(await failed([Step.bytes("x")]), ["terminated", ["closed", "cut"]])
    assert.deepStrictEqual(await failed([Step.head(200, {}), Step.broken("reset")]), [
      "connection reset",
      ["closed", "reset"]
    ])
  })

  it("hears that its reader has left, in the body and before it", async () => {
    const { handle, log } = made([Step.head(200, {}), Step.bytes("x"), Step.hang])
    const response = await handle(request())
    const reader = response.body?.getReader()
    await reader?.read()
    await reader?.cancel()
    assert.deepStrictEqual(log.at(-1), ["closed", "aborted"])
    const waits = made([Step.hang])
    const leaving = new AbortController()
    const asked = waits.handle(new Request("http://a/", { signal: leaving.signal })).catch(() => "gone")
    await new Promise((resolve) => setImmediate(resolve))
    leaving.abort()
    assert.strictEqual(await asked, "gone")
    assert.deepInclude(waits.log, ["closed", "aborted"])
  })
})

/** A request of node's, as its parser makes it. */
const incoming = (
  url: string | undefined,
  headers: Record<string, string | ReadonlyArray<string>> = {},
  method = "GET"
) => Object.assign(new IncomingMessage(new Socket()), { url, headers, method })

describe("the address of a request", () => {
  const rows: ReadonlyArray<
    readonly [url: string | undefined, host: string | undefined, method: string, href: string | undefined]
  > = [
    ["/a?b", "h:1", "GET", "http://h:1/a?b"],
    [undefined, "h", "GET", "http://h/"],
    ["/a", undefined, "GET", "http://localhost/a"],
    ["//a", "h", "GET", "http://h//a"],
    ["/a", "h/x", "GET", undefined],
    ["/a", "u@h", "GET", undefined],
    ["/a", "h x", "GET", undefined],
    ["*", "h", "OPTIONS", "http://h/"],
    ["*", "h", "GET", undefined],
    ["http://u:p@other/a", "h", "GET", "http://other/a"],
    ["https://other/a", "h", "GET", "https://other/a"],
    ["WSS://other/a", "h", "GET", "wss://other/a"],
    ["ftp://other/a", "h", "GET", undefined],
    ["http://", "h", "GET", undefined],
    ["a", "h", "GET", undefined]
  ]
  it.each(rows)("%s of %s by %s", (url, host, method, href) => {
    assert.strictEqual(NodeRequest.urlOf(incoming(url, host === undefined ? {} : { host }, method))?.href, href)
  })

  it("and its headers, joined where there are several", () => {
    assert.deepStrictEqual(NodeRequest.headersOf(incoming("/", { a: "1", b: ["2", "3"] })), { a: "1", b: "2, 3" })
  })
})

describe("what stands at the door", () => {
  const ask = (target: string, headers: Record<string, string> = {}) => {
    const request = incoming(target, headers)
    return { request, url: NodeRequest.urlOf(request) ?? assert.fail("it has no address") }
  }

  it("asks for its own paths, by the host that counts, with TLS or without", () => {
    const asked = (target: string, more?: Parameters<typeof Entrance.asked>[2]) => {
      const { request, url } = ask(target, { host: "h" })
      const { host, isOwn, isSecure, isUpgrade, path } = Entrance.asked(request, url, more)
      return [path, host, isOwn, isSecure, isUpgrade]
    }
    assert.deepStrictEqual(asked("/v1beta/models"), ["/v1beta/models", "h", false, false, false])
    assert.deepStrictEqual(asked("/_emulator/v1/spaces"), ["/_emulator/v1/spaces", "h", true, false, false])
    assert.deepStrictEqual(asked("http://other/a"), ["/a", "other", false, false, false])
    assert.deepStrictEqual(asked("/a", { isOwn: true, isUpgrade: true }), ["/a", "h", true, false, true])
  })

  it("turns away in the form of the path that was asked for", () => {
    const told = (target: string, status: 401 | 403, isOwn?: boolean) => {
      const [head, body] = [...Entrance.turnedAway({ status, why: "Not you." }, ask(target).url, isOwn)]
      return [
        head?._tag === "Head" ? [head.status, head.headers["content-type"], head.headers["x-frame-options"]] : [],
        body?._tag === "Bytes" ? JSON.parse(new TextDecoder().decode(body.bytes)) : undefined
      ]
    }
    const problem = (title: string, status: number) => [
      [status, "application/problem+json", "DENY"],
      { title, status, detail: "Not you." }
    ]
    assert.deepStrictEqual(told("/_emulator/v1/spaces", 401), problem("Unauthorized", 401))
    assert.deepStrictEqual(told("/_emulator/v1/spaces", 403), problem("Forbidden", 403))
    assert.deepStrictEqual(told("/v1beta/models", 403, true), problem("Forbidden", 403))
    const [head, body] = told("/v1beta/models", 403)
    assert.deepStrictEqual([head?.[0], head?.[2], body.error.code, body.error.message], [
      403,
      "SAMEORIGIN",
      403,
      "Not you."
    ])
  })

  it("seals its own answers, and those of the API that a browser shows", () => {
    const policy = (target: string, headers: Record<string, string> = {}) => {
      const { request, url } = ask(target, headers)
      const given = Exchange.unseen([Step.head(200, { a: "b" }), Step.bytes("x")])
      const [head, body] = [...Entrance.sealed(given, request, url).steps]
      assert.deepStrictEqual(body, Step.bytes("x"))
      if (head?._tag !== "Head") return assert.fail("there is no head")
      assert.strictEqual(head.headers["a"], "b")
      return head.headers["content-security-policy"]
    }
    assert.match(policy("/_emulator/v1/spaces") ?? "", /^default-src 'none'; script-src 'self'/)
    assert.isUndefined(policy("/v1beta/files/a"))
    assert.isUndefined(policy("/v1beta/files/a", { accept: "*/*", "sec-fetch-mode": "cors" }))
    assert.strictEqual(policy("/v1beta/files/a", { accept: "text/html,*/*" }), "default-src 'none'; sandbox")
    assert.strictEqual(policy("/v1beta/files/a", { "sec-fetch-mode": "navigate" }), "default-src 'none'; sandbox")
    const response = new ServerResponse(incoming("/"))
    Entrance.seal(response)
    assert.strictEqual(response.getHeader("cache-control"), "no-store")
  })
})
