/**
 * How long `gemini-fx run` takes from its start to its first request, in pairs against another checkout:
 *
 *     node packages/cli/test/startup.ts OTHER_CHECKOUT [ROUNDS] [MOST]
 *
 * Besides the time it counts what the process spent on a processor until then, which a loaded machine does not stretch.
 * With MOST it fails if the median difference of that is above so many milliseconds.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [, , other, rounds = "15", most] = process.argv
if (other === undefined) throw new Error("name the other checkout")
const trees = [join(import.meta.dirname, "../../.."), other] as const

const folder = mkdtempSync(join(tmpdir(), "gemini-fx-startup-"))
writeFileSync(join(folder, "story.toml"), "[[acts]]\nname = \"a\"\nprompt = \"Hello\"\n")

let arrived: () => void = () => undefined
const answer = JSON.stringify({
  modelVersion: "m",
  candidates: [{ content: { role: "model", parts: [{ text: "Hi" }] }, finishReason: "STOP" }]
})
const server = createServer((request, response) => {
  arrived()
  request.resume().on("end", () => response.writeHead(200, { "content-type": "application/json" }).end(answer))
})
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const address = server.address()
const port = typeof address === "object" && address !== null ? address.port : 0

/** Milliseconds that all threads of a process were on a processor. */
const cpuOf = (pid: number): number =>
  readdirSync(`/proc/${pid}/task`).reduce(
    (sum, task) => sum + Number(readFileSync(`/proc/${pid}/task/${task}/schedstat`, "utf8").split(" ")[0]) / 1e6,
    0
  )

interface Start {
  readonly wall: number
  readonly cpu: number
}

const start = (tree: string): Promise<Start> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(process.execPath, [join(tree, "packages/cli/src/bin.ts"), "run", "story.toml"], {
      cwd: folder,
      env: {
        ...process.env,
        GEMINI_API_KEY: "k",
        GEMINI_BASE_URL: `http://127.0.0.1:${port}`,
        GEMINI_FX_RUNS: join(folder, "runs")
      },
      stdio: ["ignore", "ignore", "inherit"]
    })
    let found: Start | undefined
    arrived = () => {
      arrived = () => undefined
      found = { wall: performance.now() - began, cpu: cpuOf(child.pid ?? 0) }
    }
    child.once("exit", (code) => {
      if (code === 0 && found !== undefined) resolve(found)
      else reject(new Error(`${tree}: the command ended with ${code}`))
    })
  })

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

const pairs: Array<readonly [Start, Start]> = []
for (let round = 0; round < Number(rounds); round++) {
  // Who comes first takes turns.
  if (round % 2 === 0) {
    const mine = await start(trees[0])
    pairs.push([mine, await start(trees[1])])
  } else {
    const theirs = await start(trees[1])
    pairs.push([await start(trees[0]), theirs])
  }
}
const say = (name: keyof Start): number => {
  const difference = median(pairs.map(([mine, theirs]) => mine[name] - theirs[name]))
  const [mine, theirs] = [0, 1].map((i) => median(pairs.map((pair) => pair[i]?.[name] ?? NaN)))
  process.stdout.write(
    `${name}: ${mine?.toFixed(0)} ms here, ${theirs?.toFixed(0)} ms there, median difference ${
      difference.toFixed(0)
    } ms\n`
  )
  return difference
}
say("wall")
const difference = say("cpu")
server.close()
server.closeAllConnections()
rmSync(folder, { recursive: true })
if (most !== undefined && difference > Number(most)) process.exitCode = 1
