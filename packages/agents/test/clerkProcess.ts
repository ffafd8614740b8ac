/** Processes that play `clerkJob`, the stores on which they do, and what they left behind. */
import { records as format } from "effect-gemini-agents/AgentRecord"
import type { Decision } from "effect-gemini-agents/Approval"
import * as Replay from "effect-gemini-agents/Replay"
import type * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { build } from "esbuild"
import { type ChildProcess, spawn } from "node:child_process"
import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import * as RedisServer from "../../gemini/test/limiter/RedisServer.ts"
import { type Place, storeOf } from "../../journal/test/place.ts"
import { type Job, type Said, stopped } from "./clerkJob.ts"
import { clerk, crew, type Kind } from "./crew.ts"
import { playedAgain, teamPlayedAgain } from "./replayed.ts"

/** An effect of a handler. */
export interface Done {
  readonly tool: string
  readonly n: number
  readonly key: string
  readonly call: string
  /** The process that had it. */
  readonly pid: number
}

/** The model: two calls a step, as a function of the request alone, and then an answer. */
export const model = (tools: readonly [string, string], steps: number): Emulator.Options["answers"] => ({ body }) => {
  const contents: unknown = Reflect.get(Object(body), "contents")
  const step = Array.isArray(contents)
    ? contents.filter((it: unknown) => Reflect.get(Object(it), "role") === "model").length
    : 0
  return step < steps
    ? { calls: tools.map((name) => ({ name, args: { n: step } })) }
    : { text: `${step} steps` }
}

interface Spawned {
  readonly process: ChildProcess
  /** What it said at its end; undefined if it was killed. */
  readonly ended: Promise<Said | undefined>
  /** It has stopped itself, or it has ended. */
  readonly stopped: Promise<void>
}

export const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "agents-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true, force: true }))
)

/**
 * `clerkJob` in one file, and one for each store's client: a process that reads hundreds of modules takes seconds to
 * begin.
 */
const bundled = Effect.tap(
  Effect.map(folder, (path) => join(path, "clerkJob.mjs")),
  (file) =>
    Effect.promise(() =>
      build({
        entryPoints: [join(import.meta.dirname, "clerkJob.ts")],
        outdir: dirname(file),
        outExtension: { ".js": ".mjs" },
        splitting: true,
        bundle: true,
        platform: "node",
        format: "esm",
        external: ["pg-native"],
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
        logLevel: "silent"
      })
    )
)

const spawned = (program: string, job: Job): Spawned => {
  const child = spawn(process.execPath, [program, JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] })
  const waiting = Promise.withResolvers<void>()
  const ended = Promise.withResolvers<Said | undefined>()
  let said = ""
  let errors = ""
  child.stdout.on("data", (data: Buffer) => {
    said += data.toString()
    if (said.includes(stopped)) waiting.resolve()
  })
  child.stderr.on("data", (data: Buffer) => void (errors += data.toString()))
  child.once("close", (code, signal) => {
    waiting.resolve()
    if (signal === "SIGKILL") ended.resolve(undefined)
    else if (code === 0) ended.resolve(JSON.parse(said.trim().split("\n").at(-1) ?? ""))
    else ended.reject(new Error(`ended with ${code}: ${errors.slice(-2_000)}`))
  })
  return { process: child, ended: ended.promise, stopped: waiting.promise }
}

const acquired = (program: string, job: Job): Effect.Effect<Spawned, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawned(program, job)),
    ({ process }) => Effect.sync(() => void process.kill("SIGKILL"))
  )

/** A call's key by its path from the run: the handlers' effects have it. */
const keyOf = (id: string, path: string): string => {
  const children = path.split("/")
  const call = children.pop() ?? ""
  return `${[id, ...children].join(".")}/${call}`
}

/** What a person who looks at the effects decides. */
export const decided = (job: Job, said: Said): ReadonlyArray<Decision> =>
  (said.pending ?? []).map(({ call, kind, tool }): Decision => {
    if (kind === "approval") return { call, verdict: { _tag: "approve" }, by: "test" }
    const known = done(job.effects).find(({ key }) => key === keyOf(job.id, call))
    return {
      call,
      by: "test",
      verdict: known === undefined ? { _tag: "again" } : { _tag: "result", value: `${tool} ${known.n}` }
    }
  })

/** Processes that play jobs. */
export class Clerks {
  readonly #program: string

  constructor(program: string) {
    this.#program = program
  }

  /** Plays the job in a process of its own; it is undefined if the process was killed. */
  play(job: Job): Effect.Effect<Said | undefined> {
    return Effect.scoped(Effect.flatMap(
      acquired(this.#program, job),
      ({ ended }) => Effect.promise(() => ended)
    ))
  }

  /** Plays the job in a process that stops itself at the boundary `job.stops`; `goesOn` lets it go on to its end. */
  halt(
    job: Job
  ): Effect.Effect<{ readonly pid: number; readonly goesOn: Effect.Effect<Said | undefined> }, never, Scope.Scope> {
    return acquired(this.#program, job).pipe(
      Effect.tap(({ stopped }) => Effect.promise(() => stopped)),
      Effect.map(({ ended, process }) => ({
        pid: process.pid ?? 0,
        goesOn: Effect.suspend(() => {
          process.kill("SIGCONT")
          return Effect.promise(() => ended)
        })
      }))
    )
  }

  /** Each process of a run and what it said, until the run has its answer. A process that is killed says nothing. */
  toEnd(
    job: Job,
    before: ReadonlyArray<Said> = []
  ): Effect.Effect<Said & { readonly all: ReadonlyArray<Said> }> {
    return Effect.gen({ self: this }, function*() {
      const said = yield* this.play(job)
      if (said === undefined) return yield* this.toEnd({ ...job, dies: 0 }, before)
      const all = [...before, said]
      if (said.text !== undefined) return { ...said, all }
      if ((said.pending ?? []).length === 0) return yield* Effect.die(new Error(said.reason ?? ""))
      return yield* this.toEnd({ ...job, decisions: decided(job, said) }, all)
    })
  }
}

export const clerks: Effect.Effect<Clerks, never, Scope.Scope> = Effect.map(
  bundled,
  (program) => new Clerks(program)
)

export const done = (file: string): ReadonlyArray<Done> =>
  existsSync(file) ? readFileSync(file, "utf8").trim().split("\n").map((line) => JSON.parse(line)) : []

/** What a run's processes have written so far. It plays to the same bytes, wherever they died. */
export const recordsOf = (place: Place, id: string) =>
  Effect.scoped(Effect.gen(function*() {
    const journal = yield* Journal.make(yield* storeOf(place))
    const entries = yield* Stream.runCollect(journal.read(format, id)).pipe(Effect.orElseSucceed(() => []))
    const records = entries.flatMap((entry) => entry._tag === "Recorded" ? [entry.record] : [])
    yield* playedAgain(clerk, records)
    return records
  }))

/** The keys of the calls that have ended in a team's run and those of its children. The team plays to the same bytes. */
export const endedIn = (place: Place, id: string, kind: Kind) =>
  Effect.scoped(Effect.gen(function*() {
    const journal = yield* Journal.make(yield* storeOf(place))
    const runs = [...yield* Stream.runCollect(journal.list(`${id}.`))].map((run) => run.id)
    const keys = new Set<string>()
    for (const run of [id, ...runs]) {
      const entries = yield* Stream.runCollect(journal.read(format, run)).pipe(Effect.orElseSucceed(() => []))
      for (const entry of entries) {
        if (entry._tag === "Recorded" && entry.record._tag === "CallEnded") keys.add(`${run}/${entry.record.call}`)
      }
    }
    const isBegun = yield* Effect.isSuccess(Replay.read(id).pipe(Effect.provideService(Journal.Journal, journal)))
    if (isBegun) {
      yield* teamPlayedAgain<string, string, unknown, unknown, unknown, never>(crew[kind], id).pipe(
        Effect.provideService(Journal.Journal, journal)
      )
    }
    return keys
  }))

export interface Ground {
  readonly name: string
  readonly skip: boolean
  readonly place: Effect.Effect<Place, unknown, Scope.Scope>
  /** How many boundaries the tests look at. */
  readonly sample: number
  /** What becomes of a second process that resumes a run which is alive. */
  readonly isLocked: boolean
}

export const grounds: ReadonlyArray<Ground> = [
  {
    name: "files",
    skip: false,
    sample: 3,
    isLocked: true,
    place: Effect.map(folder, (path) => ({ kind: "files", directory: `${path}/runs`, lock: true }))
  },
  {
    name: "Redis",
    skip: !RedisServer.isInstalled,
    sample: 1,
    isLocked: false,
    place: Effect.map(RedisServer.start(), ({ url }) => ({ kind: "redis", url }))
  }
]
