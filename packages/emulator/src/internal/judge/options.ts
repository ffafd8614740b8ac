/**
 * Options that exclude each other, or that the model does not take.
 *
 * Where public reports show the server's sentence (2025 and 2026), that sentence is used; where only the documentation
 * says that it refuses, the answer is the server's general one.
 */
import type { Row } from "../../ModelTable.ts"
import type { GenerateContentRequest, Tool } from "./request.ts"

const general = "Request contains an invalid argument."

const thinking = (request: GenerateContentRequest, row: Row): string | undefined => {
  const { thinkingBudget: budget, thinkingLevel: level } = request.generationConfig?.thinkingConfig ?? {}
  const leveled = level !== undefined && level !== "THINKING_LEVEL_UNSPECIFIED" && level !== 0
  if (budget !== undefined && leveled) return "You can only set only one of thinking budget and thinking level."
  if (leveled && row.model.thinking !== undefined) {
    if (row.levels === undefined) return "Thinking level is not supported for this model."
    if (typeof level === "string" && !row.levels.includes(level)) {
      return `Thinking level ${level} is not supported for this model. Please retry with other thinking level.`
    }
  }
  if (budget === undefined || budget === -1 || row.budget === undefined) return undefined
  const { max, min, off } = row.budget
  if (budget === 0) return off ? undefined : "Budget 0 is invalid. This model only works in thinking mode."
  return budget >= min && budget <= max
    ? undefined
    : `The thinking budget ${budget} is invalid. Please choose a value between ${min} and ${max}.`
}

const output = (request: GenerateContentRequest): string | undefined => {
  const config = request.generationConfig ?? {}
  const schemas = [config.responseSchema, config.responseJsonSchema, config._responseJsonSchema]
  if (schemas.filter((schema) => schema !== undefined).length > 1) return general
  if ((config.stopSequences?.length ?? 0) > 5) return general
  if (config.candidateCount !== undefined && (config.candidateCount < 0 || config.candidateCount > 8)) return general
  if (config.topP !== undefined && !(config.topP >= 0 && config.topP <= 1)) return general
  if (
    config.logprobs !== undefined && (config.responseLogprobs !== true || config.logprobs < 0 || config.logprobs > 20)
  ) {
    return general
  }
  return undefined
}

const declarations = (tools: ReadonlyArray<Tool>) => tools.flatMap((tool) => tool.functionDeclarations ?? [])

/** Whether one of the tools is the server's own. */
const hasBuiltIn = (tools: ReadonlyArray<Tool>): boolean =>
  tools.some((tool) => Object.keys(tool).some((name) => name !== "functionDeclarations"))

/**
 * Models up to 2.5 take one kind of tool, and no JSON output beside it. Later ones take a mixture if the request says
 * that it is meant.
 */
const mixture = (request: GenerateContentRequest, row: Row, isVertex: boolean): string | undefined => {
  const given = request.tools ?? []
  const functions = declarations(given).length > 0
  const builtIn = hasBuiltIn(given)
  if (row.combinesTools === undefined) return undefined
  if (row.combinesTools) {
    // Vertex AI lacks the field, and takes the mixture without it (recorded 2026).
    return !isVertex && functions && builtIn && request.toolConfig?.includeServerSideToolInvocations !== true
      ? "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling."
      : undefined
  }
  if (functions && builtIn) return "Tool use with function calling is unsupported"
  if (request.generationConfig?.responseMimeType !== "application/json") return undefined
  if (functions) return "Function calling with a response mime type: 'application/json' is unsupported"
  return builtIn ? "Tool use with a response mime type: 'application/json' is unsupported" : undefined
}

const tools = (request: GenerateContentRequest, row: Row): string | undefined => {
  const given = request.tools ?? []
  const declared = declarations(given)
  const names = new Set<string>()
  for (const { name = "", ...declaration } of declared) {
    if (names.has(name)) return `Duplicate function declaration found: ${name}`
    names.add(name)
    if (declaration.parameters !== undefined && declaration.parametersJsonSchema !== undefined) return general
    if (declaration.response !== undefined && declaration.responseJsonSchema !== undefined) return general
  }
  const config = request.toolConfig?.functionCallingConfig
  if (config === undefined) return undefined
  // Models that combine tools take this setting also beside built-in tools alone (recorded in 2026).
  const suits = declared.length > 0 || (row.combinesTools === true && given.length > 0)
  if (!suits && config.mode !== "NONE" && config.mode !== undefined) {
    return "Function calling config is set without function_declarations."
  }
  const allowed = config.allowedFunctionNames ?? []
  if (allowed.length > 0 && config.mode !== "ANY" && config.mode !== "VALIDATED") return general
  return allowed.every((name) => names.has(name)) ? undefined : general
}

const cache = (request: GenerateContentRequest): string | undefined => {
  if (request.cachedContent === undefined || request.cachedContent === "") return undefined
  const doubled = request.systemInstruction !== undefined || (request.tools?.length ?? 0) > 0 ||
    request.toolConfig !== undefined
  return doubled
    ? "CachedContent can not be used with GenerateContent request setting system_instruction, tools or " +
      "tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request."
    : undefined
}

const safety = (request: GenerateContentRequest): string | undefined => {
  const categories = (request.safetySettings ?? []).map(({ category }) => category)
  return new Set(categories).size === categories.length ? undefined : general
}

export const judge = (request: GenerateContentRequest, row: Row, isVertex = false): string | undefined =>
  cache(request) ?? tools(request, row) ?? mixture(request, row, isVertex) ?? thinking(request, row) ??
    output(request) ??
    safety(request)
