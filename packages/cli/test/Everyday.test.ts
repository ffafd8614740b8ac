/** The lines of EVERYDAY.md are run by a shell as they stand there, on the embedded server. */
import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll } from "vitest"
import { sizeOf } from "../../../scripts/proof.ts"
import { bin } from "./Terminal.ts"

const page = readFileSync(join(import.meta.dirname, "../EVERYDAY.md"), "utf8")

/** The cells of the table, in which a pipe is written as `\|`. */
const rows = page.split("\n").filter((line) => line.startsWith("| ") && line.includes("gemini-fx ")).map((line) =>
  line.slice(1, -1).split(/(?<!\\)\|/).map((cell) => cell.trim().replaceAll("\\|", "|"))
)
const lines = rows.map(([what = "", , ours = ""]) => [what, ours.replace(/^`|`$/g, "")] as const)

let folder = ""

const zeros = (count: number) => Array.from({ length: count }, () => 0)

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "gemini-fx-everyday-"))
  mkdirSync(join(folder, "bin"))
  writeFileSync(join(folder, "bin/gemini-fx"), `#!/bin/sh\nexec '${process.execPath}' '${bin}' "$@"\n`)
  chmodSync(join(folder, "bin/gemini-fx"), 0o700)
  const write = (name: string, content: string | Uint8Array) => writeFileSync(join(folder, name), content)
  write("question.txt", "What is a neap tide?\n")
  write("main.py", "print('hello')\n")
  write("old.py", "print('goodbye')\n")
  write("notes.md", "# Tides\n\nThey come twice a day.\n")
  write("titles.txt", "A cat\nA dog\n")
  write(
    "dog.schema.json",
    JSON.stringify({ type: "object", properties: { name: { type: "string" } }, required: ["name"] })
  )
  write("photo.jpg", Uint8Array.of(0xff, 0xd8, 0xff, 0xe0, 0, 16, 74, 70, 73, 70, 0))
  write("report.pdf", "%PDF-1.4\n1 0 obj\n<<>>\nendobj\n")
  mkdirSync(join(folder, "gemini-fx"))
  write(
    "gemini-fx/config.toml",
    `[mcp.notes]\ncommand = ${JSON.stringify(process.execPath)}\nargs = [${
      JSON.stringify(join(import.meta.dirname, "mcpServer.ts"))
    }]\n`
  )
  write("talk.mp3", Uint8Array.of(0xff, 0xfb, 0x90, 0x64, ...zeros(60)))
  // Those that go on with a talk have one, whichever of them run.
  await run("printf 'One\\nTwo\\nThree\\n' | gemini-fx chat")
})

afterAll(() => rmSync(folder, { recursive: true }))

const run = (line: string): Promise<{ readonly code: number; readonly stdout: string; readonly stderr: string }> =>
  new Promise((resolve) => {
    const child = execFile("bash", ["--norc", "-c", line], {
      cwd: folder,
      encoding: "utf8",
      env: {
        PATH: `${join(folder, "bin")}:${process.env["PATH"]}`,
        HOME: folder,
        XDG_CONFIG_HOME: folder,
        KEY: "a-key"
      }
    }, (error, stdout, stderr) => resolve({ code: error === null ? 0 : Number(error.code ?? 1), stdout, stderr }))
    child.stdin?.end()
  })

describe("a line that people type every day", () => {
  it("is one of at least twenty", () => {
    assert.isAtLeast(lines.length, 20)
  })

  // A process each: the tests run a sample of them, `pnpm prove 20.3` all.
  const every = sizeOf("20.3", { test: 8, prove: 1 })

  it.each(lines.filter((_, i) => i % every === 0))("%s", async (_, line) => {
    const { code, stderr, stdout } = await run(line)
    assert.strictEqual(code, 0, `${line}: ${stderr}`)
    const written = /--out (\S+)/.exec(line)?.[1]
    const got = written === undefined ? stdout : readFileSync(join(folder, written), "utf8")
    assert.notStrictEqual(got.trim(), "", line)
    assert.notMatch(stderr, /^gemini-fx:/m)
    if (/--schema|--json/.test(line)) assert.isObject(JSON.parse(got))
  }, 30_000)
})
