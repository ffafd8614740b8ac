/** One attempt at its edges: what is sent, what is refused before that, and which bodies are let go. */
import { assert, describe, it } from "@effect/vitest"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Headers from "effect/http/Headers"
import * as HttpBody from "effect/http/HttpBody"
import * as HttpClient from "effect/http/HttpClient"
import type * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { version } from "../../src/internal/config/version.ts"
import * as Attempt from "../../src/internal/http/attempt.ts"
import * as AttemptClock from "../../src/internal/http/attemptClock.ts"
import { OnConnect } from "../../src/internal/http/connection.ts"

const chunk = (text: string) => JSON.stringify({ candidates: [{ content: { parts: [{ text }] } }] })
const call = {
  method: "generateContent",
  httpMethod: "POST",
  path: "models/m:generateContent",
  body: { contents: [] }
} as const

/** Lets promises of the body's reader run: they know no Clock. */
const settle = Effect.promise(() => new Promise<void>((resume) => void setImmediate(resume)))

interface Answer {
  readonly status?: number
  /** The pieces of the body. `undefined` stands for silence. */
  readonly pieces?: ReadonlyArray<string | undefined>
}

/** A sender over a client that answers so, and what was seen of its requests and bodies. */
const make = (answer: Answer = {}, options: Attempt.Options = {}, silence?: Context.Context<never>) => {
  const sent: Array<HttpClientRequest.HttpClientRequest> = []
  const seen = { redacted: Array<ReadonlyArray<string | RegExp>>(), told: 0, cancelled: 0, ended: 0 }
  const client = HttpClient.make((request) =>
    Effect.withFiber((fiber) => {
      sent.push(request)
      seen.redacted.push(fiber.getRef(Headers.CurrentRedactedNames))
      if (fiber.getRef(OnConnect) !== undefined) seen.told++
      const pieces = [...answer.pieces ?? [chunk("a")]]
      const body = new ReadableStream<Uint8Array>({
        pull: (controller) => {
          const piece = pieces.shift()
          if (piece !== undefined) return controller.enqueue(new TextEncoder().encode(piece))
          if (pieces.length > 0) return new Promise(() => {})
          seen.ended++
          return controller.close()
        },
        cancel: () => {
          seen.cancelled++
        }
      }, { highWaterMark: 0 })
      return Effect.succeed(HttpClientResponse.fromWeb(request, new Response(body, { status: answer.status ?? 200 })))
    })
  )
  const sender = Attempt.make({ apiKey: Redacted.make("k"), ...options }, client, silence)
  return { sender, sent, seen }
}
const text = (_: unknown, body: string) => Result.succeed(body)
const fieldsOf = (result: Result.Result<unknown, { readonly reason: { readonly _tag: string } }>) =>
  Result.isFailure(result) && "fields" in result.failure.reason ? result.failure.reason.fields : undefined

describe("the request of an attempt", () => {
  it.effect("has the key, the version, and the body as JSON; its own headers go before", () =>
    Effect.gen(function*() {
      const { sender, sent } = make()
      yield* sender.unary({ ...call, headers: { "X-Own": "1", "content-type": "text/plain" } }, text)
      const [request] = sent
      assert.strictEqual(request?.method, "POST")
      assert.isTrue(request?.url.endsWith("/models/m:generateContent"))
      assert.deepInclude({ ...request?.headers }, {
        "x-goog-api-key": "k",
        "x-goog-api-client": `effect-gemini/${version}`,
        "x-own": "1",
        "content-type": "text/plain"
      })
      assert.deepStrictEqual(request?.body.toJSON(), HttpBody.text("{\"contents\":[]}", "application/json").toJSON())
    }))

  it.effect("has no body where there is none, a payload in place of JSON, and a whole address in place of a path", () =>
    Effect.gen(function*() {
      const { sender, sent } = make()
      yield* sender.unary({ ...call, httpMethod: "GET", body: undefined }, text)
      const payload = HttpBody.text("raw", "text/plain")
      yield* sender.unary({ ...call, payload, url: "https://upload.example/x" }, text)
      assert.deepStrictEqual(sent.map(({ body }) => body._tag), ["Empty", "Uint8Array"])
      assert.strictEqual(sent[1]?.body, payload)
      assert.strictEqual(sent[1]?.url, "https://upload.example/x")
      assert.deepStrictEqual(sent.map(({ method }) => method), ["GET", "POST"])
    }))

  const refusals: ReadonlyArray<readonly [string, Partial<Attempt.AttemptRequest>, Attempt.Options, string, unknown]> =
    [
      ["no key", {}, { apiKey: undefined }, "MissingApiKey", undefined],
      ["a key that no header holds", {}, { apiKey: Redacted.make("a b") }, "Unauthenticated", undefined],
      ["a header's name", { headers: { "a b": "1" } }, {}, "InvalidRequest", [
        { field: "headers[\"a b\"]", description: "no header can carry this" }
      ]],
      ["a header's value", { headers: { a: "1", b: "\n" } }, {}, "InvalidRequest", [
        { field: "headers[\"b\"]", description: "no header can carry this" }
      ]],
      ["a body that holds a bigint", { body: { n: 1n } }, {}, "InvalidRequest", []],
      ["what its check finds", { check: () => [{ field: "contents", description: "empty" }] }, {}, "InvalidRequest", [
        { field: "contents", description: "empty" }
      ]],
      [
        "a client that threw",
        {},
        {
          transformClient: () => {
            throw new TypeError("secret")
          }
        },
        "InvalidRequest",
        [
          { field: "transformClient", description: "it threw, or gave back no HttpClient" }
        ]
      ]
    ]
  for (const [name, more, options, tag, fields] of refusals) {
    it.effect(`is refused before anything is sent for ${name}`, () =>
      Effect.gen(function*() {
        const { sender, sent } = make({}, options)
        const unary = yield* Effect.result(sender.unary({ ...call, ...more }, text))
        assert.strictEqual(Result.isFailure(unary) ? unary.failure.reason._tag : undefined, tag)
        assert.deepStrictEqual<unknown>(fieldsOf(unary), fields)
        const streamed = yield* Effect.result(Stream.runDrain(sender.stream({ ...call, ...more })))
        assert.strictEqual(Result.isFailure(streamed) ? streamed.failure.reason._tag : undefined, tag)
        assert.deepStrictEqual(sent, [])
      }))
  }

  it.effect("asks its check once the body is known to be JSON, and finds nothing where it finds nothing", () =>
    Effect.gen(function*() {
      const { sender, sent } = make()
      let asked = 0
      const check = () => {
        asked++
        return []
      }
      yield* Effect.flip(sender.unary({ ...call, body: 1n, check }, text))
      assert.strictEqual(asked, 0)
      yield* sender.unary({ ...call, check }, text)
      assert.deepStrictEqual([asked, sent.length], [1, 1])
    }))

  it.effect("keeps the key out of what is shown, beside the names that the caller hides, in each context", () =>
    Effect.gen(function*() {
      const { seen, sender } = make()
      const hides = (...names: ReadonlyArray<string>) =>
        Effect.provideService(sender.unary(call, text), Headers.CurrentRedactedNames, names)
      yield* hides("a")
      yield* hides("b", "c")
      yield* hides("a")
      assert.deepStrictEqual(seen.redacted, [
        ["a", "x-goog-api-key"],
        ["b", "c", "x-goog-api-key"],
        ["a", "x-goog-api-key"]
      ])
    }))

  it.effect("is told of its connection only where a deadline counts from it", () =>
    Effect.gen(function*() {
      const { seen, sender } = make()
      yield* sender.unary(call, text)
      assert.strictEqual(seen.told, 0)
      yield* sender.unary({ ...call, timeouts: { connect: "1 second" } }, text)
      assert.strictEqual(seen.told, 1)
    }))
})

describe("the status of an answer", () => {
  const cases = [[199 + 1, true], [204 + 95, true], [300, false], [400, false], [503, false]] as const
  for (const [status, isOk] of cases) {
    it.effect(`${status} is ${isOk ? "an answer" : "an error"}, unary and streamed`, () =>
      Effect.gen(function*() {
        const body = isOk ? `data: ${chunk("a")}\n\n` : JSON.stringify({ error: { code: status, message: "no" } })
        for (
          const timeouts of [undefined, { attempt: "1 minute" }] satisfies Array<GeminiConfig.Timeouts | undefined>
        ) {
          const { seen, sender } = make({ status, pieces: [body] })
          const unary = yield* Effect.result(sender.unary({ ...call, timeouts }, text))
          assert.strictEqual(Result.isSuccess(unary), isOk)
          if (Result.isSuccess(unary)) assert.strictEqual(unary.success, body)
          else assert.strictEqual(unary.failure.status, status)
          const streamed = yield* Effect.result(Stream.runCollect(sender.stream({ ...call, timeouts })))
          assert.strictEqual(Result.isSuccess(streamed) || streamed.failure.reason._tag === "StreamInterrupted", isOk)
          assert.strictEqual(seen.ended + seen.cancelled, 2)
        }
      }))
  }
})

describe("the bounds of a body", () => {
  const body = JSON.stringify({ error: { code: 400, message: "no" } })
  for (const [name, status, bound] of [["body", 200, "body"], ["errorBody", 400, "errorBody"]] as const) {
    it.effect(`${name}: a body of so many bytes is read, and one byte more is not, and lets the connection go`, () =>
      Effect.gen(function*() {
        for (
          const timeouts of [undefined, { attempt: "1 minute" }] satisfies Array<GeminiConfig.Timeouts | undefined>
        ) {
          for (const [limit, fits] of [[body.length, true], [body.length - 1, false]] as const) {
            const { seen, sender } = make({ status, pieces: [body, undefined] }, { bounds: { [bound]: limit } })
            const all = make({ status, pieces: [body] }, { bounds: { [bound]: limit } })
            const result = yield* Effect.result((fits ? all : { sender }).sender.unary({ ...call, timeouts }, text))
            const tag = Result.isFailure(result) ? result.failure.reason._tag : undefined
            assert.strictEqual(tag === "ResponseTooLarge", !fits)
            yield* settle
            assert.strictEqual(seen.cancelled, fits ? 0 : 1)
          }
        }
      }))
  }
})

describe("an attempt that ends before its answer", () => {
  const waits: ReadonlyArray<readonly [string, Answer, "unary" | "stream"]> = [
    ["a body that is silent", { pieces: ["{", undefined, ""] }, "unary"],
    ["the body of a refusal that is silent", { status: 500, pieces: ["{", undefined, ""] }, "unary"],
    ["a stream that is silent", { pieces: [`data: ${chunk("a")}\n\n`, undefined, ""] }, "stream"],
    ["the body of a stream's refusal that is silent", { status: 500, pieces: ["{", undefined, ""] }, "stream"]
  ]
  for (const [name, answer, way] of waits) {
    const run = ({ sender }: ReturnType<typeof make>, timeouts?: GeminiConfig.Timeouts) =>
      way === "unary"
        ? Effect.asVoid(sender.unary({ ...call, timeouts }, text))
        : Stream.runDrain(sender.stream({ ...call, timeouts }))

    it.effect(`lets the connection go where its caller is interrupted: ${name}`, () =>
      Effect.gen(function*() {
        for (
          const timeouts of [undefined, { attempt: "1 minute" }] satisfies Array<GeminiConfig.Timeouts | undefined>
        ) {
          const made = make(answer)
          const fiber = yield* Effect.forkChild(run(made, timeouts), { startImmediately: true })
          yield* settle
          assert.strictEqual(made.seen.cancelled, 0)
          yield* Fiber.interrupt(fiber)
          yield* settle
          assert.strictEqual(made.seen.cancelled, 1)
        }
      }))

    it.effect(`lets the connection go at its deadline, and not before: ${name}`, () =>
      Effect.gen(function*() {
        const made = make(answer)
        const fiber = yield* Effect.forkChild(Effect.flip(run(made, { attempt: 1_000 })), { startImmediately: true })
        yield* settle
        yield* TestClock.adjust(999)
        yield* settle
        assert.isUndefined(fiber.pollUnsafe())
        yield* TestClock.adjust(1)
        yield* settle
        const error = yield* Fiber.join(fiber)
        assert.strictEqual(error.reason._tag, "TimedOut")
        assert.strictEqual(made.seen.cancelled, 1)
      }))
  }
})

describe("the limits of an attempt", () => {
  it("are the call's own, and else those of the layer; what limits nothing is left out", () => {
    assert.isUndefined(AttemptClock.limits(undefined, undefined))
    assert.isUndefined(AttemptClock.limits({}, undefined))
    assert.isUndefined(AttemptClock.limits(undefined, {}))
    assert.isUndefined(AttemptClock.limits({ total: 5 }, { total: 5 }))
    assert.isUndefined(AttemptClock.limits({ connect: Infinity }, undefined))
    assert.deepStrictEqual(AttemptClock.limits({ connect: 1, idle: "2 seconds" }, undefined), {
      connect: 1,
      idle: 2_000
    })
    assert.deepStrictEqual(AttemptClock.limits(undefined, { firstByte: 0 }), { firstByte: 0 })
    assert.deepStrictEqual(
      AttemptClock.limits({ connect: 1, attempt: 3 }, { connect: 2, idle: Infinity }),
      { connect: 2, attempt: 3 }
    )
  })
})
