import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as FileLaneStore from "effect-gemini/limits/FileLaneStore"
import * as LaneStore from "effect-gemini/limits/LaneStore"
import type * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as FileSystem from "effect/FileSystem"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Result from "effect/Result"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import { execFileSync, spawnSync } from "node:child_process"
import { chmodSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from "node:fs"
import { laneStoreSuite } from "./LaneStoreSuite.ts"

const window: LaneStore.Window = { window: 60_000, margin: 60 }
const unlimited: Tier.Limits = { rpm: Infinity, tpm: Infinity, rpd: Infinity, concurrency: Infinity }
const key: LaneStore.LaneKey = {
  project: "p/q",
  location: "global",
  quotaModel: Result.getOrThrow(ModelId.parse("gemini-2.5-flash")),
  family: "generate"
}

/** Real time: of what a file takes. */
const eventually = (holds: Effect.Effect<boolean>): Effect.Effect<void> =>
  Effect.flatMap(holds, (isSo) =>
    isSo ? Effect.void : Effect.andThen(
      Effect.callback<void>((resume) => {
        const timer = setTimeout(() => resume(Effect.void), 5)
        return Effect.sync(() => clearTimeout(timer))
      }),
      eventually(holds)
    ))

const temporary = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

/** A run of a program: its store ends with the scope. */
const run = (directory: string, options: Partial<FileLaneStore.Options> = {}) =>
  Effect.map(FileLaneStore.make({ directory, ...options }), (store) => {
    const lane = store.open(key, window)
    return {
      lane,
      ask: (limits: Partial<Tier.Limits>, tokens = 1) =>
        Effect.flatMap(
          Clock.currentTimeMillis,
          (now) => lane.reserve({ limits: { ...unlimited, ...limits }, tokens }, now)
        )
    }
  })

laneStoreSuite("a file", {
  layer: Layer.unwrap(Effect.map(temporary, (directory) => FileLaneStore.layer({ directory }))).pipe(
    Layer.provide(NodeFileSystem.layer)
  ),
  window,
  now: Clock.currentTimeMillis,
  pass: TestClock.adjust
})

describe("a lane in a file", () => {
  it.effect("remembers the quota between runs, the day's too", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Date.UTC(2026, 5, 1, 20))
      const directory = yield* temporary
      yield* Effect.scoped(
        Effect.flatMap(run(directory), ({ ask, lane }) =>
          Effect.flatMap(ask({ rpm: 1, rpd: 2 }), (one) => {
            assert.strictEqual(one._tag, "Reserved")
            return one._tag === "Reserved" ? lane.release(one, 0) : Effect.void
          }))
      )
      yield* TestClock.adjust("1 second")
      const { ask } = yield* run(directory)
      const refused = yield* ask({ rpm: 1, rpd: 2 })
      assert.strictEqual(refused._tag === "Refused" && refused.retryIn, 59_060)
      yield* TestClock.adjust(59_060)
      assert.strictEqual((yield* ask({ rpm: 1, rpd: 2 }))._tag, "Reserved")
      const spent = yield* ask({ rpm: 10, rpd: 2 })
      assert.strictEqual(spent._tag === "Refused" && spent.resetAt, Date.UTC(2026, 5, 2, 7))
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.effect("is listed by its directory, under its key", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* temporary
      assert.deepStrictEqual(yield* FileLaneStore.lanes(`${directory}/none`), [])
      const tuned = {
        ...key,
        quotaModel: Result.getOrThrow(ModelId.parse("tunedModels/mine")),
        family: "embed"
      } as const
      const store = yield* FileLaneStore.make({ directory })
      for (const one of [tuned, key]) {
        yield* store.open(one, window).reserve({ limits: unlimited, tokens: 1 }, 0)
      }
      for (const name of ["notes.txt", "a+b.json", "a+b+%+generate.json", "a+b+gemini-x+dance.json"]) {
        yield* files.writeFileString(`${directory}/${name}`, "{}")
      }
      assert.deepStrictEqual(yield* FileLaneStore.lanes(directory), [key, tuned])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("gives a dead process's concurrency free after `lease`, and keeps that of one that lives", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const dying = yield* Scope.make()
      const first = yield* Scope.provide(run(directory, { lease: "9 seconds" }), dying)
      const second = yield* run(directory, { lease: "9 seconds" })
      yield* first.ask({ concurrency: 1 })
      yield* Scope.close(dying, Exit.void)
      yield* TestClock.adjust("8 seconds")
      assert.strictEqual((yield* second.ask({ concurrency: 1 }))._tag, "Refused")
      yield* TestClock.adjust("1 second")
      assert.strictEqual((yield* second.ask({ concurrency: 1 }))._tag, "Reserved")
      assert.strictEqual((yield* second.lane.read(unlimited, 0)).requests, 2)
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  /** Real time: those who wait at the lock sleep. */
  it.live("is exact between stores that ask at once", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const runs = yield* Effect.forEach([1, 2, 3, 4], () => run(directory))
      const answers = yield* Effect.forEach(runs, ({ ask }) =>
        Effect.forEach(Array.from({ length: 10 }), () => ask({ rpm: 17 }), { concurrency: "unbounded" }), {
        concurrency: "unbounded"
      })
      assert.strictEqual(
        answers.flat().filter(({ _tag }) =>
          _tag === "Reserved"
        ).length,
        17
      )
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  it.live("leaves no lock behind when it closes while somebody asks", () =>
    Effect.gen(function*() {
      const files = yield* FileSystem.FileSystem
      const directory = yield* temporary
      for (let round = 0; round < 10; round++) {
        const scope = yield* Scope.make()
        const { ask } = yield* Scope.provide(run(directory), scope)
        // As the limiter asks for who waits: in a fiber that nobody waits for.
        for (let i = 0; i < 3; i++) yield* Effect.forkDetach(ask({}), { startImmediately: true })
        yield* Effect.sleep(round / 4)
        yield* Scope.close(scope, Exit.void)
        const names = yield* files.readDirectory(directory)
        assert.deepStrictEqual(names.filter((name) => name.endsWith(".lock")), [])
        yield* Effect.sleep(5)
        assert.deepStrictEqual(yield* files.readDirectory(directory), names, "nothing comes after it")
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("takes away the lock of a process that died holding it", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const files = yield* FileSystem.FileSystem
      const { ask } = yield* run(directory)
      yield* ask({})
      const [name] = yield* files.readDirectory(directory)
      yield* files.writeFileString(`${directory}/${name}.lock`, `other ${(yield* Clock.currentTimeMillis) - 6_000}`)
      assert.strictEqual((yield* ask({ rpm: 2 }))._tag, "Reserved")
      assert.strictEqual((yield* ask({ rpm: 2 }))._tag, "Refused")
      assert.deepStrictEqual(yield* files.readDirectory(directory), name === undefined ? [] : [name])
    }).pipe(Effect.provide(NodeFileSystem.layer)))

  /** What is logged while a program runs. */
  const warned = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
    Effect.suspend(() => {
      const messages: Array<string> = []
      const logger = Logger.make(({ message }) => void messages.push(String(message)))
      return Effect.map(
        Effect.provide(effect, Logger.layer([logger])),
        (result) => ({ result, messages })
      )
    })

  const taken = (directory: string, count: number, limits: Partial<Tier.Limits>) =>
    Effect.flatMap(run(directory), ({ ask }) =>
      Effect.map(
        Effect.forEach(Array.from({ length: count }), () => ask(limits)),
        (answers) => answers.filter(({ _tag }) => _tag === "Reserved").length
      )).pipe(Effect.scoped)

  it.effect("counts a damaged file from what the process knew of it, else from nothing, and says so", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const files = yield* FileSystem.FileSystem
      const { ask } = yield* run(directory)
      yield* ask({ rpm: 2 })
      const [name = ""] = yield* files.readDirectory(directory)
      const path = `${directory}/${name}`
      const whole = yield* files.readFileString(path)
      const damaged = [
        whole.slice(0, 50),
        "",
        "\0".repeat(100),
        whole.replace("\"version\":1", "\"version\":2"),
        whole.replace(/"first":\d+/, "\"first\":9007199254740992"),
        whole.replace(/"today":\d+/, "\"today\":-1"),
        whole.replace(/"entries":\[\[/, "\"entries\":[[1e300,1,1],["),
        whole.replace(/"entries":\[\[/, "\"entries\":[[0,-1,1],["),
        whole.replace(/"entries":\[\[/, "\"entries\":[[0,1,300],[")
      ]
      for (const text of damaged) {
        assert.notStrictEqual(text, whole)
        yield* files.writeFileString(path, text)
        const known = yield* warned(ask({ rpm: 1 }))
        assert.strictEqual(known.result._tag, "Refused", text)
        assert.deepStrictEqual(known.messages, [
          `${path} is damaged, or of another version: its quota is counted from what this process knew of it`
        ])

        yield* files.writeFileString(path, text)
        const stranger = yield* warned(taken(directory, 3, { rpm: 2 }))
        assert.strictEqual(stranger.result, 2, text)
        assert.deepStrictEqual(stranger.messages, [
          `${path} is damaged, or of another version: its quota is counted from nothing`
        ])
        yield* files.writeFileString(path, whole)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("believes of no file that a lane stands still for longer than a day", () =>
    Effect.gen(function*() {
      const start = Date.UTC(2026, 5, 1, 20)
      yield* TestClock.setTime(start)
      const directory = yield* temporary
      const files = yield* FileSystem.FileSystem
      yield* taken(directory, 1, {})
      const [name = ""] = yield* files.readDirectory(directory)
      const path = `${directory}/${name}`
      const whole = yield* files.readFileString(path)
      const far = start + 10 * 365 * 86_400_000
      const learned = `[{"limit":1,"risesAt":${far},"step":1,"until":${far}},null]`
      for (
        const text of [
          whole.replace(/"parkedUntil":\d+/, `"parkedUntil":${far}`),
          whole.replace(/"pausedUntil":\d+/, `"pausedUntil":${far}`),
          whole.replace(/"dayEnd":\d+/, `"dayEnd":${far}`).replace(/"today":\d+/, "\"today\":500"),
          whole.replace(/"learned":\[null,null\]/, `"learned":${learned}`),
          whole.replace(/"leases":\{/, `"leases":{"a":${far},"b":${far},`),
          whole.replace(/"entries":\[\[\d+/, `"entries":[[${far}`)
        ]
      ) {
        assert.notStrictEqual(text, whole)
        yield* TestClock.setTime(start)
        yield* files.writeFileString(path, text)
        yield* taken(directory, 1, {})
        yield* TestClock.setTime(start + 26 * 3_600_000)
        assert.strictEqual(yield* taken(directory, 2, { rpm: 2, rpd: 400, concurrency: 2 }), 2, text)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  describe("a lock that nobody can take away", () => {
    const before = `dead 1`
    const cases: ReadonlyArray<readonly [string, string, (path: string) => void]> = [
      ["is a directory", "NOT_THAT_FILE", (path) => mkdirSync(`${path}.lock`)],
      ["is a pipe", "NOT_THAT_FILE", (path) => void execFileSync("mkfifo", [`${path}.lock`])],
      ["is a link to a device", "NOT_THAT_FILE", (path) => symlinkSync("/dev/zero", `${path}.lock`)],
      ["is a link to itself", "ELOOP", (path) => symlinkSync(`${path}.lock`, `${path}.lock`)],
      ["is huge", "NOT_THAT_FILE", (path) => writeFileSync(`${path}.lock`, "x".repeat(2_000))],
      ["guards a directory", "NOT_THAT_FILE", (path) => mkdirSync(path)],
      ["guards a pipe", "NOT_THAT_FILE", (path) => void execFileSync("mkfifo", [path])],
      ["guards a device", "NOT_THAT_FILE", (path) => symlinkSync("/dev/zero", path)]
    ]
    for (const [what, code, make] of cases) {
      it.effect(`and ${what}: the process counts by itself at once, says so once, and charges the file later`, () =>
        Effect.gen(function*() {
          const directory = yield* temporary
          const files = yield* FileSystem.FileSystem
          yield* taken(directory, 1, {})
          const [name = ""] = yield* files.readDirectory(directory)
          const path = `${directory}/${name}`
          yield* files.remove(path)
          make(path)
          const { messages } = yield* warned(Effect.gen(function*() {
            const { ask, lane } = yield* run(directory)
            const one = yield* ask({ rpm: 3 })
            const two = yield* ask({ rpm: 3 })
            assert.strictEqual(one._tag, "Reserved")
            assert.strictEqual(two._tag, "Reserved")
            if (one._tag === "Reserved") yield* lane.release(one, 0)
            if (two._tag === "Reserved") yield* lane.cancel(two, 0)
            assert.strictEqual((yield* ask({ rpm: 2 }))._tag, "Reserved")
            assert.strictEqual((yield* ask({ rpm: 2 }))._tag, "Refused")
            rmSync(`${path}.lock`, { force: true, recursive: true })
            rmSync(path, { force: true, recursive: true })
            yield* TestClock.adjust("1 second")
            // The probe uses the file in real time, and whatever comes after it charges the file.
            yield* eventually(Effect.map(
              lane.read(unlimited, 0),
              () => existsSync(path) && readFileSync(path, "utf8").includes("\"entries\":[[")
            ))
          }))
          assert.deepStrictEqual(messages, [
            `${path} cannot be used (${code}): until it can, this process counts the quota by itself`
          ])
          const other = yield* run(directory)
          assert.strictEqual((yield* other.lane.read(unlimited, 0)).requests, 2)
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))
    }

    it.live(
      "and is held by one that lives: a call ends by its timeout, and its release within seconds",
      () =>
        Effect.gen(function*() {
          const directory = yield* temporary
          const files = yield* FileSystem.FileSystem
          yield* taken(directory, 1, {})
          const [name = ""] = yield* files.readDirectory(directory)
          const lock = `${directory}/${name}.lock`
          // A holder that renews its lock for ever, as no lane does.
          const holder = setInterval(() => writeFileSync(lock, `other ${Date.now()}`), 50)
          writeFileSync(lock, `other ${Date.now()}`)
          yield* Effect.addFinalizer(() => Effect.sync(() => clearInterval(holder)))
          const scope = yield* Scope.make()
          const { ask } = yield* Scope.provide(run(directory), scope)
          const since = Date.now()
          const interrupted = yield* Effect.timeoutOption(ask({}), "100 millis")
          assert.isTrue(interrupted._tag === "None")
          assert.isBelow(Date.now() - since, 2_000)
          assert.strictEqual((yield* Effect.uninterruptible(ask({})))._tag, "Reserved")
          assert.isBelow(Date.now() - since, 15_000)
          yield* Scope.close(scope, Exit.void)
          assert.isBelow(Date.now() - since, 25_000)
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)),
      60_000
    )

    it.live(
      "and is another user's in a folder of his: the process counts by itself at once",
      (context) =>
        Effect.gen(function*() {
          if (process.getuid?.() !== 0) return context.skip("only root can become another user")
          const directory = yield* temporary
          const files = yield* FileSystem.FileSystem
          yield* taken(directory, 1, {})
          const [name = ""] = yield* files.readDirectory(directory)
          yield* files.writeFileString(`${directory}/${name}.lock`, before)
          chmodSync(directory, 0o555)
          const since = Date.now()
          const { stderr, stdout, status } = spawnSync(
            process.execPath,
            [`${import.meta.dirname}/fileLaneProcess.ts`, directory, "3"],
            { uid: 65_534, gid: 65_534, encoding: "utf8", timeout: 20_000 }
          )
          assert.strictEqual(status, 0, stderr)
          assert.match(stdout, /cannot be used \((EACCES|EROFS)\)/)
          assert.match(stdout, /took 2 of 3, closed$/m)
          assert.isBelow(Date.now() - since, 15_000)
        }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)),
      30_000
    )
  })

  it.live("a holder that stood still leaves its successor's lock alone, and writes nothing over it", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const real = yield* FileSystem.FileSystem
      yield* taken(directory, 1, {})
      const [name = ""] = yield* real.readDirectory(directory)
      const path = `${directory}/${name}`
      let isFirst = true
      const paused = FileSystem.FileSystem.of({
        ...real,
        // As if the process had been stopped between reading and writing: another one took its lock.
        writeFileString: (file, text, options) =>
          Effect.andThen(
            Effect.suspend(() => {
              if (!isFirst || !file.startsWith(`${path}.`) || options?.flag === "wx") return Effect.void
              isFirst = false
              return real.writeFileString(`${path}.lock`, `other ${Date.now()}`)
            }),
            real.writeFileString(file, text, options)
          )
      })
      const { ask, lane } = yield* Effect.provideService(run(directory), FileSystem.FileSystem, paused)
      const asked = yield* Effect.forkChild(ask({}), { startImmediately: true })
      yield* Effect.sleep(200)
      assert.match(yield* real.readFileString(`${path}.lock`), /^other /)
      assert.strictEqual((yield* real.readDirectory(directory)).length, 2, "and leaves nothing of its own")
      yield* real.remove(`${path}.lock`)
      assert.strictEqual((yield* Fiber.join(asked))._tag, "Reserved")
      assert.strictEqual((yield* lane.read(unlimited, 0)).requests, 2)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.effect("counts by itself where it cannot write", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const files = yield* FileSystem.FileSystem
      yield* files.writeFileString(`${directory}/plain`, "")
      const alone = yield* run(`${directory}/plain`)
      assert.strictEqual((yield* alone.ask({ rpm: 1 }))._tag, "Reserved")
      assert.strictEqual((yield* alone.ask({ rpm: 1 }))._tag, "Refused")
    }).pipe(Effect.provide(NodeFileSystem.layer)))
})
