/**
 * Where the admin API is mounted: the paths under `/_emulator`. It answers whether the server is there, and loads the
 * API when the first other request comes, so that a server is ready before.
 */
import type { IncomingMessage, ServerResponse } from "node:http"

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

const json = (response: ServerResponse, status: number, type: string, body: unknown) => {
  response.writeHead(status, { "content-type": type, "cache-control": "no-store" }).end(`${JSON.stringify(body)}\n`)
}

/** The path of a request's target, which may be a whole URL. */
const pathOf = ({ url = "" }: IncomingMessage): string => url.replace(/^https?:\/\/[^/]*/i, "").replace(/[?#].*/s, "")

/** `load` gives the API itself. */
export const make = (
  load: () => Promise<{ readonly answer: Answering; readonly close: () => Promise<void> }>
): Mount => {
  let loading: ReturnType<typeof load> | undefined
  let closed = false
  return {
    takes: (request) => {
      const path = pathOf(request)
      return path === root || path.startsWith(`${root}/`)
    },
    answer: (request, response) => {
      request.on("error", () => undefined)
      response.on("error", () => undefined)
      if (pathOf(request) === health && (request.method === "GET" || request.method === "HEAD")) {
        request.resume()
        return json(response, 200, "application/json", { status: "ok" })
      }
      loading ??= load()
      loading.then(({ answer }) => answer(request, response)).catch((error) => {
        // It is loaded anew for the next request: the disk may have failed for a moment.
        loading = undefined
        const detail = `The admin API could not be loaded: ${error instanceof Error ? error.message : error}`
        if (response.headersSent) response.destroy()
        else json(response, 500, "application/problem+json", { title: "Failed", status: 500, detail, problems: [] })
      })
    },
    close: () => {
      if (closed) return
      closed = true
      loading?.then(({ close }) => close()).catch(() => undefined)
    }
  }
}
