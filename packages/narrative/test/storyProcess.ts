/** Processes that play `storyJob`, and what they left behind. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import { records, type RunRecord } from "effect-gemini-narrative/RunRecord"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type * as Scope from "effect/Scope"
import * as Stream from "effect/Stream"
import { build } from "esbuild"
import { type ChildProcess, spawn } from "node:child_process"
import { createHash } from "node:crypto"
import { join } from "node:path"
import { folder } from "./runs.ts"
import type { Job, Said } from "./storyJob.ts"

export interface Spawned {
  readonly process: ChildProcess
  /** Milliseconds since the epoch. */
  readonly startedAt: number
  /** What it said at its end; undefined if it was killed. */
  readonly ended: Promise<Said | undefined>
}

/** `storyJob` in one file: a process that reads hundreds of modules takes seconds to begin. */
export const program: Effect.Effect<string, never, Scope.Scope> = Effect.tap(
  Effect.map(folder, (path) => join(path, "storyJob.mjs")),
  (outfile) =>
    Effect.promise(() =>
      build({
        entryPoints: [join(import.meta.dirname, "storyJob.ts")],
        outfile,
        bundle: true,
        platform: "node",
        format: "esm",
        minify: true,
        banner: { js: "import { createRequire } from 'node:module'; const require = createRequire(import.meta.url)" },
        logLevel: "silent"
      })
    )
)

const spawned = (program: string, job: Job): Spawned => {
  const startedAt = Date.now()
  const child = spawn(process.execPath, [program, JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] })
  const ended = Promise.withResolvers<Said | undefined>()
  let said = ""
  let errors = ""
  child.stdout.on("data", (data: Buffer) => void (said += data.toString()))
  child.stderr.on("data", (data: Buffer) => void (errors += data.toString()))
  child.once("close", (code, signal) => {
    if (signal === "SIGKILL") ended.resolve(undefined)
    else if (code === 0) ended.resolve(JSON.parse(said.trim().split("\n").at(-1) ?? ""))
    else ended.reject(new Error(`ended with ${code}: ${errors.slice(-2_000)}`))
  })
  return { process: child, startedAt, ended: ended.promise }
}

export const play = (program: string, job: Job): Effect.Effect<Spawned, never, Scope.Scope> =>
  Effect.acquireRelease(
    Effect.sync(() => spawned(program, job)),
    ({ process }) => Effect.sync(() => void process.kill("SIGKILL"))
  )

/** The model: a text that depends on the prompt alone. */
export const model: Emulator.Options["answers"] = ({ body }) => ({
  text: `answer ${createHash("sha256").update(JSON.stringify(body)).digest("hex").slice(0, 16)}`
})

/** The act that a request is for: every prompt of these tests names it in brackets. */
export const actOf = (body: unknown): string => /\[(\w+)\]/.exec(JSON.stringify(body))?.[1] ?? "?"

/** Twelve acts that each name themselves: a chain, or eleven beside each other and one that joins them. */
export const twelve = (isChain: boolean): string =>
  Array.from({ length: 12 }, (_, n) => {
    const needs = isChain ? n === 0 ? [] : [n - 1] : n === 11 ? Array.from({ length: 11 }, (_, i) => i) : []
    return `[[acts]]\nname = "act${n}"\nprompt = "[act${n}] goes on ${needs.map((n) => `{{act${n}}}`).join(" ")}"\n`
  }).join("\n")

/** How often each act was asked, as the emulator counts. */
export const askedOf = Effect.map(
  Emulator.Emulator.use((emulator) => emulator.requests),
  (requests) => {
    const counts = new Map<string, number>()
    for (const { body } of requests) counts.set(actOf(body), (counts.get(actOf(body)) ?? 0) + 1)
    return counts
  }
)

/** What the processes of a run have recorded so far. */
export const recordsOf = (directory: string, id: string): Effect.Effect<ReadonlyArray<RunRecord>> =>
  Journal.Journal.use((journal) => Stream.runCollect(journal.read(records, id))).pipe(
    Effect.map((entries) => entries.flatMap((entry) => entry._tag === "Recorded" ? [entry.record] : [])),
    Effect.orElseSucceed(() => []),
    Effect.provide(Layer.provide(FileJournal.layer({ directory }), NodeFileSystem.layer))
  )
