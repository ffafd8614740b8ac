import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { ask, flash, home, memory, model, post, prompt } from "./wire.ts"

const tuned: Emulator.Options = { vertex: { endpoints: { "1234567890": flash } } }

describe("a path of Vertex AI's", () => {
  it.effect("generates, in v1 and v1beta1, whole and as a stream, in Vertex AI's form", () =>
    Effect.gen(function*() {
      for (const version of ["v1", "v1beta1"]) {
        const { body, status } = yield* post(`${version}/${model()}:generateContent`, prompt())
        assert.strictEqual(status, 200)
        const [candidate] = body["candidates"] as ReadonlyArray<Record<string, unknown>>
        assert.deepStrictEqual(Object.keys(candidate ?? {}), ["content", "finishReason", "avgLogprobs"])
        assert.strictEqual(body["createTime"], "1970-01-01T00:00:00.000" + String(body["createTime"]).slice(23))
        assert.strictEqual(body["modelVersion"], flash)
        const usage = body["usageMetadata"] as Record<string, unknown>
        assert.strictEqual(usage["trafficType"], "ON_DEMAND")
        assert.isFalse("serviceTier" in usage)
      }
      const { text } = yield* post(`${model()}:streamGenerateContent?alt=sse`, prompt("Tell a story, please"))
      const chunks = text.split("\r\n\r\n").filter((event) => event !== "").map((event) => JSON.parse(event.slice(6)))
      assert.isAbove(chunks.length, 1)
      assert.deepStrictEqual(chunks[0].usageMetadata, { trafficType: "ON_DEMAND" })
      assert.isAbove(chunks.at(-1).usageMetadata.totalTokenCount, 0)
      assert.strictEqual(new Set(chunks.map(({ createTime }) => createTime)).size, 1)
    }).pipe(memory()))

  it.effect("calls functions without ids", () =>
    Effect.gen(function*() {
      const { body } = yield* post(`${model()}:generateContent`, {
        ...prompt("Call look_up"),
        tools: [{ functionDeclarations: [{ name: "look_up" }] }]
      })
      const [candidate] = body["candidates"] as ReadonlyArray<
        { content: { parts: ReadonlyArray<{ functionCall?: {} }> } }
      >
      assert.deepStrictEqual(candidate?.content.parts[0]?.functionCall, { name: "look_up", args: {} })
    }).pipe(memory()))

  it.effect("counts, computes and embeds, each by Vertex AI's own method", () =>
    Effect.gen(function*() {
      const text = "The quick brown fox jumps over the lazy dog."
      const count = yield* post(`${model()}:countTokens`, {
        ...prompt(text),
        systemInstruction: prompt(text).contents[0]
      })
      assert.deepStrictEqual([count.body["totalTokens"], count.body["totalBillableCharacters"]], [22, 72])
      const computed = yield* post(`${model()}:computeTokens`, prompt("Hello"))
      const [info] = computed.body["tokensInfo"] as ReadonlyArray<Record<string, ReadonlyArray<string>>>
      assert.strictEqual(info?.["tokens"]?.map((token) => atob(token)).join(""), "Hello")
      assert.strictEqual(info?.["tokenIds"]?.length, info?.["tokens"]?.length)
      const instances = [{ content: "a", task_type: "RETRIEVAL_QUERY" }, { content: "b" }]
      const older = yield* post(`${model("text-embedding-005")}:predict`, { instances })
      const predictions = older.body["predictions"] as ReadonlyArray<{ embeddings: { values: ReadonlyArray<number> } }>
      assert.deepStrictEqual(predictions.map(({ embeddings }) => embeddings.values.length), [768, 768])
      const newer = yield* post(`${model("gemini-embedding-2")}:embedContent`, {
        content: { parts: [{ text: "a" }] },
        embedContentConfig: { outputDimensionality: 256 }
      })
      assert.strictEqual((newer.body["embedding"] as { values: ReadonlyArray<number> }).values.length, 256)
      assert.deepStrictEqual(newer.body["usageMetadata"], {
        promptTokenCount: 1,
        totalTokenCount: 1,
        promptTokensDetails: [{ modality: "TEXT", tokenCount: 1 }]
      })
      const wrong = yield* post(`${model("gemini-embedding-001")}:embedContent`, {
        content: { parts: [{ text: "a" }] }
      })
      assert.strictEqual(wrong.status, 400, "it is asked by predict")
    }).pipe(memory()))

  it.effect("lists and shows models of the publisher, without project", () =>
    Effect.gen(function*() {
      const { body } = yield* ask("GET", "publishers/google/models?pageSize=2")
      const models = body["publisherModels"] as ReadonlyArray<{ name: string; versionId: string }>
      assert.strictEqual(models.length, 2)
      assert.match(models[0]?.name ?? "", /^publishers\/google\/models\//)
      const one = yield* ask("GET", `publishers/google/models/${flash}`)
      assert.strictEqual(one.body["name"], `publishers/google/models/${flash}`)
      assert.strictEqual((yield* ask("GET", `${home}/models?filter=labels.tune-type:*`)).text, "{}\n")
    }).pipe(memory()))

  it.effect("reaches a tuned model by its endpoint, and refuses endpoints that are not there", () =>
    Effect.gen(function*() {
      const good = yield* post(`${home}/endpoints/1234567890:generateContent`, prompt())
      assert.deepStrictEqual([good.status, good.body["modelVersion"]], [200, flash])
      const { body, status } = yield* post(`${home}/endpoints/99:generateContent`, prompt())
      assert.strictEqual(status, 404)
      assert.strictEqual(body.error.message, `Endpoint \`${home}/endpoints/99\` not found.`)
    }).pipe(memory(tuned)))

  it.effect("keeps caches in its location, named by their whole path", () =>
    Effect.gen(function*() {
      const created = yield* post(`${home}/cachedContents`, { model: model(), ...prompt("word ".repeat(8000)) })
      assert.strictEqual(created.status, 200, created.text)
      const name = String(created.body["name"])
      assert.match(name, new RegExp(`^${home}/cachedContents/[^/]+$`))
      assert.strictEqual(created.body["model"], model())
      const { body } = yield* post(`${model()}:generateContent`, { ...prompt(), cachedContent: name })
      assert.isAbove((body["usageMetadata"] as Record<string, number>)["cachedContentTokenCount"] ?? 0, 4096)
      assert.strictEqual((yield* ask("GET", name)).body["name"], name)
      assert.strictEqual((yield* ask("PATCH", name, { ttl: "60s" })).status, 200)
      const elsewhere = name.replace("europe-west4", "us-central1")
      const lost = yield* ask("GET", elsewhere)
      assert.deepStrictEqual([lost.status, lost.body.error.status], [404, "NOT_FOUND"])
      assert.strictEqual(lost.body.error.message, `Not found: cache content metadata ${name.split("/").at(-1)}.`)
      const short = yield* post(`${model()}:generateContent`, { ...prompt(), cachedContent: "cachedContents/1" })
      assert.strictEqual(short.body.error.message, "Invalid CachedContent name: cachedContents/1.")
      const listed = (yield* ask("GET", `${home}/cachedContents`)).body["cachedContents"]
      assert.strictEqual((listed as ReadonlyArray<unknown>).length, 1)
      assert.strictEqual((yield* ask("DELETE", name)).text, "{}\n")
    }).pipe(memory()))

  it.effect("holds interactions in its location", () =>
    Effect.gen(function*() {
      const { body, status } = yield* post(`${home}/interactions`, { model: flash, input: "Hi" })
      assert.strictEqual(status, 200)
      const again = yield* ask("GET", `${home}/interactions/${body["id"]}`)
      assert.strictEqual(again.body["status"], "completed")
    }).pipe(memory()))

  it.effect("that is none gets the front end's page; a model that is none, Vertex AI's sentence", () =>
    Effect.gen(function*() {
      for (const path of [`${model()}:batchEmbedContents`, `${home}/files`, "publishers/google", `${home}/nothing`]) {
        const { status, text } = yield* post(path, {})
        assert.deepStrictEqual([status, text.startsWith("<!DOCTYPE html>")], [404, true], path)
      }
      const { body, status } = yield* post(`${model("wrong-model-name")}:generateContent`, prompt())
      assert.deepStrictEqual([status, body.error.status], [404, "NOT_FOUND"])
      assert.strictEqual(body.error.message, `Publisher Model \`${model("wrong-model-name")}\` not found.`)
    }).pipe(memory()))

  it.effect("says project and region to the log, to counters, faults and rules", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { project: "other" }, status: 503 }, {
        when: { region: "us-east5" },
        status: 500
      })
      yield* post(`${model()}:generateContent`, prompt())
      const elsewhere = model(flash, "projects/my-project/locations/us-east5")
      assert.strictEqual((yield* post(`${elsewhere}:generateContent`, prompt())).status, 500)
      const foreign = model(flash, "projects/other/locations/global")
      assert.strictEqual((yield* post(`${foreign}:generateContent`, prompt())).status, 503)
      const seen = (yield* emulator.requests).map(({ project, region }) => [project, region])
      assert.deepStrictEqual(seen, [["my-project", "europe-west4"], ["my-project", "us-east5"], ["other", "global"]])
      assert.deepStrictEqual((yield* emulator.counters).byRegion, { "europe-west4": 1, "us-east5": 1, global: 1 })
    }).pipe(memory()))
})
