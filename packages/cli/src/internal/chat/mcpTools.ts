/**
 * Tools of MCP servers, over effect's client. It is loaded only where the configuration names servers.
 *
 * A server's process gets this process's environment without the API key. What a server says of its tools makes them
 * stricter and never laxer.
 */
import * as GeminiMcp from "effect-gemini-ai/GeminiMcp"
import * as GeminiSchema from "effect-gemini-ai/GeminiSchema"
import * as ToolName from "effect-gemini-ai/ToolName"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Part from "effect-gemini/wire/Part"
import * as McpClient from "effect/ai/McpClient"
import type { McpClientError } from "effect/ai/McpClientError"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as AiTool from "effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import type * as HttpClient from "effect/http/HttpClient"
import * as ChildProcess from "effect/process/ChildProcess"
import type { ChildProcessSpawner } from "effect/process/ChildProcessSpawner"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import type { McpServer } from "../setup/ConfigFile.ts"
import { keyVariables } from "../setup/Setting.ts"
import type { ChatTool, Outcome, Toolbox } from "./Toolbox.ts"

/** How long a server may take to begin, and a tool to answer. */
const begin = "30 seconds"
const answer = "5 minutes"

type Clients = Readonly<Record<string, McpClient.McpClient>>

/** `$NAME` stands for a variable of the environment, so that no secret need stand in the file. */
const filled = (texts: Readonly<Record<string, string>>): Result.Result<Readonly<Record<string, string>>, string> => {
  const found: Array<readonly [string, string]> = []
  for (const [name, text] of Object.entries(texts)) {
    const variable = /^\$(\w+)$/.exec(text)?.[1]
    const value = variable === undefined ? text : process.env[variable]
    if (value === undefined) return Result.fail(`${name} is $${variable}, which is not set`)
    found.push([name, value])
  }
  return Result.succeed(Object.fromEntries(found))
}

const identity = { name: "gemini-fx", version: "0.1.0", timeout: begin } as const

/** A server speaks one revision of the protocol; the one that most speak is tried first. */
const revisions = [McpProtocol.v2025_11_25, McpProtocol.v2026_07_28]

const connected = (
  server: McpServer,
  env: Readonly<Record<string, string>>,
  headers: Readonly<Record<string, string>>
) =>
  Effect.gen(function*() {
    let first: McpClientError | undefined
    for (const protocol of revisions) {
      const transport: Effect.Effect<
        McpClient.Transport,
        McpClientError,
        ChildProcessSpawner | HttpClient.HttpClient | Scope.Scope
      > = server.command === undefined
        ? McpClient.http({ url: server.url ?? "", protocol, headers })
        : McpClient.stdio({
          protocol,
          command: ChildProcess.make(server.command, [...server.args], {
            cwd: server.cwd,
            extendEnv: true,
            env: { ...Object.fromEntries(keyVariables.map((name) => [name, undefined])), ...env }
          })
        })
      const client = yield* Effect.result(
        Effect.flatMap(transport, (transport) =>
          Effect.provideService(McpClient.make(identity), McpClient.Transport, transport))
      )
      if (Result.isSuccess(client)) {
        return client.success
      }
      first ??= client.failure
      const { reason } = client.failure
      // Who does not know how the older one begins may know the newer one; all else fails with either.
      if (!(reason._tag === "ProtocolError" && reason.code !== undefined) && reason._tag !== "HttpError") {
        break
      }
    }
    return yield* Effect.fail(first === undefined ? "it has no revision of the protocol to speak" : why(server, first))
  })

const codeOf = (error: unknown): string | undefined => {
  if (typeof error !== "object" || error === null) return undefined
  if ("code" in error && typeof error.code === "string") return error.code
  return "cause" in error ? codeOf(error.cause) : "reason" in error ? codeOf(error.reason) : undefined
}

/** Why a server did not come, in words that help to mend it. Effect keeps what it wrote to stderr to itself. */
const why = ({ command, url }: McpServer, error: McpClientError): string => {
  const { reason } = error
  const itself = "its command run by itself may tell why"
  switch (reason._tag) {
    case "TransportError": {
      if (command === undefined) {
        return `${GeminiConfig.shownUrl(url ?? "") ?? "its url"} cannot be reached${
          codeOf(reason.cause) === undefined ? "" : ` (${codeOf(reason.cause)})`
        }`
      }
      const code = codeOf(reason.cause)
      return code === "ENOENT"
        ? `there is no command ${command}, or no such folder for it`
        : code === "EACCES"
        ? `${command} may not be run`
        : `${command} ended before it began to serve; ${itself}`
    }
    case "ClosedError":
      return command === undefined ? error.message : `${command} ended before it began to serve; ${itself}`
    case "TimeoutError":
      return `it did not begin to serve within ${begin}`
    case "UnsupportedError":
      return `it speaks none of the revisions of MCP that are known here (${
        revisions.map(({ protocolVersion }) => protocolVersion).join(", ")
      })`
    case "HttpError":
      return `it answers ${reason.status}${
        reason.status === 401 || reason.status === 403 ? ": headers in config.toml may hold its key" : ""
      }`
    case "ProtocolError":
      return command === undefined
        ? error.message
        : `${command} writes something else than MCP to stdout (${error.message}); ${itself}`
    default:
      return error.message
  }
}

/** A server's client, or why there is none. */
const open = Effect.fnUntraced(function*(server: McpServer) {
  const env = filled(server.env)
  if (Result.isFailure(env)) return yield* Effect.fail(env.failure)
  const headers = filled(server.headers)
  if (Result.isFailure(headers)) return yield* Effect.fail(headers.failure)
  return yield* connected(server, env.success, headers.success)
})

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const declared = (tool: GeminiMcp.McpTool, name: string): Result.Result<ChatTool["declaration"], string> =>
  Result.try({
    try: () => {
      const schema = GeminiSchema.fromJsonSchema(isObject(tool.jsonSchema) ? tool.jsonSchema : { type: "object" })
      const isEmpty = Object.keys(isObject(schema["properties"]) ? schema["properties"] : {}).length === 0
      const description = AiTool.getDescription(tool)
      return {
        name,
        ...(description === undefined ? {} : { description }),
        ...(isEmpty && schema["type"] === "object" ? {} : { parametersJsonSchema: schema })
      }
    },
    catch: (error) => error instanceof Error ? error.message : String(error)
  })

const failure = (message: string): Outcome => ({ response: { error: message }, media: [], isFailure: true })

type Toolkit = Effect.Success<ReturnType<typeof GeminiMcp.toolkit>>

const called = (toolkit: Toolkit, name: string) => (args: Readonly<Record<string, unknown>>): Effect.Effect<Outcome> =>
  Effect.gen(function*() {
    const results = yield* toolkit.handle(name, args)
    let last = failure("the tool gave nothing")
    yield* Stream.runForEach(results, ({ encodedResult, isFailure, modelOutput = [] }) =>
      Effect.sync(() => {
        const texts = modelOutput.flatMap((part) => part.type === "text" ? [part.text] : [])
        const media = modelOutput.flatMap((part) =>
          part.type === "file" && part.data instanceof Uint8Array ? [Part.bytes(part.data, part.mediaType)] : []
        )
        const described = isObject(encodedResult) && typeof encodedResult["description"] === "string"
          ? encodedResult["description"]
          : JSON.stringify(encodedResult)
        last = isFailure ? failure(described) : { response: { output: texts.join("\n") }, media, isFailure: false }
      }))
    return last
  }).pipe(
    Effect.catch((error) => Effect.succeed(failure(error.message))),
    Effect.timeoutOrElse({ duration: answer, orElse: () => Effect.succeed(failure(`no answer within ${answer}`)) })
  )

/** Starts the servers and lists their tools. A server that does not come is told to `lost`, and the others serve. */
export const connect = Effect.fnUntraced(function*<E, R>(
  servers: ReadonlyArray<McpServer>,
  lost: (server: string, why: string) => Effect.Effect<void, E, R>
) {
  const clients: Record<string, McpClient.McpClient> = Object.create(null)
  yield* Effect.forEach(
    servers,
    (server) =>
      Effect.matchEffect(open(server), {
        onFailure: (why) => lost(server.name, why),
        onSuccess: (client) =>
          Effect.sync(() => {
            clients[server.name] = client
          })
      }),
    { concurrency: "unbounded", discard: true }
  )
  const tools = new Map<string, ChatTool>()
  for (const server of servers) {
    const client = clients[server.name]
    if (client === undefined) continue
    const prefixed: Clients = { [`${server.name}.`]: client }
    const toolkit = yield* Effect.result(GeminiMcp.toolkit(prefixed))
    if (Result.isFailure(toolkit)) {
      yield* lost(server.name, toolkit.failure.message)
      continue
    }
    const all = Object.values(toolkit.success.tools)
    const names = ToolName.make(all.map(({ name }) => name))
    for (const tool of all) {
      const wire = names.toWire(tool.name)
      const declaration = declared(tool, wire)
      if (Result.isFailure(declaration)) {
        yield* lost(tool.name, `its parameters cannot be told to Gemini: ${declaration.failure}`)
        continue
      }
      tools.set(wire, {
        name: tool.name,
        server: server.name,
        description: AiTool.getDescription(tool),
        declaration: declaration.success,
        isReadonly: server.readonly.includes(tool.name.slice(server.name.length + 1)),
        call: called(toolkit.success, tool.name)
      })
    }
    for (const name of server.readonly) {
      if (all.some((tool) => tool.name === `${server.name}.${name}`)) continue
      yield* lost(
        server.name,
        `readonly names ${name}, and it has no such tool (it has ${
          all.map((tool) => tool.name.slice(server.name.length + 1)).join(", ") || "none"
        })`
      )
    }
  }
  const toolbox: Toolbox = { tools }
  return toolbox
}, Effect.provide(FetchHttpClient.layer))
