/** Failures of those who give access tokens, as errors of a call. Pure. */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import { GeminiError } from "../../GeminiError.ts"
import { withoutKey } from "../config/secrets.ts"

/** The operation that these errors name, until a call puts its own in its place. */
const method = "accessToken"

const failed = (reason: Reason.GeminiErrorReason): GeminiError => new GeminiError({ method, attempts: [], reason })

/** There is no token to be had until somebody does what the description says. */
export const unauthenticated = (description: string): GeminiError => failed(new Reason.Unauthenticated({ description }))

/** The source of tokens could not be asked, or failed itself: it may answer the next time. */
export const unreached = (description: string, code?: string): GeminiError =>
  failed(new Reason.Network({ description, ...(code === undefined ? {} : { code }) }))

/** The layer that renews the tokens has ended. */
export const closed = (): GeminiError =>
  failed(
    new Reason.Unsupported({
      capability: "access tokens",
      description: "these credentials are closed: their layer's scope has ended, build the layer again"
    })
  )

/**
 * What credentials look like: signed tokens, private keys, refresh tokens and client secrets of Google, and whatever is
 * long and has no structure, which helps nobody who reads it.
 */
const secretShape =
  /-----BEGIN[^]*?(?:-----END[^\n]*-----|$)|\beyJ[\w-]{8,}(?:\.[\w-]*){0,2}|\b1\/\/[\w-]{8,}|\bGOCSPX-[\w-]+|[\w-]{40,}/g

/** Foreign words about credentials, in one line, shortened, and without a credential. */
export const words = (text: string): string =>
  withoutKey(text, undefined).replace(secretShape, "<secret>").replace(/\s+/g, " ").trim().slice(0, 400)
