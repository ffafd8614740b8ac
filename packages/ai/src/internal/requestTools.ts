/**
 * The tools of a request, and how they may be used. Pure.
 */
import type * as GeminiTool from "effect-gemini/wire/Tool"
import * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as AiTool from "effect/ai/Tool"
import type * as JsonSchema from "effect/JsonSchema"
import * as Result from "effect/Result"
import * as GeminiSchema from "../GeminiSchema.ts"
import * as Json from "./json.ts"
import type { ToolIndex } from "./toolIndex.ts"

export interface Tools {
  readonly tools?: ReadonlyArray<GeminiTool.Tool>
  readonly toolConfig?: GeminiTool.ToolConfig
}

type Choice = LanguageModel.ProviderOptions["toolChoice"]
type Calling = typeof GeminiTool.FunctionCallingConfig.Type

type Parameters = Pick<GeminiTool.FunctionDeclaration, "parameters" | "parametersJsonSchema">

/**
 * What was written of a schema, by dialect. The tools of an agent are in each of its requests, and to write one anew was a
 * twentieth of the JavaScript of a tool round trip (2026-11-30). JSON that a program gave is not kept, for the program may
 * change it.
 */
const known: Readonly<Record<GeminiSchema.Dialect, WeakMap<object, Parameters>>> = {
  json: /* @__PURE__ */ new WeakMap(),
  openapi: /* @__PURE__ */ new WeakMap()
}

/** The schema of a tool's parameters; nothing for a tool that has none. */
const parametersOf = (tool: AiTool.Any, dialect: GeminiSchema.Dialect): Parameters => {
  if (AiTool.isDynamic(tool) && tool.jsonSchema !== undefined) {
    return written(GeminiSchema.fromJsonSchema(tool.jsonSchema), dialect)
  }
  const { parametersSchema } = tool
  const before = known[dialect].get(parametersSchema)
  if (before !== undefined) return before
  const parameters = written(AiTool.getJsonSchema(tool, { transformer: GeminiSchema.toCodecGemini }), dialect)
  known[dialect].set(parametersSchema, parameters)
  return parameters
}

const written = (schema: JsonSchema.JsonSchema, dialect: GeminiSchema.Dialect): Parameters => {
  if (isNothing(schema)) return {}
  if (schema["type"] !== "object" && !("anyOf" in schema) && !("$ref" in schema)) {
    throw new Error("the parameters of a tool are an object")
  }
  return dialect === "openapi"
    ? { parameters: GeminiSchema.toOpenApi(schema) }
    : { parametersJsonSchema: schema }
}

const isNothing = (schema: JsonSchema.JsonSchema): boolean =>
  schema["type"] === "object" && !("anyOf" in schema) && !("$ref" in schema) &&
  Object.keys(Json.isObject(schema["properties"]) ? schema["properties"] : {}).length === 0 &&
  (schema["additionalProperties"] === undefined || schema["additionalProperties"] === false)

const declaration = (
  tool: AiTool.Any,
  index: ToolIndex,
  dialect: GeminiSchema.Dialect
): Result.Result<GeminiTool.FunctionDeclaration, AiError.AiErrorReason> => {
  const description = AiTool.getDescription(tool)
  return Result.try({
    try: () => ({
      name: index.toWire(tool.name),
      ...(description === undefined ? {} : { description }),
      ...parametersOf(tool, dialect)
    }),
    catch: (error) =>
      new AiError.UnsupportedSchemaError({
        description: `parameters of the tool "${tool.name}": ${error instanceof Error ? error.message : String(error)}`
      })
  })
}

const providerTool = (tool: AiTool.AnyProviderDefined): Result.Result<GeminiTool.Tool, AiError.AiErrorReason> => {
  const args: unknown = tool.args
  const settings = Json.isObject(args) ? args : {}
  switch (tool.id) {
    case "google.google_search":
      return Result.succeed({ googleSearch: settings })
    case "google.url_context":
      return Result.succeed({ urlContext: settings })
    case "google.code_execution":
      return Result.succeed({ codeExecution: settings })
    case "google.google_maps":
      return Result.succeed({ googleMaps: settings })
    case "google.file_search":
      return Result.succeed({ fileSearch: settings })
    case "google.computer_use":
      return Result.succeed({ computerUse: settings })
    case "google.mcp_servers":
      return Result.succeed(Array.isArray(settings["servers"]) ? { mcpServers: settings["servers"] } : {})
    default:
      return Result.fail(
        new AiError.ToolConfigurationError({
          toolName: tool.name,
          description: `Gemini has no tool "${tool.id}"; its own are in effect-gemini-ai/GeminiTool`
        })
      )
  }
}

const unenforceable = (constraint: string): AiError.AiErrorReason =>
  new AiError.InvalidRequestError({
    parameter: "toolChoice",
    constraint,
    description:
      "Gemini cannot be made to use its own tools, only functions: let it choose (\"auto\"), or name a function."
  })

/**
 * How functions may be called. Gemini's own tools are not functions: a choice that names some of both asks for one of
 * the functions, and a choice that names no function cannot be kept.
 */
const calling = (
  choice: Choice,
  index: ToolIndex
): Result.Result<Calling | undefined, AiError.AiErrorReason> => {
  if (choice === "auto") return Result.succeed(undefined)
  if (choice === "none") return Result.succeed({ mode: "NONE" })
  if (choice === "required") {
    return index.functions.length === 0
      ? Result.fail(unenforceable("is \"required\", and the request has no function"))
      : Result.succeed({ mode: "ANY" })
  }
  const names = "tool" in choice ? [choice.tool] : choice.oneOf
  // With `auto` the request declares the allowed tools only.
  if (!("tool" in choice) && choice.mode !== "required") return Result.succeed(undefined)
  const functions = names.filter((name) => index.tool(name) !== undefined)
  return functions.length === 0
    ? Result.fail(unenforceable(`names no function of the request (${names.join(", ")})`))
    : Result.succeed({ mode: "ANY", allowedFunctionNames: functions.map(index.toWire) })
}

export const requestTools = (
  options: Pick<LanguageModel.ProviderOptions, "tools" | "toolChoice">,
  index: ToolIndex,
  dialect: GeminiSchema.Dialect
): Result.Result<Tools, AiError.AiErrorReason> => {
  const functions: Array<GeminiTool.FunctionDeclaration> = []
  const own: Array<GeminiTool.Tool> = []
  for (const tool of options.tools) {
    if (AiTool.isProviderDefined(tool)) {
      const entry = providerTool(tool)
      if (Result.isFailure(entry)) return Result.fail(entry.failure)
      own.push(entry.success)
    } else {
      const entry = declaration(tool, index, dialect)
      if (Result.isFailure(entry)) return Result.fail(entry.failure)
      functions.push(entry.success)
    }
  }
  if (functions.length === 0 && own.length === 0) return Result.succeed({})
  const config = calling(options.toolChoice, index)
  if (Result.isFailure(config)) return Result.fail(config.failure)
  // Without functions there is nothing to configure; a tool of Gemini's own that may not be used is left out.
  const usable = options.toolChoice === "none" ? [] : own
  const toolConfig: GeminiTool.ToolConfig = {
    ...(config.success === undefined || functions.length === 0 ? {} : { functionCallingConfig: config.success }),
    // Without it the API refuses its own tools beside functions (Gemini 3, 2026).
    ...(functions.length > 0 && usable.length > 0 ? { includeServerSideToolInvocations: true } : {})
  }
  const tools = [...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]), ...usable]
  return Result.succeed({
    ...(tools.length === 0 ? {} : { tools }),
    ...(Object.keys(toolConfig).length === 0 ? {} : { toolConfig })
  })
}
