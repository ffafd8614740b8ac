/** What the command keeps in files lies only in folders that are its user's alone. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import { spawnSync } from "node:child_process"
import { chmodSync, chownSync, lstatSync, mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import * as Folder from "../src/internal/folder.ts"

const temporary = Effect.flatMap(FileSystem.FileSystem, (files) => files.makeTempDirectoryScoped())

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
