// Packs every public package, lints the tarballs, and installs them into a scratch project that
// type-checks without skipLibCheck (NodeNext and Bundler; every public module in `typeMatrix`) and makes one call
// against the packed emulator.
import { execFileSync } from "node:child_process"
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { linkTarballs } from "./linkTarballs.ts"
import { runPageRecipes } from "./pageRecipes.ts"
import { runRecipes } from "./recipes.ts"
import { typeMatrix } from "./typeMatrix.ts"

const root = join(import.meta.dirname, "..")
const scratch = mkdtempSync(join(tmpdir(), "effect-gemini-pack-"))
const tarballs = join(scratch, "tarballs")
mkdirSync(tarballs)

const run = (command: string, args: ReadonlyArray<string>, cwd: string): string => {
  try {
    return execFileSync(command, args, { cwd, encoding: "utf8", stdio: ["ignore", "pipe", "pipe"] })
  } catch (error) {
    const { stderr, stdout } = error as { stdout?: string; stderr?: string }
    console.error(`${command} ${args.join(" ")} failed\n${stdout ?? ""}${stderr ?? ""}`)
    process.exit(1)
  }
}

// The registry is asked once, briefly, because npm itself tries for minutes before it says that nobody is there.
const registryAnswers = (() => {
  try {
    execFileSync("npm", ["view", "effect", "version", "--fetch-retries=0", "--fetch-timeout=15000"], {
      stdio: "ignore",
      timeout: 20_000
    })
    return true
  } catch {
    return false
  }
})()
if (!registryAnswers) {
  console.log(
    "the registry does not answer: what the tarballs need is linked from this workspace, npm's own step is not shown"
  )
}
const install = (cwd: string, ...packages: ReadonlyArray<string>): void => {
  if (registryAnswers) run("npm", ["install", "--no-audit", "--no-fund", "--loglevel=error", ...packages], cwd)
  else linkTarballs(cwd, tarballs, packages.map((name) => name.replace(/(.)@.*$/, "$1")))
}

interface Manifest {
  readonly name: string
  readonly private?: boolean
}

const folders = readdirSync(join(root, "packages")).filter((folder) => {
  const manifest: Manifest = JSON.parse(readFileSync(join(root, "packages", folder, "package.json"), "utf8"))
  return manifest.private !== true
})

run("node_modules/.bin/tsc", ["-b"], root)
run(process.execPath, ["scripts/bundle.ts"], root)
const dependencies: Record<string, string> = {}
for (const folder of folders) {
  const cwd = join(root, "packages", folder)
  const { name }: Manifest = JSON.parse(readFileSync(join(cwd, "package.json"), "utf8"))
  const file = `${tarballs}/${name}.tgz`
  run("npx", ["-y", "pnpm@12", "pack", "--out", file], cwd)
  run(join(root, "node_modules/.bin/publint"), ["run", file, "--strict"], root)
  run(join(root, "node_modules/.bin/attw"), [file, "--profile", "esm-only", "--no-emoji"], root)
  dependencies[name] = `file:${file}`
  console.log(`packed ${name}`)
}

const consumer = join(scratch, "consumer")
mkdirSync(consumer)
const version = (name: string): string =>
  JSON.parse(readFileSync(join(root, "package.json"), "utf8")).devDependencies[name]
writeFileSync(
  join(consumer, "package.json"),
  JSON.stringify({
    private: true,
    type: "module",
    dependencies: {
      ...dependencies,
      effect: version("effect"),
      "@effect/platform-node": version("@effect/platform-node"),
      redis: version("redis"),
      ws: version("ws")
    },
    devDependencies: {
      typescript: version("typescript"),
      "@types/node": version("@types/node"),
      "@types/ws": version("@types/ws"),
      // The emulator's module for Vitest names its types.
      vitest: version("vitest")
    },
    overrides: dependencies
  })
)
writeFileSync(
  join(consumer, "call.ts"),
  `import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { Effect, Layer, Redacted } from "effect"
import { GeminiClient } from "effect-gemini"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as Subpath from "effect-gemini/GeminiClient"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as Narrative from "effect-gemini-narrative/Narrative"

const ask = (client: typeof FetchGemini.layer) =>
  Effect.gen(function*() {
    const { url } = yield* Emulator.Emulator
    const layer: Layer.Layer<FetchGemini.Services> = client({ apiKey: Redacted.make("emulator"), baseUrl: url })
    return yield* GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "Hello from a tarball" })).pipe(
      Effect.provide(layer)
    )
  })

const program = Effect.all([ask(FetchGemini.layer), ask(NodeGemini.layerHttp)]).pipe(Effect.provide(Emulator.layerServer()))
const answers = await Effect.runPromise(program)
if (!answers.every((answer) => answer.text.includes("Hello from a tarball"))) throw new Error("no answer")
if (Subpath.GeminiClient !== GeminiClient.GeminiClient) throw new Error("a service has two keys")
if (typeof Narrative.parse !== "function") throw new Error("no narrative")
const missing = await Journal.Journal.use((journal) => journal.head("a-run")).pipe(
  Effect.flip,
  Effect.provide(FileJournal.layer({ directory: "runs" })),
  Effect.provide(NodeFileSystem.layer),
  Effect.runPromise
)
if (missing.reason._tag !== "NotFound") throw new Error("no journal")
`
)
install(consumer)
for (const [module, moduleResolution] of [["NodeNext", "NodeNext"], ["ESNext", "Bundler"]] as const) {
  writeFileSync(
    join(consumer, "tsconfig.json"),
    JSON.stringify({
      compilerOptions: {
        module,
        moduleResolution,
        target: "ES2022",
        lib: ["ES2024", "DOM", "DOM.Iterable", "DOM.AsyncIterable"],
        strict: true,
        exactOptionalPropertyTypes: true,
        skipLibCheck: false,
        noEmit: true,
        types: ["node"]
      },
      include: ["call.ts"]
    })
  )
  run("node_modules/.bin/tsc", ["-p", "."], consumer)
  console.log(`type-checks under ${moduleResolution}`)
}
typeMatrix(consumer, Object.keys(dependencies))
run(process.execPath, ["call.ts"], consumer)
run("node_modules/.bin/gemini-fx", ["--version"], consumer)
console.log("the tarballs answer a call")

// The emulator's command is one file: unpacked into an empty folder it runs without anything installed, and npx finds it
// where the package is. A call over https: shows that its certificate is made and trusted.
const alone = join(scratch, "alone")
mkdirSync(alone)
run("tar", ["xzf", `${tarballs}/effect-gemini-emulator.tgz`], alone)
const asks = `const { GEMINI_BASE_URL: url, GEMINI_API_KEY: key } = process.env
const answers = await Promise.all([url, url.replace("http:", "https:")].map((base) =>
  fetch(\`\${base}/v1beta/models?key=\${key}\`)))
if (!answers.every(({ ok }) => ok)) throw new Error("no answer")
const spaces = await fetch(\`\${url}/_emulator/v1/spaces\`)
if (!spaces.ok) throw new Error(\`no admin API: \${spaces.status}\`)
console.log("asked")
`
for (const cwd of [alone, consumer]) writeFileSync(join(cwd, "ask.mjs"), asks)
const program = ["exec", "--", process.execPath, "ask.mjs"]
const unpacked = run(process.execPath, ["package/dist/effect-gemini-emulator.cjs", ...program], alone)
const byNpx = run("npx", ["--no-install", "effect-gemini-emulator", ...program], consumer)
for (const said of [unpacked, byNpx]) if (said !== "asked\n") throw new Error(`the emulator's command said: ${said}`)
console.log("the emulator's command runs from its tarball, with nothing installed and by npx")

// This installs no optional peers: modules that need none work, and so do calls on both transports.
const bare = join(scratch, "bare")
mkdirSync(bare)
writeFileSync(
  join(bare, "package.json"),
  JSON.stringify({
    private: true,
    type: "module",
    dependencies: { effect: version("effect"), "effect-gemini": dependencies["effect-gemini"] }
  })
)
writeFileSync(
  join(bare, "peers.js"),
  `import { Effect, Layer, Redacted } from "effect"
import { FetchHttpClient } from "effect/http"
import { GeminiClient } from "effect-gemini"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as NodeGemini from "effect-gemini/NodeGemini"
import { createServer } from "node:http"

const answer = { candidates: [{ content: { parts: [{ text: "no peer" }] }, finishReason: "STOP" }] }
const asked = GeminiClient.GeminiClient.use((gemini) => gemini.generate({ contents: "Hello" }))
const apiKey = Redacted.make("key")
const byFetch = asked.pipe(
  Effect.provide(FetchGemini.layer({ apiKey })),
  Effect.provideService(FetchHttpClient.Fetch, async () => Response.json(answer))
)
console.log((await Effect.runPromise(byFetch)).text)
const server = createServer((_, response) => {
  response.setHeader("content-type", "application/json")
  response.end(JSON.stringify(answer))
})
await new Promise((resolve) => server.listen(0, "127.0.0.1", resolve))
const baseUrl = "http://127.0.0.1:" + server.address().port
const byNode = asked.pipe(Effect.provide(NodeGemini.layerHttp({ apiKey, baseUrl })))
console.log((await Effect.runPromise(byNode)).text)
server.close()
for (const module of ["limits/RedisLaneStore", "GeminiLive", "limits/FileLaneStore", "Members", "Telemetry"]) {
  await import("effect-gemini/" + module)
}
`
)
install(bare)
const withoutPeers = run(process.execPath, ["peers.js"], bare)
if (withoutPeers !== "no peer\nno peer\n") {
  throw new Error(`without the optional peers:\n${withoutPeers}`)
}
// This installs the platform without `ws`, which the platform's own dependencies may bring along.
install(bare, `@effect/platform-node@${version("@effect/platform-node")}`)
rmSync(join(bare, "node_modules/ws"), { recursive: true, force: true })
writeFileSync(
  join(bare, "live.js"),
  `import { Effect, Redacted } from "effect"
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as NodeGemini from "effect-gemini/NodeGemini"

const program = GeminiLive.GeminiLive.use((live) => live.connect()).pipe(
  Effect.scoped,
  Effect.provide(NodeGemini.layerLive({ apiKey: Redacted.make("key") }))
)
console.log(await Effect.runPromise(program).catch((error) => error.message))
`
)
const withoutSockets = run(process.execPath, ["live.js"], bare)
if (!withoutSockets.includes("needs the package `ws`")) throw new Error(`without ws:\n${withoutSockets}`)
console.log("what is missing of the optional peers is named")

// The recipes in Effect, in a folder that has what their page says, and Bun and Deno where a registry answers.
const recipePage = join(scratch, "recipe-page")
mkdirSync(recipePage)
const needed = ["effect-gemini", "effect-gemini-ai", "effect-gemini-emulator"]
writeFileSync(
  join(recipePage, "package.json"),
  JSON.stringify({
    private: true,
    type: "module",
    dependencies: {
      effect: version("effect"),
      ...Object.fromEntries(needed.map((name) => [name, dependencies[name]])),
      ...(registryAnswers ? { bun: "^1.4.5", deno: "^2.9.6" } : {})
    },
    overrides: dependencies
  })
)
install(recipePage)
await runPageRecipes(recipePage, join(root, "packages/gemini/RECIPES.md"))

// Plays the README's first five minutes, word for word, as somebody who has the tarballs: its commands in a fresh
// folder, its hello.ts. Two things differ: where npm finds the packages, and the port, which may be taken.
const readme = readFileSync(join(root, "README.md"), "utf8")
const section = /^## Five minutes to a first answer$([\s\S]*?)^## /m.exec(readme)?.[1] ?? ""
const blocks = Array.from(
  section.matchAll(/^```(sh|ts)\n([\s\S]*?)^```$/gm),
  ([, language, code]) => ({ language, code })
)
const installLine = "npm install effect effect-gemini effect-gemini-cli\n"
const port = await new Promise<number>((resolve) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
  })
})
const fromTarballs = registryAnswers
  ? [
    `npm pkg set --json overrides='${JSON.stringify(dependencies)}' dependencies='${JSON.stringify(dependencies)}'`,
    `npm install --no-audit --no-fund --loglevel=error effect@'${version("effect")}'`
  ].join("\n")
  : `'${process.execPath}' '${join(root, "scripts/linkTarballs.ts")}' . '${tarballs}' effect ${
    Object.keys(dependencies).join(" ")
  }`
const script = blocks.map(({ code = "", language }) =>
  language === "ts"
    ? `cat > hello.ts <<'END_OF_HELLO'\n${code}END_OF_HELLO\n`
    : code.replace(installLine, `${fromTarballs}\n`).replaceAll("8790", String(port))
).join("")
if (!section.includes(installLine) || !script.includes("hello.ts")) {
  throw new Error("the README's first steps have changed")
}
const { GEMINI_API_KEY: _key, GEMINI_BASE_URL: _url, GOOGLE_API_KEY: _google, ...env } = process.env
const said = execFileSync("bash", ["-euo", "pipefail", "-c", script], {
  cwd: scratch,
  encoding: "utf8",
  env,
  stdio: ["ignore", "pipe", "inherit"],
  timeout: 120_000
})
for (const expected of ["Say hello", "Tell a story"]) {
  if (!said.replaceAll("\n", "").includes(expected)) {
    throw new Error(`the README's first answer does not say "${expected}":\n${said}`)
  }
}
console.log("the README's first five minutes work from the tarballs")

// The recipes need packages of other people, runtimes among them: without a registry they are not run.
if (registryAnswers) await runRecipes(scratch, dependencies)
else console.log("the registry does not answer: the recipes are not run")
rmSync(scratch, { recursive: true, force: true })
