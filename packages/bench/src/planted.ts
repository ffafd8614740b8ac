/**
 * Shows that the gate is not blind: it is green on what there is, and red on a slowdown that is planted into the path of
 * a call, before its first chunk, or at start; each time in the row that it was planted for.
 *
 * `node packages/bench/src/planted.ts`, after `pnpm build`; `pnpm prove 31.4` runs it.
 */
import { spawnSync } from "node:child_process"
import { fileURLToPath } from "node:url"
import { gate } from "./gate.ts"

const main = fileURLToPath(new URL("./main.ts", import.meta.url))
// A bundle's size has no slowdown.
const rows = gate.filter((id) => id !== "bundle")

/** The gate ends with 2 where the machine was too uneven to judge: that says nothing, and is tried again. */
const judged = (id: string, ...flags: ReadonlyArray<string>) => {
  const once = () => spawnSync(process.execPath, [main, "--gate", "--rows", id, ...flags], { encoding: "utf8" })
  let ran = once()
  for (let again = 0; ran.status === 2 && again < 2; again++) ran = once()
  const { status, stderr } = ran
  return { status, failures: stderr.split("\n").filter((line) => line.startsWith("  ")).map((line) => line.trim()) }
}

let isShown = true
for (const id of rows) {
  const plain = judged(id)
  const planted = judged(id, "--planted")
  const isRed = planted.status === 1 && planted.failures.some((failure) => failure.startsWith(id))
  const isRight = plain.status === 0 && isRed
  isShown &&= isRight
  console.log(
    `${id}: ${plain.status === 0 ? "green" : `ended with ${plain.status}`}; planted: ${
      isRed ? "red" : `ended with ${planted.status}`
    }${isRight ? "" : ", NOT as it must be"}`
  )
  for (const failure of [...plain.failures, ...planted.failures]) console.log(`  ${failure}`)
}
process.exitCode = isShown ? 0 : 1
