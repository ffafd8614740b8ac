/**
 * WebSockets of the package `ws`, which is an optional peer. It is loaded when a program asks for Live on Node, and
 * named if it is missing.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Socket from "effect/socket/Socket"

const load = (): Promise<typeof import("ws")> =>
  import("ws").catch((cause: unknown) => {
    throw new Error("Live on Node needs the package `ws` (^8.18.0), which is not installed", { cause })
  })

/**
 * The constructor of WebSockets. `maxPayload` is the most bytes of a message, its fragments together: `ws` reads no
 * more of a larger one. A missing package is a defect, because the type of a layer promises never to fail.
 */
export const layer = (maxPayload: number): Layer.Layer<Socket.WebSocketConstructor> =>
  Layer.effect(
    Socket.WebSocketConstructor,
    Effect.map(Effect.promise(load), ({ WebSocket }) => {
      // Most of what is sent is sound, which cannot be compressed further.
      const fixed = { perMessageDeflate: false, maxPayload }
      return (url, options) => {
        const { headers, protocols } = options === undefined || typeof options === "string" || Array.isArray(options)
          ? { headers: undefined, protocols: options }
          : options
        return new WebSocket(url, protocols, headers === undefined ? fixed : { ...fixed, headers })
      }
    })
  )
