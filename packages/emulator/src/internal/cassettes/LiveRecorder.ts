/** Holds a Live session with the upstream for a client, and writes it down when it ended. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Recording from "../../cassettes/Recording.ts"
import type * as Carrier from "../live/carrier.ts"
import * as LiveUpstream from "./liveUpstream.ts"
import * as Recorder from "./Recorder.ts"
import * as RequestView from "./requestView.ts"

interface Frame extends LiveUpstream.UpstreamMessage {
  readonly ms: number
  readonly from: "c" | "s"
}

/** As much of what the server says waits for a client that does not read before the server waits, too. */
const highWater = 256 * 1024

export const open = Effect.fnUntraced(function*(
  target: Recorder.Asking,
  incoming: Carrier.IncomingUpgrade
): Effect.fn.Return<Carrier.Upgrade> {
  const { secret, tape } = target
  const scrubber = target.scrubber.knowing(Recorder.credentialsOf(incoming))
  const clock = yield* Clock.Clock
  const began = clock.currentTimeMillisUnsafe()
  const elapsed = () => clock.currentTimeMillisUnsafe() - began
  const n = target.number()
  const url = Recorder.addressOf(target.url, incoming.url)
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:"
  const headers = Recorder.headersFor(target, incoming, url)

  const frames: Array<Frame> = []
  const room = Recorder.roomOf(tape)
  let close: Recording.Live["close"]
  /** When the upgrade was answered. */
  let answeredAt = 0
  /** The pings that were not answered yet, and how much had been said when the first of them came. */
  const pongs: Array<() => void> = []
  let deaf: number | undefined
  let isWritten = false
  const keep = (frame: Frame) => {
    if (room.takes(frame.bytes.length)) frames.push(frame)
    else frames.length = 0
  }
  const write = (refused?: LiveUpstream.DeclinedUpgrade) => {
    if (isWritten) return
    isWritten = true
    target.open.delete(stop)
    if (tape === undefined) return
    if (room.isOver()) return target.recorded(false)
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
      answered: answeredAt,
      frames: frames.map(({ fragments, from, kind, ms }) => {
        const { value = new Uint8Array() } = sides[from].next()
        return fragments === 1 ? [ms, from, kind, piece(value)] : [ms, from, kind, piece(value), fragments]
      }),
      ...(deaf === undefined ? {} : { deaf }),
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

  const waiting: Array<LiveUpstream.UpstreamMessage | "closed"> = []
  let unread = 0
  let wake: (() => void) | undefined
  const tell = (what: LiveUpstream.UpstreamMessage | "closed") => {
    waiting.push(what)
    wake?.()
  }
  let opened: (upgrade: Carrier.Upgrade | undefined) => void = () => undefined
  // The listeners are there before the first message can come.
  const upstream = LiveUpstream.dial(url, headers, {
    opened: () => {
      answeredAt = elapsed()
      opened(undefined)
    },
    message: (message) => {
      keep({ ...message, ms: elapsed(), from: "s" })
      unread += message.bytes.length
      if (unread > highWater) upstream.reading(false)
      tell(message)
    },
    ponged: () => {
      pongs.shift()?.()
      if (pongs.length === 0) deaf = undefined
    },
    ended: ({ code, isReset, reason }) => {
      close ??= { by: "s", code, reason, ms: elapsed(), ...(isReset ? { reset: true } : {}) }
      write()
      tell("closed")
    },
    refused: (refusal) => {
      answeredAt = elapsed()
      write(refusal)
      opened({ _tag: "Refused", status: refusal.status, headers: refusal.headers, body: [refusal.body] })
    },
    unreached: (why) => {
      // The upgrade of a server that was not there is not written down.
      isWritten = true
      target.open.delete(stop)
      opened({
        _tag: "Refused",
        status: 502,
        headers: { "content-type": "text/plain; charset=UTF-8" },
        body: [Buffer.from(`${Recorder.unreachedText(target.url, why)}\n`)]
      })
    }
  })
  const stop = () => {
    write()
    upstream.terminate()
  }
  target.open.add(stop)
  const answer = yield* Effect.callback<Carrier.Upgrade | undefined>((resume) => {
    opened = (upgrade) => resume(Effect.succeed(upgrade))
    return Effect.sync(stop)
  })
  if (answer !== undefined) return answer

  const next = Effect.callback<LiveUpstream.UpstreamMessage | "closed">((resume) => {
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
          yield* carrier.send({ data, fragments: what.fragments })
          unread -= what.bytes.length
          if (unread <= highWater) upstream.reading(true)
        }
        if (close?.code === 1006) carrier.destroy(close.reset === true ? "reset" : "cut")
        else carrier.close(close?.code ?? 1005, close?.reason ?? "")
      }),
      receive: (data) => {
        const isText = typeof data === "string"
        const bytes = isText ? Buffer.from(data) : data
        keep({ ms: elapsed(), from: "c", kind: isText ? "text" : "binary", bytes, fragments: 1 })
        if (!upstream.send(bytes, isText, () => carrier.reading(true))) carrier.reading(false)
      },
      pinged: (pong) => {
        deaf ??= frames.length
        pongs.push(pong)
        upstream.ping()
      },
      gone: (code, reason) => {
        close ??= { by: "c", code, reason, ms: elapsed() }
        write()
        upstream.leave(code, reason)
      }
    })
  }
})
