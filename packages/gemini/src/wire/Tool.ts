/**
 * Tools that a request offers to the model, and how it may use them.
 *
 * @since 0.1.0
 */
import * as Schema from "effect/Schema"
import { field, openName, record } from "../internal/wire/leaves.ts"
import { OpenApiSchema } from "./OpenApiSchema.ts"

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
  description: field(Schema.String),
  parameters: field(OpenApiSchema),
  parametersJsonSchema: field(Schema.Unknown),
  response: field(OpenApiSchema),
  responseJsonSchema: field(Schema.Unknown),
  behavior: field(openName<"BLOCKING" | "NON_BLOCKING">())
})

/**
 * @category models
 * @since 0.1.0
 */
export interface FunctionDeclaration extends Schema.Schema.Type<typeof FunctionDeclaration> {}

const Interval = Schema.Struct({ startTime: field(Schema.String), endTime: field(Schema.String) })
const Empty = record(Schema.Unknown)

/**
 * Google Search as a tool. Times are RFC 3339.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GoogleSearch = Schema.Struct({
  timeRangeFilter: field(Interval),
  searchTypes: field(Schema.Struct({ webSearch: field(Empty), imageSearch: field(Empty) }))
})

/**
 * The search tool of older models.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GoogleSearchRetrieval = Schema.Struct({
  dynamicRetrievalConfig: field(Schema.Struct({
    mode: field(openName<"MODE_DYNAMIC">()),
    dynamicThreshold: field(Schema.Finite)
  }))
})

/**
 * Google Maps as a tool.
 *
 * @category schemas
 * @since 0.1.0
 */
export const GoogleMaps = Schema.Struct({
  enableWidget: field(Schema.Boolean),
  authConfig: field(Schema.Struct({ apiKey: field(Schema.String) }))
})

/**
 * Search in file search stores (`fileSearchStores/…`).
 *
 * @category schemas
 * @since 0.1.0
 */
export const FileSearch = Schema.Struct({
  fileSearchStoreNames: field(Schema.Array(Schema.String)),
  metadataFilter: field(Schema.String),
  topK: field(Schema.Finite)
})

/**
 * A computer on which the model acts through predefined functions.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ComputerUse = Schema.Struct({
  environment: field(openName<"ENVIRONMENT_BROWSER" | "ENVIRONMENT_MOBILE" | "ENVIRONMENT_DESKTOP">()),
  excludedPredefinedFunctions: field(Schema.Array(Schema.String)),
  disabledSafetyPolicies: field(Schema.Array(
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
  enablePromptInjectionDetection: field(Schema.Boolean)
})

/**
 * An MCP server that Google's side connects to. Timeouts are durations like `"30s"`.
 *
 * @category schemas
 * @since 0.1.0
 */
export const McpServer = Schema.Struct({
  name: field(Schema.String),
  streamableHttpTransport: field(Schema.Struct({
    url: field(Schema.String),
    headers: field(record(Schema.String)),
    timeout: field(Schema.String),
    sseReadTimeout: field(Schema.String),
    terminateOnClose: field(Schema.Boolean)
  }))
})

/**
 * One entry of `tools`; it may hold several tools.
 *
 * @category schemas
 * @since 0.1.0
 */
export const Tool = Schema.Struct({
  functionDeclarations: field(Schema.Array(FunctionDeclaration)),
  googleSearch: field(GoogleSearch),
  googleSearchRetrieval: field(GoogleSearchRetrieval),
  codeExecution: field(Empty),
  urlContext: field(Empty),
  googleMaps: field(GoogleMaps),
  fileSearch: field(FileSearch),
  computerUse: field(ComputerUse),
  mcpServers: field(Schema.Array(McpServer))
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
  mode: field(openName<"AUTO" | "ANY" | "NONE" | "VALIDATED">()),
  allowedFunctionNames: field(Schema.Array(Schema.String))
})

/**
 * How the tools of a request are used.
 *
 * @category schemas
 * @since 0.1.0
 */
export const ToolConfig = Schema.Struct({
  functionCallingConfig: field(FunctionCallingConfig),
  retrievalConfig: field(Schema.Struct({
    latLng: field(Schema.Struct({ latitude: field(Schema.Finite), longitude: field(Schema.Finite) })),
    languageCode: field(Schema.String)
  })),
  includeServerSideToolInvocations: field(Schema.Boolean)
})

/**
 * @category models
 * @since 0.1.0
 */
export interface ToolConfig extends Schema.Schema.Type<typeof ToolConfig> {}

/**
 * A tool made of functions that the model may ask to be called.
 *
 * ```ts
 * import * as Tool from "effect-gemini/wire/Tool"
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
 * A tool that runs Python on Google's side.
 *
 * @category constructors
 * @since 0.1.0
 */
export const codeExecution: Tool = { codeExecution: {} }

/**
 * A tool that reads the URLs that the prompt names.
 *
 * @category constructors
 * @since 0.1.0
 */
export const urlContext: Tool = { urlContext: {} }
