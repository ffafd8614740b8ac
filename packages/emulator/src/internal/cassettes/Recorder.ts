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

const unreached = (upstream: string, why: string): Step.Steps => {
  const message = `The upstream ${new URL(upstream).origin} cannot be reached: ${why}. Nothing was recorded.`
  return Render.error({ code: 502, message, status: "UNAVAILABLE" }, "json")
}

export const isKeyed = ({ headers, url }: Pick<Server.Incoming, "headers" | "url">): boolean =>
  headers["x-goog-api-key"] !== undefined || headers["authorization"] !== undefined || url.searchParams.has("key") ||
  url.searchParams.has("access_token")

export const ask = Effect.fnUntraced(function*(
  target: Asking,
  incoming: Server.Incoming,
  body: Uint8Array,
  base: string
): Effect.fn.Return<Server.Exchange> {
  const { scrubber, secret, tape } = target
  const clock = yield* Clock.Clock
  const began = clock.currentTimeMillisUnsafe()
  const n = target.number()
  const headers = Upstream.forwarded(incoming.headers)
  if (!isKeyed(incoming) && target.key !== undefined) headers["x-goog-api-key"] = target.key
  const upstream = Upstream.ask(addressOf(target.url, incoming.url), incoming.verb, headers, body)

  const pieces: Array<Uint8Array> = []
  const times: Array<number> = []
  let head: Extract<Upstream.Event, { _tag: "Head" }> | undefined
  let isWritten = false
  const write = (end: Recording.Http["response"]["end"]) => {
    if (isWritten) return
    isWritten = true
    if (tape === undefined) return
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
        chunks: scrubbed.map((bytes, i) => [times[i] ?? 0, piece(bytes)] as const),
        end
      }
    })))
  }
  const ended = (event: Extract<Upstream.Event, { _tag: "End" }>): Step.Steps => {
    write(event.end)
    return event.end === "complete" ? [] : [Step.broken(event.end)]
  }
  const next: Effect.Effect<Step.Steps> = Effect.map(upstream.next, (event) => {
    switch (event._tag) {
      case "Head":
        return [Step.more(next)]
      case "Bytes":
        pieces.push(event.bytes)
        times.push(clock.currentTimeMillisUnsafe() - began)
        return [Step.bytes(event.bytes), Step.more(next)]
      case "End":
        return ended(event)
      case "Unreached":
        return ended({ _tag: "End", end: "cut" })
    }
  })
  const first = yield* Effect.onInterrupt(upstream.next, () =>
    Effect.sync(() => {
      upstream.leave()
      write("aborted")
    }))
  if (first._tag === "Head") head = first
  const steps: Step.Steps = first._tag === "Head"
    ? [Step.head(first.status, turned(first.headers, target.url, base)), Step.more(next)]
    : first._tag === "End"
    ? ended(first)
    : first._tag === "Unreached"
    ? unreached(target.url, first.why)
    : []
  // Nothing is written of a server that was not there.
  if (first._tag === "Unreached") isWritten = true
  return {
    steps,
    sleep: Effect.sleep,
    sentHead: () => undefined,
    sentBytes: () => undefined,
    closed: (outcome) => {
      if (outcome !== "aborted" || isWritten) return
      upstream.leave()
      write("aborted")
    }
  }
})
