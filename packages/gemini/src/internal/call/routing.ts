/**
 * Which way a generation goes, by what the catalog knows of its model. Pure.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as ModelCatalog from "../../models/ModelCatalog.ts"
import type * as ModelId from "../../models/ModelId.ts"

/** A model that has both ways goes over HTTP. */
export const isLiveOnly = (catalog: ModelCatalog.Catalog, model: ModelId.ModelId): boolean =>
  !ModelCatalog.supports(catalog, model, "generateContent") &&
  ModelCatalog.supports(catalog, model, "bidiGenerateContent")

/** A model that has only the Live API looks unknown over HTTP: the error says which way it goes. */
export const explain = (error: GeminiError): GeminiError => {
  const { model, reason } = error
  if (reason._tag !== "NotFound" || model === undefined) return error
  if (!ModelCatalog.supports(ModelCatalog.known, model, "bidiGenerateContent")) return error
  const advice = "This model speaks the Live API: leave `transport` out, or say \"live\"."
  return error.withReason(
    new Reason.NotFound({
      description: reason.description === undefined ? advice : `${reason.description} ${advice}`,
      nearMatches: reason.nearMatches
    })
  )
}
