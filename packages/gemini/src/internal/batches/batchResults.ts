/**
 * What came of a batch, read out of its answer or out of its file.
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { BatchResult } from "../../batches/Batches.ts"
import type { CallOptions } from "../../call/CallOptions.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import type * as ResourceHttp from "../../ResourceHttp.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import * as Batch from "../../wire/Batch.ts"
import * as Body from "../http/responseBody.ts"
import * as Failed from "../resources/failed.ts"
import { invalid } from "../resources/invalid.ts"
import * as Guard from "../wire/guard.ts"
import { JsonLines } from "./JsonLines.ts"

/** The most bytes of a line; an answer with an image has some ten million. */
const longestLine = 128 * 1024 * 1024

const guardLine = /* @__PURE__ */ Guard.make(Batch.BatchLine)

const keyOf = ({ key, metadata }: Batch.BatchLine): string | undefined => {
  const said = key ?? metadata?.["key"]
  return typeof said === "string" ? said : typeof said === "number" ? String(said) : undefined
}

const parsed = (text: string): unknown => {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
}

/** Reads results of one kind. */
export const reader = <A>(method: string, schema: Schema.Codec<A>) => {
  const guard = Guard.make(schema)

  /** The result in a line, or undefined if it cannot be told whose it is. */
  const resultOf = (value: unknown, index: number): Result.Result<BatchResult<A>, Guard.Mismatch> => {
    const line = guardLine(value)
    if (Result.isFailure(line)) return Result.fail(line.failure)
    const { error, response, status } = line.success
    const key = keyOf(line.success)
    const failed = (error: GeminiError): BatchResult<A> => ({ _tag: "Failure", key, index, error })
    if (response == null) return Result.succeed(failed(Failed.errorOf(method, error ?? status)))
    const read = guard(response)
    return Result.succeed(
      Result.isSuccess(read)
        ? { _tag: "Success", key, index, response: read.success }
        : failed(Body.invalid({ method }, `response.${read.failure.path}`, read.failure.expected))
    )
  }

  const wrong = (index: number, { expected, path }: Guard.Mismatch): GeminiError =>
    Body.invalid({ method }, `results[${index}]${path === "" ? "" : `.${path}`}`, expected)

  const read = (value: unknown, index: number) =>
    Effect.fromResult(Result.mapError(resultOf(value, index), (mismatch) => wrong(index, mismatch)))

  /** The results of a file, from the one at `from` on. */
  const lines = (
    http: ResourceHttp.Service,
    file: string,
    owner: ResourceHandle,
    options: CallOptions | undefined,
    from: number
  ): Stream.Stream<BatchResult<A>, GeminiError> =>
    Stream.suspend(() => {
      const cut = new JsonLines(longestLine)
      const tooLarge = new GeminiError({
        method,
        attempts: [],
        reason: new Reason.ResponseTooLarge({ what: "body", limit: longestLine })
      })
      let index = 0
      const taken = (texts: ReadonlyArray<string>) =>
        cut.isTooLarge ? Effect.fail(tooLarge) : Effect.forEach(
          texts.map((text) => ({ text, at: index++ })).filter(({ at }) => at >= from),
          ({ at, text }) => read(parsed(text), at)
        )
      const bytes = http.download({
        method,
        root: "/download",
        path: `${file}:download`,
        query: { alt: "media" },
        of: [{ ...owner, name: file }]
      }, options)
      return Stream.flattenIterable(Stream.concat(
        Stream.mapEffect(bytes, (piece) => taken(cut.push(piece))),
        Stream.fromEffect(Effect.suspend(() => taken(cut.end())))
      ))
    })

  /** Begins a download again that was cut, after as many results as came, `attempts` times without a result more. */
  const resumed = (
    open: (from: number) => Stream.Stream<BatchResult<A>, GeminiError>,
    attempts: number,
    from = 0,
    failures = 0
  ): Stream.Stream<BatchResult<A>, GeminiError> => {
    let next = from
    return Stream.catch(
      Stream.map(open(from), (result) => {
        next = result.index + 1
        return result
      }),
      (error) => {
        const failed = next > from ? 1 : failures + 1
        return error.isRetryable && failed < attempts
          ? Stream.unwrap(Effect.as(
            Effect.sleep(Math.min(30_000, 500 * 2 ** failed)),
            Stream.suspend(() => resumed(open, attempts, next, failed))
          ))
          : Stream.fail(error)
      }
    )
  }

  return (
    http: ResourceHttp.Service,
    batch: Batch.Batch,
    owner: ResourceHandle,
    options: CallOptions | undefined,
    attempts: number
  ): Stream.Stream<BatchResult<A>, GeminiError> => {
    const output = Batch.outputOf(batch)
    const file = output?.responsesFile
    if (file != null && file !== "") {
      return /^files\/[^/?#:\s]+$/.test(file)
        ? resumed((from) => lines(http, file, owner, options, from), attempts)
        : Stream.fail(Body.invalid({ method }, "output.responsesFile", "files/ID"))
    }
    const inlined = output?.inlinedEmbedContentResponses?.inlinedResponses ?? output?.inlinedResponses?.inlinedResponses
    if (inlined != null) return Stream.mapEffect(Stream.fromIterable(inlined.entries()), ([at, line]) => read(line, at))
    const stored = output?.gcsOutputDirectory ?? output?.bigqueryOutputTable
    if (stored != null) {
      const place = output?.gcsOutputDirectory ?? [output?.bigqueryOutputDataset, stored].filter(Boolean).join(".")
      const capability = `the results of ${batch.name}`
      const description =
        `they lie at ${place}, where this library reads nothing: read them with a client of Cloud Storage or BigQuery`
      return Stream.fail(
        new GeminiError({ method, attempts: [], reason: new Reason.Unsupported({ capability, description }) })
      )
    }
    if (!Batch.isDone(batch)) {
      return Stream.fail(invalid(method, "batch", `${batch.name} is not done: it is ${Batch.stateOf(batch)}`))
    }
    const message = `${batch.name} has no results: it is ${Batch.stateOf(batch) ?? "done"}`
    return Stream.fail(Failed.errorOf(method, batch.error ?? { code: 9, message }))
  }
}
