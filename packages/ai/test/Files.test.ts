import { assert, describe, it } from "@effect/vitest"
import * as Prompt from "effect/ai/Prompt"
import * as Base64 from "effect/encoding/Base64"
import { filePart } from "../src/internal/filePart.ts"

const bytes = (text: string): Uint8Array => Uint8Array.from(text, (c) => c.charCodeAt(0))
const pad = (text: string): Uint8Array => bytes(text.padEnd(32, "\0"))

const sent = (mediaType: string, data: Uint8Array | string | URL) => filePart(Prompt.filePart({ mediaType, data }))

const signs: ReadonlyArray<readonly [wanted: string, head: string]> = [
  ["image/png", "\x89PNG\r\n\x1a\n"],
  ["image/jpeg", "\xff\xd8\xff\xe0"],
  ["image/gif", "GIF89a"],
  ["image/webp", "RIFF\0\0\0\0WEBPVP8 "],
  ["image/heic", "\0\0\0\x18ftypheic"],
  ["image/jpeg", "something else"],
  ["audio/wav", "RIFF\0\0\0\0WAVEfmt "],
  ["audio/ogg", "OggS"],
  ["audio/flac", "fLaC"],
  ["audio/mpeg", "ID3\x04"],
  ["audio/m4a", "\0\0\0\x18ftypM4A "],
  ["audio/mpeg", "something else"],
  ["video/mov", "\0\0\0\x14ftypqt  "],
  ["video/mp4", "\0\0\0\x18ftypisom"],
  ["video/webm", "\x1aE\xdf\xa3"],
  ["video/avi", "RIFF\0\0\0\0AVI LIST"],
  ["video/mp4", "something else"],
  ["application/pdf", "%PDF-1.7"],
  ["text/plain", "something else"]
]

const addresses: ReadonlyArray<readonly [wanted: string, address: string]> = [
  ["image/png", "https://a.example/b.png"],
  ["image/png", "https://a.example/B.PNG?size=2#x"],
  ["image/jpeg", "https://a.example/picture"],
  ["image/jpeg", "https://a.example/song.mp3"],
  ["audio/wav", "gs://bucket/a.wav"],
  ["audio/webm", "gs://bucket/a.webm"],
  ["audio/mpeg", "gs://bucket/a.constructor"],
  ["video/webm", "gs://bucket/a.webm"],
  ["video/mp4", "https://www.youtube.com/watch?v=abc"]
]

const any = (type: string) => `${type.split("/")[0] ?? ""}/*`

describe("a file of no concrete type", () => {
  it.each(signs)("is %s by its first bytes", (wanted, head) => {
    for (
      const data of [pad(head), Base64.encode(pad(head)), `data:${any(wanted)};base64,${Base64.encode(pad(head))}`]
    ) {
      assert.strictEqual(sent(any(wanted), data).inlineData?.mimeType, wanted)
    }
  })

  it.each(addresses)("is %s by its address", (wanted, address) => {
    assert.deepStrictEqual(sent(any(wanted), address), { fileData: { mimeType: wanted, fileUri: address } })
    assert.deepStrictEqual(sent(any(wanted), new URL(address)), { fileData: { mimeType: wanted, fileUri: address } })
  })

  it("stays what it is where the type is concrete, or of a kind that nobody knows", () => {
    for (const type of ["image/svg+xml", "font/*", "*/*"]) {
      assert.strictEqual(sent(type, pad("\x89PNG")).inlineData?.mimeType, type)
    }
    assert.strictEqual(sent("image/*", new Uint8Array()).inlineData?.mimeType, "image/jpeg")
    assert.strictEqual(sent("image/*", "no base64 %").inlineData?.mimeType, "image/jpeg")
  })
})

describe("a data URL", () => {
  const inline = (data: string | URL) => sent("text/markdown", data).inlineData

  it.each([
    ["data:text/plain,hello", "text/plain", "hello"],
    ["data:text/plain;charset=utf-8,h%C3%A9llo%2C%20you", "text/plain", "héllo, you"],
    ["data:,hello", "text/markdown", "hello"],
    ["data:,100%", "text/markdown", "100%"],
    ["data:text/plain;base64,aGVsbG8=", "text/plain", "hello"],
    ["data:text/plain;charset=utf-8;BASE64,aGVsbG8%3D", "text/plain", "hello"]
  ])("%s holds its data", (url, mimeType, text) => {
    for (const data of [url, new URL(url)]) {
      assert.deepStrictEqual(inline(data), { mimeType, data: Base64.encode(new TextEncoder().encode(text)) })
    }
  })
})

describe("a name of the Files API", () => {
  it("is the file's address", () => {
    assert.deepStrictEqual(sent("image/png", "files/abc-123"), {
      fileData: { mimeType: "image/png", fileUri: "https://generativelanguage.googleapis.com/v1beta/files/abc-123" }
    })
  })

  it("is told from base64 that begins alike", () => {
    for (const data of ["files/ABC+", `files/${"a".repeat(41)}`, "files/", "filesabc"]) {
      assert.strictEqual(sent("image/png", data).inlineData?.data, data)
    }
  })
})
