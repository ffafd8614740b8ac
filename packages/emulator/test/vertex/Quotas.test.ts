import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Effect from "effect/Effect"
import * as TestClock from "effect/testing/TestClock"
import { bearer, flash, memory, model, post, prompt } from "./wire.ts"

const at = (project: string, region: string) => model(flash, `projects/${project}/locations/${region}`)
const call = (name: string, headers: Readonly<Record<string, string>> = {}) =>
  Effect.map(post(`${name}:generateContent`, prompt(), { ...bearer, ...headers }), ({ body, status }) => ({
    status,
    message: body.error?.message,
    details: body.error?.details,
    traffic: (body["usageMetadata"] as Record<string, unknown> | undefined)?.["trafficType"]
  }))
const statuses = (n: number, name: string) =>
  Effect.forEach(Array.from({ length: n }), () => Effect.map(call(name), ({ status }) => status))

describe("a quota of Vertex AI's", () => {
  it.effect("is counted for each project and region, and a 429 names the limit in Vertex AI's words", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* statuses(3, at("one", "us-central1")), [200, 200, 429])
      assert.deepStrictEqual(yield* statuses(3, at("one", "europe-west4")), [200, 200, 429])
      assert.deepStrictEqual(yield* statuses(2, at("two", "us-central1")), [200, 429], "its own")
      const { message } = yield* call(at("one", "us-central1"))
      assert.strictEqual(
        message,
        "Quota exceeded for aiplatform.googleapis.com/generate_content_requests_per_minute_per_project_per_base_model " +
          `with base model: ${flash}. Please submit a quota increase request. ` +
          "https://cloud.google.com/vertex-ai/docs/generative-ai/quotas-genai."
      )
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual(yield* statuses(1, at("one", "us-central1")), [200])
    }).pipe(memory({
      quotas: { models: { "*": { rpm: 2 } } },
      projects: { two: { keys: [], quotas: { models: { "*": { rpm: 1 } } } } }
    })))

  it.effect("of requests is named as one of requests, whatever the model is called", () =>
    Effect.gen(function*() {
      const name = model("my_token_count", "projects/one/locations/us-central1")
      yield* call(name)
      const { message } = yield* call(name)
      assert.include(
        message,
        "generate_content_requests_per_minute_per_project_per_base_model with base model: my_token_count"
      )
    }).pipe(memory({
      models: { ...ModelTable.current, acceptAnyModel: true },
      quotas: { models: { "*": { rpm: 1 } } }
    })))

  it.effect("of a tier is the Gemini API's, and limits nothing here", () =>
    Effect.gen(function*() {
      const { status } = yield* Effect.map(
        Effect.forEach(Array.from({ length: 40 }), () => call(at("one", "global"))),
        (all) => ({ status: all.every(({ status }) => status === 200) })
      )
      assert.isTrue(status)
    }).pipe(memory({ quotas: "free" })))

  it.effect("that all projects share refuses without naming a limit, in its region alone", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* statuses(2, at("one", "us-central1")), [200, 200])
      const refused = yield* call(at("two", "us-central1"))
      assert.strictEqual(refused.status, 429)
      assert.match(refused.message ?? "", /^Resource exhausted\. Please try again later\./)
      assert.isUndefined(refused.details, "neither a limit nor a time to come back at")
      assert.deepStrictEqual(yield* statuses(1, at("two", "global")), [200])
    }).pipe(memory({ vertex: { shared: { "*": { rpm: 2 } } } })))

  it.effect("that was bought is used first, alone or never, as the header asks; the answer says which it was", () =>
    Effect.gen(function*() {
      const name = at("one", "us-central1")
      const dedicated = { "x-vertex-ai-llm-request-type": "dedicated" }
      const shared = { "x-vertex-ai-llm-request-type": "shared" }
      assert.strictEqual((yield* call(name)).traffic, "PROVISIONED_THROUGHPUT")
      assert.strictEqual((yield* call(name, shared)).traffic, "ON_DEMAND")
      assert.strictEqual((yield* call(name, dedicated)).traffic, "PROVISIONED_THROUGHPUT")
      const refused = yield* call(name, dedicated)
      assert.deepStrictEqual(
        [refused.status, refused.message],
        [429, "Too many requests. Exceeded the Provisioned Throughput."]
      )
      assert.strictEqual((yield* call(name)).traffic, "ON_DEMAND", "what is over goes on demand")
      assert.strictEqual((yield* call(at("two", "us-central1"), dedicated)).status, 429, "it has bought none")
      yield* TestClock.adjust("1 minute")
      assert.strictEqual((yield* call(name, dedicated)).traffic, "PROVISIONED_THROUGHPUT")
      const priority = { ...shared, "x-vertex-ai-llm-shared-request-type": "priority" }
      assert.strictEqual((yield* call(name, priority)).traffic, "ON_DEMAND_PRIORITY")
    }).pipe(memory({
      vertex: { provisioned: [{ project: "one", region: "us-central1", model: flash, rpm: 2 }] }
    })))

  it.effect("stays as it is when a region is down; the other regions answer", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { region: "us-central1" }, status: 503 })
      assert.deepStrictEqual(yield* statuses(2, at("one", "us-central1")), [503, 503])
      assert.deepStrictEqual(yield* statuses(2, at("one", "europe-west4")), [200, 200])
      const { byRegion } = yield* emulator.counters
      assert.deepStrictEqual(byRegion, { "us-central1": 2, "europe-west4": 2 })
    }).pipe(memory({ quotas: { models: { "*": { rpm: 2 } } } })))
})
