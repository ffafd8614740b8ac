/**
 * The tokens of a minute as a server counts them that counts otherwise than the client estimates, through a whole client
 * and over members.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Members from "effect-gemini/Members"
import * as Content from "effect-gemini/wire/Content"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Server from "./scriptedServer.ts"
import { pass } from "./simulation.ts"

const model = "gemini-2.5-flash"
const tpm = 20_000

type Client = (
  options?: Pick<GeminiConfig.Options, "countInput">
) => Layer.Layer<GeminiClient.GeminiClient, never, HttpClient.HttpClient>

const common = {
  defaultModel: model,
  tier: { name: "test", limits: { rpm: 200, tpm, rpd: Infinity, concurrency: 20 }, models: {} }
}
const clients: Readonly<Record<string, Client>> = {
  "one client": (options) => GeminiClient.layer({ ...common, ...options, apiKey: Redacted.make("key") }),
  members: (options) => Members.layer({ ...common, ...options, members: [{ name: "a", apiKey: Redacted.make("key") }] })
}

/** 200 tokens, as they are estimated. */
const words = "word ".repeat(160)
const fileOf = (mimeType: string) => [Content.user([{ fileData: { fileUri: "https://example.com/a", mimeType } }])]

/** What the server counts for the n-th request, and how long it takes to say so. */
interface Counting {
  readonly tokens: (n: number) => number
  readonly after?: number
}

const contents = {
  text: words,
  "a document by its URI": fileOf("application/pdf"),
  "a video by its URI": fileOf("video/mp4"),
  "an image": [Content.user([{ inlineData: { mimeType: "image/png", data: "AAAA" } }])]
}

const countings: Readonly<Record<string, Counting>> = {
  "ten times as much": { tokens: () => 2_000 },
  "ten times as much or a tenth of it, in turn": { tokens: (n) => n % 2 === 0 ? 2_000 : 20 },
  "as much": { tokens: () => 200 },
  "ten times as much, after more than a minute": { tokens: () => 2_000, after: 70_000 }
}

describe.each(Object.entries(clients))("over %s", (_, client) => {
  describe.each(Object.entries(contents))("%s", (what, contents) => {
    // How often and how late is the same for every kind.
    it.effect.each(Object.entries(countings).slice(0, what === "text" ? undefined : 1))(
      "of which the server counts %s keeps the tokens of every minute after its first answer",
      ([, { after = 500, tokens }]) =>
        Effect.gen(function*() {
          let requests = 0
          const server = Server.make(() => {
            const count = tokens(requests++)
            return { body: Server.answered(count, model), after, tokens: count }
          })
          yield* Effect.gen(function*() {
            const gemini = yield* GeminiClient.GeminiClient
            const first = yield* Effect.forkChild(gemini.generate({ contents }), { startImmediately: true })
            yield* pass(after, after)
            yield* Fiber.join(first)
            const worker = Effect.forever(Effect.exit(gemini.generate({ contents })))
            const fibers = yield* Effect.forEach(Array.from({ length: 60 }), () => Effect.forkChild(worker))
            yield* pass("3 minutes", "500 millis")
            yield* Fiber.interruptAll(fibers)
            assert.isAtMost(Server.busiest(server.hits).tokens, tpm)
            const used = server.hits.reduce((sum, hit) => sum + hit.tokens, 0)
            // An estimate that is too high for half of the requests holds the others up, while it is not yet counted.
            if (after < 60_000) assert.isAtLeast(used, 3 * tpm * 0.6)
          }).pipe(Effect.provide(client().pipe(Layer.provide(server.layer))))
        })
    )
  })

  it.effect.each([10, 100])(
    "a server that refuses what is above its tokens loses no call, though it counts %i times as much",
    (factor) =>
      Effect.gen(function*() {
        const taken: Array<readonly [at: number, tokens: number]> = []
        let refused = 0
        const real = 20 * factor
        const server = Server.make(({ at }) => {
          while (taken[0] !== undefined && taken[0][0] <= at - 60_000) taken.shift()
          const used = taken.reduce((sum, [, tokens]) => sum + tokens, 0)
          if (used + real > tpm) {
            refused++
            const wait = Math.ceil(((taken[0]?.[0] ?? at) + 60_000 - at) / 1_000)
            const body = Server.refused(
              "GenerateContentInputTokensPerModelPerMinute",
              "generativelanguage.googleapis.com/generate_content_input_token_count",
              `${tpm}`,
              `${wait}s`
            )
            return { status: 429, body, after: 30 }
          }
          taken.push([at, real])
          return { body: Server.answered(real, model), after: 800, tokens: real }
        })
        const exits: Array<Exit.Exit<unknown, unknown>> = []
        yield* Effect.gen(function*() {
          const gemini = yield* GeminiClient.GeminiClient
          const worker = Effect.forever(Effect.tap(
            // 80 characters that are estimated as 20 tokens by themselves are too few to learn a ratio from.
            Effect.exit(gemini.generate({ contents: "x".repeat(80) })),
            (exit) => Effect.sync(() => exits.push(exit))
          ))
          const fibers = yield* Effect.forEach(Array.from({ length: 60 }), () => Effect.forkChild(worker))
          yield* pass("3 minutes", "500 millis")
          yield* Fiber.interruptAll(fibers)
          assert.isTrue(exits.every(Exit.isSuccess))
          assert.isAtMost(refused, 20)
          const used = server.hits.reduce((sum, hit) => sum + hit.tokens, 0)
          const most = Math.min(tpm, 200 * real)
          assert.isAtLeast(used, 3 * most * 0.9)
        }).pipe(Effect.provide(client().pipe(Layer.provide(server.layer))))
      })
  )

  describe("with countInput: \"server\"", () => {
    const counting = (count: number, status = 200) =>
      Server.make(({ method }) =>
        method === "countTokens"
          ? {
            status,
            body: status === 200 ? { totalTokens: count } : { error: { code: status, message: "no" } },
            after: 10
          }
          : { body: Server.answered(count, model), after: 1_000, tokens: count }
      )
    const play = (server: ReturnType<typeof Server.make>, contents: Content.Input) =>
      Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const worker = Effect.forever(Effect.exit(gemini.generate({ contents }, { retry: { attempts: 1 } })))
        const fibers = yield* Effect.forEach(Array.from({ length: 30 }), () => Effect.forkChild(worker))
        yield* pass("2 minutes", "500 millis")
        yield* Fiber.interruptAll(fibers)
        const counts = server.hits.filter(({ method }) => method === "countTokens")
        return { counts, sent: server.hits.filter(({ method }) => method !== "countTokens") }
      }).pipe(Effect.provide(client({ countInput: "server" }).pipe(Layer.provide(server.layer))))

    it.effect("a file by its URI is counted first, so that the first minute is kept, too", () =>
      Effect.gen(function*() {
        const server = counting(5_000)
        const { counts, sent } = yield* play(server, fileOf("application/pdf"))
        assert.strictEqual(Server.busiest(sent).tokens, tpm)
        assert.strictEqual(sent.length, 8)
        assert.isAtLeast(counts.length, sent.length)
        for (const { text } of counts) assert.include(text, "https://example.com/a")
      }))

    it.effect("what can be estimated is not counted", () =>
      Effect.gen(function*() {
        const { counts, sent } = yield* play(counting(200), words)
        assert.strictEqual(counts.length, 0)
        assert.isAtLeast(sent.length, 100)
      }))

    it.effect("what the server does not count goes by its estimate", () =>
      Effect.gen(function*() {
        const { counts, sent } = yield* play(counting(1_500, 400), fileOf("application/pdf"))
        assert.isAtLeast(counts.length, 1)
        assert.isAtLeast(sent.length, 26)
      }))
  })

  it.effect("a request that says nothing of it counts nothing first", () =>
    Effect.gen(function*() {
      const server = Server.make(() => ({ body: Server.answered(300, model), after: 10 }))
      yield* Effect.gen(function*() {
        const gemini = yield* GeminiClient.GeminiClient
        const one = yield* Effect.forkChild(gemini.generate({ contents: fileOf("application/pdf") }))
        yield* pass("1 second", "100 millis")
        yield* Fiber.join(one)
        assert.deepStrictEqual(server.hits.map(({ method }) => method), ["generateContent"])
      }).pipe(Effect.provide(client().pipe(Layer.provide(server.layer))))
    }))
})
