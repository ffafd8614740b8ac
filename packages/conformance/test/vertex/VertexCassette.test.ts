/**
 * A cassette of Vertex AI: calls, a stream, a cache and a Live session are recorded and played again, and neither the
 * project nor the access token, which looks like nothing that a rule knows, is in a line of it.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import type { CassetteError } from "effect-gemini-emulator/cassettes/CassetteError"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type { EmulatorError } from "effect-gemini-emulator/EmulatorError"
import * as Caches from "effect-gemini/caches/Caches"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { mkdtempSync, readFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const model = "gemini-3.8-flash"
const live = "gemini-robotics-er-2-streaming-preview"
const canary = "canaryTokenOfNoShape0123456789"
const project = "canary-project-of-ada"

const file = join(mkdtempSync(join(tmpdir(), "cassette-vertex-")), "vertex.jsonl")

interface At {
  readonly url: string
  readonly project: string
  readonly token: string
  readonly location?: string
}

/** What a program asks and hears: it tells its project and its token itself, where a model would say them again. */
const heard = ({ location = "europe-west4", project, token, url }: At) => {
  const services = Vertex.destination({ project, location, baseUrl: url, quotaProject: project }).pipe(
    Effect.map((destination) =>
      Layer.mergeAll(
        NodeGemini.layerHttp({ destination }),
        NodeGemini.layerLive({ destination }),
        Layer.provide(
          Caches.layer,
          Layer.provide(ResourceHttp.layer({ destination }), NodeGemini.layerHttpClient())
        )
      )
    ),
    Layer.unwrap,
    Layer.provide(AccessToken.layerStatic(Redacted.make(token)))
  )
  return Effect.gen(function*() {
    const gemini = yield* GeminiClient.GeminiClient
    const contents = `emulator:say my token is ${token} and I live in projects/${project}/locations/x`
    const answer = yield* gemini.generate({ model, contents })
    const chunks = yield* Stream.runCollect(gemini.generateStream({ model, contents: "emulator:words 12" }))
    const tokens = yield* gemini.countTokens({ model, contents: "How much?" })
    const { cache } = yield* Caches.Caches.use((caches) =>
      caches.create({ model, contents: "word ".repeat(6_000), displayName: "tides", ttl: "10 minutes" })
    )
    const session = yield* (yield* GeminiLive.GeminiLive).connect({ model: live, ping: false })
    const turn = yield* session.ask("emulator:words 5")
    return {
      answer: answer.text,
      stream: chunks.map(({ text }) => text).join(""),
      tokens: tokens.totalTokens,
      cache: cache.name?.replace(/^projects\/[^/]+/, ""),
      turn: turn.text
    }
  }).pipe(Effect.scoped, Effect.provide(services))
}

const over = <A, E>(
  options: Cassette.Options,
  use: (url: string) => Effect.Effect<A, E>
): Effect.Effect<A, E | CassetteError | EmulatorError> =>
  Effect.scoped(Effect.gen(function*() {
    const cassette = yield* Cassette.open(options)
    return yield* Emulator.Emulator.pipe(
      Effect.flatMap(({ url }) => use(url)),
      Effect.provide(Emulator.layerServer({ cassette }), { local: true })
    )
  }))

const vertex: Emulator.Options = { vertex: { tokens: { valid: [canary] }, quotaProjects: [project] } }

describe("a cassette of Vertex AI", () => {
  it.live(
    "is recorded without its token and its project, and played for others without a server",
    () =>
      Effect.gen(function*() {
        const recorded = yield* Effect.gen(function*() {
          const { requests, url } = yield* Emulator.Emulator
          const said = yield* over(
            { file, mode: "new", upstream: url, allowRecord: true },
            (url) => heard({ url, project, token: canary })
          )
          for (const { headers } of yield* requests) assert.strictEqual(headers["authorization"], "Bearer")
          return said
        }).pipe(Effect.provide(Emulator.layerServer(vertex), { local: true }))
        assert.include(recorded.answer, canary)

        const text = readFileSync(file, "utf8")
        for (const secret of [canary, canary.slice(0, 16), project]) assert.notInclude(text, secret)
        assert.include(text, "projects/REDACTED_PROJECT_1/locations/europe-west4/publishers/google/models/")
        assert.include(text, "google.cloud.aiplatform.v1beta1.LlmBidiService/BidiGenerateContent")

        const played = yield* over(
          { file },
          (url) => heard({ url, project: "the-project-of-ben", token: "aTokenOfBenThatIsAnotherOne" })
        )
        assert.deepStrictEqual({ ...played, answer: "" }, { ...recorded, answer: "" })
        assert.include(played.answer, "projects/REDACTED_PROJECT_1/locations/x")
        assert.notInclude(played.answer, canary)
      }),
    60_000
  )

  it.live("is of one location: another one is another request, whose refusal names it", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(over(
        { file },
        (url) => heard({ url, project, token: canary, location: "us-east1" })
      ))
      assert.include(error.message, "us-east1")
      assert.notInclude(error.message, project)
    }), 60_000)
})
