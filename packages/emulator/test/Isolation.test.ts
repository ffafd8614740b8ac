import * as Standalone from "effect-gemini-emulator/Standalone"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { assert, describe, it } from "vitest"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"

// The sizes of line 25.2: small here, 10 rounds of 200 tests in 8 processes by `pnpm prove 25.2`.

const run = promisify(execFile)
const client = fileURLToPath(new URL("isolationClient.ts", import.meta.url))

describe("tests at once in several processes on one server", () => {
  it("each has its own rules, fault, quota, clock, log and counts, and nothing of another's", async () => {
    const { processes, rounds, tests } = sizeOf("25.2", {
      test: { processes: 2, rounds: 1, tests: 40 },
      prove: { processes: 8, rounds: 10, tests: 200 }
    })
    const seed = seedOf("25.2", 11)
    await using emulator = await Standalone.start()
    for (let round = 0; round < rounds; round++) {
      const names = Array.from({ length: tests }, (_, i) => `round-${round}-test-${i}-end`)
      const outputs = await Promise.all(Array.from({ length: processes }, async (_, i) => {
        const own = names.filter((_, j) => j % processes === i)
        const args = [client, emulator.url, String(seed + round * processes + i), ...own]
        return (await run(process.execPath, args, { maxBuffer: 1e9 })).stdout
      }))
      const lines = outputs.flatMap((output) => output.split("\n")).map((line) => line.split("\t"))
      assert.strictEqual(lines.length, tests)
      assert.deepStrictEqual(lines.filter(([, wrong]) => wrong !== ""), [])
      assert.deepStrictEqual(lines.map(([name]) => name).sort(), names.sort())
    }
    const { refused, spaces } = emulator.spaces()
    assert.deepStrictEqual([refused, spaces.length], [0, rounds * tests + 1])
    assert.deepStrictEqual([emulator.requests(), emulator.counters().total], [[], 0])
    process.stdout.write(`${rounds} rounds of ${tests} tests in ${processes} processes: nothing in a wrong space\n`)
  }, 600_000)
})
