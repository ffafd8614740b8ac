/**
 * One WebSocket: it can be read, sent on, paused and ended. Pure but for its callbacks.
 *
 * Effect's Socket is not used: its writer has no backpressure, and a write after the peer closed succeeds and is lost
 * (effect 4.1.0, measured); its reader copies each binary frame and wakes a fiber for it, which was half of what a
 * chunk cost (packages/bench, November 2026). So frames are handed on where they arrive. A sender waits for the send
 * callback where there is one, and elsewhere looks at `bufferedAmount`.
 *
 * What `ws` can do and a browser's WebSocket cannot is looked for on the object, so that any constructor fits.
 */
import * as Redacted from "effect/Redacted"
import type * as Socket from "effect/socket/Socket"
import * as Reason from "../../errors/LiveErrorReason.ts"
import { withoutKey } from "../config/secrets.ts"
import type { Endpoint } from "../http/destination.ts"
import type { ConnectionEnd } from "./close.ts"
import * as UpgradeRefusal from "./UpgradeRefusal.ts"

export type Frame = string | Uint8Array

/** What `ws` adds to the platform's WebSocket. */
interface NodeSocket extends Socket.WebSocketLike {
  readonly bufferedAmount: number
  readonly isPaused: boolean
  send(data: string, done?: (error?: Error | null) => void): void
  ping(): void
  pause(): void
  resume(): void
  on(event: "ping" | "pong" | "open", listener: () => void): void
  on(event: "message", listener: (data: Uint8Array) => void): void
  on(event: "error", listener: (error: Error) => void): void
  on(event: "close", listener: (code: number, text: Uint8Array) => void): void
  on(event: "unexpected-response", listener: (request: unknown, response: UpgradeRefusal.Response) => void): void
  terminate(): void
}

const nodeMethods: ReadonlyArray<string> = ["terminate", "ping", "on", "pause", "resume"]

const isNodeSocket = (ws: Socket.WebSocketLike): ws is NodeSocket => {
  for (const name of nodeMethods) if (typeof Reflect.get(ws, name) !== "function") return false
  return true
}

/** The reader of a socket. */
export interface Listener {
  readonly onFrame: (frame: Frame) => void
  /** Called once, behind the last frame. */
  readonly onEnd: (ending: ConnectionEnd) => void
}

/** Whose socket it is. It is told what the reader of frames is not. */
export interface SocketOwner {
  /** The socket is open. */
  readonly onOpen: () => void
  readonly onPong: () => void
  /** The socket ended while nobody listens: what it held is read by `listen`, and then its end. */
  readonly onLost: () => void
  /** Nothing is left of the socket. */
  readonly onClosed: () => void
}

export interface Options {
  readonly construct: Socket.WebSocketConstructor["Service"]
  readonly endpoint: Endpoint
  /** How many bytes may wait unread before the transport is paused, if it can be paused. */
  readonly readAhead: number
  /** How many bytes may wait unread if it cannot be paused. */
  readonly inboundLimit: number
  /** The most bytes of one message. */
  readonly frameLimit: number
}

/** Above this many unsent bytes a sender waits, if there is no callback to wait for. */
const highWater = 1 << 20

const textOf = (value: unknown, key: string): string | undefined => {
  if (typeof value !== "object" || value === null) return undefined
  const found: unknown = Reflect.get(value, key)
  return typeof found === "string" && found !== "" ? found : undefined
}

/** The system's code and words behind an error event. They never hold the address. */
const systemError = (event: unknown): { readonly code?: string; readonly description?: string } => {
  const error: unknown = typeof event === "object" && event !== null ? Reflect.get(event, "error") ?? event : event
  const code = textOf(error, "code")
  if (code === undefined) return {}
  const message = textOf(error, "message")
  return message === undefined || message.includes("://") ? { code } : { code, description: message }
}

/** The codes by which `ws` says that a message is larger than its `maxPayload`, or in too many fragments. */
const tooMuch: ReadonlySet<unknown> = new Set(["WS_ERR_UNSUPPORTED_MESSAGE_LENGTH", "WS_ERR_TOO_MANY_BUFFERED_PARTS"])

const isTooMuch = (event: unknown): boolean => {
  const error: unknown = typeof event === "object" && event !== null ? Reflect.get(event, "error") ?? event : event
  return tooMuch.has(textOf(error, "code"))
}

const upgradeStatus = (event: unknown): number | undefined => {
  const status = /Unexpected server response: (\d{3})/.exec(textOf(event, "message") ?? "")?.[1]
  return status === undefined ? undefined : Number(status)
}

const closedHere: ConnectionEnd = { _tag: "Closed", code: 1006, text: "" }

const bytesOf = (data: unknown): Frame | undefined =>
  typeof data === "string" || data instanceof Uint8Array
    ? data
    : data instanceof ArrayBuffer
    ? new Uint8Array(data)
    : undefined

const noop = (): void => undefined

/** The owner of a socket that is over. */
const nobody: SocketOwner = { onOpen: noop, onPong: noop, onLost: noop, onClosed: noop }

export class LiveSocket {
  #owner: SocketOwner
  readonly #ws: Socket.WebSocketLike
  readonly #node: NodeSocket | undefined
  readonly #options: Options
  #wasOpen = false
  #isInVain = false
  #ended: ConnectionEnd | undefined
  #isTold = false
  #listener: Listener | undefined
  #held: Array<Frame> = []
  #heldBytes = 0
  /** How many bytes may be held before the transport is paused. */
  #room: number
  #arrivals = 0
  #refusal: UpgradeRefusal.UpgradeRefusal | undefined

  /** Dials. An error that the constructor throws is replaced, because it would quote the address. */
  static dial(options: Options, owner: SocketOwner): LiveSocket | ConnectionEnd {
    const { construct, endpoint } = options
    const headers = Redacted.value(endpoint.headers)
    try {
      return new LiveSocket(
        construct(Redacted.value(endpoint.url), headers === undefined ? undefined : { headers }),
        options,
        owner
      )
    } catch {
      const description = headers === undefined
        ? "the WebSocket cannot be made: look at baseUrl"
        : "the WebSocket cannot be made: look at baseUrl, and whether this platform sends headers (keyInUrl, or a token)"
      return { _tag: "Unreachable", description }
    }
  }

  constructor(ws: Socket.WebSocketLike, options: Options, owner: SocketOwner) {
    this.#ws = ws
    this.#owner = owner
    this.#options = options
    this.#room = options.readAhead
    if (isNodeSocket(ws)) {
      this.#node = ws
      ws.on("open", () => this.#opened())
      ws.on("message", (data) => this.#take(data))
      ws.on("ping", () => this.#arrivals++)
      ws.on("pong", () => {
        this.#arrivals++
        this.#owner.onPong()
      })
      ws.on("unexpected-response", (_, response) => this.#refused(response))
      ws.on("error", (error) => this.#broke(error))
      ws.on("close", (code, text) => this.#closed(code, String(text)))
      return
    }
    if ("binaryType" in ws) Reflect.set(ws, "binaryType", "arraybuffer")
    ws.addEventListener("open", () => this.#opened())
    ws.addEventListener("message", ({ data }) => {
      const frame = bytesOf(data)
      if (frame === undefined) this.#end({ _tag: "Broken", description: "a frame was neither text nor bytes" })
      else this.#take(frame)
    })
    ws.addEventListener("error", (event) => this.#broke(event))
    ws.addEventListener("close", ({ code, reason }) => this.#closed(code ?? 1006, reason ?? ""))
    // A socket that was made before may be open by now.
    if (ws.readyState === 1) queueMicrotask(() => this.#opened())
  }

  get isOpen(): boolean {
    return this.#ended === undefined && this.#ws.readyState === 1
  }

  get canPing(): boolean {
    return this.#node !== undefined
  }

  /** Whether what comes is held back at the moment. */
  get isHeld(): boolean {
    return this.#listener === undefined
  }

  /** Whether nothing is read from the transport at the moment, and so no pong and no end is seen. */
  get isStopped(): boolean {
    return this.#node?.isPaused === true
  }

  /**
   * Grows with everything that comes, pings and pongs among it, and with the bytes of a message that is not whole yet
   * where the socket below counts them.
   */
  get received(): number {
    const below: unknown = this.#node === undefined ? undefined : Reflect.get(this.#node, "_socket")
    const bytes: unknown = typeof below === "object" && below !== null ? Reflect.get(below, "bytesRead") : 0
    return this.#arrivals + (typeof bytes === "number" ? bytes : 0)
  }

  /** How the upgrade was refused, if it was. */
  get refusal(): ConnectionEnd | undefined {
    return this.#refusal?.ending
  }

  /** How many bytes were handed over and are not sent yet; 0 where the platform does not say. */
  get buffered(): number {
    const amount: unknown = "bufferedAmount" in this.#ws ? this.#ws.bufferedAmount : 0
    return typeof amount === "number" ? amount : 0
  }

  /** Whether a sender should wait, if no callback tells it. */
  get isFull(): boolean {
    return this.#node === undefined && this.#ws.readyState === 1 && this.buffered > highWater
  }

  /** Reads what was held back, and then what comes. */
  listen(listener: Listener): void {
    this.#listener = listener
    const held = this.#held
    this.#held = []
    this.#heldBytes = 0
    this.#room = this.#options.readAhead
    for (let i = 0; i < held.length; i++) {
      if (this.#isTold) return
      if (this.#listener === undefined) {
        // A listener that stopped after one frame does not want the next.
        for (const frame of held.slice(i)) this.#hold(frame)
        return
      }
      const frame = held[i]
      if (frame !== undefined) this.#listener.onFrame(frame)
    }
    if (this.#node?.isPaused === true) this.#node.resume()
    this.#tell()
  }

  /** Reads nothing until `listen` is called; the transport is paused, too, if it can be. */
  hold(): void {
    this.#listener = undefined
  }

  /**
   * Reads on for a while where the transport is paused, within the bound of what may wait unread: behind what was sent
   * there may be the end of the connection. It says whether it may.
   */
  peek(): boolean {
    const { inboundLimit, readAhead } = this.#options
    if (this.#node === undefined || this.#heldBytes >= inboundLimit) return false
    this.#room = Math.min(this.#heldBytes + readAhead, inboundLimit)
    this.#node.resume()
    return true
  }

  /** Sends a frame. `done` is called when the frame has left this process, or with the reason why it will not. */
  send(text: string, done: (ending: ConnectionEnd | undefined) => void): void {
    if (!this.isOpen) return done(this.#ended ?? closedHere)
    if (this.#node === undefined) {
      this.#ws.send(text)
      return done(undefined)
    }
    this.#node.send(text, (error) => done(error ? this.#ended ?? { _tag: "Broken", ...systemError(error) } : undefined))
  }

  /** Sends a frame. If it does not arrive, the end of the connection tells that. */
  post(text: string): void {
    if (this.isOpen) this.#ws.send(text)
  }

  ping(): void {
    if (this.isOpen) this.#node?.ping()
  }

  /** Ends the socket at once, without a handshake. The listener is told this ending. */
  abort(ending: ConnectionEnd): void {
    this.#ended ??= ending
    this.#isInVain = true
    if (this.#node === undefined) this.#ws.close()
    else this.#node.terminate()
    this.#tell()
  }

  /** Reads nothing more, so that the socket may be closed cleanly. The listener is told this ending. */
  leave(ending: ConnectionEnd): void {
    this.#end(ending)
  }

  /** Begins to close the socket, cleanly where that is possible, and says whether nothing is left of it. */
  close(): boolean {
    this.#ended ??= closedHere
    this.#isTold = true
    this.#listener = undefined
    this.#held = []
    const { readyState } = this.#ws
    if (readyState === 3) return true
    if (this.#isInVain || readyState === 0) {
      this.cut()
      return true
    }
    // The answer to the close frame must be read.
    if (this.#node?.isPaused === true) this.#node.resume()
    this.#ws.close(1000)
    // A socket in memory may be over by now.
    return this.#ws.readyState === 3
  }

  /** Ends the socket by force, if the platform can do that. */
  cut(): void {
    this.#ws.close()
    this.#node?.terminate()
  }

  #opened(): void {
    if (this.#wasOpen) return
    this.#wasOpen = true
    this.#owner.onOpen()
  }

  #take(frame: Frame): void {
    if (this.#ended !== undefined) return
    this.#arrivals++
    // The length of a text counts characters, which are no more than its bytes.
    if (frame.length > this.#options.frameLimit) return this.abort(this.#tooLarge())
    if (this.#listener !== undefined) this.#listener.onFrame(frame)
    else this.#hold(frame)
  }

  #hold(frame: Frame): void {
    this.#held.push(frame)
    this.#heldBytes += frame.length
    const { inboundLimit } = this.#options
    if (this.#node !== undefined) {
      if (this.#heldBytes >= this.#room) this.#node.pause()
    } else if (this.#heldBytes > inboundLimit) {
      const reason = new Reason.Overflow({ bytes: this.#heldBytes, limit: inboundLimit })
      this.abort({ _tag: "Ours", reason, mayRedial: false })
    }
  }

  #tooLarge(): ConnectionEnd {
    const reason = new Reason.ResponseTooLarge({ what: "frame", limit: this.#options.frameLimit })
    return { _tag: "Ours", reason, mayRedial: false }
  }

  // With a listener for it `ws` leaves the rest to us.
  #refused(response: UpgradeRefusal.Response): void {
    const refusal = this.#refusal = new UpgradeRefusal.UpgradeRefusal(
      response,
      Redacted.value(this.#options.endpoint.secret),
      () => {
        this.#isInVain = true
        this.#end(refusal.ending)
      }
    )
  }

  #broke(event: unknown): void {
    if (isTooMuch(event)) return this.#end(this.#tooLarge())
    if (this.#wasOpen) return this.#end({ _tag: "Broken", ...systemError(event) })
    const status = upgradeStatus(event)
    this.#end(status === undefined ? { _tag: "Unreachable", ...systemError(event) } : { _tag: "Refused", status })
  }

  #closed(code: number, text: string): void {
    this.#end({ _tag: "Closed", code, text: withoutKey(text, Redacted.value(this.#options.endpoint.secret)) })
    this.#owner.onClosed()
    // Node keeps what is left of a socket until a collection of the whole heap: it must not keep the session with it.
    if (this.#isTold) this.#owner = nobody
  }

  #end(ending: ConnectionEnd): void {
    this.#ended ??= ending
    this.#tell()
  }

  #tell(): void {
    if (this.#ended === undefined || this.#isTold) return
    const listener = this.#listener
    if (listener === undefined) return this.#owner.onLost()
    this.#isTold = true
    this.#listener = undefined
    listener.onEnd(this.#ended)
  }
}
