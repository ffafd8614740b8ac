import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { ask, flash, home, memory, model, post, prompt, type Told } from "./wire.ts"

const call = (headers: Readonly<Record<string, string>>, path = `${model()}:generateContent`) =>
  post(path, prompt(), headers)
const token = (name: string) => ({ authorization: `Bearer ${name}` })

const reasonOf = ({ body }: Told) => body.error.details?.[0]?.["reason"]
const of = (answer: Told) => [answer.status, answer.body.error.status, reasonOf(answer)]

const policies: Emulator.Options = {
  keys: { valid: ["good-key"] },
  vertex: {
    tokens: { valid: ["good"], expired: ["old"], unscoped: ["narrow"], denied: ["stranger"], invalid: ["revoked"] }
  }
}

describe("a token", () => {
  it.effect("opens, whatever it is, unless a policy says otherwise; without one it is a 401 with Google's reason", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call(token("anything"))).status, 200)
      const none = yield* call({})
      assert.deepStrictEqual(of(none), [401, "UNAUTHENTICATED", "CREDENTIALS_MISSING"])
      assert.deepStrictEqual(none.body.error.details?.[0]?.["metadata"], {
        service: "aiplatform.googleapis.com",
        method: "google.cloud.aiplatform.v1beta1.PredictionService.GenerateContent"
      })
    }).pipe(memory()))

  it.effect("that expired, was revoked, is for another API or of a stranger is told so, each in Google's words", () =>
    Effect.gen(function*() {
      assert.strictEqual((yield* call(token("good"))).status, 200)
      assert.deepStrictEqual(of(yield* call(token("old"))), [401, "UNAUTHENTICATED", "ACCESS_TOKEN_EXPIRED"])
      for (const name of ["revoked", "unknown"]) {
        assert.deepStrictEqual(of(yield* call(token(name))), [401, "UNAUTHENTICATED", "ACCESS_TOKEN_TYPE_UNSUPPORTED"])
      }
      const narrow = yield* call(token("narrow"))
      assert.deepStrictEqual(of(narrow), [403, "PERMISSION_DENIED", "ACCESS_TOKEN_SCOPE_INSUFFICIENT"])
      const denied = yield* call(token("stranger"))
      assert.deepStrictEqual(of(denied), [403, "PERMISSION_DENIED", "IAM_PERMISSION_DENIED"])
      assert.strictEqual(
        denied.body.error.message,
        `Permission 'aiplatform.endpoints.predict' denied on resource '//aiplatform.googleapis.com/${model()}' (or it ` +
          "may not exist)."
      )
    }).pipe(memory(policies)))

  it.effect("is needed wherever a project stands in the path, where a key opens nothing", () =>
    Effect.gen(function*() {
      const key = { "x-goog-api-key": "good-key" }
      const refused = yield* call(key)
      assert.deepStrictEqual(of(refused), [401, "UNAUTHENTICATED", "CREDENTIALS_MISSING"])
      assert.match(refused.body.error.message, /^API keys are not supported by this API\./)
      assert.strictEqual((yield* ask("GET", `${home}/cachedContents`, undefined, key)).status, 401)
      const express = `publishers/google/models/${flash}:generateContent`
      assert.strictEqual((yield* call(key, express)).status, 200)
      assert.strictEqual((yield* call({}, `${express}?key=good-key`)).status, 200)
      assert.strictEqual((yield* call({ "x-goog-api-key": "other" }, express)).status, 400)
      assert.strictEqual((yield* call(token("good"), express)).status, 200)
    }).pipe(memory(policies)))

  it.effect("pays from the project that it names, if it may use that; else it is a 403 with Google's reason", () =>
    Effect.gen(function*() {
      const paying = (project: string) => call({ ...token("good"), "x-goog-user-project": project })
      assert.strictEqual((yield* paying("ours")).status, 200)
      const refused = yield* paying("theirs")
      assert.deepStrictEqual(of(refused), [403, "PERMISSION_DENIED", "USER_PROJECT_DENIED"])
      assert.match(
        refused.body.error.message,
        /^Caller does not have required permission to use project theirs\. Grant/
      )
      assert.strictEqual((yield* call(token("good"))).status, 200)
    }).pipe(memory({ vertex: { tokens: { valid: ["good"] }, quotaProjects: ["ours"] } })))

  it.effect("is in no line of the log", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* call(token("very-secret"))
      yield* call(token("very-secret"), `${model("wrong")}:generateContent`)
      assert.notInclude(JSON.stringify(yield* emulator.requests), "very-secret")
    }).pipe(memory()))
})
