// Runs the programs of a page of recipes as somebody who has the packages: `node scripts/pageRecipes.ts PROJECT PAGE`. Each
// block is a file of its own in PROJECT, where the packages are installed, and asks an emulator of this process. A
// section that names Bun or Deno is run there too, if PROJECT has them.
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { existsSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

const run = promisify(execFile)

interface Recipe {
  readonly title: string
  readonly text: string
  readonly code: string
}

const recipesOf = (page: string): ReadonlyArray<Recipe> =>
  readFileSync(page, "utf8").split(/^## /m).slice(1).flatMap((text) => {
    const title = text.slice(0, text.indexOf("\n"))
    return Array.from(text.matchAll(/^```ts\n([\s\S]*?)^```$/gm), ([, code = ""]) => ({ title, text, code }))
  })

/** The commands that run a file: Node, and what else the section names. */
const runtimesOf = (
  project: string,
  { text }: Recipe
): ReadonlyArray<readonly [name: string, ...command: Array<string>]> => [
  ["Node", process.execPath],
  ...([["Bun", "bun"], ["Deno", "deno"]] as const).flatMap(([name, command]) => {
    const file = join(project, "node_modules/.bin", command)
    return text.includes(name) && existsSync(file)
      ? [[name, file, "run", ...(name === "Deno" ? ["-A"] : [])] as const]
      : []
  })
]

/** Throws what the first program that fails has said. */
export const runPageRecipes = (project: string, page: string): Promise<void> =>
  Effect.runPromise(
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      for (const [place, recipe] of recipesOf(page).entries()) {
        const file = `recipe${place}.ts`
        writeFileSync(join(project, file), recipe.code)
        for (const [name, command, ...args] of runtimesOf(project, recipe)) {
          if (command === undefined) continue
          yield* Effect.promise(() =>
            run(command, [...args, file], {
              cwd: project,
              timeout: 120_000,
              env: { ...process.env, GEMINI_API_KEY: "emulator", GEMINI_BASE_URL: url }
            }).catch((error: { stderr?: string }) => {
              throw new Error(`${recipe.title}, on ${name}:\n${error.stderr ?? String(error)}`)
            })
          )
          console.log(`recipe on ${name}: ${recipe.title}`)
        }
      }
    }).pipe(Effect.provide(Emulator.layerServer()))
  )

if (import.meta.main) {
  const [project = ".", page = "RECIPES.md"] = process.argv.slice(2)
  await runPageRecipes(project, page)
}
