/**
 * The files that somebody else's narrative may name as images: never one that lies elsewhere, is not a regular file,
 * has no end, or is not an image by its bytes.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type * as Path from "effect/Path"
import type * as Scope from "effect/Scope"
import { spawnSync } from "node:child_process"
import * as Fs from "node:fs"
import { createServer } from "node:net"
import { join } from "node:path"

const png = Uint8Array.of(137, 80, 78, 71, 13, 10, 26, 10)
const ascii = (text: string): Uint8Array => Uint8Array.from(text, (character) => character.charCodeAt(0))
const box = (...brands: ReadonlyArray<string>): Uint8Array => {
  const [first = "", ...rest] = brands
  return ascii(`\0\0\0${String.fromCharCode(16 + 4 * rest.length)}ftyp${first}\0\0\0\0${rest.join("")}mdat`)
}

interface Folders {
  /** The narrative's. */
  readonly own: string
  /** Beside it. */
  readonly other: string
}

const test = (
  name: string,
  body: (folders: Folders) => Effect.Effect<void, unknown, FileSystem.FileSystem | Path.Path | Scope.Scope>
) =>
  it.live(name, () =>
    FileSystem.FileSystem.use((fs) => fs.makeTempDirectoryScoped()).pipe(
      Effect.map((root) => ({ own: join(root, "own"), other: join(root, "other") })),
      Effect.tap(({ other, own }) =>
        Effect.sync(() => {
          Fs.mkdirSync(own)
          Fs.mkdirSync(other)
        })
      ),
      Effect.flatMap(body),
      Effect.scoped,
      // What hangs fails here; a file that is not opened takes no time.
      Effect.timeout("20 seconds"),
      Effect.provide(NodeServices.layer)
    ), 30_000)

const inputs = (list: ReadonlyArray<string>): string => `[[acts]]\nname = "see"\ninputs = [${list.join(", ")}]\n`
const image = (name: string, mediaType?: string): string =>
  `{ image = ${JSON.stringify(name)}${mediaType === undefined ? "" : `, media_type = "${mediaType}"`} }`

/** What is wrong with a narrative of these inputs, the texts alone. */
const refusals = (folders: Folders, list: ReadonlyArray<string>, options: Narrative.FileOptions = {}) =>
  Effect.suspend(() => {
    Fs.writeFileSync(join(folders.own, "story.toml"), inputs(list))
    return Narrative.fromFile(join(folders.own, "story.toml"), options)
  }).pipe(
    Effect.as([]),
    Effect.catch(({ problems }) => Effect.succeed(problems.map(({ what }) => what)))
  )

/** The media types of what would be sent. */
const sent = (folders: Folders, list: ReadonlyArray<string>, options: Narrative.FileOptions = {}) =>
  Effect.suspend(() => {
    Fs.writeFileSync(join(folders.own, "story.toml"), inputs(list))
    return Narrative.fromFile(join(folders.own, "story.toml"), options)
  }).pipe(
    Effect.map(({ acts }) =>
      acts.flatMap((act) =>
        act.inputs.flatMap((input) => input._tag === "Image" ? [input.part.inlineData?.mimeType] : [])
      )
    )
  )

describe("an image of a narrative", () => {
  test("is not opened where it is a pipe, a device, a socket or a folder", (folders) =>
    Effect.gen(function*() {
      const { own } = folders
      assert.strictEqual(spawnSync("mkfifo", [join(own, "pipe.png")]).status, 0)
      Fs.mkdirSync(join(own, "folder.png"))
      const server = createServer().listen(join(own, "socket.png"))
      yield* Effect.addFinalizer(() =>
        Effect.promise(() => new Promise<void>((resolve) => server.close(() => resolve())))
      )
      yield* Effect.promise(() => new Promise((resolve) => server.once("listening", resolve)))
      assert.deepStrictEqual(yield* refusals(folders, ["pipe.png", "folder.png", "socket.png"].map((n) => image(n))), [
        "pipe.png: is a pipe, not a file",
        "folder.png: is a folder",
        "socket.png: is a socket, not a file"
      ])
      // Also where the folder of devices is allowed.
      const devices = ["/dev/zero", "/dev/null"].map((name) => image(name, "image/png"))
      assert.deepStrictEqual(yield* refusals(folders, devices, { inputsFrom: ["/dev"] }), [
        "/dev/zero: is a device, not a file",
        "/dev/null: is a device, not a file"
      ])
    }))

  test("lies below the narrative's folder, wherever its name or a link leads", (folders) =>
    Effect.gen(function*() {
      const { other, own } = folders
      Fs.writeFileSync(join(other, "tide.png"), png)
      Fs.symlinkSync("../other/tide.png", join(own, "link.png"))
      Fs.symlinkSync("../other", join(own, "linked"))
      Fs.symlinkSync("/etc", join(own, "etc"))
      const names = ["../../../../../../etc/passwd", "/etc/passwd", "etc/passwd", "link.png", "linked/tide.png"]
      names.push("../other/tide.png", join(other, "tide.png"), "/dev/zero")
      assert.deepStrictEqual(
        yield* refusals(folders, names.map((name) => image(name, "image/png"))),
        names.map((name) => `${name}: lies outside the narrative's folder`)
      )
      // A folder of which the narrative's name is a beginning is another one.
      Fs.mkdirSync(`${own}er`)
      Fs.writeFileSync(`${own}er/tide.png`, png)
      assert.lengthOf(yield* refusals(folders, [image("../owner/tide.png")]), 1)
      // A link from inside to inside is none that leads out, nor is a name of two points.
      Fs.mkdirSync(join(own, "..sub"))
      Fs.writeFileSync(join(own, "..sub", "tide.png"), png)
      Fs.symlinkSync("..sub/tide.png", join(own, "inside.png"))
      assert.deepStrictEqual(
        yield* sent(folders, ["inside.png", "..sub/tide.png", "..sub/../inside.png"].map((n) => image(n))),
        [
          "image/png",
          "image/png",
          "image/png"
        ]
      )
    }))

  test("may lie in another folder that the caller allows, links resolved there, too", (folders) =>
    Effect.gen(function*() {
      const { other, own } = folders
      Fs.writeFileSync(join(other, "tide.png"), png)
      Fs.symlinkSync("/etc/passwd", join(other, "passwd.png"))
      Fs.symlinkSync(other, join(own, "shared"))
      const list = [image("../other/tide.png"), image("shared/tide.png")]
      assert.deepStrictEqual(yield* sent(folders, list, { inputsFrom: ["/nowhere", other] }), [
        "image/png",
        "image/png"
      ])
      assert.deepStrictEqual(yield* refusals(folders, [image("shared/passwd.png")], { inputsFrom: [other] }), [
        "shared/passwd.png: lies outside the narrative's folder"
      ])
    }))

  test("is also found where the narrative's own folder is reached by a link", (folders) =>
    Effect.gen(function*() {
      const { other, own } = folders
      Fs.writeFileSync(join(own, "tide.png"), png)
      Fs.symlinkSync(own, join(other, "way"))
      assert.deepStrictEqual(yield* sent({ own: join(other, "way"), other }, [image("tide.png")]), ["image/png"])
    }))

  test("is sent as what its bytes say, whatever its name and media_type say", (folders) =>
    Effect.gen(function*() {
      const { own } = folders
      const files: Readonly<Record<string, readonly [Uint8Array, string | undefined]>> = {
        "a.png": [png, "image/png"],
        "b.png": [ascii("\xff\xd8\xff\xe0"), "image/jpeg"],
        "c.constructor": [ascii("RIFF\0\0\0\0WEBPVP8 "), "image/webp"],
        "d": [box("heic", "mif1"), "image/heic"],
        "e.heif": [box("mif1", "heix"), "image/heic"],
        "f.heif": [box("mif1", "miaf"), "image/heif"],
        "g.heif": [box("mif1", "avif"), undefined],
        "h.png": [ascii("root:x:0:0:root:/root:/bin/sh\n"), undefined],
        "i.webp": [ascii("RIFF\0\0\0\0WAVEfmt "), undefined],
        "j.png": [png.subarray(0, 7), undefined],
        "k.jpg": [ascii("BM"), undefined],
        "l.heic": [ascii("\0\0\0\x08ftyp"), undefined]
      }
      for (const [name, [bytes]] of Object.entries(files)) Fs.writeFileSync(join(own, name), bytes)
      const images = Object.entries(files)
      const good = images.filter(([, [, type]]) => type !== undefined)
      const bad = images.filter(([, [, type]]) => type === undefined)
      assert.deepStrictEqual(yield* sent(folders, good.map(([name]) => image(name))), good.map(([, [, type]]) => type))
      for (const type of [undefined, "image/png"]) {
        assert.deepStrictEqual(
          yield* refusals(folders, bad.map(([name]) => image(name, type))),
          bad.map(([name]) => `${name}: its bytes are not those of an image that Gemini reads`)
        )
      }
      assert.deepStrictEqual(yield* refusals(folders, [image("b.png", "image/png"), image("f.heif", "image/heic")]), [
        "b.png is image/jpeg by its bytes, not image/png",
        "f.heif is image/heif by its bytes, not image/heic"
      ])
      assert.deepStrictEqual(yield* sent(folders, [image("d", "image/heif")]), ["image/heif"])
    }))

  test("has 20 MiB at most, an act's and a narrative's together 100", (folders) =>
    Effect.gen(function*() {
      const { own } = folders
      const limit = 20 * 1024 * 1024
      const make = (name: string, size: number) => {
        Fs.writeFileSync(join(own, name), png)
        Fs.truncateSync(join(own, name), size)
      }
      make("at.png", limit)
      make("over.png", limit + 1)
      assert.deepStrictEqual(yield* sent(folders, [image("at.png")]), ["image/png"])
      assert.deepStrictEqual(yield* refusals(folders, [image("over.png")]), ["over.png: is larger than 20 MiB"])
      assert.lengthOf(yield* sent(folders, Array.from({ length: 5 }, () => image("at.png"))), 5)
      make("one.png", png.length)
      const six = [...Array.from({ length: 5 }, () => image("at.png")), image("one.png")]
      assert.deepStrictEqual(yield* refusals(folders, six), ["the files of this act are larger than 100 MiB together"])
      const names = Array.from({ length: 6 }, (_, i) => `n${i}.png`)
      for (const name of names) make(name, limit)
      const acts = names.map((name, i) => inputs([image(name)]).replace("see", `see${i}`)).join("")
      Fs.writeFileSync(join(own, "story.toml"), acts)
      const { problems } = yield* Effect.flip(Narrative.fromFile(join(own, "story.toml")))
      assert.deepStrictEqual(problems.map(({ what }) => what), [
        "n5.png: the files of this narrative are larger than 100 MiB together"
      ])
    }))

  test("that is empty, not there or of an impossible name is a problem like others", (folders) =>
    Effect.gen(function*() {
      Fs.writeFileSync(join(folders.own, "empty.png"), "")
      Fs.symlinkSync("loop.png", join(folders.own, "loop.png"))
      const names = ["empty.png", "none.png", "a\0b.png", "loop.png", "empty.png/x.png", ""]
      const found = yield* refusals(folders, names.map((name) => image(name)))
      assert.deepStrictEqual(found.slice(0, 2), ["empty.png: is empty", "none.png: there is no such file"])
      assert.lengthOf(found, names.length)
    }))
})

describe("a narrative's file", () => {
  test("is not opened where it is a device or a folder, nor read where it is larger than 64 MiB", ({ own }) =>
    Effect.gen(function*() {
      const said = (path: string) =>
        Effect.map(Effect.flip(Narrative.fromFile(path)), ({ problems }) => problems[0]?.what)
      assert.strictEqual(yield* said("/dev/zero"), "is a device, not a file")
      assert.strictEqual(yield* said(own), "is a folder")
      Fs.writeFileSync(join(own, "story.toml"), "")
      Fs.truncateSync(join(own, "story.toml"), 64 * 1024 * 1024 + 1)
      assert.strictEqual(yield* said(join(own, "story.toml")), "is larger than 64 MiB")
    }))
})
