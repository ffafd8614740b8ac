/**
 * Which server answers: Vertex AI where GOOGLE_GENAI_USE_VERTEXAI asks for it, else Google (or what GEMINI_BASE_URL names) when there is a key, the
 * embedded emulator when there is none, or the cassette that GEMINI_CASSETTE names. `says` is the first line that a
 * person reads.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import type { Options } from "effect-gemini-emulator/Emulator"
import type * as Quota from "effect-gemini-emulator/Quota"
import * as Batches from "effect-gemini/batches/Batches"
import type { Services } from "effect-gemini/FetchGemini"
import * as Files from "effect-gemini/files/Files"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiLive } from "effect-gemini/GeminiLive"
import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
import * as Tier from "effect-gemini/limits/Tier"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import { createHash } from "node:crypto"
import { dirname, join } from "node:path"
import { CommandFailed } from "./CommandFailed.ts"
import * as Deck from "./Deck.ts"
import * as Folder from "./folder.ts"
import * as Lanes from "./lanes.ts"
import { clientOptions, Configured, isEmulated } from "./setup/Configured.ts"
import { shortened, stateFolder } from "./setup/places.ts"
import * as VertexServer from "./vertexServer.ts"

export interface Server {
  readonly says: string
  /** A name that is the same for every run with this server and key. It holds no secret. */
  readonly name: string
  /** The folder where its quota is remembered between runs, if it is. */
  readonly directory: string | undefined
  readonly layer: Layer.Layer<Services>
  readonly live: Layer.Layer<GeminiLive>
  readonly files: Layer.Layer<Files.Files>
  /** Calls that name files, which the same server has to keep. */
  readonly withFiles: Layer.Layer<Services | Files.Files>
  readonly batches: Layer.Layer<Batches.Batches>
  /** Another client of the same server, for a command that loads it by itself. */
  readonly clientOf: <A>(client: (options: GeminiConfig.Options) => Layer.Layer<A>) => Layer.Layer<A>
}

/** Whether nothing leaves this machine and nobody is paid. */
export const isEmbedded = ({ name }: Pick<Server, "name">): boolean => name === Lanes.embedded

const isGoogle = (url: string): boolean => /(^|\.)googleapis\.com$/.test(new URL(url).hostname)

/** Options by the names that they have in the environment. */
const variables: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(
  /* @__PURE__ */ Object.entries({ baseUrl: "GEMINI_BASE_URL", apiVersion: "GEMINI_API_VERSION" })
)

// An answer is then slow enough to be watched, and fast enough not to be waited for.
const chunkDelay = 30

/**
 * The part of a model's limits that the emulator counts. Concurrency is counted by the client alone, and the emulator
 * refuses unknown fields.
 */
const counted = ({ rpd, rpm, tpm }: Tier.Limits): Quota.Limits => ({ rpm, tpm, rpd })

/** The same limits on the emulator's side. */
const quotasOf = (tier: Tier.TierName | Tier.Tier): Quota.Tier | Quota.Quotas =>
  typeof tier === "string" ? tier : {
    models: {
      "*": counted(tier.limits),
      ...Object.fromEntries(Object.keys(tier.models).map((model) => [model, counted(Tier.limitsFor(tier, model))]))
    }
  }

/** A client of an emulator in this process, which is loaded only here: it would cost a quarter of a command's start. */
const served = <A>(
  emulatorOptions: Options,
  options: GeminiConfig.Options,
  client: (options: GeminiConfig.Options) => Layer.Layer<A>
): Layer.Layer<A> =>
  Layer.unwrap(
    Effect.map(
      Effect.promise(() => import("effect-gemini-emulator/Emulator")),
      (Emulator) =>
        Layer.unwrap(Effect.map(Emulator.Emulator, ({ url }) => client({ ...options, baseUrl: url }))).pipe(
          // The system picks any free port of this machine; if there is none, nothing else would work either.
          Layer.provide(Layer.orDie(Emulator.layerServer(emulatorOptions)))
        )
    )
  )

/** A client of the emulator, of an open cassette, or of both: a cassette that records passes on the client's own key. */
const played = <A>(
  deck: Layer.Layer<Deck.Deck>,
  options: GeminiConfig.Options,
  client: (options: GeminiConfig.Options) => Layer.Layer<A>
): Layer.Layer<A> =>
  Layer.unwrap(Effect.map(Deck.Deck, (cassette) => served({ cassette }, options, client))).pipe(Layer.provide(deck))

/** With a tier, the emulator refuses what is beyond it, as Google would. */
const embedded = <A>(
  options: GeminiConfig.Options,
  client: (options: GeminiConfig.Options) => Layer.Layer<A>
): Layer.Layer<A> =>
  served(
    { chunkDelay, ...(options.tier === undefined ? {} : { quotas: quotasOf(options.tier) }) },
    { ...options, apiKey: Redacted.make("emulator") },
    client
  )

/**
 * Where Google's quota is remembered between runs: in GEMINI_FX_STATE or the user's directory for state. That of other
 * servers is remembered only if it is asked for.
 */
const directoryOf = (name: string, isAsked: boolean) =>
  Effect.map(
    Effect.all([Config.option(Config.String("GEMINI_FX_STATE")), stateFolder]),
    ([own, state]) => Option.isNone(own) && !isAsked ? undefined : join(state, `quota-${name}`)
  )

/** Checks the folder above, too: whoever could write to it could put another folder in its place. */
const problemOf = Effect.fnUntraced(function*(directory: string) {
  const above = yield* Folder.prepare(dirname(directory), "shared")
  return above ?? (yield* Folder.prepare(directory, "shared"))
})

const filesLayer = (
  { apiKey = Redacted.make(""), apiVersion, baseUrl, destination, retry, timeouts }: GeminiConfig.Options
) =>
  Files.layer().pipe(
    Layer.provide(ResourceHttp.layer({ apiKey, apiVersion, baseUrl, destination, retry, timeouts })),
    Layer.provide(NodeGemini.layerHttpClient())
  )

const batchesLayer = (
  { apiKey = Redacted.make(""), apiVersion, baseUrl, destination, retry, timeouts }: GeminiConfig.Options
) =>
  Batches.layer().pipe(
    Layer.provide(ResourceHttp.layer({ apiKey, apiVersion, baseUrl, destination, retry, timeouts })),
    Layer.provide(NodeGemini.layerHttpClient())
  )

const withFilesLayer = (options: GeminiConfig.Options) =>
  Layer.merge(NodeGemini.layerHttp(options), filesLayer(options))

/** The servers of a fleet are its workers' own: nothing is asked from here. */
export const fleet: Pick<Server, "says" | "name" | "layer"> = {
  says: "fleet: its workers ask the model, each with its own key",
  name: "fleet",
  layer: NodeGemini.layerHttp({ apiKey: Redacted.make("fleet") })
}

const emulated = (why: string, options: GeminiConfig.Options): Server => {
  const all = { tier: "tier3", ...options } as const
  return {
    says: `server: embedded emulator on 127.0.0.1; ${why}nothing leaves this machine`,
    name: Lanes.embedded,
    directory: undefined,
    layer: embedded(all, NodeGemini.layerHttp),
    live: embedded(all, NodeGemini.layerLive),
    files: embedded(all, filesLayer),
    withFiles: embedded(all, withFilesLayer),
    batches: embedded(all, batchesLayer),
    clientOf: (make) => embedded(all, make)
  }
}

/** The same client, which remembers its quota in a folder, if it has one. */
const keptIn = (directory: string | undefined) => <A>(client: Layer.Layer<A>): Layer.Layer<A> =>
  directory === undefined
    ? client
    : Layer.unwrap(Effect.map(problemOf(directory), (problem) =>
      problem === undefined ? Layer.provide(client, FileLaneStore.layer({ directory })) : Layer.tap(
        client,
        () =>
          Effect.logWarning(`${problem}: the quota is not remembered there`)
      ))).pipe(Layer.provide(NodeFileSystem.layer))

/** The name of a server and of who asks it: a digest, because each has a folder of its own. */
const digest = (text: string): string => createHash("sha256").update(text).digest("hex").slice(0, 12)

/** Makes a layer with the options of a server. */
type Client = <A>(make: (options: GeminiConfig.Options) => Layer.Layer<A>) => Layer.Layer<A>

/** The layers of a server over the network, whose quota is kept in a folder, if it has one. */
const layersOf = (
  directory: string | undefined,
  client: Client
): Omit<Server, "says" | "name" | "directory"> => {
  const kept = keptIn(directory)
  return {
    layer: kept(client(NodeGemini.layerHttp)),
    live: kept(client(NodeGemini.layerLive)),
    files: client(filesLayer),
    withFiles: kept(client(withFilesLayer)),
    batches: client(batchesLayer),
    clientOf: (make) => kept(client(make))
  }
}

/** The server that a cassette is. What was recorded on Vertex AI is asked for by its paths. */
const recording = (
  cassette: Extract<Deck.Chosen, { _tag: "Played" }>,
  options: GeminiConfig.Options,
  vertex: VertexServer.VertexServer | undefined
): Server => {
  const all = { tier: "tier3", ...options, apiKey: Redacted.make("emulator") } as const
  const { deck } = cassette
  const client: Client = (make) =>
    played(deck, all, vertex === undefined ? make : (options) => vertex.played(options, make))
  return { says: Deck.saysOf(cassette), name: Lanes.embedded, directory: undefined, ...layersOf(undefined, client) }
}

/** Vertex AI has no tiers: how much there is says the project's quota, or the server. */
const onVertex = Effect.fnUntraced(function*(
  vertex: VertexServer.VertexServer,
  options: GeminiConfig.Options,
  cassette: Extract<Deck.Chosen, { _tag: "Recorded" }> | undefined
) {
  const all = { tier: "tier3", ...options } as const
  const name = digest(vertex.id)
  const directory = yield* directoryOf(name, vertex.isGoogle)
  const deck = yield* cassette?.deck(cassette.upstream ?? vertex.baseUrl) ?? Effect.undefined
  const client: Client = (make) =>
    deck === undefined ? vertex.client(all, make) : played(deck, all, (options) => vertex.client(options, make))
  const says = cassette === undefined ? vertex.says : `${vertex.says}; ${Deck.saysOf(cassette)}`
  return { says, name, directory, ...layersOf(directory, client) } satisfies Server
})

/**
 * `flags` are the options of the command line, and win over the environment and the files. With `isAsked` the emulator
 * answers, whatever they say.
 */
export const choose = Effect.fnUntraced(function*(
  flags: GeminiConfig.Options,
  isAsked = false
): Effect.fn.Return<Server, CommandFailed | Config.ConfigError> {
  const options = yield* clientOptions(flags)
  const cassette = yield* Deck.chosen
  if (cassette?._tag === "Played") return recording(cassette, options, yield* VertexServer.chosen)
  const records = (why: string) =>
    new CommandFailed({
      exitCode: 2,
      text: `GEMINI_CASSETTE: mode "${cassette?.mode}" records what a server says, and ${why}`
    })
  if (yield* isEmulated(isAsked)) {
    if (cassette !== undefined) return yield* records("the embedded emulator is asked for, which is none")
    return emulated("", options)
  }
  const vertex = yield* VertexServer.chosen
  if (vertex !== undefined) return yield* onVertex(vertex, options, cassette)
  const { key, keyFile } = yield* Configured
  const environment = yield* GeminiConfig.fromEnvironment()
  if (environment.apiKey === undefined) {
    if (key._tag === "Refused") {
      return yield* new CommandFailed({ exitCode: 2, text: `${key.why}, so its key is not used` })
    }
    if (environment.baseUrl !== undefined) {
      const shown = GeminiConfig.shownUrl(environment.baseUrl)
      return yield* new CommandFailed({
        exitCode: 2,
        text: `GEMINI_BASE_URL is set${shown === undefined ? "" : ` (${shown})`}, but there is no API key for it: ` +
          "set GEMINI_API_KEY too, or unset GEMINI_BASE_URL to use the embedded emulator"
      })
    }
    if (cassette !== undefined) return yield* records("there is no API key for one: set GEMINI_API_KEY")
    return emulated("no API key is set, ", options)
  }
  const all = { ...environment, ...options }
  const problem = GeminiConfig.problem(all)
  if (problem !== undefined) {
    return yield* new CommandFailed({
      exitCode: 2,
      text: `${variables.get(problem.field) ?? problem.field}: ${problem.description}`
    })
  }
  const url = environment.baseUrl ?? GeminiConfig.defaultBaseUrl
  const bills = isGoogle(url) ? "; Google may bill this key" : ""
  const isKept = key._tag === "Key" && Redacted.value(key.key) === Redacted.value(environment.apiKey)
  const from = isKept ? `of ${shortened(keyFile)}` : "of the environment"
  const name = digest(`${url} ${Redacted.value(environment.apiKey)}`)
  const directory = yield* directoryOf(name, isGoogle(url))
  const deck = yield* cassette?.deck(cassette.upstream ?? url) ?? Effect.undefined
  const client: Client = (make) => deck === undefined ? make(all) : played(deck, all, make)
  const tape = cassette === undefined ? "" : `; ${Deck.saysOf(cassette)}`
  return {
    says: `server: ${GeminiConfig.shownUrl(url) ?? url}, with the API key ${from}${bills}${tape}`,
    name,
    directory,
    ...layersOf(directory, client)
  }
})
