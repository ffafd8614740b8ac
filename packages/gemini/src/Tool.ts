/**
 * Tools that a request offers to the model, and how it may use them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { openName } from "./internal/wire.ts"
import { OpenApiSchema } from "./OpenApiSchema.ts"

const optional = Schema.optional

/**
 * A function that the model may ask to be called. The name has at most 128 characters
 * of `A-Z a-z 0-9 _ : . -`. Give `parameters` or `parametersJsonSchema`, not both; the
 * same holds for `response` and `responseJsonSchema`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionDeclaration = Schema.Struct({
  name: Schema.String,
  description: optional(Schema.String),
  parameters: optional(OpenApiSchema),
  parametersJsonSchema: optional(Schema.Unknown),
  response: optional(OpenApiSchema),
  responseJsonSchema: optional(Schema.Unknown),
  behavior: optional(openName<"BLOCKING" | "NON_BLOCKING">())
})

/**
 * @category models
 * @since 0.1.0
 */
export interface FunctionDeclaration extends Schema.Schema.Type<typeof FunctionDeclaration> {}

const Interval = Schema.Struct({ startTime: optional(Schema.String), endTime: optional(Schema.String) })
const Empty = Schema.Record(Schema.String, Schema.Unknown)

/**
 * Google Search as a tool. Times are RFC 3339.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GoogleSearch = Schema.Struct({
  timeRangeFilter: optional(Interval),
  searchTypes: optional(Schema.Struct({ webSearch: optional(Empty), imageSearch: optional(Empty) }))
})

/**
 * The search tool of older models.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GoogleSearchRetrieval = Schema.Struct({
  dynamicRetrievalConfig: optional(Schema.Struct({
    mode: optional(openName<"MODE_DYNAMIC">()),
    dynamicThreshold: optional(Schema.Finite)
  }))
})

/**
 * Google Maps as a tool.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GoogleMaps = Schema.Struct({
  enableWidget: optional(Schema.Boolean),
  authConfig: optional(Schema.Struct({ apiKey: optional(Schema.String) }))
})

/**
 * Search in file search stores (`fileSearchStores/…`).
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileSearch = Schema.Struct({
  fileSearchStoreNames: optional(Schema.Array(Schema.String)),
  metadataFilter: optional(Schema.String),
  topK: optional(Schema.Finite)
})

/**
 * Acting on a computer through predefined functions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComputerUse = Schema.Struct({
  environment: optional(openName<"ENVIRONMENT_BROWSER" | "ENVIRONMENT_MOBILE" | "ENVIRONMENT_DESKTOP">()),
  excludedPredefinedFunctions: optional(Schema.Array(Schema.String)),
  disabledSafetyPolicies: optional(Schema.Array(
    openName<
      | "FINANCIAL_TRANSACTIONS"
      | "SENSITIVE_DATA_MODIFICATION"
      | "COMMUNICATION_TOOL"
      | "ACCOUNT_CREATION"
      | "DATA_MODIFICATION"
      | "USER_CONSENT_MANAGEMENT"
      | "LEGAL_TERMS_AND_AGREEMENTS"
    >()
  )),
  enablePromptInjectionDetection: optional(Schema.Boolean)
})

/**
 * An MCP server that Google's side connects to. Timeouts are durations like `"30s"`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const McpServer = Schema.Struct({
  name: optional(Schema.String),
  streamableHttpTransport: optional(Schema.Struct({
    url: optional(Schema.String),
    headers: optional(Schema.Record(Schema.String, Schema.String)),
    timeout: optional(Schema.String),
    sseReadTimeout: optional(Schema.String),
    terminateOnClose: optional(Schema.Boolean)
  }))
})

/**
 * One entry of `tools`; it may hold several tools.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Tool = Schema.Struct({
  functionDeclarations: optional(Schema.Array(FunctionDeclaration)),
  googleSearch: optional(GoogleSearch),
  googleSearchRetrieval: optional(GoogleSearchRetrieval),
  codeExecution: optional(Empty),
  urlContext: optional(Empty),
  googleMaps: optional(GoogleMaps),
  fileSearch: optional(FileSearch),
  computerUse: optional(ComputerUse),
  mcpServers: optional(Schema.Array(McpServer))
})

/**
 * @category models
 * @since 0.1.0
 */
export interface Tool extends Schema.Schema.Type<typeof Tool> {}

/**
 * Whether, and which, functions the model may or must call. `allowedFunctionNames`
 * needs mode ANY or VALIDATED.
 *
 * @category schemas
 * @since 0.1.0
 */
export const FunctionCallingConfig = Schema.Struct({
  mode: optional(openName<"AUTO" | "ANY" | "NONE" | "VALIDATED">()),
  allowedFunctionNames: optional(Schema.Array(Schema.String))
})

/**
 * How tools are used.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolConfig = Schema.Struct({
  functionCallingConfig: optional(FunctionCallingConfig),
  retrievalConfig: optional(Schema.Struct({
    latLng: optional(Schema.Struct({ latitude: optional(Schema.Finite), longitude: optional(Schema.Finite) })),
    languageCode: optional(Schema.String)
  })),
  includeServerSideToolInvocations: optional(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ToolConfig extends Schema.Schema.Type<typeof ToolConfig> {}

/**
 * Functions as a tool.
 *
 * ```ts
 * import * as Tool from "effect-gemini/Tool"
 *
 * const tool = Tool.functions([{
 *   name: "weather",
 *   description: "The weather of a city",
 *   parametersJsonSchema: { type: "object", properties: { city: { type: "string" } }, required: ["city"] }
 * }])
 * console.log(tool.functionDeclarations?.[0]?.name) // weather
 * ```
 *
 * @category constructors
 * @since 0.1.0
 */
export const functions = (functionDeclarations: ReadonlyArray<FunctionDeclaration>): Tool => ({ functionDeclarations })

/**
 * Grounding with Google Search.
 *
 * @category constructors
 * @since 0.1.0
 */
export const googleSearch: Tool = { googleSearch: {} }

/**
 * Python on Google's side.
 *
 * @category constructors
 * @since 0.1.0
 */
export const codeExecution: Tool = { codeExecution: {} }

/**
 * Reading the URLs that the prompt names.
 *
 * @category constructors
 * @since 0.1.0
 */
export const urlContext: Tool = { urlContext: {} }
