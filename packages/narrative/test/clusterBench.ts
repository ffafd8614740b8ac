/**
 * What a run on a cluster costs, in one process over SQLite: the figures of `pnpm prove 22.3`. Acts are asked of a model in
 * this process that answers at once, so that what is left is the client's work, the run's and the cluster's. Nothing here
 * waits for anything else, so an act takes as long as the processor works for it, which is measured, for others use the
 * machine, too; the time by the clock stands beside it. Each figure is taken in a process of its own; where one is above its
 * bound, the program fails.
 */
import * as ClusterRuns from "effect-gemini-narrative/ClusterRuns"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as HttpClient from "effect/http/HttpClient"
import * as HttpClientResponse from "effect/http/HttpClientResponse"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { spawnSync } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { clusterAt } from "./sqliteCluster.ts"

const text = "An answer of two hundred letters or so. ".repeat(5)
const model = "gemini-2.5-flash"
const count = 1_000

/** When the requests came, by `performance.now()`. */
const seen: Array<number> = []

const answer = JSON.stringify({
  candidates: [{ content: { role: "model", parts: [{ text }] }, finishReason: "STOP" }],
  usageMetadata: { promptTokenCount: 40, candidatesTokenCount: 50, totalTokenCount: 90 },
  modelVersion: model
})

const unlimited = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }

/** The client of a model that answers at once; the process dies at a request of that number. */
const geminiDying = (at: number) =>
  GeminiClient.layer({
    apiKey: Redacted.make("key"),
    tier: { name: "bench", limits: unlimited, models: {} }
  }).pipe(
    Layer.provide(Layer.succeed(
      HttpClient.HttpClient,
      HttpClient.make((request) =>
        Effect.sync(() => {
          seen.push(performance.now())
          if (seen.length === at) {
            process.stdout.write("{}\n")
            process.kill(process.pid, "SIGKILL")
          }
          return HttpClientResponse.fromWeb(
            request,
            new Response(answer, { headers: { "content-type": "application/json" } })
          )
        })
      )
    ))
  )

/** Acts that each use the one before, or stand beside each other. */
const acts = (isChain: boolean): string =>
  Array.from(
    { length: count },
    (_, n) => `[[acts]]\nname = "act${n}"\nprompt = "Say ${n}${n === 0 || !isChain ? "" : ` after {{act${n - 1}}}`}"\n`
  ).join("\n")

/** Milliseconds that the processor worked, with this process's other threads. */
const worked = (): number => {
  const { system, user } = process.cpuUsage()
  return (system + user) / 1_000
}

const bare = (concurrency: number) =>
  Effect.gen(function*() {
    const client = yield* GeminiClient.GeminiClient
    const from = worked()
    yield* Effect.forEach(
      Array.from({ length: count }),
      (_, n) => client.generate({ model, contents: `Say ${n} after ${text}` }),
      { discard: true, concurrency }
    )
    return (worked() - from) / count
  })

/** With Effect's and this package's own settings: the tests look more often. */
const clusterOf = (file: string) =>
  Layer.provide(ClusterRuns.layerWorker(), clusterAt(file, { entityMessagePollInterval: "10 seconds" }))

const one = (id: string, concurrency: number) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const narrative = yield* Narrative.parse(acts(concurrency === 1))
    const from = worked()
    const begun = performance.now()
    const { end } = yield* runs.start(narrative, { id, model, concurrency })
    const { answered } = yield* end
    const wall = (performance.now() - begun) / answered
    return { millis: (worked() - from) / answered, wall, resident: process.resourceUsage().maxRSS / 1_024 }
  }).pipe(Effect.scoped)

/** The first run of a process warms the engine up. */
const played = (file: string, concurrency: number) =>
  Effect.andThen(one("first", concurrency), one("second", concurrency)).pipe(Effect.provide(clusterOf(file)))

/** From where a process finds the run to its first request. */
const resumed = (file: string) =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const from = performance.now()
    const { end } = yield* runs.resume("second")
    const { answered } = yield* end
    return { millis: (seen[0] ?? Infinity) - from, requests: seen.length, answered }
  }).pipe(Effect.scoped, Effect.provide(clusterOf(file)))

const roles: Record<string, (file: string) => Effect.Effect<object, unknown, GeminiClient.GeminiClient>> = {
  one: (file) =>
    Effect.gen(function*() {
      yield* bare(1)
      const without = yield* bare(1)
      return { without, ...(yield* played(file, 1)) }
    }),
  eight: (file) =>
    Effect.gen(function*() {
      yield* bare(8)
      const without = yield* bare(8)
      return { without, ...(yield* played(file, 8)) }
    }),
  cut: (file) => played(file, 1),
  resume: resumed
}

const folders: Array<string> = []
const fresh = (): string => {
  const path = mkdtempSync(join(tmpdir(), "cluster-bench-"))
  folders.push(path)
  return join(path, "runs.sqlite")
}

/** The figures of a role, taken in a process of its own. */
const taken = (role: string, file: string): Record<string, number> => {
  const { signal, status, stdout } = spawnSync(process.execPath, [import.meta.filename, role, file], {
    stdio: ["ignore", "pipe", "inherit"]
  })
  if (status !== 0 && signal !== "SIGKILL") throw new Error(`${role} ended with ${status}`)
  return JSON.parse(stdout.toString().trim().split("\n").at(-1) ?? "")
}

const say = (what: string, figure: number, most: number, unit: string): void => {
  const isAbove = !(figure <= most)
  process.stdout.write(
    `${what.padEnd(60)} ${figure.toFixed(2).padStart(8)} ${unit} (at most ${most})${isAbove ? " TOO MUCH" : ""}\n`
  )
  if (isAbove) process.exitCode = 1
}

const main = (): void => {
  // The least of some: others use the machine.
  const rounds = 4
  const least: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    for (const role of ["one", "eight"]) {
      const { millis = Infinity, resident = 0, wall = Infinity, without = 0 } = taken(role, fresh())
      least[`${role}Wall`] = Math.min(least[`${role}Wall`] ?? Infinity, wall)
      least[role] = Math.min(least[role] ?? Infinity, millis - without)
      least[`${role}Resident`] = Math.min(least[`${role}Resident`] ?? Infinity, resident)
    }
    const file = fresh()
    taken("cut", file)
    const { millis = Infinity, requests = 0 } = taken("resume", file)
    if (requests !== 1) throw new Error(`the resumed process asked ${requests} acts`)
    least["resume"] = Math.min(least["resume"] ?? Infinity, millis / 1_000)
  }
  const { eight = Infinity, eightResident = 0, one = Infinity, oneResident = 0, resume = Infinity } = least
  process.stdout.write(`1,000 acts in one process over SQLite, least of ${rounds} rounds\n`)
  say("an act, one at a time, above a bare call", one, 4.5, "ms")
  say("an act, eight at once, above a bare call", eight, 1.5, "ms")
  say("resuming after 999 acts, to the first request", resume, 3, "s")
  const { eightWall = Infinity, oneWall = Infinity } = least
  process.stdout.write(
    `by the clock, with the call: ${oneWall.toFixed(2)} ms one at a time, ${eightWall.toFixed(2)} ms eight at once\n`
  )
  process.stdout.write(
    `the process at most: ${oneResident.toFixed(0)} MB one at a time, ${eightResident.toFixed(0)} MB eight at once\n`
  )
}

const [role, file = ""] = process.argv.slice(2)
try {
  if (role === undefined) main()
  else {
    const work = roles[role]?.(file) ?? Effect.die(new Error(`there is no role ${role}`))
    const figures = await Effect.runPromise(Effect.provide(work, geminiDying(role === "cut" ? 2 * count : Infinity)))
    process.stdout.write(`${JSON.stringify(figures)}\n`)
    process.exit(0)
  }
} finally {
  for (const path of folders) rmSync(path, { recursive: true, force: true })
}
