/**
 * What models that misbehave come to: each persona against `Agent`, run and streamed, and, as the control, against the
 * AI SDK's `ToolLoopAgent` with its default settings. The expected ends were filled in before the first run for
 * `Agent`; those of the control are what it was seen to do. The emulator judges every request: a call without its
 * response, or without its signature, would be refused.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentError } from "effect-gemini-agents/AgentError"
import type { Bounds } from "effect-gemini-agents/Bounds"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as Emulator from "effect-gemini-emulator/Emulator"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import * as AiSdk from "../../src/AiSdk.ts"

const model = "gemini-3.8-flash"
const instructions = "You reckon."

const numbers = Schema.Struct({ a: Schema.Finite, b: Schema.Finite })
const toolkit = Toolkit.make(
  Tool.make("add", { description: "add", parameters: numbers, success: Schema.Finite }).annotate(Tool.Readonly, true),
  Tool.make("sub", { description: "sub", parameters: numbers, success: Schema.Finite }).annotate(Tool.Readonly, true)
)
const sums = { add: (a: number, b: number) => a + b, sub: (a: number, b: number) => a - b }
const handlers = toolkit.toLayer({
  add: ({ a, b }) => Effect.succeed(sums.add(a, b)),
  sub: ({ a, b }) => Effect.succeed(sums.sub(a, b))
})

/** How a run ended, why, and after how many requests. */
type End = readonly [ended: string, why: string, requests: number]

interface Row {
  readonly rule: Rule.Rule
  readonly agent: End
  readonly control: End
  readonly bounds?: Bounds
  readonly atBound?: "conclude"
  /** Seconds of silence, by the test's clock, after which the agent and the control are looked at. */
  readonly passes?: { readonly agent: number; readonly control: number }
}

const call = { call: "add", args: { a: 1, b: 2 } } as const

const rows: Readonly<Record<string, Row>> = {
  "behaves": {
    rule: { plan: [call, { say: "It is 3." }] },
    agent: ["answer", "It is 3.", 2],
    control: ["answer", "It is 3.", 2]
  },
  "never stops": {
    rule: { plan: [{ misbehave: "never-stop" }] },
    agent: ["StepLimit", "20", 20],
    control: ["answer", "", 20]
  },
  "never stops, and is asked to conclude": {
    rule: { plan: [{ misbehave: "never-stop" }] },
    bounds: { steps: 5 },
    atBound: "conclude",
    agent: ["partial answer", "There is more to do.", 6],
    control: ["answer", "", 20]
  },
  "repeats a call": {
    rule: { plan: [{ misbehave: "repeat" }] },
    agent: ["NoProgress", "add", 3],
    control: ["answer", "", 20]
  },
  "plays ping-pong": {
    rule: { plan: [{ misbehave: "ping-pong" }] },
    agent: ["StepLimit", "20", 20],
    control: ["answer", "", 20]
  },
  "calls an unknown tool": {
    rule: { plan: [{ misbehave: "unknown-tool" }] },
    agent: ["Unusable", "WrongCalls", 3],
    control: ["answer", "", 20]
  },
  "calls with wrong arguments": {
    rule: { plan: [{ misbehave: "wrong-arguments" }] },
    agent: ["Unusable", "WrongCalls", 3],
    control: ["answer", "", 20]
  },
  "ends with nothing after a call": {
    rule: { since: "start", plan: [call, { misbehave: "empty" }] },
    agent: ["Unusable", "Empty", 4],
    control: ["answer", "", 2]
  },
  "ends with a malformed call": {
    rule: { since: "start", plan: [call, { misbehave: "malformed-call" }] },
    agent: ["Unusable", "MalformedCall", 4],
    control: ["answer", "", 2]
  },
  "is cut in a call": {
    rule: { since: "start", plan: [call, { misbehave: "cut-call" }] },
    agent: ["Unusable", "Truncated", 4],
    control: ["answer", "", 2]
  },
  "is blocked": {
    rule: { plan: [call, { misbehave: "blocked" }] },
    agent: ["Blocked", "", 2],
    control: ["answer", "", 2]
  },
  "is slow": {
    rule: { plan: [{ misbehave: "slow", say: "at last" }] },
    bounds: { time: "10 seconds" },
    passes: { agent: 10, control: 60 },
    agent: ["TimeLimit", "", 1],
    control: ["answer", "at last", 1]
  }
}

const clerkOf = ({ atBound, bounds }: Row) =>
  Agent.make({
    name: "clerk",
    instructions,
    toolkit,
    ...(bounds === undefined ? {} : { bounds }),
    ...(atBound === undefined ? {} : { atBound })
  })

const whyOf = ({ reason }: AgentError): readonly [string, string] => {
  switch (reason._tag) {
    case "StepLimit":
      return [reason._tag, String(reason.used)]
    case "NoProgress":
      return [reason._tag, reason.call]
    case "Unusable":
      return [reason._tag, reason.why]
    case "Blocked":
    case "TimeLimit":
      return [reason._tag, ""]
    default:
      return [reason._tag, reason.message]
  }
}

const ways = {
  run: (row: Row) => Agent.run(clerkOf(row), "go"),
  stream: (row: Row) =>
    Effect.flatMap(Stream.runCollect(Agent.stream(clerkOf(row), "go")), (events) => {
      const last = events.at(-1)
      return last?._tag === "Done" ? Effect.succeed(last.answer) : Effect.die(new Error("it has no end"))
    })
}

const played = (way: keyof typeof ways, row: Row) =>
  Effect.match(ways[way](row), {
    onSuccess: ({ isPartial, text }): readonly [string, string] => [isPartial ? "partial answer" : "answer", text],
    onFailure: (error) => whyOf(error)
  })

const controlled = (url: string) =>
  Effect.map(
    Effect.promise(() => AiSdk.loop(`${url}/v1beta`, model, instructions, sums)),
    ({ finishReason, text, thrown }): readonly [string, string, string] =>
      thrown === undefined ? ["answer", text, finishReason] : ["throws", thrown, ""]
  )

/** Plays a side from its first request on, and gives its end with the number of its requests. */
const watched = Effect.fnUntraced(
  function*<A, R>(side: Effect.Effect<A, never, R>, row: Row, seconds: number | undefined) {
    const emulator = yield* Emulator.Emulator
    yield* emulator.clear
    yield* emulator.setRules([{ name: "persona", ...row.rule }])
    const fiber = yield* Effect.forkChild(side)
    if (seconds !== undefined) {
      yield* emulator.awaitRequests(1)
      yield* TestClock.adjust(`${seconds} seconds`)
    }
    const end = yield* Fiber.join(fiber)
    const requests = yield* emulator.requests
    return {
      end,
      requests: requests.length,
      refused: requests.filter(({ status }) => status !== undefined && status >= 400)
    }
  }
)

const line = (cells: ReadonlyArray<string | number>) =>
  cells.map((cell, i) => String(cell).padEnd([40, 16, 22, 10][i] ?? 0)).join("").trimEnd()

describe("a model that misbehaves", () => {
  it.effect("comes to a typed end, where the control comes to an empty success or goes on", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const language = GeminiLanguageModel.layer({ model }).pipe(
        Layer.provide(GeminiClient.layer({ apiKey: Redacted.make("key"), baseUrl: url, tier: "tier3" })),
        Layer.provide(FetchHttpClient.layer),
        Layer.merge(handlers)
      )
      const table = [line(["the model", "Agent", "why", "requests", "ToolLoopAgent, requests"])]
      const controls: Array<readonly [string, string, string, number]> = []
      yield* Effect.gen(function*() {
        for (const [name, row] of Object.entries(rows)) {
          for (const way of ["run", "stream"] as const) {
            const { end, refused, requests } = yield* watched(played(way, row), row, row.passes?.agent)
            assert.deepStrictEqual([...end, requests], [...row.agent], `${way}: ${name}`)
            assert.deepStrictEqual(
              refused.map(({ response }) => response),
              [],
              `${way}: ${name}: requests that were refused`
            )
          }
          const { end: [ended, why, reason], requests } = yield* watched(controlled(url), row, row.passes?.control)
          table.push(line([name, ...row.agent, `${ended} ${JSON.stringify(why)} (${reason}), ${requests}`]))
          controls.push([name, ended, why, requests])
        }
      }).pipe(Effect.provide(language))
      assert.deepStrictEqual(controls, Object.entries(rows).map(([name, { control }]) => [name, ...control]))
      process.stdout.write(`\n${table.join("\n")}\n`)
    }).pipe(Effect.provide(Emulator.layerServer({ strictSignatures: true }))))
})
