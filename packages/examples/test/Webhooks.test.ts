/** The two servers of webhooks, over real requests: both kinds of delivery in, forgeries and replays out. */
import { assert, describe, it } from "@effect/vitest"
import { makeWebhookApp } from "effect-gemini-examples/WebhookHono"
import { webhookRoute } from "effect-gemini-examples/WebhookServer"
import * as Deliveries from "effect-gemini/webhooks/Deliveries"
import * as Replays from "effect-gemini/webhooks/Replays"
import * as WebhookKeys from "effect-gemini/webhooks/WebhookKeys"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as HttpRouter from "effect/http/HttpRouter"
import * as HttpServer from "effect/http/HttpServer"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Redacted from "effect/Redacted"
import * as Signer from "../../gemini/test/webhooks/signer.ts"

const pair = Signer.pairOf("k1")
const options = { audience: Signer.audience, secrets: Redacted.make(Signer.secret) }
const now = (): number => Math.floor(Date.now() / 1_000)

/** What a server has to do with each delivery, in this order. */
const statuses = async (send: (delivery: Signer.Delivery) => Promise<number>, name: string) => {
  const at = now()
  const real = Signer.byHmac(`${name}-static`, { at, body: Signer.bodyOf("b1") })
  const dynamic = Signer.byToken(pair, `${name}-dynamic`, { at, body: Signer.bodyOf("v1", "interaction.completed") })
  const sent: ReadonlyArray<Signer.Delivery> = [
    { ...real, body: Signer.bodyOf("b2") },
    real,
    real,
    dynamic,
    { ...dynamic, headers: { ...dynamic.headers, "webhook-id": "other" } },
    { headers: {}, body: real.body },
    Signer.byHmac(`${name}-old`, { at: at - 600 })
  ]
  const found: Array<number> = []
  for (const delivery of sent) found.push(await send(delivery))
  return found
}

const expected = [401, 204, 200, 204, 200, 400, 400]

describe("a webhook server", () => {
  it.live("on effect/http accepts both kinds once, and tells who waits", () =>
    Effect.gen(function*() {
      const keys = yield* Signer.keyServer(Signer.listing(() => [pair]))
      const deliveries = yield* Deliveries.make
      const services = Layer.mergeAll(
        Layer.succeed(Deliveries.Deliveries, deliveries),
        WebhookKeys.layer({ url: keys.url }).pipe(Layer.provide(FetchHttpClient.layer)),
        Layer.succeed(Replays.Replays, Replays.makeMemory()),
        Logger.layer([]),
        HttpServer.layerServices
      )
      const { dispose, handler } = HttpRouter.toWebHandler(webhookRoute(options).pipe(Layer.provide(services)), {
        disableLogger: true
      })
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const send = async (delivery: Signer.Delivery) =>
        (await handler(new Request("http://localhost/gemini", { method: "POST", ...delivery }))).status
      assert.deepStrictEqual(yield* Effect.promise(() => statuses(send, "effect")), expected)
      assert.strictEqual((yield* deliveries.about("batches/b1")).type, "batch.succeeded")
      assert.strictEqual((yield* deliveries.about("v1")).type, "interaction.completed")
    }))

  it.live("on Hono accepts both kinds once, and tells who waits", () =>
    Effect.gen(function*() {
      const keys = yield* Signer.keyServer(Signer.listing(() => [pair]))
      const layer = Layer.merge(
        Deliveries.layer,
        WebhookKeys.layer({ url: keys.url }).pipe(Layer.provide(FetchHttpClient.layer))
      )
      const { app, dispose, runtime } = makeWebhookApp(layer, options)
      yield* Effect.addFinalizer(() => Effect.promise(dispose))
      const send = async (delivery: Signer.Delivery) =>
        (await app.request("/gemini", { method: "POST", ...delivery })).status
      assert.deepStrictEqual(yield* Effect.promise(() => statuses(send, "hono")), expected)
      const told = Deliveries.Deliveries.use((deliveries) => deliveries.about("b1"))
      assert.strictEqual((yield* Effect.promise(() => runtime.runPromise(told))).type, "batch.succeeded")
    }))
})
