/**
 * Measures what the README's table says of the other clients: each meets the same five events, and what the table says
 * is read from the README itself. A version that does better fails here, and so does a table that names a version that
 * is not installed.
 */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import * as GoogleClient from "@effect/ai-google/GoogleClient"
import * as GoogleLanguageModel from "@effect/ai-google/GoogleLanguageModel"
import * as LanguageModel from "@effect/ai/LanguageModel"
import * as FetchHttpClient from "@effect/platform/FetchHttpClient"
import { GoogleGenAI } from "@google/genai"
import { generateText, streamText } from "ai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { readFileSync } from "node:fs"
import { afterAll, assert, beforeEach, describe, it } from "vitest"

interface Client {
  readonly unary: () => Promise<unknown>
  /** Takes pieces of text until `enough`; says how many there were. */
  readonly stream: (enough: (pieces: number) => boolean) => Promise<number>
  /** Takes a stream to its end, and gives the finish reason that the client makes of it, where it has one of its own. */
  readonly finish?: () => Promise<string>
}

/** The README's table, by row and column: cells without emphasis. */
const readme = readFileSync(new URL("../../../README.md", import.meta.url), "utf8")
const rows = (readme.split("## Beside the others")[1]?.split("\n## ")[0] ?? "").split("\n")
  .filter((line) => line.startsWith("|") && !line.startsWith("|---"))
  .map((line) => line.split("|").slice(1, -1).map((cell) => cell.trim()))
const [columns = []] = rows
const cell = (row: string, column: string): string => {
  const found = rows.find(([name]) => name === row)?.[columns.indexOf(column)]
  if (found === undefined) throw new Error(`README's table has no cell for "${row}" and "${column}"`)
  return found
}
const saysYes = (row: string, column: string): boolean => {
  const text = cell(row, column)
  if (!/^(?:yes|no)\b/.test(text)) throw new Error(`a cell begins with yes or no: "${text}"`)
  return text.startsWith("yes")
}

const emulator = await Standalone.start()
beforeEach(() => emulator.clear())
afterAll(() => emulator.stop())

const name = "gemini-3.8-flash"
const genai = new GoogleGenAI({ apiKey: "test-key", httpOptions: { baseUrl: emulator.url } })
const model = createGoogleGenerativeAI({ apiKey: "test-key", baseURL: `${emulator.url}/v1beta` })(name)
const layer = GoogleLanguageModel.layer({ model: name }).pipe(
  Layer.provide(GoogleClient.layer({ apiKey: Redacted.make("test-key"), apiUrl: emulator.url })),
  Layer.provide(FetchHttpClient.layer)
)

const count = async (texts: AsyncIterable<unknown>, enough: (pieces: number) => boolean): Promise<number> => {
  let pieces = 0
  for await (const _ of texts) if (enough(++pieces)) break
  return pieces
}

const clients: Readonly<Record<string, Client>> = {
  "`@google/genai` 3.3.0": {
    unary: () => genai.models.generateContent({ model: name, contents: "x" }),
    stream: async (enough) => count(await genai.models.generateContentStream({ model: name, contents: "x" }), enough)
  },
  "AI SDK (`ai` 7.0.173, `@ai-sdk/google` 4.0.121)": {
    unary: () => generateText({ model, prompt: "x" }),
    stream: (enough) => count(streamText({ model, prompt: "x", onError: () => {} }).textStream, enough),
    finish: async () => {
      const result = streamText({ model, prompt: "x", onError: () => {} })
      await count(result.textStream, () => false)
      return result.finishReason
    }
  },
  "Effect 3's `@effect/ai-google` 0.15.0": {
    unary: () => Effect.runPromise(Effect.provide(LanguageModel.generateText({ prompt: "x" }), layer)),
    stream: (enough) =>
      Effect.runPromise(Effect.suspend(() => {
        let pieces = 0
        return LanguageModel.streamText({ prompt: "x" }).pipe(
          Stream.filter((part) => part.type === "text-delta"),
          Stream.takeUntil(() => enough(++pieces)),
          Stream.runDrain,
          Effect.map(() => pieces),
          Effect.provide(layer)
        )
      }))
  }
}

const cutRow = "A stream without a finish reason fails"

const fails = (promise: Promise<unknown>): Promise<boolean> => promise.then(() => false, () => true)

for (const [title, client] of Object.entries(clients)) {
  describe(title, () => {
    it("is the version that is installed", () => {
      const named = Array.from(title.matchAll(/`([^`]+)` (\d+\.\d+\.\d+)/g), ([, name, version]) => [name, version])
      assert.isAbove(named.length, 0)
      for (const [name, version] of named) {
        const file = new URL(`../node_modules/${name}/package.json`, import.meta.url)
        assert.strictEqual(JSON.parse(readFileSync(file, "utf8")).version, version, name)
      }
    })

    it("a 429 that asks for a pause", async () => {
      const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }
      emulator.addFault({ error: { code: 429, details: [retryInfo] } })
      await fails(client.unary())
      const [first = 0, second = 0, ...more] = emulator.requests().map(({ time }) => time)
      const attempts = second === 0 ? 1 : 2 + more.length
      assert.strictEqual(String(attempts), cell("Attempts by default after a 429", title))
      assert.strictEqual(second - first >= 3_000, saysYes("Keeps the pause that the 429's body asks for", title))
    })

    it("a refused stream", async () => {
      emulator.addFault({ status: 400 })
      assert.strictEqual(
        await fails(client.stream(() => false)),
        saysYes("A refused stream fails where it is read", title)
      )
    })

    it("a stream that ends without a finish reason", async () => {
      emulator.addFault({ cut: { chunks: 2, clean: true } })
      assert.strictEqual(await fails(client.stream(() => false)), saysYes(cutRow, title))
      const [, finish] = /`finishReason` is `(\w+)`/.exec(cell(cutRow, title)) ?? []
      assert.strictEqual(await client.finish?.(), finish)
    })

    it("an answer that the server breaks off", async () => {
      const hop = (text: string, end: object) => ({
        candidates: [{ content: { role: "model", parts: [{ text }] }, index: 0, ...end }],
        usageMetadata: { promptTokenCount: 1, candidatesTokenCount: 1, totalTokenCount: 2 },
        modelVersion: name
      })
      const first = { response: hop("one ", { finishReason: "CONTINUATION", continuationToken: "t1" }) }
      const last = { response: hop("two", { finishReason: "STOP" }) }
      for (const call of [client.unary, () => client.stream(() => false)]) {
        emulator.clear()
        emulator.enqueue(first, last)
        await fails(call())
        const follows = !cell("Follows an answer that the server breaks off to its end", title).startsWith("no")
        assert.strictEqual(emulator.requests().length === 2, follows)
      }
    })

    it("a loop that is left", async () => {
      emulator.enqueue({ chunks: ["one ", "two ", "three "], chunkDelay: 400 })
      assert.strictEqual(await client.stream((pieces) => pieces === 1), 1)
      const [request] = await emulator.awaitClosed(1)
      assert.strictEqual(request?.outcome === "aborted", saysYes("Leaving a stream closes its request", title))
    })
  })
}
