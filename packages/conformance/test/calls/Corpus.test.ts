/**
 * Recorded traffic, played back by a server of bare bytes: GeminiHttp gives the same JSON, or fails with the one reason
 * that is right.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, it } from "@effect/vitest"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { existsSync, readFileSync } from "node:fs"
import { own } from "../fixtures/ownCases.ts"
import { expectedOf, playback, randomSplits, type RecordedCase } from "../fixtures/recordedCase.ts"

const folder = new URL("../../../../../shared/corpus/", import.meta.url)

const operations = new Set([
  "generateContent",
  "streamGenerateContent",
  "countTokens",
  "embedContent",
  "batchEmbedContents",
  "models.list"
])

const readCases = (): { readonly cases: ReadonlyArray<RecordedCase>; readonly skipped: string } => {
  if (!existsSync(folder)) return { cases: [], skipped: "" }
  const index: ReadonlyArray<{ readonly file: string; readonly op: string }> = JSON.parse(
    readFileSync(new URL("index.json", folder), "utf8")
  )
  const counts = new Map<string, number>()
  const cases: Array<RecordedCase> = []
  for (const { file, op } of index) {
    if (operations.has(op)) cases.push(JSON.parse(readFileSync(new URL(file, folder), "utf8")))
    else counts.set(op, (counts.get(op) ?? 0) + 1)
  }
  const skipped = Array.from(counts, ([op, count]) => `${op} ${count}`).sort().join(", ")
  return { cases, skipped: `${Array.from(counts.values()).reduce((a, b) => a + b, 0)} (${skipped})` }
}

interface Outcome {
  readonly values: ReadonlyArray<unknown>
  readonly error?: GeminiError
}

const model = "gemini-3.8-flash"
const contents = [{ role: "user", parts: [{ text: "Hello" }] }]

const call = (http: GeminiHttp.Service, op: string): Stream.Stream<unknown, GeminiError> => {
  switch (op) {
    case "streamGenerateContent":
      return http.generateContentStream({ model, contents })
    case "countTokens":
      return Stream.fromEffect(http.countTokens({ model, contents }))
    case "embedContent":
      return Stream.fromEffect(http.embedContent({ model, content: { parts: [{ text: "Hello" }] } }))
    case "batchEmbedContents":
      return Stream.fromEffect(
        http.batchEmbedContents({ model, requests: [{ content: { parts: [{ text: "Hello" }] } }] })
      )
    case "models.list":
      return http.listModels()
    default:
      return Stream.fromEffect(http.generateContent({ model, contents }))
  }
}

/** What came before the end or the error. */
const outcome = (baseUrl: string, op: string) =>
  Effect.gen(function*() {
    const values: Array<unknown> = []
    const http = yield* GeminiHttp.make({ apiKey: Redacted.make("key"), baseUrl })
    return yield* Stream.runForEach(call(http, op), (value) => Effect.sync(() => values.push(value))).pipe(
      Effect.match({
        onSuccess: (): Outcome => ({ values }),
        onFailure: (error): Outcome => ({ values, error })
      })
    )
  })

const plays = (recorded: RecordedCase, seed: number): ReadonlyArray<ReadonlyArray<number>> => {
  const length = Buffer.byteLength(JSON.stringify(recorded.response))
  const listed = recorded.response.splits
  return [[], listed ?? randomSplits(length, seed), randomSplits(length, seed + 1)]
}

const clients = [FetchGemini.layerHttpClient, NodeHttpClient.layerUndici] as const

const check = (recorded: RecordedCase, seed: number) =>
  Effect.gen(function*() {
    const expected = expectedOf(recorded)
    const ways = plays(recorded, seed)
    const url = yield* playback(ways.map((splits) => ({ recorded, splits })))
    for (const [way] of ways.entries()) {
      // Whole over fetch, then in pieces over each client.
      const client = clients[way % 2] ?? FetchGemini.layerHttpClient
      const { error, values } = yield* Effect.provide(outcome(`${url}/play/${way}`, recorded.op), client)
      assert.strictEqual(error?.reason._tag, expected.reason, error?.message)
      assert.deepStrictEqual(values, expected.values)
      if (error?.reason._tag === "StreamInterrupted") {
        assert.deepStrictEqual(error.reason.received, values.slice(error.reason.dropped ?? 0))
      }
    }
  })

const line = (recorded: RecordedCase): string => {
  const { reason, values } = expectedOf(recorded)
  return `${recorded.id}: ${recorded.op} (${recorded.api}) is ${values.length} value(s)${
    reason === undefined ? "" : `, then ${reason}`
  }`
}

describe("fixtures of our own, one and more of every category", () => {
  for (const [seed, recorded] of own.entries()) it.live(line(recorded), () => check(recorded, seed))
})

const { cases, skipped } = readCases()

describe("recorded traffic", () => {
  if (cases.length === 0) it.skip("../shared/corpus is not there: nothing recorded was played", () => undefined)
  else {it(`plays ${cases.length} cases; of other operations, skipped: ${skipped}`, () =>
      assert.isAbove(cases.length, 0))}
  for (const [seed, recorded] of cases.entries()) it.live(line(recorded), () => check(recorded, seed))
})
