/**
 * The error that a file or an operation failed with, as our own error. Pure.
 */
import type { GeminiError } from "../../GeminiError.ts"
import type { RpcStatus } from "../../wire/File.ts"
import * as WireError from "../http/wireError.ts"

/** The HTTP status that Google gives to each code of `google.rpc.Code`. */
const httpStatus: Readonly<Record<number, number>> = {
  1: 499,
  2: 500,
  3: 400,
  4: 504,
  5: 404,
  6: 409,
  7: 403,
  8: 429,
  9: 400,
  10: 409,
  11: 400,
  12: 501,
  13: 500,
  14: 503,
  15: 500,
  16: 401
}

/** `method` names what was asked when it was seen. */
export const errorOf = (method: string, status: RpcStatus | null | undefined): GeminiError => {
  const code = Number(status?.code ?? 2)
  return WireError.fromBody({
    method,
    httpStatus: 200,
    body: {
      error: { message: "it failed, and the server does not say why", ...status, code: httpStatus[code] ?? code }
    }
  })
}
