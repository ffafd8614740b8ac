/** A raw WebSocket server on 127.0.0.1 for one test, which says what each connection does. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import type { IncomingMessage } from "node:http"
import type { AddressInfo, Socket } from "node:net"
import { type WebSocket, WebSocketServer } from "ws"

export interface Peer {
  readonly ws: WebSocket
  readonly request: IncomingMessage
  /** The number of the connection, from 0. */
  readonly index: number
  /** Pretty-printed, in a binary frame: as the API sends. */
  readonly send: (message: unknown) => void
  readonly received: Array<Record<string, unknown>>
}

export interface LiveServer {
  readonly url: string
  readonly peers: Array<Peer>
  /** Connections that are open. */
  readonly open: () => number
}

export interface Script {
  /** Answers the setup; default `{}`. */
  readonly setup?: ((peer: Peer, setup: Record<string, unknown>) => void) | undefined
  readonly message: (peer: Peer, message: Record<string, unknown>) => void
  readonly connected?: ((peer: Peer) => void) | undefined
  readonly verify?: ((request: IncomingMessage) => number | undefined) | undefined
  /** Whether it answers pings by itself. Default true. */
  readonly autoPong?: boolean | undefined
}

export const frame = (message: unknown): Buffer => Buffer.from(`${JSON.stringify(message, null, 2)}\n`)

export const listen = (script: Script): Effect.Effect<LiveServer, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: WebSocketServer; readonly live: LiveServer }>((resume) => {
        const peers: Array<Peer> = []
        const server = new WebSocketServer({
          host: "127.0.0.1",
          port: 0,
          autoPong: script.autoPong ?? true,
          verifyClient: ({ req }, done) => {
            const status = script.verify?.(req)
            if (status === undefined) done(true)
            else done(false, status)
          }
        })
        server.on("connection", (ws, request) => {
          const peer: Peer = {
            ws,
            request,
            index: peers.length,
            received: [],
            send: (message) => ws.send(frame(message), { binary: true })
          }
          peers.push(peer)
          ws.on("error", () => undefined)
          script.connected?.(peer)
          ws.on("message", (data) => {
            const message: Record<string, unknown> = JSON.parse(String(data))
            peer.received.push(message)
            if (!("setup" in message)) return script.message(peer, message)
            if (script.setup === undefined) return peer.send({ setupComplete: {} })
            return script.setup(peer, message["setup"] as Record<string, unknown>)
          })
        })
        server.on("listening", () => {
          const { port } = server.address() as AddressInfo
          const live: LiveServer = {
            url: `http://127.0.0.1:${port}`,
            peers,
            open: () => peers.filter(({ ws }) => ws.readyState !== ws.CLOSED).length
          }
          resume(Effect.succeed({ server, live }))
        })
      }),
      ({ server }) =>
        Effect.callback<void>((resume) => {
          for (const client of server.clients) client.terminate()
          server.close(() => resume(Effect.void))
        })
    ),
    ({ live }) => live
  )

/** The socket below a connection: paused, it reads nothing, answers no ping and no close. */
export const below = (peer: Peer | undefined): Socket => Reflect.get(peer?.ws ?? {}, "_socket")

/** A server that answers every text with it, word by word. */
export const echo: Script = {
  message: (peer, message) => {
    const text = textOf(message)
    if (text === undefined) return
    for (const word of text.split(" ")) {
      peer.send({ serverContent: { modelTurn: { role: "model", parts: [{ text: `${word} ` }] } } })
    }
    peer.send({ serverContent: { generationComplete: true } })
    peer.send({
      serverContent: { turnComplete: true },
      usageMetadata: { promptTokenCount: 2, responseTokenCount: 3, totalTokenCount: 5 }
    })
  }
}

interface Sent {
  readonly realtimeInput?: { readonly text?: string }
  readonly clientContent?: {
    readonly turns?: ReadonlyArray<{ readonly parts: ReadonlyArray<{ readonly text: string }> }>
    readonly turnComplete?: boolean
  }
}

/** The text that a client message asks an answer for. */
export const textOf = (message: Sent): string | undefined => {
  if (message.realtimeInput?.text !== undefined) return message.realtimeInput.text
  if (message.clientContent?.turnComplete !== true) return undefined
  return message.clientContent.turns?.at(-1)?.parts.map(({ text }) => text).join("")
}
