/**
 * The methods about batches, over the calls of `resources`.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type {
  BatchesService,
  BatchPollOptions,
  BatchRequest,
  BatchRow,
  EmbedRow,
  KeptBatch,
  StoredBatch
} from "../../batches/Batches.ts"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import * as UploadIndex from "../../files/UploadIndex.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as MemberCall from "../../members/MemberCall.ts"
import * as ModelId from "../../models/ModelId.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import { type Input, make as handleOf } from "../../resources/ResourceHandle.ts"
import * as Batch from "../../wire/Batch.ts"
import { EmbedContentResponse } from "../../wire/Embedding.ts"
import { GenerateContentResponse } from "../../wire/GenerateContent.ts"
import * as Held from "../members/resources.ts"
import { invalid } from "../resources/invalid.ts"
import { paged } from "../resources/paged.ts"
import * as FileService from "../uploads/fileService.ts"
import { NumberOrString } from "../wire/leaves.ts"
import * as BatchInput from "./batchInput.ts"
import * as BatchResults from "./batchResults.ts"
import * as BatchRows from "./batchRows.ts"
import * as Stored from "./storedBatch.ts"

/** The most characters of a display name. */
const longestName = 512

/** The most characters of the display name of a batch prediction job (Vertex AI's reference, November 2026). */
const longestJobName = 128

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** A name that nothing else bears, by which a batch is found if the answer to its create was lost. */
const uniqueName: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, letters.length - 1), 24),
  (places) => `batch-${places.map((place) => letters.charAt(place)).join("")}`
)

const Nothing = Schema.Struct({})

/** What a batch of embeddings gives for one content. */
const Embedded = Schema.Struct({
  ...EmbedContentResponse.fields,
  tokenCount: Schema.optionalKey(Schema.NullishOr(NumberOrString))
})

/** A name of the caller's own may stand for several batches. */
const settleBy = (displayName: string, isUnique: boolean) =>
  isUnique ? { displayName, path: "batches", items: "operations" } : undefined

const isStored = (request: object): request is StoredBatch => "from" in request && request.from !== undefined

/** The path of a batch, as its name, its id, its address or its handle says it. */
const pathOf = (method: string, input: Input): Effect.Effect<string, GeminiError> => {
  const { name } = handleOf(typeof input === "string" ? input : input.name)
  const path = name.includes("/") ? name : `batches/${name}`
  const expected = "expected batches/ID, or projects/P/locations/L/batchPredictionJobs/ID"
  return /^(?:batches|batchPredictionJobs)\/[^/?#:\s]+$/.test(path)
    ? Effect.succeed(path)
    : Effect.fail(invalid(method, "batch", `${expected}, got ${JSON.stringify(name.slice(0, 100))}`))
}

const isKept = (input: Input | KeptBatch): input is KeptBatch => typeof input === "object" && "batch" in input

const ofBatch = (path: string, input: Input) => [handleOf(path, typeof input === "string" ? undefined : input.member)]

export const make = (http: ResourceHttp.Service, retry: GeminiConfig.Retry | undefined): BatchesService => {
  const files = FileService.make(http, UploadIndex.makeMemory(), retry)
  const attempts = Math.max(1, retry?.attempts ?? 3)

  const kept = (batch: Batch.Batch, member: string | undefined): KeptBatch => ({
    batch,
    handle: handleOf(batch.name, member)
  })

  const creating = <Row extends BatchRow | EmbedRow>(
    method: string,
    suffix: "batchGenerateContent" | "asyncBatchEmbedContent",
    read: BatchRows.ReadRow<Row>
  ) =>
  <E>(request: BatchRequest<Row, E>, options?: CallOptions): Effect.Effect<KeptBatch, GeminiError | E> =>
    Effect.gen(function*() {
      const { displayName: own, file, inlineBytes, isUniqueName = false, model: name, priority, rows, webhook } = {
        ...request
      }
      const refuse = (field: string, description: string) => invalid(method, field, description)
      const model = ModelId.parse(name)
      if (Result.isFailure(model)) return yield* refuse("model", model.failure)
      if ((own?.length ?? 0) > longestName) {
        return yield* refuse("displayName", `expected at most ${longestName} characters`)
      }
      if (priority !== undefined && !Number.isSafeInteger(priority)) {
        return yield* refuse("priority", "expected a whole number")
      }
      if (inlineBytes !== undefined && !(inlineBytes >= 0)) {
        return yield* refuse("inlineBytes", "expected a number of bytes")
      }
      if (webhook !== undefined && suffix === "asyncBatchEmbedContent") {
        return yield* refuse("webhook", "a batch of embeddings tells nobody of its end")
      }
      if ((rows === undefined) === (file === undefined)) return yield* refuse("rows", "expected rows or a file")
      const input: BatchInput.BatchInput = rows === undefined
        ? { file: typeof file === "string" ? handleOf(file) : file ?? handleOf("") }
        : yield* BatchInput.make({ method, files, rows, read, model: model.success, options, limit: inlineBytes })
      const displayName = own ?? (yield* uniqueName)
      const held = (input.rows ?? []).flatMap(({ request }) =>
        "contents" in request ? Held.heldBy(request).map(({ resource }) => resource) : []
      )
      const inputConfig = input.rows === undefined
        // The official SDK writes the field of embeddings so, and the server takes both forms.
        ? { [suffix === "batchGenerateContent" ? "fileName" : "file_name"]: input.file.name }
        : {
          requests: {
            requests: input.rows.map(({ key, request }) => ({ request, metadata: { key } }))
          }
        }
      const { member, value } = yield* http.create({
        method,
        path: `${ModelId.resource(model.success)}:${suffix}`,
        body: {
          batch: {
            displayName,
            inputConfig,
            ...(priority === undefined ? {} : { priority: String(priority) }),
            ...(webhook === undefined ? {} : { webhookConfig: webhook })
          }
        },
        // What it reads has to lie with the member that makes it.
        of: input.rows === undefined ? [input.file] : [...new Set(held)],
        answer: Batch.Batch,
        settle: settleBy(displayName, own === undefined || isUniqueName)
      }, options)
      return kept(value, member)
    })

  const createRows = creating("batches.create", "batchGenerateContent", BatchRows.generate)

  /** A batch of Vertex AI's, which reads and writes where the caller says. */
  const createStored = Effect.fnUntraced(function*(request: StoredBatch, options?: CallOptions) {
    const method = "batches.create"
    const refuse = ({ description, field }: Stored.Wrong) => invalid(method, field, description)
    const { displayName: own, isUniqueName = false, model: name } = request
    const alone = ["rows", "file", "priority", "webhook", "inlineBytes"].find((field) => Reflect.get(request, field))
    if (alone !== undefined) return yield* refuse({ field: alone, description: "a batch with `from` has none" })
    const model = ModelId.parse(name)
    if (Result.isFailure(model)) return yield* refuse({ field: "model", description: model.failure })
    if ((own?.length ?? 0) > longestJobName) {
      return yield* refuse({ field: "displayName", description: `expected at most ${longestJobName} characters` })
    }
    const configs = Stored.configs(request, yield* Clock.currentTimeMillis)
    if (Result.isFailure(configs)) return yield* refuse(configs.failure)
    const displayName = own ?? (yield* uniqueName)
    const { member, value } = yield* http.create({
      method,
      path: "batchPredictionJobs",
      body: { displayName, model: ModelId.resource(model.success), ...configs.success },
      answer: Batch.Batch,
      settle: settleBy(displayName, own === undefined || isUniqueName)
    }, options)
    return kept(value, member)
  })

  const asked = (method: string, input: Input, options: CallOptions | undefined) =>
    Effect.flatMap(pathOf(method, input), (path) =>
      Effect.map(
        http.ask({ method, httpMethod: "GET", path, of: ofBatch(path, input), answer: Batch.Batch }, options),
        ({ member, value }) => kept(value, member)
      ))

  const polled = (method: string, input: Input, options: BatchPollOptions): Stream.Stream<KeptBatch, GeminiError> => {
    const { deadline = "49 hours", factor = 1.5, interval = "5 seconds", maxInterval = "5 minutes", told, ...call } =
      options
    const most = Duration.toMillis(maxInterval)
    const timedOut = new GeminiError({ method, attempts: [], reason: new Reason.TimedOut({ phase: "total" }) })
    const pause = (millis: number) =>
      told === undefined ? Effect.sleep(millis) : Effect.raceFirst(Effect.sleep(millis), told)
    return Stream.unwrap(Effect.clockWith((clock) => {
      const end = clock.currentTimeMillisUnsafe() + Duration.toMillis(deadline)
      return Effect.succeed(Stream.paginate(
        { wait: 0, next: Math.min(most, Duration.toMillis(interval)) },
        ({ next, wait }) =>
          (wait === 0 ? Effect.void : Effect.asVoid(pause(wait))).pipe(
            Effect.andThen(asked(method, input, call)),
            Effect.timeoutOrElse({
              duration: Math.max(0, end - clock.currentTimeMillisUnsafe()),
              orElse: () => Effect.fail(timedOut)
            }),
            Effect.map((state) => [
              [state],
              Batch.isDone(state.batch)
                ? Option.none()
                : Option.some({ wait: next, next: Math.min(most, next * Math.max(1, factor)) })
            ])
          )
      ))
    }))
  }

  const reading = <A>(method: string, schema: Schema.Codec<A>) => {
    const read = BatchResults.reader(method, schema)
    return (input: Input | KeptBatch, options?: CallOptions) =>
      Stream.unwrap(Effect.map(
        // A list has no results, so a batch out of one is asked for again.
        isKept(input) && Batch.outputOf(input.batch) !== undefined
          ? Effect.succeed(input)
          : asked(method, isKept(input) ? input.handle : input, options),
        ({ batch, handle }) => read(http, batch, handle, options, attempts)
      ))
  }

  const list: BatchesService["list"] = ({ filter, pageSize = 100, ...options } = {}) =>
    paged(
      http,
      { method: "batches.list", path: "batches", query: { pageSize, filter }, answer: Batch.ListBatchesResponse },
      ({ operations }, member) => (operations ?? []).map((batch) => kept(batch, member)),
      options
    )

  const find: BatchesService["find"] = (displayName, options) => {
    const own = list(options).pipe(
      Stream.filter(({ batch }) => batch.metadata?.displayName === displayName),
      Stream.runHead,
      Effect.map(Option.getOrUndefined)
    )
    if (http.members.length === 0) return own
    // Each member sees its own batches.
    return Stream.fromIterable(http.members).pipe(
      Stream.mapEffect((member) => MemberCall.set({ member })(own)),
      Stream.filter((found) => found !== undefined),
      Stream.runHead,
      Effect.map(Option.getOrUndefined)
    )
  }

  return {
    create: (request, options) => isStored(request) ? createStored(request, options) : createRows(request, options),
    createEmbeddings: creating("batches.createEmbeddings", "asyncBatchEmbedContent", BatchRows.embed),
    get: (input, options) => asked("batches.get", input, options),
    list,
    find,
    cancel: (input, options) => {
      const method = "batches.cancel"
      return Effect.flatMap(pathOf(method, input), (path) =>
        Effect.asVoid(http.ask({
          method,
          httpMethod: "POST",
          path: `${path}:cancel`,
          of: ofBatch(path, input),
          body: {},
          answer: Nothing,
          // A second cancel changes nothing.
          isRepeatable: true
        }, options)))
    },
    delete: (input, options) => {
      const method = "batches.delete"
      return Effect.flatMap(pathOf(method, input), (path) =>
        Effect.asVoid(http.ask({
          method,
          httpMethod: "DELETE",
          path,
          of: ofBatch(path, input),
          body: {},
          answer: Nothing
        }, options)))
    },
    poll: (input, options = {}) => polled("batches.poll", input, options),
    awaitDone: (input, options = {}) => {
      const method = "batches.awaitDone"
      const timedOut = new GeminiError({ method, attempts: [], reason: new Reason.TimedOut({ phase: "total" }) })
      return Effect.flatMap(
        Stream.runLast(polled(method, input, options)),
        (last) => Option.isNone(last) ? Effect.fail(timedOut) : Effect.succeed(last.value)
      )
    },
    results: reading("batches.results", GenerateContentResponse),
    embeddings: reading("batches.embeddings", Embedded)
  }
}
