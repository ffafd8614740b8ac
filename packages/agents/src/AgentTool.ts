/**
 * Agents as tools, for toolkits of any kind: those of other agents, of `LanguageModel.generateText`, and of MCP servers.
 *
 * @since 0.1.0
 */
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Tool from "effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Agent } from "./AgentOptions.ts"
import * as Names from "./internal/names.ts"
import { Unended } from "./internal/Unended.ts"
import * as Workers from "./internal/Workers.ts"
import * as ToolPolicy from "./ToolPolicy.ts"

/**
 * The tool that gives an agent a task, and its handler for `Toolkit.toLayer`. Its result is the agent's answer as JSON,
 * and a stop of the agent is told to the model as a text.
 *
 * @category models
 * @since 0.1.0
 */
export interface AgentTool<Name extends string, P extends Schema.Top, R> extends
  Tool.Tool<
    Name,
    {
      readonly parameters: P
      readonly success: typeof Schema.Json
      readonly failure: typeof Schema.String
      readonly failureMode: "return"
    },
    R | LanguageModel.LanguageModel
  >
{
  /** Plays the agent: for the call that is served, or, outside of an agent's run, as a run of its own. */
  readonly handle: (params: P["Type"]) => Effect.Effect<Schema.Json, string, R | LanguageModel.LanguageModel>
}

/**
 * What the tool is called, and what models are told of it.
 *
 * @category options
 * @since 0.1.0
 */
export interface AgentToolOptions<Name extends string> {
  readonly name: Name
  /** Default: that of the agent. */
  readonly description?: string | undefined
}

/** Makes the tool, and says how its parameters are the agent's input. */
const made = <Name extends string, I, R, S extends Schema.Top>(
  agent: Agent<I, unknown, unknown, unknown, R, unknown>,
  { description = Workers.descriptionOf(agent), name }: AgentToolOptions<Name>,
  parameters: S,
  inputOf: (params: S["Type"]) => I
): AgentTool<Name, S, R> => {
  if (!Names.isKey(name)) throw new RangeError(`${JSON.stringify(name)} cannot be the name of a tool`)
  // A worker is a run that goes on, so a call of it that a crash cut is made again whatever the worker does.
  const tool = Tool.make(name, {
    description,
    parameters,
    success: Schema.Json,
    failure: Schema.String,
    failureMode: "return"
  }).annotate(ToolPolicy.AfterCrash, "rerun")
  const handle: AgentTool<Name, S, R>["handle"] = (params) =>
    Effect.flatMap(Workers.played(agent, name, inputOf(params)), (handled) => {
      // The run above goes on without an end of this call, which no result can say.
      if (handled instanceof Unended) return Effect.die(handled)
      // A worker gives JSON, and says why it stopped as a text.
      return handled.isFailure
        ? Effect.fail(String(handled.encodedResult))
        : Effect.succeed(handled.encodedResult as Schema.Json)
    })
  // What the handler needs is a matter of the type alone.
  return Object.assign(tool, { handle }) as AgentTool<Name, S, R>
}

/**
 * An agent as a tool. Each call of it is a run: in an agent's run one with a journal of its own under that run's id, such
 * as `plan-1.research.2.0` for the call `2.0` of the run `plan-1`, which goes on after a crash and is not played again once
 * it ended. What it took counts in the run above, and its events come in the stream of that. People are asked about its
 * calls through the run above. Its input is a `task`, or, where `input` is the schema of the agent's input, that.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Toolkit from "effect/ai/Toolkit"
 *
 * const researcher = Agent.make({ name: "researcher", instructions: "You look things up." })
 * const research = Agent.asTool(researcher, { name: "research", description: "Looks a thing up." })
 *
 * const toolkit = Toolkit.make(research)
 * const handlers = toolkit.toLayer({ research: research.handle })
 * const writer = Agent.make({ name: "writer", instructions: "You write about what was found.", toolkit })
 * console.log(Object.keys(toolkit.tools), writer.name, handlers !== undefined) // [ "research" ] writer true
 * ```
 *
 * `Team.manager` gives an agent others as its tools without a toolkit, and bounds how many of them play at once.
 *
 * Throws a RangeError if the name cannot be a tool's.
 *
 * @category constructors
 * @since 0.1.0
 */
export const asTool: {
  <const Name extends string, R>(
    agent: Agent<string, unknown, unknown, unknown, R, unknown>,
    options: AgentToolOptions<Name> & { readonly input?: undefined }
  ): AgentTool<Name, typeof Workers.Task, R>
  <const Name extends string, I, R, S extends Schema.Codec<I, unknown>>(
    agent: Agent<I, unknown, unknown, unknown, R, unknown>,
    options: AgentToolOptions<Name> & { readonly input: S }
  ): AgentTool<Name, S, R>
} = (
  agent: Agent<never, unknown, unknown, unknown, unknown, unknown>,
  options: AgentToolOptions<string> & { readonly input?: Schema.Top | undefined }
): never => {
  // The signatures above have checked that the agent takes what the parameters are.
  const own = agent as Agent<unknown, unknown, unknown, unknown, unknown, unknown>
  return (options.input === undefined
    ? made(own, options, Workers.Task, ({ task }) => task)
    : made(own, options, options.input, (input) => input)) as never
}
