/** Our agent, with records in memory, on files or on Redis. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Agent from "effect-gemini-agents/Agent"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as RedisJournal from "effect-gemini-journal/RedisJournal"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Response from "effect/ai/Response"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { callOf, instructions, last, question, redisOptions, type Subject, trip } from "./job.ts"

const toolkit = Toolkit.make(
  Tool.make("add", {
    description: "Adds two numbers",
    parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
    success: Schema.Finite
  }).annotate(Tool.Readonly, true)
)
const handlers = toolkit.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })

const weather = Toolkit.make(
  Tool.make("weather", {
    description: "The weather of a city",
    parameters: Schema.Struct({ city: Schema.String }),
    success: Schema.Struct({ celsius: Schema.Finite })
  }).annotate(Tool.Readonly, true)
)
const weatherHandlers = weather.toLayer({ weather: () => Effect.succeed({ celsius: 21 }) })
const forecaster = Agent.make({ name: "forecaster", instructions, toolkit: weather })

const bank = Toolkit.make(
  Tool.make("add", {
    description: "Adds two numbers, if a person allows it",
    parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }),
    success: Schema.Finite,
    needsApproval: true
  })
)
const bankHandlers = bank.toLayer({ add: ({ a, b }) => Effect.succeed(a + b) })
const banker = Agent.make({ name: "banker", instructions, toolkit: bank })

const usage = {
  inputTokens: { uncached: 20, total: 20, cacheRead: 0, cacheWrite: undefined },
  outputTokens: { total: 10, text: 10, reasoning: 0 }
} as const

/** A model that calls until it was asked so often, by the messages alone: one of the user, and two of each step. */
const model = (steps: number) =>
  Layer.effect(
    LanguageModel.LanguageModel,
    LanguageModel.make({
      generateText: ({ prompt }) =>
        Effect.sync((): Array<Response.PartEncoded> => {
          const step = (prompt.content.length - 2) / 2 + 1
          return step < steps
            ? [
              { type: "tool-call", id: `call-${step}`, name: "add", params: callOf(step) },
              { type: "finish", reason: "tool-calls", usage, response: undefined }
            ]
            : [{ type: "text", text: last }, { type: "finish", reason: "stop", usage, response: undefined }]
        }),
      streamText: () => Stream.empty
    })
  )

const agentOf = (steps: number) => Agent.make({ name: "clerk", instructions, toolkit, bounds: { steps: steps + 1 } })

const journalOf = (place: string): Layer.Layer<never> | Layer.Layer<Journal.Journal> => {
  if (place === "memory") return Layer.empty
  if (place.startsWith("redis:")) {
    return RedisJournal.layer().pipe(Layer.provide(NodeRedis.layer(redisOptions(place))), Layer.orDie)
  }
  return Layer.unwrap(Effect.map(
    Effect.acquireRelease(
      Effect.sync(() => mkdtempSync(join(tmpdir(), "bench-agents-"))),
      (directory) => Effect.sync(() => rmSync(directory, { recursive: true, force: true }))
    ),
    (directory) => FileJournal.layer({ directory: join(directory, "runs") }).pipe(Layer.provide(NodeFileSystem.layer))
  ))
}

export const make = async (place: string, url: string): Promise<Subject> => {
  const runtime = ManagedRuntime.make(Layer.mergeAll(handlers, bankHandlers, journalOf(place)))
  await runtime.context()
  const waiting = await ManagedRuntime.make(model(2)).context()
  const known = new Map<number, ReturnType<typeof one>>()
  const one = (steps: number) => {
    const agent = agentOf(steps)
    // The layer is built once, as a program's would be.
    const language = ManagedRuntime.make(model(steps))
    return { agent, language }
  }
  const gemini = "gemini-3.8-flash"
  const http = ManagedRuntime.make(Layer.merge(
    weatherHandlers,
    GeminiLanguageModel.layer({ model: gemini }).pipe(
      Layer.provide(NodeGemini.layerHttp({
        apiKey: Redacted.make("bench"),
        baseUrl: url,
        tier: "tier3",
        limits: { [gemini]: { rpm: Infinity, tpm: Infinity, rpd: Infinity } }
      }))
    )
  ))
  return {
    run: async (steps) => {
      let found = known.get(steps)
      if (found === undefined) known.set(steps, found = one(steps))
      const context = await found.language.context()
      const held = await runtime.runPromise(Effect.provideContext(Agent.run(found.agent, question), context))
      return { text: held.text, steps: held.steps, held }
    },
    wait: () =>
      runtime.runPromise(
        Agent.run(banker, question).pipe(
          Effect.flatMap(() => Effect.die(new Error("nobody was asked"))),
          Effect.catchReason("AgentError", "Suspended", () => Effect.void),
          Effect.provideContext(waiting)
        )
      ),
    trip: async () => (await http.runPromise(Agent.run(forecaster, trip.question))).text
  }
}
