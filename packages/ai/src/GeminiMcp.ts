/**
 * Tools of MCP servers for a model: one server or several, as one toolkit.
 *
 * The connection is `McpClient` of `effect/ai`. A tool is named `<prefix><its name>`, as the
 * server writes it: `GeminiLanguageModel` maps names that Gemini does not take, and says
 * schemas in its dialect. A tool that fails, and a server that is lost, are results that the
 * model is told of (`isFailure`), typed as `McpFailure`: the run goes on.
 *
 * ```ts compile-only
 * import * as GeminiMcp from "effect-gemini-ai/GeminiMcp"
 * import * as LanguageModel from "effect/ai/LanguageModel"
 * import type * as McpClient from "effect/ai/McpClient"
 * import * as Effect from "effect/Effect"
 *
 * const ask = Effect.fn(function*(files: McpClient.McpClient, web: McpClient.McpClient) {
 *   const toolkit = yield* GeminiMcp.toolkit({ "files/": files, "web/": web })
 *   return yield* LanguageModel.generateText({ prompt: "What is in notes.txt?", toolkit })
 * })
 * console.log(ask.length) // 2
 * ```
 *
 * @since 0.1.0
 */
import type * as McpClient from "effect/ai/McpClient"
import { ConfigurationError, McpClientError } from "effect/ai/McpClientError"
import * as McpSchema from "effect/ai/McpSchema"
import * as Prompt from "effect/ai/Prompt"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Json from "./internal/json.ts"

/**
 * Why a tool gave no result: `ToolError` when the tool itself says so, else the tag of the
 * connection's failure (`TransportError`, `ClosedError`, `TimeoutError`, …).
 *
 * @category schemas
 * @since 0.1.0
 */
export const McpFailure = Schema.Struct({
  reason: Schema.String,
  /** The prefix of the server. */
  server: Schema.String,
  description: Schema.String
})

/**
 * @category models
 * @since 0.1.0
 */
export interface McpFailure extends Schema.Schema.Type<typeof McpFailure> {}

/**
 * A tool of a server.
 *
 * @category models
 * @since 0.1.0
 */
export type McpTool = Tool.Dynamic<string, {
  readonly parameters: McpSchema.Tool["inputSchema"]
  readonly success: typeof McpSchema.CallToolResult
  readonly failure: typeof McpFailure
  readonly failureMode: "return"
}>

const file = (mediaType: string, data: Uint8Array): Prompt.ToolModelOutputPart =>
  Prompt.makePart("file", { mediaType, data })

const text = (text: string): Prompt.ToolModelOutputPart => Prompt.makePart("text", { text })

/** What the model sees of a result. */
const modelOutput = (result: McpSchema.CallToolResult): ReadonlyArray<Prompt.ToolModelOutputPart> => {
  const parts = result.content.map((block): Prompt.ToolModelOutputPart => {
    switch (block.type) {
      case "text":
        return text(block.text)
      case "image":
      case "audio":
        return file(block.mimeType, block.data)
      case "resource":
        return "text" in block.resource
          ? text(block.resource.text)
          : file(block.resource.mimeType ?? "application/octet-stream", block.resource.blob)
      case "resource_link":
        return text(`${block.name}: ${block.uri}`)
    }
  })
  return parts.length === 0 && result.structuredContent !== undefined
    ? [text(JSON.stringify(result.structuredContent))]
    : parts
}

const failure = (server: string, reason: string, description: string): McpFailure => ({ server, reason, description })

const errorText = (result: McpSchema.CallToolResult): string =>
  result.content.flatMap((block) => block.type === "text" ? [block.text] : []).join("\n") || "the tool failed"

/** One call; a failure of any kind is an `McpFailure`. */
const callTool = (server: string, client: McpClient.McpClient, tool: McpSchema.Tool) => (params: unknown) =>
  client.callTool({ tool, arguments: Json.isObject(params) ? params : {} }).pipe(
    Effect.mapError((error) => failure(server, error.reason._tag, error.message)),
    Effect.filterOrFail(
      (result) => result.isError !== true,
      (result) => failure(server, "ToolError", errorText(result))
    )
  )

/**
 * How far a server's word about its own tools goes.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /**
   * The prefixes of servers, or `true` for all, whose hints are believed that a tool changes nothing (`Tool.Readonly`) or
   * may be called again (`Tool.Idempotent`), so that agents call it again after a crash. Default: none. That a tool
   * destroys something (`Tool.Destructive`) is believed of every server.
   */
  readonly trustHints?: boolean | ReadonlyArray<string> | undefined
}

/** The same tool with one annotation more; the type of `annotate` forgets that it is a dynamic one. */
const marked = (tool: McpTool, annotation: typeof Tool.Readonly): McpTool => tool.annotate(annotation, true) as McpTool

/** A tool with the hints of its server: what makes it stricter always, what makes it laxer if the server is trusted. */
const hinted = (tool: McpTool, hints: McpSchema.Tool["annotations"], isTrusted: boolean): McpTool => {
  const strict = hints?.destructiveHint === true ? marked(tool, Tool.Destructive) : tool
  if (!isTrusted) return strict
  const readonly = hints?.readOnlyHint === true ? marked(strict, Tool.Readonly) : strict
  return hints?.idempotentHint === true ? marked(readonly, Tool.Idempotent) : readonly
}

/**
 * The tools that the servers have now, each under the prefix of its server. A prefix may be
 * empty where no names clash; two tools of one name are a `ConfigurationError`.
 *
 * @category constructors
 * @since 0.1.0
 */
export const toolkit = Effect.fnUntraced(function*(
  servers: Readonly<Record<string, McpClient.McpClient>>,
  { trustHints = false }: Options = {}
): Effect.fn.Return<Toolkit.WithHandler<Record<string, McpTool>>, McpClientError> {
  const tools: Array<McpTool> = []
  const handlers: Record<string, ReturnType<typeof callTool>> = Object.create(null)
  for (const [prefix, client] of Object.entries(servers)) {
    for (const descriptor of yield* client.listTools()) {
      const name = `${prefix}${descriptor.name}`
      if (Object.hasOwn(handlers, name)) {
        return yield* new McpClientError({
          reason: new ConfigurationError({ description: `two tools are called ${name}: give the servers prefixes` })
        })
      }
      handlers[name] = callTool(prefix, client, descriptor)
      const isTrusted = typeof trustHints === "boolean" ? trustHints : trustHints.includes(prefix)
      const tool = Tool.dynamic(name, {
        parameters: descriptor.inputSchema,
        description: descriptor.description,
        success: McpSchema.CallToolResult,
        failure: McpFailure,
        failureMode: "return",
        toModelOutput: modelOutput
      })
      tools.push(hinted(tool, descriptor.annotations, isTrusted))
    }
  }
  const all = Toolkit.make(...tools)
  return yield* all.pipe(Effect.provideContext(yield* all.toHandlers(handlers)))
})
