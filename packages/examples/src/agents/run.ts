/**
 * Runs an example by its name: `pnpm example support`. Alone it lists them. With GEMINI_API_KEY set Gemini answers, else the
 * embedded server.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { execFile } from "node:child_process"
import { mkdtempSync, realpathSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as CodeAssistant from "./CodeAssistant.ts"
import * as Documents from "./Documents.ts"
import * as Research from "./Research.ts"
import * as Sales from "./Sales.ts"
import * as Support from "./Support.ts"
import * as TestWriter from "./TestWriter.ts"
import * as WebSearch from "./WebSearch.ts"
import * as World from "./World.ts"

/** The first process of the support bot, which ends while a person is waited for. */
const first = ({ apiKey, baseUrl }: World.Address, directory: string): Effect.Effect<void> =>
  Effect.flatMap(
    Effect.callback<string>((resume) => {
      const env = {
        ...process.env,
        GEMINI_API_KEY: Redacted.value(apiKey),
        ...(baseUrl === undefined ? {} : { GEMINI_BASE_URL: baseUrl })
      }
      execFile(
        process.execPath,
        [import.meta.filename, "support-ask", directory],
        { env },
        (error, stdout) => resume(error === null ? Effect.succeed(stdout) : Effect.die(error))
      )
    }),
    (said) => Console.log(said.trim().split("\n").slice(1).join("\n"))
  )

const examples = {
  documents: { says: "questions about documents, by embeddings, with quotations that are checked", ...Documents },
  support: { says: "a support bot: a handoff, and a refund that a person approves, across a restart", ...Support },
  code: { says: "a code assistant with the official MCP server of files", ...CodeAssistant },
  sales: { says: "a table analysed by tools and by code that the model writes", ...Sales },
  search: { says: "research on the web with Google Search, with its pages", ...WebSearch },
  tests: { says: "a test writer that runs its tests until they are green", ...TestWriter },
  research: { says: "deep research, with its progress and its sources", ...Research }
} as const

export const names = Object.keys(examples)

/** Plays an example; `given` is the folder of a run that goes on, by default a new one. */
export const play = (name: string, given?: string): Effect.Effect<void, unknown> =>
  Effect.gen(function*() {
    const directory = given ?? realpathSync(mkdtempSync(join(tmpdir(), "example-")))
    const rules = name === "code" ? CodeAssistant.rules(directory) : [
      ...Documents.rules,
      ...Support.rules,
      ...Sales.rules,
      ...WebSearch.rules,
      ...TestWriter.rules,
      ...Research.rules
    ]
    const address = yield* World.address(rules)
    yield* Console.log(address.says)
    const world = World.layer(address, join(directory, "runs"))
    switch (name) {
      case "documents":
        return yield* Effect.provide(Documents.program, world)
      case "support":
        return yield* Effect.provide(Support.program(first(address, directory), directory), world)
      case "support-ask":
        return yield* Effect.provide(Support.ask, world)
      case "code":
        return yield* Effect.provide(CodeAssistant.program(directory), world)
      case "sales":
        return yield* Effect.provide(Sales.program, world)
      case "search":
        return yield* Effect.provide(WebSearch.program, world)
      case "tests":
        return yield* Effect.provide(TestWriter.program(directory), world)
      case "research":
        return yield* Effect.provide(Research.program, world)
    }
  }).pipe(Effect.scoped)

const list = Console.log(
  Object.entries(examples).map(([name, { says }]) => `pnpm example ${name.padEnd(10)} ${says}`).join("\n")
)

if (process.argv[1] === import.meta.filename) {
  const [, , name = "", directory] = process.argv
  const isKnown = names.includes(name) || name === "support-ask"
  if (!isKnown && name !== "") process.exitCode = 2
  await Effect.runPromise(isKnown ? play(name, directory) : list)
}
