import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))
const narrative = fileURLToPath(new URL("../../examples/narratives/text_models.toml", import.meta.url))

describe("gemini-fx run", () => {
  it("says first which server answers, then plays the acts", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, "run", narrative, "--stream"])
    const lines = stdout.split("\n")
    assert.match(lines[0] ?? "", /^server: embedded emulator/)
    assert.include(stdout, "== draft (gemini-flash-lite-latest)")
    assert.include(stdout, "answering from the emulator")
  })
})
