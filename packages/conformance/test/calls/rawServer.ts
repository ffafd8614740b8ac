/** A raw node:http server on 127.0.0.1 for one test: bytes and closes, seen from the server's side. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type { Duplex } from "node:stream"

export interface RawServer {
  readonly url: string
  readonly requests: Array<
    { readonly method: string; readonly url: string; readonly headers: Http.IncomingHttpHeaders; readonly body: string }
  >
}

/** `upgrade` is handed what asks for a WebSocket; such a request is none of `requests`. */
export const listen = (
  handle: (request: Http.IncomingMessage, response: Http.ServerResponse, body: string) => void,
  upgrade?: (request: Http.IncomingMessage, socket: Duplex) => void
): Effect.Effect<RawServer, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: Http.Server; readonly raw: RawServer }>((resume) => {
        const requests: RawServer["requests"] = []
        const server = Http.createServer((request, response) => {
          let body = ""
          response.on("error", () => undefined)
          request.on("error", () => undefined)
          request.setEncoding("utf8").on("data", (piece) => {
            body += piece
          })
          request.on("end", () => {
            requests.push({ method: request.method ?? "", url: request.url ?? "", headers: request.headers, body })
            handle(request, response, body)
          })
        })
        if (upgrade !== undefined) server.on("upgrade", upgrade)
        server.listen(0, "127.0.0.1", () => {
          const { port } = server.address() as AddressInfo
          resume(Effect.succeed({ server, raw: { url: `http://127.0.0.1:${port}`, requests } }))
        })
      }),
      ({ server }) =>
        Effect.callback<void>((resume) => {
          server.close(() => resume(Effect.void))
          server.closeAllConnections()
        })
    ),
    ({ raw }) => raw
  )

export const json = (response: Http.ServerResponse, value: unknown, status = 200): void => {
  response.writeHead(status, { "content-type": "application/json; charset=UTF-8" })
  response.end(JSON.stringify(value))
}

export const answer = (text: string, finishReason?: string) => ({
  candidates: [{
    content: { role: "model", parts: [{ text }] },
    ...(finishReason === undefined ? {} : { finishReason })
  }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 5, totalTokenCount: 8 },
  modelVersion: "gemini-3.8-flash"
})

export const event = (value: unknown): string => `data: ${JSON.stringify(value)}\r\n\r\n`
