import * as Agent from "effect-gemini-agents/Agent"
import type { AgentError } from "effect-gemini-agents/AgentError"
import type { Answer } from "effect-gemini-agents/Answer"
import * as Approval from "effect-gemini-agents/Approval"
import * as Replay from "effect-gemini-agents/Replay"
import type * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { describe, expect, test } from "tstyche"

class NoMoney extends Schema.TaggedError<NoMoney>("test/NoMoney")("NoMoney", {}) {}

const toolkit = Toolkit.make(
  Tool.make("add", { parameters: Schema.Struct({ a: Schema.Finite, b: Schema.Finite }), success: Schema.Finite }),
  Tool.make("pay", {
    parameters: Schema.Struct({ cents: Schema.Int }),
    success: Schema.String,
    failure: NoMoney,
    failureMode: "error",
    needsApproval: true
  })
)
const clerk = Agent.make({ name: "clerk", instructions: "You add and pay.", toolkit })

describe("an agent", () => {
  test("needs a handler of each of its tools, which is named where it is missing", () => {
    type Needed = Tool.Handler<"add"> | Tool.Handler<"pay"> | LanguageModel.LanguageModel
    expect(Agent.run(clerk, "go")).type.toBe<
      Effect.Effect<Answer<string>, AgentError<NoMoney | AiError.AiError>, Needed>
    >()
    expect(Effect.runPromise).type.not.toBeCallableWith(Agent.run(clerk, "go"))
    expect(toolkit.toLayer).type.not.toBeCallableWith({ add: () => Effect.succeed(1) })
  })

  test("turns on its own tools in a step, and none of another toolkit", () => {
    const make = (tools: ReadonlyArray<"add" | "pay" | "read_result">) =>
      Agent.make({ name: "clerk", instructions: "", toolkit, step: () => ({ tools }) })
    expect(make).type.toBeCallableWith(["add"])
    Agent.make({
      name: "clerk",
      instructions: "",
      toolkit,
      // @ts-expect-error Type '"delete"' is not assignable to type
      step: () => ({ tools: ["add", "delete"] })
    })
    Agent.make({
      name: "clerk",
      instructions: "",
      // @ts-expect-error Type '"add"' is not assignable to type
      step: () => ({ tools: ["add"] })
    })
  })

  test("takes and gives what its schemas say", () => {
    const typed = Agent.make({
      name: "typed",
      instructions: ({ city }) => Effect.succeed(`Forecast ${city}.`),
      input: Schema.Struct({ city: Schema.String }),
      output: Schema.Struct({ celsius: Schema.Finite })
    })
    expect(Agent.run(typed, { city: "Rome" })).type.toBe<
      Effect.Effect<Answer<{ readonly celsius: number }>, AgentError<AiError.AiError>, LanguageModel.LanguageModel>
    >()
    expect(Agent.run).type.not.toBeCallableWith(typed, "Rome")
  })

  test("is replayed without a model and without handlers", () => {
    expect(Replay.run(clerk, [])).type.toBeAssignableTo<Effect.Effect<unknown, unknown>>()
  })
})

describe("a decision", () => {
  test("says who made it", () => {
    expect(Approval.approve).type.toBeCallableWith("1.0", { by: "ada" })
    expect(Approval.approve).type.not.toBeCallableWith("1.0")
    expect(Approval.approve).type.not.toBeCallableWith("1.0", {})
    expect(Approval.deny).type.not.toBeCallableWith("1.0", { by: "ada" })
    expect(Approval.result).type.not.toBeCallableWith("1.0", () => 1, { by: "ada" })
  })

  test("that names a tool about which nobody decides is an error where it is written", () => {
    const banker = Agent.make({ name: "banker", instructions: "You pay.", toolkit, approvals: ["pay"] })
    expect(Agent.resume).type.toBeCallableWith(banker, "r", [Approval.approve("1.0", { by: "ada", tool: "pay" })])
    expect(Agent.resume).type.toBeCallableWith(banker, "r", [Approval.approve("1.0", { by: "ada" })])
    Agent.resume(banker, "r", [
      Approval.deny("1.0", "too dear", { by: "ada", tool: "pay" }),
      // @ts-expect-error '"add"' is not assignable to
      Approval.approve("1.1", { by: "ada", tool: "add" })
    ])
    // @ts-expect-error '"add"' is not assignable to
    Agent.resumeStream(banker, "r", [Approval.deny("1.1", "no", { by: "ada", tool: "add" })])
    // Without a list of its own an agent takes those about its tools, and about no others.
    Agent.resume(clerk, "r", [Approval.approve("1.0", { by: "ada", tool: "add" })])
    // @ts-expect-error '"delete"' is not assignable to
    Agent.resume(clerk, "r", [Approval.approve("1.0", { by: "ada", tool: "delete" })])
  })

  test("is about tools that there are", () => {
    // @ts-expect-error '"delete"' is not assignable to
    Agent.make({ name: "banker", instructions: "", toolkit, approvals: ["pay", "delete"] })
  })

  test("is of a known kind", () => {
    expect(Agent.resume).type.toBeCallableWith(clerk, "r", [Approval.again("1.0", { by: "ada" })])
    expect(Agent.resume).type.not.toBeCallableWith(clerk, "r", [{ call: "1.0", by: "ada", verdict: { _tag: "yes" } }])
  })
})
