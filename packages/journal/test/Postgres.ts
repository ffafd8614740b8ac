/**
 * A PostgreSQL of the tests' own, in a temporary folder, on a free port of loopback, with one database for each test.
 * Where it is not installed, tests say that they skip.
 */
import * as Effect from "effect/Effect"
import { SqlClient } from "effect/sql/SqlClient"
import { type ChildProcess, spawn, spawnSync } from "node:child_process"
import { chownSync, globSync, mkdtempSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll } from "vitest"
import { postgres } from "./sql.ts"

/** Debian keeps it off the PATH. */
const bin = globSync("/usr/lib/postgresql/*/bin/postgres").sort().at(-1)?.replace(/\/postgres$/, "")

/** It refuses to run as root, so root runs it as the user that Debian's package makes. */
const account = (): { readonly uid: number; readonly gid: number } | undefined => {
  if (process.getuid?.() !== 0) return undefined
  const id = (flag: string) => Number(spawnSync("id", [flag, "postgres"], { encoding: "utf8" }).stdout)
  return { uid: id("-u"), gid: id("-g") }
}

/** The path of one of its programs, such as `psql`. */
export const program = (name: string): string => `${bin}/${name}`

export const skip = bin === undefined ? "PostgreSQL is not installed" : undefined

const freePort = (): Promise<number> =>
  new Promise((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

interface Server {
  readonly child: ChildProcess
  readonly folder: string
  readonly port: number
}

const started = async (): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), "journal-pg-"))
  const user = account()
  if (user !== undefined) chownSync(folder, user.uid, user.gid)
  const data = join(folder, "data")
  const made = spawnSync(`${bin}/initdb`, [
    "-D",
    data,
    "-U",
    "postgres",
    "-A",
    "trust",
    "-E",
    "UTF8",
    "--locale=C.UTF-8",
    "-N"
  ], {
    ...user,
    cwd: folder,
    encoding: "utf8"
  })
  if (made.status !== 0) throw new Error(`initdb: ${made.stderr}`)
  const port = await freePort()
  const settings = ["listen_addresses=127.0.0.1", "unix_socket_directories=", "fsync=off", "max_connections=200"]
  const child = spawn(
    `${bin}/postgres`,
    ["-D", data, "-p", String(port), ...settings.flatMap((setting) => ["-c", setting])],
    { ...user, cwd: folder, stdio: ["ignore", "ignore", "pipe"] }
  )
  await new Promise<void>((resolve, reject) => {
    let said = ""
    child.stderr.on("data", (data: Buffer) => {
      said += data.toString()
      if (said.includes("ready to accept connections")) resolve()
    })
    child.once("exit", (code) => reject(new Error(`postgres ended with ${code}: ${said}`)))
  })
  return { child, folder, port }
}

let server: Promise<Server> | undefined
let databases = 0

afterAll(async () => {
  if (server === undefined) return
  const { child, folder } = await server
  await new Promise((resolve) => {
    child.once("exit", resolve)
    child.kill("SIGINT")
  })
  rmSync(folder, { recursive: true, force: true })
})

/** The address of a new, empty database. */
export const database = Effect.gen(function*() {
  const { port } = yield* Effect.promise(() => (server ??= started()))
  const name = `journal_${++databases}`
  const address = `postgres://postgres@127.0.0.1:${port}`
  yield* SqlClient.use((sql) => sql`CREATE DATABASE ${sql(name)}`).pipe(
    Effect.provide(postgres(`${address}/postgres`)),
    Effect.scoped
  )
  return `${address}/${name}`
})
