/**
 * What the command keeps in files: each is written whole or not at all, and only in folders that are its user's alone.
 */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as PlatformError from "effect/PlatformError"
import { spawn, spawnSync } from "node:child_process"
import { chmodSync, chownSync, lstatSync, mkdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { createInterface } from "node:readline"
import * as Folder from "../src/internal/folder.ts"
import * as State from "../src/internal/state.ts"
import { result } from "./keptResult.ts"

const temporary = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

const acts = (file: string): ReadonlyArray<string> =>
  JSON.parse(readFileSync(file, "utf8")).acts.map(({ act }: { readonly act: string }) => act)

describe("a kept state", () => {
  const isRoot = process.getuid?.() === 0

  it.live("is on a full disk what it was before", (context) =>
    Effect.gen(function*() {
      if (!isRoot) return context.skip("only root can mount a small disk")
      const directory = yield* temporary
      const mount = spawnSync("mount", ["-t", "tmpfs", "-o", "size=64k", "tmpfs", directory], { encoding: "utf8" })
      if (mount.status !== 0) return context.skip(`no small disk can be mounted here: ${mount.stderr.trim()}`)
      yield* Effect.addFinalizer(() => Effect.sync(() => spawnSync("umount", [directory])))
      const file = `${directory}/state.json`
      const state = yield* State.open(file)
      yield* state.keep(result("one", 20_000))
      const error = yield* Effect.flip(state.keep(result("two", 40_000)))
      assert.include(error.text, "what was kept before is still in it")
      assert.deepStrictEqual(acts(file), ["one"])
      assert.deepStrictEqual((yield* State.open(file)).results.map(({ act }) => act), ["one"])
      assert.deepStrictEqual(yield* FileSystem.FileSystem.use((files) => files.readDirectory(directory)), [
        "state.json"
      ])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is synced before it takes the old one's place, and none of it stays where that fails", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const real = yield* FileSystem.FileSystem
      const file = `${directory}/state.json`
      const order: Array<string> = []
      let fails: "sync" | "rename" | undefined
      const broken = PlatformError.systemError({ _tag: "Unknown", module: "FileSystem", method: "sync" })
      const watched = FileSystem.FileSystem.of({
        ...real,
        open: (path, options) =>
          Effect.map(real.open(path, options), (handle) => ({
            ...handle,
            writeAll: (bytes) => Effect.tap(handle.writeAll(bytes), () => Effect.sync(() => order.push("write"))),
            sync: fails === "sync"
              ? Effect.fail(broken)
              : Effect.tap(handle.sync, () => Effect.sync(() => order.push("sync")))
          })),
        rename: (from, to) =>
          fails === "rename"
            ? Effect.fail(broken)
            : Effect.tap(real.rename(from, to), () => Effect.sync(() => order.push("rename")))
      })
      const state = yield* Effect.provideService(State.open(file), FileSystem.FileSystem, watched)
      yield* state.keep(result("one", 10))
      assert.deepStrictEqual(order, ["write", "sync", "rename"])
      for (const step of ["sync", "rename"] as const) {
        fails = step
        yield* Effect.flip(state.keep(result(step, 10)))
        assert.deepStrictEqual(acts(file), ["one"])
        assert.deepStrictEqual(yield* real.readDirectory(directory), ["state.json"])
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is written where a link leads to, and the link stays one", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const real = `${directory}/real.json`
      const link = `${directory}/link.json`
      writeFileSync(real, "{\"acts\":[]}")
      symlinkSync(real, link)
      const state = yield* State.open(link)
      yield* state.keep(result("one", 10))
      assert.isTrue(lstatSync(link).isSymbolicLink())
      assert.deepStrictEqual(acts(real), ["one"])
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is whole whenever the process is killed", () =>
    Effect.gen(function*() {
      const directory = yield* temporary
      const file = `${directory}/state.json`
      for (let round = 0; round < 8; round++) {
        const child = spawn(process.execPath, [`${import.meta.dirname}/stateProcess.ts`, file], {
          stdio: ["ignore", "pipe", "inherit"]
        })
        // Killed at another moment of the writing each time, once it has begun.
        yield* Effect.promise(async () => {
          for await (const _ of createInterface(child.stdout)) break
        })
        yield* Effect.sleep(round * 3)
        yield* Effect.callback<void>((resume) => {
          child.once("exit", () => resume(Effect.void))
          child.kill("SIGKILL")
        })
        const { results } = yield* State.open(file)
        assert.isAbove(results.length, 0)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)), 60_000)
})

describe("a folder", () => {
  const isRoot = process.getuid?.() === 0

  it.live("that was not there is made for the user alone, and used", () =>
    Effect.gen(function*() {
      const directory = `${yield* temporary}/a/b`
      for (const kind of ["private", "shared"] as const) {
        assert.isUndefined(yield* Folder.prepare(directory, kind))
        assert.strictEqual(lstatSync(directory).mode & 0o777, 0o700)
      }
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live("is not used where it is a link, even to a good one, or no folder at all", () =>
    Effect.gen(function*() {
      const base = yield* temporary
      mkdirSync(`${base}/good`, { mode: 0o700 })
      symlinkSync(`${base}/good`, `${base}/link`)
      symlinkSync(`${base}/none`, `${base}/dangling`)
      writeFileSync(`${base}/file`, "")
      assert.strictEqual(yield* Folder.prepare(`${base}/link`, "shared"), `${base}/link is a link`)
      assert.strictEqual(yield* Folder.prepare(`${base}/dangling`, "shared"), `${base}/dangling is a link`)
      assert.strictEqual(yield* Folder.prepare(`${base}/file`, "shared"), `${base}/file is not a folder`)
    }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)))

  it.live.each<[number, boolean, boolean]>([
    [0o700, true, true],
    [0o750, false, true],
    [0o770, false, true],
    [0o701, false, true],
    [0o702, false, false],
    [0o777, false, false]
  ])(
    "of mode %o is as good for what runs tell (%s) and for the quota (%s)",
    ([mode, told, kept]) =>
      Effect.gen(function*() {
        const directory = yield* temporary
        chmodSync(directory, mode)
        assert.strictEqual((yield* Folder.prepare(directory, "private")) === undefined, told)
        assert.strictEqual((yield* Folder.prepare(directory, "shared")) === undefined, kept)
      }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer))
  )

  it.live(
    "of another user is not used: nothing of its links is followed, and the run says so",
    (context) =>
      Effect.gen(function*() {
        if (!isRoot) return context.skip("only root can make another user's folder")
        const base = yield* temporary
        const theirs = `${base}/gemini-fx`
        mkdirSync(theirs)
        chownSync(theirs, 65_534, 65_534)
        chmodSync(theirs, 0o777)
        assert.strictEqual(yield* Folder.prepare(theirs, "shared"), `${theirs} belongs to another user`)
        const story = `${base}/story.toml`
        writeFileSync(story, "[[acts]]\nname = \"one\"\nprompt = \"Say hello\"\n")
        const run = spawnSync(
          process.execPath,
          [`${import.meta.dirname}/../src/bin.ts`, "run", story],
          { encoding: "utf8", env: { PATH: process.env["PATH"], HOME: base, XDG_RUNTIME_DIR: base }, timeout: 60_000 }
        )
        assert.strictEqual(run.status, 0, run.stderr)
        assert.include(run.stderr, `${theirs} belongs to another user: gemini-fx limits shows nothing of this run`)
        assert.notInclude(run.stdout, "belongs to another user")
        assert.deepStrictEqual(yield* FileSystem.FileSystem.use((files) => files.readDirectory(theirs)), [])
      }).pipe(Effect.scoped, Effect.provide(NodeFileSystem.layer)),
    90_000
  )
})
