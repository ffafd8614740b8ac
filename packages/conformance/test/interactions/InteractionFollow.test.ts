/**
 * Following survives: a stream that is cut anywhere, by its POST or by the GETs that resume it, joins to the same
 * interaction, asks for it once, and says nothing twice.
 */
import { assert, describe, it } from "@effect/vitest"
import type * as Fault from "effect-gemini-emulator/Fault"
import type * as RequestLog from "effect-gemini-emulator/RequestLog"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Interaction from "effect-gemini/interactions/Interaction"
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import * as InteractionHandle from "effect-gemini/interactions/InteractionHandle"
import type * as InteractionRequest from "effect-gemini/interactions/InteractionRequest"
import type * as Interactions from "effect-gemini/interactions/Interactions"
import * as Effect from "effect/Effect"
import * as Queue from "effect/Queue"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Layers from "./interactionLayers.ts"

const { byteCuts, everyEvent } = sizeOf("18.3", {
  test: { byteCuts: 12, everyEvent: 3 },
  prove: { byteCuts: 200, everyEvent: 1 }
})
const seed = seedOf("18.3", 183)

const request: InteractionRequest.ModelRequest = {
  model: "gemini-3.8-flash",
  input: "emulator:words 300",
  generation_config: { thinking_summaries: "auto" },
  tools: [{ type: "function", name: "weather" }]
}

const calling: InteractionRequest.ModelRequest = {
  ...request,
  input: "emulator:call weather {\"city\":\"Bern\",\"days\":[1,2,3],\"note\":\"ä ö ü – 雨\"}"
}

const collected = <E, R>(events: Stream.Stream<Interactions.Followed, E, R>) =>
  Effect.map(Stream.runCollect(events), (followed) => {
    const all = followed.map(({ event }) => event)
    return { all, joined: InteractionFold.join(all), text: all.map(InteractionEvent.text).join("") }
  })

/** The parts of a result that are the same whoever made it: ids and times differ. */
const result = ({ joined, text }: Effect.Success<ReturnType<typeof collected>>) => ({
  status: joined.status,
  steps: joined.steps,
  usage: joined.usage,
  text
})

const follow = (request: InteractionRequest.Request, options?: Interactions.FollowOptions) =>
  Stream.unwrap(Layers.interactions.useSync((interactions) => interactions.follow(request, options)))

const shown = ({ reason }: GeminiError): string => `${reason._tag}: ${reason.message}`

const postsIn = (requests: ReadonlyArray<RequestLog.Entry>) => requests.filter(({ method }) => method === "POST")

const getsIn = (requests: ReadonlyArray<RequestLog.Entry>) => requests.filter(({ method }) => method === "GET")

const creates = "interactions.create"
const gets = "interactions.get"

describe("a stream that is cut", () => {
  for (const code of [429, 500]) {
    it.live(`by an error event (${code}) is over: the event comes, then its reason`, () =>
      Layers.withEmulator(({ addFault, requests, url }) =>
        Effect.gen(function*() {
          addFault({ when: { method: creates }, errorAfter: { code, message: "Slower.", chunks: 4 } })
          const seen: Array<string> = []
          const error = yield* follow(request).pipe(
            Stream.runForEach(({ event }) => Effect.sync(() => seen.push(event.event_type))),
            Effect.flip
          )
          assert.strictEqual(shown(error), `${code === 429 ? "RateLimited" : "ServerError"}: Slower.`)
          assert.strictEqual(seen.at(-1), "error")
          assert.lengthOf(requests(), 1)
        }).pipe(Effect.provide(Layers.layer(url)))
      ))
  }

  for (const [name, asked] of [["a text", request], ["a call", calling]] as const) {
    it.live(
      `of ${name} joins to the same, cut behind every ${everyEvent}. event and at ${byteCuts} bytes`,
      () =>
        Layers.withEmulator(({ addFault, clear, removeFault, requests, url }) =>
          Effect.gen(function*() {
            const whole = yield* collected(follow(asked))
            const bytes = whole.all.reduce((sum, event) => sum + JSON.stringify(event).length + 40, 0)
            const cuts: Array<NonNullable<Fault.Fault["cut"]>> = []
            for (let chunks = 1; chunks < whole.all.length; chunks += everyEvent) cuts.push({ chunks })
            for (let n = 0; n < byteCuts; n++) cuts.push({ bytes: 1 + Math.floor((yield* Random.next) * bytes) })
            for (const cut of cuts) {
              clear()
              const ids = addFault({ when: { method: creates, times: 1 }, cut })
              const again = yield* collected(follow(asked))
              removeFault(...ids)
              assert.deepStrictEqual(result(again), result(whole), JSON.stringify(cut))
              const posts = postsIn(requests())
              // A stream that is cut before it names the interaction cannot be asked for.
              const isNamed = cut.chunks !== undefined || (cut.bytes ?? 0) > 400
              assert.isAtMost(posts.length, isNamed ? 1 : 2, JSON.stringify(cut))
            }
          }).pipe(Random.withSeed(seed), Effect.provide(Layers.layer(url)))
        ),
      180_000
    )
  }

  it.live(
    "again and again goes on as long as each connection brings an event",
    () =>
      Layers.withEmulator(({ addFault, requests, url }) =>
        Effect.gen(function*() {
          const whole = yield* collected(follow(request))
          addFault({ when: { method: creates, times: 1 }, cut: { chunks: 2 } })
          addFault({ when: { method: gets }, cut: { chunks: 1 } })
          const again = yield* collected(follow(request))
          assert.deepStrictEqual(result(again), result(whole))
          assert.isAtLeast(getsIn(requests()).length, whole.all.length - 3)
        }).pipe(Effect.provide(Layers.layer(url)))
      ),
    60_000
  )

  it.live("is given up after three connections without an event, with what was received", () =>
    Layers.withEmulator(({ addFault, requests, url }) =>
      Effect.gen(function*() {
        addFault({ when: { method: creates, times: 1 }, cut: { chunks: 4 } })
        addFault({ when: { method: gets }, reset: true })
        const seen: Array<InteractionEvent.InteractionEvent> = []
        const error = yield* follow(request).pipe(
          Stream.runForEach(({ event }) => Effect.sync(() => seen.push(event))),
          Effect.flip
        )
        assert.match(shown(error), /^(?:Network|StreamInterrupted)/)
        assert.lengthOf(seen, 4)
        assert.lengthOf(postsIn(requests()), 1)
        assert.lengthOf(getsIn(requests()), 3)
      }).pipe(Effect.provide(Layers.layer(url, { retry: { attempts: 1, baseDelay: "1 millis" } })))
    ))

  it.live("without a word, and cannot be resumed, was interrupted, and says why it was not resumed", () =>
    Layers.withEmulator(({ addFault, url }) =>
      Effect.gen(function*() {
        addFault({ when: { method: creates, times: 1 }, cut: { chunks: 4, clean: true } })
        addFault({ when: { method: gets }, status: 503 })
        const { reason } = yield* Effect.flip(Stream.runDrain(follow(request)))
        if (reason._tag !== "StreamInterrupted") return assert.fail(reason._tag)
        assert.match(reason.description ?? "", /^resuming it failed: Overloaded: /)
      }).pipe(Effect.provide(Layers.layer(url, { retry: { attempts: 1, baseDelay: "1 millis" } })))
    ))

  it.live("that is not stored is not asked for again", () =>
    Layers.withEmulator(({ addFault, requests, url }) =>
      Effect.gen(function*() {
        addFault({ when: { method: creates }, cut: { chunks: 4 } })
        const error = yield* Effect.flip(Stream.runDrain(follow({ ...request, store: false })))
        assert.strictEqual(error.reason._tag, "StreamInterrupted")
        assert.lengthOf(requests(), 1)
      }).pipe(Effect.provide(Layers.layer(url)))
    ))
})

describe("a handle", () => {
  it.live(
    "goes on behind any event, in another process too",
    () =>
      Layers.withEmulator(({ requests, url }) =>
        Effect.gen(function*() {
          const interactions = yield* Layers.interactions
          const all = yield* Stream.runCollect(follow(request))
          const whole = InteractionFold.join(all.map(({ event }) => event))
          for (let n = 0; n < all.length; n += everyEvent) {
            const kept = JSON.parse(JSON.stringify(all[n]?.handle))
            const rest = yield* Stream.runCollect(interactions.follow(kept))
            const joined = InteractionFold.join([...all.slice(0, n + 1), ...rest].map(({ event }) => event))
            assert.deepStrictEqual(joined, whole)
          }
          assert.lengthOf(postsIn(requests()), 1)
        }).pipe(Effect.provide(Layers.layer(url)))
      ),
    60_000
  )

  it.live("of an interaction without a stream asks for it as a whole", () =>
    Layers.withEmulator(({ addFault, url }) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const made = yield* interactions.create(request)
        addFault({ when: { method: gets, times: 1 }, error: { code: 400, message: "It has no stream." } })
        const { joined } = yield* collected(interactions.follow(InteractionHandle.make(made.handle)))
        assert.deepStrictEqual(joined.steps, made.interaction.steps)
        assert.strictEqual(joined.status, "completed")
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("whose interaction is gone is NotFound", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const error = yield* Effect.flip(Stream.runDrain(interactions.follow({ name: "interactions/v1_x", since: 0 })))
        assert.strictEqual(error.reason._tag, "NotFound")
      }).pipe(Effect.provide(Layers.layer(url)))
    ))
})

describe("an interaction that is polled", () => {
  it.live("is asked for at once when a webhook tells of it, and comes once", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const { requests, setFrozen } = emulator
        setFrozen(true)
        const deliveries = yield* Queue.unbounded<Interactions.Delivery>()
        let id = ""
        const events = follow({ ...request, background: true }, {
          by: "poll",
          interval: "1 hour",
          deliveries: Stream.fromQueue(deliveries)
        })
        const { joined } = yield* collected(Stream.tap(events, ({ event }) =>
          event.event_type === "interaction.created"
            ? Effect.gen(function*() {
              id = event.interaction?.id ?? ""
              yield* Effect.forkDetach(Effect.gen(function*() {
                yield* Queue.offer(deliveries, { type: "interaction.completed", data: { id: "another" } })
                yield* Effect.promise(() => emulator.adjust("1 minute"))
                yield* Queue.offer(deliveries, { type: "interaction.completed", data: { id } })
                yield* Queue.offer(deliveries, { type: "interaction.completed", data: { id } })
              }))
            })
            : Effect.void))
        assert.strictEqual(joined.status, "completed")
        assert.isAtMost(getsIn(requests()).length, 2)
      }).pipe(Effect.provide(Layers.layer(emulator.url)))
    ))

  it.live("is given up after three failures without an answer", () =>
    Layers.withEmulator(({ addFault, requests, url }) =>
      Effect.gen(function*() {
        addFault({ when: { method: gets }, status: 503 })
        const options = { by: "poll", interval: "5 millis" } as const
        const error = yield* Effect.flip(Stream.runDrain(follow({ ...request, background: true }, options)))
        assert.strictEqual(error.reason._tag, "Overloaded")
        assert.lengthOf(getsIn(requests()), 4)
      }).pipe(Effect.provide(Layers.layer(url, { retry: { attempts: 1 } })))
    ))

  it.live("goes on by its handle", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const options = { by: "poll", interval: "20 millis" } as const
        const all = yield* Stream.runCollect(follow({ ...request, background: true }, options))
        const whole = InteractionFold.join(all.map(({ event }) => event))
        for (let n = 0; n < all.length; n++) {
          const handle = all[n]?.handle
          if (handle === undefined) return assert.fail("an event without a handle")
          const rest = yield* Stream.runCollect(interactions.follow(handle))
          const joined = InteractionFold.join([...all.slice(0, n + 1), ...rest].map(({ event }) => event))
          assert.deepStrictEqual(joined, whole)
        }
      }).pipe(Effect.provide(Layers.layer(url)))
    ))
})

describe("an answer in hops", () => {
  const long: InteractionRequest.ModelRequest = { model: "gemini-4-argon", input: "emulator:words 4000" }

  it.live(
    "is one answer, whether it comes whole, as events, or was cut",
    () =>
      Layers.withEmulator(({ addFault, requests, url }) =>
        Effect.gen(function*() {
          const interactions = yield* Layers.interactions
          const { interaction } = yield* interactions.create(long)
          assert.strictEqual(interaction.status, "completed")
          assert.isAbove(interaction.continuation_ids?.length ?? 0, 1)
          const bodies = requests().map(({ body }) => Object(body))
          assert.isUndefined(bodies[1].input)
          assert.strictEqual(bodies[1].previous_interaction_id, interaction.continuation_ids?.[0])
          const words = (steps: typeof interaction.steps) => JSON.stringify(steps)
          const { joined } = yield* collected(follow(long))
          assert.strictEqual(words(joined.steps), words(interaction.steps))
          assert.deepStrictEqual(joined.usage, interaction.usage)
          addFault({ when: { method: creates, nth: 2, times: 1 }, cut: { chunks: 5 } })
          const cut = yield* collected(follow(long))
          assert.strictEqual(words(cut.joined.steps), words(interaction.steps))
        }).pipe(Effect.provide(Layers.layer(url)))
      ),
    60_000
  )

  it.live("goes on by a handle of its first hop, if the request is known", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        const all = yield* Stream.runCollect(follow(long))
        const whole = InteractionFold.join(all.map(({ event }) => event))
        const handle = all[5]?.handle
        if (handle === undefined) return assert.fail("an event without a handle")
        const rest = yield* Stream.runCollect(interactions.follow(handle, { request: long }))
        const joined = InteractionFold.join([...all.slice(0, 6), ...rest].map(({ event }) => event))
        assert.deepStrictEqual(joined.steps, whole.steps)
        assert.deepStrictEqual(joined.usage, whole.usage)
        const alone = yield* Stream.runCollect(interactions.follow(handle))
        assert.strictEqual(InteractionFold.join(alone.map(({ event }) => event)).status, "requires_continuation")
      }).pipe(Effect.provide(Layers.layer(url)))
    ))

  it.live("that breaks between hops says what came, by which token it goes on, and of which interactions", () =>
    Layers.withEmulator(({ addFault, removeFault, url }) =>
      Effect.gen(function*() {
        const interactions = yield* Layers.interactions
        addFault({ when: { method: creates, nth: 2 }, status: 503 })
        const error = yield* Effect.flip(interactions.create(long))
        assert.strictEqual(error.reason._tag, "Overloaded")
        const kept = Interaction.interrupted(error)
        assert.strictEqual(kept?.partial.status, "requires_continuation")
        assert.isAbove(kept?.partial.steps?.length ?? 0, 0)
        // With these, somebody else goes on.
        assert.deepStrictEqual(kept?.ids, [kept?.interactionId ?? ""])
        removeFault("fault-1")
        const rest = yield* interactions.create({
          model: long.model,
          continuation_token: kept?.token ?? "",
          previous_interaction_id: kept?.interactionId ?? ""
        })
        assert.strictEqual(rest.interaction.status, "completed")
        assert.isAbove(error.usage?.totalTokens ?? 0, 0)
      }).pipe(Effect.provide(Layers.layer(url, { retry: { attempts: 1 } })))
    ))
})
