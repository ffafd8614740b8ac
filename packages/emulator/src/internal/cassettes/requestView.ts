/** What of a request and of a response is kept, by lists of what is harmless. */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as Scrubber from "./Scrubber.ts"

const requestHeaders: ReadonlySet<string> = new Set([
  "accept",
  "content-type",
  "api-revision",
  "x-goog-api-version",
  "x-goog-upload-protocol",
  "x-goog-upload-command",
  "x-goog-upload-offset",
  "x-goog-upload-header-content-length",
  "x-goog-upload-header-content-type",
  "x-goog-upload-file-name",
  "x-vertex-ai-llm-request-type",
  "x-vertex-ai-llm-shared-request-type"
])

const responseHeaders: ReadonlySet<string> = new Set([
  "content-type",
  "content-disposition",
  "retry-after",
  "retry-after-ms",
  "server-timing",
  "x-gemini-service-tier",
  "x-vertex-ai-llm-request-type",
  "x-goog-upload-status",
  "x-goog-upload-size-received",
  "x-goog-upload-chunk-granularity",
  "x-goog-upload-url",
  "x-goog-upload-control-url",
  "location"
])

const addresses: ReadonlySet<string> = new Set(["x-goog-upload-url", "x-goog-upload-control-url", "location"])

const parameters: ReadonlySet<string> = new Set([
  "alt",
  "$alt",
  "filter",
  "force",
  "orderBy",
  "pageSize",
  "pageToken",
  "stream",
  "updateMask",
  "upload_protocol",
  "uploadType",
  "view",
  "last_event_id",
  "include_input"
])

/** Stands for the address of whoever plays the cassette, in addresses that a client is told to go to. */
export const here = "cassette://here"

/** Path and query with sorted parameters. Those that are not known to be harmless have placeholders as values. */
export const pathOf = (
  url: URL,
  scrubber: Pick<Scrubber.Scrubber, "text">,
  secret: (value: string) => string
): string => {
  const pairs = Array.from(url.searchParams)
    .filter(([name]) => name !== "key" && name !== "access_token")
    .map(([name, value]) => [name, parameters.has(name) ? scrubber.text(value) : secret(value)] as const)
    .toSorted(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0))
  const query = new URLSearchParams(pairs.map(([name, value]) => [name, value])).toString()
  const { path } = EmulatorRequest.placeOf(url.pathname)
  return `${scrubber.text(path.replace(/^\/{2,}/, "/"))}${query === "" ? "" : `?${query}`}`
}

export const ofRequest = (
  headers: Readonly<Record<string, string | undefined>>,
  scrubber: Scrubber.Scrubber
): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && requestHeaders.has(name)) kept[name] = scrubber.text(value)
  }
  return kept
}

export const ofResponse = (
  headers: Readonly<Record<string, string>>,
  scrubber: Scrubber.Scrubber,
  secret: (value: string) => string
): Record<string, string> => {
  const kept: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (!responseHeaders.has(name)) continue
    if (!addresses.has(name)) kept[name] = scrubber.text(value)
    else if (URL.canParse(value)) kept[name] = `${here}${pathOf(new URL(value), scrubber, secret)}`
  }
  return kept
}

/** The headers of an answer to a client that came to this address. */
export const toClient = (headers: Readonly<Record<string, string>>, base: string): Record<string, string> =>
  Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      addresses.has(name) && value.startsWith(here) ? `${base}${value.slice(here.length)}` : value
    ])
  )
