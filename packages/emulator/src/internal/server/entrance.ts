/** What node's requests say of themselves at the door, and what those hear that are turned away. */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as GoogleError from "../../GoogleError.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import * as Admission from "../door/admission.ts"
import type { Exchange } from "./exchange.ts"

export const asked = (
  request: IncomingMessage,
  url: URL,
  more: { readonly isUpgrade?: boolean; readonly isOwn?: boolean } = {}
): Admission.Asked => ({
  path: url.pathname,
  isOwn: more.isOwn === true || Admission.isOwn(url.pathname),
  // Of an absolute target the Host header does not count (RFC 9112, 3.2.2).
  host: request.url?.startsWith("/") === false ? url.host : request.headers.host ?? url.host,
  isSecure: "encrypted" in request.socket,
  isUpgrade: more.isUpgrade === true,
  headers: request.headers
})

/** Nothing in an answer acts, whatever it quotes: only the page's own script and style do, which lie beside it. */
const own = {
  "content-security-policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; " +
    "media-src blob:; connect-src 'self'; form-action 'none'; frame-ancestors 'none'; base-uri 'none'",
  "x-content-type-options": "nosniff",
  "x-frame-options": "DENY",
  "referrer-policy": "no-referrer",
  "cross-origin-resource-policy": "same-origin",
  "cross-origin-opener-policy": "same-origin",
  "cache-control": "no-store"
}

/** An answer of the API that a browser shows as a page of its own: a file that somebody uploaded, such as an SVG. */
const shown = { "content-security-policy": "default-src 'none'; sandbox", "x-content-type-options": "nosniff" }

function* withHeaders(steps: Step.Steps, headers: Readonly<Record<string, string>>): Generator<Step.Step> {
  for (const step of steps) {
    yield step._tag === "Head" ? Step.head(step.status, { ...step.headers, ...headers }) : step
  }
}

/** For a program of the API as Google's errors are; for the emulator's own paths as RFC 9457 has it. */
export const turnedAway = ({ status, why }: Admission.Turned, { pathname }: URL, isOwn = false): Step.Steps =>
  isOwn || Admission.isOwn(pathname)
    ? [
      Step.head(status, { ...own, "content-type": "application/problem+json" }),
      Step.bytes(`${JSON.stringify({ title: status === 401 ? "Unauthorized" : "Forbidden", status, detail: why })}\n`)
    ]
    : Render.refusal(GoogleError.make(status, why), "json")

/** Lays the headers of the emulator's own paths under an answer, whoever writes it. */
export const seal = (response: ServerResponse): void => {
  for (const [name, value] of Object.entries(own)) response.setHeader(name, value)
}

/** The answer with the headers by which a browser lets nothing in it act. */
export const sealed = (exchange: Exchange, { headers }: IncomingMessage, { pathname }: URL): Exchange => {
  if (Admission.isOwn(pathname)) return { ...exchange, steps: withHeaders(exchange.steps, own) }
  const isShown = headers["sec-fetch-mode"] === "navigate" || headers.accept?.includes("text/html") === true
  return isShown ? { ...exchange, steps: withHeaders(exchange.steps, shown) } : exchange
}
