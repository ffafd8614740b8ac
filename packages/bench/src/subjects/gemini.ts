/**
 * This project's client: bare `GeminiHttp`, or the front door `GeminiClient` with
 * pool and limiter (a quota that is never reached, so its bookkeeping is all that is
 * paid), over each transport, with or without an exporter.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as GeminiHttp from "effect-gemini/GeminiHttp"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import * as Tracer from "effect/Tracer"
import { chat, type Subject, type Tally } from "./Subject.ts"
import { tier } from "./tier.ts"

export interface Options {
  readonly door: "http" | "client"
  /** `dispatch` is what NodeGemini uses, `undici` is Effect's own client. */
  readonly transport: "dispatch" | "undici" | "fetch"
  readonly exporter: boolean
  /** Makes each chunk dearer, and each request of `fetch`, to show that `--check` notices. */
  readonly planted: boolean
}

/** Keeps the last spans, as an exporter's batch does. */
const exporter = Layer.sync(Tracer.Tracer, () => {
  const batch: Array<Tracer.Span> = []
  return Tracer.make({
    span: (options) => {
      const span = new Tracer.NativeSpan(options)
      if (batch.push(span) === 512) batch.length = 0
      return span
    }
  })
})

const layers: Record<Options["transport"], (config: GeminiConfig.Options) => Layer.Layer<FetchGemini.Services>> = {
  dispatch: NodeGemini.layerHttp,
  undici: (config) => Layer.provide(GeminiClient.layer(config), NodeHttpClient.layerUndici),
  fetch: FetchGemini.layer
}

/** A `fetch` that works for nothing before each request, longer than a call takes. */
const slowFetch: typeof fetch = (url, init) => {
  replant(chat.slice(0, 400))
  return fetch(url, init)
}

const replant = <A>(value: A): A => {
  JSON.parse(JSON.stringify(value))
  return value
}

export const make = async (baseUrl: string, options: Options): Promise<Subject> => {
  const config: GeminiConfig.Options = { apiKey: Redacted.make("bench"), baseUrl, tier }
  const built = layers[options.transport](config)
  const services = options.planted ? Layer.provide(built, Layer.succeed(FetchHttpClient.Fetch, slowFetch)) : built
  const runtime = ManagedRuntime.make(options.exporter ? Layer.provideMerge(services, exporter) : services)
  // Layers are built, and undici is loaded, on first use.
  const context = await runtime.context()
  const run = Effect.runPromiseWith(context)
  const { http, client } = await run(Effect.all({ http: GeminiHttp.GeminiHttp, client: GeminiClient.GeminiClient }))
  const plant = options.planted ? replant : <A>(value: A): A => value

  const drain = <A, E>(stream: Stream.Stream<A, E>, textOf: (chunk: A) => string, onFirst?: () => void) => {
    const tally: Tally = { chunks: 0, bytes: 0 }
    return Effect.as(
      Stream.runForEach(stream, (chunk) =>
        Effect.sync(() => {
          if (tally.chunks === 0) onFirst?.()
          tally.chunks++
          tally.bytes += textOf(plant(chunk)).length
        })),
      tally
    )
  }

  return options.door === "http"
    ? {
      stream: (model, contents, onFirst) =>
        run(drain(http.generateContentStream({ model, contents }), GenerateContent.text, onFirst)),
      unary: (model, contents) =>
        run(Effect.map(http.generateContent({ model, contents }), (response) => ({
          chunks: 1,
          bytes: GenerateContent.text(plant(response)).length
        }))),
      close: () => runtime.dispose()
    }
    : {
      stream: (model, contents, onFirst) =>
        run(drain(client.generateStream({ model, contents }), (chunk) => chunk.text, onFirst)),
      unary: (model, contents) =>
        run(Effect.map(client.generate({ model, contents }), (answer) => ({
          chunks: 1,
          bytes: plant(answer).text.length
        }))),
      close: () => runtime.dispose()
    }
}
