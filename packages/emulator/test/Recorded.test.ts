import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as Recorded from "effect-gemini-emulator/Recorded"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import { existsSync, readdirSync, readFileSync } from "node:fs"

const folder = `${import.meta.dirname}/../../../../shared/corpus/cases`

const post = Effect.fnUntraced(function*(path: string, body: unknown) {
  const { url } = yield* Emulator.Emulator
  return yield* HttpClientRequest.post(`${url}${path}`).pipe(
    HttpClientRequest.setHeader("x-goog-api-key", "key"),
    HttpClientRequest.bodyJsonUnsafe(body),
    HttpClient.execute
  )
})

const path = "/v1beta/models/gemini-3.8-flash:generateContent"
const hello = { contents: [{ role: "user", parts: [{ text: "Hello" }] }] }
const recording = (text: string, body: unknown = hello) => ({
  request: { method: "POST", path, body },
  response: { status: 200, kind: "json", body: { text } }
})

const inMemory = (answers: Emulator.Options["answers"]) =>
  Effect.provide(
    Emulator.layerHttpClient({ answers, models: { ...ModelTable.current, acceptAnyModel: true } }),
    { local: true }
  )

describe("recorded answers", () => {
  it.effect("equal requests get their recordings in order, each once, and then a refusal that says so", () =>
    Effect.gen(function*() {
      const texts: Array<string> = []
      for (let i = 0; i < 3; i++) texts.push(yield* (yield* post(path, hello)).text)
      assert.deepStrictEqual(texts.slice(0, 2).map((text) => JSON.parse(text).text), ["one", "two"])
      assert.include(texts[2], "The emulator has played all 2 of its recordings of generateContent")
      // Another space has them all before it still.
      assert.include(yield* (yield* post(`/spaces/one${path}`, hello)).text, "one")
    }).pipe(inMemory(Recorded.fromCases([recording("one"), recording("two")]))))

  it.effect("the last one again and again, where that was asked for", () =>
    Effect.gen(function*() {
      const texts: Array<string> = []
      for (let i = 0; i < 4; i++) texts.push(yield* (yield* post(path, hello)).text)
      assert.deepStrictEqual(texts.map((text) => JSON.parse(text).text), ["one", "two", "two", "two"])
    }).pipe(inMemory(Recorded.fromCases([recording("one"), recording("two")], { repeat: true }))))

  it.effect("a body spelt in snake_case and in another order is the same body", () =>
    Effect.gen(function*() {
      const response = yield* post(path, { contents: hello.contents, generation_config: { top_k: 1, seed: 2 } })
      assert.include(yield* response.text, "one")
    }).pipe(inMemory(Recorded.fromCases([recording("one", { generationConfig: { seed: 2, topK: 1 }, ...hello })]))))

  it.effect("a request without a recording is refused with words that say so", () =>
    Effect.gen(function*() {
      const response = yield* post(path, { contents: [{ parts: [{ text: "Bye" }] }] })
      assert.strictEqual(response.status, 501)
      assert.include(yield* response.text, "The emulator has no recording of generateContent")
    }).pipe(inMemory(Recorded.fromCases([recording("one")]))))

  it.effect.skipIf(!existsSync(folder))(
    "every recorded Gemini exchange is played back as it was",
    () =>
      Effect.gen(function*() {
        const source = `${folder}/pydantic-ai`
        const cases = readdirSync(source)
          .filter((name) => name.endsWith(".json"))
          .map((name) => JSON.parse(readFileSync(`${source}/${name}`, "utf8")))
          .filter(({ api, op, request, response }) =>
            api === "gemini" && /^(generateContent|streamGenerateContent)$/.test(op) && request.body !== undefined &&
            /^\/v1(beta)?\/models\//.test(request.path) && response.status === 200
          )
        assert.isAbove(cases.length, 20)
        const seen = new Set<string>()
        let played = 0
        for (const { request, response } of cases) {
          const key = request.path + JSON.stringify(request.body)
          if (seen.has(key)) continue
          seen.add(key)
          const answer = yield* (yield* post(request.path, request.body)).text
          if (response.kind === "sse") assert.strictEqual(answer, response.sse)
          else assert.deepStrictEqual(JSON.parse(answer), response.body)
          played++
        }
        assert.isAbove(played, 20)
      }).pipe((effect) =>
        Effect.flatMap(Recorded.load(`${folder}/pydantic-ai`), (answers) => inMemory(answers)(effect))
      )
  )
})
