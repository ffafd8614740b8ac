/** Asks the upstream for a client, hands on what it says piece by piece, and writes the exchange down when it ended. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Recording from "../../cassettes/Recording.ts"
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import * as Render from "../answers/render.ts"
import * as Step from "../answers/step.ts"
import type * as Server from "../server/exchange.ts"
import * as RequestView from "./requestView.ts"
import type * as Scrubber from "./Scrubber.ts"
import type * as Tape from "./Tape.ts"
import * as Upstream from "./upstream.ts"

export interface Asking {
  readonly url: string
  readonly key: string | undefined
  readonly scrubber: Scrubber.Scrubber
  readonly secret: (value: string) => string
  /** Undefined where nothing is written. */
  readonly tape: Tape.TapeWriter | undefined
  readonly number: () => number
  readonly recorded: (isKept: boolean) => void
  /** What is still under way: each is written as it stands when the cassette is closed. */
  readonly open: Set<() => void>
}

/** The address at the upstream of what a client asked for here. */
export const addressOf = (upstream: string, url: URL): URL => {
  const { path } = EmulatorRequest.placeOf(url.pathname)
  const base = new URL(upstream)
  const made = new URL(base)
  made.pathname = `${base.pathname.replace(/\/+$/, "")}${path}`
  made.search = url.search
  return made
}

/** Addresses that the upstream tells lead back here, so that what follows comes this way, too. */
const turned = (headers: Readonly<Record<string, string>>, upstream: string, base: string): Record<string, string> => {
  const { origin, pathname } = new URL(upstream)
  const prefix = `${origin}${pathname.replace(/\/+$/, "")}`
  return Object.fromEntries(
    Object.entries(headers).map(([name, value]) => [
      name,
      /^(?:x-goog-upload-(?:control-)?url|location)$/.test(name) && value.startsWith(prefix)
        ? `${base}${value.slice(prefix.length)}`
        : value
    ])
  )
}

/** What a client hears that asks for a server that is not there. */
export const unreachedText = (upstream: string, why: string): string =>
  `The upstream ${new URL(upstream).origin} cannot be reached: ${why}. Nothing was recorded.`

/** Keys that only mean an emulator, which clients are given that have none of their own. */
const isOurs = (key: string): boolean => key === "" || key === "emulator" || key.startsWith("space:")

/**
 * The headers of a client as they go on. The key of the upstream goes in place of those of clients that have none, and
 * the key of a client that has one is its own.
 */
export const headersFor = (
  { key }: Pick<Asking, "key">,
  incoming: Pick<Server.Incoming, "headers" | "url">,
  address: URL
): Record<string, string> => {
  const headers = Upstream.forwarded(incoming.headers)
  if (key === undefined) return headers
  const { authorization, "x-goog-api-key": inHeader } = headers
  const bearer = /^(?:bearer|token) +(.*)$/i.exec(authorization ?? "")?.[1] ?? authorization
  const given = [inHeader, bearer, address.searchParams.get("key"), address.searchParams.get("access_token")]
  if (given.some((each) => typeof each === "string" && !isOurs(each))) return headers
  for (const name of ["key", "access_token"]) address.searchParams.delete(name)
  delete headers["authorization"]
  return { ...headers, "x-goog-api-key": key }
}

/**
 * The credentials that a client sends, which stand nowhere in the recording, whatever they look like. Those that only mean
 * an emulator stay, and so do those of fewer than eight characters, which would be found in any text.
 */
export const credentialsOf = ({ headers, url }: Pick<Server.Incoming, "headers" | "url">): ReadonlyArray<string> => {
  const { authorization, "x-goog-api-key": key } = headers
  const bearer = /^\S+ +(.*)$/.exec(authorization ?? "")?.[1]
  return [key, bearer, url.searchParams.get("key"), url.searchParams.get("access_token")]
    .filter((each) => typeof each === "string")
    .filter((each) => each.length >= 8 && !isOurs(each))
}

/** How much of an exchange is held until it has ended: as much as the cassette has room for. */
export const roomOf = (tape: Tape.TapeWriter | undefined) => {
  let size = 0
  const isOver = () => tape !== undefined && size > tape.room()
  return {
    isOver,
    /** Gives whether so many bytes more are to be held. */
    takes: (bytes: number): boolean => {
      size += bytes
      return tape !== undefined && !isOver()
    }
  }
}

export const ask = Effect.fnUntraced(function*(
  target: Asking,
  incoming: Server.Incoming,
  body: Uint8Array,
  base: string
): Effect.fn.Return<Server.Exchange> {
  const { secret, tape } = target
  const scrubber = target.scrubber.knowing(credentialsOf(incoming))
  const clock = yield* Clock.Clock
  const began = clock.currentTimeMillisUnsafe()
  const elapsed = () => clock.currentTimeMillisUnsafe() - began
  const n = target.number()
  const address = addressOf(target.url, incoming.url)
  const upstream = Upstream.ask(address, incoming.verb, headersFor(target, incoming, address), body)
  const room = roomOf(tape)
  room.takes(body.length)

  const pieces: Array<Uint8Array> = []
  const times: Array<number> = []
  let head: Extract<Upstream.Event, { _tag: "Head" }> | undefined
  let answered = 0
  let isWritten = false
  const write = (end: Recording.Http["response"]["end"]) => {
    if (isWritten) return
    isWritten = true
    target.open.delete(stop)
    if (tape === undefined) return
    if (room.isOver()) return target.recorded(false)
    const scrubbed = scrubber.body(pieces)
    const [sent = new Uint8Array()] = scrubber.body([body])
    target.recorded(tape.add((piece) => ({
      n,
      request: {
        method: incoming.verb,
        path: RequestView.pathOf(incoming.url, scrubber, secret),
        headers: RequestView.ofRequest(incoming.headers, scrubber),
        ...(body.length === 0 ? {} : { body: piece(sent) })
      },
      response: {
        ...(head === undefined ? {} : { status: head.status }),
        headers: head === undefined ? {} : RequestView.ofResponse(head.headers, scrubber, secret),
        ...(head === undefined ? {} : { answered }),
        chunks: scrubbed.map((bytes, i) => [times[i] ?? 0, piece(bytes)] as const),
        end,
        ended: elapsed()
      }
    })))
  }
  const stop = () => {
    upstream.leave()
    write("aborted")
  }
  target.open.add(stop)
  const ended = (event: Extract<Upstream.Event, { _tag: "End" }>): Step.Steps => {
    write(event.end)
    return event.end === "complete" ? [] : [Step.broken(event.end)]
  }
  const next: Effect.Effect<Step.Steps> = Effect.map(upstream.next, (event) => {
    switch (event._tag) {
      case "Head":
        return [Step.more(next)]
      case "Bytes":
        if (room.takes(event.bytes.length)) {
          pieces.push(event.bytes)
          times.push(elapsed())
        } else {
          pieces.length = 0
          times.length = 0
        }
        return [Step.bytes(event.bytes), Step.more(next)]
      case "End":
        return ended(event)
      case "Unreached":
        return ended({ _tag: "End", end: "cut" })
    }
  })
  const first = yield* Effect.onInterrupt(upstream.next, () => Effect.sync(stop))
  if (first._tag === "Head") {
    head = first
    answered = elapsed()
  }
  const steps: Step.Steps = first._tag === "Head"
    ? [Step.head(first.status, turned(first.headers, target.url, base)), Step.more(next)]
    : first._tag === "End"
    ? ended(first)
    : first._tag === "Unreached"
    ? Render.error({ code: 502, message: unreachedText(target.url, first.why), status: "UNAVAILABLE" }, "json")
    : []
  // Nothing is written of a server that was not there.
  if (first._tag === "Unreached") {
    isWritten = true
    target.open.delete(stop)
  }
  return {
    steps,
    sleep: Effect.sleep,
    sentHead: () => undefined,
    sentBytes: () => undefined,
    closed: (outcome) => {
      if (outcome !== "aborted" || isWritten) return
      stop()
    }
  }
})
