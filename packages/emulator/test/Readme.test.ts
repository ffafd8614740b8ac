/** The README's five minutes as a stranger does them: its files, its commands, word for word, in an empty folder. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import { spawn, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleCommand } from "../../../scripts/commandBundle.ts"

const isThere = (program: string, ...args: ReadonlyArray<string>) => spawnSync(program, args).status === 0

const readme = readFileSync(new URL("../README.md", import.meta.url), "utf8")
const section = /^## Five minutes, in any language$([\s\S]*?)^## /m.exec(readme)?.[1] ?? ""
const blocks = Array.from(section.matchAll(/^```\w+\n([\s\S]*?)^```$/gm), ([, code = ""]) => code)

/** Files begin with their names. */
const nameOf = (code: string): string | undefined => /^(?:#|\/\/) ([\w.]+)\n/.exec(code)?.[1]
const files = blocks.flatMap((code) => nameOf(code) === undefined ? [] : [[nameOf(code) ?? "", code] as const])
const commands = blocks.filter((code) => code.startsWith("npx effect-gemini-emulator ")).map((code) => code.trim())
const commandOf = (part: string): string =>
  commands.find((command) => command.includes(part)) ?? `the README has no ${part}`

let folder: string

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "emulator-readme-"))
  await bundleCommand(join(folder, "emulator.cjs"))
  for (const [name, code] of files) writeFileSync(join(folder, name), code)
  symlinkSync(new URL("../../../node_modules", import.meta.url).pathname, join(folder, "node_modules"))
}, 60_000)

afterAll(() => {
  rmSync(join(folder, "node_modules"))
  rmSync(folder, { recursive: true })
})

/** What differs from the README: where the emulator comes from, the name of Debian's pytest, and Go's cache. */
const play = async (command: string) => {
  const here = command
    .replace("npx effect-gemini-emulator", `'${process.execPath}' emulator.cjs`)
    .replace(" pytest ", " pytest-3 -p no:cacheprovider ")
    .replace(" npx vitest ", ` '${process.execPath}' node_modules/vitest/vitest.mjs `)
  const child = spawn("sh", ["-c", here], {
    cwd: folder,
    env: { ...process.env, NODE_OPTIONS: "", GOCACHE: join(folder, "go"), GOFLAGS: "", GO111MODULE: "auto", CI: "1" },
    stdio: ["ignore", "pipe", "pipe"]
  })
  let out = ""
  let err = ""
  child.stdout.on("data", (data) => (out += data))
  child.stderr.on("data", (data) => (err += data))
  const code = await new Promise((resolve) => child.once("close", resolve))
  return { code, out, err }
}

const green = "effect-gemini-emulator: 1 call, none refused\n"

describe("the README's five minutes", () => {
  it.skipIf(!isThere("curl", "--version"))("curl", async () => {
    const { code, err, out } = await play(commandOf("check.sh"))
    assert.strictEqual(code, 0, out + err)
    assert.include(out, "Sunny.")
    assert.include(err, green)
  })

  it.skipIf(!isThere("pytest-3", "--version"))("pytest", async () => {
    const { code, err, out } = await play(commandOf("pytest"))
    assert.strictEqual(code, 0, out + err)
    assert.include(out, "1 passed")
    assert.include(err, green)
  })

  it.skipIf(!isThere("go", "version"))("Go", async () => {
    const { code, err, out } = await play(commandOf("go test"))
    assert.strictEqual(code, 0, out + err)
    assert.include(out, "ok")
    assert.include(err, green)
  }, 120_000)

  it("Vitest", async () => {
    const { code, err, out } = await play(commandOf("vitest"))
    assert.strictEqual(code, 0, out + err)
    assert.match(out, /1 passed/)
    assert.include(err, green)
  }, 60_000)

  it.skipIf(!isThere("pytest-3", "--version"))("and the last lines of a red test", async () => {
    const file = join(folder, "test_weather.py")
    writeFileSync(file, readFileSync(file, "utf8").replace("the weather?", "the wether?"))
    const { code, err } = await play(commandOf("pytest"))
    assert.strictEqual(code, 1)
    const shown = /^```\n(effect-gemini-emulator: [\s\S]*?)^```$/m.exec(section)?.[1]?.trimEnd().split("\n") ?? []
    assert.lengthOf(shown, 4)
    const lines = err.trimEnd().split("\n")
    assert.lengthOf(lines, 4, err)
    for (const [i, line] of shown.entries()) {
      const begin = line.replace(/…$/, "")
      assert.strictEqual(line === begin ? lines[i] : lines[i]?.slice(0, begin.length), begin)
    }
  })
})
