/** The two servers as their users start them, each a process of its own: our bundled command, and aimock's. */
import { type ChildProcess, spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createRequire } from "node:module"
import { tmpdir } from "node:os"
import { dirname, join } from "node:path"
import { fileURLToPath } from "node:url"

export type Name = "ours" | "aimock"

export interface Server {
  readonly name: string
  readonly url: string
  /** Milliseconds from its spawn to its first line with a URL. */
  readonly ready: number
  /** Milliseconds of CPU of its main thread until then, which other programs on the machine do not lengthen. */
  readonly spent: number
  /** Microseconds of CPU since its start, in whole ticks of 10 ms. */
  readonly cpu: () => number
  /** Resident memory in MB. */
  readonly rss: () => number
  readonly stop: () => Promise<void>
}

const words = "Hello from a fixture of some length, to answer with."
const pieces = Array.from("abcdefghijk", (letter) => letter.repeat(10))

/** Rules that never match stand before the two that do. */
const scenario = (idle: number): string =>
  [
    ...Array.from(
      { length: idle },
      (_, i) => `[[rule]]\nwhen = { text = { contains = "never ${i}" } }\nreply = "no"\n`
    ),
    `[[rule]]\nwhen = { text = { contains = "one" } }\nreply = ${JSON.stringify(words)}\n`,
    `[[rule]]\nwhen = { text = { contains = "many" } }\nreply = { chunks = ${JSON.stringify(pieces)} }\n`
  ].join("\n")

const fixtures = (idle: number): string =>
  JSON.stringify({
    fixtures: [
      ...Array.from({ length: idle }, (_, i) => ({
        match: { userMessage: `never ${i}` },
        response: { content: "no" }
      })),
      { match: { userMessage: "one" }, response: { content: words } },
      { match: { userMessage: "many" }, response: { content: pieces.join("") }, chunkSize: 10 }
    ]
  })

export const command = fileURLToPath(new URL("../../../emulator/dist/start.cjs", import.meta.url))

const peer = join(dirname(createRequire(import.meta.url).resolve("@copilotkit/aimock")), "cli.js")

const field = (pid: number, pattern: RegExp): number =>
  Number(pattern.exec(readFileSync(`/proc/${pid}/status`, "utf8"))?.[1] ?? 0)

/** User and system time, which stand behind the name in parentheses (proc(5)). */
const cpuOf = (pid: number): number => {
  const fields = readFileSync(`/proc/${pid}/stat`, "latin1").replace(/^.*\) /s, "").split(" ")
  return (Number(fields[11]) + Number(fields[12])) * 10_000
}

/** `idle` is how many rules stand there that never match; without rules ours generates. */
export const start = async (name: Name, idle: number | undefined = 0): Promise<Server> => {
  const folder = mkdtempSync(join(tmpdir(), "bench-emulator-"))
  const file = join(folder, name === "ours" ? "rules.toml" : "fixtures.json")
  writeFileSync(file, name === "ours" ? scenario(idle) : fixtures(idle))
  const args = name === "ours" ? [command, "--port", "0", "--scenario", file] : [peer, "-p", "0", "-f", folder]
  const from = performance.now()
  const child: ChildProcess = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
  const url = await new Promise<string>((resolve, reject) => {
    let said = ""
    child.stdout?.on("data", (piece) => {
      said += piece
      const found = /http:\/\/[\w.:[\]]+\d/.exec(said)?.[0]
      if (found !== undefined) resolve(found)
    })
    child.once("exit", (code) => reject(new Error(`${name} ended with ${code}: ${said}`)))
  })
  const ready = performance.now() - from
  const { pid = 0 } = child
  const spent = Number(readFileSync(`/proc/${pid}/schedstat`, "latin1").split(" ")[0]) / 1e6
  return {
    name,
    url,
    ready,
    spent,
    cpu: () => cpuOf(pid),
    rss: () => field(pid, /VmRSS:\s+(\d+)/) / 1000,
    stop: () =>
      new Promise((resolve) => {
        child.once("exit", () => {
          rmSync(folder, { recursive: true })
          resolve()
        })
        child.kill("SIGINT")
      })
  }
}
