// Compiles and runs every ```ts block of the READMEs and every @example of the sources.
// A fence "```ts compile-only" is compiled but not run. Blocks that call the API run against
// an emulator of this process: GEMINI_BASE_URL and GEMINI_API_KEY point at it. An argument is a part of the paths to check.
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { execFile } from "node:child_process"
import { globSync, mkdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import { promisify } from "node:util"

const root = join(import.meta.dirname, "..")
const scratch = join(root, "packages/examples/.scratch")
const run = promisify(execFile)

interface Block {
  readonly origin: string
  readonly code: string
  readonly file: string
  readonly runs: boolean
}

const fences = /^([ \t]*(?:\* ?)?)```ts([^\n]*)\n([\s\S]*?)^[ \t]*(?:\* ?)?```/gm

const blocksOf = (path: string): ReadonlyArray<Omit<Block, "file">> => {
  const text = readFileSync(join(root, path), "utf8")
  return Array.from(text.matchAll(fences), (match) => ({
    origin: `${path}:${text.slice(0, match.index).split("\n").length}`,
    code: (match[3] ?? "").replace(/^[ \t]*\* ?/gm, path.endsWith(".ts") ? "" : "$&"),
    runs: !(match[2] ?? "").includes("compile-only")
  }))
}

const sources = globSync([
  "README.md",
  "CONTRIBUTING.md",
  "packages/*/*.md",
  "packages/*/src/**/*.ts"
], {
  cwd: root,
  exclude: (path) => path.includes("node_modules") || path.includes(".scratch")
}).filter((path) => path.includes(process.argv[2] ?? "")).sort()

rmSync(scratch, { recursive: true, force: true })
mkdirSync(scratch, { recursive: true })
const blocks = sources.flatMap(blocksOf).map((block, i): Block => {
  const file = join(scratch, `block${String(i).padStart(3, "0")}.ts`)
  writeFileSync(file, `// ${block.origin}\n${block.code}\nexport {}\n`)
  return { ...block, file }
})
writeFileSync(
  join(scratch, "tsconfig.json"),
  JSON.stringify({
    extends: "../../../tsconfig.base.json",
    compilerOptions: {
      rootDir: root,
      composite: false,
      incremental: false,
      declarationMap: false,
      sourceMap: false,
      noEmit: true,
      noUnusedLocals: false,
      rewriteRelativeImportExtensions: false,
      allowImportingTsExtensions: true,
      tsBuildInfoFile: null
    },
    // Types that a package declares for modules of others are imported by no file.
    include: ["*.ts", "../../*/src/**/*.d.ts"]
  })
)

const originOf = (text: string): string =>
  blocks.reduce(
    (out, block) => out.replaceAll(block.file.slice(root.length + 1), `${block.origin} (${block.file})`),
    text
  )

const failures: Array<string> = []
await run(join(root, "node_modules/.bin/tsc"), ["-p", scratch], { cwd: root }).catch((error: { stdout?: string }) => {
  failures.push(originOf(error.stdout ?? String(error)))
})

const runBlock = (url: string) => (block: Block) =>
  Effect.promise(() =>
    run(process.execPath, ["--import", join(root, "scripts/loopback.ts"), block.file], {
      cwd: scratch,
      timeout: 60_000,
      env: { PATH: process.env["PATH"], GEMINI_API_KEY: "emulator", GEMINI_BASE_URL: url }
    }).catch((error: { stderr?: string }) => {
      failures.push(`${block.origin}: does not run\n${error.stderr ?? String(error)}`)
    })
  )

if (failures.length === 0) {
  await Effect.runPromise(
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      yield* Effect.forEach(blocks.filter((block) => block.runs), runBlock(url), { concurrency: 2, discard: true })
    }).pipe(Effect.provide(Emulator.layerServer()))
  )
}

for (const failure of failures) console.error(failure)
console.log(`docs: ${blocks.length} code blocks from ${sources.length} files, ${failures.length} failed`)
if (failures.length === 0) rmSync(scratch, { recursive: true, force: true })
process.exitCode = failures.length === 0 ? 0 : 1
