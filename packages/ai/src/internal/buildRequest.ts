/** Makes one request of what `effect/ai` asks for and what the settings say. Pure. */
import type * as GeminiClient from "effect-gemini/GeminiClient"
import type { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as AiTool from "effect/ai/Tool"
import * as Result from "effect/Result"
import type { Config } from "../GeminiLanguageModel.ts"
import * as GeminiSchema from "../GeminiSchema.ts"
import * as Combinations from "./combinations.ts"
import * as LargeSchemas from "./largeSchemas.ts"
import { promptToContents } from "./promptToContents.ts"
import { requestTools } from "./requestTools.ts"
import * as Signatures from "./signatures.ts"
import type { ToolIndex } from "./toolIndex.ts"

export type Request = GeminiClient.Request & { readonly model: string }

const jsonOutput = (
  format: LanguageModel.ProviderOptions["responseFormat"],
  dialect: GeminiSchema.Dialect
): Result.Result<GenerationConfig, AiError.AiErrorReason> => {
  if (format.type === "text") return Result.succeed({})
  return Result.try({
    try: () => {
      const { jsonSchema } = GeminiSchema.toCodecGemini(format.schema)
      return {
        responseMimeType: "application/json",
        ...(dialect === "openapi"
          ? { responseSchema: GeminiSchema.toOpenApi(jsonSchema) }
          : { responseJsonSchema: jsonSchema })
      }
    },
    catch: (error) =>
      new AiError.UnsupportedSchemaError({
        description: `"${format.objectName}": ${error instanceof Error ? error.message : String(error)}`
      })
  })
}

const lost = ({ message, name, path }: Signatures.Missing): AiError.AiErrorReason =>
  new AiError.InvalidRequestError({
    parameter: path,
    constraint: "is missing",
    description: `Message ${message} of the prompt calls "${name}" without the thought signature that Gemini gave ` +
      `it, and the model refuses the turn without it. Keep options.google of the prompt's parts (Chat does), ` +
      `or, if Gemini did not make this call, set unsignedCalls: "mark".`
  })

const chosen: AiError.AiErrorReason = new AiError.InvalidRequestError({
  parameter: "toolChoice",
  constraint: "cannot be sent beside cachedContent",
  description: "The tools of a cached conversation, and which of them may be called, are settled in the cache."
})

const beheaded = (message: number): AiError.AiErrorReason =>
  new AiError.InvalidRequestError({
    parameter: "contents[0]",
    constraint: "is a call of the model's, and the API wants what the user said before it",
    description:
      `Message ${message} of the prompt calls a tool before anybody has said something. Cut a conversation ` +
      `before what the user says, as Tokenizer.truncate does.`
  })

export const buildRequest = (
  options: LanguageModel.ProviderOptions,
  config: Config.Settings & { readonly model: string },
  index: ToolIndex
): Result.Result<Request, AiError.AiErrorReason> => {
  const {
    cachedContent,
    call: _,
    labels,
    largeSchemas,
    model,
    safetySettings,
    schemaDialect = "json",
    serviceTier,
    store,
    toolConfig,
    unsignedCalls,
    ...generation
  } = config
  const { placed: plain, refusal, systemInstruction } = promptToContents(options.prompt, index)
  if (refusal !== undefined) return Result.fail(refusal)
  const [first] = plain
  if (first?.content.role === "model" && first.content.parts?.some((part) => part.functionCall)) {
    return Result.fail(beheaded(first.message))
  }
  const placed = unsignedCalls === "mark" ? Signatures.mark(plain) : plain
  const missing = Signatures.isDemanded(model, placed) ? Signatures.missing(placed) : undefined
  if (missing !== undefined) return Result.fail(lost(missing))
  if (cachedContent && options.tools.length > 0 && options.toolChoice !== "auto") return Result.fail(chosen)
  // The tools of a cached conversation are in the cache, and only their handlers are here.
  const tools = requestTools(cachedContent ? { ...options, tools: [] } : options, index, schemaDialect)
  if (Result.isFailure(tools)) return Result.fail(tools.failure)
  const output = jsonOutput(options.responseFormat, schemaDialect)
  if (Result.isFailure(output)) return Result.fail(output.failure)
  const refused = Combinations.refusal(model, {
    functions: !cachedContent && options.tools.some((tool) => !AiTool.isProviderDefined(tool)),
    ownTools: !cachedContent && options.tools.some(AiTool.isProviderDefined),
    json: options.responseFormat.type === "json" || generation.responseMimeType === "application/json"
  })
  if (refused !== undefined) {
    return Result.fail(new AiError.InvalidRequestError({ parameter: "tools", description: refused }))
  }
  const generationConfig = { ...generation, ...output.success }
  const merged = toolConfig || tools.success.toolConfig
    ? { toolConfig: { ...tools.success.toolConfig, ...toolConfig } }
    : {}
  const request: Request = {
    model,
    contents: placed.map(({ content }) => content),
    ...(systemInstruction === undefined ? {} : { systemInstruction }),
    ...(Object.keys(generationConfig).length === 0 ? {} : { generationConfig }),
    ...tools.success,
    ...merged,
    ...(safetySettings ? { safetySettings } : {}),
    ...(cachedContent ? { cachedContent } : {}),
    ...(serviceTier ? { serviceTier } : {}),
    ...(labels ? { labels } : {}),
    ...(store === undefined || store === null ? {} : { store })
  }
  return Result.succeed(largeSchemas === "relax" ? LargeSchemas.relaxed(request) : request)
}
