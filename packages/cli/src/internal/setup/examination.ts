/**
 * What `doctor` finds out. Every line is either a fact or a problem; nothing in it is a key, a prompt or an answer, and
 * paths are written with `~`.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as HttpClient from "effect/http/HttpClient"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { accessSync, constants, readFileSync } from "node:fs"
import { createRequire } from "node:module"
import { arch, platform, release } from "node:os"
import { delimiter, join } from "node:path"
import { CommandFailed } from "../CommandFailed.ts"
import * as Deck from "../Deck.ts"
import * as Explain from "../explain.ts"
import * as Folder from "../folder.ts"
import * as Lines from "../lines.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { json as toJson } from "../Shown.ts"
import { plural } from "../table.ts"
import * as VertexServer from "../vertexServer.ts"
import type { VertexPlace } from "../vertexServer.ts"
import type { McpServer } from "./ConfigFile.ts"
import { Configured, isEmulated } from "./Configured.ts"
import * as GoogleLogin from "./googleLogin.ts"
import { shortened, stateFolder } from "./places.ts"
import { type KeySource, keySource } from "./sources.ts"

interface Finding {
  readonly about: string
  readonly says: string
  readonly isProblem?: boolean
}

const fact = (about: string, says: string): Finding => ({ about, says })
const wrong = (about: string, says: string): Finding => ({ about, says, isProblem: true })

const versionIn = (path: string): string | undefined => {
  try {
    const { version }: { readonly version?: unknown } = JSON.parse(readFileSync(path, "utf8"))
    return typeof version === "string" ? version : undefined
  } catch {
    return undefined
  }
}

/** The version of a package as this command would load it. */
const versionOf = (name: string): string => {
  try {
    return versionIn(createRequire(import.meta.url).resolve(`${name}/package.json`)) ?? "?"
  } catch {
    return "not found"
  }
}

const packages = ["effect-gemini", "effect-gemini-narrative", "effect-gemini-emulator", "effect"]

const installed = (): ReadonlyArray<Finding> => {
  const node = process.versions.node
  const [major = 0, minor = 0] = node.split(".").map(Number)
  const isOld = major < 22 || (major === 22 && minor < 19)
  const own = versionIn(join(import.meta.dirname, "../../../package.json")) ?? "?"
  const runtime = process.versions["bun"] === undefined ? `Node ${node}` : `Bun ${process.versions["bun"]}`
  return [
    fact("gemini-fx", `${own} (${packages.map((name) => `${name} ${versionOf(name)}`).join(", ")})`),
    isOld ? wrong("runtime", `${runtime}: 22.19 or newer is needed`) : fact("runtime", runtime),
    fact("system", `${platform()} ${release()}, ${arch()}`)
  ]
}

/** Servers give their time in whole seconds, and some of a second passes on the way. */
const tolerated = 5_000

const clock = (server: number | undefined, now: number): Finding => {
  const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
  const here = `${new Date(now).toISOString().slice(0, 19)}Z, ${zone}`
  if (server === undefined) return fact("clock", here)
  const off = now - server
  if (Math.abs(off) <= tolerated) return fact("clock", `${here}; the server's is the same`)
  return wrong(
    "clock",
    `${here}; ${Lines.time(Math.abs(off))} ${
      off > 0 ? "ahead of" : "behind"
    } the server's: quotas reset at the wrong time`
  )
}

/** Asks the server for one model, which costs nothing, and takes its time from the answer. */
const asked = Effect.fnUntraced(function*(isEmulated: boolean) {
  let date: number | undefined
  let says = "?"
  const found = yield* Effect.gen(function*() {
    const server = yield* Server.choose({
      timeouts: { total: "15 seconds" },
      retry: { attempts: 1 },
      transformClient: HttpClient.tap((response) =>
        Effect.sync(() => {
          const at = Date.parse(response.headers["date"] ?? "")
          date = Number.isNaN(at) ? undefined : at
        })
      )
    }, isEmulated)
    says = server.says.replace(/^server: /, "")
    const began = yield* Clock.currentTimeMillis
    const model = yield* GeminiClient.use((gemini) => Stream.runHead(gemini.listModels())).pipe(
      Effect.provide(server.layer),
      Effect.mapError((error) => new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) }))
    )
    const took = Lines.time((yield* Clock.currentTimeMillis) - began)
    return Option.isSome(model)
      ? fact("server", `${says}; it answers in ${took}`)
      : wrong("server", `${says}; it answers, but has no models`)
  }).pipe(
    Effect.catch((error) => {
      const why = error._tag === "ConfigError" ? error.cause.message : error.message
      return Effect.succeed(wrong("server", `${says === "?" ? "" : `${says}: `}${why}`))
    })
  )
  return { found, date }
})

const isExecutable = (path: string): boolean => {
  try {
    accessSync(path, constants.X_OK)
    return true
  } catch {
    return false
  }
}

/** Whether the command of a server of tools can be found; it is not started. */
const tools = (servers: ReadonlyArray<McpServer>): ReadonlyArray<Finding> =>
  servers.map(({ command, name, readonly }) => {
    const asks = readonly.length === 0
      ? "asks before each call"
      : `${plural(readonly.length, "tool")} without a question`
    if (command === undefined) return fact(`tools of ${name}`, `over HTTP; ${asks}`)
    const places = /[\\/]/.test(command)
      ? [command]
      : (process.env["PATH"] ?? "").split(delimiter).map((at) => join(at, command))
    return places.some(isExecutable)
      ? fact(`tools of ${name}`, `${command}; ${asks}`)
      : wrong(`tools of ${name}`, `there is no command ${command} in PATH`)
  })

const folder = Effect.fnUntraced(function*(about: string, path: string) {
  const files = yield* FileSystem.FileSystem
  const isThere = yield* Effect.orElseSucceed(files.exists(path), () => false)
  const problem = yield* Folder.problem(path, "shared")
  return problem === undefined
    ? fact(about, `${shortened(path)}${isThere ? "" : ", which is not there yet"}`)
    : wrong(about, `${shortened(problem)}, so it is not used`)
})

const terminal = Effect.gen(function*() {
  const stdio = yield* Stdio.Stdio
  const { columns } = yield* Terminal.Terminal
  const is = (isTerminal: boolean) => isTerminal ? "a terminal" : "a pipe or a file"
  const width = yield* columns
  return fact(
    "output",
    `stdout is ${is(yield* stdio.stdoutIsTerminal)}, stderr ${is(yield* stdio.stderrIsTerminal)}; ` +
      `${width || "unknown"} columns, TERM ${process.env["TERM"] ?? "not set"}` +
      ((process.env["NO_COLOR"] ?? "") === "" ? "" : ", NO_COLOR")
  )
})

const ofKey = (key: KeySource, keyFile: string): Finding => {
  switch (key._tag) {
    case "Environment":
      return fact("key", `set, in ${key.variable}`)
    case "File":
      return fact("key", `set, in ${shortened(keyFile)}`)
    case "Refused":
      return wrong("key", `${shortened(key.why)}, so its key is not used`)
    case "Missing":
      return fact("key", "none: an embedded server answers")
  }
}

/** What stands in the report in place of the line about the key where Vertex AI answers. */
const onVertex = ({ flag, keyVariable, location, project }: VertexPlace, key: KeySource): ReadonlyArray<Finding> => {
  if (project === undefined) {
    return [
      fact("destination", `Vertex AI in express mode, by ${flag}`),
      fact("login", `the API key in ${keyVariable}`)
    ]
  }
  const { file, from, problem, says } = GoogleLogin.find()
  return [
    fact("destination", `Vertex AI, project ${project} in ${location}, by ${flag}`),
    problem === undefined
      ? fact("login", from === "default" ? says : `${says}, by ${from}${file === undefined ? "" : ` (${file})`}`)
      : wrong("login", problem),
    fact("key", key._tag === "Environment" || key._tag === "File" ? "set, and not used on Vertex AI" : "none is needed")
  ]
}

export interface Input {
  readonly offline: boolean
  readonly emulator: boolean
  readonly json: boolean
}

export const examine = Effect.fnUntraced(function*({ emulator, json, offline }: Input) {
  const screen = yield* Screen.make
  const { configFile, content, keyFile, problems } = yield* Configured
  const key = yield* keySource
  const chosen = (yield* isEmulated(emulator)) || (yield* Deck.chosen)?._tag === "Played"
    ? Result.succeed(undefined)
    : yield* Effect.result(VertexServer.chosen)
  const server = offline || Result.isFailure(chosen)
    ? { found: fact("server", "not asked"), date: undefined }
    : yield* asked(emulator)
  const files = yield* FileSystem.FileSystem
  const isConfigured = yield* Effect.orElseSucceed(files.exists(configFile), () => false)
  const findings: ReadonlyArray<Finding> = [
    ...installed(),
    server.found,
    ...(Result.isFailure(chosen)
      ? [wrong("destination", chosen.failure.cause.message)]
      : chosen.success !== undefined
      ? onVertex(chosen.success.place, key)
      : [ofKey(key, keyFile)]),
    clock(server.date, yield* Clock.currentTimeMillis),
    ...(problems.length === 0
      ? [fact("settings", `${shortened(configFile)}${isConfigured ? "" : ", which is not there"}`)]
      : problems.map((problem) => wrong("settings", shortened(problem)))),
    yield* folder("state", yield* stateFolder),
    ...tools(content.servers),
    yield* terminal
  ]
  const wrongs = findings.filter(({ isProblem }) => isProblem === true).length
  if (json) {
    const all = findings.map(({ about, isProblem = false, says }) => ({ about, says, isProblem }))
    yield* screen.write(`${toJson({ findings: all, problems: wrongs }, 2)}\n`)
  } else {
    const width = Math.max(...findings.map(({ about }) => about.length))
    for (const { about, isProblem, says } of findings) {
      yield* screen.write(`${isProblem === true ? "!" : " "} ${about.padEnd(width)}  ${says}\n`)
    }
    yield* screen.write(wrongs === 0 ? "\nnothing is wrong\n" : `\n${plural(wrongs, "problem")}, marked with !\n`)
  }
  if (wrongs > 0) return yield* new CommandFailed({ exitCode: 1, text: "" })
})
