/** Deliveries of the emulator, over sockets, into `Webhook`: both kinds, while secrets and keys rotate, tampered and repeated; and waits that end by them. */
import { assert, describe, it } from "@effect/vitest"
import type * as Standalone from "effect-gemini-emulator/Standalone"
import * as Batches from "effect-gemini/batches/Batches"
import * as BatchRun from "effect-gemini/batches/BatchRun"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import * as Deliveries from "effect-gemini/webhooks/Deliveries"
import * as Replays from "effect-gemini/webhooks/Replays"
import * as Webhook from "effect-gemini/webhooks/Webhook"
import * as WebhookKeys from "effect-gemini/webhooks/WebhookKeys"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { createServer, type IncomingMessage } from "node:http"
import * as Layers from "./interactionLayers.ts"

const bodyOf = async (request: IncomingMessage): Promise<Uint8Array> => {
  const chunks: Array<Uint8Array> = []
  for await (const chunk of request) chunks.push(chunk)
  return Buffer.concat(chunks)
}

/** A server of ours whose route is `Webhook.receive`; `said` are its answers, in their order. */
const listening = Effect.fnUntraced(function*(emulator: Standalone.Standalone) {
  const deliveries = yield* Deliveries.make
  const keys = yield* Layer.build(
    WebhookKeys.layer({ url: `${emulator.url}/.well-known/jwks.json` }).pipe(Layer.provide(FetchHttpClient.layer))
  )
  const replays = Replays.makeMemory()
  const said: Array<string> = []
  const secrets: Array<Redacted.Redacted<string>> = []
  let url = ""
  const server = createServer((request, response) => {
    const answered = Effect.gen(function*() {
      const body = yield* Effect.promise(() => bodyOf(request))
      const options = { audience: url, ...(secrets.length === 0 ? {} : { secrets }) }
      return yield* Effect.match(Webhook.receive(request.headers, body, options, deliveries.publish), {
        onFailure: ({ reason, status }) => {
          said.push(reason._tag === "SignatureRejected" ? reason.why : reason._tag)
          return status
        },
        onSuccess: () => {
          said.push("accepted")
          return 204
        }
      })
    })
    Effect.runPromise(Effect.provide(
      answered,
      Context.add(keys, Replays.Replays, replays)
    )).then((status) => {
      response.statusCode = status
      response.end()
    }, () => response.destroy())
  })
  url = yield* Effect.acquireRelease(
    Effect.callback<string>((resume) => {
      server.listen(0, "127.0.0.1", () => {
        const address = server.address()
        const port = typeof address === "object" && address !== null ? address.port : 0
        resume(Effect.succeed(`http://127.0.0.1:${port}/gemini`))
      })
    }),
    () => Effect.sync(() => server.close())
  )
  return { deliveries, said, secrets, url }
})

const posted = (emulator: Standalone.Standalone, path: string, body: object) =>
  Effect.promise(async (): Promise<Record<string, string>> => {
    const response = await fetch(`${emulator.url}/v1beta/${path}`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": "secret-key" },
      body: JSON.stringify(body)
    })
    return await response.json()
  })

const options = { interactions: { research: 100 }, batchPending: 50, batchRunning: 50, webhookRetry: 20 }

describe("deliveries of the emulator", () => {
  it.live("with a secret are accepted, also while it rotates, and no longer when it is gone", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const { said, secrets, url } = yield* listening(emulator)
        const made = yield* posted(emulator, "webhooks", { uri: url, subscribed_events: ["batch.succeeded"] })
        const secretOf = (text: string | undefined) => Redacted.make(text ?? assert.fail("no secret"))
        secrets.push(secretOf(made["new_signing_secret"]))
        const project = emulator.requests().at(-1)?.project
        const send = Effect.gen(function*() {
          const before = emulator.webhooks.ended()
          const before_ = said.length
          emulator.webhooks.send({ type: "batch.succeeded", data: { id: "b1" }, project })
          yield* Effect.promise(() => emulator.webhooks.awaitEnded(before + 1))
          return said.slice(before_)
        })
        assert.deepStrictEqual(yield* send, ["accepted"])
        const rotated = yield* posted(emulator, `webhooks/${made["id"]}:rotateSigningSecret`, {
          revocation_behavior: "revoke_previous_secrets_after_h24"
        })
        // We have the old one alone, then both, then the new one alone: Google signs with both.
        assert.deepStrictEqual(yield* send, ["accepted"])
        secrets.push(secretOf(rotated["secret"]))
        assert.deepStrictEqual(yield* send, ["accepted"])
        secrets.shift()
        assert.deepStrictEqual(yield* send, ["accepted"])
      }).pipe(Effect.scoped), options))

  it.live("with a token are accepted once, by new keys too, and refused where they were changed on the way", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const { deliveries, said, url } = yield* listening(emulator)
        const send = Effect.gen(function*() {
          const before = emulator.webhooks.ended()
          emulator.webhooks.send({ type: "interaction.completed", data: { id: "v1" }, uris: [url], metadata: { a: 1 } })
          yield* Effect.promise(() => emulator.webhooks.awaitEnded(before + 1))
          return said.splice(0)
        })
        assert.deepStrictEqual(yield* send, ["accepted"])
        assert.deepStrictEqual((yield* deliveries.about("v1")).metadata, { a: 1 })
        const tampered = [["body", "otherBody"], ["signature", "signature"], ["timestamp", "StaleDelivery"]] as const
        for (const [tamper, why] of tampered) {
          emulator.addFault({ when: { method: "webhooks.delivery", times: 1 }, webhook: { tamper } })
          assert.deepStrictEqual(yield* send, [why, "accepted"], tamper)
        }
        // The header with the id is not signed, and the token has its own: the event counts once all the same.
        emulator.addFault({ when: { method: "webhooks.delivery", times: 1 }, webhook: { tamper: "id" } })
        assert.deepStrictEqual(yield* send, ["accepted", "ReplayedDelivery"])
        emulator.addFault({ when: { method: "webhooks.delivery", times: 1 }, webhook: { repeat: 3 } })
        assert.deepStrictEqual(yield* send, ["accepted", "ReplayedDelivery", "ReplayedDelivery"])
        emulator.webhooks.rotateKeys()
        // The list was asked for less than a minute ago: Google's next attempts find the new key in time.
        const refused = yield* Effect.gen(function*() {
          emulator.webhooks.send({ type: "interaction.completed", data: { id: "v2" }, uris: [url] })
          while (said.length === 0) yield* Effect.sleep("5 millis")
          return said.splice(0)
        })
        assert.strictEqual(refused[0], "unknownKey")
      }).pipe(Effect.scoped), options))
})

describe("a wait", () => {
  it.live("for a research that is polled ends when its webhook comes", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const { deliveries, url } = yield* listening(emulator)
        const last = yield* Stream.runLast(DeepResearch.run({
          query: "How are tides predicted?",
          by: "poll",
          interval: "1 hour",
          deliveries: deliveries.events,
          webhook: { uris: [url], userMetadata: { group: "nightly" } }
        }))
        assert.strictEqual(last._tag === "Some" ? last.value._tag : undefined, "Finished")
        const asked = emulator.requests().filter(({ method, path }) =>
          method === "GET" && path.includes("/interactions/")
        )
        assert.isAtMost(asked.length, 3)
      }).pipe(Effect.scoped, Effect.provide(Layers.layer(emulator.url))), options))

  it.live("for a run of batches ends when the webhook of its job comes", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const { deliveries, url } = yield* listening(emulator)
        const results = yield* Stream.runCollect(BatchRun.run({
          id: "told",
          model: "gemini-3.8-flash",
          rows: [{ key: "a", request: { contents: "Hello" } }],
          interval: "1 hour",
          maxInterval: "1 hour",
          told: deliveries.about,
          webhook: { uris: [url] }
        }))
        assert.deepStrictEqual(results.map(({ _tag, key }) => [_tag, key]), [["Success", "a"]])
      }).pipe(
        Effect.scoped,
        Effect.provide(Batches.layer().pipe(Layer.provideMerge(Layers.layer(emulator.url))))
      ), options))
})
