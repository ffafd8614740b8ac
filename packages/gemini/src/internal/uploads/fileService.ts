/**
 * The methods about files, over the calls of `resources`.
 */
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { FilesService, KeptFile, Progress, Source as FileSource, UploadOptions } from "../../files/Files.ts"
import type { UploadHandle } from "../../files/UploadHandle.ts"
import type { UploadIndexService } from "../../files/UploadIndex.ts"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import { type Input, make as handleOf, type ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as File from "../../wire/File.ts"
import * as Failed from "../resources/failed.ts"
import { invalid } from "../resources/invalid.ts"
import { paged } from "../resources/paged.ts"
import * as MimeType from "./mimeType.ts"
import * as Resumable from "./resumable.ts"
import * as Sha256 from "./sha256.ts"
import * as Source from "./source.ts"
import * as StartUpload from "./startUpload.ts"

/** The most bytes of a file: 2 GB (REST reference, November 2026). */
const largest = 2 * 1024 ** 3

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** A name of our own choice, without a dash, at which the official SDK would cut it. */
const randomName: Effect.Effect<string> = Effect.map(
  Effect.replicateEffect(Random.nextIntBetween(0, letters.length - 1), 24),
  (places) => `files/${places.map((place) => letters.charAt(place)).join("")}`
)

/** A name that the API takes: `files/` and at most 40 small letters, digits and dashes, with a dash at neither end. */
const isName = (name: string): boolean => /^files\/[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(name)

const Answer = Schema.Struct({ file: File.File })

const fileName = (path: string): string | undefined => path.split(/[\\/]/).at(-1) || undefined

/** What is known of an upload before it starts. */
interface Planned<E> {
  readonly open: Source.OpenSource<E>
  readonly name: string
  readonly mimeType: string
}

export const make = (
  http: ResourceHttp.Service,
  index: UploadIndexService,
  retry: GeminiConfig.Retry | undefined
): FilesService => {
  const kept = (file: File.File, member: string | undefined): KeptFile => ({
    file,
    handle: handleOf(file.name, member)
  })

  /** The path of a file, as its name, its address or its handle says it. */
  const pathOf = (method: string, input: Input): Effect.Effect<string, GeminiError> => {
    const { name } = handleOf(typeof input === "string" ? input : input.name)
    const path = name.startsWith("files/") ? name : `files/${name}`
    return /^files\/[^/?#:\s]+$/.test(path)
      ? Effect.succeed(path)
      : Effect.fail(invalid(method, "file", `expected files/ID, got ${JSON.stringify(name.slice(0, 100))}`))
  }

  const get: FilesService["get"] = (input, options) =>
    Effect.flatMap(pathOf("files.get", input), (path) =>
      Effect.map(
        http.ask({ method: "files.get", httpMethod: "GET", path, of: [input], answer: File.File }, options),
        ({ member, value }) => kept(value, member)
      ))

  const remove: FilesService["delete"] = (input, options) =>
    Effect.flatMap(pathOf("files.delete", input), (path) =>
      Effect.asVoid(http.ask({
        method: "files.delete",
        httpMethod: "DELETE",
        path,
        of: [input],
        body: {},
        answer: Schema.Struct({})
      }, options)))

  /** Judges an upload by what is known of it before. */
  const planned = <E>(
    method: string,
    source: FileSource<E>,
    { isUnchecked, mimeType: given, name, size, displayName = "" }: UploadOptions
  ): Effect.Effect<Planned<E>, GeminiError> =>
    Effect.gen(function*() {
      const open = yield* Source.open(method, source, size)
      const refuse = (field: string, description: string) => Effect.fail(invalid(method, field, description))
      if (size !== undefined && (!Number.isSafeInteger(size) || size < 0)) {
        return yield* refuse("size", "expected a number of bytes")
      }
      if (open.size !== undefined && open.size > largest) {
        return yield* refuse("source", `it has ${open.size} bytes, and a file may have ${largest}`)
      }
      if (size !== undefined && open.size !== size) {
        return yield* refuse("size", `${size} bytes were announced, and the source has ${open.size}`)
      }
      if (displayName.length > 512) return yield* refuse("displayName", "expected at most 512 characters")
      const own = typeof source === "string"
        ? MimeType.ofName(source)
        : source instanceof Blob && source.type !== ""
        ? source.type
        : undefined
      const mimeType = given ?? own
      if (mimeType === undefined) return yield* refuse("mimeType", "it cannot be told from the source: say it")
      if (!MimeType.isType(mimeType)) {
        return yield* refuse("mimeType", `expected a MIME type, got ${JSON.stringify(mimeType.slice(0, 100))}`)
      }
      if (isUnchecked !== true && MimeType.isUnreadable(mimeType)) {
        return yield* refuse("mimeType", `the API cannot read ${mimeType} (isUnchecked sends it all the same)`)
      }
      const chosen = name === undefined ? yield* randomName : name.startsWith("files/") ? name : `files/${name}`
      if (!isName(chosen)) {
        return yield* refuse("name", "expected at most 40 small letters, digits and dashes, with a dash at neither end")
      }
      return { open, mimeType, name: chosen }
    })

  /** Sends the bytes of an upload that has begun. */
  const sent = <E>(
    method: string,
    handle: UploadHandle,
    open: Source.OpenSource<E>,
    isNew: boolean,
    options: CallOptions | undefined
  ): Stream.Stream<Progress, GeminiError | E> => {
    const { member, name } = handle
    const made = handleOf(name, member)
    const upload: Resumable.Upload<typeof Answer.Type> = {
      http,
      method,
      answer: Answer,
      find: Effect.map(get(made, options), ({ file }) => ({ file })),
      options,
      retry
    }
    return Stream.map(
      Resumable.run(upload, handle, open, { isNew, largest }),
      ({ answer, ...progress }): Progress => ({
        ...progress,
        file: answer === undefined ? undefined : kept(answer.file, member)
      })
    )
  }

  const begun = <E>(
    method: string,
    source: FileSource<E>,
    { open, mimeType, name }: Planned<E>,
    options: UploadOptions
  ): Effect.Effect<UploadHandle, GeminiError> => {
    const { displayName, isUnchecked: _1, mimeType: _2, name: _3, size: _4, ...call } = options
    return StartUpload.start({ http, method, options: call }, {
      path: "files",
      body: {
        file: {
          name,
          mimeType,
          ...(displayName === undefined ? {} : { displayName }),
          ...(open.size === undefined ? {} : { sizeBytes: String(open.size) })
        }
      },
      name,
      mimeType,
      size: open.size,
      fileName: typeof source === "string" ? fileName(source) : undefined,
      settle: { name }
    })
  }

  const uploadProgress: FilesService["uploadProgress"] = (source, options = {}) => {
    const method = "files.upload"
    return Stream.unwrap(Effect.gen(function*() {
      const plan = yield* planned(method, source, options)
      const handle = yield* begun(method, source, plan, options)
      return sent(method, handle, plan.open, true, options)
    }))
  }

  const resumeProgress: FilesService["resumeProgress"] = (handle, source, options) =>
    Stream.unwrap(Effect.map(
      Source.open("files.resume", source, handle.size),
      (open) => sent("files.resume", handle, open, false, options)
    ))

  /** The file of the last progress. */
  const last = <E>(method: string, progress: Stream.Stream<Progress, GeminiError | E>) =>
    Effect.flatMap(Stream.runLast(progress), (last) => {
      const file = Option.isSome(last) ? last.value.file : undefined
      return file === undefined
        ? Effect.fail(invalid(method, "source", "the upload ended without a file"))
        : Effect.succeed(file)
    })

  const upload: FilesService["upload"] = (source, options) => last("files.upload", uploadProgress(source, options))

  const uploadScoped: FilesService["uploadScoped"] = (source, options) =>
    Effect.suspend(() => {
      let begun: ResourceHandle | undefined
      // It is deleted even if the upload is broken off, because its last bytes may have arrived.
      const end = Effect.suspend(() => begun === undefined ? Effect.void : Effect.ignore(remove(begun)))
      const progress = Stream.tap(
        uploadProgress(source, options),
        ({ handle }) => Effect.sync(() => begun = handleOf(handle.name, handle.member))
      )
      return Effect.andThen(Effect.addFinalizer(() => end), last("files.upload", progress))
    })

  /** One lock for each content that is uploaded now. */
  const locks = new Map<string, { readonly lock: Semaphore.Semaphore; users: number }>()
  const locked = <A, E>(key: string, effect: Effect.Effect<A, E>): Effect.Effect<A, E> =>
    Effect.suspend(() => {
      const entry = locks.get(key) ?? { lock: Semaphore.makeUnsafe(1), users: 0 }
      locks.set(key, entry)
      entry.users++
      return Effect.ensuring(
        entry.lock.withPermits(1)(effect),
        Effect.sync(() => {
          if (--entry.users === 0) locks.delete(key)
        })
      )
    })

  const uploadOnce: FilesService["uploadOnce"] = (source, options = {}) =>
    Effect.gen(function*() {
      const { margin = "1 hour", ...rest } = options
      const { mimeType, open } = yield* planned("files.uploadOnce", source, rest)
      const { hex, size } = yield* Sha256.of(open)
      const key = `${hex}.${mimeType}`
      const life = Duration.toMillis(margin)
      const again = Effect.gen(function*() {
        const entry = yield* index.get(key)
        const now = yield* Clock.currentTimeMillis
        if (entry === undefined || entry.expires - now <= life) return undefined
        const found = yield* Effect.catchReason(get(entry, rest), "GeminiError", "NotFound", () =>
          Effect.succeed(undefined))
        if (found === undefined || File.stateOf(found.file) !== "ACTIVE") {
          return undefined
        }
        return File.sha256(found.file) === hex && found.file.mimeType === mimeType ? found : undefined
      })
      const anew = Effect.gen(function*() {
        const made = yield* upload(source, Stream.isStream(source) ? { ...rest, size } : rest)
        const expires = Date.parse(made.file.expirationTime ?? "")
        if (!Number.isNaN(expires)) {
          yield* index.set(key, { ...made.handle, expires })
        }
        return made
      })
      return yield* locked(
        key,
        Effect.flatMap(again, (found) =>
          found === undefined ? anew : Effect.succeed(found))
      )
    })

  const awaitActive: FilesService["awaitActive"] = (input, options = {}) => {
    const { deadline = "10 minutes", interval = "5 seconds", ...call } = options
    const method = "files.awaitActive"
    const wait: Effect.Effect<KeptFile, GeminiError> = Effect.flatMap(get(input, call), (found) => {
      switch (File.stateOf(found.file)) {
        case "PROCESSING":
        case "STATE_UNSPECIFIED":
        case undefined:
          return Effect.andThen(Effect.sleep(interval), wait)
        case "FAILED":
          return Effect.fail(Failed.errorOf(method, found.file.error))
        default:
          return Effect.succeed(found)
      }
    })
    return Effect.timeoutOrElse(wait, {
      duration: deadline,
      orElse: () =>
        Effect.fail(new GeminiError({ method, attempts: [], reason: new Reason.TimedOut({ phase: "total" }) }))
    })
  }

  return {
    upload,
    uploadProgress,
    resume: (handle, source, options) => last("files.resume", resumeProgress(handle, source, options)),
    resumeProgress,
    uploadScoped,
    uploadOnce,
    get,
    list: ({ pageSize = 100, ...options } = {}) =>
      paged(
        http,
        { method: "files.list", path: "files", query: { pageSize }, answer: File.ListFilesResponse },
        ({ files }, member) => (files ?? []).map((file) => kept(file, member)),
        options
      ),
    delete: remove,
    download: (input, options) =>
      Stream.unwrap(Effect.map(pathOf("files.download", input), (path) =>
        http.download({
          method: "files.download",
          // Below `/v1beta` the server answers with a redirect to this address (recorded in August 2026), and no redirect
          // gets the key.
          root: "/download",
          path: `${path}:download`,
          query: { alt: "media" },
          of: [input]
        }, options))),
    register: (uris, token, options) => {
      const method = "files.register"
      const wrong = uris.find((uri) => !/^gs:\/\/[^/\s]+\/\S/.test(uri))
      if (uris.length === 0 || wrong !== undefined) {
        const got = wrong === undefined ? "none" : JSON.stringify(wrong.slice(0, 100))
        return Effect.fail(invalid(method, "uris", `expected addresses like gs://bucket/object, got ${got}`))
      }
      return Effect.map(
        http.create({
          method,
          path: "files:register",
          body: { uris },
          headers: { authorization: `Bearer ${Redacted.value(token)}` },
          answer: File.RegisterFilesResponse
        }, options),
        ({ member, value }) => (value.files ?? []).map((file) => kept(file, member))
      )
    },
    awaitActive
  }
}
