/** What a pool of members says of itself and of a call, without sending anything. */
import { assert, describe, it } from "@effect/vitest"
import * as Decisions from "effect-gemini/decisions/Decisions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as ModelPool from "effect-gemini/ModelPool"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"

const client = Layer.succeed(
  HttpClient.HttpClient,
  HttpClient.make(() => Effect.die("nothing is to be sent"))
)
const key = Redacted.make("key")
const two: ReadonlyArray<Members.Member> = [{ name: "a", apiKey: key }, { name: "b", apiKey: key }]
const services = (options: Partial<Members.Options> = {}) =>
  Layer.provide(Members.layer({ members: two, tier: "tier3", ...options }), client)
const model = Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))
const lite = "gemini-2.5-flash"

const explained = (
  request: Parameters<Members.Service["explain"]>[0],
  options: Partial<Members.Options> = {},
  call?: Parameters<Members.Service["explain"]>[1]
) => Effect.provide(Members.Members.use(({ explain }) => explain(request, call)), services(options))

const fields = ({ attempts, method, model, reason }: GeminiError) => ({
  attempts,
  method,
  model,
  fields: reason._tag === "InvalidRequest" ? reason.fields : reason._tag
})

describe("explain", () => {
  it.effect("is of the model that is asked, else of the client's default, else of everybody's", () =>
    Effect.gen(function*() {
      for (
        const [asked, defaultModel, expected] of [
          [lite, "gemini-3.8-pro", lite],
          [undefined, "gemini-3.8-pro", "gemini-3.8-pro"],
          [undefined, undefined, GeminiConfig.defaultModel]
        ] as const
      ) {
        const { candidates, chosen, waiting } = yield* explained(
          { contents: "Hi", ...(asked === undefined ? {} : { model: asked }) },
          { defaultModel }
        )
        assert.deepStrictEqual(chosen, { member: "a", model: expected })
        assert.deepStrictEqual(candidates.map(({ member, model }) => [member, model]), [["a", expected], [
          "b",
          expected
        ]])
        assert.strictEqual(waiting, 0)
      }
    }))

  it.effect("chooses nobody where nobody has room", () =>
    Effect.gen(function*() {
      const limits = { [lite]: { rpm: 0 } }
      const { candidates, chosen } = yield* explained({ contents: "Hi", model: lite }, { limits })
      assert.isUndefined(chosen)
      assert.deepStrictEqual(candidates.map(({ excluded }) => excluded), ["quota", "quota"])
    }))

  it.effect("sends nothing to count what it explains, whatever the call or the client says", () =>
    Effect.gen(function*() {
      const contents = [{ fileData: { fileUri: "https://example.test/video", mimeType: "video/mp4" } }]
      const { chosen } = yield* explained({ contents, model }, { countInput: "server" }, { countInput: "server" })
      assert.deepStrictEqual(chosen, { member: "a", model })
    }))

  it.effect("refuses what is no name of a model, and says of no model that it is one", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(explained({ contents: "Hi", model: "no name!" }))
      assert.isUndefined(error.model)
      assert.strictEqual(error.method, "members")
      assert.strictEqual(error.reason._tag === "InvalidRequest" ? error.reason.fields[0]?.field : "", "model")
    }))

  it.effect("asks who keeps what the request names, by its name and by its address", () =>
    Effect.gen(function*() {
      const cachedContent = "cachedContents/c"
      const lost = yield* Effect.flip(explained({ contents: "Hi", model, cachedContent }))
      assert.deepStrictEqual([lost.method, lost.model], ["explain", model])
      for (const name of [cachedContent, `https://generativelanguage.googleapis.com/v1beta/${cachedContent}`]) {
        const { candidates } = yield* Members.Members.use(({ explain, remember }) =>
          Effect.andThen(remember(name, "b"), explain({ contents: "Hi", model, cachedContent }))
        ).pipe(Effect.provide(services()))
        assert.deepStrictEqual(candidates.map(({ member }) => member), ["b"])
      }
      const own = yield* Members.Members.use(({ explain, remember }) =>
        Effect.andThen(remember("my own", "b"), explain({ contents: "Hi", model, cachedContent: "my own" }))
      ).pipe(Effect.provide(services()))
      assert.deepStrictEqual(own.chosen, { member: "b", model })
    }))

  it.effect("has the fallback models of every model, or of this one", () =>
    Effect.gen(function*() {
      const rows: ReadonlyArray<readonly [Members.Options["fallbackModels"], string, ReadonlyArray<string>]> = [
        [undefined, model, []],
        [[lite], model, [lite]],
        [{ [model]: [lite] }, model, [lite]],
        [{ [model]: [lite] }, "gemini-3.8-pro", []],
        // A name that every object has is no list of models.
        [{ [model]: [lite] }, "constructor", []]
      ]
      for (const [fallbackModels, asked, others] of rows) {
        const { candidates } = yield* explained({ contents: "Hi", model: asked }, { fallbackModels })
        assert.deepStrictEqual(
          candidates.map(({ member, model }) => [member, model]),
          [asked, ...others].flatMap((model) => [["a", model], ["b", model]])
        )
      }
    }))
})

describe("a pool", () => {
  it.effect("lets no other model answer a question that only one has a method for", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const { create } = yield* Decisions.make
      const questions = { urgent: { type: "noul", instructions: "Is it urgent?" } } as const
      // A fallback that is no name of a model is told wherever another model may answer.
      const other = MemberCall.set({ fallbackModels: ["no name!"] })
      const error = yield* Effect.flip(other(gemini.generate({ model, contents: "Hi" })))
      assert.strictEqual(error.reason._tag === "InvalidRequest" ? error.reason.fields[0]?.field : "", "fallbackModels")
      const sent = yield* Effect.exit(other(create({ model: "gemini-decision-1", input: "Help!", questions })))
      assert.isTrue(Exit.hasDies(sent))
    }).pipe(Effect.provide(services())))

  it.effect("tells its members, and who they are by the names of OpenTelemetry", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual((yield* Members.Members).names, ["a", "b"])
      const { providerName } = yield* ModelPool.ModelPool
      assert.strictEqual(providerName?.("a"), "gcp.gemini")
    }).pipe(Effect.provide(services())))

  it.effect("has a client for each of them and one for all, and refuses the name of no member", () =>
    Effect.gen(function*() {
      const pool = yield* ModelPool.ModelPool
      for (const member of ["a", "b", "default"]) {
        assert.strictEqual((yield* pool.get({ member, model })).model, model)
      }
      const error = yield* Effect.flip(pool.get({ member: "z", model }))
      assert.deepStrictEqual(fields(error), {
        attempts: [],
        method: "members",
        model,
        fields: [{ field: "member", description: "no member is called \"z\"; there are a, b" }]
      })
    }).pipe(Effect.scoped, Effect.provide(services())))

  it.effect("of options that cannot be meant fails by the option at every call, with the model where one is asked", () =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient.GeminiClient
      const wrong = [{ field: "members", description: "expected at least one member" }]
      const pool = yield* ModelPool.ModelPool
      const generated = yield* Effect.flip(pool.get({ member: "default", model }))
      assert.deepStrictEqual(fields(generated), { attempts: [], method: "members", model, fields: wrong })
      const listed = yield* Effect.flip(Stream.runDrain(gemini.listModels()))
      assert.deepStrictEqual(fields(listed), { attempts: [], method: "members", model: undefined, fields: wrong })
      assert.deepStrictEqual((yield* Effect.flip(gemini.getModel(model))).reason, listed.reason)
    }).pipe(Effect.scoped, Effect.provide(services({ members: [] }))))
})
