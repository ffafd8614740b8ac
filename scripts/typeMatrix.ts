// Whether the packages' declarations hold in everybody's project: one program imports every public module of every
// package, and {TypeScript 5.9, 7} × {NodeNext, Bundler} × {with, without exactOptionalPropertyTypes} check it, all with
// skipLibCheck off. An optional property below an index signature is what only the flag hides: without it the
// property's type has an undefined that the signature does not take (TS2411).
import { execFileSync } from "node:child_process"
import { appendFileSync, globSync, readFileSync, writeFileSync } from "node:fs"
import { join } from "node:path"

const root = join(import.meta.dirname, "..")

/** The compilers' commands: 7 is the workspace's, 5.9 a package of its own beside the other foreign programs. */
const compilers = {
  "5.9": [process.execPath, join(root, "packages/foreign-clients/node_modules/typescript-5.9/bin/tsc")],
  "7": [join(root, "node_modules/.bin/tsc")]
} as const

interface Manifest {
  readonly exports: Readonly<Record<string, string | null>>
}

/** The specifiers of an installed package's public modules: what its exports map opens, found among its declarations. */
const modulesOf = (project: string, name: string): ReadonlyArray<string> => {
  const folder = join(project, "node_modules", name)
  const { exports }: Manifest = JSON.parse(readFileSync(join(folder, "package.json"), "utf8"))
  const opened = Object.entries(exports).filter(([key]) => !key.endsWith(".json"))
  const closed = opened.filter(([, target]) => target === null).map(([key]) => key.replace("./", "").replace("*", ""))
  const isClosed = (module: string): boolean =>
    closed.some((key) => key.endsWith("/") ? module.startsWith(key) : module === key)
  const found = opened.flatMap(([key, target]) => {
    if (target === null) return []
    const [before = "", after = ""] = target.replace("./", "").replace(/\.js$/, ".d.ts").split("*")
    if (!key.includes("*")) return [key.replace(/^\.\/?/, "")]
    return globSync(`${before}**/*${after}`, { cwd: folder }).map((file) =>
      file.slice(before.length, file.length - after.length)
    )
  })
  return [...new Set(found)].filter((module) => !isClosed(module)).sort().map((module) =>
    module === "" ? name : `${name}/${module}`
  )
}

interface Run {
  readonly compiler: keyof typeof compilers
  readonly moduleResolution: "NodeNext" | "Bundler"
  readonly exactOptionalPropertyTypes: boolean
}

const runs: ReadonlyArray<Run> = (["5.9", "7"] as const).flatMap((compiler) =>
  (["NodeNext", "Bundler"] as const).flatMap((moduleResolution) =>
    [true, false].map((exactOptionalPropertyTypes) => ({ compiler, moduleResolution, exactOptionalPropertyTypes }))
  )
)

const titleOf = ({ compiler, exactOptionalPropertyTypes, moduleResolution }: Run): string =>
  `TypeScript ${compiler}, ${moduleResolution}, ${exactOptionalPropertyTypes ? "with" : "without"} exact optionals`

/** The errors of one run. */
const errorsOf = (project: string, { compiler, exactOptionalPropertyTypes, moduleResolution }: Run): Array<string> => {
  writeFileSync(
    join(project, "tsconfig.matrix.json"),
    JSON.stringify({
      compilerOptions: {
        module: moduleResolution === "NodeNext" ? "NodeNext" : "ESNext",
        moduleResolution,
        target: "ES2022",
        lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
        strict: true,
        exactOptionalPropertyTypes,
        skipLibCheck: false,
        noEmit: true,
        types: ["node"]
      },
      include: ["every.ts"]
    })
  )
  try {
    const [command, ...first] = compilers[compiler]
    execFileSync(command, [...first, "-p", "tsconfig.matrix.json", "--pretty", "false"], {
      cwd: project,
      encoding: "utf8",
      stdio: ["ignore", "pipe", "inherit"]
    })
    return []
  } catch (error) {
    const said = String((error as { stdout?: string }).stdout)
    const errors = said.split("\n").filter((line) => line.includes("error TS"))
    if (errors.length === 0) throw error
    return errors
  }
}

/** Two properties below the index signature of a part's metadata: the second is what only the flag hides. */
const planted = `
declare module "effect/ai/Response" {
  interface TextPartMetadata {
    readonly planted?: PartDetails | undefined
    readonly hidden?: PartDetails
  }
}
`

/**
 * Checks the packages that are installed in `project`, and then whether the check can see: of what is planted, one
 * property must be red everywhere and the other wherever the flag is off.
 */
export const typeMatrix = (project: string, packages: ReadonlyArray<string>): void => {
  const modules = packages.flatMap((name) => modulesOf(project, name))
  const imports = modules.map((module, i) => `import * as M${i} from "${module}"`).join("\n")
  const names = modules.map((_, i) => `M${i}`).join(", ")
  writeFileSync(join(project, "every.ts"), `${imports}\nexport const every = [${names}]\n`)
  for (const run of runs) {
    const errors = errorsOf(project, run)
    console.log(`${modules.length} modules, ${titleOf(run)}: ${errors.length} errors`)
    if (errors.length > 0) throw new Error(errors.join("\n"))
  }
  appendFileSync(join(project, "node_modules/effect-gemini-ai/dist/GeminiMetadata.d.ts"), planted)
  for (const run of runs.filter(({ moduleResolution }) => moduleResolution === "NodeNext")) {
    const errors = errorsOf(project, run).filter((line) => line.includes("TS2411"))
    console.log(`planted, ${titleOf(run)}: ${errors.length} errors`)
    if (errors.length !== (run.exactOptionalPropertyTypes ? 1 : 2)) {
      throw new Error(`what is planted is not seen:\n${errors.join("\n")}`)
    }
  }
}

if (import.meta.main) {
  const [project = ".", ...packages] = process.argv.slice(2)
  typeMatrix(project, packages)
}
