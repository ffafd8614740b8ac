/** Google's keys: kept, fetched again at most once a minute, and from nowhere else. */
import { assert, describe, it } from "@effect/vitest"
import * as WebhookKeys from "effect-gemini/webhooks/WebhookKeys"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as TestClock from "effect/testing/TestClock"
import type { RequestListener } from "node:http"
import * as Signer from "./signer.ts"

const [one, two] = [Signer.pairOf("k1"), Signer.pairOf("k2")]

const keysAt = (url: string, options: WebhookKeys.KeysOptions = {}) =>
  Effect.provide(WebhookKeys.make({ url, ...options }), FetchHttpClient.layer)

const codeOf = (keys: WebhookKeys.WebhookKeysService, kid = "k1") =>
  Effect.map(Effect.flip(keys.get(kid)), ({ reason }) => reason._tag === "KeysUnavailable" ? reason.code : reason._tag)

const isKnown = (keys: WebhookKeys.WebhookKeysService, kid = "k1") =>
  Effect.map(keys.get(kid), (key) => key !== undefined)

describe("the list of keys", () => {
  it.effect("is fetched once for many, kept for an hour, and then fetched again", () =>
    Effect.gen(function*() {
      const { asked, url } = yield* Signer.keyServer(Signer.listing(() => [one]))
      const keys = yield* keysAt(url)
      yield* Effect.forEach(Array.from({ length: 50 }), () => keys.get("k1"), { concurrency: "unbounded" })
      assert.strictEqual(asked(), 1)
      yield* TestClock.adjust("1 hour")
      assert.isTrue(yield* isKnown(keys))
      assert.strictEqual(asked(), 1)
      yield* TestClock.adjust(1)
      assert.isTrue(yield* isKnown(keys))
      assert.strictEqual(asked(), 2)
    }))

  it.effect("is asked for an unknown key at most once a minute, and learns new keys then", () =>
    Effect.gen(function*() {
      let listed = [one]
      const { asked, url } = yield* Signer.keyServer(Signer.listing(() => listed))
      const keys = yield* keysAt(url)
      for (let index = 0; index < 100; index++) assert.isFalse(yield* isKnown(keys, `no-${index}`))
      assert.strictEqual(asked(), 1)
      listed = [two]
      yield* TestClock.adjust(59_999)
      assert.isFalse(yield* isKnown(keys, "k2"))
      assert.strictEqual(asked(), 1)
      yield* TestClock.adjust(1)
      assert.isTrue(yield* isKnown(keys, "k2"))
      assert.strictEqual(asked(), 2)
      // A key that the list no longer has is gone.
      assert.isFalse(yield* isKnown(keys, "k1"))
    }))

  it.effect("stays good for a day while it cannot be fetched", () =>
    Effect.gen(function*() {
      let isDown = false
      const { url } = yield* Signer.keyServer((request, response) => {
        if (!isDown) return Signer.listing(() => [one])(request, response)
        response.statusCode = 503
        response.end()
      })
      const keys = yield* keysAt(url)
      assert.isTrue(yield* isKnown(keys))
      isDown = true
      yield* TestClock.adjust("1 day")
      assert.isTrue(yield* isKnown(keys))
      assert.strictEqual(yield* codeOf(keys, "k2"), "HTTP_503")
      yield* TestClock.adjust(60_000)
      assert.strictEqual(yield* codeOf(keys), "HTTP_503")
      isDown = false
      yield* TestClock.adjust(60_000)
      assert.isTrue(yield* isKnown(keys))
    }))

  it.effect("is not lost for a minute when the caller that asked goes away", () =>
    Effect.gen(function*() {
      let answer = () => {}
      const { asked, url } = yield* Signer.keyServer((request, response) => {
        answer = () => Signer.listing(() => [one])(request, response)
      })
      const keys = yield* keysAt(url)
      const gone = yield* Effect.forkChild(keys.get("k1"), { startImmediately: true })
      while (asked() === 0) yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      const waiting = yield* Effect.forkChild(keys.get("k1"), { startImmediately: true })
      yield* Fiber.interrupt(gone)
      answer()
      assert.isDefined(yield* Fiber.join(waiting))
      assert.strictEqual(asked(), 1)
    }))

  it.effect("comes from its own address alone, in time and within bounds", () =>
    Effect.gen(function*() {
      const elsewhere = yield* Signer.keyServer(Signer.listing(() => [one]))
      const answers: ReadonlyArray<readonly [code: string, answer: RequestListener]> = [
        ["HTTP_302", (_, response) => {
          response.writeHead(302, { location: elsewhere.url })
          response.end()
        }],
        ["NOT_JSON", (_, response) => response.end("<html>")],
        ["NOT_JWKS", (_, response) => response.end("[]")],
        ["TOO_LARGE", (_, response) => response.end(" ".repeat(256 * 1024 + 1))]
      ]
      for (const [code, answer] of answers) {
        const { url } = yield* Signer.keyServer(answer)
        assert.strictEqual(yield* codeOf(yield* keysAt(url)), code)
      }
      assert.strictEqual(elsewhere.asked(), 0)
      const silent = yield* Signer.keyServer(() => {})
      const fiber = yield* Effect.forkChild(codeOf(yield* keysAt(silent.url)), { startImmediately: true })
      yield* TestClock.adjust("5 seconds")
      assert.strictEqual(yield* Fiber.join(fiber), "TIMEOUT")
      for (const url of ["http://example.com/jwks.json", "ftp://localhost/keys", "keys"]) {
        assert.strictEqual((yield* Effect.flip(keysAt(url))).reason._tag, "Misconfigured")
      }
    }))

  it.effect("passes over keys that are weak, of another kind or for another use", () =>
    Effect.gen(function*() {
      const weak = Signer.pairOf("weak", 1_024)
      const listed = [
        weak.jwk,
        { ...one.jwk, kid: "enc", use: "enc" },
        { ...one.jwk, kid: "ps", alg: "PS256" },
        { kty: "oct", kid: "oct", k: "AAAA" },
        { ...one.jwk, kid: "no-n", n: "AQAB" },
        null,
        { ...one.jwk, kid: "plain", use: undefined, alg: undefined },
        one.jwk,
        { ...two.jwk, kid: "k1" }
      ]
      const { url } = yield* Signer.keyServer((_, response) => response.end(JSON.stringify({ keys: listed })))
      const keys = yield* keysAt(url)
      for (const kid of ["weak", "enc", "ps", "oct", "no-n"]) assert.isFalse(yield* isKnown(keys, kid), kid)
      assert.isTrue(yield* isKnown(keys, "plain"))
      const key = yield* keys.get("k1")
      const signed = new TextEncoder().encode("signed")
      const signature = new Uint8Array(Signer.rs256(one)("signed"))
      const isFirst = yield* Effect.promise(() =>
        crypto.subtle.verify("RSASSA-PKCS1-v1_5", key ?? assert.fail("no key"), signature, signed)
      )
      assert.isTrue(isFirst)
    }))
})
