/**
 * One process of a fleet that spends three nested budgets in Redis: `node budgetProcess.ts '{ … }'`.
 * Says on stdout how its calls ended.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Budget from "effect-gemini/Budget"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

export interface Job {
  readonly index: number
  readonly redis: string
  readonly baseUrl: string
  readonly model: string
  /** The numbers of its calls, the last one not included; every second one is a stream. */
  readonly calls: readonly [from: number, to: number]
  /** Parts that a request has at least. */
  readonly parts: number
  /** The outermost first. */
  readonly budgets: ReadonlyArray<Budget.WithinOptions>
  /** Streams of which only a chunk is read. */
  readonly leaves: boolean
}

const job: Job = JSON.parse(process.argv[2] ?? "{}")

const client = NodeGemini.layer({
  apiKey: Redacted.make("a-key"),
  baseUrl: job.baseUrl,
  tier: "tier3",
  limits: { [job.model]: { rpm: 1e6, tpm: 1e9, rpd: 1e9, concurrency: 12 } },
  retry: { attempts: 3, baseDelay: "5 millis" }
}).pipe(
  Layer.provideMerge(RedisBudgetStore.layer({ timeout: "5 seconds" })),
  Layer.provide(NodeRedis.layer({ url: job.redis, disableOfflineQueue: true }))
)

const ended: Record<string, number> = {}

const one = (index: number) =>
  GeminiClient.GeminiClient.use((gemini) => {
    const request = {
      model: job.model,
      contents: [{
        role: "user",
        // Each part is a token at least, so that an estimate by length is too low.
        parts: Array.from(
          { length: job.parts + (index % 60) },
          (_, part) => ({ text: `${job.index}${index}`.slice(part % 3) || "." })
        )
      }],
      generationConfig: { maxOutputTokens: 64 }
    }
    if (index % 2 === 0) return Effect.asVoid(gemini.generate(request))
    const chunks = gemini.generateStream(request)
    return Stream.runDrain(job.leaves && index % 5 === 0 ? Stream.take(chunks, 1) : chunks)
  }).pipe(
    Effect.as("answered"),
    Effect.catch(({ reason }) =>
      Effect.succeed(reason._tag === "QuotaExhausted" && reason.budget !== undefined ? "refused" : reason._tag)
    ),
    Effect.map((how) => void (ended[how] = (ended[how] ?? 0) + 1))
  )

const [from, to] = job.calls
const all = Effect.forEach(Array.from({ length: to - from }, (_, index) => from + index), one, {
  concurrency: 12,
  discard: true
})

await job.budgets.toReversed().reduce(
  (inner: Effect.Effect<void, unknown, GeminiClient.GeminiClient>, options) => Budget.within(options)(inner),
  all
).pipe(Effect.provide(client), Effect.runPromise)
process.stdout.write(JSON.stringify(ended))
