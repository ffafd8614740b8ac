/** Our client on undici, over a dispatcher of the test's own: what it dispatches, and what becomes of each call back. */
import type * as Undici from "@effect/platform-node/Undici"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { version } from "../../src/internal/config/version.ts"
import { OnConnect } from "../../src/internal/http/connection.ts"
import * as DispatchClient from "../../src/internal/http/dispatchClient.ts"
import { followsNothing } from "../../src/internal/http/redirect.ts"

type Handler = Undici.Dispatcher.DispatchHandler
type Controller = Undici.Dispatcher.DispatchController

/** Lets microtasks and fibers run. */
const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))

const make = (onDispatch: (handler: Handler, controller: Controller) => void = () => {}) => {
  const log: Array<string> = []
  const dispatched: Array<Undici.Dispatcher.DispatchOptions> = []
  const handlers: Array<Handler> = []
  const controller = {
    paused: false,
    aborted: false,
    reason: null,
    pause: () => void log.push("pause"),
    resume: () => void log.push("resume"),
    abort: ({ message }: Error) => void log.push(message)
  } as unknown as Controller
  const dispatcher = {
    dispatch: (options: Undici.Dispatcher.DispatchOptions, handler: Handler) => {
      dispatched.push(options)
      handlers.push(handler)
      onDispatch(handler, controller)
      return true
    }
  } as unknown as Undici.Dispatcher
  const execute = (request: HttpClientRequest.HttpClientRequest) =>
    DispatchClient.make.pipe(
      Effect.flatMap((client) => client.execute(request)),
      Effect.provideService(DispatchClient.Dispatcher, dispatcher)
    )
  return { controller, dispatched, execute, handlers, log }
}
const answering = (status: number, ...pieces: ReadonlyArray<string>) => (handler: Handler, controller: Controller) => {
  handler.onRequestStart?.(controller, {})
  handler.onResponseStart?.(controller, status, { "x-one": "1", "set-cookie": ["a=b"] }, "")
  for (const piece of pieces) handler.onResponseData?.(controller, Buffer.from(piece))
  handler.onResponseEnd?.(controller, {})
}
const get = HttpClientRequest.get("http://a.test/x?y=1")

describe("a request", () => {
  it.effect("is dispatched whole, without redirects and without deadlines of undici's own", () =>
    Effect.gen(function*() {
      const { dispatched, execute } = make(answering(200, "a", "b"))
      const response = yield* execute(HttpClientRequest.setHeader(get, "x-one", "1"))
      assert.deepStrictEqual<unknown>(dispatched.map((options) => ({ ...options, headers: { ...options.headers } })), [{
        origin: "http://a.test",
        path: "/x?y=1",
        method: "GET",
        headers: { "user-agent": `effect-gemini/${version}`, "x-one": "1" },
        body: null,
        maxRedirections: 0,
        headersTimeout: 0,
        bodyTimeout: 0
      }])
      assert.strictEqual(yield* response.text, "ab")
      assert.deepStrictEqual([response.status, response.headers["x-one"]], [200, "1"])
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a"])
      assert.strictEqual("url" in response ? response.url : "", "http://a.test/x?y=1")
    }))

  it.effect("has its address in two parts, however that is written", () =>
    Effect.gen(function*() {
      const rows = [
        [get, "http://a.test", "/x?y=1"],
        [HttpClientRequest.get("https://a.test:8443/x/y"), "https://a.test:8443", "/x/y"],
        [HttpClientRequest.get("http://a.test"), "http://a.test", "/"],
        [HttpClientRequest.get("http://a.test/x#h"), "http://a.test", "/x"],
        [
          HttpClientRequest.setUrlParam(HttpClientRequest.get("http://a.test/x"), "a", "1 2"),
          "http://a.test",
          "/x?a=1+2"
        ]
      ] as const
      for (const [request, origin, path] of rows) {
        const { dispatched, execute } = make(answering(200))
        yield* execute(request)
        assert.deepStrictEqual(dispatched.map((options) => [options.origin, options.path]), [[origin, path]])
      }
      const { dispatched, execute } = make(answering(200))
      const error = yield* Effect.flip(execute(HttpClientRequest.get("nowhere")))
      assert.strictEqual(error.reason._tag, "InvalidUrlError")
      assert.deepStrictEqual(dispatched, [])
    }))

  it.effect("has its bytes for a body, and its own name for the program wins", () =>
    Effect.gen(function*() {
      const { dispatched, execute } = make(answering(200))
      const post = HttpClientRequest.post("http://a.test/x").pipe(
        HttpClientRequest.setBody(HttpBody.uint8Array(new Uint8Array([1, 2]))),
        HttpClientRequest.setHeader("user-agent", "mine")
      )
      yield* execute(post)
      const [options] = dispatched
      assert.deepStrictEqual([options?.method, options?.body], ["POST", new Uint8Array([1, 2])])
      assert.strictEqual(Object.entries(options?.headers ?? {}).find(([name]) => name === "user-agent")?.[1], "mine")
    }))

  it.effect("tells that its connection stands, and is one that follows nothing", () =>
    Effect.gen(function*() {
      let told = 0
      const { execute } = make(answering(200))
      yield* Effect.provideService(execute(get), OnConnect, () => void told++)
      assert.strictEqual(told, 1)
      const client = yield* Effect.provideService(
        DispatchClient.make,
        DispatchClient.Dispatcher,
        {} as Undici.Dispatcher
      )
      assert.isTrue(followsNothing in client)
    }))
})

describe("what undici calls back", () => {
  it.effect("before an answer's own head is no answer", () =>
    Effect.gen(function*() {
      const { execute } = make((handler, controller) => {
        handler.onRequestStart?.(controller, {})
        handler.onResponseStart?.(controller, 103, {}, "")
        handler.onResponseStart?.(controller, 199, {}, "")
        answering(204)(handler, controller)
      })
      assert.strictEqual((yield* execute(get)).status, 204)
    }))

  it.effect("with a failure fails the request before its head, and the body behind it", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      const early = make((handler, controller) => handler.onResponseError?.(controller, boom))
      const error = yield* Effect.flip(early.execute(get))
      assert.isTrue(error.reason._tag === "TransportError" && error.reason.cause === boom)
      const late = make((handler, controller) => {
        handler.onResponseStart?.(controller, 200, {}, "")
        handler.onResponseData?.(controller, Buffer.from("a"))
        handler.onResponseError?.(controller, boom)
      })
      const broken = yield* Effect.flip(Effect.flatMap(late.execute(get), ({ text }) => text))
      assert.isTrue(broken.reason._tag === "TransportError" && broken.reason.cause === boom)
      const thrown = make(() => {
        throw boom
      })
      const refused = yield* Effect.flip(thrown.execute(get))
      assert.isTrue(refused.reason._tag === "TransportError" && refused.reason.cause === boom)
    }))

  it.effect("after the caller has left is aborted, whether it had begun or not", () =>
    Effect.gen(function*() {
      const interrupted = "the request was interrupted"
      const begun = make((handler, controller) => handler.onRequestStart?.(controller, {}))
      const one = yield* Effect.forkChild(begun.execute(get), { startImmediately: true })
      assert.deepStrictEqual(begun.log, [])
      yield* Fiber.interrupt(one)
      assert.deepStrictEqual(begun.log, [interrupted])

      const waiting = make()
      let told = 0
      const other = yield* Effect.forkChild(
        Effect.provideService(waiting.execute(get), OnConnect, () => void told++),
        { startImmediately: true }
      )
      yield* Fiber.interrupt(other)
      assert.deepStrictEqual(waiting.log, [])
      for (const handler of waiting.handlers) handler.onRequestStart?.(waiting.controller, {})
      assert.deepStrictEqual(waiting.log, [interrupted])
      assert.strictEqual(told, 0)
      // A head that comes then is nobody's.
      for (const handler of waiting.handlers) handler.onResponseStart?.(waiting.controller, 200, {}, "")
      yield* settle
    }))
})

it.effect("an undici that does nothing, as other runtimes bring one, refuses what it is asked, and closes", () =>
  Effect.gen(function*() {
    class Whole {
      readonly options: unknown
      constructor(options: unknown) {
        this.options = options
      }
      dispatch() {}
    }
    class Bare {
      readonly dispatched = undefined
    }
    const stubs = [
      { Agent: Bare, buildConnector: () => () => {} },
      { Agent: Whole, buildConnector: undefined },
      { Agent: undefined, buildConnector: () => () => {} },
      { Agent: Whole, buildConnector: () => undefined }
    ]
    for (const stub of stubs) {
      const agent = DispatchClient.agentOf(stub as unknown as typeof Undici, 0)
      assert.throws(() => agent.dispatch({ path: "/", method: "GET" }, {}), "its undici sends nothing")
      assert.isUndefined(yield* Effect.promise(() => agent.destroy()))
    }
    const asked: Array<unknown> = []
    const buildConnector = (options: unknown) => {
      asked.push(options)
      return () => {}
    }
    const agent: unknown = DispatchClient.agentOf({ Agent: Whole, buildConnector } as unknown as typeof Undici, 7)
    assert.isTrue(agent instanceof Whole)
    assert.deepStrictEqual(asked, [{ timeout: 7 }])
  }))
