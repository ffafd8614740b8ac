/** What is attached is what its bytes say, whatever its name says, and is refused before anything is sent. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from "node:fs"
import { createServer } from "node:http"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { uploads } from "../src/internal/ask/attached.ts"
import { largestInline, largestRead, read } from "../src/internal/ask/Attachment.ts"
import { byteType, textOf } from "../src/internal/ask/byteType.ts"

const bytes = (...parts: ReadonlyArray<string | ReadonlyArray<number>>): Uint8Array =>
  new Uint8Array(parts.flatMap((part) => typeof part === "string" ? Array.from(part, (c) => c.charCodeAt(0)) : part))

const zeros = (count: number): ReadonlyArray<number> => Array.from({ length: count }, () => 0)

const png = bytes([137], "PNG\r\n\x1a\n", [0, 0, 0, 13], "IHDR", [0, 0, 0, 1, 0, 0, 0, 1, 8, 6, 0, 0, 0])

const brand = (name: string) => bytes([0, 0, 0, 24], "ftyp", name, [0, 0, 0, 0], name, "mif1")

const known: ReadonlyArray<readonly [string, Uint8Array, string, string]> = [
  ["PNG", png, "image", "image/png"],
  ["JPEG", bytes([0xff, 0xd8, 0xff, 0xe0, 0, 16], "JFIF", [0]), "image", "image/jpeg"],
  ["WebP", bytes("RIFF", [36, 0, 0, 0], "WEBPVP8 ", zeros(28)), "image", "image/webp"],
  ["GIF", bytes("GIF89a", zeros(8)), "image", "image/gif"],
  ["HEIC", brand("heic"), "image", "image/heic"],
  ["BMP", bytes("BM", zeros(30)), "image", "image/bmp"],
  ["PDF", bytes("%PDF-1.7\n%\xe2\xe3\xcf\xd3\n"), "document", "application/pdf"],
  ["a PDF of letters alone", bytes("%PDF-1.4\n1 0 obj\n<<>>\nendobj\n"), "document", "application/pdf"],
  ["WAV", bytes("RIFF", [36, 0, 0, 0], "WAVEfmt ", zeros(28)), "audio", "audio/wav"],
  ["MP3", bytes([0xff, 0xfb, 0x90, 0x64], zeros(60)), "audio", "audio/mpeg"],
  ["FLAC", bytes("fLaC", zeros(40)), "audio", "audio/flac"],
  ["Ogg Opus", bytes("OggS", zeros(24), "OpusHead", zeros(20)), "audio", "audio/ogg"],
  ["M4A", brand("M4A "), "audio", "audio/m4a"],
  ["MP4", brand("isom"), "video", "video/mp4"],
  ["QuickTime", brand("qt  "), "video", "video/mov"],
  ["AVI", bytes("RIFF", [36, 0, 0, 0], "AVI LIST", zeros(28)), "video", "video/avi"],
  ["a text", bytes("A neap tide\n"), "text", "text/plain"],
  ["a text that begins as a bitmap does", bytes("BMW is a maker of cars"), "text", "text/plain"],
  ["a text that begins as a program does", bytes("MZ is how a program begins"), "text", "text/plain"],
  ["an empty JSON", bytes("{}"), "text", "text/plain"],
  ["SVG, which is text", bytes("<svg xmlns=\"http://www.w3.org/2000/svg\"/>"), "text", "text/plain"],
  ["UTF-8 beyond ASCII", new TextEncoder().encode("Ebbe und Flut – 潮汐"), "text", "text/plain"],
  ["UTF-16", bytes([0xff, 0xfe], "T\0i\0d\0e\0"), "text", "text/plain"],
  ["the log of a terminal", bytes("\x1b[31mred\x1b[0m\n"), "text", "text/plain"],
  ["a ZIP", bytes("PK", [3, 4], zeros(40)), "other", "application/zip"],
  ["gzip", bytes([0x1f, 0x8b, 8, 0], zeros(20)), "other", "application/gzip"],
  ["Latin-1", bytes("caf\xe9 noir"), "other", "application/octet-stream"],
  ["zeros", new Uint8Array(64), "other", "application/octet-stream"]
]

describe("bytes", () => {
  it.each(known)("%s", async (_, given, kind, mimeType) => {
    assert.deepStrictEqual(await byteType(given, true), { kind, mimeType })
  })

  it("are text also where the first of them end within a character", () => {
    const cut = new TextEncoder().encode("潮汐").subarray(0, 4)
    assert.strictEqual(textOf(cut, false), "潮")
    assert.strictEqual(textOf(cut, true), undefined)
    assert.strictEqual(textOf(bytes([0xff, 0xfe], "T\0i\0"), true), "Ti")
  })
})

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-attached-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const stdin = (given: Uint8Array | undefined) =>
  Layer.mergeAll(
    NodeServices.layer,
    Stdio.layerTest({
      stdin: given === undefined ? Stream.empty : Stream.make(given),
      stdinIsTerminal: Effect.succeed(given === undefined)
    })
  )

const got = (from: string, given?: Uint8Array) => read(from).pipe(Effect.provide(stdin(given)))

describe("an attachment", () => {
  it.live("is read by its bytes from a file, stdin and an address", () =>
    Effect.gen(function*() {
      const at = yield* folder
      writeFileSync(join(at, "photo.txt"), png)
      writeFileSync(join(at, "notes.png"), "A neap tide")
      const photo = yield* got(join(at, "photo.txt"))
      assert.deepStrictEqual([photo.name, photo.mimeType, photo.content._tag], ["photo.txt", "image/png", "Bytes"])
      const notes = yield* got(join(at, "notes.png"))
      assert.deepStrictEqual(notes.content, { _tag: "Text", text: "A neap tide" })
      assert.strictEqual((yield* got("-", png)).mimeType, "image/png")

      const server = createServer((request, response) => {
        assert.isUndefined(request.headers["x-goog-api-key"])
        if (request.url === "/none") response.writeHead(404).end()
        else if (request.url === "/large") {
          const piece = new Uint8Array(8 * 1024 * 1024)
          const more = () => {
            while (!response.destroyed && response.write(piece));
            if (!response.destroyed) response.once("drain", more)
          }
          more()
        } else response.end(png)
      })
      yield* Effect.promise(() => new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve)))
      yield* Effect.addFinalizer(() => Effect.sync(() => server.closeAllConnections()))
      const address = server.address()
      const url = `http://127.0.0.1:${typeof address === "object" ? address?.port : 0}`
      const picture = yield* got(`${url}/a/picture.txt?x=1`)
      assert.deepStrictEqual([picture.name, picture.mimeType], ["picture.txt", "image/png"])
      const none = yield* Effect.flip(got(`${url}/none`))
      assert.deepStrictEqual([none.exitCode, none.text], [1, `${url}/none: the server answers 404`])
      assert.include((yield* Effect.flip(got(`${url}/large`))).text, "is larger than 105 MB")
      server.close()
    }).pipe(Effect.scoped), 60_000)

  it.live("that Google fetches is not fetched here", () =>
    Effect.gen(function*() {
      for (
        const uri of ["https://www.youtube.com/watch?v=x", "https://youtu.be/x", "gs://bucket/talk.mp4", "files/abc-1"]
      ) {
        assert.deepStrictEqual((yield* got(uri)).content, { _tag: "Address", uri })
      }
    }))

  it.live("is a message where it cannot be one", () =>
    Effect.gen(function*() {
      const at = yield* folder
      mkdirSync(join(at, "folder"))
      writeFileSync(join(at, "empty.png"), "")
      writeFileSync(join(at, "archive.pdf"), bytes("PK", [3, 4], zeros(40)))
      writeFileSync(join(at, "noise.txt"), new Uint8Array(64))
      for (
        const [from, says] of [
          [join(at, "missing.png"), "there is no such file"],
          [join(at, "folder"), "is a folder"],
          [join(at, "empty.png"), "is empty"],
          [join(at, "archive.pdf"), "is application/zip by its bytes"],
          [join(at, "noise.txt"), "its bytes are of no kind that Gemini reads"],
          ["/dev/zero", "is a device"],
          ["-", "stdin is the terminal"],
          ["", "expected a file"],
          ["https://", "is not a URL"],
          ["https://me:secret@example.org/a.png", "a URL with a password"]
        ] as const
      ) {
        const error = yield* Effect.flip(got(from))
        assert.include(error.text, says, from)
        assert.notInclude(error.text, "secret")
        assert.strictEqual(error.exitCode, 2)
      }
    }).pipe(Effect.scoped))

  it.live("goes by upload from the first byte beyond what a request takes", () =>
    Effect.gen(function*() {
      const at = yield* folder
      const sized = (name: string, size: number) => {
        writeFileSync(join(at, name), png)
        truncateSync(join(at, name), size)
        return got(join(at, name))
      }
      const largest = yield* sized("largest.png", largestInline)
      const larger = yield* sized("larger.png", largestInline + 1)
      assert.deepStrictEqual([largest.content._tag, larger.content._tag], ["Bytes", "Path"])
      assert.deepStrictEqual(uploads([largest, larger]), [larger])
      // Three of 8 MiB are more than all may be together; a small one behind them still fits.
      const small = yield* got("-", png)
      assert.deepStrictEqual(uploads([largest, largest, { ...largest }, small]).length, 1)
      assert.isAbove(largestRead, largestInline)
    }).pipe(Effect.scoped))
})
