/**
 * Plays a recorded Live session: the server's messages in their order, each as soon as the client has said what it had
 * said before it. A client that says something else hears so, in the close frame.
 */
import * as Effect from "effect/Effect"
import type * as Recording from "../../cassettes/Recording.ts"
import * as Json from "../json.ts"
import type * as Carrier from "../live/carrier.ts"
import type { Speed } from "./httpPlayer.ts"
import * as Misses from "./misses.ts"
import * as Placeholders from "./Placeholders.ts"
import type * as Scrubber from "./Scrubber.ts"
import * as Tape from "./Tape.ts"

/** The longest reason of a close frame, in bytes (RFC 6455, 5.5). */
const longestReason = 123

const said = (bytes: Uint8Array): string => {
  const text = Buffer.from(bytes).toString("utf8")
  const value = Json.parse(text)
  return Placeholders.renumbered(value === undefined ? text : Json.canonical(Json.normalized(value)))
}

/** Whether a message of a client is the one that was recorded. */
export const isSame = (recorded: Uint8Array, asked: Uint8Array, scrubber: Scrubber.Scrubber): boolean => {
  // A secret may go over several messages, and then none of them can be told from another while it comes.
  if (Buffer.from(recorded).includes(Placeholders.prefix)) return true
  return said(recorded) === said(scrubber.messages([asked])[0] ?? asked)
}

export const play = (given: {
  readonly file: string
  readonly speed: Speed
  readonly scrubber: Scrubber.Scrubber
  /** Whether the words of a client count, or only how many messages it sends. */
  readonly compares: boolean
  /** The session that begins with this message of a client, or, without one, with an act of the server. */
  readonly choose: (first: Uint8Array | undefined) => Recording.Live | undefined
  /** Told that a client has left before it said anything. */
  readonly left: () => void
  /** Why no session begins with this message. */
  readonly why: (first: Uint8Array) => string
  /** Told why a session was ended that is not as recorded. */
  readonly missed: (why: string) => void
}) =>
(carrier: Carrier.Carrier): Carrier.Connection => {
  const { choose, compares, file, left, missed, scrubber, speed, why } = given
  const heard: Array<Uint8Array> = []
  /** How many messages of the client the session still wants; more of them change nothing, and are not kept. */
  let wanted = Number.POSITIVE_INFINITY
  let isDeaf = false
  let wake: (() => void) | undefined
  let isGone = false
  const hears = (count: number): Effect.Effect<void> =>
    Effect.callback((resume) => {
      const look = () => {
        if (heard.length < count && !isGone) return
        wake = undefined
        resume(Effect.void)
      }
      wake = look
      look()
      return Effect.sync(() => {
        wake = undefined
      })
    })
  const differs = (reason: string) => {
    missed(reason)
    const words = Buffer.from(`The cassette has no such session: ${reason}`).subarray(0, longestReason)
    carrier.close(1008, words.toString("utf8").replace(/\uFFFD+$/, ""))
  }
  return {
    run: Effect.gen(function*() {
      // A session is known by what its client says first, except for one in which the server speaks first.
      let session = choose(undefined)
      if (session === undefined) {
        yield* hears(1)
        const [first] = heard
        if (first === undefined) return left()
        session = choose(first)
        if (session === undefined) return differs(why(scrubber.messages([first])[0] ?? first))
      }
      wanted = session.frames.filter(([, from]) => from === "c").length
      isDeaf = session.deaf === 0
      let count = 0
      let now = session.answered ?? 0
      for (const [place, [ms, from, kind, piece, fragments = 1]] of session.frames.entries()) {
        isDeaf ||= session.deaf === place
        if (from === "c") {
          count++
          yield* hears(count)
          if (isGone) return
          const asked = heard[count - 1]
          const recorded = Tape.bytesOf(file, piece)
          if (compares && asked !== undefined && !isSame(recorded, asked, scrubber)) {
            const [scrubbed = asked] = scrubber.messages([asked])
            return differs(`message ${count} of the client differs in ${Misses.ofMessage(recorded, scrubbed)}`)
          }
          now = Math.max(now, ms)
          continue
        }
        if (speed > 0 && ms > now) yield* Effect.sleep(Math.round((ms - now) / speed))
        now = Math.max(now, ms)
        const bytes = Tape.bytesOf(file, piece)
        yield* carrier.send({ data: kind === "text" ? Buffer.from(bytes).toString("utf8") : bytes, fragments })
      }
      const { close, deaf } = session
      isDeaf = deaf !== undefined
      if (close === undefined || close.by === "c") {
        // A server that answers no ping reads nothing either.
        if (isDeaf) carrier.reading(false)
        return yield* Effect.never
      }
      if (speed > 0 && close.ms > now) yield* Effect.sleep(Math.round((close.ms - now) / speed))
      if (close.code === 1006) carrier.destroy(close.reset === true ? "reset" : "cut")
      else carrier.close(close.code, close.reason)
    }),
    receive: (data) => {
      if (heard.length >= wanted) return
      heard.push(typeof data === "string" ? Buffer.from(data) : data.slice())
      wake?.()
    },
    pinged: (pong) => {
      if (!isDeaf) pong()
    },
    gone: () => {
      isGone = true
      wake?.()
    }
  }
}
