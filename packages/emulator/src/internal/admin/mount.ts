/**
 * Where the admin API and its page are mounted: the paths under `/_emulator`. It answers whether the server is there,
 * and loads the API or the page when the first other request for it comes, so that a server is ready before. A browser
 * that opens the server's own address is led to the page.
 */
import type { IncomingMessage, ServerResponse } from "node:http"
import * as Admission from "../door/admission.ts"

/** Answers one request of node:http. It does not throw. */
export type Answering = (request: IncomingMessage, response: ServerResponse) => void

export interface Mount {
  /** Whether a request is meant for the admin API. */
  readonly takes: (request: IncomingMessage) => boolean
  readonly answer: Answering
  /** Ends what still waits or streams. */
  readonly close: () => void
}

const root = "/_emulator"
const health = `${root}/v1/health`

const isReading = ({ method }: IncomingMessage): boolean => method === "GET" || method === "HEAD"

/** Whether somebody has typed the server's address into a browser. Programs of the API ask nothing of this path. */
const isVisit = (request: IncomingMessage, path: string): boolean =>
  path === "/" && isReading(request) && request.headers.accept?.includes("text/html") === true

const json = (response: ServerResponse, status: number, type: string, body: unknown) => {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(`${JSON.stringify(body)}\n`)
}

/** The path of a request's target, which may be a whole URL. */
const pathOf = ({ url = "" }: IncomingMessage): string => url.replace(/^https?:\/\/[^/]*/i, "").replace(/[?#].*/s, "")

/** `load` gives the API itself, `loadPage` its page. */
export const make = (
  load: () => Promise<{ readonly answer: Answering; readonly close: () => Promise<void> }>,
  loadPage: () => Promise<{ readonly answer: Answering }>
): Mount => {
  let loading: ReturnType<typeof load> | undefined
  let page: ReturnType<typeof loadPage> | undefined
  let closed = false
  return {
    takes: (request) => {
      const path = pathOf(request)
      return path === root || path.startsWith(`${root}/`) || isVisit(request, path)
    },
    answer: (request, response) => {
      request.on("error", () => undefined)
      response.on("error", () => undefined)
      const path = pathOf(request)
      if (path === health && isReading(request)) {
        request.resume()
        return json(response, 200, "application/json", { status: "ok" })
      }
      if (isReading(request) && (path === root || path === "/")) {
        request.resume()
        response.writeHead(302, { location: Admission.page }).end()
        return
      }
      const failed = (what: string) => (error: unknown) => {
        const detail = `${what} could not be loaded: ${error instanceof Error ? error.message : error}`
        if (response.headersSent) response.destroy()
        else json(response, 500, "application/problem+json", { title: "Failed", status: 500, detail, problems: [] })
      }
      // What could not be loaded is loaded anew for the next request: the disk may have failed for a moment.
      if (Admission.isPage(path) && isReading(request)) {
        page ??= loadPage()
        page.then(({ answer }) => answer(request, response)).catch((error) => {
          page = undefined
          failed("The page")(error)
        })
        return
      }
      loading ??= load()
      loading.then(({ answer }) => answer(request, response)).catch((error) => {
        loading = undefined
        failed("The admin API")(error)
      })
    },
    close: () => {
      if (closed) return
      closed = true
      loading?.then(({ close }) => close()).catch(() => undefined)
    }
  }
}
