/** The files of the setup, each at its edges: files of one's own, and the commands of keys. */
import { assert, describe, it } from "@effect/vitest"
import * as ByteSize from "effect/ByteSize"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as PlatformError from "effect/PlatformError"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as KeyFile from "../src/internal/setup/KeyFile.ts"
import * as OwnFile from "../src/internal/setup/ownFile.ts"
import { gemini, type Setting } from "./harness.ts"

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-setup-"))),
  (folder) => Effect.sync(() => rmSync(folder, { recursive: true }))
)

describe("a file of one's own", () => {
  const me = process.getuid?.() ?? 0
  const stat: Omit<FileSystem.File.Info, "size" | "mode" | "uid" | "type"> = {
    mtime: Option.none(),
    atime: Option.none(),
    birthtime: Option.none(),
    dev: 0n,
    ino: Option.none(),
    nlink: Option.none(),
    gid: Option.none(),
    rdev: Option.none(),
    blksize: Option.none(),
    blocks: Option.none()
  }
  const failed = (_tag: "NotFound" | "BadResource" | "PermissionDenied") =>
    Effect.fail(PlatformError.systemError({ _tag, module: "FileSystem", method: "stat" }))
  const read = (
    kind: "secret" | "private",
    { isReadable = true, mode = 0o600, size = 1, type = "File", uid = me }: {
      readonly isReadable?: boolean
      readonly mode?: number
      readonly size?: number
      readonly type?: FileSystem.File.Type
      readonly uid?: number | undefined | null
    }
  ) =>
    OwnFile.read("a", kind).pipe(
      Effect.map((read) => read._tag === "Refused" ? read.why : read._tag === "Text" ? read.text : read._tag),
      Effect.provide(FileSystem.layerNoop({
        stat: () => Effect.succeed({ ...stat, type, mode, size: ByteSize.bytes(size), uid: Option.fromNullishOr(uid) }),
        readFileString: () => isReadable ? Effect.succeed("text") : failed("PermissionDenied")
      }))
    )
  const readable = "can be read by other users (chmod 600 closes it)"
  const writable = "can be written by other users (chmod go-w closes it)"

  it.effect.each(
    [
      ["secret", { mode: 0o600 }, "text"],
      ["secret", { mode: 0o700 }, "text"],
      ["secret", { mode: 0o640 }, `a ${readable}`],
      ["secret", { mode: 0o604 }, `a ${readable}`],
      ["secret", { mode: 0o601 }, `a ${readable}`],
      ["private", { mode: 0o755 }, "text"],
      ["private", { mode: 0o664 }, `a ${writable}`],
      ["private", { mode: 0o646 }, `a ${writable}`],
      ["private", { uid: 0 }, "text"],
      ["private", { uid: me + 1 }, "a belongs to another user"],
      ["secret", { uid: null, mode: 0o777 }, "text"],
      ["private", { size: 1_048_576 }, "text"],
      ["private", { size: 1_048_577 }, "a is larger than 1 MiB"],
      ["private", { type: "Directory" }, "a is not a file"],
      ["private", { isReadable: false }, "a cannot be read"]
    ] as const
  )("that is %s, with %j: %s", ([kind, file, said]) =>
    Effect.gen(function*() {
      assert.strictEqual(yield* read(kind, file), said)
    }))

  it.effect.each(
    [["NotFound", "Missing"], ["BadResource", "Missing"], [
      "PermissionDenied",
      "a cannot be read: PermissionDenied"
    ]] as const
  )("of which the disk says %s: %s", ([tag, said]) =>
    Effect.gen(function*() {
      const found = yield* Effect.provide(
        OwnFile.read("a", "private"),
        FileSystem.layerNoop({ stat: () => failed(tag) })
      )
      assert.strictEqual(found._tag === "Refused" ? found.why : found._tag, said)
    }))
})

describe("gemini-fx keys", () => {
  it("takes one word of signs that a header takes, of 512 at most", () => {
    assert.strictEqual(KeyFile.problem("!a~".padEnd(512, "x")), undefined)
    assert.strictEqual(KeyFile.problem("x".repeat(513)), "a key is shorter than 512 characters")
    assert.match(String(KeyFile.problem("")), /^nothing came/)
    assert.match(String(KeyFile.problem("a b")), /^a key is one word/)
    for (const text of ["\u00e4", "\x7f", "a\u0000"]) assert.match(String(KeyFile.problem(text)), /^a key has letters/)
  })

  const list = (setting: Setting, ...flags: ReadonlyArray<string>) =>
    gemini(["keys", "list", ...flags], { ...setting, env: { GEMINI_FX_CONFIG: "conf", ...setting.env } })
  const kept = { "conf/keys.json": "{\"gemini\":\"AIza-kept\"}" }
  const broken = { "conf/keys.json": "AIza-kept" }

  it.effect.each<readonly [Setting, string | null, string]>([
    [{}, null, "there is no key: gemini-fx keys set keeps one, and without one an embedded server answers\n"],
    [
      { files: { "conf/keys.json": "{}" } },
      null,
      "there is no key: gemini-fx keys set keeps one, and without one an embedded server answers\n"
    ],
    [{ files: kept }, "conf/keys.json", "the key is that of conf/keys.json\n"],
    [{ files: kept, env: { GEMINI_API_KEY: "AIza" } }, "GEMINI_API_KEY", "the key is that of GEMINI_API_KEY\n"],
    [{ files: kept, env: { GEMINI_API_KEY: "" } }, "conf/keys.json", "the key is that of conf/keys.json\n"],
    [
      { files: broken },
      null,
      "conf/keys.json holds no keys (gemini-fx keys set writes it anew), so its key is not used\n"
    ]
  ])("of %j lists %s", ([setting, from, said]) =>
    Effect.gen(function*() {
      assert.strictEqual((yield* list(setting)).stdout, said)
      const json = yield* list(setting, "--json")
      assert.deepStrictEqual(JSON.parse(json.stdout), { isSet: from !== null, from, file: "conf/keys.json" })
      assert.deepStrictEqual([json.exitCode, json.stderr], [0, ""])
    }))

  it.live("keeps, says who wins over it, and removes what can be removed", () =>
    Effect.gen(function*() {
      const at = join(yield* folder, "conf")
      const file = join(at, "keys.json")
      const keys = (verb: string, stdin: Setting["stdin"] = Stream.empty, env = {}) =>
        gemini(["keys", verb], { isOnDisk: true, stdin, env: { GEMINI_FX_CONFIG: at, ...env } })
      const set = yield* keys("set", Stream.make(" AI", "za\n"))
      assert.deepStrictEqual(
        [set.exitCode, set.stdout, set.stderr],
        [0, `kept in ${file}, which only you can read\n`, ""]
      )
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), { gemini: "AIza" })
      const other = yield* keys("set", Stream.make("AIzb"), { GEMINI_API_KEY: "AIzc" })
      assert.match(other.stderr, /GEMINI_API_KEY is set and wins over it: unset GEMINI_API_KEY to use this key/)
      const endless = Stream.concat(Stream.make("x".repeat(4096), "x"), Stream.die("it reads on"))
      const long = yield* keys("set", endless)
      assert.strictEqual(long.exitCode, 2)
      assert.include(long.stderr, "a key is shorter than 512 characters")
      assert.deepStrictEqual(JSON.parse(readFileSync(file, "utf8")), { gemini: "AIzb" })
      assert.strictEqual((yield* keys("remove")).stdout, `removed ${file}\n`)
      assert.strictEqual((yield* keys("remove")).stdout, `there is no key in ${file}\n`)
      mkdirSync(file)
      const stuck = yield* keys("remove")
      assert.deepStrictEqual([stuck.exitCode, stuck.stdout], [2, ""])
      assert.include(stuck.stderr, `${file} cannot be removed: `)
    }))
})
