/** `gemini-fx config`: what is set, and where each value comes from. */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import { plural, table } from "../table.ts"
import type { McpServer } from "./ConfigFile.ts"
import { Configured } from "./Configured.ts"
import { shortened } from "./places.ts"
import { settings } from "./Setting.ts"
import { all, keySource, type ValueSource } from "./sources.ts"

const said = (source: ValueSource, file: string): string => {
  switch (source._tag) {
    case "Environment":
      return source.variable
    case "File":
      return `${file}${source.line === undefined ? "" : `:${source.line}`}`
    case "Default":
      return "default"
  }
}

/** Arguments, variables and headers of a server may hold secrets, so they are only counted. */
export const how = ({ args, command, url }: McpServer): string =>
  command === undefined
    ? GeminiConfig.shownUrl(url ?? "") ?? "(not a URL)"
    : `${command}${args.length === 0 ? "" : ` with ${plural(args.length, "argument")}`}`

const show = Command.make(
  "show",
  { json: Flags.json("write a JSON object; the key is not in it") },
  Effect.fnUntraced(function*({ json }) {
    const screen = yield* Screen.make
    const { configFile, content, keyFile, problems } = yield* Configured
    const found = yield* all
    const key = yield* keySource
    const keyFrom = key._tag === "Environment" ? key.variable : key._tag === "File" ? shortened(keyFile) : "default"
    const file = shortened(configFile)
    if (json) {
      return yield* screen.write(`${
        toJson({
          settings: Object.fromEntries(
            found.map(({ setting, source, value }) => [setting.key, { value, from: said(source, configFile) }])
          ),
          key: { isSet: key._tag === "Environment" || key._tag === "File", from: keyFrom },
          mcp: content.servers.map((server) => ({ name: server.name, starts: how(server), readonly: server.readonly })),
          files: { config: configFile, keys: keyFile },
          problems
        }, 2)
      }\n`)
    }
    const rows = found.map(({ setting, source, value }) => [
      setting.key,
      value,
      said(source, file),
      [setting.flag, ...setting.variables].filter((way) => way !== undefined).join(", ")
    ])
    const isSet = key._tag === "Environment" || key._tag === "File"
    const keyRow = ["(key)", isSet ? "set, never shown" : "none", keyFrom, "GEMINI_API_KEY, GOOGLE_API_KEY"]
    yield* screen.write(`${table(["setting", "value", "from", "changed by"], [...rows, keyRow])}\n`)
    for (const server of content.servers) {
      const { name, readonly } = server
      const without = readonly.length === 0 ? "" : `\n  without a question: ${readonly.join(", ")}`
      yield* screen.write(`\ntools of ${name}: ${how(server)}${without}\n`)
    }
    yield* screen.write(`\na flag wins over the environment, the environment over ${file}\n`)
    if (key._tag === "Refused") yield* screen.note(`${key.why}, so its key is not used`)
    for (const problem of problems) yield* screen.note(problem)
  })
).pipe(
  Command.withDescription("Show each setting, and where its value comes from"),
  Command.withExamples([{ command: "gemini-fx config show", description: "The key is never shown" }])
)

const path = Command.make(
  "path",
  {},
  Effect.fnUntraced(function*() {
    const screen = yield* Screen.make
    const { configFile } = yield* Configured
    yield* screen.write(`${configFile}\n`)
  })
).pipe(
  Command.withDescription("Say where the file of settings is"),
  Command.withExamples([{ command: "$EDITOR \"$(gemini-fx config path)\"", description: "Edit it" }])
)

export const configCommand = Command.make("config").pipe(
  Command.withDescription(
    `Show what is set, and where; config.toml may set ${settings.map(({ key }) => key).join(", ")} and servers of tools`
  ),
  Command.withExamples([{ command: "gemini-fx config show", description: "Each value, and where it comes from" }]),
  Command.withSubcommands([show, path])
)
