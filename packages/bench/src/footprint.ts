/**
 * What a program pays before its first call: the time to import what one call needs,
 * and the size of a bundled program. Both from what `pnpm build` makes, as it is published.
 */
import { build, type Plugin } from "esbuild"
import { execFileSync } from "node:child_process"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import { median } from "./harness/sample.ts"
import type { Row } from "./rows.ts"

const dist = (module: string): string => {
  const file = new URL(`../../gemini/dist/${module}.js`, import.meta.url)
  if (!existsSync(file)) throw new Error("footprints are those of the built files: run `pnpm build`")
  return file.href
}

/** Milliseconds that a new process takes to import `modules`, one after another. */
const importMillis = (modules: ReadonlyArray<string>): number => {
  const code = `const t = performance.now(); for (const m of ${JSON.stringify(modules)}) await import(m); ` +
    "process.stdout.write(String(performance.now() - t))"
  return Number(execFileSync(process.execPath, ["--input-type=module", "-e", code], {
    cwd: new URL("..", import.meta.url),
    encoding: "utf8"
  }))
}

export const importTime: Row = {
  id: "import",
  title: "import of what one call needs, over its HttpClient's own",
  run: async ({ quick }) => {
    const own = "effect/http/HttpClient"
    const programs = {
      "FetchGemini": [[dist("FetchGemini"), dist("GeminiClient")], ["effect/http/FetchHttpClient", own]],
      // A call on Node needs undici as well, whoever makes it.
      "NodeGemini": [
        [dist("NodeGemini"), dist("GeminiClient")],
        [own, "@effect/platform-node/NodeHttpClient", "@effect/platform-node/Undici"]
      ],
      "genai": [["@google/genai"], [own]]
    } as const
    const names = ["FetchGemini", "NodeGemini", "genai"] as const
    const own$: Array<number> = []
    const times = new Map(names.map((name) => [name, { all: [] as Array<number>, base: [] as Array<number> }]))
    for (let round = 0; round < (quick ? 5 : 15); round++) {
      own$.push(importMillis([own]))
      for (const name of names) {
        times.get(name)?.all.push(importMillis(programs[name][0]))
        times.get(name)?.base.push(importMillis(programs[name][1]))
      }
    }
    return names.map((name) => {
      const all = median(times.get(name)?.all ?? [])
      const base = median(times.get(name)?.base ?? [])
      return {
        row: "import",
        subject: name,
        value: all - base,
        unit: "ms",
        better: "lower",
        ...(name === "genai" ? {} : { goal: 20 }),
        detail: `${all.toFixed(0)} ms; ${programs[name][1].join(" + ")} ${base.toFixed(0)} ms; HttpClient alone ${
          median(own$).toFixed(0)
        } ms`,
        checked: all / base
      }
    })
  }
}

const oneCall = `
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
GeminiClient.GeminiClient.pipe(
  Effect.flatMap((gemini) => gemini.generate({ contents: "Say hello" })),
  Effect.provide(FetchGemini.layer({ apiKey: Redacted.make("key") })),
  Effect.runPromise
).then((answer) => console.log(answer.text))
`
const oneCallSdk = `
import { GoogleGenAI } from "@google/genai"
new GoogleGenAI({ apiKey: "key" }).models.generateContent({ model: "gemini-pro-latest", contents: "Say hello" })
  .then((answer) => console.log(answer.text))
`

/** Resolves the package to its built files, because in the workspace its exports are the sources. */
const published: Plugin = {
  name: "published",
  setup: (build) =>
    build.onResolve({ filter: /^effect-gemini\// }, ({ path }) => ({
      path: fileURLToPath(dist(path.slice("effect-gemini/".length))),
      sideEffects: false
    }))
}

const gzipped = async (contents: string, platform: "node" | "browser"): Promise<number> => {
  const { outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname },
    bundle: true,
    minify: true,
    format: "esm",
    platform,
    target: "es2022",
    write: false,
    logLevel: "error",
    plugins: [published]
  })
  return gzipSync(outputFiles[0]?.contents ?? new Uint8Array(), { level: 9 }).length / 1000
}

export const bundle: Row = {
  id: "bundle",
  title: "bundled one-call program, minified and gzipped",
  run: async () => {
    const figure = async (subject: string, contents: string) => ({
      row: "bundle",
      subject,
      value: await gzipped(contents, "node"),
      unit: "kB",
      better: "lower" as const,
      detail: `${(await gzipped(contents, "browser")).toFixed(1)} kB for browsers`
    })
    return [{ ...await figure("FetchGemini", oneCall), goal: 70, tolerance: 0.02 }, await figure("genai", oneCallSdk)]
  }
}

/** The services for what the server keeps, with a call of each. */
const kept: ReadonlyArray<readonly [module: string, layer: string, use: string]> = [
  ["files/Files", "Service.layer()", "Service.Files.use((files) => files.get(\"files/a\"))"],
  ["operations/Operations", "Service.layer", "Service.Operations.use((operations) => operations.get(\"batches/a\"))"]
]

const withService = ([module, layer, use]: (typeof kept)[number]): string =>
  `${oneCall}
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Service from "effect-gemini/${module}"
import * as FetchHttpClient from "effect/http/FetchHttpClient"
import * as Layer from "effect/Layer"
${use}.pipe(
  Effect.provide(${layer}.pipe(
    Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make("key") })),
    Layer.provide(FetchHttpClient.layer)
  )),
  Effect.runPromise
)
`

export const services: Row = {
  id: "services",
  title: "what a service adds to the one-call program, minified and gzipped",
  run: async () => {
    const base = await gzipped(oneCall, "node")
    return Promise.all(kept.map(async (service) => {
      const whole = await gzipped(withService(service), "node")
      const [subject = ""] = service[0].split("/").slice(-1)
      return {
        row: "services",
        subject,
        value: whole - base,
        unit: "kB",
        better: "lower" as const,
        detail: `${whole.toFixed(1)} kB in all`
      }
    }))
  }
}
