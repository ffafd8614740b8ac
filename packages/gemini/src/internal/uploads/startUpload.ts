/**
 * The start of a resumable upload: it announces what will come, and answers where.
 */
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { UploadHandle } from "../../files/UploadHandle.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import { invalid } from "../resources/invalid.ts"

/** The unit of chunks where the server names none. */
export const granularity = 262_144
/** The largest unit that is taken from a server: it is a buffer of this process. */
const largestUnit = 64 * 1024 * 1024

/** A number of bytes in a header. */
export const wholeNumber = (text: string | undefined): number | undefined =>
  text !== undefined && /^\d{1,15}$/.test(text) ? Number(text) : undefined

/** The error of an answer that is not what the protocol says. */
export const unexpected = (method: string, path: string, expected: string): GeminiError =>
  new GeminiError({ method, attempts: [], reason: new Reason.InvalidResponse({ path, expected }) })

export interface Start {
  readonly path: string
  readonly body: unknown
  /** The name that the handle has: that of the file, or that of the store. */
  readonly name: string
  readonly mimeType: string | undefined
  readonly size: number | undefined
  readonly fileName?: string | undefined
  /** What the request is about, beside its path. */
  readonly of?: ResourceHttp.Request["of"]
  /** How it is found out whether the name is taken by what an earlier attempt made. */
  readonly settle?: ResourceHttp.Settle | undefined
}

const Nothing = Schema.Struct({})

/** Begins an upload. It makes nothing yet; where a name was chosen for what it will make, that is looked for if the answer is lost. */
export const start = (
  { http, method, options }: {
    readonly http: ResourceHttp.Service
    readonly method: string
    readonly options: CallOptions | undefined
  },
  { body, fileName, mimeType, name, of, path, settle, size }: Start
): Effect.Effect<UploadHandle, GeminiError> => {
  const request = {
    method,
    root: "/upload",
    path,
    body,
    of,
    answer: Nothing,
    headers: {
      "x-goog-upload-protocol": "resumable",
      "x-goog-upload-command": "start",
      ...(size === undefined ? {} : { "x-goog-upload-header-content-length": String(size) }),
      ...(mimeType === undefined ? {} : { "x-goog-upload-header-content-type": mimeType }),
      ...(fileName === undefined ? {} : { "x-goog-upload-file-name": encodeURIComponent(fileName) })
    }
  } as const
  const asked: Effect.Effect<ResourceHttp.Reply<unknown> & { readonly isSettled?: boolean }, GeminiError> =
    settle === undefined
      ? http.ask({ ...request, httpMethod: "POST", isRepeatable: true }, options)
      : http.create({ ...request, settle }, options)
  return Effect.flatMap(asked, ({ headers, isSettled, member }) => {
    const url = headers["x-goog-upload-url"]
    if (isSettled === true) return Effect.fail(invalid(method, "name", `${name} exists already`))
    if (url === undefined || url === "") {
      return Effect.fail(unexpected(method, "x-goog-upload-url", "the address of an upload in this header"))
    }
    const unit = wholeNumber(headers["x-goog-upload-chunk-granularity"]) ?? granularity
    if (unit < 1 || unit > largestUnit) {
      const expected = `a unit of chunks from 1 to ${largestUnit} bytes, got ${unit}`
      return Effect.fail(unexpected(method, "x-goog-upload-chunk-granularity", expected))
    }
    return Effect.succeed<UploadHandle>({
      name,
      url,
      granularity: unit,
      ...(size === undefined ? {} : { size }),
      ...(mimeType === undefined ? {} : { mimeType }),
      ...(member === undefined ? {} : { member })
    })
  })
}
