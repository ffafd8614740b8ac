import { afterAll, assert, describe, it } from "@effect/vitest"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import type { LiveError } from "effect-gemini/LiveError"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as RateLimiter from "effect-gemini/RateLimiter"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import type { Socket } from "node:net"
import * as LiveServer from "./liveServer.ts"

/** The words of closes that are no refusal, whatever their code says: 1008 ends connections after their ten minutes. */
const aborted = "The operation was aborted."
const random = "Operation is not implemented, or supported, or enabled."

const phases = ["before setup", "in mid-turn", "idle"] as const
type Phase = (typeof phases)[number]

/** What is expected without reconnection and with it, in each phase. Filled in before the table was first run. */
type Row = readonly [off: string, on: string]
type Expected = Readonly<Record<Phase, Row>>

const both = (text: string): Row => [text, text]

const lost = (code: number): Expected => ({
  "before setup": both(`connect: Handshake ${code}`),
  "in mid-turn": [
    `turn: Interrupted ${code}; closed: Interrupted ${code}`,
    `turn: Interrupted ${code}, told; restored after 1 s`
  ],
  idle: [`closed: Interrupted ${code}`, "restored after 1 s"]
})

const refused = (code: number): Expected => ({
  "before setup": both(`connect: Handshake ${code}`),
  "in mid-turn": [
    `turn: Interrupted ${code}; closed: Interrupted ${code}`,
    `turn: Interrupted ${code}, told; closed: Interrupted ${code}`
  ],
  idle: both(`closed: Interrupted ${code}`)
})

const harmless: Expected = {
  "before setup": both("open"),
  "in mid-turn": both("turn: answered; open"),
  idle: both("open")
}

const expected = {
  drop: { ...lost(1006), "before setup": both("connect: Network 1006") },
  "reset": { ...lost(1006), "before setup": both("connect: Network 1006") },
  "close 1000": lost(1000),
  "close 1001": lost(1001),
  "close 1007": refused(1007),
  "close 1008": refused(1008),
  "close 1011": lost(1011),
  "close 1012": lost(1012),
  "close 1013": lost(1013),
  "close 1014": lost(1014),
  "close 4000": lost(4000),
  [`close 1008 ${aborted}`]: lost(1008),
  [`close 1008 ${random}`]: lost(1008),
  "close 1008 Requested entity was not found.": refused(1008),
  "close 1011 Your prepayment credits are depleted.": refused(1011),
  // Silence of a peer that still answers pings: the idle deadline, 25 s, which counts only while an answer is due.
  stall: {
    "before setup": both("connect: TimedOut setup after 10 s"),
    "in mid-turn": [
      "turn: TimedOut idle after 25 s; closed: TimedOut idle",
      "turn: TimedOut idle after 25 s, told; restored after 26 s"
    ],
    idle: both("open")
  },
  // Nothing at all: the second ping is due after 10 s, its pong 5 s later.
  "half-open": {
    "before setup": both("connect: TimedOut setup after 10 s"),
    "in mid-turn": [
      "turn: TimedOut ping after 15 s; closed: TimedOut ping",
      "turn: TimedOut ping after 15 s, told; restored after 16 s"
    ],
    idle: ["closed: TimedOut ping after 15 s", "restored after 16 s"]
  },
  garbage: {
    "before setup": both("connect: InvalidServerMessage"),
    "in mid-turn": [
      "turn: InvalidServerMessage; closed: InvalidServerMessage",
      "turn: InvalidServerMessage, told; closed: InvalidServerMessage"
    ],
    idle: both("closed: InvalidServerMessage")
  },
  fragmented: harmless,
  binary: harmless,
  // The peer reads nothing for a while: sound is dropped and counted, words are not.
  "slow reader": {
    "before setup": both("connect: TimedOut setup after 10 s"),
    "in mid-turn": both("turn: answered, sound dropped; open"),
    idle: both("open, sound dropped")
  },
  // Ten seconds are given; 1.5 of them are kept back.
  goAway: {
    "before setup": ["closed: ServerDisconnect 1011", "restored"],
    "in mid-turn": [
      "turn: ServerDisconnect 1011; closed: ServerDisconnect 1011",
      "turn: ServerDisconnect after 9 s, told; restored after 9 s"
    ],
    idle: ["closed: ServerDisconnect 1011", "restored"]
  }
} satisfies Record<string, Expected>

type Fault = keyof typeof expected & string

const content = (text: string) => ({ serverContent: { modelTurn: { role: "model", parts: [{ text }] } } })
const complete = { serverContent: { turnComplete: true } }
const handle = { sessionResumptionUpdate: { newHandle: "h", resumable: true } }

/** What each fault does to a connection. `rest` are the messages that a harmless one still carries. */
const inflict = (fault: Fault, peer: LiveServer.Peer, rest: ReadonlyArray<unknown>, isReconnecting: boolean): void => {
  const { ws } = peer
  // The socket below: what ws itself would still read and answer is not wanted.
  const socket = Reflect.get(ws, "_socket") as Socket
  switch (fault) {
    case "drop":
      return ws.terminate()
    case "reset":
      return void socket.resetAndDestroy()
    case "stall":
      return
    case "half-open":
      socket.pause()
      return
    case "garbage":
      return ws.send("{\"serverContent\": ")
    case "fragmented":
      for (const message of rest) {
        const whole = LiveServer.frame(message)
        for (let i = 0; i < whole.length; i += 5) {
          ws.send(whole.subarray(i, i + 5), { binary: true, fin: i + 5 >= whole.length })
        }
      }
      return
    case "binary":
      for (const message of rest) ws.send(JSON.stringify(message), { binary: true })
      return
    case "slow reader":
      socket.pause()
      return
    case "goAway":
      peer.send({ goAway: { timeLeft: "10s" } })
      if (!isReconnecting) ws.close(1011, "The operation was aborted.")
      return
    default:
      return ws.close(Number(fault.slice(6, 10)), fault.slice(11) || "said the server")
  }
}

const live = <A, E, R>(effect: Effect.Effect<A, E, R>) => TestClock.withLive(effect)

const nextTurn = Effect.callback<void>((resume) => void setImmediate(() => resume(Effect.void)))

/**
 * Lets sockets do their work, in real time. Both ends are in this process, so what they need is turns of its event loop:
 * on a busy machine ten milliseconds may be over after one, and a redial needs several.
 */
const settle = live(Effect.andThen(Effect.sleep("10 millis"), Effect.repeat(nextTurn, { times: 8 })))

/** Moves the clock a second at a time, and only when sockets had time for what they do, until it is done. */
const pumpUntil = <A>(
  done: Effect.Effect<A | undefined>,
  isRedialing: Effect.Effect<boolean> = Effect.succeed(false)
): Effect.Effect<A> =>
  Effect.gen(function*() {
    for (let second = 0; second < 60; second++) {
      // What happens by itself happens before the clock moves at all, and what redials does so after a second: both have
      // their time on a busy machine, too.
      const patience = second < 2 || (yield* isRedialing) ? 40 : 3
      for (let turn = 0; turn < patience; turn++) {
        const found = yield* done
        if (found !== undefined) return found
        yield* settle
      }
      yield* TestClock.adjust("1 second")
    }
    return yield* Effect.die("nothing came of it in a minute")
  })

const pump = <A, E>(fiber: Fiber.Fiber<A, E>): Effect.Effect<Exit.Exit<A, E>> =>
  pumpUntil(Effect.sync(() => fiber.pollUnsafe()))

const named = (error: LiveError): string => {
  const phase = error.reason._tag === "TimedOut" ? ` ${error.reason.phase}` : ""
  return `${error.reason._tag}${phase}${error.code === undefined ? "" : ` ${error.code}`}`
}

const table = new Map<string, string>()

const run = (fault: Fault, phase: Phase, isReconnecting: boolean) =>
  Effect.gen(function*() {
    const heard: Array<string> = []
    const server = yield* LiveServer.listen({
      setup: (peer) => {
        const isFirst = peer.index === 0
        if (!isFirst || phase !== "before setup") return peer.send({ setupComplete: {} })
        if (fault === "goAway") peer.send({ setupComplete: {} })
        return inflict(fault, peer, [{ setupComplete: {} }], isReconnecting)
      },
      message: (peer, message) => {
        const text = LiveServer.textOf(message)
        if (text === undefined) return
        heard.push(text)
        peer.send(content(text))
        if (text !== "fault") {
          peer.send(complete)
          peer.send(handle)
          return
        }
        inflict(fault, peer, [content(" and more"), complete], isReconnecting)
        // A slow reader still speaks.
        if (fault === "slow reader") peer.send(complete)
      }
    })
    let started = yield* Clock.currentTimeMillis
    const after = Effect.map(Clock.currentTimeMillis, (now) => {
      const seconds = Math.ceil((now - started) / 1000)
      return seconds === 0 ? "" : ` after ${seconds} s`
    })
    const wake = () => {
      for (const { ws } of server.peers) (Reflect.get(ws, "_socket") as Socket | undefined)?.resume()
    }

    const outcome = Effect.gen(function*() {
      const gemini = yield* GeminiLive.GeminiLive
      const connecting = yield* Effect.forkChild(gemini.connect({
        model: "gemini-2.0-flash-live",
        ping: { interval: "10 seconds", timeout: "5 seconds" },
        timeouts: { idle: "25 seconds" },
        mediaLimit: 400_000,
        ...(isReconnecting ? { reconnect: { schedule: Schedule.spaced("1 second") } } : {})
      }))
      const connected = yield* pump(connecting)
      if (Exit.isFailure(connected)) {
        const error = yield* Effect.flip(Fiber.join(connecting))
        return `connect: ${named(error)}${yield* after}`
      }
      const session: LiveSession = connected.value
      const events: Array<LiveEvent> = []
      yield* Effect.forkScoped(
        Effect.exit(Stream.runForEach(session.events, (event) => Effect.sync(() => events.push(event)))),
        { startImmediately: true }
      )
      const has = (tag: LiveEvent["_tag"]) => events.some(({ _tag }) => _tag === tag)
      const ask = (text: string) => Effect.flatMap(Effect.forkChild(session.ask(text)), pump)
      const parts: Array<string> = []

      if (phase !== "before setup") assert.isTrue(Exit.isSuccess(yield* ask("first")))
      yield* settle
      started = yield* Clock.currentTimeMillis

      // Slowly enough for a peer that reads.
      const flood = Effect.forEach(
        Array.from({ length: 300 }),
        () => Effect.andThen(session.sendAudio(new Uint8Array(64_000)), live(Effect.sleep("1 millis"))),
        { discard: true }
      )
      if (phase === "in mid-turn") {
        const asked = yield* Effect.forkChild(session.ask("fault"))
        if (fault === "slow reader") {
          yield* settle
          yield* flood
        }
        const exit = yield* pump(asked)
        yield* settle
        const told = has("TurnInterrupted") ? ", told" : ""
        const dropped = fault === "slow reader" && (yield* session.health).dropped > 0 ? ", sound dropped" : ""
        if (Exit.isSuccess(exit)) parts.push(`turn: answered${dropped}`)
        else {parts.push(
            `turn: ${named(yield* Effect.flip(Fiber.join(asked)))}${yield* after}${isReconnecting ? told : ""}`
          )}
      } else if (phase === "idle") {
        const peer = server.peers[0]
        if (peer !== undefined) inflict(fault, peer, [{ usageMetadata: { totalTokenCount: 1 } }], isReconnecting)
        if (fault === "slow reader") yield* flood
      }

      // Until the session is closed, restored, or plainly untouched by it.
      const isUntouched = expected[fault] === harmless || fault === "slow reader"
      const status = yield* pumpUntil(
        Effect.gen(function*() {
          const status = yield* session.status
          if (status._tag === "Closed" || has("Reconnected") || isUntouched) return status
          // Nothing is due in an idle session, so that silence is no fault for as long as one looks.
          const isSilent = fault === "stall" && phase === "idle"
          return isSilent && (yield* Clock.currentTimeMillis) >= started + 50_000 ? status : undefined
        }),
        Effect.map(session.status, ({ _tag }) => _tag === "Reconnecting")
      )
      const when = yield* after
      if (status._tag === "Closed") {
        const { error } = status
        parts.push(`closed: ${error === undefined ? "by us" : named(error)}${phase === "in mid-turn" ? "" : when}`)
        return parts.join("; ")
      }
      wake()
      const restored = events.find(({ _tag }) => _tag === "Reconnected")
      if (restored?._tag === "Reconnected") {
        // Before the first turn the server has given no handle, and there is nothing to restore.
        assert.strictEqual(restored.isStateRestored, phase !== "before setup")
        assert.strictEqual(restored.unacknowledged, 0)
        parts.push(`restored${when}`)
      } else {
        const dropped = fault === "slow reader" && phase === "idle" && (yield* session.health).dropped > 0
        parts.push(dropped ? "open, sound dropped" : "open")
      }
      const last = yield* ask("last")
      assert.isTrue(Exit.isSuccess(last) && last.value.text === "last", "the session goes on")
      return parts.join("; ")
    })

    const { lanes, result } = yield* Effect.gen(function*() {
      let isOver = false
      const over = Effect.sync(() => {
        isOver = true
      })
      const whole = yield* Effect.forkChild(Effect.scoped(Effect.ensuring(outcome, over)))
      // What runs inside moves the clock itself; a close handshake without an answer takes a second of it.
      yield* Effect.repeat(settle, { until: () => isOver })
      const exit = yield* pump(whole)
      const lanes = yield* RateLimiter.RateLimiter.use(({ snapshot }) => snapshot)
      return { lanes, result: Exit.isSuccess(exit) ? exit.value : `defect: ${String(exit.cause)}` }
    }).pipe(Effect.provide(NodeGemini.layer({ apiKey: Redacted.make("test-key"), baseUrl: server.url, tier: "tier3" })))

    wake()
    yield* live(
      Effect.suspend(() => server.open() === 0 ? Effect.void : Effect.fail("open")).pipe(
        Effect.retry(Schedule.spaced("2 millis")),
        Effect.timeout("3 seconds"),
        Effect.ignore
      )
    )
    const connections = server.peers.length
    // A fiber that was left behind would dial, ping or time out by now.
    yield* TestClock.adjust("1 hour")
    yield* settle
    const left = [
      server.open() === 0 ? "" : "a socket",
      server.peers.length === connections ? "" : "a fiber",
      lanes.every(({ used }) => used.inFlight === 0) ? "" : "a permit"
    ].filter((text) => text !== "")
    const doubled = heard.filter((text, index) => heard.indexOf(text) !== index)
    return [
      result,
      ...left.map((text) => `${text} left`),
      ...doubled.map((text) => `${text} sent twice`)
    ].join("; ")
  })

// Nearly all of a row is waiting for sockets, each of its own, so five rows wait beside each other.
describe.concurrent("a fault", () => {
  afterAll(() => {
    process.stdout.write(`\n${Array.from(table).toSorted().map(([, line]) => line).join("\n")}\n`)
  })

  for (const fault of Object.keys(expected) as ReadonlyArray<Fault>) {
    for (const phase of phases) {
      for (const isReconnecting of [false, true]) {
        const want = expected[fault][phase][isReconnecting ? 1 : 0]
        it.effect(`${fault}, ${phase}, reconnect ${isReconnecting ? "on" : "off"}: ${want}`, () =>
          Effect.gen(function*() {
            const got = yield* run(fault, phase, isReconnecting)
            const mark = got === want ? "ok " : "NO "
            table.set(
              `${fault} ${phase} ${isReconnecting}`,
              `${mark} ${fault.padEnd(12)} ${phase.padEnd(13)} ${isReconnecting ? "on " : "off"} ${want}${
                got === want ? "" : `   GOT ${got}`
              }`
            )
            assert.strictEqual(got, want)
          }))
      }
    }
  }
})
