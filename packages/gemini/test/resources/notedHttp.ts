/** A ResourceHttp that answers as a test says and notes each request, and the services over it. */
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as UploadIndex from "effect-gemini/files/UploadIndex"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Operations from "effect-gemini/operations/Operations"
import type * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Stream from "effect/Stream"
import * as StoreService from "../../src/internal/stores/storeService.ts"
import * as FileService from "../../src/internal/uploads/fileService.ts"

/** Answers that come one after the other, the last of them for ever; and each request without the shape of its answer. */
export const make = (...values: ReadonlyArray<unknown>) => {
  const asked: Array<unknown> = []
  const given: Array<CallOptions | undefined> = []
  let nth = 0
  const answer = (
    kind: string,
    { answer: _answer, ...request }: object & { readonly answer?: unknown },
    options?: CallOptions
  ) =>
    Effect.sync(() => {
      asked.push(JSON.parse(JSON.stringify({ kind, ...request })))
      given.push(options)
      const value = values[Math.min(nth++, values.length - 1)] ?? {}
      return { value, headers: Headers.fromInput({ "x-goog-upload-url": "http://u.test" }), member: "m", attempts: [] }
    })
  const http = {
    members: [],
    ask: (request: ResourceHttp.Ask<unknown>, options?: CallOptions) => answer("ask", request, options),
    create: (request: ResourceHttp.Create<unknown>, options?: CallOptions) => answer("create", request, options),
    download: (request: ResourceHttp.Request, options?: CallOptions) =>
      Stream.fromEffect(Effect.as(answer("download", request, options), new Uint8Array([1]))),
    remember: () => Effect.void
  } as unknown as ResourceHttp.Service
  return {
    asked,
    given,
    files: FileService.make(http, UploadIndex.makeMemory(), undefined),
    stores: StoreService.make(http, undefined),
    operations: Operations.make(http)
  }
}
/** The method and the field that a call is refused for. */
export const fieldOf = <A>(call: Effect.Effect<A, GeminiError>) =>
  Effect.map(Effect.flip(call), ({ method, reason }) => [
    method,
    reason._tag === "InvalidRequest" ? reason.fields[0]?.field : reason._tag
  ])

/** A value as JSON has it: what is `undefined` is not there. */
export const unmentioned = <A>(value: A): A => JSON.parse(JSON.stringify(value))
