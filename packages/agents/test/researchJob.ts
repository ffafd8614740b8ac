/** A process that begins a research and kills itself at the first search that it is told of. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Agent from "effect-gemini-agents/Agent"
import * as ResearchAgent from "effect-gemini-agents/ResearchAgent"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

const job: { readonly url: string; readonly directory: string; readonly query: string } = JSON.parse(
  process.argv[2] ?? "{}"
)
const client = { apiKey: Redacted.make("k"), tier: "tier3", baseUrl: job.url } as const
const research = ResearchAgent.make({ name: "research", pricedAs: "gemini-3.1-pro-preview" })

await Agent.stream(research, job.query, { id: "r" }).pipe(
  Stream.runForEach((event) =>
    Effect.sync(() => {
      const isSearch = event._tag === "Record" && event.record._tag === "Progressed" &&
        event.record.text.startsWith("searches")
      if (isSearch) process.kill(process.pid, "SIGKILL")
    })
  ),
  Effect.provide(
    Layer.mergeAll(
      Interactions.Interactions.layerWith(client),
      GeminiLanguageModel.layer({ model: "gemini-3.8-flash" })
    ).pipe(
      Layer.provide(GeminiClient.layer(client)),
      Layer.provide(FetchHttpClient.layer),
      Layer.merge(Layer.provide(FileJournal.layer({ directory: job.directory }), NodeFileSystem.layer))
    )
  ),
  Effect.runPromise
)
