/**
 * What the door for plain TypeScript adds: CPU over the Effect call on the same layer, in the unary and the chunk rows,
 * and kilobytes of a bundled program over the same program in Effect.
 */
import { build, type Metafile } from "esbuild"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import * as Bodies from "./harness/bodies.ts"
import { measure, middle, ratio } from "./harness/harness.ts"
import type { Job } from "./harness/sample.ts"
import type { Row } from "./rows.ts"

const job = (op: Job["op"], model: string, times: number): Job => ({
  op,
  model,
  times,
  concurrency: 1,
  contents: "hello"
})

const row = (id: string, title: string, quickJob: Job, wholeJob: Job): Row => ({
  id: `promises-${id}`,
  title: `promises over the Effect call: CPU of ${title}`,
  run: async ({ quick, url }) => {
    const transports = ["dispatch", "fetch"] as const
    const subjects = transports.flatMap((transport) => [`client-${transport}`, `promises-${transport}`])
    const rounds = await measure(url, subjects, {
      job: quick ? quickJob : wholeJob,
      rounds: quick ? 9 : 21,
      warmup: quick ? 2_000 : 4_000
    })
    return transports.map((transport) => {
      const [base, subject] = [`client-${transport}`, `promises-${transport}`]
      const micros = (name: string) => middle(rounds, name, ({ chunks, cpu }) => cpu * 1000 / chunks).toFixed(2)
      return {
        row: `promises-${id}`,
        subject,
        value: ratio(rounds, subject, ({ cpu }) => cpu, base),
        unit: "× Effect",
        better: "lower" as const,
        goal: 1.05,
        detail: `${micros(subject)} µs; in Effect ${micros(base)} µs`,
        // What is added is less than what two rounds differ by on a machine that does other things.
        unchecked: true
      }
    })
  }
})

const chunks40 = Bodies.modelOf(40, 20_000)
const chunks2k = Bodies.modelOf(2000, 2000)
const answer = Bodies.modelOf(40, 1)

const inEffect = `
import * as FetchGemini from "effect-gemini/FetchGemini"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Stream from "effect/Stream"
const runtime = ManagedRuntime.make(FetchGemini.layerConfig())
runtime.runPromise(GeminiClient.use((gemini) => gemini.generate({ contents: "Say hello" })))
  .then((answer) => console.log(answer.text))
runtime.runPromise(GeminiClient.use((gemini) =>
  Stream.runForEach(gemini.generateStream({ contents: "Tell" }), (chunk) => Effect.sync(() => console.log(chunk.text)))
))
`
const lean = `
import { LeanGemini } from "effect-gemini-promises/LeanGemini"
const gemini = new LeanGemini()
console.log((await gemini.generate("Say hello")).text)
for await (const chunk of gemini.stream("Tell")) console.log(chunk.text)
`
const plain = `
import { Gemini } from "effect-gemini-promises"
const gemini = new Gemini()
console.log((await gemini.generate("Say hello")).text)
for await (const chunk of gemini.stream("Tell")) console.log(chunk.text)
`
const uses = {
  with: `${plain}
import { Files } from "effect-gemini/files/Files"
console.log(await gemini.with(Files))`,
  eventResponse: `${plain}
import { eventResponse } from "effect-gemini-promises"
console.log(await eventResponse(gemini.stream("Tell")))`
}

/** The packages' built files, because in the workspace their exports are the sources. */
const published = (path: string): string => {
  const [, name = "", module = "index"] = /^effect-gemini(-\w+)?(?:\/(.*))?$/.exec(path) ?? []
  const folder = { "": "gemini", "-ai": "ai", "-promises": "promises" }[name] ?? name
  const file = new URL(`../../${folder}/dist/${module}.js`, import.meta.url)
  if (!existsSync(file)) throw new Error("footprints are those of the built files: run `pnpm build`")
  return fileURLToPath(file)
}

interface Sizes {
  /** What is loaded at the start. */
  readonly start: number
  /** What is loaded with the first call that needs it, by the module that it begins with. */
  readonly later: ReadonlyMap<string, number>
}

const startOf = (outputs: Metafile["outputs"], file: string, found: Set<string> = new Set()): Set<string> => {
  if (found.has(file)) return found
  found.add(file)
  for (const { kind, path } of outputs[file]?.imports ?? []) {
    if (kind === "import-statement") startOf(outputs, path, found)
  }
  return found
}

/** A program in chunks, as bundlers for browsers make them, minified and gzipped in kB. */
const sizesOf = async (contents: string): Promise<Sizes> => {
  const { metafile, outputFiles } = await build({
    stdin: { contents, resolveDir: new URL("..", import.meta.url).pathname, sourcefile: "program.js" },
    bundle: true,
    splitting: true,
    minify: true,
    format: "esm",
    platform: "node",
    target: "es2022",
    outdir: "out",
    write: false,
    metafile: true,
    logLevel: "error",
    plugins: [{
      name: "published",
      setup: (build) =>
        build.onResolve({ filter: /^effect-gemini/ }, ({ path }) => ({ path: published(path), sideEffects: false }))
    }]
  })
  const gzipped = new Map(outputFiles.map(({ contents, path }) => [
    path.replace(/^.*\/out\//, "out/"),
    gzipSync(contents, { level: 9 }).length / 1000
  ]))
  const sizeOf = (files: Iterable<string>) => Array.from(files).reduce((sum, file) => sum + (gzipped.get(file) ?? 0), 0)
  const entries = Object.entries(metafile.outputs).flatMap(([file, { entryPoint }]) =>
    entryPoint === undefined ? [] : [{ file, entryPoint }]
  )
  const main = entries.find(({ entryPoint }) => entryPoint.endsWith("program.js"))
  const start = startOf(metafile.outputs, main?.file ?? "")
  return {
    start: sizeOf(start),
    later: new Map(
      entries.filter((entry) => entry !== main).map(({ entryPoint, file }) => [
        entryPoint.replace(/^.*\/|\.js$/g, ""),
        sizeOf(Array.from(startOf(metafile.outputs, file)).filter((it) => !start.has(it)))
      ])
    )
  }
}

const bundle: Row = {
  id: "promises-bundle",
  title: "what the plain door adds to a program, minified and gzipped",
  run: async () => {
    const [effect, least, base] = [await sizesOf(inEffect), await sizesOf(lean), await sizesOf(plain)]
    const figure = (subject: string, value: number, detail: string, goal?: number) => ({
      row: "promises-bundle",
      subject,
      value,
      unit: "kB",
      better: "lower" as const,
      detail,
      ...(goal !== undefined && { goal }),
      tolerance: 0.1
    })
    const added = async (name: keyof typeof uses) => (await sizesOf(uses[name])).start - base.start
    return [
      figure(
        "ask and stream",
        least.start - effect.start,
        `LeanGemini, over the same in Effect: ${effect.start.toFixed(1)} kB`,
        3
      ),
      figure(
        "Gemini whole",
        base.start - least.start,
        "chats, with, and of effect/Schema what objects and tools share"
      ),
      ...Array.from(
        base.later,
        ([name, size]) =>
          figure(
            name === "toolLoop" ? "tools" : name === "objects" ? "object" : name,
            size,
            "loaded with the first such call"
          )
      ),
      figure("with(Files)", await added("with"), "with Files itself"),
      figure("eventResponse", await added("eventResponse"), "")
    ]
  }
}

/** The rows of the plain door. */
export const promises: ReadonlyArray<Row> = [
  row("unary", "a call", job("unary", answer, 1000), job("unary", answer, 2000)),
  row("chunks-40", "a chunk of 40 B", job("stream", chunks40, 2), job("stream", chunks40, 4)),
  row("chunks-2k", "a chunk of 2 kB", job("stream", chunks2k, 5), job("stream", chunks2k, 15)),
  bundle
]
