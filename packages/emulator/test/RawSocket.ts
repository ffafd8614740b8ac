/** A client that keeps to no protocol: the bytes that it sends, and what it hears. */
import * as Effect from "effect/Effect"
import { connect } from "node:net"

export interface Heard {
  readonly text: string
  /** Whether the other side closed the connection. */
  readonly closed: boolean
}

export const portOf = (url: string): number => Number(new URL(url).port)

/**
 * Sends the pieces one by one, and `later` when something is heard. Listens until it is `enough`, the
 * other side closes, or so many milliseconds have passed: `millis` in all, `linger` since the first byte.
 */
export const converse = (
  port: number,
  pieces: ReadonlyArray<string | Uint8Array>,
  options: {
    readonly enough: (text: string) => boolean
    readonly millis: number
    readonly linger?: number
    readonly later?: ReadonlyArray<Uint8Array>
  }
): Effect.Effect<Heard> =>
  Effect.callback((resume) => {
    let text = ""
    const socket = connect(port, "127.0.0.1", () => {
      for (const piece of pieces) socket.write(piece)
    })
    const end = (closed: boolean) => {
      clearTimeout(timer)
      socket.destroy()
      resume(Effect.succeed({ text, closed }))
    }
    let timer = setTimeout(() => end(false), options.millis)
    socket.on("data", (data) => {
      if (text === "") {
        for (const piece of options.later ?? []) socket.write(piece)
        if (options.linger !== undefined) {
          clearTimeout(timer)
          timer = setTimeout(() => end(false), options.linger)
        }
      }
      text += data.toString("latin1")
      if (options.enough(text)) end(false)
    })
    socket.on("error", () => undefined)
    socket.on("close", () => end(true))
    return Effect.sync(() => end(false))
  })

/** Of an answer, its status; 0 where there is none. */
export const statusOf = ({ text }: Heard): number => Number(/^HTTP\/1\.1 (\d{3}) /.exec(text)?.[1] ?? 0)

/** Of what a WebSocket heard, the code of the close frame; 0 as long as there is none. */
export const closeCodeOf = (text: string): number => {
  const bytes = Buffer.from(text, "latin1")
  const at = bytes.indexOf(0x88)
  return at === -1 || bytes.length < at + 4 ? 0 : bytes.readUInt16BE(at + 2)
}

/** A request to open a WebSocket. */
export const upgrade = (path: string, port: number, host = `127.0.0.1:${port}`): string =>
  `GET ${path} HTTP/1.1\r\nHost: ${host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n` +
  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"

export const livePath = "/ws/google.ai.generativelanguage.v1beta.GenerativeService.BidiGenerateContent?key=k"

/** A frame with a mask of zeros. `length` is what its head says, which need not be so. */
export const frame = (opcode: number, payload: Uint8Array, length = payload.length, reserved = 0): Uint8Array => {
  const first = 0x80 | reserved | opcode
  const mask = [0, 0, 0, 0]
  if (length < 126) return Buffer.from([first, 0x80 | length, ...mask, ...payload])
  const long = length >= 65_536
  const head = Buffer.alloc(long ? 14 : 8)
  head[0] = first
  head[1] = 0x80 | (long ? 127 : 126)
  if (long) head.writeBigUInt64BE(BigInt(length), 2)
  else head.writeUInt16BE(length, 2)
  return Buffer.concat([head, payload])
}
