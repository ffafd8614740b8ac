/** `gemini-fx config`: what is set, and where each value comes from. */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Command from "effect/cli/Command"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import { plural, table } from "../table.ts"
import * as VertexServer from "../vertexServer.ts"
import type { VertexPlace } from "../vertexServer.ts"
import type { McpServer } from "./ConfigFile.ts"
import { Configured, isEmulated } from "./Configured.ts"
import * as GoogleLogin from "./googleLogin.ts"
import { shortened } from "./places.ts"
import { settings } from "./Setting.ts"
import { all as sourcedSettings, keySource, type ValueSource } from "./sources.ts"

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

/** Rows of what is set for Vertex AI, where calls go in place of the server of the settings. */
const vertexRows = (
  place: VertexPlace,
  login: GoogleLogin.GoogleLogin | undefined
): ReadonlyArray<ReadonlyArray<string>> => [
  ["(destination)", "Vertex AI", place.flag, place.flag],
  ...(place.project === undefined || login === undefined
    ? [["(login)", "an API key, in express mode", place.keyVariable, "GOOGLE_API_KEY, GEMINI_API_KEY"]]
    : [
      ["(project)", place.project, "GOOGLE_CLOUD_PROJECT", "GOOGLE_CLOUD_PROJECT"],
      [
        "(location)",
        place.location,
        place.isLocationSet ? "GOOGLE_CLOUD_LOCATION" : "default",
        "GOOGLE_CLOUD_LOCATION"
      ],
      ["(login)", login.says, login.from, "GOOGLE_APPLICATION_CREDENTIALS"]
    ]),
  ...(place.address === undefined
    ? []
    : [["(address)", place.address, "GOOGLE_VERTEX_BASE_URL", "GOOGLE_VERTEX_BASE_URL"]])
]

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
    const found = yield* sourcedSettings
    const key = yield* keySource
    const keyFrom = key._tag === "Environment" ? key.variable : key._tag === "File" ? shortened(keyFile) : "default"
    const file = shortened(configFile)
    const chosen = (yield* isEmulated(false)) ? undefined : yield* Effect.result(VertexServer.chosen)
    const place = chosen !== undefined && Result.isSuccess(chosen) ? chosen.success?.place : undefined
    // The files of a login are opened only where it is used.
    const login = place?.project === undefined ? undefined : GoogleLogin.find()
    const refused = chosen !== undefined && Result.isFailure(chosen) ? chosen.failure.cause.message : undefined
    const all = [...problems, ...[refused, login?.problem].filter((problem) => problem !== undefined)]
    if (json) {
      return yield* screen.write(`${
        toJson({
          settings: Object.fromEntries(
            found.map(({ setting, source, value }) => [setting.key, { value, from: said(source, configFile) }])
          ),
          key: { isSet: key._tag === "Environment" || key._tag === "File", from: keyFrom },
          ...(place === undefined ? {} : {
            vertex: {
              from: place.flag,
              project: place.project,
              location: place.project === undefined ? undefined : place.location,
              address: place.address,
              login: login === undefined
                ? { kind: "an API key, in express mode", from: place.keyVariable }
                : { kind: login.says, from: login.from, file: login.file }
            }
          }),
          mcp: content.servers.map((server) => ({ name: server.name, starts: how(server), readonly: server.readonly })),
          files: { config: configFile, keys: keyFile },
          problems: all
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
    const unused = place?.project === undefined ? "" : ", and not used on Vertex AI"
    const keyRow = ["(key)", isSet ? `set, never shown${unused}` : "none", keyFrom, "GEMINI_API_KEY, GOOGLE_API_KEY"]
    yield* screen.write(
      `${
        table(["setting", "value", "from", "changed by"], [
          ...rows,
          keyRow,
          ...(place === undefined ? [] : vertexRows(place, login))
        ])
      }\n`
    )
    for (const server of content.servers) {
      const { name, readonly } = server
      const without = readonly.length === 0 ? "" : `\n  without a question: ${readonly.join(", ")}`
      yield* screen.write(`\ntools of ${name}: ${how(server)}${without}\n`)
    }
    yield* screen.write(`\na flag wins over the environment, the environment over ${file}\n`)
    if (key._tag === "Refused") yield* screen.note(`${key.why}, so its key is not used`)
    for (const problem of all) yield* screen.note(problem)
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
