/**
 * One process of a fleet of agents that spend one budget in Redis: `node agentProcess.ts '{ … }'`. Says on stdout how its
 * runs ended, and what the answers say that they took.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentError } from "effect-gemini-agents/AgentError"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Journal from "effect-gemini-journal/Journal"
import * as Budget from "effect-gemini/Budget"
import * as RedisBudgetStore from "effect-gemini/limits/RedisBudgetStore"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"

export interface Job {
  /** The numbers of its agents. */
  readonly agents: ReadonlyArray<number>
  readonly redis: string
  readonly baseUrl: string
  readonly model: string
  /** Dollars of all agents. */
  readonly money: string
  readonly countInput: "estimate" | "server"
  readonly outputTokens: number
}

export interface Said {
  /** How often runs ended so. */
  readonly ends: Readonly<Record<string, number>>
  /** Dollars of the answers, by agent. */
  readonly costs: Readonly<Record<string, string>>
}

const job: Job = JSON.parse(process.argv[2] ?? "{}")

const toolkit = Toolkit.make(
  Tool.make("read", { description: "reads", parameters: Schema.Struct({ n: Schema.Int }), success: Schema.String })
    .annotate(Tool.Readonly, true)
)
const handlers = toolkit.toLayer({
  // Each part of it is a token at least, so that an estimate by its length is too low.
  read: ({ n }) => Effect.succeed("a b c d e f g h ".repeat(1 + (n % 7)))
})

const model = GeminiLanguageModel.layer({ model: job.model }).pipe(
  Layer.provide(NodeGemini.layer({
    apiKey: Redacted.make("a-key"),
    baseUrl: job.baseUrl,
    tier: "tier3",
    limits: { [job.model]: { rpm: 1e6, tpm: 1e9, rpd: 1e9, concurrency: 12 } },
    retry: { attempts: 3, baseDelay: "5 millis" }
  })),
  Layer.provideMerge(RedisBudgetStore.layer({ timeout: "10 seconds" })),
  Layer.provide(NodeRedis.layer({ url: job.redis, disableOfflineQueue: true }))
)

/** Whether the agent's model would write more than is reserved for an answer. */
const isLong = (index: number): boolean => index % 3 === 1

const ends: Record<string, number> = {}
const costs: Record<string, string> = {}

const refusals = ["the budget \"fleet\"", "the budget \"agent-"]

const one = (index: number) => {
  const { countInput, outputTokens } = job
  const name = `agent-${index}`
  const id = `run-${index}`
  const agent = Agent.within(
    Agent.make({
      name,
      instructions: `You are ${name}.${isLong(index) ? " You write much." : ""} ${"1 2 3 4 ".repeat(index % 9)}`,
      toolkit,
      bounds: { money: "0.01", outputTokens, countInput, retries: 0 }
    }),
    { name, money: "0.01", outputTokens, countInput }
  )
  const isStream = index % 2 === 1
  const begin = isStream ? Stream.runDrain(Agent.stream(agent, "go", { id })) : Agent.run(agent, "go", { id })
  const again = isStream ? Stream.runDrain(Agent.resumeStream(agent, id)) : Agent.resume(agent, id)
  const isRefused = ({ message }: AgentError<unknown>) => refusals.some((refusal) => message.includes(refusal))
  const isCut = (error: AgentError<unknown>) => error.reason._tag === "ModelFailed" && !isRefused(error)
  // What a cut stream or an outage stopped goes on with its run.
  const run = begin.pipe(
    Effect.catch((error) => {
      ends["stopped"] = (ends["stopped"] ?? 0) + 1
      return isCut(error) ? Effect.retry(again, { times: 5, while: isCut }) : Effect.fail(error)
    }),
    Effect.andThen(Agent.resume(agent, id)),
    Effect.match({
      onFailure: (error) => isRefused(error) ? "refused" : error.reason._tag,
      onSuccess: ({ cost = "" }) => {
        costs[name] = cost
        return "answered"
      }
    })
  )
  return Effect.map(run, (how) => void (ends[how] = (ends[how] ?? 0) + 1))
}

await Effect.forEach(job.agents, one, { concurrency: "unbounded", discard: true }).pipe(
  Budget.within({ name: "fleet", money: job.money, outputTokens: job.outputTokens, countInput: job.countInput }),
  Effect.provide([model, handlers, Journal.layerMemory()]),
  Effect.runPromise
)
const said: Said = { ends, costs }
process.stdout.write(JSON.stringify(said))
