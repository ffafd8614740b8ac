import { assert, describe, it } from "@effect/vitest"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { execFile, fork } from "node:child_process"
import { once } from "node:events"
import { Agent, request } from "node:http"
import { fileURLToPath } from "node:url"
import { promisify } from "node:util"
import { isProving, seedOf, sizeOf } from "../../../scripts/proof.ts"
import { prompt } from "./Wire.ts"

// The sizes of line 13.4: small here, whole by `pnpm prove 13.4`.

const run = promisify(execFile)
const place = (name: string) => fileURLToPath(new URL(name, import.meta.url))
const minutes = 60_000

describe("200 spaces at once, in 4 processes", () => {
  it("no answer, entry or count is in a wrong one", async () => {
    const seed = seedOf("13.4", 7)
    const calls = sizeOf("13.4", { test: 4, prove: 50 })
    const emulator = await Standalone.start({ chunkDelay: 1 })
    try {
      const names = Array.from({ length: 200 }, (_, i) => `space-${i}`)
      const spaces = new Map(names.map((name, i) => {
        // A third has a fault, a third a quota, and each has rules that say its name and count its replies.
        const space = emulator.space(name, {
          seed: name,
          faults: i % 3 === 1 ? [{ when: { times: 2 }, status: 503 }] : [],
          ...(i % 3 === 2 ? { quotas: { models: { "*": { rpd: calls - 1 } } } } : {}),
          rules: [
            { name: "first", when: { text: "call 0" }, reply: `${name} first of all that it says`, times: 1 },
            {
              name: "all",
              replies: Array.from({ length: calls }, (_, j) => `${name} reply ${j} of all that it says here`)
            }
          ]
        })
        space.setTime(1_800_000_000_000 + i * 86_400_000)
        return [name, space] as const
      }))
      const outputs = await Promise.all([0, 1, 2, 3].map(async (process_) => {
        const own = names.filter((_, i) => i % 4 === process_)
        const { stdout } = await run(
          process.execPath,
          [place("spaceClient.ts"), emulator.url, String(seed + process_), String(calls), ...own],
          { maxBuffer: 1e9 }
        )
        return stdout
      }))
      const answers = outputs.flatMap((output) => output.split("\n")).map((line) => line.split("\t"))
      assert.strictEqual(answers.length, 200 * calls)
      for (const [i, name] of names.entries()) {
        const space = spaces.get(name)
        const mine = answers.filter(([each]) => each === name)
        const statuses = mine.map(([, , status]) => status)
        const refused = i % 3 === 0 ? 0 : i % 3 === 1 ? Math.min(2, calls) : 1
        assert.strictEqual(mine.length, calls)
        assert.strictEqual(statuses.filter((status) => status === "200").length, calls - refused, name)
        // The words are this space's own, and none was said twice.
        const words = mine.flatMap(([, , status, text = ""]) => status === "200" ? text : [])
        assert.isTrue(words.every((text) => text.startsWith(`${name} `)), words.join("\n"))
        assert.strictEqual(new Set(words).size, words.length)
        const entries = space?.requests() ?? []
        assert.strictEqual(entries.length, calls)
        const day = 1_800_000_000_000 + i * 86_400_000
        assert.isTrue(
          entries.every((entry) => entry.space === name && entry.time >= day && entry.time < day + 86_400_000)
        )
        assert.strictEqual(
          entries.filter(({ status }) => status !== 200).every(({ verdict }) =>
            verdict?.by === (i % 3 === 1 ? "fault" : "quota")
          ),
          true
        )
        assert.strictEqual(
          space?.rules().reduce((sum, { answered }) => sum + answered, 0),
          calls - refused
        )
        assert.deepStrictEqual(space?.counters().byOutcome, { complete: calls })
      }
      assert.strictEqual(emulator.requests().length, 0)
      const { refused, spaces: all } = emulator.spaces()
      assert.deepStrictEqual([refused, all.length], [0, 201])
    } finally {
      await emulator.stop()
    }
  }, 10 * minutes)
})

describe("many calls in a log", () => {
  const measure = async (count: number, size: number) => {
    const child = fork(place("logServer.ts"), {
      stdio: ["ignore", "ignore", "inherit", "ipc"],
      // Not with what the test runner was started with.
      execArgv: [],
      env: { ...process.env, NODE_OPTIONS: "" }
    })
    const agent = new Agent({ keepAlive: true, maxSockets: 8 })
    try {
      const [{ url }] = await once(child, "message")
      const body = JSON.stringify(prompt(`emulator:say ${"word ".repeat(Math.max(1, Math.round(size / 5) - 3))}`))
      const call = () =>
        new Promise<void>((resolve, reject) => {
          const headers = { "x-goog-api-key": "any", "content-length": String(Buffer.byteLength(body)) }
          const sent = request(`${url}/v1beta/models/gemini-3.8-flash:generateContent`, {
            method: "POST",
            agent,
            headers
          }, (answer) => {
            answer.resume()
            answer.on("end", resolve)
          })
          sent.on("error", reject)
          sent.end(body)
        })
      let left = count
      await Promise.all(Array.from({ length: 8 }, async () => {
        while (left-- > 0) await call()
      }))
      child.send("how much?")
      const [seen] = await once(child, "message")
      return seen
    } finally {
      agent.destroy()
      child.kill()
    }
  }

  const most = 400
  const sizes: ReadonlyArray<readonly [count: number, size: number]> = isProving("13.4")
    ? [[100_000, 1000], [8_000, 100_000]]
    : [[2_000, 1000], [100, 100_000]]
  for (const [count, size] of sizes) {
    it(`${count} of ${size} bytes each way take at most ${most} MB, and each is counted`, async () => {
      const { byOutcome, dropped, kept, rss, total } = await measure(count, size)
      const megabytes = Math.round(rss / 1e6)
      const said = `${count} calls of ${size} bytes each way: ${megabytes} MB, ${kept} kept, ${dropped} dropped`
      process.stdout.write(`${said}\n`)
      assert.isAtMost(megabytes, most, said)
      assert.deepStrictEqual([total, kept + dropped, byOutcome], [count, count, { complete: count }])
    }, 30 * minutes)
  }
})
