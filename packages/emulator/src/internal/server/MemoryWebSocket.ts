/**
 * A Live connection without a socket: an object that behaves as `ws`'s WebSocket does (and so as a
 * browser's), played by a fiber of the emulator under its Clock.
 */
import * as Effect from "effect/Effect"
import type * as Fiber from "effect/Fiber"
import type * as Socket from "effect/socket/Socket"
import { EventEmitter } from "node:events"
import type { Carrier, Connection, UpgradeHandler } from "../live/carrier.ts"

type EventName = "open" | "message" | "error" | "close"
type Listener = (event: Socket.WebSocketEvent) => void
type Done = (error?: Error) => void

/** As many bytes as a kernel would hold that the other side does not read. */
const window = 64 * 1024

/** How long `ws` waits for the answer to a close frame. */
const closeTimeout = 30_000

export class MemoryWebSocket extends EventEmitter implements Socket.WebSocketLike {
  readonly CONNECTING = 0
  readonly OPEN = 1
  readonly CLOSING = 2
  readonly CLOSED = 3
  readonly url: string
  readonly protocol = ""
  readonly extensions = ""
  readyState: 0 | 1 | 2 | 3 = 0
  binaryType: "nodebuffer" | "arraybuffer" | "blob" = "nodebuffer"
  onopen: Listener | null = null
  onmessage: Listener | null = null
  onerror: Listener | null = null
  onclose: Listener | null = null

  private readonly subscribers: Array<{ type: EventName; listener: Listener; once: boolean }> = []
  private readonly run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  private fiber: Fiber.Fiber<void> | undefined
  private connection: Connection | undefined
  /** Messages that wait for a client that has paused. */
  private readonly inbound: Array<{ readonly bytes: number; readonly deliver: () => void }> = []
  private inboundBytes = 0
  private readonly drained: Array<() => void> = []
  private paused = false
  /** Messages that wait for a server that does not read. */
  private readonly outbound: Array<{ readonly bytes: number; readonly deliver: () => void; done: Done | undefined }> =
    []
  private serverReads = true

  constructor(
    url: string,
    headers: Readonly<Record<string, string>>,
    handle: UpgradeHandler,
    run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
  ) {
    super()
    // An error that nobody listens to must not end the process.
    this.on("error", () => undefined)
    this.url = url
    this.run = run
    const lower = Object.fromEntries(Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value]))
    const incoming = { url: new URL(url), headers: lower }
    // The session starts only when the caller has its listeners in place.
    this.fiber = run(
      Effect.andThen(Effect.yieldNow, handle(incoming)).pipe(
        Effect.flatMap((answer) => {
          if (this.readyState !== 0) return Effect.void
          if (answer._tag === "Refused") {
            this.fail(new Error(`Unexpected server response: ${answer.status}`))
            return Effect.void
          }
          const connection = answer.connect(this.carrier())
          this.connection = connection
          this.readyState = 1
          this.fire("open", {}, [])
          return connection.run
        }),
        // This is as over a socket: a failure ends the connection, and nobody waits for it.
        Effect.catchDefect((defect) => Effect.sync(() => this.fail(new Error(`The emulator failed: ${defect}`)))),
        Effect.onInterrupt(() => Effect.sync(() => this.end(1006, "")))
      )
    )
  }

  get bufferedAmount(): number {
    return this.outbound.reduce((sum, each) => sum + each.bytes, 0)
  }
  get isPaused(): boolean {
    return this.paused
  }

  addEventListener(type: EventName, listener: Listener, options?: { readonly once?: boolean }): void {
    this.subscribers.push({ type, listener, once: options?.once === true })
  }
  removeEventListener(type: EventName, listener: Listener): void {
    const i = this.subscribers.findIndex((each) => each.type === type && each.listener === listener)
    if (i !== -1) this.subscribers.splice(i, 1)
  }

  send(data: string | Uint8Array | ArrayBuffer, options?: Readonly<Record<string, unknown>> | Done, done?: Done): void {
    const call = typeof options === "function" ? options : done
    if (this.readyState === 0) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)")
    if (this.readyState !== 1) {
      const error = new Error(`WebSocket is not open: readyState ${this.readyState}`)
      queueMicrotask(() => call?.(error))
      return
    }
    const copy = typeof data === "string" ? data : new Uint8Array(data).slice()
    const bytes = copy.length
    this.toServer(bytes, () => this.connection?.receive(copy), call)
  }

  ping(_data?: unknown, _mask?: unknown, done?: Done): void {
    if (this.readyState === 0) throw new Error("WebSocket is not open: readyState 0 (CONNECTING)")
    const pong = () => {
      if (this.readyState === 1) this.toClient(0, () => this.emit("pong", Buffer.alloc(0)))
    }
    this.toServer(0, () => this.connection?.pinged(pong), done)
  }
  pong(): void {}

  pause(): void {
    if (this.readyState === 0 || this.readyState === 3) return
    this.paused = true
  }
  resume(): void {
    if (!this.paused) return
    this.paused = false
    while (!this.paused) {
      const next = this.inbound.shift()
      if (next === undefined) break
      this.inboundBytes -= next.bytes
      next.deliver()
    }
    if (this.inboundBytes <= window) { for (const go of this.drained.splice(0)) go() }
  }

  close(code?: number, reason = ""): void {
    if (this.readyState >= 2) return
    if (this.readyState === 0) return this.abort()
    this.readyState = 2
    this.toServer(0, () => {
      this.connection?.gone(code ?? 1005, reason)
      this.toClient(0, () => this.end(code ?? 1005, reason))
    })
    // The answer to a close frame may never come.
    if (!this.serverReads) {
      this.run(Effect.map(Effect.sleep(closeTimeout), () => this.end(1006, "")))
    }
  }

  terminate(): void {
    if (this.readyState === 3) return
    if (this.readyState === 0) return this.abort()
    this.readyState = 2
    queueMicrotask(() => this.end(1006, ""))
  }

  private abort(): void {
    this.fail(new Error("WebSocket was closed before the connection was established"))
  }
  private fail(error: Error): void {
    this.readyState = 2
    queueMicrotask(() => {
      this.fire("error", { error, message: error.message }, [error])
      this.end(1006, "")
    })
  }

  /** Ends the connection for both sides. */
  private end(code: number, reason: string): void {
    if (this.readyState === 3) return
    this.readyState = 3
    this.connection?.gone(code, reason)
    const lost = new Error("The socket was closed")
    for (const { done } of this.outbound.splice(0)) done?.(lost)
    for (const go of this.drained.splice(0)) go()
    this.fiber?.interruptUnsafe()
    this.fire("close", { code, reason, wasClean: code !== 1006 }, [code, Buffer.from(reason)])
  }

  private toServer(bytes: number, deliver: () => void, done?: Done): void {
    this.outbound.push({ bytes, deliver, done })
    this.flush()
  }
  private flush(): void {
    while (this.serverReads) {
      const next = this.outbound.shift()
      if (next === undefined) return
      next.deliver()
      const { done } = next
      if (done !== undefined) queueMicrotask(() => done())
    }
    // What fits into the kernel has left this process, as far as the process can tell.
    let held = 0
    for (const waiting of this.outbound) {
      held += waiting.bytes
      if (held > window) return
      const { done } = waiting
      waiting.done = undefined
      if (done !== undefined) queueMicrotask(() => done())
    }
  }

  private toClient(bytes: number, deliver: () => void): void {
    if (!this.paused) return deliver()
    this.inboundBytes += bytes
    this.inbound.push({ bytes, deliver })
  }

  private carrier(): Carrier {
    return {
      send: ({ data }) =>
        Effect.callback<void>((resume) => {
          if (this.readyState === 1) this.toClient(data.length, () => this.message(data))
          if (this.inboundBytes <= window) return resume(Effect.void)
          const go = () => resume(Effect.void)
          this.drained.push(go)
          return Effect.sync(() => {
            const i = this.drained.indexOf(go)
            if (i !== -1) this.drained.splice(i, 1)
          })
        }),
      close: (code, reason) => {
        if (this.readyState === 1) this.toClient(0, () => this.end(code, code === 1005 ? "" : reason))
      },
      // `ws` reports a reset as it does a mere end: 1006.
      destroy: () => this.toClient(0, () => this.end(1006, "")),
      reading: (on) => {
        this.serverReads = on
        if (on) this.flush()
      }
    }
  }

  private message(data: string | Uint8Array): void {
    if (this.readyState !== 1) return
    if (typeof data === "string") return this.fire("message", { data }, [Buffer.from(data), false])
    const copy = Buffer.from(data)
    const given = this.binaryType === "nodebuffer"
      ? copy
      : this.binaryType === "blob"
      ? new Blob([new Uint8Array(data)])
      : new Uint8Array(data).buffer
    this.fire("message", { data: given }, [copy, true])
  }

  /** Calls listeners of both kinds, as `ws` does. If one throws, the others still hear of the event. */
  private fire(type: EventName, fields: Readonly<Record<string, unknown>>, args: ReadonlyArray<unknown>): void {
    const event = { type, target: this, ...fields }
    const guarded = (call: () => void) => {
      try {
        call()
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
    const handler = type === "open"
      ? this.onopen
      : type === "message"
      ? this.onmessage
      : type === "error"
      ? this.onerror
      : this.onclose
    if (handler !== null) guarded(() => handler(event))
    for (const each of this.subscribers.filter((each) => each.type === type)) {
      if (each.once) this.removeEventListener(type, each.listener)
      guarded(() => each.listener(event))
    }
    guarded(() => this.emit(type, ...args))
  }
}

/** A constructor of such sockets, for Effect's `Socket`. */
export const constructor = (
  handle: UpgradeHandler,
  run: (effect: Effect.Effect<void>) => Fiber.Fiber<void>
): Socket.WebSocketConstructor["Service"] =>
(url, options) => {
  const headers = typeof options === "object" && !Array.isArray(options) ? options.headers ?? {} : {}
  return new MemoryWebSocket(url, headers, handle, run)
}
