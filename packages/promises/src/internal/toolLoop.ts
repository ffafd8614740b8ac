/** Tools in plain TypeScript on `AgentLoop`: each becomes a tool of `effect/ai`, whose calls are written down. */
import * as AgentLoop from "effect-gemini-ai/AgentLoop"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import type * as Call from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as AiError from "effect/ai/AiError"
import * as LanguageModel from "effect/ai/LanguageModel"
import type * as Prompt from "effect/ai/Prompt"
import * as AiTool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { Bounds, Tool, ToolAnswer, ToolCall } from "../Tool.ts"
import * as AiFailure from "./aiFailure.ts"
import * as Failure from "./failure.ts"
import * as ReadSchema from "./readSchema.ts"
import { placeholder, WireClient } from "./WireClient.ts"

export type PlainTools = Readonly<Record<string, Tool>>

export interface ToolsAsked extends Omit<GeminiClient.Request, "tools">, Bounds {
  readonly tools: PlainTools
}

const method = "generateContent"

const ends = {
  Answered: "answered",
  Empty: "empty",
  StepLimit: "steps",
  MistakeLimit: "mistakes",
  TokenLimit: "tokens",
  TimeLimit: "steps",
  ApprovalNeeded: "steps"
} as const

/** The loop over the client of the context. Throws at a tool that is none, before anything is asked. */
export const run = (request: ToolsAsked, call: Call.CallOptions | undefined) => {
  const { concurrency, mistakes, steps, tokens, tools, ...base } = request
  const thrown = new Map<string, unknown>()
  return Effect.gen(function*() {
    const { handlers, toolkit } = yield* Failure.attempt(() => toolsOf(tools, thrown))
    const client = yield* GeminiClient.GeminiClient
    const wire = new WireClient(client, base, call)
    const model = yield* GeminiLanguageModel.make({ model: base.model ?? GeminiConfig.defaultModel }).pipe(
      Effect.provideService(GeminiClient.GeminiClient, wire.service)
    )
    const handled = yield* toolkit.pipe(Effect.provideContext(yield* toolkit.toHandlers(handlers)))
    const result = yield* AgentLoop.run({
      prompt: placeholder,
      toolkit: handled,
      concurrency,
      mistakes,
      steps,
      tokens
    }).pipe(
      Effect.provideService(LanguageModel.LanguageModel, model),
      Effect.mapError((error) => AiFailure.of(method, wire)(error.cause))
    )
    // A blocked answer is the end of a loop to effect/ai, and an error to the client.
    if (wire.error !== undefined || wire.answer === undefined) return yield* (wire.error ?? Failure.closed())
    const answer: ToolAnswer = {
      ...wire.answer,
      calls: callsOf(result.history, thrown),
      steps: result.steps,
      tokens: result.tokens,
      end: ends[result.end._tag],
      contents: wire.conversation
    }
    return answer
  })
}

const toolsOf = (tools: PlainTools, thrown: Map<string, unknown>) => {
  const made = Object.entries(tools).map(([name, tool]) => {
    const place = { method, field: `tools.${name}.parameters` }
    if (typeof tool !== "object" || tool === null || typeof tool.execute !== "function") {
      throw Failure.invalid(method, `tools.${name}`, "expected { description, parameters, execute }")
    }
    const read = tool.parameters === undefined ? undefined : ReadSchema.read(tool.parameters, tool.jsonSchema, place)
    return { name, tool, read }
  })
  const toolkit = Toolkit.make(...made.map(({ name, read, tool }) =>
    AiTool.dynamic(name, {
      description: tool.description,
      parameters: read?.jsonSchema ?? { type: "object", properties: {} },
      success: Schema.Unknown,
      failure: Schema.Unknown,
      failureMode: "return"
    })
  ))
  return { toolkit, handlers: Object.fromEntries(made.map((it) => [it.name, handler(it, thrown)])) }
}

interface Made {
  readonly name: string
  readonly tool: Tool
  readonly read: ReadSchema.Read | undefined
}

const handler =
  ({ name, read, tool }: Made, thrown: Map<string, unknown>) =>
  (params: unknown, { toolCallId = "" }: { readonly toolCallId?: string | undefined }) =>
    Effect.flatMap(read === undefined ? Effect.succeed({}) : decode(read, name, params), (args) =>
      Effect.tryPromise({
        // The schema of this tool has made these arguments.
        try: async (signal) => (await tool.execute(args as never, { signal, callId: toolCallId })) ?? null,
        catch: (error) => {
          thrown.set(toolCallId, error)
          return error instanceof Error ? error.message : String(error)
        }
      }))

/** Arguments that do not fit are the model's mistake, which the loop tells it and counts. */
const decode = (read: ReadSchema.Read, toolName: string, params: unknown) =>
  Effect.mapError(
    Schema.decodeUnknownEffect(read.codec)(params),
    ({ message }) => new AiError.ToolParameterValidationError({ toolName, description: message })
  )

/** The calls of a conversation, each with what became of it. */
const callsOf = (history: Prompt.Prompt, thrown: ReadonlyMap<string, unknown>): ReadonlyArray<ToolCall> => {
  const parts = history.content.flatMap((message): ReadonlyArray<Prompt.Part> =>
    typeof message.content === "string" ? [] : message.content
  )
  const results = new Map(parts.flatMap((part) => part.type === "tool-result" ? [[part.id, part]] : []))
  return parts.flatMap((part): ReadonlyArray<ToolCall> => {
    if (part.type !== "tool-call") return []
    const { id, name, params: args } = part
    const result = results.get(id)
    if (result === undefined) return [{ id, name, args }]
    return [{
      id,
      name,
      args,
      ...(result.isFailure ? { error: thrown.get(id) ?? result.result } : { result: result.result })
    }]
  })
}
