/**
 * A code assistant with the official MCP server of files: it reads and edits in one folder, which the server does not leave.
 * Its server is trusted with what it says of its own tools, so reading is done again after a crash; about everything that
 * destroys something a person would be asked (`checks.call`), but for edits, which are wanted here.
 */
import * as Agent from "effect-gemini-agents/Agent"
import * as GeminiMcp from "effect-gemini-ai/GeminiMcp"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as McpClient from "effect/ai/McpClient"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Console from "effect/Console"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as ChildProcess from "effect/process/ChildProcess"
import { fileURLToPath } from "node:url"

const server = fileURLToPath(import.meta.resolve("@modelcontextprotocol/server-filesystem/dist/index.js"))

/** The server of files is a process, which ends with the scope. */
const files = (folder: string) =>
  McpClient.make({ name: "effect-gemini-examples", version: "0.0.0" }).pipe(
    (make) => Layer.effect(McpClient.McpClient, make),
    Layer.provide(Layer.effect(
      McpClient.Transport,
      McpClient.stdio({
        command: ChildProcess.make(process.execPath, [server, folder], { stderr: "ignore" }),
        protocol: McpProtocol.v2025_11_25
      })
    )),
    Layer.build,
    Effect.map((context) => Context.get(context, McpClient.McpClient))
  )

const allowed = new Set(["list_directory", "read_text_file", "edit_file", "search_files"])

export const program = (folder: string) =>
  Effect.gen(function*() {
    const disk = yield* FileSystem.FileSystem
    const file = `${folder}/price.js`
    yield* disk.writeFileString(file, "export const total = (cents, pieces) => cents + pieces\n")
    const client = yield* files(folder)
    const assistant = Agent.make({
      name: "assistant",
      instructions: `You mend code in ${folder}. Read before you edit.`,
      toolkit: GeminiMcp.toolkit({ "": client }, { trustHints: true }),
      checks: {
        call: ({ name }) =>
          Effect.succeed(allowed.has(name) ? { _tag: "allow" } : { _tag: "deny", why: `${name} is not for you` })
      },
      bounds: { steps: 10 }
    })
    const { steps, text } = yield* Agent.run(assistant, "total() adds where it should multiply. Mend it.")
    yield* Console.log(`${text}\n${steps} steps; ${file} is now:\n${yield* disk.readFileString(file)}`)
  })

export const rules = (folder: string): ReadonlyArray<Rule.Rule> => [{
  name: "assistant",
  when: { tools: "edit_file" },
  plan: [
    { call: { name: "list_directory", args: { path: folder } } },
    { call: { name: "read_text_file", args: { path: `${folder}/price.js` } } },
    {
      call: {
        name: "edit_file",
        args: {
          path: `${folder}/price.js`,
          edits: [{ oldText: "cents + pieces", newText: "cents * pieces" }]
        }
      }
    },
    { say: "total() multiplies now." }
  ]
}]
