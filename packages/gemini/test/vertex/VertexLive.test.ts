/** Live sessions on Vertex AI, over real sockets: the address, who asks, the setup, and a token that the upgrade refuses. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { WebSocketServer } from "ws"

/** A server that takes the second token, and notes the paths and setups that it got. */
const listen = Effect.gen(function*() {
  const paths: Array<string> = []
  const setups: Array<unknown> = []
  const server = new WebSocketServer({
    host: "127.0.0.1",
    port: 0,
    verifyClient: ({ req }, done) => {
      paths.push(req.url ?? "")
      const isGood = req.headers.authorization === "Bearer ya29.token-2-of-this-test"
      done(isGood, 401, "Unauthorized")
    }
  })
  server.on("connection", (socket) => {
    socket.on("message", (data) => {
      setups.push(JSON.parse(String(data)))
      socket.send(JSON.stringify({ setupComplete: {} }))
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.once("listening", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        for (const client of server.clients) client.terminate()
        server.close(() => resume(Effect.void))
      })
  )
  const address = server.address()
  return { paths, setups, url: `http://127.0.0.1:${typeof address === "string" || !address ? 0 : address.port}` }
})

describe("Live on Vertex AI", () => {
  it.live("is dialled with a token that is renewed once, and sets up the model by its whole name", () =>
    Effect.gen(function*() {
      const server = yield* listen
      let made = 0
      const tokens = AccessToken.layer(() =>
        Effect.sync(() => ({ token: Redacted.make(`ya29.token-${++made}-of-this-test`) }))
      )
      const live = Vertex.destination({ project: "my-project", location: "us-central1", baseUrl: server.url }).pipe(
        Effect.map((destination) => NodeGemini.layerLive({ destination })),
        Layer.unwrap,
        Layer.provide(tokens)
      )
      yield* GeminiLive.GeminiLive.use((live) => live.connect({ model: "gemini-3.8-live", ping: false })).pipe(
        Effect.provide(live)
      )
      const path = "/ws/google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent"
      assert.deepStrictEqual(server.paths, [path, path])
      assert.strictEqual(made, 2)
      const model = "projects/my-project/locations/us-central1/publishers/google/models/gemini-3.8-live"
      const [first] = server.setups
      assert.include(JSON.stringify(first), `"model":"${model}"`)
      assert.include(JSON.stringify(first), `"responseModalities":["AUDIO"]`)

      const wrong = yield* Effect.flip(
        GeminiLive.GeminiLive.use((live) => live.connect({ tools: [{ fileSearch: {} }], ping: false })).pipe(
          Effect.provide(live)
        )
      )
      assert.strictEqual(wrong.reason._tag, "InvalidSetup")
      assert.include(wrong.message, "setup.tools[0].fileSearch")
      assert.strictEqual(server.paths.length, 2)
    }).pipe(Effect.scoped))
})
