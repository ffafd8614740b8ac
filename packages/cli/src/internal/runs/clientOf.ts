/** The client that a narrative needs: with the Live API only where one of its acts goes over that. */
import type { Services } from "effect-gemini/FetchGemini"
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"
import * as NodeGemini from "effect-gemini/NodeGemini"
import type * as Layer from "effect/Layer"
import type { Server } from "../server.ts"

interface AnAct {
  readonly model?: string | undefined
  readonly live?: boolean | undefined
  readonly acts?: ReadonlyArray<AnAct> | undefined
}

const isLiveOnly = (model: string): boolean =>
  ModelCatalog.supports(ModelCatalog.known, model, "bidiGenerateContent") &&
  !ModelCatalog.supports(ModelCatalog.known, model, "generateContent")

const goesLive = ({ acts = [], live, model }: AnAct): boolean =>
  live === true || model !== undefined && isLiveOnly(model) || acts.some(goesLive)

export const clientOf = (
  server: Pick<Server, "layer"> & Partial<Pick<Server, "clientOf">>,
  acts: ReadonlyArray<AnAct>,
  forAll: string | undefined
): Layer.Layer<Services> => {
  const isLive = acts.some(goesLive) || forAll !== undefined && isLiveOnly(forAll)
  return isLive && server.clientOf !== undefined ? server.clientOf(NodeGemini.layer) : server.layer
}
