/**
 * WebSockets of the package `ws`, which is an optional peer: it is loaded when a program
 * asks for Live on Node, and named where it is missing.
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Socket from "effect/socket/Socket"

const load = (): Promise<typeof import("ws")> =>
  import("ws").catch((cause: unknown) => {
    throw new Error("Live on Node needs the package `ws` (^8.18.0), which is not installed", { cause })
  })

/**
 * With how many bytes a message may have, its fragments together: `ws` reads no more of a
 * larger one. A missing package is a defect: the type of a layer promises never to fail.
 */
export const layer = (maxPayload: number): Layer.Layer<Socket.WebSocketConstructor> =>
  Layer.effect(
    Socket.WebSocketConstructor,
    Effect.map(Effect.promise(load), ({ WebSocket }) => (url, options) => {
      const { headers, protocols } = options === undefined || typeof options === "string" || Array.isArray(options)
        ? { headers: undefined, protocols: options }
        : options
      // Most of what is sent is sound, which does not compress.
      const fixed = { perMessageDeflate: false, maxPayload }
      return new WebSocket(url, protocols, headers === undefined ? fixed : { ...fixed, headers })
    })
  )
