/**
 * The handler on a real socket: node:http, nothing but bytes.
 */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Http from "node:http"
import type { AddressInfo } from "node:net"
import type { Handler } from "../GeminiHandler.ts"

const read = async (request: Http.IncomingMessage): Promise<string> => {
  const pieces: Array<Buffer> = []
  for await (const piece of request) pieces.push(piece)
  return Buffer.concat(pieces).toString("utf8")
}

const write = async (response: Http.ServerResponse, answer: Response, gone: AbortSignal): Promise<void> => {
  response.writeHead(answer.status, Object.fromEntries(answer.headers))
  if (answer.body === null) {
    response.end()
    return
  }
  const reader = answer.body.getReader()
  gone.addEventListener("abort", () => void reader.cancel().catch(() => undefined), { once: true })
  for (;;) {
    const { done, value } = await reader.read()
    if (done || gone.aborted) break
    if (!response.write(value)) {
      await new Promise<void>((resume) => {
        response.once("drain", resume)
        gone.addEventListener("abort", () => resume(), { once: true })
      })
    }
  }
  response.end()
}

export const listen = Effect.fnUntraced(function*(options: {
  readonly host: string
  readonly port: number
  readonly handle: Handler
}): Effect.fn.Return<string, never, Scope.Scope> {
  const context = yield* Effect.context<never>()
  const answer = async (request: Http.IncomingMessage, response: Http.ServerResponse): Promise<void> => {
    const gone = new AbortController()
    response.once("close", () => gone.abort())
    const headers: Record<string, string | undefined> = {}
    for (const [name, value] of Object.entries(request.headers)) {
      headers[name] = Array.isArray(value) ? value.join(", ") : value
    }
    const web = await Effect.runPromiseWith(context)(
      options.handle({
        method: request.method ?? "GET",
        url: new URL(request.url ?? "/", `http://${request.headers.host ?? "localhost"}`),
        headers,
        body: await read(request),
        signal: gone.signal
      }),
      { signal: gone.signal }
    )
    await write(response, web, gone.signal)
  }
  const server = yield* Effect.acquireRelease(
    Effect.sync(() =>
      Http.createServer((request, response) => {
        answer(request, response).catch(() => response.destroy())
      })
    ),
    (server) =>
      Effect.callback<void>((resume) => {
        server.close(() => resume(Effect.void))
        server.closeAllConnections()
      })
  )
  return yield* Effect.callback<string>((resume) => {
    server.once("error", (error) => resume(Effect.die(error)))
    server.listen(options.port, options.host, () => {
      const { port } = server.address() as AddressInfo
      resume(Effect.succeed(`http://${options.host}:${port}`))
    })
  })
})
