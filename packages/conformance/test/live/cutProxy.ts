/** A TCP proxy on 127.0.0.1 that ends a connection after exactly so many bytes of one direction. */
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Net from "node:net"

/** Whose bytes are counted: those of the client, or those of the server. */
export type Direction = "client" | "server"

export interface Cut {
  readonly direction: Direction
  readonly after: number
  /** A FIN to both sides, or a RST. */
  readonly by: "FIN" | "RST"
}

export interface CutProxy {
  readonly url: string
  /** The next connection is cut like this, and those behind it are not. */
  readonly arm: (cut: Cut | undefined) => void
  /** Whether the cut that was armed last has been made. */
  readonly isCut: () => boolean
  /** The bytes that passed on the first connection since it was armed. */
  readonly passed: () => Readonly<Record<Direction, number>>
  /** How many sockets are open. */
  readonly open: () => number
}

export const listen = (port: number): Effect.Effect<CutProxy, never, Scope.Scope> =>
  Effect.map(
    Effect.acquireRelease(
      Effect.callback<{ readonly server: Net.Server; readonly proxy: CutProxy; readonly sockets: Set<Net.Socket> }>(
        (resume) => {
          const sockets = new Set<Net.Socket>()
          let armed: Cut | undefined
          let isFirst = true
          let isCut = false
          let passed = { client: 0, server: 0 }

          const server = Net.createServer({ allowHalfOpen: true }, (client) => {
            const upstream = Net.connect({ port, host: "127.0.0.1", allowHalfOpen: true })
            const [cut, counted] = isFirst ? [armed, passed] : [undefined, { client: 0, server: 0 }]
            isFirst = false
            let isOver = false
            for (const socket of [client, upstream]) {
              sockets.add(socket)
              socket.setNoDelay()
              socket.on("error", () => undefined)
              socket.on("close", () => sockets.delete(socket))
            }
            const end = (): void => {
              isOver = isCut = true
              for (const socket of [client, upstream]) {
                if (cut?.by === "RST") socket.resetAndDestroy()
                else socket.end()
              }
            }
            const pipe = (direction: Direction, from: Net.Socket, to: Net.Socket): void => {
              from.on("data", (data) => {
                // What comes behind the cut is read and dropped.
                if (isOver) return
                const left = cut?.direction === direction ? cut.after - counted[direction] : Infinity
                const piece = data.subarray(0, left)
                counted[direction] += piece.length
                if (left > data.length) return void to.write(piece)
                isOver = true
                if (piece.length === 0) end()
                else to.write(piece, end)
              })
              from.on("end", () => to.end())
              from.on("close", () => to.destroy())
            }
            pipe("client", client, upstream)
            pipe("server", upstream, client)
          })
          server.listen(0, "127.0.0.1", () => {
            const address = server.address()
            const own = typeof address === "object" && address !== null ? address.port : 0
            const proxy: CutProxy = {
              url: `http://127.0.0.1:${own}`,
              arm: (cut) => {
                armed = cut
                isFirst = true
                isCut = false
                passed = { client: 0, server: 0 }
              },
              isCut: () => isCut,
              passed: () => passed,
              open: () => sockets.size
            }
            resume(Effect.succeed({ server, proxy, sockets }))
          })
        }
      ),
      ({ server, sockets }) =>
        Effect.callback<void>((resume) => {
          for (const socket of sockets) socket.destroy()
          server.close(() => resume(Effect.void))
        })
    ),
    ({ proxy }) => proxy
  )
