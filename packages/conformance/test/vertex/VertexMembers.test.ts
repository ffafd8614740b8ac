/**
 * Two keys of the Gemini API, two regions of Vertex AI and one with provisioned throughput in one pool, with outages: no
 * call is lost, and each project and region gets no more than its quota, as the emulator counts.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Vertex from "effect-gemini/Vertex"
import * as AccessToken from "effect-gemini/vertex/AccessToken"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { pass } from "../members/simulation.ts"

const model = "gemini-3.8-flash"
const rpm = 20
const calls = 240
const every = 1_000

const quotas = { models: { [model]: { rpm } } }

const emulator = (faults: NonNullable<Emulator.Options["faults"]>): Emulator.Options => ({
  projects: {
    one: { keys: ["key-one"], quotas },
    two: { keys: ["key-two"], quotas },
    cloud: { keys: [], quotas }
  },
  vertex: {
    tokens: { valid: ["ya29.good"] },
    // Whoever asks for dedicated throughput without having bought it gets nothing but 429s.
    provisioned: [{ project: "cloud", region: "us-east5", model, rpm }]
  },
  faults
})

const outages: NonNullable<Emulator.Options["faults"]> = [
  { when: { project: "one", from: 20_000, until: 80_000 }, error: { code: 503 } },
  { when: { region: "europe-west4", from: 60_000, until: 120_000 }, reset: true },
  { when: { region: "us-central1", from: 100_000, until: 160_000 }, error: { code: 500 } },
  { delay: 200 }
]

const tokens = AccessToken.layerStatic(Redacted.make("ya29.good"))

const services = (faults: typeof outages) =>
  Vertex.layerMembers({
    tier: "tier3",
    limits: { [model]: { rpm, tpm: Infinity, rpd: Infinity, concurrency: 100 } },
    timeouts: { total: "1 minute" },
    members: [
      { name: "one", project: "one", apiKey: Redacted.make("key-one") },
      { name: "two", project: "two", apiKey: Redacted.make("key-two") },
      { name: "west", api: "vertex", project: "cloud", location: "europe-west4" },
      { name: "central", api: "vertex", project: "cloud", location: "us-central1" },
      { name: "reserved", api: "vertex", project: "cloud", location: "us-east5", requestType: "dedicated" }
    ]
  }).pipe(Layer.provide(tokens), Layer.provideMerge(Emulator.layerHttpClient(emulator(faults))))

/** The most requests that came within any minute. */
const busiest = (times: ReadonlyArray<number>): number =>
  Math.max(0, ...times.map((start) => times.filter((time) => time >= start && time < start + 60_000).length))

describe("members of both APIs", () => {
  it.effect("lose no call in outages, and keep the quota of each project and region", () =>
    Effect.gen(function*() {
      const failures: Array<string> = []
      const one = Effect.matchEffect(
        GeminiClient.GeminiClient.use((gemini) => gemini.generate({ model, contents: "one two three" })),
        {
          onSuccess: () => Effect.void,
          onFailure: ({ message }) => Effect.sync(() => failures.push(message))
        }
      )
      const traffic = yield* Effect.forkChild(
        Effect.forEach(
          Array.from({ length: calls }, (_, index) => index),
          (index) => Effect.andThen(Effect.sleep(index * every), one),
          { concurrency: "unbounded", discard: true }
        ),
        { startImmediately: true }
      )
      yield* pass("320 seconds", "500 millis")
      yield* Fiber.join(traffic)
      assert.deepStrictEqual(failures, [])

      const requests = yield* (yield* Emulator.Emulator).requests
      const homes = Map.groupBy(requests, ({ project, region }) => `${project}/${region}`)
      assert.deepStrictEqual([...homes.keys()].sort(), [
        "cloud/europe-west4",
        "cloud/us-central1",
        "cloud/us-east5",
        "one/global",
        "two/global"
      ])
      for (const [home, asked] of homes) {
        assert.isAtMost(busiest(asked.map(({ time }) => time)), rpm, home)
        assert.deepStrictEqual(asked.filter(({ status }) => status === 429 || status === 401), [], home)
      }
      const seen = (home: string) => new Set(homes.get(home)?.map(({ status }) => status))
      assert.isTrue(seen("one/global").has(503) && seen("cloud/us-central1").has(500), "the outages were met")
      assert.strictEqual(requests.filter(({ status }) => status === 200).length, calls)
      assert.isAtMost(yield* Clock.currentTimeMillis, 320_000)
    }).pipe(Effect.provide(services(outages))), 30_000)

  it.effect("a field that one API alone has goes to its members, whichever is first in the order of choice", () =>
    Effect.gen(function*() {
      const ask = (request: GeminiClient.Request) => GeminiClient.GeminiClient.use((gemini) => gemini.generate(request))
      const byVertex = Array.from({ length: 6 }, () => {
        const request = { model, contents: "x", modelArmorConfig: { promptTemplateName: "t" } }
        return ask(request)
      })
      for (const call of byVertex) {
        const { attempts } = yield* call
        assert.include(["west", "central", "reserved"], attempts.at(-1)?.member)
      }
      for (let i = 0; i < 6; i++) {
        const { attempts } = yield* ask({ model, contents: "x", store: false })
        assert.include(["one", "two"], attempts.at(-1)?.member)
      }
      const refused = yield* Effect.flip(
        ask({ model, contents: "x", store: false }).pipe(MemberCall.set({ member: "west" }))
      )
      assert.strictEqual(refused.reason._tag, "Unsupported")
    }).pipe(Effect.provide(services([]))))
})
