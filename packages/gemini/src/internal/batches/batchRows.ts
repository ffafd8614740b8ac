/**
 * A row of a batch as it goes over the wire, or why it cannot be sent. Pure.
 */
import * as Result from "effect/Result"
import type { BatchRow, EmbedRow } from "../../batches/Batches.ts"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import * as ModelId from "../../models/ModelId.ts"
import type { EmbedContentRequest } from "../../wire/Embedding.ts"
import type { GenerateContentRequest } from "../../wire/GenerateContent.ts"
import * as EmbedInputs from "../call/embedInputs.ts"
import * as GenerateBody from "../call/generateBody.ts"
import * as RequestCheck from "../http/requestCheck.ts"
import { invalid } from "../resources/invalid.ts"

/** A row on its way: the request as it is sent, and its key. */
export interface WireRow<Request = GenerateContentRequest | EmbedContentRequest> {
  readonly key: string
  readonly request: Request
}

/** Reads the row at a place; `model` is that of the batch. */
export type ReadRow<Row, Request = GenerateContentRequest | EmbedContentRequest> = (
  method: string,
  row: Row,
  at: number,
  model: ModelId.ModelId
) => Result.Result<WireRow<Request>, GeminiError>

/** Any key can be sent; a longer one is a mistake. */
const longestKey = 1_024

const refused = (method: string, at: number, violations: ReadonlyArray<RequestCheck.Violation>): GeminiError =>
  new GeminiError({
    method,
    attempts: [],
    reason: new Reason.InvalidRequest({
      fields: violations.map((violation) => ({ ...violation, field: `rows[${at}].request.${violation.field}` }))
    })
  })

const keyed = (method: string, key: unknown, at: number): Result.Result<string, GeminiError> =>
  typeof key === "string" && key !== "" && key.length <= longestKey
    ? Result.succeed(key)
    : Result.fail(invalid(method, `rows[${at}].key`, `expected a text of 1 to ${longestKey} characters`))

const unreadable = (method: string, at: number): GeminiError =>
  invalid(method, `rows[${at}]`, "the row cannot be read: a getter or a Proxy in it throws")

const isOfModel = (own: string | undefined, model: ModelId.ModelId): boolean => {
  if (own === undefined) return true
  const read = ModelId.parse(own)
  return Result.isSuccess(read) && read.success === model
}

const readable = <Row, Request>(read: ReadRow<Row, Request>): ReadRow<Row, Request> => (method, row, at, model) => {
  try {
    return read(method, row, at, model)
  } catch {
    return Result.fail(unreadable(method, at))
  }
}

export const generate: ReadRow<BatchRow, GenerateContentRequest> = readable((method, row, at, model) => {
  const key = keyed(method, row?.key, at)
  if (Result.isFailure(key)) return Result.fail(key.failure)
  if (!isOfModel(row.request?.model, model)) {
    return Result.fail(invalid(method, `rows[${at}].request.model`, `the model of the batch is ${model}`))
  }
  const request = GenerateBody.make(row.request)
  const violations = RequestCheck.generateContent(request)
  return violations.length > 0
    ? Result.fail(refused(method, at, violations))
    : Result.succeed({ key: key.success, request })
})

export const embed: ReadRow<EmbedRow, EmbedContentRequest> = readable((method, row, at) => {
  const key = keyed(method, row?.key, at)
  if (Result.isFailure(key)) return Result.fail(key.failure)
  const { contents, ...settings } = { ...row.request }
  const [request, another] = EmbedInputs.requests(contents, settings)
  if (request === undefined || another !== undefined) {
    return Result.fail(invalid(method, `rows[${at}].request.contents`, "expected one content"))
  }
  const violations = RequestCheck.embedContent(request)
  return violations.length > 0
    ? Result.fail(refused(method, at, violations))
    : Result.succeed({ key: key.success, request })
})
