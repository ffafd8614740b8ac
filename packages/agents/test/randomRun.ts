/**
 * Runs at random: a model that follows a plan by the request alone and makes mistakes on the way, tools of every policy,
 * and a person who decides. Whatever happens to such a run, its answer is the same.
 */
import * as Agent from "effect-gemini-agents/Agent"
import type { AgentRecord } from "effect-gemini-agents/AgentRecord"
import type { Decision, Request } from "effect-gemini-agents/Approval"
import * as ToolPolicy from "effect-gemini-agents/ToolPolicy"
import type * as Emulator from "effect-gemini-emulator/Emulator"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Schema from "effect/Schema"
import type { Dice } from "../../emulator/src/internal/Dice.ts"

/** What handlers did, and how often. */
export interface World {
  readonly effects: Array<{ readonly tool: string; readonly call: string; readonly key: string }>
  /** What passes before each handler and behind it. */
  tick: Effect.Effect<void>
}

const n = Schema.Struct({ n: Schema.Int })
const tool = <const Name extends string>(name: Name) =>
  Tool.make(name, { description: name, parameters: n, success: Schema.String })

/** The tools, by their policies. `look` knows what became of a call by the effects that there are. */
const toolkitOf = (world: World) =>
  Toolkit.make(
    tool("read").annotate(Tool.Readonly, true),
    tool("keyed").annotate(ToolPolicy.AfterCrash, "rerun"),
    tool("once"),
    tool("told").annotate(ToolPolicy.AfterCrash, "tell"),
    tool("look").annotate(ToolPolicy.AfterCrash, {
      lookup: (key, params) =>
        Effect.sync(() =>
          world.effects.some((it) => it.key === key)
            ? Option.some(`look ${String(Reflect.get(Object(params), "n"))}`)
            : Option.none()
        )
    }),
    tool("banked").annotate(ToolPolicy.AfterCrash, "rerun").annotate(ToolPolicy.Group, "bank"),
    Tool.make("paid", { description: "paid", parameters: n, success: Schema.String, needsApproval: true }),
    tool("outside").annotate(ToolPolicy.External, true),
    Tool.make("soft", {
      description: "soft",
      parameters: n,
      success: Schema.String,
      failure: Schema.String,
      failureMode: "return"
    }).annotate(Tool.Readonly, true),
    Tool.make("hard", {
      description: "hard",
      parameters: n,
      success: Schema.String,
      failure: Schema.String,
      failureMode: "error"
    }).annotate(Tool.Readonly, true),
    tool("leaves").annotate(Tool.Readonly, true)
  )

const names = ["read", "keyed", "once", "told", "look", "banked", "paid", "outside", "soft", "hard", "leaves"] as const

const slips = ["empty", "malformed", "cut", undefined, undefined, undefined, undefined] as const

interface Step {
  readonly calls: ReadonlyArray<{ readonly name: string; readonly args: unknown; readonly invalid?: boolean }>
  /** What goes wrong before the calls are made. */
  readonly slip: "empty" | "malformed" | "cut" | undefined
}

const stepOf = (dice: Dice, step: number): Step => ({
  slip: dice.pick(slips),
  calls: Array.from({ length: dice.int(1, 3) }, (_, i) => {
    const wrong = dice.int(1, 12)
    if (wrong === 1) return { name: "unknown", args: {}, invalid: true }
    if (wrong === 2) return { name: "read", args: { n: "none" }, invalid: true }
    return { name: dice.pick(names) ?? "read", args: { n: step * 10 + i } }
  })
})

const roleOf = (content: unknown): unknown => Reflect.get(Object(content), "role")

const wordsOf = (content: unknown): string => {
  const parts: unknown = Reflect.get(Object(content), "parts")
  return Array.isArray(parts)
    ? parts.map((part: unknown) => String(Reflect.get(Object(part), "text") ?? "")).join("")
    : ""
}

/** The model: how many turns it has had says which step it is at; a hint makes it mend what went wrong. */
const modelOf = (steps: ReadonlyArray<Step>): NonNullable<Emulator.Options["answers"]> => ({ body }) => {
  const contents: unknown = Reflect.get(Object(body), "contents")
  const all: ReadonlyArray<unknown> = Array.isArray(contents) ? contents : []
  // Neighbouring contents of the model are one turn, and so are those around a hint.
  const turns = all.filter((content) => roleOf(content) === "model").length
  const step = steps[turns]
  if (step === undefined) return { text: "done" }
  const isMended = /Your last|You answered nothing/.test(wordsOf(all.at(-1)))
  const invalid = step.calls.some(({ invalid }) => invalid === true) ? { invalid: true } : {}
  const calls = step.calls.map(({ args, name }) => ({ name, args: Object(args) }))
  if (isMended || step.slip === undefined) return { calls, ...invalid }
  switch (step.slip) {
    case "empty":
      return { finishReason: "STOP" }
    case "malformed":
      return { finishReason: "MALFORMED_FUNCTION_CALL" }
    case "cut":
      return { calls, finishReason: "MAX_TOKENS", invalid: true }
  }
}

export interface RandomRun {
  readonly world: World
  readonly agent: ReturnType<typeof agentOf>
  readonly model: NonNullable<Emulator.Options["answers"]>
  readonly handlers: ReturnType<typeof handlersOf>
  readonly steps: ReadonlyArray<Step>
}

const agentOf = (world: World, concurrency: number | "unbounded") =>
  Agent.make({
    name: "clerk",
    instructions: "You do.",
    toolkit: toolkitOf(world),
    concurrency,
    bounds: { steps: 100, repeats: 100, retries: 5 }
  })

const handlersOf = (world: World) => {
  const does = (tool: string) => ({ n }: { readonly n: number }) =>
    Effect.gen(function*() {
      const current = yield* ToolPolicy.CurrentCall
      yield* world.tick
      world.effects.push({ tool, call: current?.call ?? "", key: current?.key ?? "" })
      yield* world.tick
      return `${tool} ${n}`
    })
  const fails = (tool: string) => (params: { readonly n: number }) =>
    Effect.flatMap(does(tool)(params), () => Effect.fail(`${tool} is out of order`))
  return toolkitOf(world).toLayer({
    read: does("read"),
    keyed: does("keyed"),
    once: does("once"),
    told: does("told"),
    look: does("look"),
    banked: does("banked"),
    paid: does("paid"),
    outside: does("outside"),
    soft: fails("soft"),
    hard: fails("hard"),
    // It breaks itself off the first time.
    leaves: (params) =>
      Effect.flatMap(
        does("leaves")(params),
        (result) =>
          Effect.flatMap(ToolPolicy.CurrentCall, (current) =>
            current?.attempt === 1 ? Effect.interrupt : Effect.succeed(result))
      )
  })
}

/** A run by these dice. */
export const make = (dice: Dice, concurrency: number | "unbounded" = "unbounded"): RandomRun => {
  const world: World = { effects: [], tick: Effect.void }
  const steps = Array.from({ length: dice.int(2, 5) }, (_, step) => stepOf(dice, step))
  return { world, steps, agent: agentOf(world, concurrency), model: modelOf(steps), handlers: handlersOf(world) }
}

/** A person who approves, gives what comes from outside, and says of what had begun what the effects say. */
export const decide = ({ effects }: World, id: string) => ({ call, digest, kind, params, tool }: Request): Decision => {
  const value = `${tool} ${String(Reflect.get(Object(params), "n"))}`
  const isDone = effects.some((it) => it.key === `${id}/${call}`)
  return {
    call,
    digest,
    by: "test",
    verdict: kind === "approval"
      ? { _tag: "approve" }
      : kind === "result" || isDone
      ? { _tag: "result", value }
      : { _tag: "again" }
  }
}

/** The calls that had ended, of those that these records begin. */
export const ended = (records: ReadonlyArray<AgentRecord>): ReadonlySet<string> =>
  new Set(records.flatMap((it) => it._tag === "CallEnded" ? [it.call] : []))
