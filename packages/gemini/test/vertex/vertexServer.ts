/** A server on loopback that notes what it was asked, and answers as a test says. */
import * as Effect from "effect/Effect"
import { createServer } from "node:http"

export interface Asked {
  readonly method: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | ReadonlyArray<string> | undefined>>
  readonly body: unknown
}

export interface Answer {
  readonly status?: number
  readonly body: unknown
  /** Whether the body goes out as one event of a stream. */
  readonly isEvent?: boolean
}

export const listen = Effect.fnUntraced(function*(answer: (asked: Asked, count: number) => Answer) {
  const asked: Array<Asked> = []
  const server = createServer((request, response) => {
    const pieces: Array<Buffer> = []
    request.on("data", (piece: Buffer) => pieces.push(piece))
    request.on("end", () => {
      const text = Buffer.concat(pieces).toString()
      const one = {
        method: request.method ?? "",
        path: request.url ?? "",
        headers: request.headers,
        body: text === "" ? undefined : JSON.parse(text)
      }
      asked.push(one)
      const { body, isEvent = false, status = 200 } = answer(one, asked.length)
      response.writeHead(status, { "content-type": isEvent ? "text/event-stream" : "application/json" })
      response.end(isEvent ? `data: ${JSON.stringify(body)}\n\n` : JSON.stringify(body))
    })
  })
  yield* Effect.acquireRelease(
    Effect.callback<void>((resume) => {
      server.listen(0, "127.0.0.1", () => resume(Effect.void))
    }),
    () =>
      Effect.callback<void>((resume) => {
        server.closeAllConnections()
        server.close(() => resume(Effect.void))
      })
  )
  const address = server.address()
  const port = typeof address === "object" && address !== null ? address.port : 0
  return { asked, url: `http://127.0.0.1:${port}` }
})

/** An answer to a generation. */
export const hello = {
  candidates: [{ content: { role: "model", parts: [{ text: "Hello" }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 3, candidatesTokenCount: 1, totalTokenCount: 4 },
  modelVersion: "gemini-3.8-flash"
}

/** The refusal of a token, as Google words it. */
export const refused = {
  error: {
    code: 401,
    message: "Request had invalid authentication credentials. Expected OAuth 2 access token.",
    status: "UNAUTHENTICATED"
  }
}
