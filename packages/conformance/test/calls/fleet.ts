/**
 * Processes that spend money at one emulator, and what they have to pay: for every request that it took up, what the whole
 * answer is charged.
 */
import type * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import { spawn } from "node:child_process"

/** The model that the processes ask. */
export const model = "gemini-2.5-flash-lite"

/** Runs one process to its end. `file` is its program, which takes a job as its argument and prints `Said` as JSON. */
export const runs = <Job, Said>(file: string) => (job: Job): Effect.Effect<Said> =>
  Effect.callback((resume) => {
    const child = spawn(process.execPath, [file, JSON.stringify(job)], { stdio: ["ignore", "pipe", "pipe"] })
    let said = ""
    let errors = ""
    child.stdout.on("data", (data: Buffer) => (said += data.toString()))
    child.stderr.on("data", (data: Buffer) => (errors += data.toString()))
    child.once("exit", (code) =>
      resume(
        code === 0 && errors === "" ? Effect.succeed(JSON.parse(said)) : Effect.die(new Error(`${code}: ${errors}`))
      ))
    return Effect.sync(() => void child.kill("SIGKILL"))
  })

type Requests = Effect.Success<Emulator.Service["requests"]>

/** The requests that are charged: what was refused is charged nothing, and what was cut may be charged to its end. */
export const chargeable = (requests: Requests): Requests =>
  requests.filter(({ apiMethod, status }) => apiMethod !== "countTokens" && (status ?? 0) < 400)

/** The usage that a request is charged in full: the emulator answers the same request in the same way. */
export const usageOf = (url: string, body: unknown) =>
  Effect.promise(async () => {
    const response = await fetch(`${url}/v1beta/models/${model}:generateContent`, {
      method: "POST",
      headers: { "content-type": "application/json", "x-goog-api-key": "oracle" },
      body: JSON.stringify(body)
    })
    const { usageMetadata } = await response.json()
    return usageMetadata
  })
