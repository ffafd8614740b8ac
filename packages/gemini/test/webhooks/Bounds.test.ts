/** What stands at the edges of webhooks: sizes, keys, secrets, nulls, and what the sender is told. */
import { assert, describe, it } from "@effect/vitest"
import * as Deliveries from "effect-gemini/webhooks/Deliveries"
import * as Replays from "effect-gemini/webhooks/Replays"
import * as Webhook from "effect-gemini/webhooks/Webhook"
import * as Reason from "effect-gemini/webhooks/WebhookErrorReason"
import * as WebhookEvent from "effect-gemini/webhooks/WebhookEvent"
import * as WebhookKeys from "effect-gemini/webhooks/WebhookKeys"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import * as Signer from "./signer.ts"

const at = <A, E>(effect: Effect.Effect<A, E>) =>
  Effect.andThen(TestClock.setTime(Signer.noon * 1_000), effect).pipe(
    Effect.provideService(Replays.Replays, Replays.makeMemory())
  )

const partOf = (
  headers: Webhook.DeliveryHeaders,
  body: string | Uint8Array,
  secrets: Webhook.StaticOptions["secrets"]
) =>
  Effect.match(Webhook.verify(headers, body, { secrets }), {
    onFailure: ({ reason }) => reason._tag === "MalformedDelivery" ? reason.part : reason._tag,
    onSuccess: () => "accepted"
  })

describe("the reasons", () => {
  it("say what the sender is answered, and whether the same may be accepted later", () => {
    const table: ReadonlyArray<readonly [Reason.WebhookErrorReason, status: number, isRetryable: boolean]> = [
      [new Reason.MalformedDelivery({ part: "body", expected: "JSON" }), 400, false],
      [new Reason.StaleDelivery({ age: -400, tolerance: 300 }), 400, false],
      [new Reason.SignatureRejected({ kind: "static", why: "signature" }), 401, false],
      [new Reason.ReplayedDelivery({ id: "a" }), 200, false],
      [new Reason.KeysUnavailable({ url: "https://a", code: "HTTP_500" }), 503, true],
      [new Reason.ReplaysUnavailable({ store: "redis", code: "TIMEOUT" }), 503, true],
      [new Reason.Misconfigured({ option: "secrets", expected: "a secret" }), 500, false]
    ]
    for (const [reason, status, isRetryable] of table) {
      assert.deepStrictEqual([reason.status, reason.isRetryable], [status, isRetryable], reason._tag)
      assert.notStrictEqual(reason.message, "")
    }
    assert.include(table[1]?.[0].message, "400 s in the future")
  })
})

describe("a delivery at its bounds", () => {
  const secret = (bytes: number) => `whsec_${Buffer.alloc(bytes, 7).toString("base64")}`

  it.effect("has a secret of at least 16 bytes, with or without its prefix and the line break of a file", () =>
    at(Effect.gen(function*() {
      const spelled = [secret(16), `${secret(16)}\n`, secret(16).slice(6), ` ${secret(64)}`]
      for (const [index, text] of spelled.entries()) {
        const { body, headers } = Signer.byHmac(`s${index}`, {
          secrets: [text.trim().startsWith("whsec_") ? text.trim() : secret(16)]
        })
        assert.strictEqual(yield* partOf(headers, body, Redacted.make(text)), "accepted", String(index))
      }
      const short = Signer.byHmac("short", { secrets: [secret(15)] })
      assert.strictEqual(yield* partOf(short.headers, short.body, Redacted.make(secret(15))), "Misconfigured")
    })))

  it.effect("has a signature of at most 16 KiB, of which 16 entries are looked at, and an id of 256 characters", () =>
    at(Effect.gen(function*() {
      const key = Redacted.make(Signer.secret)
      const padded = (id: string, length: number) => {
        const { body, headers } = Signer.byHmac(id)
        const signature = `${headers["webhook-signature"]} `
        return partOf({ ...headers, "webhook-signature": signature.padEnd(length, "x") }, body, key)
      }
      assert.strictEqual(yield* padded("long", 16 * 1_024), "accepted")
      assert.strictEqual(yield* padded("longer", 16 * 1_024 + 1), "webhook-signature")
      const among = (id: string, others: number) => {
        const { body, headers } = Signer.byHmac(id)
        const other = `v1,${Buffer.alloc(32).toString("base64")} `
        const signature = `${other.repeat(others)}${headers["webhook-signature"]}`
        return partOf({ ...headers, "webhook-signature": signature }, body, key)
      }
      assert.strictEqual(yield* among("sixteenth", 15), "accepted")
      assert.strictEqual(yield* among("seventeenth", 16), "SignatureRejected")
      const named = (id: string) => {
        const { body, headers } = Signer.byHmac(id)
        return partOf(headers, body, key)
      }
      assert.strictEqual(yield* named("i".repeat(256)), "accepted")
      assert.strictEqual(yield* named("i".repeat(257)), "webhook-id")
    })))

  it.effect("has all of its headers, and a refusal says how old it is", () =>
    at(Effect.gen(function*() {
      const key = Redacted.make(Signer.secret)
      const { body, headers } = Signer.byHmac("whole")
      for (const name of Object.keys(headers)) {
        const { [name]: _, ...rest } = headers
        assert.strictEqual(yield* partOf(rest, body, key), name)
        assert.strictEqual(yield* partOf({ ...rest, [name]: "" }, body, key), name)
      }
      const old = Signer.byHmac("old", { at: Signer.noon - 420 })
      const error = yield* Effect.flip(Webhook.verify(old.headers, old.body, { secrets: key }))
      assert.deepStrictEqual(error.reason, new Reason.StaleDelivery({ age: 420, tolerance: 300 }))
    })))

  it.effect("that is a token which lasts for a day is known for a day", () =>
    at(Effect.scoped(Effect.gen(function*() {
      const pair = Signer.pairOf("k1")
      const { url } = yield* Signer.keyServer(Signer.listing(() => [pair]))
      const keys = yield* Effect.provide(WebhookKeys.make({ url }), FetchHttpClient.layer)
      const day = 86_400
      const claims = { iat: undefined, exp: Signer.noon + day }
      const real = Signer.byToken(pair, "lasting", { claims })
      // Nobody signs these two headers.
      const later = (seconds: number, id: string) =>
        Effect.match(
          Webhook.verify(
            { ...real.headers, "webhook-id": id, "webhook-timestamp": String(Signer.noon + seconds) },
            real.body,
            { audience: Signer.audience }
          ),
          { onFailure: ({ reason }) => reason._tag, onSuccess: () => "accepted" }
        ).pipe(Effect.provideService(WebhookKeys.WebhookKeys, keys))
      assert.strictEqual(yield* later(0, "lasting"), "accepted")
      yield* TestClock.adjust("12 hours")
      assert.strictEqual(yield* later(day / 2, "noon"), "ReplayedDelivery")
      yield* TestClock.adjust("12 hours")
      assert.strictEqual(yield* later(day, "end"), "ReplayedDelivery")
      yield* TestClock.adjust("5 minutes")
      assert.strictEqual(yield* later(day + 300, "edge"), "ReplayedDelivery")
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* later(day + 300, "over"), "SignatureRejected")
    }))))

  it.effect("has a body of a MiB at most, in bytes, which is an object of JSON in UTF-8", () =>
    at(Effect.gen(function*() {
      const key = Redacted.make(Signer.secret)
      const of = (id: string, body: string) => partOf(Signer.byHmac(id, { body }).headers, body, key)
      const filled = (length: number) => {
        const empty = JSON.stringify({ type: "a", pad: "" })
        return JSON.stringify({ type: "a", pad: "p".repeat(length - empty.length) })
      }
      assert.strictEqual(yield* of("full", filled(1 << 20)), "accepted")
      assert.strictEqual(yield* of("over", filled((1 << 20) + 1)), "body")
      // As a text it has half as many characters.
      assert.strictEqual(yield* of("wide", JSON.stringify({ type: "a", pad: "ü".repeat(1 << 19) })), "body")
      assert.strictEqual(yield* of("list", "[]"), "body")
      assert.strictEqual(yield* of("typeless", "{\"data\":{}}"), "body.type")
      const bytes = Uint8Array.of(0x7b, 0xff, 0x7d)
      const { headers } = Signer.byHmac("bytes", { body: Buffer.from(bytes).toString("latin1") })
      assert.strictEqual(yield* partOf(headers, bytes, key), "SignatureRejected")
    })))
})

describe("keys", () => {
  it.effect("say why they cannot be had, and are read to the last byte of the bound", () =>
    Effect.gen(function*() {
      const codeOf = (url: string) =>
        Effect.gen(function*() {
          const keys = yield* WebhookKeys.make({ url })
          const error = yield* Effect.flip(keys.get("k1"))
          return error.reason._tag === "KeysUnavailable" ? error.reason.code : error.reason._tag
        }).pipe(Effect.provide(FetchHttpClient.layer))
      // Nobody listens on the port of a server that was closed.
      const { url } = yield* Effect.scoped(Signer.keyServer(Signer.listing(() => [])))
      assert.strictEqual(yield* codeOf(url), "ECONNREFUSED")
      const pair = Signer.pairOf("k1")
      const list = JSON.stringify({ keys: [pair.jwk] })
      const full = yield* Signer.keyServer((_, response) => response.end(list.padEnd(256 * 1024, " ")))
      const keys = yield* Effect.provide(WebhookKeys.make({ url: full.url }), FetchHttpClient.layer)
      assert.isDefined(yield* keys.get("k1"))
    }))
})

describe("ids in memory", () => {
  it.effect("are kept to the end of their last millisecond, when nothing else is", () =>
    Effect.gen(function*() {
      const replays = Replays.makeMemory()
      yield* replays.claim("one", 1_000)
      yield* TestClock.adjust(1_000)
      assert.isUndefined(yield* replays.claim("one", 1_000))
      yield* TestClock.adjust(1)
      assert.isDefined(yield* replays.claim("one", 1_000))
    }))
})

describe("an event", () => {
  it.effect("may have nulls where nothing is, and one without an id ends nobody's wait", () =>
    Effect.gen(function*() {
      const event = WebhookEvent.of({
        type: "batch.failed",
        timestamp: null,
        data: { id: null, error_code: null, error_message: null, user_metadata: null }
      })
      assert.strictEqual(event.at, undefined)
      assert.deepStrictEqual(event.type === "batch.failed" ? event.error : undefined, {})
      assert.deepStrictEqual([event.id, event.resource, event.metadata], ["", "", {}])
      const { about, publish } = yield* Deliveries.make
      yield* publish({ event })
      const fiber = yield* Effect.forkChild(about(""), { startImmediately: true })
      yield* Effect.yieldNow
      assert.isUndefined(fiber.pollUnsafe())
    }))
})
