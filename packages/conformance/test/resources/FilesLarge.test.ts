/**
 * Uploads and a download between processes: cuts and kills -9 lose and double no byte, and memory stays small.
 *
 * 64 MiB here, a gibibyte under `pnpm prove 16.3`, which also holds memory and time to their bounds.
 */
import { spawn } from "node:child_process"
import { mkdtempSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
import { afterAll, assert, describe, it } from "vitest"
import { isProving, seedOf, sizeOf } from "../../../../scripts/proof.ts"
import { hashOf } from "./largeBytes.ts"

const line = "16.3"
const chunk = 8 * 1024 * 1024
const total = sizeOf(line, { test: 64, prove: 1024 }) * 1024 * 1024 - 12_345
const cuts = sizeOf(line, { test: 4, prove: 50 })
const kills = sizeOf(line, { test: 2, prove: 20 })
const chunks = Math.ceil(total / chunk)
const most = 96 * 1024 * 1024

let state = seedOf(line, 1_603)
const random = (below: number): number => {
  state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
  return Math.floor((state / 2 ** 32) * below)
}

const folder = mkdtempSync(join(tmpdir(), "effect-gemini-large-"))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

/** A program beside this file, with the lines that it says. */
const start = (program: string, ...args: ReadonlyArray<string>) => {
  const child = spawn(process.execPath, ["--expose-gc", join(import.meta.dirname, program), ...args], {
    stdio: ["pipe", "pipe", "inherit"]
  })
  const lines = createInterface({ input: child.stdout })[Symbol.asyncIterator]()
  const ended = new Promise<void>((resolve) => child.once("close", () => resolve()))
  return {
    next: async (): Promise<unknown> => {
      const { done, value } = await lines.next()
      return done === true ? undefined : JSON.parse(value)
    },
    say: (line: string) => child.stdin.write(`${line}\n`),
    end: () => {
      child.stdin.end()
      return ended
    }
  }
}

const server = async (options: unknown) => {
  const process = start("uploadServer.ts", JSON.stringify(options))
  const url = String(await process.next())
  const ask = (line: string) => {
    process.say(line)
    return process.next()
  }
  return { url, ask, end: process.end }
}

interface Said {
  readonly sent?: number
  readonly name?: string
  readonly sha256?: string
  readonly millis?: number
  readonly grown?: number
}

/** All that a client says until it ends. */
const run = async (args: ReadonlyArray<string>): Promise<Said> => {
  const client = start("uploadProcess.ts", ...args)
  let all: Said = {}
  for (let said = await client.next(); said !== undefined; said = await client.next()) {
    all = { ...all, ...(said as Said) }
  }
  return all
}

const told = (what: string, { grown = 0, millis = 0 }: Said) =>
  process.stdout.write(
    `${what}: ${(total / 2 ** 20).toFixed(0)} MiB in ${(millis / 1000).toFixed(2)} s, ${
      (grown / 2 ** 20).toFixed(0)
    } MiB above idle\n`
  )

const within = (said: Said) => {
  if (isProving(line)) assert.isAtMost(said.grown ?? Infinity, most)
}

interface Uploaded {
  readonly status: string
  readonly received: number
  readonly arrived: number
}

/** What the one upload of a server has become: each byte once, and little of it sent twice. */
const judge = async (ask: (line: string) => Promise<unknown>, breaks: number) => {
  const [upload] = await ask("uploads") as ReadonlyArray<Uploaded>
  const [file] = await ask("files") as ReadonlyArray<{ readonly sha256Hash: string; readonly sizeBytes: string }>
  assert.deepStrictEqual([upload?.status, upload?.received, file?.sizeBytes], ["final", total, String(total)])
  assert.strictEqual(Buffer.from(file?.sha256Hash ?? "", "base64").toString(), hashOf(total))
  const twice = (upload?.arrived ?? 0) - total
  assert.isAtMost(twice, breaks * chunk)
  process.stdout.write(`${breaks} breaks: ${(twice / chunk).toFixed(2)} chunks sent twice\n`)
}

describe("a large file", () => {
  it("arrives through cuts, each byte once", async () => {
    const places = new Set<number>()
    while (places.size < Math.min(cuts, chunks - 1)) places.add(1 + random(chunks - 1))
    const faults = [...places].map((nth) => ({
      when: { method: "files.upload.write", nth, times: 1 },
      cutRequest: { bytes: 1 + random(chunk - 1) }
    }))
    const { ask, end, url } = await server({ faults })
    const said = await run(["upload", url, String(total), join(folder, "cuts")])
    assert.isDefined(said.name)
    told(`${places.size} cuts`, said)
    await judge(ask, places.size)
    within(said)
    await end()
  }, 300_000)

  it.each([
    ["read again from its beginning", "again"],
    ["opened where it goes on", "seeks"]
  ])("arrives through kills -9 of its client, which goes on by its handle, from a stream %s", async (_, how) => {
    const { ask, end, url } = await server({})
    const place = join(folder, how)
    let killed = 0
    let said: Said = {}
    for (let i = 1; i <= kills + 1 && said.name === undefined; i++) {
      // It kills itself when so many bytes have been read from its source, while earlier ones are on their way.
      const at = i > kills ? 0 : Math.floor((total * i) / (kills + 1)) + random(chunk)
      said = await run(["upload", url, String(total), place, String(at), how])
      if (said.name === undefined) killed++
    }
    assert.isDefined(said.name)
    assert.isAtLeast(killed, 1)
    told(`${killed} kills, ${how}`, said)
    // Reading past a gibibyte again leaves garbage of the source itself, which is printed and not ours to bound.
    if (how === "seeks") within(said)
    await judge(ask, killed)
    await end()
  }, 600_000)

  it("comes back as it was, and an upload is about as fast as a bare one", async () => {
    const { ask, end, url } = await server({})
    const name = String(await ask(`add ${total}`))
    const got = await run(["download", url, name])
    assert.strictEqual(got.sha256, hashOf(total))
    told("download", got)
    within(got)
    const times = { ours: Infinity, bare: Infinity }
    for (let round = 0; round < (isProving(line) ? 3 : 1); round++) {
      const bare = await run(["bare", url, String(total)])
      const ours = await run(["upload", url, String(total), join(folder, `plain${round}`)])
      told("bare undici", bare)
      told("upload", ours)
      within(ours)
      times.bare = Math.min(times.bare, bare.millis ?? 0)
      times.ours = Math.min(times.ours, ours.millis ?? 0)
    }
    process.stdout.write(`speed: ${(times.bare / times.ours).toFixed(2)} of a bare upload\n`)
    if (isProving(line)) assert.isAtLeast(times.bare / times.ours, 0.8)
    await end()
  }, 600_000)
})
