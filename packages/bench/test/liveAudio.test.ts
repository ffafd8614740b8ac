import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"

interface Figure {
  readonly subject: string
  readonly value: number
  readonly reached?: boolean
}

describe("sound through a Live session", () => {
  it("three minutes of it leave the heap where one left it", async () => {
    const live = fileURLToPath(new URL("../src/live/main.ts", import.meta.url))
    const args = [live, "--rows", "audio", "--subjects", "effect-gemini", "--minutes", "3", "--json"]
    const { stdout } = await promisify(execFile)(process.execPath, args)
    const { figures }: { readonly figures: ReadonlyArray<Figure> } = JSON.parse(stdout)
    assert.deepStrictEqual(figures.map(({ subject }) => subject), ["effect-gemini"])
    assert.isAtMost(figures[0]?.value ?? Infinity, 1.05)
  }, 60_000)
})
