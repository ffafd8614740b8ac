/**
 * The models that the server lists. These calls use no model's quota, so they take no permit; retry, deadline and
 * drain are those of every other call.
 *
 * This module is for builders of pools; programs use `listModels` and `getModel` of `GeminiClient`.
 *
 * @since 0.1.0
 */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import type { Retry, Timeouts } from "../GeminiConfig.ts"
import type { GeminiError } from "../GeminiError.ts"
import type * as GeminiHttp from "../GeminiHttp.ts"
import { CallGate } from "../internal/call/CallGate.ts"
import * as LogicalCall from "../internal/call/LogicalCall.ts"
import * as StreamedCall from "../internal/call/streamedCall.ts"
import * as ModelMethods from "../internal/http/modelMethods.ts"
import { unmetered } from "../internal/limiter/Meter.ts"
import type { ProviderOf } from "../internal/telemetry/recorder.ts"
import type * as Models from "../wire/Models.ts"
import type * as ModelId from "./ModelId.ts"

/**
 * The server's list of models. The calls fail with GeminiError.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModelList {
  /** Every model, page after page; the next page is asked for when it is needed. */
  readonly list: (
    request?: Models.ListModelsRequest,
    options?: CallOptions
  ) => Stream.Stream<Models.Model, GeminiError>
  /** One model by its name; NotFound if the server does not have it. */
  readonly get: (model: ModelId.ModelId, options?: CallOptions) => Effect.Effect<Models.Model, GeminiError>
}

/**
 * What the list is read with: the transport, and how its calls are tried again and ended.
 *
 * @category options
 * @since 0.1.0
 */
export interface Options {
  readonly transport: Pick<GeminiHttp.Service, "listModels" | "getModel">
  readonly retry?: Retry | undefined
  readonly timeouts?: Timeouts | undefined
  /**
   * Counts the calls in flight, of all clients that close together.
   *
   * @internal
   */
  readonly gate?: CallGate | undefined
  /**
   * The name that OpenTelemetry gives to who is asked. Default `gcp.gemini`.
   *
   * @internal
   */
  readonly provider?: ProviderOf | undefined
}

const plan = (method: string, options: CallOptions | undefined) => ({
  method,
  options,
  meter: unmetered,
  inputTokens: () => undefined,
  isFinished: () => false,
  rejection: () => undefined
})

/**
 * The list over a transport. Making it does no I/O.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (settings: Options): ModelList => {
  const { gate = new CallGate(), provider, retry, timeouts, transport } = settings
  const client = (model: ModelId.ModelId | undefined): LogicalCall.Client => ({
    target: model ?? "models",
    model,
    gate,
    retry,
    total: timeouts?.total === undefined ? Infinity : Duration.toMillis(timeouts.total),
    provider
  })
  return {
    list: (request, options) =>
      StreamedCall.stream(
        client(undefined),
        plan("listModels", options),
        () => transport.listModels(request, ModelMethods.attemptOptions(options))
      ),
    get: (model, options) =>
      Effect.map(
        LogicalCall.unary(
          client(model),
          plan("getModel", options),
          () => transport.getModel({ model }, ModelMethods.attemptOptions(options))
        ),
        ({ value }) => value
      )
  }
}
