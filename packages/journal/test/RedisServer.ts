/**
 * A `redis-server` of the test's own, on a free port, without persistence. Where the program is not installed, tests say
 * that they skip.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { createServer } from "node:net"

export const skip = spawnSync("redis-server", ["--version"]).status === 0 ? undefined : "redis-server is not installed"

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

export interface Server {
  readonly url: string
  readonly port: number
  /** SIGSTOP and SIGCONT: connections stay, nothing answers. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

export const start = (...settings: ReadonlyArray<string>): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.flatMap(freePort, (port) =>
    Effect.map(
      Effect.acquireRelease(
        Effect.callback<ReturnType<typeof spawn>>((resume) => {
          const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...settings]
          const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] })
          let said = ""
          child.stdout.on("data", (data: Buffer) => {
            said += data.toString()
            if (said.includes("Ready to accept connections")) resume(Effect.succeed(child))
          })
          child.once("exit", (code) => resume(Effect.die(new Error(`redis-server ended with ${code}: ${said}`))))
        }),
        (child) =>
          Effect.callback<void>((resume) => {
            if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
            child.once("exit", () => resume(Effect.void))
            child.kill("SIGCONT")
            child.kill("SIGKILL")
          })
      ),
      (child) => ({
        port,
        url: `redis://127.0.0.1:${port}`,
        freeze: Effect.sync(() => void child.kill("SIGSTOP")),
        thaw: Effect.sync(() => void child.kill("SIGCONT"))
      })
    ))

export const layerOf = (url: string) => NodeRedis.layer({ url, disableOfflineQueue: true })
