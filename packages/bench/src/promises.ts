/**
 * What the door for plain TypeScript adds: CPU over the Effect call on the same layer, in the unary and the chunk rows,
 * and kilobytes of a bundled program over the same program in Effect.
 */
import { build, type Metafile } from "esbuild"
import { existsSync } from "node:fs"
import { fileURLToPath } from "node:url"
import { gzipSync } from "node:zlib"
import * as Bodies from "./harness/bodies.ts"
import { median } from "./harness/sample.ts"
import type { Figure, Row } from "./rows.ts"
import * as Client from "./subjects/gemini.ts"
import * as Promises from "./subjects/promises.ts"
import { hello, type Subject } from "./subjects/Subject.ts"

interface Load {
  readonly op: "unary" | "stream"
  readonly model: string
  readonly times: number
}

/** Milliseconds of CPU that a load costs. */
const cpuOf = async (subject: Subject, { model, op, times }: Load): Promise<number> => {
  const from = process.cpuUsage()
  for (let i = 0; i < times; i++) await subject[op](model, hello)
  const { system, user } = process.cpuUsage(from)
  return (system + user) / 1000
}

/**
 * Both doors take turns in one process, because what is added is less than what two processes differ by: the code that
 * they share is compiled once, and a slow second hits both.
 */
const row = (id: string, title: string, load: Load): Row => ({
  id: `promises-${id}`,
  title: `promises over the Effect call: CPU of ${title}`,
  run: async ({ quick, url }) => {
    const figures: Array<Figure> = []
    for (const transport of ["dispatch", "fetch"] as const) {
      const effect = await Client.make(url, { door: "client", transport, exporter: false, planted: false })
      const plain = await Promises.make(url, transport)
      const samples: Array<{ readonly effect: number; readonly plain: number }> = []
      const warm = quick ? 6 : 10
      for (let round = 0; round < warm + (quick ? 15 : 31); round++) {
        // Whoever comes first pays for what the other one left to be collected.
        const first = round % 2 === 0 ? await cpuOf(effect, load) : await cpuOf(plain, load)
        const second = round % 2 === 0 ? await cpuOf(plain, load) : await cpuOf(effect, load)
        if (round >= warm) {
          samples.push(round % 2 === 0 ? { effect: first, plain: second } : { effect: second, plain: first })
        }
      }
      await effect.close()
      await plain.close()
      const units = load.op === "unary" ? load.times : load.times * Bodies.orderOf(load.model).count
      const micros = (values: ReadonlyArray<number>) => (median(values) * 1000 / units).toFixed(2)
      figures.push({
        row: `promises-${id}`,
        subject: `promises-${transport}`,
        value: median(samples.map(({ effect, plain }) => plain / effect)),
        unit: "× Effect",
        better: "lower",
        goal: 1.05,
        detail: `${micros(samples.map(({ plain }) => plain))} µs; in Effect ${
          micros(samples.map(({ effect }) => effect))
        } µs`,
        // The baseline is in the figure already.
        unchecked: true
      })
    }
    return figures
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
  row("unary", "a call", { op: "unary", model: answer, times: 500 }),
  row("chunks-40", "a chunk of 40 B", { op: "stream", model: chunks40, times: 1 }),
  row("chunks-2k", "a chunk of 2 kB", { op: "stream", model: chunks2k, times: 3 }),
  bundle
]
