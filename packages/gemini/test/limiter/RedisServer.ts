/**
 * A `redis-server` of the test's own, on a free port, without persistence. Where the
 * program is not installed, `isInstalled` is false and tests say that they skip.
 */
import * as NodeRedis from "@effect/platform-node/NodeRedis"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import type { Redis } from "effect/persistence/Redis"
import type * as Scope from "effect/Scope"
import { spawn, spawnSync } from "node:child_process"
import { createServer } from "node:net"

export const isInstalled = spawnSync("redis-server", ["--version"]).status === 0

export const skipReason = "redis-server is not installed"

/** Why tests skip, if they do. */
export const skip = isInstalled ? undefined : skipReason

const freePort = Effect.callback<number>((resume) => {
  const server = createServer().listen(0, "127.0.0.1", () => {
    const address = server.address()
    server.close(() => resume(Effect.succeed(typeof address === "object" && address !== null ? address.port : 0)))
  })
})

export interface Server {
  readonly port: number
  readonly url: string
  /** SIGSTOP and SIGCONT: connections stay, nothing answers. */
  readonly freeze: Effect.Effect<void>
  readonly thaw: Effect.Effect<void>
}

const running = (port: number, settings: ReadonlyArray<string>) =>
  Effect.callback<ReturnType<typeof spawn>>((resume) => {
    const args = ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no", ...settings]
    const child = spawn("redis-server", args, { stdio: ["ignore", "pipe", "ignore"] })
    let said = ""
    child.stdout.on("data", (data: Buffer) => {
      said += data.toString()
      if (said.includes("Ready to accept connections")) resume(Effect.succeed(child))
    })
    child.once("exit", (code) => resume(Effect.die(new Error(`redis-server ended with ${code}: ${said}`))))
  })

const stopped = (child: ReturnType<typeof spawn>) =>
  Effect.callback<void>((resume) => {
    if (child.exitCode !== null || child.signalCode !== null) return resume(Effect.void)
    child.once("exit", () => resume(Effect.void))
    child.kill("SIGCONT")
    child.kill("SIGKILL")
  })

/** Starts one; `settings` are arguments of the program, such as `--requirepass`. */
export const start = (...settings: ReadonlyArray<string>): Effect.Effect<Server, never, Scope.Scope> =>
  Effect.gen(function*() {
    const port = yield* freePort
    const child = yield* Effect.acquireRelease(running(port, settings), stopped)
    return {
      port,
      url: `redis://127.0.0.1:${port}`,
      freeze: Effect.sync(() => void child.kill("SIGSTOP")),
      thaw: Effect.sync(() => void child.kill("SIGCONT"))
    }
  })

export const layerOf = (url: string): Layer.Layer<Redis | NodeRedis.NodeRedis, unknown> =>
  NodeRedis.layer({ url, disableOfflineQueue: true })

/** Redis for a test that needs nothing of the server but its commands. */
export const layer: Layer.Layer<Redis | NodeRedis.NodeRedis, unknown> = Layer.unwrap(
  Effect.map(start(), ({ url }) => layerOf(url))
)
