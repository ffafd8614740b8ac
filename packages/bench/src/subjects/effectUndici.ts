/**
 * Effect's own client on `layerUndici` with nothing of ours: what a call on that transport costs before effect-gemini
 * does anything. It splits lines and calls JSON.parse as the floor does.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientRequest from "effect/http/HttpClientRequest"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
import type { Contents, Subject, Tally } from "./Subject.ts"

interface Wire {
  candidates: [{ content: { parts: [{ text: string }] } }]
}

const textOf = (json: string): number => {
  const wire: Wire = JSON.parse(json)
  return wire.candidates[0].content.parts[0].text.length
}

export const make = async (baseUrl: string): Promise<Subject> => {
  const runtime = ManagedRuntime.make(NodeHttpClient.layerUndici)
  const run = Effect.runPromiseWith(await runtime.context())
  // The client makes no span of its own, as in effect-gemini.
  const send = (path: string, contents: Contents) =>
    HttpClient.HttpClient.use((client) =>
      client.execute(
        HttpClientRequest.post(`${baseUrl}/v1beta/models/${path}`, { headers: { "x-goog-api-key": "bench" } }).pipe(
          HttpClientRequest.bodyJsonUnsafe({ contents })
        )
      )
    ).pipe(Effect.provideService(HttpClient.TracerDisabledWhen, () => true))

  return {
    stream: (model, contents, onFirst) =>
      run(Effect.flatMap(send(`${model}:streamGenerateContent?alt=sse`, contents), (response) => {
        const tally: Tally = { chunks: 0, bytes: 0 }
        let held = ""
        const decoder = new TextDecoder()
        const read = (batch: ReadonlyArray<Uint8Array>) =>
          Effect.sync(() => {
            for (const bytes of batch) {
              const lines = (held + decoder.decode(bytes, { stream: true })).split("\n")
              held = lines.pop() ?? ""
              for (const line of lines) {
                if (line.length < 6) continue
                tally.bytes += textOf(line.slice(5))
                if (tally.chunks++ === 0) onFirst?.()
              }
            }
          })
        return Effect.as(Stream.runForEachArray(response.stream, read), tally)
      })),
    unary: (model, contents) =>
      run(
        Effect.flatMap(send(`${model}:generateContent`, contents), (response) =>
          Effect.map(response.text, (text) => ({ chunks: 1, bytes: textOf(text) })))
      ),
    close: () => runtime.dispose()
  }
}
