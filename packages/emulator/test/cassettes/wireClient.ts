/** A client of bare bytes: it tells the pieces in which an answer came, and how it ended. */
import type * as Recording from "effect-gemini-emulator/cassettes/Recording"
import * as Effect from "effect/Effect"
import * as Http from "node:http"
import { WebSocket } from "ws"

export interface Got {
  readonly status: number
  readonly type: string | undefined
  readonly pieces: ReadonlyArray<Buffer>
  readonly end: "complete" | "cut" | "reset" | "aborted"
}

export interface Call {
  readonly method: string
  /** Path and query. */
  readonly url: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Uint8Array
}

export const isLive = (exchange: Recording.Recording): exchange is Recording.Live => "live" in exchange

/** The bytes of a piece that lies in the cassette itself. */
export const bytesOf = (piece: Recording.Piece): Uint8Array => {
  if (typeof piece === "string") return Buffer.from(piece)
  if ("base64" in piece) return Buffer.from(piece.base64, "base64")
  throw new Error("the piece lies beside the cassette")
}

export const httpOf = ({ request }: Recording.Http): Call => ({
  method: request.method,
  url: request.path,
  headers: { "content-type": "application/json", ...request.headers },
  body: request.body === undefined ? new Uint8Array() : bytesOf(request.body)
})

/** With `leaves` the client goes away: as soon as the answer has begun to come, or after so many milliseconds. */
export const rawCall = (
  base: string,
  { body, headers, method, url }: Call,
  leaves?: "first piece" | number
): Effect.Effect<Got> =>
  Effect.callback<Got>((resume) => {
    let wasReset = false
    let hasLeft = false
    const leave = () => {
      hasLeft = true
      request.destroy()
    }
    if (typeof leaves === "number") setTimeout(leave, leaves)
    const request = Http.request(`${base}${url}`, {
      method,
      headers: { ...headers, "x-goog-api-key": "key", "content-length": String(body.length) }
    })
    const end = (got: Got) => resume(Effect.succeed(got))
    request.on("socket", (socket) => {
      const look = (error: Error) => {
        wasReset ||= "syscall" in error
      }
      socket.on("error", look)
      request.once("close", () => socket.off("error", look))
    })
    request.on("error", (error) => {
      wasReset ||= "syscall" in error
      end({ status: 0, type: undefined, pieces: [], end: hasLeft ? "aborted" : wasReset ? "reset" : "cut" })
    })
    request.on("response", (response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => {
        pieces.push(piece)
        if (leaves === "first piece") leave()
      })
      response.on("error", (error) => {
        wasReset ||= "syscall" in error
      })
      response.on("close", () =>
        end({
          status: response.statusCode ?? 0,
          type: response.headers["content-type"],
          pieces,
          end: hasLeft ? "aborted" : response.complete ? "complete" : wasReset ? "reset" : "cut"
        }))
    })
    request.end(body)
    return Effect.sync(() => request.destroy())
  })

/** Says what the client of a session had said, each message when the server has said what it had said before it. */
export const live = (base: string, session: Recording.Live): Effect.Effect<ReadonlyArray<Buffer>> =>
  Effect.callback<ReadonlyArray<Buffer>>((resume) => {
    const ws = new WebSocket(`${base.replace("http", "ws")}${session.live.path}`, {
      headers: { "x-goog-api-key": "key" }
    })
    const got: Array<Buffer> = []
    let at = 0
    const wanted = session.frames.filter(([, from]) => from === "s").length
    const go = () => {
      let heard = 0
      for (const [i, frame] of session.frames.entries()) {
        const [, from, kind, piece] = frame
        if (from === "s") {
          heard++
          if (heard > got.length) return
          continue
        }
        if (i < at) continue
        at = i + 1
        ws.send(Buffer.from(bytesOf(piece)), { binary: kind === "binary" })
      }
      if (got.length >= wanted) ws.close()
    }
    ws.on("open", go)
    ws.on("message", (data) => {
      got.push(Array.isArray(data) ? Buffer.concat(data) : Buffer.from(data as ArrayBuffer))
      go()
    })
    ws.on("error", () => undefined)
    ws.on("close", () => resume(Effect.succeed(got)))
    return Effect.sync(() => ws.terminate())
  })
