/**
 * What the examples of agents run on: Gemini with the key of GEMINI_API_KEY, or the embedded server without one, which plays
 * the models by the rules of each example. Runs are kept in a folder.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"

const model = "gemini-3.8-flash"

const client = (options: GeminiConfig.Options) =>
  Layer.mergeAll(
    GeminiLanguageModel.model(model),
    GeminiEmbeddingModel.model("gemini-embedding-001", { dimensions: 768 }),
    Interactions.Interactions.layerWith(options)
  ).pipe(Layer.provideMerge(FetchGemini.layer(options)), Layer.provide(FetchHttpClient.layer))

/** Where models are asked, for a process that another one starts: its address and key. */
export interface Address {
  readonly baseUrl: string | undefined
  readonly apiKey: Redacted.Redacted
}

/** The server that answers, and the line that says so. */
export const address = (rules: ReadonlyArray<Rule.Rule>) =>
  Effect.gen(function*() {
    const { baseUrl, key } = yield* Config.all({
      key: Config.option(Config.Redacted("GEMINI_API_KEY")),
      baseUrl: Config.option(Config.String("GEMINI_BASE_URL"))
    })
    if (Option.isSome(key)) {
      const server = Option.getOrElse(baseUrl, () => "Google, who may bill this key")
      return { says: `server: ${server}`, baseUrl: Option.getOrUndefined(baseUrl), apiKey: key.value }
    }
    const { url } = yield* Emulator.Emulator.pipe(
      Effect.provide(
        yield* Layer.build(
          Emulator.layerServer({
            rules,
            otherwise: "generate",
            strictSignatures: true,
            interactions: { research: 1_000 }
          })
        )
      )
    )
    const says = "server: embedded emulator on 127.0.0.1; no API key is set, nothing leaves this machine"
    return { says, baseUrl: url, apiKey: Redacted.make("emulator") }
  })

/** Models, embeddings and interactions of that server, and a journal in the folder. */
export const layer = ({ apiKey, baseUrl }: Address, directory: string) =>
  Layer.mergeAll(
    client({ apiKey, tier: baseUrl === undefined ? "free" : "tier3", ...(baseUrl === undefined ? {} : { baseUrl }) }),
    FileJournal.layer({ directory })
  ).pipe(Layer.provideMerge(NodeServices.layer))

/** What every example may use. */
export type World = Layer.Success<ReturnType<typeof layer>>
