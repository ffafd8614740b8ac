/**
 * A test writer that runs its tests and repeats until they are green: `Team.repeat` with a critic that is a program. The
 * critic writes what the model gave into a folder and runs `node --test` there. In earnest give it a sandbox: what a model
 * writes runs on your machine.
 */
import * as Agent from "effect-gemini-agents/Agent"
import type { Critique } from "effect-gemini-agents/Critique"
import * as Critiques from "effect-gemini-agents/Critique"
import * as Team from "effect-gemini-agents/Team"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Schema from "effect/Schema"
import { execFile } from "node:child_process"

const source = `export const slug = (text) => text.toLowerCase().trim().replace(/[^a-z0-9]+/g, "-")\n`

const Written = Schema.Struct({ code: Schema.String.annotate({ description: "slug.test.mjs, for node:test" }) })

const writer = Agent.make({
  name: "writer",
  instructions: "You write tests with node:test and node:assert for the module `./slug.mjs`. One file, nothing else.",
  output: Written
})

const ran = (folder: string): Effect.Effect<Critique> =>
  Effect.callback((resume) => {
    const { NODE_TEST_CONTEXT: _, ...env } = process.env
    const child = execFile(
      process.execPath,
      ["--test", "--test-reporter=tap", "slug.test.mjs"],
      { cwd: folder, env, timeout: 30_000 },
      (error, stdout) =>
        resume(Effect.succeed(
          error === null
            ? { isGood: true, advice: "" }
            : { isGood: false, advice: `The tests are red:\n${stdout.slice(0, 2_000)}` }
        ))
    )
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

export const team = (folder: string) =>
  Team.repeat(writer, {
    times: 4,
    until: Agent.fromEffect(
      { name: "runner", input: Written, output: Critiques.Critique },
      ({ code }) =>
        Effect.gen(function*() {
          const files = yield* FileSystem.FileSystem
          yield* files.writeFileString(`${folder}/slug.mjs`, source)
          yield* files.writeFileString(`${folder}/slug.test.mjs`, code)
          const critique = yield* ran(folder)
          yield* Console.log(critique.isGood ? "green" : "red, once more")
          return critique
        }).pipe(Effect.orDie)
    ),
    name: "test-writer"
  })

export const program = (folder: string) =>
  Effect.gen(function*() {
    const { steps, value } = yield* Agent.run(team(folder), `Write tests for this:\n${source}`)
    yield* Console.log(`${value.code}\n${steps} drafts`)
  })

const test = (expected: string): string =>
  JSON.stringify({
    code: `import assert from "node:assert"
import { test } from "node:test"
import { slug } from "./slug.mjs"

test("words are joined by a hyphen", () => assert.strictEqual(slug(" High Tide "), "${expected}"))
`
  })

export const rules: ReadonlyArray<Rule.Rule> = [
  {
    name: "writer, told what is red",
    when: { system: { contains: "You write tests" }, text: { contains: "The tests are red" } },
    reply: test("high-tide")
  },
  { name: "writer", when: { system: { contains: "You write tests" } }, reply: test("High-Tide") }
]
