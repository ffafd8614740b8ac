/**
 * How long `gemini-fx ask` takes from its start to the first letter of its answer, against `gemini-fx run --stream` of
 * another checkout, both on their embedded servers, in pairs:
 *
 *     node packages/cli/test/firstByte.ts OTHER_CHECKOUT [ROUNDS] [MOST]
 *
 * Besides the time it counts what the process spent on a processor until then, which a loaded machine does not stretch.
 * With MOST it fails if the median difference of that is above so many milliseconds.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [, , other, rounds = "15", most] = process.argv
if (other === undefined) throw new Error("name the other checkout")

const folder = mkdtempSync(join(tmpdir(), "gemini-fx-first-"))
writeFileSync(join(folder, "story.toml"), "[[acts]]\nname = \"a\"\nprompt = \"Hello\"\n")

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

/** The embedded server begins each answer so. */
const begins = "This is gemini"

const start = (tree: string, args: ReadonlyArray<string>): Promise<Start> =>
  new Promise((resolve, reject) => {
    const began = performance.now()
    const child = spawn(process.execPath, [join(tree, "packages/cli/src/bin.ts"), ...args], {
      cwd: folder,
      env: { PATH: process.env["PATH"], HOME: folder, GEMINI_FX_RUNS: join(folder, "runs") },
      stdio: ["ignore", "pipe", "ignore"]
    })
    let found: Start | undefined
    let text = ""
    child.stdout.setEncoding("utf8").on("data", (piece: string) => {
      text += piece
      if (found === undefined && text.includes(begins)) {
        found = { wall: performance.now() - began, cpu: cpuOf(child.pid ?? 0) }
      }
    })
    child.once("exit", (code) => {
      if (code === 0 && found !== undefined) resolve(found)
      else reject(new Error(`${tree}: the command ended with ${code}`))
    })
  })

const ask = () => start(join(import.meta.dirname, "../../.."), ["ask", "Hello"])
const run = () => start(other, ["run", "story.toml", "--stream"])

const median = (values: ReadonlyArray<number>): number => values.toSorted((a, b) => a - b)[values.length >> 1] ?? NaN

const pairs: Array<readonly [Start, Start]> = []
for (let round = 0; round < Number(rounds); round++) {
  // Who comes first takes turns.
  if (round % 2 === 0) {
    const mine = await ask()
    pairs.push([mine, await run()])
  } else {
    const theirs = await run()
    pairs.push([await ask(), theirs])
  }
}
const say = (name: keyof Start): number => {
  const difference = median(pairs.map(([mine, theirs]) => mine[name] - theirs[name]))
  const [mine, theirs] = [0, 1].map((i) => median(pairs.map((pair) => pair[i]?.[name] ?? NaN)))
  process.stdout.write(
    `${name}: ask ${mine?.toFixed(0)} ms, run ${theirs?.toFixed(0)} ms, median difference ${difference.toFixed(0)} ms\n`
  )
  return difference
}
say("wall")
const difference = say("cpu")
rmSync(folder, { recursive: true })
if (most !== undefined && difference > Number(most)) process.exitCode = 1
