/**
 * `gemini-fx models`: what the server that answers has.
 */
import { GeminiClient } from "effect-gemini/GeminiClient"
import type { Model } from "effect-gemini/wire/Models"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as Terminal from "effect/Terminal"
import { CommandFailed } from "./CommandFailed.ts"
import * as Explain from "./explain.ts"
import * as Flags from "./flags.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { json as toJson } from "./Shown.ts"
import { count, tableWithin } from "./table.ts"

const methodsOf = (model: Model): ReadonlyArray<string> => model.supportedGenerationMethods ?? []

const limitOf = (limit: number | string | null | undefined): string => count(limit == null ? undefined : Number(limit))

const rowOf = (model: Model): ReadonlyArray<string> => [
  (model.name ?? "?").replace(/^models\//, ""),
  limitOf(model.inputTokenLimit),
  limitOf(model.outputTokenLimit),
  methodsOf(model).join(", ")
]

export const modelsCommand = Command.make(
  "models",
  {
    method: Flag.String("method").pipe(
      Flag.withDescription("only models with this method, for instance generateContent; default: all"),
      Flag.optional
    ),
    emulator: Flags.emulator,
    json: Flags.json("write a JSON array, the models as the server describes them")
  },
  Effect.fnUntraced(function*({ emulator, json, method }) {
    const screen = yield* Screen.make
    const server = yield* Server.choose({}, emulator)
    yield* json ? screen.note(server.says) : screen.write(`${server.says}\n\n`)
    const list = yield* GeminiClient.use((gemini) => Stream.runCollect(gemini.listModels())).pipe(
      Effect.provide(server.layer),
      Effect.mapError((error) => new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) }))
    )
    const wanted = list.filter((model) => Option.isNone(method) || methodsOf(model).includes(method.value))
    if (wanted.length === 0 && Option.isSome(method)) {
      const methods = Array.from(new Set(list.flatMap(methodsOf))).sort()
      return yield* new CommandFailed({
        exitCode: 1,
        text: `no model has the method "${method.value}"; there are: ${methods.join(", ")}`
      })
    }
    const stdio = yield* Stdio.Stdio
    const terminal = yield* Terminal.Terminal
    const columns = (yield* stdio.stdoutIsTerminal) ? yield* terminal.columns : 0
    yield* screen.write(
      json
        ? `${toJson(wanted, 2)}\n`
        : `${tableWithin(["model", "tokens in", "tokens out", "methods"], wanted.map(rowOf), columns)}\n`
    )
  })
).pipe(
  Command.withDescription("List the models that the server has"),
  Command.withExamples([{ command: "gemini-fx models", description: "All of them" }, {
    command: "gemini-fx models --method embedContent",
    description: "Those that make vectors"
  }])
)
