/** What is kept of chats: how it lies there, within which bounds, and that no end of a process spoils it. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { spawn } from "node:child_process"
import {
  appendFileSync,
  cpSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  utimesSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import { gemini } from "./harness.ts"
import { bin } from "./Terminal.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-history-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

interface Place {
  readonly at: string
  readonly chats: string
  readonly attachments: string
  readonly env: Readonly<Record<string, string>>
}

const person = Effect.gen(function*() {
  const at = yield* folder
  const { url } = yield* Emulator.Emulator
  const state = join(at, "state")
  const env = {
    GEMINI_API_KEY: "test-key",
    GEMINI_BASE_URL: url,
    GEMINI_FX_STATE: state,
    GEMINI_FX_CONFIG: at,
    GEMINI_FX_TIER: "tier3"
  }
  const place: Place = { at, env, chats: join(state, "chats"), attachments: join(state, "attachments") }
  return place
})

const run = ({ env }: Place, args: ReadonlyArray<string>, stdin = "") =>
  gemini(args, { isOnDisk: true, env, stdin: Stream.make(stdin) })

const chat = (place: Place, lines: ReadonlyArray<string>, ...flags: ReadonlyArray<string>) =>
  run(place, ["chat", ...flags], `${lines.join("\n")}\n`)

const list = (path: string): ReadonlyArray<string> => {
  try {
    return readdirSync(path).toSorted()
  } catch {
    return []
  }
}

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg==",
  "base64"
)

const emulated = <A, E>(effect: Effect.Effect<A, E, Emulator.Emulator>) =>
  Effect.provide(effect, Emulator.layerServer(), { local: true })

/** Every path below, with the mode that it has. */
const modes = (path: string): ReadonlyArray<readonly [path: string, mode: number, isFolder: boolean]> => {
  const info = lstatSync(path)
  const own = [path, info.mode & 0o777, info.isDirectory()] as const
  return info.isDirectory() ? [own, ...readdirSync(path).flatMap((name) => modes(join(path, name)))] : [own]
}

describe("the history", () => {
  it.live("lies in folders of mode 0700 and files of 0600", () =>
    Effect.gen(function*() {
      const place = yield* person
      writeFileSync(join(place.at, "a.png"), png)
      yield* chat(place, [`/attach ${join(place.at, "a.png")}`, "emulator:say one", "/fork", "emulator:say two"])
      const all = modes(join(place.at, "state")).filter(([path]) => !path.includes("quota-"))
      assert.isTrue(all.length > 10, String(all.length))
      for (const [path, mode, isFolder] of all) assert.strictEqual(mode, isFolder ? 0o700 : 0o600, path)
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("has each attachment once, as long as a chat names it", () =>
    Effect.gen(function*() {
      const place = yield* person
      const file = join(place.at, "a.png")
      writeFileSync(file, png)
      yield* chat(place, [
        `/attach ${file}`,
        "emulator:say one",
        `/attach ${file}`,
        "emulator:say two",
        "/fork",
        "emulator:say three"
      ])
      yield* chat(place, ["emulator:say other"], "-a", file)
      const [only, ...others] = list(place.attachments)
      assert.deepStrictEqual(others, [])
      assert.strictEqual(lstatSync(join(place.attachments, only ?? "")).nlink, 4)
      const ids = list(place.chats)
      assert.strictEqual(ids.length, 3)
      for (const id of ids.slice(1)) yield* run(place, ["history", "delete", id])
      assert.strictEqual(lstatSync(join(place.attachments, only ?? "")).nlink, 2)
      const on = yield* chat(place, ["emulator:say again"], "-c")
      assert.strictEqual(on.exitCode, 0, on.stderr)
      yield* run(place, ["history", "delete", "--all"])
      assert.deepStrictEqual([list(place.chats), list(place.attachments)], [[], []])
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("says of an attachment that is damaged or gone what to do", () =>
    Effect.gen(function*() {
      const place = yield* person
      const file = join(place.at, "a.png")
      writeFileSync(file, png)
      yield* chat(place, ["emulator:say one", `/attach ${file}`, "emulator:say two"])
      const [digest = ""] = list(place.attachments)
      appendFileSync(join(place.attachments, digest), "x")
      const damaged = yield* chat(place, ["emulator:say three"], "-c")
      assert.deepStrictEqual([damaged.exitCode, damaged.stdout], [1, ""])
      assert.match(damaged.stderr, /an attachment of this chat is damaged .*: \/undo takes its question back/)
      const mended = yield* chat(place, ["/undo", "emulator:say three"], "-c")
      assert.strictEqual(mended.stdout, "three\n")
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("keeps 1,000 chats, and lets the oldest go", () =>
    Effect.gen(function*() {
      const place = yield* person
      yield* chat(place, ["emulator:say one"])
      const [first = ""] = list(place.chats)
      const old = (n: number) => `2020-01-01-${String(n).padStart(5, "0")}`
      for (let i = 0; i < 998; i++) {
        cpSync(join(place.chats, first), join(place.chats, old(i)), { recursive: true })
        utimesSync(join(place.chats, old(i), "journal.jsonl"), 1_577_836_800 + i, 1_577_836_800 + i)
      }
      // With this one there are exactly as many as may be.
      const full = yield* chat(place, ["emulator:say two"])
      assert.strictEqual(list(place.chats).length, 1_000)
      assert.notInclude(full.stderr, "deleted")
      const more = yield* chat(place, ["emulator:say three"])
      assert.include(more.stderr, "1 chat deleted, the oldest: 1,000 chats and 200 MB are kept")
      const left = list(place.chats)
      assert.deepStrictEqual([left.length, left.includes(old(0)), left.includes(old(1))], [1_000, false, true])
      const shown = yield* run(place, ["history"])
      assert.strictEqual(shown.stdout.split("\n").length, 22)
      assert.include(shown.stderr, "980 older chats: -n 0 lists all")
    }).pipe(Effect.scoped, emulated), 60_000)

  it.live("keeps 200 MB, the attachments counted once", () =>
    Effect.gen(function*() {
      const place = yield* person
      yield* chat(place, ["emulator:say one"])
      yield* chat(place, ["emulator:say two"])
      const byAge = () => list(place.chats).toSorted((a, b) => mtime(a) - mtime(b))
      const mtime = (id: string) => lstatSync(join(place.chats, id, "journal.jsonl")).mtimeMs
      const [oldest = ""] = byAge()
      // The file has a hole, so it takes no room on the disk.
      const large = (bytes: number) => {
        truncateSync(join(place.chats, oldest, "journal.jsonl"), bytes)
        utimesSync(join(place.chats, oldest, "journal.jsonl"), 1, 1)
      }
      large(150_000_000)
      assert.notInclude((yield* chat(place, ["emulator:say three"])).stderr, "deleted")
      large(200_000_001)
      const over = yield* chat(place, ["emulator:say four"])
      assert.include(over.stderr, "1 chat deleted")
      assert.isFalse(list(place.chats).includes(oldest))
      assert.strictEqual(list(place.chats).length, 3)
    }).pipe(Effect.scoped, emulated), 30_000)

  it.live("is not used where others could read it, and the chat goes on without", () =>
    Effect.gen(function*() {
      const place = yield* person
      yield* chat(place, ["emulator:say one"])
      const { chmodSync } = yield* Effect.promise(() => import("node:fs"))
      chmodSync(place.chats, 0o755)
      const open = yield* chat(place, ["emulator:say two"])
      assert.deepStrictEqual([open.exitCode, open.stdout], [0, "two\n"])
      assert.include(open.stderr, "is open to other users (chmod 700 closes it): this chat is not kept there")
      assert.strictEqual(list(place.chats).length, 1)
      const shown = yield* run(place, ["history"])
      assert.deepStrictEqual([shown.exitCode, shown.stdout], [2, ""])
    }).pipe(Effect.scoped, emulated), 30_000)
})

interface Chatting {
  readonly pid: number
  readonly say: (line: string) => void
  readonly kill: () => void
  readonly stdout: () => string
  readonly stderr: () => string
  readonly ended: Promise<number | NodeJS.Signals | null>
  /** Returns when the output holds the text. */
  readonly shows: (text: string) => Effect.Effect<void>
}

/** The real command in a process of its own, whose stdin stays open. */
const started = (place: Place, ...flags: ReadonlyArray<string>) =>
  Effect.acquireRelease(
    Effect.sync((): Chatting => {
      const child = spawn(process.execPath, [bin, "chat", ...flags], {
        env: { ...process.env, ...place.env },
        stdio: ["pipe", "pipe", "pipe"]
      })
      let [out, err] = ["", ""]
      let changed: () => void = () => undefined
      child.stdin.on("error", () => undefined)
      child.stdout.setEncoding("utf8").on("data", (text: string) => {
        out += text
        changed()
      })
      child.stderr.setEncoding("utf8").on("data", (text: string) => {
        err += text
        changed()
      })
      const ended = new Promise<number | NodeJS.Signals | null>((resolve) => {
        child.once("close", (code, signal) => {
          changed()
          resolve(code ?? signal)
        })
      })
      return {
        pid: child.pid ?? 0,
        say: (line) => void child.stdin.write(`${line}\n`),
        kill: () => void child.kill("SIGKILL"),
        stdout: () => out,
        stderr: () => err,
        ended,
        shows: (text) =>
          Effect.callback((resume) => {
            changed = () => {
              if ((out + err).includes(text) || child.exitCode !== null) resume(Effect.void)
            }
            changed()
          })
      }
    }),
    ({ kill }) => Effect.sync(kill)
  )

describe("a process that ends", () => {
  it.live("by kill -9 in the middle of an answer loses that answer and nothing else", () =>
    Effect.gen(function*() {
      const place = yield* person
      let seed = seedOf("20.4", 7)
      const kills = sizeOf("20.4", { test: 2, prove: 100 })
      let answered = 0
      for (let i = 0; i < kills; i++) {
        const chatting = yield* started(place, ...(i === 0 ? [] : ["-c"]))
        chatting.say(`emulator:say whole ${i}`)
        yield* chatting.shows(`whole ${i}\n`)
        yield* chatting.shows("-- gemini")
        answered++
        chatting.say(`emulator:words 3000`)
        // Somewhere in the answer: the point differs from round to round.
        seed = (seed * 1_103_515_245 + 12_345) % 2_147_483_648
        yield* chatting.shows(`word${1 + (seed % 500)} `)
        chatting.kill()
        yield* Effect.promise(() => chatting.ended)
        // A line that was being written when the process died.
        const [id = ""] = list(place.chats)
        if (i % 2 === 1) appendFileSync(join(place.chats, id, "journal.jsonl"), "{\"seq\":99,\"at\":1,\"rec")
        const shown = yield* run(place, ["history", "show", "last", "--json"])
        assert.strictEqual(shown.exitCode, 0, shown.stderr)
        const kept: ReadonlyArray<{ readonly _tag: string }> = JSON.parse(shown.stdout).records
        assert.strictEqual(kept.filter(({ _tag }) => _tag === "Replied").length, answered)
      }
      const on = yield* chat(place, ["emulator:say the end"], "-c")
      assert.strictEqual(on.stdout, "the end\n")
      assert.include(on.stderr, "the last question has no answer, because its process ended: emulator:words 3000")
    }).pipe(
      Effect.scoped,
      (effect) => Effect.provide(effect, Emulator.layerServer({ chunkDelay: 2 }), { local: true })
    ), 600_000)

  it.live(
    "leaves two chats that went on at once, each whole; one chat is open in one process",
    () =>
      Effect.gen(function*() {
        const place = yield* person
        const [a, b] = [yield* started(place), yield* started(place)]
        a.say("emulator:say a1")
        b.say("emulator:say b1")
        yield* a.shows("-- gemini")
        yield* b.shows("-- gemini")
        a.say("emulator:say a2")
        yield* a.shows("a2\n")
        yield* a.shows("the chat")
        // The one written last is a's, and a has it open.
        const second = yield* chat(place, ["emulator:say x"], "-c")
        assert.strictEqual(second.exitCode, 2)
        assert.include(second.stderr, `is open in process ${a.pid}`)
        const all = yield* run(place, ["history", "delete", "--all"])
        assert.strictEqual(all.exitCode, 0)
        assert.strictEqual(all.stderr.match(/is open in another process, so it stays/g)?.length, 2)
        a.kill()
        yield* Effect.promise(() => a.ended)
        const third = yield* chat(place, ["emulator:say a3"], "-c")
        assert.strictEqual(third.exitCode, 0, third.stderr)
        const shown = yield* run(place, ["history", "show", "last"])
        for (const text of ["a1", "a2", "a3"]) assert.include(shown.stdout, text)
        assert.notInclude(shown.stdout, "b1")
      }).pipe(Effect.scoped, emulated),
    60_000
  )

  it.live("with a closed pipe keeps what came", () =>
    Effect.gen(function*() {
      const place = yield* person
      const child = spawn(process.execPath, [bin, "chat"], {
        env: { ...process.env, ...place.env },
        stdio: ["pipe", "pipe", "ignore"]
      })
      child.stdin.end("emulator:words 300\nemulator:words 300\n")
      const code = yield* Effect.promise(() =>
        new Promise<number | null>((resolve) => {
          child.stdout.once("data", () => child.stdout.destroy())
          child.once("close", (code) => resolve(code))
        })
      )
      assert.strictEqual(code, 141)
      const shown = yield* run(place, ["history", "show"])
      assert.include(shown.stdout, "word1 ")
      assert.include(shown.stdout, "_(broken off)_")
      assert.include(readFileSync(join(place.chats, list(place.chats)[0] ?? "", "journal.jsonl"), "utf8"), "isBroken")
    }).pipe(
      Effect.scoped,
      (effect) => Effect.provide(effect, Emulator.layerServer({ chunkDelay: 2 }), { local: true })
    ), 60_000)
})
