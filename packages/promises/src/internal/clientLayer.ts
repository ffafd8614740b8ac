/** The layer of a client from plain options. */
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import type { GeminiOptions } from "../GeminiOptions.ts"
import * as Failure from "./failure.ts"
import type { Extended } from "./PlainServices.ts"

type Own = Omit<GeminiConfig.Options, "transformClient">

/** The options as the client takes them. Throws a GeminiError that names the first one that cannot be meant. */
const toClient = ({ apiKey, fetch, ...rest }: Omit<GeminiOptions, "layer">): Own => {
  if (apiKey !== undefined && typeof apiKey !== "string") {
    throw refused("apiKey", `expected the key as text, got ${said(apiKey)}`)
  }
  if (fetch !== undefined && typeof fetch !== "function") {
    throw refused("fetch", `expected a function, got ${said(fetch)}`)
  }
  const own = { ...rest, ...(apiKey !== undefined && { apiKey: Redacted.make(apiKey) }) }
  const problem = GeminiConfig.problem(own)
  if (problem !== undefined) throw refused(problem.field, problem.description)
  return own
}

const refused = (field: string, description: string) => Failure.invalid("new Gemini", field, description)

/** Only the type is told, because the value may be a key in some wrapping. */
const said = (value: unknown): string => `a value of type ${value === null ? "null" : typeof value}`

/** The options with what the environment says, which is not asked for a key that was given. */
const loaded = (options: Own) =>
  Effect.mapError(GeminiConfig.load(options), (error) => refused("the environment", error.message))

const fetched = <A, E, R>(fetch: GeminiOptions["fetch"], layer: Layer.Layer<A, E, R>) =>
  fetch === undefined ? layer : Layer.provide(layer, Layer.succeed(FetchHttpClient.Fetch, fetch))

export const make = (options: GeminiOptions): Layer.Layer<FetchGemini.Services, unknown> => {
  if (typeof options !== "object" || options === null) {
    throw refused("options", `expected an object, such as { apiKey: "…" }, got ${said(options)}`)
  }
  const { layer, ...given } = options
  if (layer === undefined) {
    return fetched(given.fetch, Layer.unwrap(Effect.map(loaded(toClient(given)), FetchGemini.layer)))
  }
  const [other] = Object.keys(given)
  if (other === undefined && Layer.isLayer(layer)) return layer
  throw other === undefined
    ? refused("layer", `expected a Layer, got ${said(layer)}`)
    : refused(other, "stands beside `layer`, which is made with options of its own")
}

/** How other services are made by the same options, over the same `fetch`. */
export const extended = (options: GeminiOptions): Extended<FetchGemini.Services> => {
  const { layer, ...given } = options
  if (layer !== undefined) return undefined
  const known = loaded(toClient(given))
  return (layerWith) =>
    Layer.provide(Layer.unwrap(Effect.map(known, layerWith)), fetched(options.fetch, FetchGemini.layerHttpClient))
}
