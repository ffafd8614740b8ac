// Shows what the step of `.ci/run` says of planted bugs: `pnpm prove 32.3`. It runs the step's own command in a second
// checkout with a history of its own.
import { execFileSync, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { secondCheckout } from "./tree.ts"

const step = /^step "planted bugs" pnpm mutate (.*)$/m.exec(
  readFileSync(join(import.meta.dirname, "../../.ci/run"), "utf8")
)?.[1]?.split(" ")
if (step === undefined) throw new Error(".ci/run has no step \"planted bugs\" that calls `pnpm mutate`")

const { path, remove } = secondCheckout(join(import.meta.dirname, "../.."))
const clone = mkdtempSync(join(tmpdir(), "effect-gemini-shallow-"))
const git = (...args: ReadonlyArray<string>): string =>
  execFileSync("git", ["-c", "user.name=prove", "-c", "user.email=prove@localhost", ...args], {
    cwd: path,
    encoding: "utf8",
    stdio: ["ignore", "pipe", "ignore"]
  }).trim()
const commit = (words: string): string => {
  git("commit", "-q", "--allow-empty", "-m", words)
  return git("rev-parse", "HEAD")
}
const since = (sha: string): void => {
  const place = join(path, "scripts/mutation/scores.json")
  writeFileSync(place, JSON.stringify({ ...JSON.parse(readFileSync(place, "utf8")), since: sha }, null, 2))
}

const pace = join(path, "packages/gemini/src/internal/members/Pace.ts")
const line = "    return waited >= this.#fair(kind, total)\n"
let wrong = 0
/** Runs the step; without a code only its words and its time are looked at. */
const expects = (what: string, code: number | undefined, words: RegExp, cwd = path): void => {
  const from = Date.now()
  const { status, stderr, stdout } = spawnSync(process.execPath, ["scripts/mutate.ts", ...step], {
    cwd,
    encoding: "utf8",
    maxBuffer: 64 * 2 ** 20
  })
  const took = (Date.now() - from) / 1000
  const isRight = (code === undefined || status === code) && words.test(stdout) && took < 150
  if (!isRight) wrong++
  console.log(`${isRight ? "as expected" : "WRONG"}: ${what}: exit ${status} after ${took.toFixed(1)} s`)
  console.log(`${stdout}${stderr}`.trim().replaceAll(/^/gm, "    "))
}

try {
  git("init", "-q")
  const nothing = commit("Nothing")
  git("add", "-A")
  const base = commit("Everything")
  since(base)
  expects("nothing changed", 0, /^No line that could hold a planted bug changed/)

  const whole = readFileSync(pace, "utf8")
  if (!whole.includes(line)) throw new Error(`${pace} no longer has the line in which the bug is planted`)
  writeFileSync(pace, whole.replace(line, "    return !(waited < this.#fair(kind, total))\n"))
  expects("a changed line that tests see", 0, /^members: /m)

  writeFileSync(pace, whole.replace(line, `    if (waited > 86_400_000) return false\n${line}`))
  expects("a planted bug that no test sees", 1, /bug that no test of .*test\/members sees/)
  writeFileSync(pace, whole)

  git("clone", "-q", "--depth", "1", `file://${path}`, clone)
  writeFileSync(
    join(clone, "scripts/mutation/scores.json"),
    readFileSync(join(path, "scripts/mutation/scores.json"), "utf8").replace(base, nothing)
  )
  // The modules that the step imports: a clone would install them first.
  execFileSync("ln", ["-s", join(path, "node_modules"), join(clone, "node_modules")])
  expects("a clone without history", 0, /^This checkout does not have the commit/, clone)

  since(nothing)
  expects("all lines changed", undefined, /^\d+ lines changed since/)
} finally {
  remove()
  rmSync(clone, { recursive: true, force: true })
}
process.exitCode = wrong === 0 ? 0 : 1
