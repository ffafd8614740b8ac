/** What is asked, as a request. */
import type { Asked, Request } from "../Request.ts"

const isAsked = (request: unknown): request is Asked => typeof request === "string" || Array.isArray(request)

export const request = <R extends object>(request: Asked | R): R | Request =>
  isAsked(request) ? { contents: request } : request
