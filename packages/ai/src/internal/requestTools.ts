/**
 * The tools of a request, and how they may be used. Pure.
 */
import type * as GeminiTool from "effect-gemini/Tool"
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

const description = (error: unknown): string => error instanceof Error ? error.message : String(error)

const schemaOf = (tool: AiTool.Any): Result.Result<JsonSchema.JsonSchema, AiError.AiErrorReason> => {
  try {
    return Result.succeed(AiTool.getJsonSchema(tool, { transformer: GeminiSchema.toCodecGemini }))
  } catch (error) {
    return Result.fail(
      new AiError.UnsupportedSchemaError({
        description: `parameters of the tool "${tool.name}": ${description(error)}`
      })
    )
  }
}

const declaration = (
  tool: AiTool.Any,
  index: ToolIndex
): Result.Result<GeminiTool.FunctionDeclaration, AiError.AiErrorReason> =>
  Result.map(schemaOf(tool), (parametersJsonSchema) => {
    const description = AiTool.getDescription(tool)
    return {
      name: index.toWire(tool.name),
      ...(description === undefined ? {} : { description }),
      // A schema of nothing would be sent for a tool without parameters.
      ...(isEmpty(parametersJsonSchema) ? {} : { parametersJsonSchema })
    }
  })

const isEmpty = (schema: JsonSchema.JsonSchema): boolean =>
  schema["type"] === "object" && !("anyOf" in schema) && !("$ref" in schema) &&
  Object.keys(Json.isObject(schema["properties"]) ? schema["properties"] : {}).length === 0 &&
  (schema["additionalProperties"] === undefined || schema["additionalProperties"] === false ||
    Json.isObject(schema["additionalProperties"]) && "not" in schema["additionalProperties"])

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

const calling = (choice: Choice, index: ToolIndex): Calling | undefined => {
  if (choice === "auto") return undefined
  if (choice === "none") return { mode: "NONE" }
  if (choice === "required") return { mode: "ANY" }
  if ("tool" in choice) return { mode: "ANY", allowedFunctionNames: [index.toWire(choice.tool)] }
  // With `auto` the request declares the allowed tools only.
  return choice.mode === "required"
    ? { mode: "ANY", allowedFunctionNames: choice.oneOf.map(index.toWire) }
    : undefined
}

export const requestTools = (
  options: Pick<LanguageModel.ProviderOptions, "tools" | "toolChoice">,
  index: ToolIndex
): Result.Result<Tools, AiError.AiErrorReason> => {
  const functions: Array<GeminiTool.FunctionDeclaration> = []
  const own: Array<GeminiTool.Tool> = []
  for (const tool of options.tools) {
    if (AiTool.isProviderDefined(tool)) {
      const entry = providerTool(tool)
      if (Result.isFailure(entry)) return Result.fail(entry.failure)
      own.push(entry.success)
    } else {
      const entry = declaration(tool, index)
      if (Result.isFailure(entry)) return Result.fail(entry.failure)
      functions.push(entry.success)
    }
  }
  if (functions.length === 0 && own.length === 0) return Result.succeed({})
  const config = functions.length === 0 ? undefined : calling(options.toolChoice, index)
  const toolConfig: GeminiTool.ToolConfig = {
    ...(config === undefined ? {} : { functionCallingConfig: config }),
    // Without it the API refuses its own tools beside functions (Gemini 3, 2026).
    ...(functions.length > 0 && own.length > 0 ? { includeServerSideToolInvocations: true } : {})
  }
  return Result.succeed({
    tools: [...(functions.length === 0 ? [] : [{ functionDeclarations: functions }]), ...own],
    ...(Object.keys(toolConfig).length === 0 ? {} : { toolConfig })
  })
}
