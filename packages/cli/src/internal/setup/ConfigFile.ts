/**
 * `config.toml`: its text as settings and MCP servers, or everything that is wrong with it. Pure.
 *
 * ```toml
 * model = "gemini-3.8-flash"
 * history = false
 *
 * [mcp.files]
 * command = "npx"
 * args = ["-y", "@modelcontextprotocol/server-filesystem", "."]
 * readonly = ["read_file"]           # asks nobody before these
 * ```
 */
import * as Toml from "effect/encoding/Toml"
import * as Result from "effect/Result"
import { settings } from "./Setting.ts"

/** A server of tools as the file has it. It has either a command or a URL. */
export interface McpServer {
  readonly name: string
  readonly command: string | undefined
  readonly args: ReadonlyArray<string>
  readonly cwd: string | undefined
  /** Variables of its process; `$NAME` stands for one of this process's environment. */
  readonly env: Readonly<Record<string, string>>
  readonly url: string | undefined
  /** Headers of each request; `$NAME` stands for a variable of the environment. */
  readonly headers: Readonly<Record<string, string>>
  /** Its tools that are known to change nothing: they are called without a question. */
  readonly readonly: ReadonlyArray<string>
}

export interface Content {
  readonly values: ReadonlyMap<string, string>
  /** The line of each key, from 1. */
  readonly lines: ReadonlyMap<string, number>
  readonly servers: ReadonlyArray<McpServer>
  /** Whether there is `[providers.gemini]`, which `GeminiConfig.fromToml` reads. */
  readonly hasProvider: boolean
}

type Table = Readonly<Record<string, unknown>>

const isTable = (value: unknown): value is Table => typeof value === "object" && value !== null && !Array.isArray(value)

const isTexts = (value: unknown): value is ReadonlyArray<string> =>
  Array.isArray(value) && value.every((one) => typeof one === "string")

const isNamedTexts = (value: unknown): value is Readonly<Record<string, string>> =>
  isTable(value) && Object.values(value).every((one) => typeof one === "string")

/** Where a key or the header of a table stands. A key of a table is looked for below its header. */
const lineOf = (text: string, key: string, header?: string): number | undefined => {
  const lines = text.replace(/^\uFEFF/, "").split("\n")
  const is = (line: string, name: string) => {
    const [, bare, quoted] = /^\s*(?:([\w-]+)|"([^"]*)")\s*=/.exec(line) ?? []
    return (bare ?? quoted) === name
  }
  const from = header === undefined ? -1 : lines.findIndex((line) => line.trim().startsWith(`[${header}`))
  const at = lines.findIndex((line, i) => i > from && is(line, key))
  return at >= 0 ? at + 1 : from >= 0 ? from + 1 : undefined
}

const kindOf = (value: unknown): string => {
  const shown = JSON.stringify(value) ?? String(value)
  return shown.length > 60 ? `${shown.slice(0, 60)}…` : shown
}

/** A name that differs in few letters from one that there is. */
const near = (name: string, names: ReadonlyArray<string>): string => {
  const letters = new Set(name)
  const like = names.find((one) =>
    Math.abs(one.length - name.length) <= 1 && [...one].filter((c) => !letters.has(c)).length <= 1 &&
    one[0] === name[0]
  )
  return like === undefined ? "" : `: did you mean ${like}?`
}

const serverKeys = ["command", "args", "cwd", "env", "url", "headers", "readonly"]

export const parse = (text: string, file: string): Result.Result<Content, ReadonlyArray<string>> => {
  const document = Toml.parse(text)
  if (Result.isFailure(document)) {
    const line = /\bline (\d+)/.exec(document.failure.message)?.[1]
    return Result.fail([`${file}${line === undefined ? "" : `:${line}`}: ${document.failure.message}`])
  }
  const problems: Array<string> = []
  const wrong = (key: string, says: string, header?: string) => {
    const line = lineOf(text, key, header)
    problems.push(
      `${file}${line === undefined ? "" : `:${line}`}: ${header === undefined ? key : `${header}.${key}`}: ${says}`
    )
  }
  const values = new Map<string, string>()
  const lines = new Map<string, number>()
  const known = settings.map(({ key }) => key)
  const root: Table = isTable(document.success) ? document.success : {}
  for (const [key, value] of Object.entries(root)) {
    if (key === "mcp" || key === "providers") continue
    const setting = settings.find((one) => one.key === key)
    if (setting === undefined) {
      const secret = /key|token|secret/i.test(key) ? ": `gemini-fx keys set` keeps a key in a file of its own" : ""
      wrong(key, `there is no such setting${secret || near(key, known) || ` (there are ${known.join(", ")} and mcp)`}`)
      continue
    }
    if (setting.kind === "boolean") {
      if (typeof value !== "boolean") wrong(key, `expected true or false, got ${kindOf(value)}`)
      else values.set(key, String(value))
    } else if (typeof value !== "string") {
      wrong(key, `expected a text, got ${kindOf(value)}`)
    } else {
      const problem = setting.problem?.(value)
      if (problem === undefined) values.set(key, value)
      else wrong(key, problem)
    }
    const line = lineOf(text, key)
    if (line !== undefined) lines.set(key, line)
  }
  const servers: Array<McpServer> = []
  const mcp = root["mcp"]
  if (mcp !== undefined && !isTable(mcp)) wrong("mcp", "expected tables, such as [mcp.files]")
  for (const [name, table] of Object.entries(isTable(mcp) ? mcp : {})) {
    const header = `mcp.${name}`
    if (!/^[A-Za-z][A-Za-z0-9_-]{0,31}$/.test(name)) {
      wrong(name, "a server's name is a letter and up to 31 letters, digits, - or _", "mcp")
      continue
    }
    if (!isTable(table)) {
      wrong(name, `expected a table [${header}]`, "mcp")
      continue
    }
    const before = problems.length
    for (const key of Object.keys(table)) {
      if (!serverKeys.includes(key)) {
        wrong(
          key,
          `there is no such key${near(key, serverKeys) || ` (the keys here are ${serverKeys.join(", ")})`}`,
          header
        )
      }
    }
    const textOf = (key: string): string | undefined => {
      const value = table[key]
      if (value === undefined || (typeof value === "string" && value !== "")) return value
      wrong(key, `expected a text, got ${kindOf(value)}`, header)
      return undefined
    }
    const textsOf = (key: string): ReadonlyArray<string> => {
      const value = table[key]
      if (isTexts(value)) return value
      if (value !== undefined) wrong(key, `expected a list of texts, got ${kindOf(value)}`, header)
      return []
    }
    const namedOf = (key: string): Readonly<Record<string, string>> => {
      const value = table[key]
      if (isNamedTexts(value)) return value
      if (value !== undefined) wrong(key, `expected texts by name, such as { NAME = "value" }`, header)
      return {}
    }
    const server: McpServer = {
      name,
      command: textOf("command"),
      args: textsOf("args"),
      cwd: textOf("cwd"),
      env: namedOf("env"),
      url: textOf("url"),
      headers: namedOf("headers"),
      readonly: textsOf("readonly")
    }
    if (problems.length > before) continue
    if ((server.command === undefined) === (server.url === undefined)) {
      wrong(name, "expected a command to start or the url of a server, one of them", "mcp")
    } else if (server.url !== undefined && !/^https?:\/\//.test(server.url)) {
      wrong("url", `expected http:// or https://, got ${kindOf(server.url)}`, header)
    } else {
      servers.push(server)
    }
  }
  return problems.length > 0
    ? Result.fail(problems)
    : Result.succeed({ values, lines, servers, hasProvider: root["providers"] !== undefined })
}
