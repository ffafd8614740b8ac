/**
 * Gemini's own tools, which run on Google's side, for a `Toolkit` of `effect/ai`.
 *
 * Several go into one request, beside functions too where the model combines them (Gemini
 * 3). What they did is in the answer: sources and grounding in any case, calls and results
 * as provider-executed tool parts where Gemini shows them.
 *
 * ```ts
 * import * as GeminiTool from "effect-gemini-ai/GeminiTool"
 * import * as Toolkit from "effect/ai/Toolkit"
 *
 * const toolkit = Toolkit.make(GeminiTool.GoogleSearch({}), GeminiTool.CodeExecution({}))
 * console.log(Object.keys(toolkit.tools)) // [ 'GoogleSearch', 'CodeExecution' ]
 * ```
 *
 * @since 0.1.0
 */
import * as WireTool from "effect-gemini/wire/Tool"
import * as AiTool from "effect/ai/Tool"
import * as Schema from "effect/Schema"

/**
 * Settings of Google Search.
 *
 * @category models
 * @since 0.1.0
 */
export interface GoogleSearchArgs extends Schema.Schema.Type<typeof WireTool.GoogleSearch> {}

/**
 * Settings of Google Maps.
 *
 * @category models
 * @since 0.1.0
 */
export interface GoogleMapsArgs extends Schema.Schema.Type<typeof WireTool.GoogleMaps> {}

/**
 * Which stores are searched, and how.
 *
 * @category models
 * @since 0.1.0
 */
export interface FileSearchArgs extends Schema.Schema.Type<typeof WireTool.FileSearch> {}

/**
 * What kind of computer it is, and which actions it has.
 *
 * @category models
 * @since 0.1.0
 */
export interface ComputerUseArgs {
  readonly environment?:
    | "ENVIRONMENT_BROWSER"
    | "ENVIRONMENT_MOBILE"
    | "ENVIRONMENT_DESKTOP"
    | (string & {})
    | null
    | undefined
  /** Actions that the model may not ask for. */
  readonly excludedPredefinedFunctions?: ReadonlyArray<string> | null | undefined
  /** Policies such as `FINANCIAL_TRANSACTIONS` that no longer ask for a confirmation. */
  readonly disabledSafetyPolicies?: ReadonlyArray<string> | null | undefined
  readonly enablePromptInjectionDetection?: boolean | null | undefined
}

/**
 * An MCP server by its name and address.
 *
 * @category models
 * @since 0.1.0
 */
export interface McpServer extends Schema.Schema.Type<typeof WireTool.McpServer> {}

const googleSearchArgs: Schema.Codec<GoogleSearchArgs> = WireTool.GoogleSearch
const googleMapsArgs: Schema.Codec<GoogleMapsArgs> = WireTool.GoogleMaps
const fileSearchArgs: Schema.Codec<FileSearchArgs> = WireTool.FileSearch
const computerUseArgs: Schema.Codec<ComputerUseArgs> = WireTool.ComputerUse
const mcpServer: Schema.Codec<McpServer> = WireTool.McpServer

const anyObject = Schema.Record(Schema.String, Schema.Unknown)

/**
 * Google Search. The finish part has the grounding in its metadata; `render` of
 * `GeminiCitations` puts it into the text as citations.
 *
 * @category tools
 * @since 0.1.0
 */
export const GoogleSearch = AiTool.providerDefined({
  id: "google.google_search",
  customName: "GoogleSearch",
  providerName: "google_search",
  args: googleSearchArgs,
  parameters: anyObject,
  success: anyObject
})

/**
 * A tool that reads the URLs that the prompt names.
 *
 * @category tools
 * @since 0.1.0
 */
export const UrlContext = AiTool.providerDefined({
  id: "google.url_context",
  customName: "UrlContext",
  providerName: "url_context",
  args: Schema.Struct({}),
  parameters: anyObject,
  success: anyObject
})

/**
 * The result of a run of code.
 *
 * @category schemas
 * @since 0.1.0
 */
export const CodeExecutionOutcome = Schema.Struct({
  /** `OUTCOME_OK`, `OUTCOME_FAILED`, `OUTCOME_DEADLINE_EXCEEDED`, or what comes tomorrow. */
  outcome: Schema.String,
  output: Schema.String
})

/**
 * A tool that runs Python on Google's side. The call's parameters are the code, its result is the output.
 *
 * @category tools
 * @since 0.1.0
 */
export const CodeExecution = AiTool.providerDefined({
  id: "google.code_execution",
  customName: "CodeExecution",
  providerName: "code_execution",
  args: Schema.Struct({}),
  parameters: Schema.Struct({ language: Schema.String, code: Schema.String }),
  success: CodeExecutionOutcome,
  failure: CodeExecutionOutcome
})

/**
 * A tool that finds places and reviews in Google Maps. `toolConfig.retrievalConfig.latLng` of the settings says where
 * it searches.
 *
 * @category tools
 * @since 0.1.0
 */
export const GoogleMaps = AiTool.providerDefined({
  id: "google.google_maps",
  customName: "GoogleMaps",
  providerName: "google_maps",
  args: googleMapsArgs,
  parameters: anyObject,
  success: anyObject
})

/**
 * A tool that searches in file search stores (`fileSearchStores/…`).
 *
 * @category tools
 * @since 0.1.0
 */
export const FileSearch = AiTool.providerDefined({
  id: "google.file_search",
  customName: "FileSearch",
  providerName: "file_search",
  args: fileSearchArgs,
  parameters: anyObject,
  success: anyObject
})

/**
 * A tool by which the model acts on a computer. The model asks for predefined actions (`click_at`, `type_text_at`, …),
 * and your handler carries them out; the result it returns is an object, with the page's `url` where there is one.
 *
 * @category tools
 * @since 0.1.0
 */
export const ComputerUse = AiTool.providerDefined({
  id: "google.computer_use",
  customName: "ComputerUse",
  providerName: "computer_use",
  requiresHandler: true,
  args: computerUseArgs,
  parameters: Schema.Struct({ action: Schema.String, args: anyObject }),
  success: anyObject,
  failure: anyObject
})

/**
 * MCP servers that Google's side connects to, one or several.
 *
 * @category tools
 * @since 0.1.0
 */
export const McpServers = AiTool.providerDefined({
  id: "google.mcp_servers",
  customName: "McpServers",
  providerName: "mcp_servers",
  args: Schema.Struct({ servers: Schema.Array(mcpServer) }),
  parameters: Schema.Struct({ name: Schema.String, args: anyObject }),
  success: anyObject,
  failure: anyObject
})
