/** Fleets of worker processes on a PostgreSQL of the tests' own, and what a model was asked by them. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { build } from "esbuild"
import { type ChildProcess, spawn } from "node:child_process"
import { join } from "node:path"
import { folder } from "./runs.ts"
import { actOf } from "./storyProcess.ts"

/** A program in one file: a process that reads hundreds of modules takes seconds to begin. */
export const bundled = (name: string): Effect.Effect<string, never, Scope.Scope> =>
  Effect.tap(
    Effect.map(folder, (path) => join(path, `${name}.mjs`)),
    (outfile) =>
      Effect.promise(() =>
        build({
          entryPoints: [join(import.meta.dirname, `${name}.ts`)],
          outfile,
          bundle: true,
          platform: "node",
          format: "esm",
          banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
          logLevel: "silent"
        })
      )
  )

export interface Worker {
  readonly process: ChildProcess
  readonly ready: Promise<void>
  readonly ended: Promise<void>
  readonly errors: () => string
}

/** A worker of the fleet of that database. It is killed when the scope ends. */
export const worker = (program: string, database: string, gemini: string): Effect.Effect<Worker, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => {
      const child = spawn(process.execPath, [program, gemini], {
        stdio: ["ignore", "pipe", "pipe"],
        env: { ...process.env, DATABASE: database }
      })
      let errors = ""
      const ready = Promise.withResolvers<void>()
      const ended = Promise.withResolvers<void>()
      child.stdout.on("data", () => ready.resolve())
      child.stderr.on("data", (data: Buffer) => void (errors += data.toString()))
      child.once("close", (code) => {
        ready.reject(new Error(`the worker ended with ${code}: ${errors.slice(-2_000)}`))
        ended.resolve()
      })
      ready.promise.catch(() => undefined)
      return { process: child, ready: ready.promise, ended: ended.promise, errors: () => errors }
    }),
    (worker) =>
      Effect.promise(() => {
        worker.process.kill("SIGKILL")
        return worker.ended
      })
  )

/** Twelve acts that each name the run and themselves, one after the other or eleven beside each other. */
export const acts = (run: string, count: number, isChain = true): string =>
  Array.from({ length: count }, (_, n) => {
    const needs = isChain ? n === 0 ? [] : [n - 1] : n === count - 1 ? Array.from({ length: n }, (_, i) => i) : []
    return `[[acts]]\nname = "act${n}"\nprompt = "[${run}_act${n}] goes on ${
      needs.map((n) => `{{act${n}}}`).join(" ")
    }"\n`
  }).join("\n")

export interface Asked {
  /** The run and the act, as `run_act3`. */
  readonly what: string
  readonly run: string
  /** Milliseconds since the epoch. */
  readonly at: number
}

/** Every request that arrived, in order. */
export const asked = Effect.map(
  Emulator.Emulator.use((emulator) => emulator.requests),
  (requests) =>
    requests.map(({ body, time }): Asked => {
      const what = actOf(body)
      return { what, run: what.slice(0, what.lastIndexOf("_")), at: time }
    })
)

/** The acts that were asked more than once, and how often. */
export const twice = (asked: ReadonlyArray<Asked>): ReadonlyMap<string, number> => {
  const counts = new Map<string, number>()
  for (const { what } of asked) counts.set(what, (counts.get(what) ?? 0) + 1)
  return new Map(Array.from(counts).filter(([, count]) => count > 1))
}
