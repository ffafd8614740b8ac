/** Tells which way a generation goes, by what its caller says, and else by what the catalog knows of its model. */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import { LiveTransport } from "../../live/LiveTransport.ts"
import type { Transport } from "../../ModelClient.ts"
import * as ModelCatalog from "../../models/ModelCatalog.ts"
import type * as ModelId from "../../models/ModelId.ts"

/** The service's key without its class, which has a layer that no call needs. */
const catalogKey = Context.Service<ModelCatalog.ModelCatalog, ModelCatalog.Service>(
  "effect-gemini/models/ModelCatalog"
)

/** Whether a model has only the Live API. A model that has both ways goes over HTTP. */
export const isLiveOnly = (catalog: ModelCatalog.Catalog, model: ModelId.ModelId): boolean =>
  !ModelCatalog.supports(catalog, model, "generateContent") &&
  ModelCatalog.supports(catalog, model, "bidiGenerateContent")

/** The error with the right way in it: a model that has only the Live API looks unknown over HTTP. */
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

/**
 * Gives the transport of a call, if that is not HTTP. The context is the one that the client is built in; a transport
 * may also come with the call.
 */
export const make = (context: Context.Context<never>) => {
  const builtWith = Context.getOrUndefined(context, LiveTransport)
  const catalog = Context.getOrUndefined(context, catalogKey)

  const liveTransport = (method: string, model: ModelId.ModelId): Effect.Effect<Transport, GeminiError> =>
    Effect.contextWith((called: Context.Context<never>) => {
      const transport = builtWith ?? Context.getOrUndefined(called, LiveTransport)
      if (transport !== undefined) return Effect.succeed(transport)
      return Effect.fail(new GeminiError({ method, model, attempts: [], reason: new Reason.LiveNotProvided() }))
    })

  return (
    method: string,
    model: ModelId.ModelId,
    call: CallOptions | undefined
  ): Effect.Effect<Transport | undefined, GeminiError> | undefined => {
    if (call?.transport !== undefined) return call.transport === "live" ? liveTransport(method, model) : undefined
    if (catalog !== undefined) {
      return Effect.flatMap(
        catalog.current,
        (known) => isLiveOnly(known, model) ? liveTransport(method, model) : Effect.succeed(undefined)
      )
    }
    return isLiveOnly(ModelCatalog.known, model) ? liveTransport(method, model) : undefined
  }
}
