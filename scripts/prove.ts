// Runs the large size of a promise whose sample runs in the tests: `pnpm prove LINE [SEED]`. Without a line it lists
// them. A line is a test file with PROVE=LINE and PROVE_SEED=SEED in its environment; the file reads both through
// scripts/proof.ts, and runs the small size where they are absent.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

interface Proof {
  /** What is shown, in a few words. */
  readonly shows: string
  readonly project: string
  /** The test files' names, as vitest filters them. */
  readonly files: ReadonlyArray<string>
}

const proofs: Readonly<Record<string, Proof>> = {
  "11.4": {
    shows:
      "50,000 raw requests and 10,000 WebSocket openings of mutated bytes: the emulator answers or closes, and goes on",
    project: "emulator",
    files: ["AnyBytes.test"]
  },
  "13.4": {
    shows: "200 spaces at once in 4 processes, nothing in a wrong one; 100,000 calls logged in at most 400 MB",
    project: "emulator",
    files: ["SpacesAtOnce.test"]
  },
  "13.3": {
    shows: "200 kills -9 in the middle of appends: no acknowledged record lost, none in half, one writer",
    project: "journal",
    files: ["Crash.test"]
  }
}

const [line, seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
if (line === undefined) {
  for (const [name, { shows }] of Object.entries(proofs)) console.log(`${name.padEnd(6)} ${shows}`)
} else if (!Object.hasOwn(proofs, line)) {
  console.error(`There is no proof ${line}; these exist: ${Object.keys(proofs).join(", ")}`)
  process.exitCode = 2
} else {
  const { files = [], project = "", shows } = proofs[line] ?? {}
  console.log(`${line}: ${shows} (seed ${seed})`)
  const from = Date.now()
  const { status } = spawnSync(
    process.execPath,
    [
      join("node_modules", "vitest", "vitest.mjs"),
      "run",
      "--config",
      "vitest.workspace.ts",
      "--project",
      project,
      ...files
    ],
    {
      cwd: join(import.meta.dirname, ".."),
      env: { ...process.env, PROVE: line, PROVE_SEED: seed },
      stdio: "inherit"
    }
  )
  console.log(
    `${line}: ${status === 0 ? "shown" : "NOT shown"} in ${Math.round((Date.now() - from) / 1000)} s, seed ${seed}`
  )
  process.exitCode = status ?? 1
}
