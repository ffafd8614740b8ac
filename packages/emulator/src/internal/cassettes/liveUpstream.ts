/** A Live session with the real server: what comes of it, message by message, and how it ended. */
import { WebSocket } from "ws"
import { FragmentCounter } from "./FragmentCounter.ts"

export interface UpstreamMessage {
  readonly kind: "text" | "binary"
  readonly bytes: Uint8Array
  /** In how many fragments it came. */
  readonly fragments: number
}

export interface End {
  readonly code: number
  readonly reason: string
  /** Whether the connection was reset. */
  readonly isReset: boolean
}

export interface DeclinedUpgrade {
  readonly status: number
  readonly headers: Readonly<Record<string, string>>
  readonly body: Buffer
}

export interface Listeners {
  readonly opened: () => void
  readonly message: (message: UpstreamMessage) => void
  readonly ponged: () => void
  readonly ended: (end: End) => void
  /** The upgrade was answered by something else than a session. */
  readonly refused: (refusal: DeclinedUpgrade) => void
  /** There was no answer at all. */
  readonly unreached: (why: string) => void
}

export interface LiveUpstream {
  /** Gives whether the server takes more for now; `drained` is called when it does again. */
  readonly send: (bytes: Uint8Array, isText: boolean, drained: () => void) => boolean
  readonly ping: () => void
  /** Whether its messages may come. */
  readonly reading: (on: boolean) => void
  /** Ends the session as the client has ended its own. */
  readonly leave: (code: number, reason: string) => void
  readonly terminate: () => void
}

/** Above this many unsent bytes the client waits, as it would wait for the server itself. */
const highWater = 256 * 1024

/** A message of the server may be as large as an answer over HTTP. */
const maxPayload = 100 * 1024 * 1024

/** A longer refusal is cut off. */
const longestRefusal = 1024 * 1024

/** The codes that no close frame carries. */
const isSilent = (code: number): boolean => code === 1005 || code === 1006 || code === 1015

export const dial = (url: URL, headers: Readonly<Record<string, string>>, listeners: Listeners): LiveUpstream => {
  const ws = new WebSocket(url, { headers, perMessageDeflate: false, maxPayload })
  const counter = new FragmentCounter()
  let isReset = false
  let state: "dialling" | "open" | "answered" = "dialling"
  ws.on("upgrade", ({ socket }) => {
    socket.on("error", (error) => {
      isReset ||= "code" in error && error.code === "ECONNRESET"
    })
    // A listener any sooner would let the first bytes flow before `ws` listens, and one behind that of `ws` would count
    // too late.
    ws.once("open", () => socket.prependListener("data", (bytes: Buffer) => counter.read(bytes)))
  })
  ws.once("open", () => {
    state = "open"
    listeners.opened()
  })
  ws.on("message", (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
    listeners.message({ kind: isBinary ? "binary" : "text", bytes, fragments: counter.next() })
  })
  ws.on("pong", listeners.ponged)
  ws.on("close", (code, reason) => {
    if (state === "open") listeners.ended({ code, reason: reason.toString("utf8"), isReset })
  })
  ws.on("error", (error) => {
    // Once it is open an error is followed by the close, which tells the end.
    if (state === "dialling") listeners.unreached(error.message === "" ? "no answer" : error.message)
    if (state === "dialling") state = "answered"
  })
  ws.once("unexpected-response", (_, response) => {
    state = "answered"
    const pieces: Array<Buffer> = []
    let size = 0
    response.on("data", (piece: Buffer) => {
      if (size < longestRefusal) pieces.push(piece)
      size += piece.length
    })
    response.on("error", () => undefined)
    response.on("close", () => {
      const { "content-type": type = "text/plain" } = response.headers
      listeners.refused({
        status: response.statusCode ?? 502,
        headers: { "content-type": type },
        body: Buffer.concat(pieces).subarray(0, longestRefusal)
      })
    })
  })
  return {
    send: (bytes, isText, drained) => {
      if (ws.readyState !== WebSocket.OPEN) return true
      ws.send(bytes, { binary: !isText }, () => {
        if (ws.bufferedAmount <= highWater) drained()
      })
      return ws.bufferedAmount <= highWater
    },
    ping: () => {
      if (ws.readyState === WebSocket.OPEN) ws.ping()
    },
    reading: (on) => {
      if (ws.readyState !== WebSocket.OPEN) return
      if (on) ws.resume()
      else ws.pause()
    },
    leave: (code, reason) => {
      if (ws.readyState === WebSocket.CLOSED || ws.readyState === WebSocket.CLOSING) return
      if (code === 1006) ws.terminate()
      else if (isSilent(code)) ws.close()
      else ws.close(code, reason)
    },
    terminate: () => ws.terminate()
  }
}
