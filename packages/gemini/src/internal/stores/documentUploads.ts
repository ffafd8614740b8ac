/**
 * Documents on their way into a store: uploads, imports, and the wait until they can be found.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { UploadHandle } from "../../files/UploadHandle.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as Operations from "../../operations/Operations.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import type { Input, ResourceHandle } from "../../resources/ResourceHandle.ts"
import type {
  DocumentOptions,
  DocumentProgress,
  DocumentUploadOptions,
  FileSearchStoresService,
  ImportItem,
  ImportReport
} from "../../stores/FileSearchStores.ts"
import * as Wire from "../../wire/FileSearchStore.ts"
import { Operation } from "../../wire/Operation.ts"
import { count } from "../../wire/Usage.ts"
import * as Failed from "../resources/failed.ts"
import { invalid } from "../resources/invalid.ts"
import * as Names from "../resources/names.ts"
import * as MimeType from "../uploads/mimeType.ts"
import * as Resumable from "../uploads/resumable.ts"
import * as Source from "../uploads/source.ts"
import * as StartUpload from "../uploads/startUpload.ts"
import * as Metadata from "./metadata.ts"
import * as StoreNames from "./storeNames.ts"

/** The most bytes of a document: 100 MB, by the guide of 2026. */
const largest = 100 * 1024 * 1024
const longestName = 512
/** The most words of a chunk (REST reference, November 2026). */
const mostWords = 512
/** How much the server's clock may be behind ours. */
const skew = 5 * 60_000

type Service = Pick<
  FileSearchStoresService,
  "upload" | "uploadProgress" | "resume" | "importFile" | "awaitDocument" | "importAll"
>

const fileName = (path: string): string | undefined => path.split(/[\\/]/).at(-1) || undefined

/** What is said of a document, as the body has it; or what is wrong with it. */
const described = (
  method: string,
  { chunking, metadata }: DocumentOptions
): Effect.Effect<Readonly<Record<string, unknown>>, GeminiError> => {
  const problem = metadata === undefined ? undefined : Metadata.problem(metadata)
  if (problem !== undefined) return Effect.fail(invalid(method, problem.field, problem.description))
  const { overlap, words } = chunking ?? {}
  const isWords = words === undefined || Number.isInteger(words) && words >= 1 && words <= mostWords
  if (!isWords) return Effect.fail(invalid(method, "chunking.words", `expected a whole number from 1 to ${mostWords}`))
  const isOverlap = overlap === undefined || Number.isInteger(overlap) && overlap >= 0 && overlap < (words ?? mostWords)
  if (!isOverlap) return Effect.fail(invalid(method, "chunking.overlap", "expected fewer words than a chunk has"))
  return Effect.succeed({
    ...(metadata === undefined ? {} : { customMetadata: Metadata.written(metadata) }),
    ...(chunking === undefined ? {} : {
      chunkingConfig: {
        whiteSpaceConfig: {
          ...(words === undefined ? {} : { maxTokensPerChunk: words }),
          ...(overlap === undefined ? {} : { maxOverlapTokens: overlap })
        }
      }
    })
  })
}

const callOf = (options: DocumentUploadOptions): CallOptions => {
  const { chunking: _1, displayName: _2, metadata: _3, mimeType: _4, size: _5, ...call } = options
  return call
}

export const make = (
  http: ResourceHttp.Service,
  retry: GeminiConfig.Retry | undefined,
  { documents, getDocument }: Pick<FileSearchStoresService, "documents" | "getDocument">
): Service => {
  const operations = Operations.make(http)

  const kept = (operation: Operation, member: string | undefined): Operations.KeptOperation => ({
    operation,
    handle: { name: operation.name, ...(member === undefined ? {} : { member }) }
  })

  /** The document that an upload made whose last answer was lost: the only new one that is as the upload would have it. */
  const found = (
    method: string,
    store: ResourceHandle,
    of: { readonly displayName: string | undefined; readonly mimeType: string | undefined; readonly size: number },
    begun: number
  ): Effect.Effect<Operation, GeminiError> =>
    Effect.flatMap(Stream.runCollect(documents(store)), (all) => {
      const alike = all.filter(({ document }) =>
        (of.displayName === undefined || document.displayName === of.displayName) &&
        document.mimeType === of.mimeType && count(document.sizeBytes) === of.size &&
        Date.parse(document.createTime ?? "") >= begun - skew
      )
      const [first] = alike
      return first !== undefined && alike.length === 1
        ? Effect.succeed<Operation>({
          name: first.document.name,
          done: true,
          response: { documentName: first.document.name, parent: store.name }
        })
        : Effect.fail(invalid(method, "source", "the last answer was lost, and it cannot be told what was made"))
    })

  /** Sends the bytes of an upload that has begun. */
  const sent = <E>(
    method: string,
    handle: UploadHandle,
    open: Source.OpenSource<E>,
    isNew: boolean,
    options: DocumentUploadOptions
  ): Stream.Stream<DocumentProgress, GeminiError | E> =>
    Stream.unwrap(Effect.map(Clock.currentTimeMillis, (now) => {
      const { member, mimeType, name } = handle
      let size = handle.size ?? open.size ?? 0
      const store = { name, ...(member === undefined ? {} : { member }) }
      const upload: Resumable.Upload<Operation> = {
        http,
        method,
        answer: Operation,
        // An upload that goes on may have begun long ago.
        find: Effect.suspend(() =>
          found(method, store, { displayName: options.displayName, mimeType, size }, isNew ? now : -Infinity)
        ),
        options: callOf(options),
        retry
      }
      return Stream.map(
        Resumable.run(upload, handle, open, { isNew, largest }),
        ({ answer, ...progress }): DocumentProgress => {
          size = Math.max(size, progress.sent)
          return { ...progress, operation: answer === undefined ? undefined : kept(answer, member) }
        }
      )
    }))

  const uploadProgress: Service["uploadProgress"] = (input, source, options = {}) => {
    const method = "fileSearchStores.uploadToFileSearchStore"
    return Stream.unwrap(Effect.gen(function*() {
      const { handle: store, path } = yield* StoreNames.named("store", method, input)
      const { displayName, size } = options
      const body = yield* described(method, options)
      const open = yield* Source.open(method, source, size)
      const refuse = (field: string, description: string) => Effect.fail(invalid(method, field, description))
      if (size !== undefined && (!Number.isSafeInteger(size) || size < 0 || open.size !== size)) {
        return yield* refuse("size", `${size} bytes were announced, and the source has ${open.size}`)
      }
      if (open.size !== undefined && open.size > largest) {
        return yield* refuse("source", `it has ${open.size} bytes, and a document may have ${largest}`)
      }
      if ((displayName?.length ?? 0) > longestName) {
        return yield* refuse("displayName", `expected at most ${longestName} characters`)
      }
      const own = typeof source === "string"
        ? MimeType.ofName(source)
        : source instanceof Blob && source.type !== ""
        ? source.type
        : undefined
      const mimeType = options.mimeType ?? own
      if (mimeType === undefined) return yield* refuse("mimeType", "it cannot be told from the source: say it")
      if (!MimeType.isType(mimeType)) {
        return yield* refuse("mimeType", `expected a MIME type, got ${JSON.stringify(mimeType.slice(0, 100))}`)
      }
      const handle = yield* StartUpload.start({ http, method, options: callOf(options) }, {
        path: `${path}:uploadToFileSearchStore`,
        body: { mimeType, ...(displayName === undefined ? {} : { displayName }), ...body },
        name: path,
        mimeType,
        size: open.size,
        fileName: typeof source === "string" ? fileName(source) : undefined,
        of: [store]
      })
      return sent(method, handle, open, true, options)
    }))
  }

  const upload: Service["upload"] = (store, source, options) =>
    Effect.flatMap(Stream.runLast(uploadProgress(store, source, options)), (last) => {
      const operation = Option.isSome(last) ? last.value.operation : undefined
      const method = "fileSearchStores.uploadToFileSearchStore"
      return operation === undefined
        ? Effect.fail(invalid(method, "source", "the upload ended without an operation"))
        : Effect.succeed(operation)
    })

  const importFile: Service["importFile"] = (input, file, options = {}) => {
    const method = "fileSearchStores.importFile"
    return Effect.gen(function*() {
      const { handle, path } = yield* StoreNames.named("store", method, input)
      const body = yield* described(method, options)
      const given = typeof file === "string" ? file : file.name
      const name = Names.nameOf(given) ?? given
      const fileName = name.includes("/") ? name : `files/${name}`
      if (!/^files\/[^/?#:\s]+$/.test(fileName)) {
        return yield* invalid(method, "file", `expected files/ID, got ${JSON.stringify(name.slice(0, 100))}`)
      }
      // A second one would make a second document, so a lost answer is told as `mayExist`.
      const { member, value } = yield* http.create({
        method,
        path: `${path}:importFile`,
        of: [handle, typeof file === "string" ? fileName : { ...file, name: fileName }],
        body: { fileName, ...body },
        answer: Operation
      }, callOf(options))
      return kept(value, member)
    })
  }

  const awaitDocument: Service["awaitDocument"] = ({ handle, operation }, options = {}) => {
    const method = "documents.await"
    const { deadline = "1 hour", interval = "1 second", ...rest } = options
    const { factor: _1, maxInterval = "30 seconds", ...call } = rest
    const named = (of: Operation) => {
      const name = Names.own(of.response, "documentName")
      return typeof name === "string" ? name : undefined
    }
    /** It is asked more and more rarely. */
    const active = (document: Input, pause: number): ReturnType<typeof getDocument> =>
      Effect.flatMap(getDocument(document, call), (found) => {
        switch (Wire.stateOf(found.document)) {
          case "STATE_PENDING":
          case "STATE_UNSPECIFIED":
          case undefined:
            return Effect.andThen(
              Effect.sleep(pause),
              active(document, Math.min(Duration.toMillis(maxInterval), 1.5 * pause))
            )
          case "STATE_FAILED":
            return Effect.fail(Failed.errorOf(method, {
              code: 3,
              message: `the server could not process the document ${found.document.name}`
            }))
          default:
            return Effect.succeed(found)
        }
      })
    return Effect.gen(function*() {
      const error = operation.error
      if (error != null) return yield* Failed.errorOf(method, error)
      const done = named(operation) === undefined
        ? (yield* operations.awaitDone(handle, { ...rest, interval, deadline: "1000000 days" })).operation
        : operation
      const name = named(done)
      if (name === undefined) {
        return yield* StartUpload.unexpected(method, "response.documentName", "the name of a document")
      }
      return yield* active({ ...handle, name }, Duration.toMillis(interval))
    }).pipe(Effect.timeoutOrElse({
      duration: deadline,
      orElse: () =>
        Effect.fail(new GeminiError({ method, attempts: [], reason: new Reason.TimedOut({ phase: "total" }) }))
    }))
  }

  const importAll = <E, E2>(
    store: Input,
    items: Stream.Stream<ImportItem<E>, E2>,
    { concurrency = 4, ...options }: Operations.PollOptions & { readonly concurrency?: number | undefined } = {}
  ): Effect.Effect<ImportReport<E>, E2> =>
    Effect.suspend(() => {
      const imported: Array<ImportReport<E>["imported"][number]> = []
      const failed: Array<ImportReport<E>["failed"][number]> = []
      const one = (item: ImportItem<E>): Effect.Effect<void> => {
        const { file, source, ...how } = item
        const begun: Effect.Effect<Operations.KeptOperation, GeminiError | E> = source === undefined
          ? importFile(store, file ?? "", how)
          : upload(store, source, how)
        return Effect.match(Effect.flatMap(begun, (operation) => awaitDocument(operation, options)), {
          onFailure: (error) => {
            failed.push({ item, error })
          },
          onSuccess: (document) => {
            imported.push({ item, document })
          }
        })
      }
      return Effect.as(
        Stream.runDrain(Stream.mapEffect(items, one, { concurrency: Math.max(1, concurrency), unordered: true })),
        { imported, failed }
      )
    })

  return {
    upload,
    uploadProgress,
    resume: (handle, source, options = {}) =>
      Stream.unwrap(Effect.map(
        Source.open("fileSearchStores.resume", source, handle.size),
        (open) => sent("fileSearchStores.resume", handle, open, false, options)
      )),
    importFile,
    awaitDocument,
    importAll
  }
}
