/** A Live client that keeps every byte of the server's frames, and how the connection ended. */
import * as Effect from "effect/Effect"
import { WebSocket } from "ws"

export interface Heard {
  /** All frames of the server as they came: messages with their fragments, pongs, the close frame. */
  readonly bytes: string
  readonly messages: number
  readonly code: number
  readonly reason: string
  readonly isReset: boolean
  readonly pongs: number
  /** What came in place of a session. */
  readonly refused: string | undefined
}

export interface Script {
  /** What the client says as soon as it is there. */
  readonly says: ReadonlyArray<unknown>
  /** When it has heard enough: it pings, and leaves by itself. Undefined: it stays until the server ends. */
  readonly until?: { readonly messages: number } | "turnComplete" | undefined
  /** How it leaves: with this code, or without a close frame once its ping was answered or 60 ms have passed. */
  readonly leaves?: number | "terminates" | undefined
}

const path = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent"

export const converse = (base: string, { leaves = 1000, says, until }: Script): Effect.Effect<Heard> =>
  Effect.callback<Heard>((resume) => {
    const ws = new WebSocket(`${base.replace("http", "ws")}${path}?key=key`)
    const raw: Array<Buffer> = []
    const state = { messages: 0, pongs: 0, isReset: false, isLeaving: false }
    let refused: string | undefined
    ws.on("upgrade", ({ socket }) => {
      ws.once("open", () => socket.prependListener("data", (piece: Buffer) => raw.push(piece)))
      socket.on("error", (error) => {
        state.isReset ||= "code" in error && error.code === "ECONNRESET"
      })
    })
    ws.on("unexpected-response", (_, response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("end", () => {
        refused = `${response.statusCode} ${response.headers["content-type"]} ${Buffer.concat(pieces).toString("utf8")}`
        ws.terminate()
      })
    })
    const leave = () => {
      if (leaves === "terminates") ws.terminate()
      else ws.close(leaves, "Bye")
    }
    const look = (text: string) => {
      const isEnough = until === "turnComplete" ? text.includes("turnComplete") : state.messages === until?.messages
      if (!isEnough || state.isLeaving) return
      state.isLeaving = true
      const go = () => {
        ws.once("pong", leave)
        ws.ping()
        if (leaves === "terminates") setTimeout(leave, 60)
      }
      // Nothing tells when a server that says nothing has read what it was told.
      if (state.messages === 0) setTimeout(go, 40)
      else go()
    }
    ws.on("pong", () => state.pongs++)
    ws.on("open", () => {
      for (const each of says) ws.send(JSON.stringify(each))
      look("")
    })
    ws.on("message", (data) => {
      state.messages++
      look(String(data))
    })
    ws.on("error", () => undefined)
    ws.on("close", (code, reason) => {
      const { messages, pongs, isReset } = state
      const bytes = Buffer.concat(raw).toString("latin1")
      resume(Effect.succeed({ bytes, messages, code, reason: reason.toString("utf8"), isReset, pongs, refused }))
    })
    return Effect.sync(() => ws.terminate())
  })
