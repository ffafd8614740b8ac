import { assert, describe, it } from "@effect/vitest"
import { existsSync, readFileSync } from "node:fs"
import { fileURLToPath } from "node:url"

const root = new URL("../../../", import.meta.url)
const text = readFileSync(new URL("SECURITY.md", root), "utf8")

describe("SECURITY.md", () => {
  it("names tests and pages that are there, and a test for each threat", () => {
    const links = Array.from(text.matchAll(/\]\(([^)#]+)\)/g), ([, path = ""]) => path)
    assert.deepStrictEqual(links.filter((path) => !existsSync(fileURLToPath(new URL(path, root)))), [])
    const rows = text.split("\n").filter((line) => line.startsWith("| ") && !line.startsWith("| threat"))
    assert.isAbove(rows.length, 10)
    assert.deepStrictEqual(rows.filter((row) => !/\.test\.ts\)[^|]*\|$/.test(row)), [])
  })

  it("is found from the pages that people read first", () => {
    for (const page of ["README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"]) {
      assert.include(readFileSync(new URL(page, root), "utf8"), "](SECURITY.md)", page)
    }
  })
})
