/** Files of a narrative that are no images: what they are by their bytes, and what is not sent. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as Act from "effect-gemini-narrative/Act"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Effect from "effect/Effect"
import { mkdirSync, symlinkSync, writeFileSync } from "node:fs"
import { join } from "node:path"
import * as MediaType from "../src/internal/mediaType.ts"
import { folder } from "./runs.ts"

const bytes = (text: string, ...more: ReadonlyArray<number>): Uint8Array =>
  Uint8Array.from([...Array.from(text, (c) => c.charCodeAt(0)), ...more])

/** The first bytes of files as programs write them. */
const heads: ReadonlyArray<readonly [kind: MediaType.FileKind, type: string, head: Uint8Array]> = [
  ["pdf", "application/pdf", bytes("%PDF-1.7\n")],
  ["audio", "audio/wav", bytes("RIFF\0\0\0\0WAVEfmt ")],
  ["audio", "audio/mp3", bytes("ID3", 4, 0)],
  ["audio", "audio/mp3", Uint8Array.of(0xff, 0xfb, 0x90, 0)],
  ["audio", "audio/aac", Uint8Array.of(0xff, 0xf1, 0x50, 0)],
  ["audio", "audio/flac", bytes("fLaC")],
  ["audio", "audio/ogg", bytes("OggS")],
  ["audio", "audio/aiff", bytes("FORM\0\0\0\0AIFF")],
  ["video", "video/mp4", bytes("\0\0\0\x18ftypisom")],
  ["video", "video/mov", bytes("\0\0\0\x14ftypqt  ")],
  ["video", "video/3gpp", bytes("\0\0\0\x14ftyp3gp5")],
  ["video", "video/webm", Uint8Array.of(0x1a, 0x45, 0xdf, 0xa3)],
  ["video", "video/avi", bytes("RIFF\0\0\0\0AVI LIST")],
  ["video", "video/mpeg", Uint8Array.of(0, 0, 1, 0xba)],
  ["video", "video/x-flv", bytes("FLV", 1)],
  ["video", "video/wmv", Uint8Array.of(0x30, 0x26, 0xb2, 0x75)]
]

describe("a file's bytes", () => {
  it("say what it is, and nothing else does", () => {
    for (const [kind, type, head] of heads) {
      for (const other of ["image", "pdf", "audio", "video"] as const) {
        assert.strictEqual(MediaType.ofBytes(other, head), other === kind ? type : undefined, `${type} as ${other}`)
      }
    }
    for (const kind of ["image", "pdf", "audio", "video"] as const) {
      assert.isUndefined(MediaType.ofBytes(kind, new Uint8Array(0)))
      assert.isUndefined(MediaType.ofBytes(kind, Uint8Array.of(0xff)))
      assert.isUndefined(MediaType.ofBytes(kind, bytes("hello, this is a text")))
    }
  })
})

const story = (inputs: string, more = "") =>
  `[[acts]]\nname = "a"\ninputs = [${inputs}]\nprompt = "Sum it up. {{> shared}}"\n[partials]\nshared = "x"\n${more}\n`

describe("the files of a narrative", () => {
  const read = Effect.fnUntraced(function*(inputs: string, more?: string) {
    const root = yield* folder
    const own = join(root, "own")
    mkdirSync(own)
    writeFileSync(join(own, "a.pdf"), heads[0]?.[2] ?? "")
    writeFileSync(join(own, "a.mp3"), heads[2]?.[2] ?? "")
    writeFileSync(join(own, "a.mp4"), heads[8]?.[2] ?? "")
    writeFileSync(join(own, "a.md"), "Of {{tides}} and {{> moons}}")
    writeFileSync(join(own, "latin.txt"), Uint8Array.of(0xe9, 0x20, 0xff))
    writeFileSync(join(root, "secret.txt"), "secret")
    symlinkSync(join(root, "secret.txt"), join(own, "link.txt"))
    const file = join(own, "story.toml")
    writeFileSync(file, story(inputs, more))
    return yield* Narrative.fromFile(file).pipe(
      Effect.map(({ acts }) => acts.map((act) => Act.request(act, String).contents)),
      Effect.catch(({ problems }) => Effect.succeed(problems.map(({ what }) => what)))
    )
  }, Effect.scoped)

  it.effect("are parts of the request, and a text goes as it is, braces and all", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(
        yield* read("{ pdf = \"a.pdf\" }, { audio = \"a.mp3\" }, { video = \"a.mp4\" }, { text_file = \"a.md\" }"),
        [[{
          role: "user",
          parts: [
            { inlineData: { mimeType: "application/pdf", data: "JVBERi0xLjcK" } },
            { inlineData: { mimeType: "audio/mp3", data: "SUQzBAA=" } },
            { inlineData: { mimeType: "video/mp4", data: "AAAAGGZ0eXBpc29t" } },
            { text: "Of {{tides}} and {{> moons}}" },
            { text: "Sum it up. x" }
          ]
        }]]
      )
    }).pipe(Effect.provide(NodeServices.layer)))

  it.effect("are refused where they are not what is said, or lie elsewhere, even behind a link", () =>
    Effect.gen(function*() {
      assert.deepStrictEqual(yield* read("{ pdf = \"a.mp3\" }"), ["a.mp3: its bytes are not those of a PDF"])
      assert.deepStrictEqual(yield* read("{ text_file = \"latin.txt\" }"), [
        "latin.txt: its bytes are not those of a text in UTF-8"
      ])
      assert.deepStrictEqual(yield* read("{ text_file = \"../secret.txt\" }, { text_file = \"link.txt\" }"), [
        "../secret.txt: lies outside the narrative's folder",
        "link.txt: lies outside the narrative's folder"
      ])
      assert.deepStrictEqual(
        yield* read("{ text = \"x\" }", "stolen = { file = \"link.txt\" }"),
        ["link.txt: lies outside the narrative's folder"]
      )
      assert.deepStrictEqual(yield* read("{ audio = \"a.mp3\", media_type = \"audio/wav\" }"), [
        "a.mp3 is audio/mp3 by its bytes, not audio/wav"
      ])
    }).pipe(Effect.provide(NodeServices.layer)))
})
