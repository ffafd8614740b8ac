/**
 * What is asked of a model: the wire fields of a request, with `contents` in any form.
 *
 * @since 0.3.0
 */
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { AnySchema, JsonSchema } from "./AnySchema.ts"
import type { Bounds, Tools } from "./Tool.ts"

/**
 * A request with its settings.
 *
 * @category models
 * @since 0.3.0
 */
export interface Request extends GeminiClient.Request {}

/**
 * What is asked: a text, or a list of parts or contents, for a request without settings.
 *
 * @category models
 * @since 0.3.0
 */
export type Asked = Extract<Request["contents"], string | ReadonlyArray<unknown>>

/**
 * A request with tools that are run here, until the model has an answer.
 *
 * @category models
 * @since 0.3.0
 */
export interface ToolRequest<Schemas extends Readonly<Record<string, AnySchema>>>
  extends Omit<GeminiClient.Request, "tools">, Bounds
{
  readonly tools: Tools<Schemas>
}

/**
 * A request for an object.
 *
 * @category models
 * @since 0.3.0
 */
export interface ObjectRequest<S extends AnySchema> extends GeminiClient.Request {
  readonly schema: S
  /** The schema as JSON Schema, for one that cannot say it itself. */
  readonly jsonSchema?: JsonSchema | undefined
}

/**
 * A request for an object that is asked for again where it does not fit.
 *
 * @category models
 * @since 0.3.0
 */
export interface RepairedRequest<S extends AnySchema> extends ObjectRequest<S> {
  /** How often the model is asked again, with what was wrong. Default 1. */
  readonly repairs?: number | undefined
}

/**
 * What to embed, and the settings for all of it.
 *
 * @category models
 * @since 0.3.0
 */
export type EmbedRequest = GeminiClient.EmbedRequest
