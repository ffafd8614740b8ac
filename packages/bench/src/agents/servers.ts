/** The servers of the rows that need one: prepared answers over HTTP, and a Redis of the benchmark's own. */
import { spawn, spawnSync } from "node:child_process"
import { field, reply, start } from "../harness/harness.ts"

export interface Running {
  readonly url: string
  readonly stop: () => void
}

export const toolServer = async (): Promise<Running> => {
  const child = start(new URL("../ai/toolServer.ts", import.meta.url), [], [])
  const port = Number(field(await reply(child), "port"))
  return { url: `http://127.0.0.1:${port}`, stop: () => child.disconnect() }
}

/** Undefined where no `redis-server` is installed. */
export const redis = async (): Promise<Running | undefined> => {
  if (spawnSync("redis-server", ["--version"]).status !== 0) return undefined
  const port = 20_000 + (process.pid % 20_000)
  const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
  const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] })
  await new Promise<void>((resolve, reject) => {
    child.stdout.on("data", (data: Buffer) => {
      if (data.toString().includes("Ready to accept")) resolve()
    })
    child.once("error", reject)
  })
  return { url: `redis://127.0.0.1:${port}`, stop: () => void child.kill("SIGKILL") }
}
