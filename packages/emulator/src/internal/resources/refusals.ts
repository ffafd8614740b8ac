/**
 * What Google says of caches, stores and documents that it does not take or does not have.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"

/** The cache belongs to another project, has expired, or never was (recorded August 2026). */
export const cacheMissing = (): Refusal => GoogleError.make(403, "CachedContent not found (or permission denied)")

export const isCacheMissing = ({ body }: Refusal): boolean => body.error.message === cacheMissing().body.error.message

/** Words reported by users in 2026. */
export const cacheTooSmall = (tokens: number, least: number): Refusal =>
  GoogleError.invalidArgument(
    `Cached content is too small. total_token_count=${tokens}, min_total_token_count=${least}`
  )

/** Words reported by users in 2026, of projects without billing. */
export const cacheStorageExceeded = (model: string, limit: number, requested: number): Refusal =>
  GoogleError.make(
    429,
    `TotalCachedContentStorageTokensPerModelFreeTier limit exceeded for model ${model}: limit=${limit}, ` +
      `requested=${requested}`
  )

/** Words reported of earlier models. */
export const cacheOfOtherModel = (model: string, cached: string): Refusal =>
  GoogleError.invalidArgument(
    `Model used by GenerateContent request (${model}) and CachedContent (${cached}) has to be the same.`
  )

/** As of a file: the store belongs to another project or never was. */
export const storeMissing = (name: string): Refusal =>
  GoogleError.make(403, `You do not have permission to access the FileSearchStore ${name} or it may not exist.`)

export const documentMissing = (name: string): Refusal =>
  GoogleError.make(403, `You do not have permission to access the Document ${name} or it may not exist.`)

/** Words reported by users in 2025. */
export const notEmpty = (kind: "FileSearchStore" | "Document"): Refusal =>
  GoogleError.make(400, `Cannot delete non-empty ${kind}`, { status: "FAILED_PRECONDITION" })

/** Words reported by users in 2025, of projects without billing. */
export const storageFull = (limit: number): Refusal =>
  GoogleError.make(429, `Corpus has reached the storage limit of ${limit} bytes.`)
