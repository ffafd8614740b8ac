/**
 * Which names stand for another model. Quotas are counted by the concrete model, so an
 * alias and its target share one lane.
 *
 * The table is dated: Google moves its `-latest` names when a model comes out. A client corrects the table for itself
 * by what the server says: the `modelVersion` of an answer, or the model in the quota dimensions of a 429.
 *
 * @since 0.1.0
 */
import * as Result from "effect/Result"
import * as ModelId from "./ModelId.ts"

/**
 * The day (ISO, UTC) that the table describes.
 *
 * @category constants
 * @since 0.1.0
 */
export const asOf = "2026-11-22"

// The newest model of each kind in the API's changelog; Google publishes no table.
const targets: Readonly<Record<string, string | undefined>> = {
  "gemini-flash-latest": "gemini-3.8-flash",
  "gemini-flash-lite-latest": "gemini-3.5-flash-lite",
  "gemini-pro-latest": "gemini-3.1-pro-preview"
}

/**
 * Whether the table knows the name as an alias.
 *
 * @category getters
 * @since 0.1.0
 */
export const isAlias = (model: ModelId.ModelId): boolean => Object.hasOwn(targets, model)

/**
 * The model that requests to this one are counted as: an alias's target, else the model.
 *
 * ```ts
 * import * as ModelAlias from "effect-gemini/models/ModelAlias"
 * import * as ModelId from "effect-gemini/models/ModelId"
 * import * as Result from "effect/Result"
 *
 * const model = Result.getOrThrow(ModelId.parse("models/gemini-flash-latest"))
 * ModelAlias.quotaModel(model) // => "gemini-3.8-flash"
 * ```
 *
 * @category getters
 * @since 0.1.0
 */
export const quotaModel = (model: ModelId.ModelId): ModelId.ModelId =>
  isAlias(model)
    ? Result.getOrElse(ModelId.parse(Object.hasOwn(targets, model) ? targets[model] ?? model : model), () => model)
    : model

/**
 * The model that a name is a version of: that of a numbered stable version (`gemini-2.5-flash-001`), or an alias's
 * target; else the model. A version is priced as its model is.
 *
 * Google names stable versions with three digits behind the model's name
 * (https://ai.google.dev/gemini-api/docs/models, "Model version name patterns"). Previews are models of their own, with
 * prices that may differ, so no preview is a version of another model here.
 *
 * ```ts
 * import * as ModelAlias from "effect-gemini/models/ModelAlias"
 * import * as ModelId from "effect-gemini/models/ModelId"
 * import * as Result from "effect/Result"
 *
 * const model = Result.getOrThrow(ModelId.parse("gemini-2.5-flash-001"))
 * ModelAlias.stableModel(model) // => "gemini-2.5-flash"
 * ```
 *
 * @category getters
 * @since 0.2.0
 */
export const stableModel = (model: ModelId.ModelId): ModelId.ModelId => {
  const target = quotaModel(model)
  return Result.getOrElse(ModelId.parse(target.replace(/^(?!tunedModels\/)(.+)-\d{3}$/, "$1")), () => target)
}
