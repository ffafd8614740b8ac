/**
 * How much memory a long chat takes, and how long its turns:
 *
 *     node packages/cli/test/chatTurns.ts [TURNS] [MOST]
 *
 * One process of `gemini-fx chat` is asked so many questions, each answered by a server here, and its heap is measured
 * after a tenth of them and at the end. It fails if a turn keeps more than MOST bytes: its words and their records are some 3,000.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync, statSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"

const [, , turns = "1000", most = "6000"] = process.argv
const count = Number(turns)
const folder = mkdtempSync(join(tmpdir(), "gemini-fx-turns-"))
const words = "A neap tide is the smallest of the month, when sun and moon pull at right angles. "

let largest = 0
const server = createServer((request, response) => {
  let size = 0
  request.on("data", (piece: Uint8Array) => {
    size += piece.length
  }).on("end", () => {
    largest = Math.max(largest, size)
    const chunk = JSON.stringify({
      modelVersion: "gemini-3.8-flash",
      candidates: [{ content: { role: "model", parts: [{ text: words }] }, finishReason: "STOP" }],
      usageMetadata: { promptTokenCount: Math.round(size / 4), candidatesTokenCount: 20, totalTokenCount: 20 }
    })
    response.writeHead(200, { "content-type": "text/event-stream" }).end(`data: ${chunk}\n\n`)
  })
})
await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve))
const address = server.address()
const port = typeof address === "object" && address !== null ? address.port : 0

const child = spawn(
  process.execPath,
  ["--expose-gc", "--import", join(import.meta.dirname, "heap.ts"), join(import.meta.dirname, "../src/bin.ts"), "chat"],
  {
    stdio: ["pipe", "pipe", "pipe"],
    env: {
      ...process.env,
      GEMINI_API_KEY: "test-key",
      GEMINI_BASE_URL: `http://127.0.0.1:${port}`,
      GEMINI_FX_STATE: join(folder, "state"),
      GEMINI_FX_CONFIG: join(folder, "config"),
      // So many questions in a minute are more than any real tier allows.
      GEMINI_FX_TIER: "tier3"
    }
  }
)
let stdout = 0
let stderr = ""
let changed: () => void = () => undefined
child.stdout.on("data", (piece: Uint8Array) => {
  stdout += piece.filter((byte) => byte === 10).length
  changed()
})
child.stderr.setEncoding("utf8").on("data", (text: string) => {
  stderr += text
  changed()
})
const until = (holds: () => boolean) =>
  new Promise<void>((resolve) => {
    changed = () => {
      if (holds()) resolve()
    }
    changed()
  })

const heaps: Array<{ readonly turn: number; readonly heap: number }> = []
const measure = async (turn: number) => {
  stderr = ""
  child.kill("SIGUSR2")
  await until(() => /heap \d+/.test(stderr))
  heaps.push({ turn, heap: Number(/heap (\d+)/.exec(stderr)?.[1]) })
}

const took: Array<number> = []
for (let turn = 1; turn <= count; turn++) {
  const began = performance.now()
  child.stdin.write(`question ${turn}: what is a neap tide, and when does it come?\n`)
  await until(() => stdout >= turn)
  took.push(performance.now() - began)
  if (turn === Math.ceil(count / 10) || turn === count) await measure(turn)
}
child.stdin.end()
await new Promise((resolve) => child.once("close", resolve))
server.close()

const [first, last] = heaps
if (first === undefined || last === undefined) throw new Error("nothing was measured")
const perTurn = (last.heap - first.heap) / (last.turn - first.turn)
const median = (from: number) =>
  took.slice(from, from + Math.ceil(count / 10)).toSorted((a, b) => a - b)[Math.floor(count / 20)]
const chats = join(folder, "state", "chats")
const { globSync } = await import("node:fs")
const kept = globSync(join(chats, "*", "journal.jsonl")).map((path) => statSync(path).size)
rmSync(folder, { recursive: true })
process.stdout.write(
  `${count} turns: heap ${(first.heap / 1e6).toFixed(1)} MB after ${first.turn}, ${
    (last.heap / 1e6).toFixed(1)
  } MB after ` +
    `${last.turn}: ${Math.round(perTurn)} bytes a turn; the last request ${
      Math.round(largest / 1000)
    } kB; the journal ${kept.map((size) => `${Math.round(size / 1000)} kB`).join(", ")}; a turn took ${
      median(0)?.toFixed(1)
    } ms at first, ${median(count - Math.ceil(count / 10))?.toFixed(1)} ms at last\n`
)
if (perTurn > Number(most)) {
  process.stdout.write(`a turn keeps more than ${most} bytes\n`)
  process.exitCode = 1
}
