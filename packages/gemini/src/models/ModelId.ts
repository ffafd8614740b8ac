/**
 * Model names, normalised once at the edge.
 *
 * Outside, a model is a plain string as people write it: `gemini-3.8-flash`, `models/gemini-3.8-flash` or
 * `tunedModels/my-tune`. Inside it is a `ModelId`: the short form without `models/`, which is what lanes, pools and
 * answers are keyed by. `resource` turns it back into the form of URLs and bodies.
 *
 * @since 0.1.0
 */
import type * as Brand from "effect/Brand"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import type * as Table from "../internal/google/modelTable.ts"
import type { EmbeddingModel, GeneratingModel } from "./ModelCatalog.ts"

/**
 * A checked model name without the `models/` prefix; `tunedModels/…` is kept.
 *
 * @category models
 * @since 0.1.0
 */
export type ModelId = string & Brand.Brand<"effect-gemini/models/ModelId">

/**
 * A model's name as people write it. An editor completes the known ones, by the table of {@link ModelCatalog.asOf}; any
 * other text is taken too, and the server judges it.
 *
 * @category models
 * @since 0.2.0
 */
export type Name = GeneratingModel | (typeof Table.live)[number] | Other

/**
 * The name of a model that embeds, completed like {@link Name}.
 *
 * @category models
 * @since 0.2.0
 */
export type Embedding = EmbeddingModel | Other

/** Any text, which as a plain `string` would swallow the known names in a union. */
type Other = string & {}

// Google's resource ids are URL segments. Letters, digits and `._-` cover every id
// published up to November 2026; `/` appears only behind a known collection name.
// The names of Vertex AI begin with `projects/`, `publishers/` or `endpoints/`.
const shape = /^(?:(?:tunedModels|endpoints|(?:projects|publishers)\/[\w.:/-]+)\/)?[A-Za-z0-9](?:[\w.-]*[A-Za-z0-9])?$/

const isModelId = (name: string): name is ModelId => name.length <= 200 && !name.includes("..") && shape.test(name)

/**
 * Normalises a model name. Fails with a sentence that says what is wrong.
 *
 * @category constructors
 * @since 0.1.0
 */
export const parse = (name: string): Result.Result<ModelId, string> => {
  if (typeof name !== "string") return Result.fail(`expected a model's name, got ${String(name)} (${typeof name})`)
  const short = name.replace(/^(?:publishers\/google\/)?models\//, "")
  if (isModelId(short)) return Result.succeed(short)
  if (name.trim() === "") return Result.fail("the model name is empty")
  return Result.fail(
    `${JSON.stringify(name)} cannot be a model name: expected "gemini-…", "models/gemini-…" or "tunedModels/…"`
  )
}

/**
 * The resource name as it stands in a URL or a body: `models/gemini-3.8-flash`.
 *
 * @category getters
 * @since 0.1.0
 */
export const resource = (id: ModelId): string => id.includes("/") ? id : `models/${id}`

/**
 * A `ModelId` as a schema, for configuration files.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ModelId: Schema.Codec<ModelId, string> = Schema.String.pipe(
  Schema.refine(isModelId, { expected: "a model name without the models/ prefix" })
)
