/**
 * What safety costs: `pnpm bench:runs`. Acts are asked of a model in this process that answers at once, so that what is
 * left is the client's work and the run's. Each figure is taken in a process of its own; where one is above its bound, the
 * program fails.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as NodeServices from "@effect/platform-node/NodeServices"
import * as FileRuns from "effect-gemini-narrative/FileRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"

const text = "An answer of two hundred letters or so. ".repeat(5)
const model = "gemini-2.5-flash"

/** When the requests came, by `performance.now()`. */
const seen: Array<number> = []

const answer = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 40, candidatesTokenCount: 50, totalTokenCount: 90 },
  modelVersion: model
})

const http = HttpClient.make((request) =>
  Effect.sync(() => {
    seen.push(performance.now())
    const headers = { "content-type": "application/json" }
    return HttpClientResponse.fromWeb(request, new Response(answer, { headers }))
  })
)

const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const tier = { name: "bench", limits: unlimited, models: {} }
const gemini = GeminiClient.layer({ apiKey: Redacted.make("key"), tier }).pipe(
  Layer.provide(Layer.succeed(HttpClient.HttpClient, http))
)

/** Acts that each use the one before. */
const chain = (count: number): string =>
  Array.from(
    { length: count },
    (_, n) => `[[acts]]\nname = "act${n}"\nprompt = "Say ${n}${n === 0 ? "" : ` after {{act${n - 1}}}`}"\n`
  ).join("\n")

const files = (directory: string, sync: boolean) =>
  FileRuns.layer({ directory, sync }).pipe(Layer.provide(NodeFileSystem.layer))

const played = (narrative: Narrative.Narrative, options: Runs.StartOptions) =>
  Runs.Runs.use((runs) => Effect.scoped(Effect.flatMap(runs.start(narrative, { model, ...options }), ({ end }) => end)))

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")
/** Megabytes of the heap, and of what lies beside it, that are in use. */
const inUse = (): { readonly heap: number; readonly all: number } => {
  // The bytes of buffers that the first collection found are freed beside the program, and counted at the second.
  collect()
  collect()
  const { external, heapUsed } = process.memoryUsage()
  return { heap: heapUsed / 1_048_576, all: (heapUsed + external) / 1_048_576 }
}

/** The client, whose every so-manieth request looks at the memory first. */
const watched = (every: number, look: () => void) =>
  GeminiClient.layer({ apiKey: Redacted.make("key"), tier }).pipe(
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.suspend(() => {
          if (seen.length > 0 && seen.length % every === 0) look()
          return http.execute(request)
        })
      )
    ))
  )

/** The median time from one request to the next one. Whoever else uses the machine is in few of them. */
const between = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    seen.length = 0
    return Effect.map(effect, () => {
      const times = seen.slice(1).map((time, i) => time - (seen[i] ?? 0)).sort((a, b) => a - b)
      return times[times.length >> 1] ?? Infinity
    })
  })

/** Milliseconds of a call without any narrative, and of an act in each place: the least of some rounds. */
const overhead = Effect.gen(function*() {
  const count = 1_000
  const narrative = yield* Narrative.parse(chain(count))
  const client = yield* GeminiClient.GeminiClient
  const bare = Effect.forEach(
    Array.from({ length: count }),
    (_, n) => client.generate({ model, contents: `Say ${n} after ${text}` }),
    { discard: true }
  )
  const inFiles = (sync: boolean) =>
    Effect.suspend(() => Effect.provide(played(narrative, {}), files(join(folder(), "runs"), sync), { local: true }))
  const ways = {
    bare: between(bare),
    memory: between(Narrative.execute(narrative, { model })),
    files: between(inFiles(false)),
    synced: between(inFiles(true))
  }
  const least: Record<string, number> = {}
  for (let round = 0; round < 4; round++) {
    for (const [name, way] of Object.entries(ways)) {
      const time = yield* way
      if (round > 0) least[name] = Math.min(least[name] ?? Infinity, time)
    }
  }
  return least
})

/** Milliseconds from the call to the first request: of a start, and of a resumption after 1,000 acts. */
const first = (directory: string, isResume: boolean) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const from = performance.now()
    if (isResume) yield* Effect.scoped(Effect.flatMap(runs.resume("long"), ({ end }) => end))
    else yield* played(yield* Narrative.parse(chain(1)), { id: `short-${process.pid}` })
    return { millis: (seen[0] ?? Infinity) - from, requests: seen.length }
  }).pipe(Effect.provide(files(directory, false)))

/** A run of 1,001 acts that was cut off before the last one was asked. */
const prepare = (directory: string) =>
  Effect.gen(function*() {
    yield* played(yield* Narrative.parse(chain(1_001)), { id: "long" })
    const file = join(directory, "long", "journal.jsonl")
    const lines = readFileSync(file, "utf8").split("\n")
    writeFileSync(
      file,
      `${lines.slice(0, lines.findIndex((line) => line.includes("\"act\":\"act1000\""))).join("\n")}\n`
    )
    return {}
  }).pipe(Effect.provide(files(directory, false)))

/** Megabytes of the heap while 5,000 acts are played, at each five hundredth act. */
const flat = (directory: string) =>
  Effect.gen(function*() {
    const heaps: Array<number> = []
    const narrative = yield* Narrative.parse(chain(5_000))
    const client = watched(500, () => heaps.push(inUse().heap))
    const millis = yield* Effect.provide(between(played(narrative, { id: "many" })), client, { local: true })
    return { least: Math.min(...heaps), most: Math.max(...heaps), millis }
  }).pipe(Effect.provide(files(directory, false)))

/** The file of twelve acts, with an image of 2 MB each or without. */
const illustrated = (directory: string, isWith: boolean): void => {
  const png = Buffer.from([137, 80, 78, 71, 13, 10, 26, 10])
  const acts = Array.from({ length: 12 }, (_, n) => {
    if (isWith) writeFileSync(join(directory, `${n}.png`), Buffer.concat([png, Buffer.alloc(2_000_000, n)]))
    return `[[acts]]\nname = "act${n}"\n${isWith ? `inputs = [{ image = "${n}.png" }]\n` : ""}prompt = "Say ${n}"\n`
  })
  writeFileSync(join(directory, "story.toml"), acts.join("\n"))
}

/** What its run needs: the bytes of the journal, megabytes in use at most, and those of the process. */
const images = (directory: string) =>
  Effect.gen(function*() {
    const all: Array<number> = []
    const narrative = yield* Effect.provide(Narrative.fromFile(join(directory, "story.toml")), NodeServices.layer)
    yield* Effect.provide(
      played(narrative, { id: "images" }),
      watched(1, () => all.push(inUse().all)),
      { local: true }
    )
    return {
      journal: statSync(join(directory, "runs", "images", "journal.jsonl")).size,
      megabytes: Math.max(...all),
      resident: process.resourceUsage().maxRSS / 1_024
    }
  }).pipe(Effect.provide(files(join(directory, "runs"), false)))

const folders: Array<string> = []
const folder = (): string => {
  const path = mkdtempSync(join(tmpdir(), "runs-bench-"))
  folders.push(path)
  return path
}

const roles: Record<string, (directory: string) => Effect.Effect<object, unknown, GeminiClient.GeminiClient>> = {
  overhead: () => overhead,
  start: (directory) => first(directory, false),
  prepare,
  resume: (directory) => first(directory, true),
  flat,
  images
}

/** The figures of a role, taken in a process of its own. */
const taken = (role: string, directory: string): Record<string, number> => {
  const { status, stdout } = spawnSync(process.execPath, [import.meta.filename, role, directory], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (status !== 0) throw new Error(`${role} ended with ${status}`)
  return JSON.parse(stdout.toString().trim().split("\n").at(-1) ?? "")
}

const say = (what: string, figure: number, most: number, unit: string): void => {
  const isAbove = figure > most
  process.stdout.write(
    `${what.padEnd(56)} ${figure.toFixed(3).padStart(9)} ${unit} (at most ${most})${isAbove ? " TOO MUCH" : ""}\n`
  )
  if (isAbove) process.exitCode = 1
}

const main = (): void => {
  const { bare = 0, files = 0, memory = 0, synced = 0 } = taken("overhead", folder())
  process.stdout.write(`1,000 acts one after the other, medians: a bare call ${bare.toFixed(3)} ms\n`)
  say("an act in memory, above a bare call", memory - bare, 0.3, "ms")
  say("an act in files, above a bare call", files - bare, 0.5, "ms")
  say("an act in files that are synced, above a bare call", synced - bare, 2.5, "ms")
  // The least of some: others use the machine, and the first calls of a process are slow anyway.
  const waits = { start: Infinity, resume: Infinity }
  for (let n = 0; n < 7; n++) {
    const copy = join(folder(), "runs")
    taken("prepare", copy)
    waits.resume = Math.min(waits.resume, taken("resume", copy)["millis"] ?? Infinity)
    waits.start = Math.min(waits.start, taken("start", copy)["millis"] ?? Infinity)
  }
  const { resume, start } = waits
  process.stdout.write(
    `from the call to the first request: start ${start.toFixed(0)} ms, resume ${resume.toFixed(0)} ms\n`
  )
  say("resuming after 1,000 acts, above a start", (resume - start) / 1_000, 0.2, "s")
  const { least = 0, millis = 0, most = Infinity } = taken("flat", join(folder(), "runs"))
  process.stdout.write(
    `5,000 acts: ${millis.toFixed(3)} ms an act, heap ${least.toFixed(1)} to ${most.toFixed(1)} MB\n`
  )
  say("the heap while 5,000 acts are played, above its least", most - least, 30, "MB")
  const [with12 = {}, without = {}] = [true, false].map((isWith) => {
    const directory = folder()
    illustrated(directory, isWith)
    return taken("images", directory)
  })
  say("the journal of 12 images of 2 MB", (with12["journal"] ?? Infinity) / 1_000, 64, "kB")
  say(
    "memory in use, above the same acts without images",
    (with12["megabytes"] ?? 0) - (without["megabytes"] ?? 0),
    50,
    "MB"
  )
  process.stdout.write(
    `the process, with what was not collected yet: ${with12["resident"]?.toFixed(0)} MB, without images ` +
      `${without["resident"]?.toFixed(0)} MB\n`
  )
}

const [role, directory = ""] = process.argv.slice(2)
try {
  if (role === undefined) main()
  else {
    const taken = roles[role]?.(directory) ?? Effect.die(new Error(`there is no role ${role}`))
    const figures = await Effect.runPromise(Effect.provide(taken, gemini))
    process.stdout.write(`${JSON.stringify(figures)}\n`)
  }
} finally {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
}
