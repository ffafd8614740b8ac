/**
 * A prefix over an emulator in memory, under TestClock.
 */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as CachedPrefix from "effect-gemini/caches/CachedPrefix"
import * as Caches from "effect-gemini/caches/Caches"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { settled } from "../members/simulation.ts"

export const model = "gemini-2.5-flash"
/** The day on which prices are looked up. */
export const start = Date.UTC(2026, 10, 2)

/** A text of so many tokens. */
export const textOf = (tokens: number) => "word".repeat(tokens)

const options = { apiKey: Redacted.make("key"), baseUrl: "http://emulator.invalid", tier: "tier3" } as const

/** What each process has: a client, the caches, the prefixes. */
export const client = (prefix: CachedPrefix.Options = {}) =>
  CachedPrefix.layer(prefix).pipe(
    Layer.provideMerge(Caches.layer),
    Layer.provideMerge(ResourceHttp.layer(options)),
    Layer.provideMerge(GeminiClient.layer(options))
  )

export const emulated = (emulator: Emulator.Options = {}, prefix: CachedPrefix.Options = {}) =>
  Layer.provideMerge(client(prefix), Emulator.layerHttpClient(emulator))

export const open = (tokens = 5_000, of = model) =>
  CachedPrefix.CachedPrefix.use((prefixes) =>
    prefixes.open({ model: of, systemInstruction: "Answer from the manual.", contents: textOf(tokens) })
  )

/** The requests that arrived, by their methods. */
export const methods = Emulator.Emulator.use((emulator) =>
  Effect.map(emulator.requests, (requests) => requests.map(({ apiMethod }) => apiMethod ?? ""))
)

/** Lets time pass, and stops wherever a cache may be renewed. */
export const passTo = Effect.fnUntraced(function*(prefix: CachedPrefix.Prefix, target: number) {
  for (;;) {
    const now = yield* Clock.currentTimeMillis
    if (now >= target) return
    const { cache } = yield* prefix.stats
    const renewal = (cache?.expires.getTime() ?? Infinity) - 30_000
    yield* TestClock.setTime(renewal > now && renewal < target ? renewal : target)
    yield* settled
  }
})
