/** Our client on fetch, over a fetch of the test's own: what it is given, and what is read of its answer. */
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import { Fetch, RequestInit } from "effect/http/FetchHttpClient"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import type * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"

type Asked = Parameters<typeof fetch>[1] & { readonly url: string }

/** What fetch was asked, and the answer. */
const send = (
  request: HttpClientRequest.HttpClientRequest,
  answer: Response | (() => Promise<Response>) = new Response("{}"),
  init?: globalThis.RequestInit
) => {
  const asked: Array<Asked> = []
  const own: typeof fetch = (url, given) => {
    asked.push({ ...given, url: String(url) })
    return typeof answer === "function" ? answer() : Promise.resolve(answer)
  }
  return HttpClient.execute(request).pipe(
    init === undefined ? (self) => self : Effect.provideService(RequestInit, init),
    Effect.provide(FetchGemini.layerHttpClient.pipe(Layer.provide(Layer.succeed(Fetch, own)))),
    Effect.map((response) => ({ response, asked }))
  )
}
const get = HttpClientRequest.get("http://a.test/x")
const reading = (
  answer: Response,
  read: (response: HttpClientResponse.HttpClientResponse) => Effect.Effect<unknown, unknown>
) => Effect.flatMap(send(get, answer), ({ response }) => read(response))

describe("what fetch is asked", () => {
  it.effect("is the method, the address, the headers and the body of the request, to follow nothing", () =>
    Effect.gen(function*() {
      const { asked: [plain] } = yield* send(HttpClientRequest.setHeader(get, "x-one", "1"))
      const { headers, signal, ...rest } = plain ?? assert.fail("nothing was asked")
      assert.deepStrictEqual(rest, { url: "http://a.test/x", redirect: "manual", method: "GET", body: null })
      assert.strictEqual(new Headers(headers).get("x-one"), "1")
      assert.isFalse(signal?.aborted)
    }))

  it.effect("has the options of the program, under what the request says", () =>
    Effect.gen(function*() {
      const request = HttpClientRequest.post("http://a.test/x").pipe(
        HttpClientRequest.setHeaders({ "x-one": "1", "content-length": "99" }),
        HttpClientRequest.setBody(HttpBody.text("Hi", "text/plain"))
      )
      const init: globalThis.RequestInit = {
        credentials: "include",
        method: "PUT",
        redirect: "error",
        headers: { "x-one": "0", "x-two": "2" }
      }
      const { asked: [first] } = yield* send(request, new Response("{}"), init)
      assert.deepStrictEqual([first?.credentials, first?.method, first?.redirect], ["include", "POST", "error"])
      const headers = new Headers(first?.headers)
      assert.deepStrictEqual(
        ["x-one", "x-two", "content-type", "content-length"].map((name) => headers.get(name)),
        ["1", "2", "text/plain", null]
      )
      assert.strictEqual(first?.body, "Hi")
      const { asked: [second] } = yield* send(request, new Response("{}"), { redirect: "follow" })
      assert.strictEqual(second?.redirect, "manual")
      assert.isNull(new Headers(second?.headers).get("content-length"))
    }))

  it.effect("is an address with its parameters and its hash, and none that is no address", () =>
    Effect.gen(function*() {
      const { asked: [with1] } = yield* send(HttpClientRequest.setUrlParam(get, "a", "1 2"))
      assert.strictEqual(with1?.url, "http://a.test/x?a=1+2")
      const { asked: [with2] } = yield* send(HttpClientRequest.setHash(get, "h"))
      assert.strictEqual(with2?.url, "http://a.test/x#h")
      const error = yield* Effect.flip(send(HttpClientRequest.get("http://")))
      assert.strictEqual(error.reason._tag, "InvalidUrlError")
    }))

  it.effect("is a body of bytes as they are, in memory that others share too, and none that streams", () =>
    Effect.gen(function*() {
      const bytes = new Uint8Array(new SharedArrayBuffer(3)).fill(65)
      const post = HttpClientRequest.post("http://a.test/x")
      const { asked: [own] } = yield* send(HttpClientRequest.setBody(post, HttpBody.uint8Array(new Uint8Array([66]))))
      assert.deepStrictEqual(own?.body, new Uint8Array([66]))
      const { asked: [shared] } = yield* send(HttpClientRequest.setBody(post, HttpBody.uint8Array(bytes)))
      assert.deepStrictEqual(shared?.body, new Uint8Array([65, 65, 65]))
      assert.isTrue(shared?.body instanceof Uint8Array && shared.body.buffer instanceof ArrayBuffer)
      const form = new FormData()
      const { asked: [filled] } = yield* send(HttpClientRequest.setBody(post, HttpBody.formData(form)))
      assert.strictEqual(filled?.body, form)
      for (
        const refused of [
          HttpClientRequest.setBody(post, HttpBody.stream(Stream.make(new Uint8Array(1)))),
          HttpClientRequest.setBody(post, HttpBody.raw("x")),
          HttpClientRequest.setHeader(get, "upgrade", "websocket")
        ]
      ) {
        const error = yield* Effect.flip(send(refused))
        assert.strictEqual(error.reason._tag, "EncodeError")
        assert.include(error.message, "this client sends no stream and asks for no upgrade")
      }
    }))

  it.effect("fails with what it threw, and is told where nobody waits any more", () =>
    Effect.gen(function*() {
      const boom = new Error("boom")
      const error = yield* Effect.flip(send(get, () => Promise.reject(boom)))
      assert.isTrue(error.reason._tag === "TransportError" && error.reason.cause === boom)
      const begun = yield* Deferred.make<AbortSignal>()
      const silent: typeof fetch = (_, init) => {
        if (init?.signal) Deferred.doneUnsafe(begun, Effect.succeed(init.signal))
        return new Promise(() => {})
      }
      const fiber = yield* Effect.forkChild(
        Effect.provideService(HttpClient.execute(get), Fetch, silent).pipe(
          Effect.provide(FetchGemini.layerHttpClient)
        )
      )
      const signal = yield* Deferred.await(begun)
      assert.isFalse(signal.aborted)
      yield* Fiber.interrupt(fiber)
      assert.isTrue(signal.aborted)
    }))
})

describe("what is read of its answer", () => {
  it.effect("is its head, as often as it is asked", () =>
    Effect.gen(function*() {
      const headers = new Headers([["x-one", "1"], ["set-cookie", "a=b"], ["set-cookie", "c=d"]])
      const { response } = yield* send(get, new Response("no", { status: 418, headers }))
      assert.deepStrictEqual([response.status, response.headers["x-one"]], [418, "1"])
      assert.deepStrictEqual(Object.keys(response.cookies.cookies), ["a", "c"])
      assert.isTrue(Option.isNone(response.remoteAddress))
      assert.strictEqual("url" in response ? response.url : "", "http://a.test/x")
      assert.deepInclude(JSON.parse(JSON.stringify(response)), { _id: "effect/http/HttpClientResponse", status: 418 })
      assert.strictEqual(response.pipe((self) => self), response)
      const moved = new Response("{}")
      Object.defineProperty(moved, "url", { value: "http://b.test/y" })
      const { response: elsewhere } = yield* send(get, moved)
      assert.strictEqual("url" in elsewhere ? elsewhere.url : "", "http://b.test/y")
    }))

  it.effect("is its body in each of its forms", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* reading(new Response("\uFEFFHi"), ({ text }) => text), "Hi")
      assert.deepStrictEqual(yield* reading(new Response("{\"a\":1}"), ({ json }) => json), { a: 1 })
      assert.isNull(yield* reading(new Response(""), ({ json }) => json))
      assert.isNull(yield* reading(new Response(null), ({ json }) => json))
      const broken = yield* Effect.flip(
        send(get, new Response("{")).pipe(Effect.flatMap(({ response }) => response.json))
      )
      assert.strictEqual(broken.reason._tag, "DecodeError")
      assert.deepStrictEqual(
        yield* reading(new Response("ab"), ({ arrayBuffer }) => arrayBuffer),
        new Uint8Array([97, 98]).buffer
      )
      assert.deepStrictEqual(
        yield* reading(
          new Response("a=1&b=2"),
          ({ urlParamsBody }) => Effect.map(urlParamsBody, ({ params }) => params)
        ),
        [["a", "1"], ["b", "2"]]
      )
      const form = new FormData()
      form.set("one", "1")
      assert.strictEqual(
        yield* reading(new Response(form), ({ formData }) => Effect.map(formData, (read) => read.get("one"))),
        "1"
      )
      const upgrade = yield* Effect.flip(Effect.flatMap(send(get), ({ response }) => response.upgrade))
      assert.strictEqual(upgrade.reason._tag, "StatusCodeError")
    }))

  it.effect("is whole where the platform's fetch has no pieces", () =>
    Effect.gen(function*() {
      const response = new Response("whole")
      Object.defineProperty(response, "body", { value: undefined })
      const read = (answer: HttpClientResponse.HttpClientResponse) =>
        Effect.map(Stream.runCollect(answer.stream), (pieces) => pieces.map((piece) => new TextDecoder().decode(piece)))
      assert.deepStrictEqual(yield* reading(response, read), ["whole"])
    }))

  it.effect("is let go where its reader stops early, and fails as it fails", () =>
    Effect.gen(function*() {
      let cancelled = 0
      const endless = new ReadableStream<Uint8Array>({
        pull: (controller) => controller.enqueue(new Uint8Array(64 * 1024)),
        cancel: () => void cancelled++
      })
      const first = (answer: HttpClientResponse.HttpClientResponse) => Stream.runHead(answer.stream)
      yield* reading(new Response(endless), first)
      assert.strictEqual(cancelled, 1)
      const boom = new Error("boom")
      const failing = new ReadableStream<Uint8Array>({ pull: (controller) => controller.error(boom) })
      const { response } = yield* send(get, new Response(failing))
      const error = yield* Effect.flip(response.text)
      assert.isTrue(error.reason._tag === "TransportError" && error.reason.cause === boom)
    }))
})
