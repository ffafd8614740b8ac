/**
 * What the README's table says of the others, measured: each client meets the same five
 * events. A version that does better fails here, and the table is put right.
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
import { afterAll, assert, beforeEach, describe, it } from "vitest"

interface Client {
  readonly unary: () => Promise<unknown>
  /** Takes pieces of text until `enough`; says how many there were. */
  readonly stream: (enough: (pieces: number) => boolean) => Promise<number>
}

/** What the table says. */
interface Says {
  /** Attempts after a 429 whose body asks for a pause of 3 s, and whether the pause was kept. */
  readonly retry: readonly [attempts: number, keptPause: boolean]
  /** Whether a refused stream fails where it is read. */
  readonly refusedStreamFails: boolean
  /** Whether a stream that ends without a finish reason fails. */
  readonly cutStreamFails: boolean
  /** Whether leaving the loop closes the request. */
  readonly leavingCloses: boolean
  /** Whether an answer that the server breaks off is followed to its end. */
  readonly follows: boolean
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

const clients: Readonly<Record<string, readonly [Client, Says]>> = {
  "@google/genai 3.1": [
    {
      unary: () => genai.models.generateContent({ model: name, contents: "x" }),
      stream: async (enough) => count(await genai.models.generateContentStream({ model: name, contents: "x" }), enough)
    },
    { retry: [1, false], refusedStreamFails: true, cutStreamFails: false, leavingCloses: false, follows: true }
  ],
  "AI SDK 7 with @ai-sdk/google 4": [
    {
      unary: () => generateText({ model, prompt: "x" }),
      stream: (enough) => count(streamText({ model, prompt: "x", onError: () => {} }).textStream, enough)
    },
    { retry: [3, false], refusedStreamFails: false, cutStreamFails: false, leavingCloses: false, follows: true }
  ],
  "@effect/ai-google 0.15 on Effect 3": [
    {
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
    },
    { retry: [1, false], refusedStreamFails: true, cutStreamFails: false, leavingCloses: true, follows: false }
  ]
}

const fails = (promise: Promise<unknown>): Promise<boolean> => promise.then(() => false, () => true)

for (const [title, [client, says]] of Object.entries(clients)) {
  describe(title, () => {
    it("a 429 that asks for a pause", async () => {
      const retryInfo = { "@type": "type.googleapis.com/google.rpc.RetryInfo", retryDelay: "3s" }
      emulator.addFault({ error: { code: 429, details: [retryInfo] } })
      await fails(client.unary())
      const [first = 0, second = 0, ...more] = emulator.requests().map(({ time }) => time)
      const attempts = second === 0 ? 1 : 2 + more.length
      assert.deepStrictEqual([attempts, second - first >= 3_000], [...says.retry])
    })

    it("a refused stream", async () => {
      emulator.addFault({ status: 400 })
      assert.strictEqual(await fails(client.stream(() => false)), says.refusedStreamFails)
    })

    it("a stream that ends without a finish reason", async () => {
      emulator.addFault({ cut: { chunks: 2, clean: true } })
      assert.strictEqual(await fails(client.stream(() => false)), says.cutStreamFails)
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
        assert.strictEqual(emulator.requests().length === 2, says.follows)
      }
    })

    it("a loop that is left", async () => {
      emulator.enqueue({ chunks: ["one ", "two ", "three "], chunkDelay: 400 })
      assert.strictEqual(await client.stream((pieces) => pieces === 1), 1)
      const [request] = await emulator.awaitClosed(1)
      assert.strictEqual(request?.outcome === "aborted", says.leavingCloses)
    })
  })
}
