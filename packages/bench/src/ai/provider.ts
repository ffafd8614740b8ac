/**
 * The provider of `effect/ai` beside `ai` with `@ai-sdk/google`: streamed chunks per second of CPU, in turn in one
 * process, from the server of the other rows. Run it by itself: `node packages/bench/src/ai/provider.ts`. It fails if
 * ours is not four times as fast as theirs.
 */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { streamText } from "ai"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { modelOf } from "../harness/bodies.ts"
import { startServer } from "../harness/harness.ts"
import { median } from "../harness/sample.ts"

const chunks = 20_000
const rounds = 5
const wanted = 4
const model = modelOf(40, chunks)
const prompt = "Tell me a story about a lighthouse keeper."

const server = await startServer()
const runtime = ManagedRuntime.make(
  GeminiLanguageModel.layer({ model }).pipe(
    Layer.provide(NodeGemini.layerHttp({ apiKey: Redacted.make("bench"), baseUrl: server.url, tier: "tier3" }))
  )
)
const google = createGoogleGenerativeAI({ apiKey: "bench", baseURL: `${server.url}/v1beta` })

/** Each takes one stream to its end and says how many bytes of text came. */
const subjects = {
  "effect-gemini-ai": () =>
    runtime.runPromise(
      LanguageModel.streamText({ prompt }).pipe(
        Stream.runFold(() => 0, (bytes, part) => part.type === "text-delta" ? bytes + part.delta.length : bytes)
      )
    ),
  "ai + @ai-sdk/google": async () => {
    let bytes = 0
    for await (const text of streamText({ model: google(model), prompt }).textStream) bytes += text.length
    return bytes
  }
}

/** Chunks per second of this process's CPU. */
const rate = async (stream: () => Promise<number>): Promise<number> => {
  const before = process.cpuUsage()
  const bytes = await stream()
  const { system, user } = process.cpuUsage(before)
  if (bytes !== chunks * 40) throw new Error(`${bytes} bytes of text came instead of ${chunks * 40}`)
  return chunks / ((user + system) / 1e6)
}

const rates = new Map<string, Array<number>>(Object.keys(subjects).map((name) => [name, []]))
for (let round = -1; round < rounds; round++) {
  for (const [name, stream] of Object.entries(subjects)) {
    const measured = await rate(stream)
    // The first round warms up.
    if (round >= 0) rates.get(name)?.push(measured)
  }
}
const [ours = 0, theirs = NaN] = Array.from(rates.values(), median)
for (const [name, values] of rates) console.log(`${name}: ${Math.round(median(values))} chunks per CPU second`)
console.log(`ratio ${(ours / theirs).toFixed(1)}, wanted ${wanted}`)
await runtime.dispose()
server.stop()
process.exitCode = ours >= wanted * theirs ? 0 : 1
