// Runs the recipes of packages/promises from packed tarballs, each in an empty folder, on the runtimes that it names:
// Node as it is, Bun and Deno from their npm packages. `pnpm pack:check` calls it; alone (`node scripts/recipes.ts [NAME]`)
// it packs what the recipes need.
import type * as Answer from "effect-gemini-emulator/Answer"
import * as Emulator from "effect-gemini-emulator/Standalone"
import { execFile, execFileSync, spawn } from "node:child_process"
import { copyFileSync, globSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { basename, join } from "node:path"
import { promisify } from "node:util"

const root = join(import.meta.dirname, "..")
const folder = join(root, "packages/promises/recipes")
const run = promisify(execFile)

interface Expected {
  /** What the program prints, or the endpoint gives. */
  readonly says: RegExp
  readonly answers?: ReadonlyArray<Answer.Answer>
  readonly input?: string
  /** Whether it is a server, which is asked for a story. */
  readonly isServer?: boolean
}

const call = { calls: [{ name: "weather", args: { city: "Oslo" } }, { name: "clock" }] }

const recipes: Readonly<Record<string, Expected>> = {
  ask: { says: /The moon\.\nOnce upon a time/, answers: ["The moon.", "Once upon a time"] },
  hono: { says: /^data: \{"text":"Once/, answers: ["Once upon a time"], isServer: true },
  express: { says: /^data: \{"text":"Once/, answers: ["Once upon a time"], isServer: true },
  tools: { says: /weather [^]*Oslo[^]*celsius[^]*clock[^]*answered It is warm\./, answers: [call, "It is warm."] },
  chat: {
    says: /One\.\nTwo\.\n4 turns are in chat\.json/,
    answers: ["One.", "Two."],
    input: "First\nSecond\n"
  },
  "json-zod": {
    says: /Bread 60 1 asked again 0 times\n(so far: .*\n)*whole: \{"title":"Soup"/,
    answers: [{ json: { title: "Bread", minutes: 60, steps: ["bake"] } }, {
      json: { title: "Soup", minutes: 5, steps: [] }
    }]
  },
  "json-schema": { says: /Oslo Bergen 2/, answers: [{ json: { from: "Oslo", to: "Bergen", seats: 2 } }] },
  image: { says: /A dot\./, answers: ["A dot."] },
  abort: { says: /TimeoutError\nfirst piece: .*\nthe reader has had enough\nonly this: / }
}

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

type Env = Readonly<Record<string, string | undefined>>

const played = async (command: ReadonlyArray<string>, cwd: string, env: Env, { input, isServer }: Expected) => {
  const [file = "", ...args] = command
  const port = await freePort()
  const child = spawn(file, args, { cwd, env: { ...env, PORT: String(port) }, stdio: ["pipe", "pipe", "pipe"] })
  let said = ""
  const listening = new Promise<void>((resolve) => {
    for (const stream of [child.stdout, child.stderr]) {
      stream.on("data", (piece) => {
        said += String(piece)
        if (said.includes("listening")) resolve()
      })
    }
  })
  const ended = new Promise<number | null>((resolve) => child.on("close", resolve))
  const deadline = setTimeout(() => child.kill("SIGKILL"), 120_000)
  child.stdin.end(input ?? "")
  if (isServer === true) {
    await Promise.race([listening, ended])
    const response = await fetch(`http://127.0.0.1:${port}/story`, {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ prompt: "Tell a story" })
    })
    said = await response.text()
    child.kill()
  }
  const code = await ended
  clearTimeout(deadline)
  return { said, isWell: isServer === true || code === 0 }
}

/** Runs the recipes (all, or one) over the tarballs: names of packages, and where npm finds them. */
export const runRecipes = async (scratch: string, tarballs: Readonly<Record<string, string>>, only?: string) => {
  const runtimes = join(scratch, "runtimes")
  mkdirSync(runtimes)
  writeFileSync(join(runtimes, "package.json"), JSON.stringify({ private: true }))
  execFileSync("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", "bun@^1.4", "deno@^2.9"], {
    cwd: runtimes
  })
  const commands: Readonly<Record<string, ReadonlyArray<string>>> = {
    Node: [process.execPath],
    Bun: [join(runtimes, "node_modules/.bin/bun")],
    Deno: [join(runtimes, "node_modules/.bin/deno"), "run", "--quiet", "--allow-all"]
  }
  const emulator = await Emulator.start()
  try {
    const files = globSync("*.ts", { cwd: folder }).sort()
    const unknown = files.filter((file) => !Object.hasOwn(recipes, basename(file, ".ts")))
    if (unknown.length > 0) throw new Error(`nothing is expected of ${unknown.join(", ")}`)
    for (const file of files) {
      const name = basename(file, ".ts")
      const expected = recipes[name]
      if (expected === undefined || (only !== undefined && only !== name)) continue
      const text = readFileSync(join(folder, file), "utf8")
      const packages = /^\/\/ npm install (.*)$/m.exec(text)?.[1]?.split(" ") ?? []
      const cwd = join(scratch, `recipe-${name}`)
      mkdirSync(cwd)
      const dependencies = { "effect-gemini-promises": tarballs["effect-gemini-promises"] }
      const manifest = { private: true, type: "module", dependencies, overrides: tarballs }
      writeFileSync(join(cwd, "package.json"), JSON.stringify(manifest))
      const others = packages.filter((name) => !Object.hasOwn(tarballs, name))
      await run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...others], { cwd })
      copyFileSync(join(folder, file), join(cwd, file))
      writeFileSync(join(cwd, "picture.png"), new Uint8Array([137, 80, 78, 71, 13, 10, 26, 10]))
      const named = /^\/\/ Runs on (.*)\.$/m.exec(text)?.[1]?.split(/, | and /) ?? []
      for (const runtime of named) {
        emulator.clear()
        emulator.enqueue(...expected.answers ?? [])
        rmSync(join(cwd, "chat.json"), { force: true })
        const env = { PATH: process.env["PATH"], HOME: scratch, GEMINI_API_KEY: "any", GEMINI_BASE_URL: emulator.url }
        const { isWell, said } = await played([...commands[runtime] ?? [], file], cwd, env, expected)
        if (!isWell || !expected.says.test(said)) {
          throw new Error(`recipes/${file} on ${runtime} was to say ${expected.says}, and said:\n${said}`)
        }
      }
      console.log(`recipes/${file} runs on ${named.join(", ")}`)
    }
  } finally {
    await emulator.stop()
  }
}

if (import.meta.main) {
  const scratch = mkdtempSync(join(tmpdir(), "effect-gemini-recipes-"))
  execFileSync(join(root, "node_modules/.bin/tsc"), ["-b", "packages/promises"], { cwd: root, stdio: "inherit" })
  const tarballs: Record<string, string> = {}
  for (const name of ["gemini", "ai", "promises"]) {
    const cwd = join(root, "packages", name)
    const manifest: { readonly name: string } = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8"))
    const file = join(scratch, `${manifest.name}.tgz`)
    execFileSync("npx", ["-y", "pnpm@12", "pack", "--out", file], { cwd })
    tarballs[manifest.name] = `file:${file}`
  }
  await runRecipes(scratch, tarballs, process.argv[2])
  rmSync(scratch, { recursive: true, force: true })
}
