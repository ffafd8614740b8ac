/** What `gemini-fx count` and `embed` write, each flag of theirs, against an emulator over sockets. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { largestInline } from "../src/internal/ask/Attachment.ts"
import { gemini, type Setting } from "./harness.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-count-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

const over = (url: string) => (args: ReadonlyArray<string>, stdin: Setting["stdin"] = Stream.empty) =>
  gemini(args, { isOnDisk: true, stdin, env: { GEMINI_API_KEY: "a-key-for-tests", GEMINI_BASE_URL: url } })

const lines = (text: string) => text.trimEnd().split("\n")

describe("gemini-fx embed", () => {
  it.live("writes a vector a line and what it cost beside it, one object for programs, and is quiet", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const command = over(url)
      const two = yield* command(["embed", "A cat", "A dog", "--dimensions", "128"])
      assert.deepStrictEqual(lines(two.stdout).map((line) => JSON.parse(line).length), [128, 128])
      assert.match(two.stderr, /^-- \S+: 2 vectors of 128 numbers(, \d+ tokens)? in /m)
      const one = yield* command(["embed", "A cat", "--dimensions", "128"])
      assert.match(one.stderr, /: 1 vector of 128 numbers/)
      assert.strictEqual(one.stdout, `${lines(two.stdout)[0]}\n`)
      const quiet = yield* command(["embed", "A cat", "--dimensions", "128", "--quiet"])
      assert.deepStrictEqual([quiet.stdout, quiet.stderr], [one.stdout, ""])
      const json = yield* command(["embed", "A cat", "--dimensions", "128", "--json", "--quiet"])
      const { model, vectors } = JSON.parse(json.stdout)
      assert.match(one.stderr, new RegExp(`-- ${model}: `))
      assert.deepStrictEqual(vectors, [JSON.parse(one.stdout)])
    }).pipe(Effect.provide(Emulator.layerServer())))

  it.live("asks of a hundred lines at once and of the rest behind them, the empty ones left out", () =>
    Effect.gen(function*() {
      const { requests, url } = yield* Emulator.Emulator
      const command = over(url)
      const asked = (count: number) =>
        command(
          ["embed", "--lines", "--dimensions", "1"],
          Stream.make(Array.from({ length: count }, (_, i) => ` text ${i} \r\n\n`).join(""))
        )
      const hundred = yield* asked(100)
      assert.lengthOf(lines(hundred.stdout), 100)
      assert.lengthOf(yield* requests, 1)
      const more = yield* asked(101)
      assert.lengthOf(lines(more.stdout), 101)
      const all = yield* requests
      assert.lengthOf(all, 3)
      assert.include(JSON.stringify(all[2]?.body), "\"text 100\"")
      assert.match(more.stderr, /: 101 vectors of 1 numbers/)
      const whole = yield* command(["embed", "--dimensions", "1"], Stream.make("a\n\nb\n"))
      assert.lengthOf(lines(whole.stdout), 1)
      assert.include(JSON.stringify((yield* requests)[3]?.body), "\"a\\n\\nb\"")
    }).pipe(Effect.provide(Emulator.layerServer())))

  it.live.each<readonly [args: ReadonlyArray<string>, stdin: string | Uint8Array, said: string]>([
    [["a", "--dimensions", "0"], "", "--dimensions 0: expected at least 1"],
    [["a", "--lines"], "", "--lines is for stdin"],
    [["a", "  "], "", "an empty text has no vector"],
    [["--lines"], "\n \n", "there is nothing to embed"],
    [[], "  \n", "there is nothing to embed"],
    [[], "", "there is nothing to embed"],
    [[], Buffer.from("%PDF-1.4\n\xff\xfe", "latin1"), "stdin holds no text"],
    [["a", "--model", "a b"], "", "--model: "]
  ])("refuses %j with %j on stdin", ([args, stdin, said]) =>
    Effect.gen(function*() {
      const { exitCode, stderr, stdout } = yield* gemini(["embed", ...args, "--emulator"], {
        stdin: stdin.length === 0 ? Stream.empty : Stream.make(stdin)
      })
      assert.deepStrictEqual([exitCode, stdout], [2, ""])
      assert.include(stderr, said)
    }))
})

describe("gemini-fx count", () => {
  it.live("writes the number and says of which model, one object for programs, and is quiet", () =>
    Effect.gen(function*() {
      const { url } = yield* Emulator.Emulator
      const command = over(url)
      const said = yield* command(["count", "Hello", "world"])
      assert.match(said.stdout, /^[1-9]\d*\n$/)
      const tokens = Number(said.stdout)
      assert.match(said.stderr, new RegExp(`^-- \\S+: ${tokens} tokens of input.* without the answer$`, "m"))
      const quiet = yield* command(["count", "Hello", "world", "--quiet"])
      assert.deepStrictEqual([quiet.stdout, quiet.stderr], [said.stdout, ""])
      const json = JSON.parse((yield* command(["count", "Hello", "world", "--json"])).stdout)
      assert.deepInclude(json, { totalTokens: tokens })
      assert.strictEqual(json.response.totalTokens, tokens)
      assert.deepInclude(json.cost, { currency: "USD", isPartial: false })
      assert.include(said.stderr, `-- ${json.model}: `)
    }).pipe(Effect.provide(Emulator.layerServer())))

  it.live(
    "says which file it uploads where one is too large to go with the question, and of no other",
    () =>
      Effect.gen(function*() {
        const { url } = yield* Emulator.Emulator
        const command = over(url)
        const at = yield* folder
        const [small, large] = [join(at, "small.txt"), join(at, "large.pdf")]
        writeFileSync(small, "a few words")
        writeFileSync(large, Buffer.alloc(largestInline + 1, "%PDF-1.4\n"))
        const inline = yield* command(["count", "What is it?", "-a", small])
        assert.deepStrictEqual([inline.exitCode, inline.stderr.includes("uploading")], [0, false], inline.stderr)
        const sent = yield* command(["count", "What is it?", "-a", large])
        assert.strictEqual(sent.stderr.split("uploading ").length, 2, sent.stderr)
        assert.include(sent.stderr, `uploading ${large}`)
      }).pipe(Effect.scoped, Effect.provide(Emulator.layerServer())),
    20_000
  )
})
