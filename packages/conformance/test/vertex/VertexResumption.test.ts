/**
 * Transparent resumption at the emulator's Vertex AI, over real sockets that are cut: what the server had not read is said
 * again, and what it had read is not, whether texts, turns of a history or answers of functions.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiLive from "effect-gemini/GeminiLive"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as LiveTools from "effect-gemini/live/LiveTools"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schedule from "effect/Schedule"
import * as Stream from "effect/Stream"

const texts = "gemini-robotics-er-2-streaming-preview"
const voice = "gemini-2.5-flash-native-audio-preview-12-2025"
const place = { project: "my-project", location: "europe-west4" }

const services = (server: Emulator.Options, requestType?: Vertex.RequestType) =>
  Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    const destination = yield* Vertex.destination({ ...place, baseUrl: url, requestType })
    return NodeGemini.layerLive({ destination, tier: "tier3" })
  }).pipe(
    Layer.unwrap,
    Layer.provide(AccessToken.layerStatic(Redacted.make("ya29.a-token"))),
    Layer.provideMerge(Emulator.layerServer(server))
  )

const connect = <R = never>(options: GeminiLive.ConnectOptions<R> = {}) =>
  GeminiLive.GeminiLive.use((live) =>
    live.connect({
      model: texts,
      ping: false,
      reconnect: { schedule: Schedule.spaced("1 millis"), budget: 50, transparent: true },
      ...options
    })
  )

/** Notes the events of a session, and waits for one that is wanted. */
const watch = Effect.fnUntraced(function*(session: LiveSession) {
  const seen: Array<LiveEvent> = []
  const waiting = new Set<() => void>()
  yield* Effect.forkScoped(
    Effect.exit(Stream.runForEach(session.events, (event) =>
      Effect.sync(() => {
        seen.push(event)
        for (const look of waiting) look()
      }))),
    { startImmediately: true }
  )
  const until = (isWanted: (seen: ReadonlyArray<LiveEvent>) => boolean) =>
    Effect.callback<void>((resume) => {
      const look = () => {
        if (!isWanted(seen)) return
        waiting.delete(look)
        resume(Effect.void)
      }
      waiting.add(look)
      look()
    })
  const held = (index: number) =>
    until((seen) => seen.some((event) => event._tag === "Resumption" && event.lastConsumed === index))
  const reconnected = (count: number) =>
    until((seen) => seen.filter(({ _tag }) => _tag === "Reconnected").length === count)
  return { seen, until, held, reconnected }
})

const said = (text: string) => [{ role: "user", parts: [{ text }] }]

/** Whole numbers below a bound, the same for the same seed. */
const dice = (seed: number) => {
  let state = seed
  return (below: number): number => {
    state = (state * 1_103_515_245 + 12_345) % 2_147_483_648
    return Math.floor(state / 65_536) % below
  }
}

/** What the server holds of what the user has said. */
const recalled = (session: LiveSession) =>
  Effect.map(session.ask("emulator:recall"), ({ text }) => text.split(" | ").filter((one) => !one.startsWith("emu")))

describe("transparent resumption on Vertex AI", () => {
  it.live("is asked for in the setup of each connection; the Gemini API refuses it before anything is dialled", () =>
    Effect.gen(function*() {
      const { live, url } = yield* Emulator.Emulator
      const session = yield* connect()
      const { held, reconnected } = yield* watch(session)
      yield* session.ask("one")
      yield* held(1)
      yield* live.drop
      yield* reconnected(1)
      const setups = (yield* live.connections).slice(-2).map(({ messages }) => JSON.stringify(messages[0]))
      assert.lengthOf(setups, 2)
      assert.include(setups[0], `"sessionResumption":{"transparent":true}`)
      assert.match(setups[1] ?? "", /"sessionResumption":\{"transparent":true,"handle":"/)

      const gemini = NodeGemini.layerLive({ apiKey: Redacted.make("key"), baseUrl: url })
      const refused = yield* Effect.flip(Effect.provide(Effect.scoped(connect()), gemini))
      assert.strictEqual(refused.reason._tag, "InvalidSetup")
      assert.include(refused.message, "setup.sessionResumption.transparent")
      assert.lengthOf(yield* live.connections, 2)
    }).pipe(Effect.scoped, Effect.provide(services({}))))

  it.live("says a text again that came behind the handle's state, and counts anew on each connection", () =>
    Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      const session = yield* connect()
      const { held, reconnected, seen } = yield* watch(session)
      yield* session.ask("one")
      // The server gathers the text while it gives the handle of the turn before.
      const two = yield* Effect.forkScoped(session.ask("two"), { startImmediately: true })
      yield* held(1)
      yield* live.drop
      yield* Fiber.join(two)
      yield* reconnected(1)
      yield* session.sendTurns(said("three"), { turnComplete: false })
      // The text that was said again is message 1 on this connection, and the turn is message 2.
      yield* held(2)
      yield* live.drop
      yield* reconnected(2)
      assert.deepStrictEqual(yield* recalled(session), ["one", "two", "three"])
      const again = seen.flatMap((event) => event._tag === "Resent" ? [JSON.stringify(event.message)] : [])
      assert.lengthOf(again, 1)
      assert.include(again[0], "two")
      const lost = seen.flatMap((event) => event._tag === "Reconnected" ? [event.unacknowledged] : [])
      assert.deepStrictEqual(lost, [0, 0])
    }).pipe(Effect.scoped, Effect.provide(services({ live: { mergeWithin: 200, handleDelay: 50 } }))))

  it.live("lets a function run on whose call the state holds, and sends its answer on the next connection", () =>
    Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      const gate = yield* Deferred.make<string>()
      let runs = 0
      const functions = LiveTools.make({
        look_up: {
          behavior: "NON_BLOCKING",
          handle: () => Effect.andThen(Effect.sync(() => runs++), Deferred.await(gate))
        }
      })
      const session = yield* connect({ model: voice, functions })
      const { held, reconnected, seen, until } = yield* watch(session)
      yield* session.sendText("emulator:call look_up")
      yield* held(1)
      yield* live.drop
      yield* reconnected(1)
      yield* Deferred.succeed(gate, "found")
      yield* until((seen) => seen.filter(({ _tag }) => _tag === "TurnComplete").length === 2)
      assert.strictEqual(runs, 1)
      assert.isFalse(seen.some(({ _tag }) => _tag === "ToolCallCancellation"))
      const [, next] = yield* live.connections
      const answers = (next?.messages ?? []).map((message) => JSON.stringify(message)).filter((message) =>
        message.includes("toolResponse")
      )
      assert.lengthOf(answers, 1)
      assert.include(answers[0], "found")
    }).pipe(Effect.scoped, Effect.provide(services({}))))

  it.live("says the answer of a function again that the server had not read", () =>
    Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      const functions = LiveTools.make({
        look_up: { behavior: "NON_BLOCKING", handle: () => Effect.sleep("100 millis").pipe(Effect.as("found")) }
      })
      const session = yield* connect({ model: voice, functions })
      const { held, reconnected, seen, until } = yield* watch(session)
      yield* session.sendText("emulator:call look_up")
      yield* held(1)
      // The answer has come, and the server gathers what may still follow before it goes on.
      yield* live.awaitLog(([first]) => JSON.stringify(first?.messages).includes("toolResponse"))
      yield* live.drop
      yield* reconnected(1)
      yield* until((seen) => seen.filter(({ _tag }) => _tag === "TurnComplete").length === 2)
      const again = seen.flatMap((event) => event._tag === "Resent" ? [JSON.stringify(event.message)] : [])
      assert.lengthOf(again, 1)
      assert.include(again[0], "found")
      const lost = seen.flatMap((event) => event._tag === "Reconnected" ? [event.unacknowledged] : [])
      assert.deepStrictEqual(lost, [0])
    }).pipe(Effect.scoped, Effect.provide(services({ live: { mergeWithin: 300 } }))))

  it.live("over cuts at random nothing that was said is lost or held twice", () =>
    Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      for (let seed = 1; seed <= 20; seed++) {
        const roll = dice(seed)
        yield* Effect.scoped(Effect.gen(function*() {
          const session = yield* connect({ timeouts: { turnEnd: "500 millis" } })
          const { seen } = yield* watch(session)
          const sure: Array<string> = []
          const unsure: Array<string> = []
          for (let step = 0; step < 8; step++) {
            const text = `s${seed}-${step}`
            const cut = Effect.andThen(Effect.sleep(roll(4)), live.drop)
            if (roll(2) === 0) {
              yield* session.sendTurns(said(text), { turnComplete: false })
              sure.push(text)
              if (roll(2) === 0) yield* cut
            } else {
              const asked = yield* Effect.forkScoped(Effect.exit(session.ask(text)), { startImmediately: true })
              if (roll(2) === 0) yield* cut
              const list = (yield* Fiber.join(asked))._tag === "Success" ? sure : unsure
              list.push(text)
            }
          }
          const kept = yield* recalled(session)
          const place = `seed ${seed}: ${seen.map(({ _tag }) => _tag).join()}`
          assert.deepStrictEqual(kept.filter((text) => !unsure.includes(text)), sure, place)
          assert.strictEqual(new Set(kept).size, kept.length, place)
        }))
      }
    }).pipe(
      Effect.scoped,
      Effect.provide(services({
        answers: ({ body }) =>
          JSON.stringify(body).includes("emulator:recall") ? undefined : { text: "So it is, yes." },
        chunkDelay: 1
      }))
    ), 60_000)

  it.live("its upgrades ask for the provisioned throughput, as calls do", () =>
    Effect.gen(function*() {
      const { live } = yield* Emulator.Emulator
      const session = yield* connect({ reconnect: false })
      const { seen } = yield* watch(session)
      yield* session.ask("one")
      const traffic = seen.flatMap((event) => event._tag === "Usage" ? [event.metadata.trafficType] : [])
      assert.deepStrictEqual(traffic, ["PROVISIONED_THROUGHPUT"])
      const error = yield* Effect.flip(session.ask("two"))
      assert.include(error.message, "Exceeded the Provisioned Throughput")
      const [entry] = yield* live.connections
      assert.strictEqual(entry?.headers["x-vertex-ai-llm-request-type"], "dedicated")
    }).pipe(
      Effect.scoped,
      Effect.provide(services(
        { vertex: { provisioned: [{ project: "my-project", region: "europe-west4", model: texts, rpm: 1 }] } },
        "dedicated"
      ))
    ))
})
