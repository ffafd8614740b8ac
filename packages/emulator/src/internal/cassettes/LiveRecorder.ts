/** Holds a Live session with the upstream for a client, and writes it down when it ended. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { WebSocket } from "ws"
import type * as Recording from "../../cassettes/Recording.ts"
import type * as Carrier from "../live/carrier.ts"
import * as Recorder from "./Recorder.ts"
import * as RequestView from "./requestView.ts"
import * as Upstream from "./upstream.ts"

interface Frame {
  readonly ms: number
  readonly from: "c" | "s"
  readonly kind: "text" | "binary"
  readonly bytes: Uint8Array
}

/** The codes that no close frame carries. */
const isSilent = (code: number): boolean => code === 1005 || code === 1006 || code === 1015

export const open = Effect.fnUntraced(function*(
  target: Recorder.Asking,
  incoming: Carrier.IncomingUpgrade
): Effect.fn.Return<Carrier.Upgrade> {
  const { scrubber, secret, tape } = target
  const clock = yield* Clock.Clock
  const began = clock.currentTimeMillisUnsafe()
  const elapsed = () => clock.currentTimeMillisUnsafe() - began
  const n = target.number()
  const url = Recorder.addressOf(target.url, incoming.url)
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
  const headers = Upstream.forwarded(incoming.headers)
  if (!Recorder.isKeyed(incoming) && target.key !== undefined) headers["x-goog-api-key"] = target.key

  const frames: Array<Frame> = []
  let close: Recording.Live["close"]
  let isWritten = false
  const write = (
    refused?: { readonly status: number; readonly headers: Record<string, string>; readonly body: Buffer }
  ) => {
    if (isWritten) return
    isWritten = true
    if (tape === undefined) return
    // Each side's messages are searched as one, because what is said goes over several of them.
    const scrubbed = (from: "c" | "s") =>
      scrubber.messages(frames.filter((frame) => frame.from === from).map(({ bytes }) => bytes)).values()
    const sides = { c: scrubbed("c"), s: scrubbed("s") }
    target.recorded(tape.add((piece): Recording.Live => ({
      n,
      live: {
        path: RequestView.pathOf(incoming.url, scrubber, secret),
        headers: RequestView.ofRequest(incoming.headers, scrubber)
      },
      frames: frames.map(({ from, kind, ms }) => {
        const { value = new Uint8Array() } = sides[from].next()
        return [ms, from, kind, piece(value)] as const
      }),
      ...(close === undefined ? {} : { close: { ...close, reason: scrubber.text(close.reason) } }),
      ...(refused === undefined ? {} : {
        refused: {
          status: refused.status,
          headers: RequestView.ofResponse(refused.headers, scrubber, secret),
          body: piece(scrubber.body([refused.body])[0] ?? refused.body)
        }
      })
    })))
  }

  const ws = new WebSocket(url, { headers, perMessageDeflate: false, maxPayload: 0 })
  // Listeners are there before the first message can come.
  const waiting: Array<Frame | "closed"> = []
  let wake: (() => void) | undefined
  const tell = (what: Frame | "closed") => {
    waiting.push(what)
    wake?.()
  }
  ws.on("message", (data, isBinary) => {
    const bytes = Array.isArray(data) ? Buffer.concat(data) : data instanceof ArrayBuffer ? Buffer.from(data) : data
    const frame: Frame = { ms: elapsed(), from: "s", kind: isBinary ? "binary" : "text", bytes }
    frames.push(frame)
    tell(frame)
  })
  ws.on("error", () => undefined)
  ws.on("close", (code, reason) => {
    close ??= { by: "s", code, reason: reason.toString("utf8"), ms: elapsed() }
    write()
    tell("closed")
  })
  const opened = yield* Effect.callback<Carrier.Upgrade | undefined>((resume) => {
    ws.once("open", () => resume(Effect.succeed(undefined)))
    ws.once("unexpected-response", (_, response) => {
      const pieces: Array<Buffer> = []
      response.on("data", (piece: Buffer) => pieces.push(piece))
      response.on("close", () => {
        const body = Buffer.concat(pieces)
        const { "content-type": type = "text/plain" } = response.headers
        const status = response.statusCode ?? 502
        write({ status, headers: { "content-type": type }, body })
        resume(Effect.succeed({ _tag: "Refused", status, headers: { "content-type": type }, body: [body] }))
      })
    })
    ws.once("error", (error) => {
      // The upgrade of a server that was not there is not written down.
      isWritten = true
      const message = `The upstream ${
        new URL(target.url).origin
      } cannot be reached: ${error.message}. Nothing was recorded.`
      resume(Effect.succeed({
        _tag: "Refused",
        status: 502,
        headers: { "content-type": "text/plain; charset=UTF-8" },
        body: [Buffer.from(`${message}\n`)]
      }))
    })
    return Effect.sync(() => ws.terminate())
  })
  if (opened !== undefined) return opened

  const next = Effect.callback<Frame | "closed">((resume) => {
    const take = () => {
      const what = waiting.shift()
      if (what === undefined) return
      wake = undefined
      resume(Effect.succeed(what))
    }
    wake = take
    take()
    return Effect.sync(() => {
      wake = undefined
    })
  })
  return {
    _tag: "Accepted",
    connect: (carrier) => ({
      run: Effect.gen(function*() {
        for (;;) {
          const what = yield* next
          if (what === "closed") break
          const data = what.kind === "text" ? Buffer.from(what.bytes).toString("utf8") : what.bytes
          yield* carrier.send({ data, fragments: 1 })
        }
        if (close?.code === 1006) carrier.destroy("cut")
        else carrier.close(close?.code ?? 1005, close?.reason ?? "")
      }),
      receive: (data) => {
        const isText = typeof data === "string"
        const bytes = isText ? Buffer.from(data) : data
        frames.push({ ms: elapsed(), from: "c", kind: isText ? "text" : "binary", bytes })
        if (ws.readyState === WebSocket.OPEN) ws.send(bytes, { binary: !isText })
      },
      pinged: (pong) => pong(),
      gone: (code, reason) => {
        close ??= { by: "c", code, reason, ms: elapsed() }
        write()
        if (ws.readyState === WebSocket.CLOSED || ws.readyState === WebSocket.CLOSING) return
        if (code === 1006) ws.terminate()
        else if (isSilent(code)) ws.close()
        else ws.close(code, reason)
      }
    })
  }
})
