/** Webhooks: what is registered and given, deliveries that are signed both ways, repeated, late, twice and tampered with. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Clock from "effect/Clock"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as TestClock from "effect/testing/TestClock"
import * as Crypto from "node:crypto"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import * as Deliveries from "../src/internal/webhooks/Deliveries.ts"
import * as Ix from "./InteractionWire.ts"
import * as Wire from "./Wire.ts"

interface Received {
  readonly id: string
  readonly timestamp: string
  readonly signature: string
  readonly body: string
  readonly event: {
    readonly type: string
    readonly data: { readonly id: string; readonly file_name?: string; readonly error_code?: string }
    readonly user_metadata?: unknown
  }
}

/** A server that keeps what comes and answers by the number of the request. */
const receiver = Effect.fnUntraced(function*(status: (n: number) => number = () => 200) {
  const received: Array<Received> = []
  const waiting: Array<{ readonly n: number; readonly deferred: Deferred.Deferred<void> }> = []
  const server = yield* Effect.acquireRelease(
    Effect.callback<Http.Server>((resume) => {
      const server = Http.createServer((request, response) => {
        const chunks: Array<Buffer> = []
        request.on("data", (chunk: Buffer) => chunks.push(chunk))
        request.on("end", () => {
          const body = Buffer.concat(chunks).toString()
          const header = (name: string) => String(request.headers[`webhook-${name}`])
          received.push({
            id: header("id"),
            timestamp: header("timestamp"),
            signature: header("signature"),
            body,
            event: JSON.parse(body)
          })
          response.writeHead(status(received.length)).end()
          for (const { deferred, n } of waiting) {
            if (received.length >= n) Effect.runSync(Deferred.succeed(deferred, undefined))
          }
        })
      })
      server.listen(0, "127.0.0.1", () => resume(Effect.succeed(server)))
    }),
    (server) =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )
  const { port } = server.address() as AddressInfo
  return {
    url: `http://127.0.0.1:${port}/hook`,
    received,
    await: (n: number) =>
      Effect.gen(function*() {
        const deferred = yield* Deferred.make<void>()
        if (received.length >= n) return
        waiting.push({ n, deferred })
        yield* Deferred.await(deferred)
      })
  }
})

interface Hook {
  readonly id: string
  readonly state: string
  readonly new_signing_secret?: string
  readonly secret?: string
  readonly signing_secrets: ReadonlyArray<{ readonly expire_time?: string }>
  readonly error?: { readonly code: string }
}

const call = Effect.fnUntraced(function*(verb: "GET" | "POST" | "PATCH" | "DELETE", path: string, body?: unknown) {
  const { url } = yield* Emulator.Emulator
  const response = yield* HttpClientRequest.make(verb)(`${url}/v1beta/${path}`).pipe(
    HttpClientRequest.setHeader("x-goog-api-key", "key"),
    body === undefined ? (request) => request : HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute
  )
  return (yield* response.json) as unknown as Hook
})

const register = (uri: string, events = ["interaction.completed", "interaction.failed", "batch.succeeded"]) =>
  call("POST", "webhooks", { name: "mine", uri, subscribed_events: events })

/** The signature that the secret makes of a delivery. */
const mac = (secret: string, { body, id, timestamp }: Received): string =>
  `v1,${
    Crypto.createHmac("sha256", Buffer.from(secret.slice("whsec_".length), "base64"))
      .update(`${id}.${timestamp}.${body}`).digest("base64")
  }`

const background = Ix.body("Hello", { background: true })

const run = (options: Emulator.Options = {}) => Effect.provide(Emulator.layerHttpClient(options))

describe("a registered webhook", () => {
  it.effect("hears of the end of what runs in the background, signed with its secret", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const { id, new_signing_secret: secret = "" } = yield* register(hook.url)
      assert.match(secret, /^whsec_[A-Za-z0-9+/]{43}=$/)
      assert.notProperty(yield* call("GET", `webhooks/${id}`), "new_signing_secret")
      const made = yield* Ix.create(background)
      yield* TestClock.adjust(999)
      assert.lengthOf(hook.received, 0)
      yield* TestClock.adjust(1)
      yield* hook.await(1)
      const [first] = hook.received
      assert.strictEqual(first?.event.type, "interaction.completed")
      assert.deepStrictEqual(first?.event.data, { id: made.id })
      assert.strictEqual(first?.timestamp, "1")
      assert.strictEqual(first === undefined ? "" : mac(secret, first), first?.signature)
    }).pipe(Effect.scoped, run()))

  it.effect("signs with both secrets for a day while they rotate, and with one alone if told so", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const { id, new_signing_secret: old = "" } = yield* register(hook.url)
      const { secret = "" } = yield* call("POST", `webhooks/${id}:rotateSigningSecret`, {})
      const signatures = Effect.fnUntraced(function*(n: number) {
        yield* call("POST", `webhooks/${id}:ping`)
        yield* hook.await(n)
        const last = hook.received[n - 1]
        if (last === undefined) throw new Error("nothing has come")
        return { signatures: last.signature.split(" "), ofNew: mac(secret, last), ofOld: mac(old, last) }
      })
      const first = yield* signatures(1)
      assert.deepStrictEqual(first.signatures, [first.ofNew, first.ofOld])
      yield* TestClock.adjust("24 hours")
      const second = yield* signatures(2)
      assert.deepStrictEqual(second.signatures, [second.ofNew])
      yield* call("POST", `webhooks/${id}:rotateSigningSecret`, {
        revocation_behavior: "revoke_previous_secrets_immediately"
      })
      const third = yield* signatures(3)
      assert.notDeepEqual(third.signatures, [third.ofNew])
      assert.lengthOf(third.signatures, 1)
    }).pipe(Effect.scoped, run()))

  it.effect("is changed, listed and deleted, and hears only what it asked for", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const { id } = yield* register(hook.url, ["interaction.failed"])
      yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      yield* call("PATCH", `webhooks/${id}?update_mask=subscribed_events`, {
        subscribed_events: ["interaction.completed"],
        state: "disabled"
      })
      const made = yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      yield* hook.await(1)
      assert.deepStrictEqual(hook.received.map(({ event }) => event.data.id), [made.id])
      const disabled = yield* call("PATCH", `webhooks/${id}`, { state: "disabled" })
      assert.strictEqual(disabled.state, "disabled")
      yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      assert.deepStrictEqual(yield* call("DELETE", `webhooks/${id}`), {} as never)
      assert.strictEqual((yield* call("GET", `webhooks/${id}`)).error?.code, "not_found")
      assert.lengthOf(hook.received, 1)
    }).pipe(Effect.scoped, run()))
})

describe("a webhook of a job", () => {
  it.effect("takes the place of those that are registered, and is signed as a token", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const registered = yield* receiver()
      yield* register(registered.url)
      const { id } = yield* Ix.create(
        Ix.body("Hello", { background: true, webhook_config: { uris: [hook.url], user_metadata: { run: 7 } } })
      )
      yield* TestClock.adjust(1_000)
      yield* hook.await(1)
      const [first] = hook.received
      assert.deepStrictEqual(first?.event.user_metadata, { run: 7 })
      const { url } = yield* Emulator.Emulator
      const list = yield* Effect.flatMap(HttpClient.get(`${url}/.well-known/jwks.json`), (response) => response.json)
      const { keys } = list as unknown as { readonly keys: ReadonlyArray<Crypto.JsonWebKey & { kid: string }> }
      const [head = "", claims = "", signature = ""] = first?.signature.split(".") ?? []
      const { alg, kid } = JSON.parse(Buffer.from(head, "base64url").toString())
      assert.strictEqual(alg, "RS256")
      const key = keys.find((one) => one.kid === kid)
      const publicKey = Crypto.createPublicKey({ key: key ?? {}, format: "jwk" })
      assert.isTrue(
        Crypto.verify("sha256", Buffer.from(`${head}.${claims}`), publicKey, Buffer.from(signature, "base64url"))
      )
      const { aud, exp: _1, iat, iss: _2, jti, ...event } = JSON.parse(Buffer.from(claims, "base64url").toString())
      assert.deepStrictEqual({ aud, iat, jti }, { aud: hook.url, iat: 1, jti: first?.id })
      assert.deepStrictEqual(event, JSON.parse(first?.body ?? ""))
      assert.strictEqual(event.data.id, id)
      assert.lengthOf(registered.received, 0)
    }).pipe(Effect.scoped, run()))

  it.effect("hears that it was cancelled, and of a batch", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const { id } = yield* Ix.create(Ix.body("Hello", { background: true, webhook_config: { uris: [hook.url] } }))
      yield* Ix.ask("POST", `interactions/${id}/cancel`)
      yield* hook.await(1)
      yield* TestClock.adjust(1_000)
      yield* Wire.post(`/v1beta/models/${Wire.flash}:batchGenerateContent`, {
        batch: {
          displayName: "b",
          inputConfig: { requests: { requests: [{ request: Wire.prompt("Hi") }] } },
          webhookConfig: { uris: [hook.url], userMetadata: { a: 1 } }
        }
      })
      yield* TestClock.adjust(2_000)
      yield* hook.await(2)
      assert.deepStrictEqual(hook.received.map(({ event }) => event.type), ["interaction.cancelled", "batch.succeeded"])
      assert.deepStrictEqual(hook.received[1]?.event.user_metadata, { a: 1 })
    }).pipe(Effect.scoped, run()))
})

describe("a delivery", () => {
  it.effect("is repeated with the same id until it is taken", () =>
    Effect.gen(function*() {
      const hook = yield* receiver((n) => n < 4 ? 500 : 204)
      yield* register(hook.url)
      yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      for (const [n, pause] of [[1, 1_000], [2, 2_000], [3, 4_000]] as const) {
        yield* hook.await(n)
        yield* TestClock.adjust(pause - 1)
        assert.lengthOf(hook.received, n)
        yield* TestClock.adjust(1)
      }
      yield* hook.await(4)
      assert.lengthOf(new Set(hook.received.map(({ id }) => id)), 1)
      assert.deepStrictEqual(hook.received.map(({ timestamp }) => timestamp), ["1", "2", "4", "8"])
      assert.lengthOf(new Set(hook.received.map(({ signature }) => signature)), 4)
    }).pipe(Effect.scoped, run()))

  it.effect("is late, comes twice, gets lost or is changed where a fault says so", () =>
    Effect.gen(function*() {
      const hook = yield* receiver()
      const { new_signing_secret: secret = "" } = yield* register(hook.url)
      const emulator = yield* Emulator.Emulator
      const fault = (more: object) => emulator.addFault({ when: { method: "webhooks.delivery", times: 1 }, ...more })
      yield* fault({ delay: 5_000 })
      const first = yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      const second = yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      yield* hook.await(1)
      yield* TestClock.adjust(5_000)
      yield* hook.await(2)
      assert.deepStrictEqual(hook.received.map(({ event }) => event.data.id), [second.id, first.id])

      yield* fault({ webhook: { repeat: 2 } })
      yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      yield* hook.await(4)
      assert.strictEqual(hook.received[2]?.id, hook.received[3]?.id)

      for (const [i, tamper] of (["body", "signature", "timestamp", "id"] as const).entries()) {
        yield* fault({ webhook: { tamper } })
        yield* Ix.create(background)
        yield* TestClock.adjust(1_000)
        yield* hook.await(5 + 2 * i)
        // What was changed on the way comes once more as it should be.
        yield* TestClock.adjust(1_000)
        yield* hook.await(6 + 2 * i)
        const [bad, good] = hook.received.slice(4 + 2 * i)
        assert.notStrictEqual(bad === undefined ? "" : mac(secret, bad), bad?.signature, tamper)
        assert.strictEqual(good === undefined ? "" : mac(secret, good), good?.signature, tamper)
      }
      yield* fault({ webhook: { lose: true } })
      yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      assert.lengthOf(hook.received, 12)
    }).pipe(Effect.scoped, run()))

  it.effect("goes nowhere but to this machine", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const uris = [
        "https://example.com/hook",
        "http://127.0.0.1.example.com/",
        "http://localhost@example.com/",
        "http://10.0.0.1/",
        "http://[::2]/",
        "ftp://127.0.0.1/"
      ]
      yield* Ix.create(Ix.body("Hello", { background: true, webhook_config: { uris } }))
      yield* TestClock.adjust(1_000)
      const deliveries = yield* emulator.webhooks.awaitEnded(uris.length)
      assert.deepStrictEqual(deliveries.map(({ state }) => state), uris.map(() => "refused" as const))
      assert.lengthOf(deliveries.flatMap(({ attempts }) => attempts), 0)
    }).pipe(run()))

  it.effect("is given up after a day, and the webhook with it", () =>
    Effect.gen(function*() {
      const hook = yield* receiver(() => 503)
      const emulator = yield* Emulator.Emulator
      const { id } = yield* register(hook.url)
      yield* Ix.create(background)
      yield* TestClock.adjust(1_000)
      const ended = emulator.webhooks.awaitEnded(1)
      for (let n = 1; (yield* emulator.webhooks.ended) === 0; n++) {
        yield* Effect.raceFirst(hook.await(n), ended)
        yield* TestClock.adjust("1 hour")
      }
      const [delivery] = yield* ended
      assert.isAbove(delivery?.attempts.length ?? 0, 20)
      assert.strictEqual(delivery?.state, "failed")
      assert.isAtMost((delivery?.attempts.at(-1)?.at ?? 0) - (delivery?.attempts[0]?.at ?? 0), 86_400_000)
      assert.strictEqual((yield* call("GET", `webhooks/${id}`)).state, "disabled_due_to_failed_deliveries")
    }).pipe(Effect.scoped, run()))

  it.effect("is lost where too many are under way", () =>
    Effect.gen(function*() {
      const clock = yield* Clock.Clock
      const deliveries = Deliveries.make({ clock: () => clock, now: () => 0, fault: () => undefined, atOnce: 100 })
      const parcel = {
        id: "1",
        type: "ping",
        project: "default",
        uri: "http://127.0.0.1:9/",
        kind: "static",
        event: {},
        sign: () => Promise.resolve("x"),
        failed: () => undefined
      } as const
      for (let i = 0; i < 100; i++) deliveries.at(1, () => undefined)
      deliveries.send(parcel)
      yield* deliveries.awaitEnded(1)
      assert.deepStrictEqual(deliveries.list().map(({ state }) => state), ["lost"])
      deliveries.clear()
    }))
})
