/**
 * Long-running operations: batches, videos, uploads into file search stores, tunings. An operation is asked for by its
 * name until it is `done`; then it has a `response` or an `error`.
 *
 * ```ts
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as Operations from "effect-gemini/operations/Operations"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 * import * as Stream from "effect/Stream"
 *
 * const program = Effect.gen(function*() {
 *   const operations = yield* Operations.Operations
 *   yield* operations.poll("models/veo-3.1-generate-preview/operations/abc").pipe(
 *     Stream.runForEach(({ operation }) => Effect.log(operation.done === true ? "done" : "running"))
 *   )
 *   const { operation } = yield* operations.awaitDone("batches/abc", { deadline: "2 days" })
 *   return operation.response
 * }).pipe(Effect.provide(
 *   Operations.layer.pipe(
 *     Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") })),
 *     Layer.provide(NodeGemini.layerHttpClient())
 *   )
 * ))
 * ```
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import type * as HttpClient from "effect/http/HttpClient"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../call/CallOptions.ts"
import * as Reason from "../errors/GeminiErrorReason.ts"
import type * as GeminiConfig from "../GeminiConfig.ts"
import { GeminiError } from "../GeminiError.ts"
import * as Failed from "../internal/resources/failed.ts"
import * as ResourceHttp from "../ResourceHttp.ts"
import { type Input, make as handleOf, type ResourceHandle } from "../resources/ResourceHandle.ts"
import { ListOperationsResponse, Operation } from "../wire/Operation.ts"

/**
 * An operation with its handle, which names the member that runs it, too.
 *
 * @category models
 * @since 0.2.0
 */
export interface KeptOperation {
  readonly operation: Operation
  readonly handle: ResourceHandle
}

/**
 * Options of a wait. The first question comes at once, the next one after `interval` (default 1 second), and each pause
 * is `factor` (default 1.5) times as long as the one before, up to `maxInterval` (default 30 seconds). After `deadline`
 * (default 1 hour) the wait fails with TimedOut, and the operation goes on.
 *
 * @category options
 * @since 0.2.0
 */
export interface PollOptions extends CallOptions {
  readonly interval?: Duration.Input | undefined
  readonly factor?: number | undefined
  readonly maxInterval?: Duration.Input | undefined
  readonly deadline?: Duration.Input | undefined
}

/**
 * The methods about operations. Names have the forms `batches/ID`, `models/M/operations/O`, `tunedModels/T/operations/O`,
 * `fileSearchStores/S/operations/O`, `fileSearchStores/S/upload/operations/O`, `generatedFiles/F/operations/O` and
 * `corpora/C/operations/O`. Unknown ones are NotFound.
 *
 * @category models
 * @since 0.2.0
 */
export interface OperationsService {
  readonly get: (operation: Input, options?: CallOptions) => Effect.Effect<KeptOperation, GeminiError>
  /** Every state that was asked for, the last of which is done. An operation that failed is a state like any other. */
  readonly poll: (operation: Input, options?: PollOptions) => Stream.Stream<KeptOperation, GeminiError>
  /** Waits until it is done, and fails with its error if it has one. */
  readonly awaitDone: (operation: Input, options?: PollOptions) => Effect.Effect<KeptOperation, GeminiError>
  /** The operations of a model or tuned model (`models/M`), page by page. */
  readonly list: (
    parent: Input,
    options?: CallOptions & { readonly pageSize?: number | undefined; readonly filter?: string | undefined }
  ) => Stream.Stream<KeptOperation, GeminiError>
  /** Cancels a batch. The Gemini API can cancel no other operation: they fail with Unsupported, and nothing is sent. */
  readonly cancel: (operation: Input, options?: CallOptions) => Effect.Effect<void, GeminiError>
}

/**
 * The methods as a service. {@link layer} provides it.
 *
 * @category services
 * @since 0.2.0
 */
export class Operations extends Context.Service<Operations, OperationsService>()("effect-gemini/Operations") {
  /** The layer by the options of a client alone, over what a client has in its context. */
  static readonly layerWith = (options: GeminiConfig.Options): Layer.Layer<Operations, never, HttpClient.HttpClient> =>
    Layer.provide(layer, ResourceHttp.layer(options))
}

const id = "[^/?#:\\s]+"

const forms = new RegExp(
  `^(?:batches/${id}|(?:models|tunedModels|fileSearchStores|generatedFiles|corpora)/${id}(?:/upload)?/operations/${id})$`
)
const parents = new RegExp(`^(?:models|tunedModels)/${id}$`)

const failed = (method: string, reason: Reason.GeminiErrorReason) => new GeminiError({ method, attempts: [], reason })

/** The name as it goes into the path. */
const nameOf = (method: string, input: Input, form: RegExp, expected: string): Effect.Effect<string, GeminiError> => {
  const given = typeof input === "string" ? input : input.name
  // An address names the operation after the API version.
  const name = given.replace(/^https?:\/\/[^?#]*?\/v\d\w*\//, "")
  if (form.test(name)) return Effect.succeed(name)
  const description = `expected ${expected}, got ${JSON.stringify(name.slice(0, 200))}`
  return Effect.fail(failed(method, new Reason.InvalidRequest({ fields: [{ field: "operation", description }] })))
}

const operationName = (method: string, input: Input) =>
  nameOf(method, input, forms, "the name of an operation, such as batches/ID or models/M/operations/O")

/** The answer to an upload into a store had its response and no `done` (recorded 2025 and 2026). */
const isDone = ({ done, error, response }: Operation): boolean => done === true || error != null || response != null

const memberOf = (input: Input): string | undefined => typeof input === "string" ? undefined : input.member

const kept = (operation: Operation, member: string | undefined): KeptOperation => ({
  operation,
  handle: { name: operation.name, ...(member === undefined ? {} : { member }) }
})

/**
 * The service over a ResourceHttp.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (http: ResourceHttp.Service): OperationsService => {
  const asked = (method: string, input: Input, options: CallOptions | undefined) =>
    Effect.flatMap(operationName(method, input), (path) =>
      Effect.map(
        http.ask(
          { method, httpMethod: "GET", path, of: [handleOf(path, memberOf(input))], answer: Operation },
          options
        ),
        ({ member, value }) => kept(value, member)
      ))

  const polled = (method: string, input: Input, options: PollOptions): Stream.Stream<KeptOperation, GeminiError> => {
    const { deadline = "1 hour", factor = 1.5, interval = "1 second", maxInterval = "30 seconds", ...call } = options
    const most = Duration.toMillis(maxInterval)
    const timedOut = failed(method, new Reason.TimedOut({ phase: "total" }))
    return Stream.unwrap(Effect.clockWith((clock) => {
      const end = clock.currentTimeMillisUnsafe() + Duration.toMillis(deadline)
      return Effect.succeed(Stream.paginate(
        { pause: 0, next: Math.min(most, Duration.toMillis(interval)) },
        ({ next, pause }) =>
          (pause === 0 ? Effect.void : Effect.sleep(pause)).pipe(
            Effect.andThen(asked(method, input, call)),
            Effect.timeoutOrElse({
              duration: Math.max(0, end - clock.currentTimeMillisUnsafe()),
              orElse: () => Effect.fail(timedOut)
            }),
            Effect.map((state) => [
              [state],
              isDone(state.operation)
                ? Option.none()
                : Option.some({ pause: next, next: Math.min(most, next * Math.max(1, factor)) })
            ])
          )
      ))
    }))
  }

  return {
    get: (input, options) => asked("operations.get", input, options),
    poll: (input, options = {}) => polled("operations.poll", input, options),
    awaitDone: (input, options = {}) => {
      const method = "operations.awaitDone"
      return Effect.flatMap(Stream.runLast(polled(method, input, options)), (last) => {
        if (Option.isNone(last)) return Effect.fail(failed(method, new Reason.TimedOut({ phase: "total" })))
        const { error } = last.value.operation
        return error === undefined || error === null
          ? Effect.succeed(last.value)
          : Effect.fail(Failed.errorOf(method, error))
      })
    },
    list: (parent, { filter, pageSize = 100, ...options } = {}) =>
      Stream.unwrap(Effect.map(
        nameOf("operations.list", parent, parents, "models/M or tunedModels/T"),
        (name) =>
          Stream.paginate("", (pageToken: string) =>
            Effect.map(
              http.ask({
                method: "operations.list",
                httpMethod: "GET",
                path: `${name}/operations`,
                query: { pageSize, pageToken: pageToken === "" ? undefined : pageToken, filter },
                of: [memberOf(parent) === undefined ? undefined : parent],
                answer: ListOperationsResponse
              }, options),
              ({ member, value }) => {
                const next = value.nextPageToken ?? ""
                return [
                  (value.operations ?? []).map((operation) => kept(operation, member)),
                  next === "" || next === pageToken ? Option.none() : Option.some(next)
                ]
              }
            ))
      )),
    cancel: (input, options) => {
      const method = "operations.cancel"
      return Effect.flatMap(operationName(method, input), (name) =>
        name.startsWith("batches/")
          ? Effect.asVoid(http.ask({
            method,
            httpMethod: "POST",
            path: `${name}:cancel`,
            of: [handleOf(name, memberOf(input))],
            body: {},
            answer: Schema.Struct({}),
            // A second cancel changes nothing.
            isRepeatable: true
          }, options))
          : Effect.fail(failed(
            method,
            new Reason.Unsupported({
              capability: "operations.cancel",
              description: `the Gemini API can cancel batches alone, and ${name} is none of them`
            })
          )))
    }
  }
}

/**
 * The service over the ResourceHttp of the context: that of one key, or that of `MemberResources`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<Operations, never, ResourceHttp.ResourceHttp> = Layer.effect(
  Operations,
  Effect.map(ResourceHttp.ResourceHttp, make)
)
