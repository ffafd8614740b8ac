/** Our files, over either transport. */
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Files from "effect-gemini/files/Files"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { fileOf, type Tally } from "./Subject.ts"

export const make = (baseUrl: string, transport: "dispatch" | "fetch") => {
  const runtime = ManagedRuntime.make(
    Files.Files.layerWith({ apiKey: Redacted.make("bench"), baseUrl }).pipe(
      Layer.provide(transport === "fetch" ? FetchGemini.layerHttpClient : NodeGemini.layerHttpClient())
    )
  )
  return {
    upload: (model: string): Promise<Tally> =>
      runtime.runPromise(
        Files.Files.use((files) =>
          Effect.map(files.upload(fileOf(model)), ({ file }) => ({ chunks: 1, bytes: Number(file.sizeBytes) }))
        )
      ),
    download: (model: string): Promise<Tally> =>
      runtime.runPromise(Files.Files.use((files) => {
        const tally: Tally = { chunks: 1, bytes: 0 }
        return Effect.as(
          Stream.runForEachArray(files.download(model), (pieces) =>
            Effect.sync(() => {
              for (const { length } of pieces) tally.bytes += length
            })),
          tally
        )
      })),
    close: () => runtime.dispose()
  }
}
