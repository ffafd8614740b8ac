/**
 * What is known of the models: which methods they have, and which names resemble an unknown one.
 *
 * The answer to `supports` comes from, in this order: a list that the program loaded (`refresh`), the dated table that
 * the library brings (`asOf`), the rule about names. It makes no request that the program did not ask for.
 *
 * @since 0.1.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import { nearest } from "../internal/config/nearest.ts"
import * as Table from "../internal/google/modelTable.ts"
import type { Model } from "../wire/Models.ts"

/**
 * The day (ISO, UTC) that the library's own table describes.
 *
 * @category constants
 * @since 0.1.0
 */
export const asOf: string = Table.asOf

/**
 * The models that generate content, by the library's own table (`asOf`). New ones come without a release of this
 * library, so an API takes any name and completes these.
 *
 * @category models
 * @since 0.2.0
 */
export type GeneratingModel = typeof Table.signed[number] | typeof Table.generating[number]

/**
 * The models that turn texts into vectors, by the library's own table (`asOf`).
 *
 * @category models
 * @since 0.2.0
 */
export type EmbeddingModel = typeof Table.embedding[number]

/**
 * Models and their methods; names without `models/`.
 *
 * @category models
 * @since 0.1.0
 */
export interface Catalog {
  readonly models: ReadonlyMap<string, ReadonlyArray<string>>
}

/**
 * The catalog of the library's own table (`asOf`).
 *
 * @category constants
 * @since 0.1.0
 */
export const known: Catalog = {
  models: new Map(Table.rows.flatMap(([methods, names]) => names.map((name) => [name, methods] as const)))
}

/**
 * Models that demand the thought signatures of their function calls back, by the library's table
 * (`asOf`). A model that is not here may demand them too.
 *
 * @category constants
 * @since 0.1.0
 */
export const signed: ReadonlySet<string> = /* @__PURE__ */ new Set(Table.signed)

// Google lists only the unary method of a pair; a model that has it also has the other one.
const alongside: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  generateContent: "streamGenerateContent",
  embedContent: "batchEmbedContents"
}))

const shortName = (name: string): string => name.startsWith("models/") ? name.slice("models/".length) : name

/**
 * A catalog in which a list of models, as `models.list` sends them, comes before what
 * was known.
 *
 * @category constructors
 * @since 0.1.0
 */
export const withModels = (catalog: Catalog, models: Iterable<Model>): Catalog => {
  const all = new Map(catalog.models)
  for (const model of models) {
    if (!model.name) continue
    const methods = (model.supportedGenerationMethods ?? []).flatMap((method) => {
      const other = alongside.get(method)
      return other === undefined ? [method] : [method, other]
    })
    all.set(shortName(model.name), methods)
  }
  return { models: all }
}

/**
 * Whether a model has a method (`generateContent`, `bidiGenerateContent`, …). A model
 * that no list names is judged by its name.
 *
 * ```ts
 * import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
 *
 * console.log(ModelCatalog.supports(ModelCatalog.known, "gemini-3.8-live", "generateContent")) // false
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const supports = (catalog: Catalog, model: string, method: string): boolean => {
  const name = shortName(model)
  const methods = catalog.models.get(name) ?? Table.nameRules.find(([rule]) => rule.test(name))?.[1] ?? []
  return methods.includes(method)
}

/**
 * Up to three known names that resemble a name, the nearest first; at most a third of each differs. A known name has
 * none.
 *
 * @category getters
 * @since 0.1.0
 */
export const nearMatches = (catalog: Catalog, model: string): ReadonlyArray<string> => {
  const name = shortName(model)
  return catalog.models.has(name) ? [] : nearest(name, catalog.models.keys(), 1 / 3).slice(0, 3)
}

/**
 * A catalog that a program can ask and refresh.
 *
 * @category models
 * @since 0.1.0
 */
export interface Service {
  /** The catalog as it stands. */
  readonly current: Effect.Effect<Catalog>
  /** Whether a model has a method. */
  readonly supports: (model: string, method: string) => Effect.Effect<boolean>
  /** Loads a list, such as that of `GeminiHttp.listModels()`, which wins over what was known. */
  readonly refresh: <E, R>(models: Stream.Stream<Model, E, R>) => Effect.Effect<void, E, R>
}

/**
 * The catalog of a program, which it may refresh.
 *
 * @category services
 * @since 0.1.0
 */
export class ModelCatalog extends Context.Service<ModelCatalog, Service>()("effect-gemini/models/ModelCatalog") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (): Layer.Layer<ModelCatalog> => layer
}

/**
 * A catalog that begins with what the library knows (`known`).
 *
 * @category constructors
 * @since 0.1.0
 */
export const make: Effect.Effect<Service> = /* @__PURE__ */ Effect.map(/* @__PURE__ */ Ref.make(known), (ref) => ({
  current: Ref.get(ref),
  supports: (model, method) => Effect.map(Ref.get(ref), (catalog) => supports(catalog, model, method)),
  refresh: (models) =>
    Effect.flatMap(Stream.runCollect(models), (list) => Ref.update(ref, (catalog) => withModels(catalog, list)))
}))

/**
 * The catalog of a program, which begins with what the library knows (`known`).
 *
 * @category layers
 * @since 0.1.0
 */
export const layer: Layer.Layer<ModelCatalog> = /* @__PURE__ */ Layer.effect(ModelCatalog, make)
