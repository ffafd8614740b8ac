import { assert, describe, it } from "@effect/vitest"
import * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as RateLimiter from "effect-gemini/RateLimiter"
import type * as Cause from "effect/Cause"
import * as CliOutput from "effect/cli/CliOutput"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"
import * as Queue from "effect/Queue"
import * as Result from "effect/Result"
import * as Schema from "effect/Schema"
import * as Sink from "effect/Sink"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import * as TestClock from "effect/testing/TestClock"
import { stripVTControlCharacters } from "node:util"
import * as Frame from "../src/internal/frame.ts"
import * as Lanes from "../src/internal/lanes.ts"
import * as Lines from "../src/internal/lines.ts"
import * as Watch from "../src/internal/watch.ts"

// 14:00 Pacific.
const now = Date.parse("2026-11-22T22:00:00Z")

const quiet: Lanes.Lane = {
  project: "default",
  location: "global",
  model: "gemini-3.8-flash",
  family: "generate",
  limits: { rpm: 10, tpm: 250_000, rpd: 250, concurrency: 8 },
  used: { requests: 4, tokens: 125_000, today: 1, inFlight: 1 },
  waiting: 0,
  nextFree: now,
  parkedUntil: null,
  isExhausted: false,
  learned: null
}
const busy: Lanes.Lane = {
  ...quiet,
  used: { requests: 10, tokens: 1_200, today: 12, inFlight: 0 },
  waiting: 3,
  nextFree: now + 12_000
}

const picture = (lanes: ReadonlyArray<Lanes.Lane>, columns: number, rows = 40, title?: string) =>
  Frame.frame({ says: "server: x", groups: [{ title, lanes }] }, { columns, rows }, now, Lines.plain).map(String)

describe("the picture of the lanes", () => {
  it("has a bar a dimension, who waits and for how long, and when the day is over", () => {
    assert.deepStrictEqual(picture([busy], 80), [
      "server: x",
      "",
      "gemini-3.8-flash: 3 waiting, the next one in 12 s",
      "  requests/min  ██████████████████████████████  10 of 10",
      "  tokens/min    ▏░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  1,200 of 250,000",
      "  requests/day  █▌░░░░░░░░░░░░░░░░░░░░░░░░░░░░  12 of 250         resets in 10 h",
      "  at once       ░░░░░░░░░░░░░░░░░░░░░░░░░░░░░░  0 of 8"
    ])
  })

  it("on a narrow terminal leaves out what has no room: the day's end, then the bars", () => {
    assert.deepStrictEqual(
      picture([quiet], 50).slice(3),
      [
        "  requests/min  █████▋░░░░░░░░  4 of 10",
        "  tokens/min    ███████░░░░░░░  125,000 of 250,000",
        "  requests/day  ▏░░░░░░░░░░░░░  1 of 250",
        "  at once       █▊░░░░░░░░░░░░  1 of 8"
      ]
    )
    assert.deepStrictEqual(picture([quiet], 36).slice(2), [
      "gemini-3.8-flash",
      "  requests/min  4 of 10",
      "  tokens/min    125,000 of 250,000",
      "  requests/day  1 of 250",
      "  at once       1 of 8"
    ])
  })

  it("says why nothing goes: a 429's pause, a spent day, calls that must end", () => {
    const second = (lane: Partial<Lanes.Lane>) => picture([{ ...busy, ...lane }], 120)[2]
    assert.strictEqual(second({ parkedUntil: now + 42_000 }), "gemini-3.8-flash: 3 waiting, parked for 42 s")
    assert.strictEqual(
      second({ parkedUntil: now + 36_000_000, isExhausted: true }),
      "gemini-3.8-flash: 3 waiting, the day's quota is spent: parked for 10 h"
    )
    assert.strictEqual(second({ nextFree: null }), "gemini-3.8-flash: 3 waiting, the next one when a call ends")
    assert.strictEqual(
      second({ family: "embed", project: "two", location: "europe-west4", waiting: 0 }),
      "gemini-3.8-flash embed two europe-west4"
    )
  })

  it("shows a limit that 429s taught in place of the tier's, and when that is back", () => {
    const [, , , requests, tokens] = picture(
      [{ ...quiet, learned: { rpm: 8.5, tpm: null, until: now + 540_000 } }],
      100
    )
    assert.match(requests ?? "", / {2}4 of 8 +learned; 10 again in 9 min$/)
    assert.match(tokens ?? "", / {2}125,000 of 250,000$/)
  })

  it("draws no bar where there is no limit, and says so", () => {
    const [, , , first] = picture([{ ...quiet, limits: { ...quiet.limits, rpm: null } }], 80)
    assert.match(first ?? "", /requests\/min {2}·+ {2}4, no limit$/)
  })

  it("says how much more there is when the terminal is too low, and that there is nothing", () => {
    assert.deepStrictEqual(picture([quiet], 80, 3), ["server: x", "", "… 5 more lines"])
    assert.deepStrictEqual(picture([], 80), ["server: x", "", "no lane counts anything: nothing was sent lately"])
  })

  it.prop(
    "is never wider nor higher than the terminal",
    {
      columns: Schema.Int.check(Schema.isBetween({ minimum: 1, maximum: 140 })),
      rows: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 20 })),
      used: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 10_000_000 })),
      waiting: Schema.Int.check(Schema.isBetween({ minimum: 0, maximum: 100 }))
    },
    ({ columns, rows, used, waiting }) => {
      const lanes = [{ ...quiet, waiting, used: { requests: used, tokens: used, today: used, inFlight: used } }, busy]
      const lines = picture(lanes, columns, rows, "gemini-fx run story.toml, process 4711")
      assert.isAtMost(lines.length, rows)
      for (const line of lines) assert.isAtMost(CliOutput.displayWidth(line), columns, line)
    }
  )

  it("a bar is empty only at nothing, and full only at the limit", () => {
    for (let used = 0; used <= 1_000; used++) {
      const text = Frame.bar(used, 1_000, 10)
      assert.lengthOf(text, 10)
      assert.strictEqual(text === "░".repeat(10), used === 0, text)
      assert.strictEqual(text === "█".repeat(10), used === 1_000, text)
    }
    assert.strictEqual(Frame.bar(3, 2, 4), "████")
    assert.strictEqual(Frame.bar(0, 0, 4), "████")
  })
})

/** Files in memory: as under TestClock, nothing takes time. */
const inMemory = (files: Map<string, string>) => {
  const missing = PlatformError.systemError({ _tag: "NotFound", module: "FileSystem", method: "open" })
  return FileSystem.layerNoop({
    makeDirectory: () => Effect.void,
    readDirectory: (path) =>
      Effect.sync(() =>
        [...files.keys()].filter((name) => name.startsWith(`${path}/`)).map((name) => name.slice(path.length + 1))
      ),
    readFileString: (path) =>
      Effect.suspend(() => {
        const text = files.get(path)
        return text === undefined ? Effect.fail(missing) : Effect.succeed(text)
      }),
    writeFileString: (path, text) => Effect.sync(() => void files.set(path, text)),
    rename: (from, to) =>
      Effect.sync(() => {
        files.set(to, files.get(from) ?? "")
        files.delete(from)
      }),
    remove: (path) => Effect.sync(() => void files.delete(path))
  })
}

const desk = Effect.gen(function*() {
  const files = new Map<string, string>()
  const written: Array<string> = []
  const size = { columns: 80, rows: 24 }
  const sizes = yield* Queue.sliding<Terminal.Size, Cause.Done>(1)
  const keys = yield* Queue.make<Terminal.UserInput, Cause.Done>()
  const terminal = Terminal.make({
    columns: Effect.sync(() => size.columns),
    rows: Effect.sync(() => size.rows),
    size: Effect.succeed(sizes),
    readInput: Effect.succeed(keys),
    readLine: Effect.never,
    display: () => Effect.void
  })
  const layer = Layer.mergeAll(
    inMemory(files),
    Layer.succeed(Terminal.Terminal, terminal),
    Stdio.layerTest({
      stdout: () => Sink.forEach((text: string | Uint8Array) => Effect.sync(() => written.push(String(text)))),
      stdinIsTerminal: Effect.succeed(true)
    }),
    RateLimiter.layer,
    ConfigProvider.layer(ConfigProvider.fromUnknown({ XDG_RUNTIME_DIR: "/run" }))
  )
  return {
    files,
    written,
    layer,
    lines: () => stripVTControlCharacters(written.at(-1) ?? "").split("\r\n"),
    resize: (columns: number, rows: number) =>
      Effect.suspend(() => {
        Object.assign(size, { columns, rows })
        return Queue.offer(sizes, size)
      }),
    press: (name: string, ctrl = false) =>
      Queue.offer(keys, { input: Option.none(), key: { name, ctrl, meta: false, shift: false } })
  }
})

const source: Lanes.Source = { server: Lanes.embedded, directory: undefined, tier: Tier.byName("free") }
const watching = Watch.watch((size, now) =>
  Effect.map(Lanes.read(source), (groups) => Frame.frame({ says: "s", groups }, size, now, Lines.plain))
)

const admission: RateLimiter.Admission = {
  lane: {
    project: "default",
    location: "global",
    quotaModel: Result.getOrThrow(ModelId.parse("gemini-3.8-flash")),
    family: "generate"
  },
  limits: { rpm: 2, tpm: 1_000, rpd: 100, concurrency: 4 },
  tokens: 100
}

describe("limits --watch", () => {
  it.effect("follows a run of another process: what it uses, who waits, the countdown, its end", () =>
    Effect.gen(function*() {
      const { layer, lines, press, written } = yield* desk
      yield* Effect.gen(function*() {
        const limiter = yield* RateLimiter.RateLimiter
        const run = yield* Effect.forkChild(
          Effect.scoped(
            Effect.andThen(
              Lanes.tell(Lanes.embedded, "gemini-fx run story.toml, process 1"),
              Effect.forEach([1, 2, 3], () => limiter.use(admission, () => Effect.sleep("5 seconds")), {
                concurrency: "unbounded"
              })
            )
          ),
          { startImmediately: true }
        )
        const view = yield* Effect.forkChild(watching, { startImmediately: true })
        yield* TestClock.adjust("1 second")
        assert.deepStrictEqual(lines().slice(0, 5), [
          "s",
          "",
          "gemini-fx run story.toml, process 1",
          "",
          "gemini-3.8-flash: 1 waiting, the next one in 59 s"
        ])
        assert.match(lines()[5] ?? "", /^ {2}requests\/min {2}█+ {2}2 of 2$/)
        assert.match(lines()[8] ?? "", /^ {2}at once {7}█+▌?░+ {2}2 of 4$/)
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(lines()[4], "gemini-3.8-flash: 1 waiting, the next one in 49 s")
        assert.match(lines()[8] ?? "", / 0 of 4$/)
        yield* TestClock.adjust("50 seconds")
        assert.strictEqual(lines()[4], "gemini-3.8-flash")
        assert.match(lines()[8] ?? "", / 1 of 4$/)
        yield* TestClock.adjust("10 seconds")
        assert.isDefined(run.pollUnsafe())
        assert.deepStrictEqual(lines(), ["s", "", "no lane counts anything: nothing was sent lately"])
        const drawn = written.length
        yield* TestClock.adjust("1 hour")
        assert.strictEqual(written.length, drawn, "what does not change is not drawn again")
        yield* press("q")
        assert.isTrue(Exit.isSuccess(yield* Fiber.await(view)))
        assert.strictEqual(written[0], "\x1b[?1049h\x1b[?25l")
        assert.strictEqual(written.at(-1), "\x1b[?25h\x1b[?1049l")
      }).pipe(Effect.provide(layer))
    }))

  it.effect("draws at once when the terminal changes its size, and gives it back on Ctrl-C", () =>
    Effect.gen(function*() {
      const { layer, lines, press, resize, written } = yield* desk
      const view = yield* Effect.forkChild(Effect.provide(watching, layer), { startImmediately: true })
      yield* TestClock.adjust(1)
      yield* resize(12, 24)
      yield* TestClock.adjust(0)
      assert.deepStrictEqual(lines(), ["s", "", "no lane coun"])
      yield* press("x")
      yield* press("c", true)
      const exit = yield* Fiber.await(view)
      assert.isTrue(Exit.hasInterrupts(exit))
      assert.strictEqual(written.at(-1), "\x1b[?25h\x1b[?1049l")
    }))

  it.effect("forgets a run that was killed, and takes its file away", () =>
    Effect.gen(function*() {
      const { files, layer } = yield* desk
      yield* Effect.gen(function*() {
        yield* Effect.scoped(Effect.gen(function*() {
          yield* Lanes.tell(Lanes.embedded, "killed")
          const limiter = yield* RateLimiter.RateLimiter
          yield* limiter.use(admission, () => Effect.void)
          yield* TestClock.adjust("1 second")
          const [text = ""] = files.values()
          files.set("/run/gemini-fx/1-dead.json", text)
          files.set("/run/gemini-fx/1-dead.json.new", text)
        }))
        assert.strictEqual(files.size, 2)
        assert.lengthOf(yield* Lanes.read(source), 1)
        yield* TestClock.adjust("6 seconds")
        assert.lengthOf(yield* Lanes.read(source), 0)
        yield* TestClock.adjust("1 minute")
        yield* Lanes.read(source)
        assert.strictEqual(files.size, 0)
      }).pipe(Effect.provide(layer))
    }))
})
