/** What a header of the emulator's own says beyond ASCII, in the bytes that each language writes. */
import { afterAll, assert, beforeAll, describe, it } from "@effect/vitest"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { spawn, spawnSync } from "node:child_process"
import { connect } from "node:net"

let gemini: Awaited<ReturnType<typeof Standalone.start>>

beforeAll(async () => {
  gemini = await Standalone.start()
})
afterAll(() => gemini.stop())

const body = JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] })
const path = "/v1beta/models/gemini-3.8-flash:generateContent"

/** What is answered to a header of these bytes. */
const answerTo = (name: string, value: Uint8Array): Promise<string> =>
  new Promise((resolve, reject) => {
    const { port } = new URL(gemini.url)
    const socket = connect(Number(port), "127.0.0.1", () => {
      socket.write(`POST ${path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nx-goog-api-key: k\r\n${name}: `)
      socket.write(value)
      socket.write(`\r\nContent-Length: ${body.length}\r\n\r\n${body}`)
    })
    const pieces: Array<Buffer> = []
    socket.on("data", (piece) => pieces.push(piece)).on("error", reject)
    socket.on("end", () => resolve(Buffer.concat(pieces).toString("utf8")))
  })

const words = "Grüße aus Köln, 東京 und 🌊"

describe("x-emulator-answer", () => {
  it("is UTF-8", async () => {
    assert.include(await answerTo("x-emulator-answer", Buffer.from(JSON.stringify({ text: words }))), words)
  })

  it("a misspelt field is told by its own letters, and so is that of a fault", async () => {
    assert.include(await answerTo("x-emulator-answer", Buffer.from("{\"größe\":1}")), "größe")
    assert.include(await answerTo("x-emulator-fault", Buffer.from("{\"größe\":1}")), "größe")
  })

  it("is taken in Latin-1 from those who write that, as fetch does", async () => {
    const response = await fetch(`${gemini.url}${path}`, {
      method: "POST",
      headers: { "x-goog-api-key": "k", "x-emulator-answer": JSON.stringify({ text: "Grüße" }) },
      body
    })
    assert.include(await response.text(), "Grüße")
  })

  it.skipIf(spawnSync("curl", ["--version"]).status !== 0)("as curl sends it", async () => {
    const header = `x-emulator-answer: ${JSON.stringify({ text: words })}`
    const child = spawn("curl", ["-s", "-H", "x-goog-api-key: k", "-H", header, "-d", body, `${gemini.url}${path}`])
    const pieces: Array<Buffer> = []
    child.stdout.on("data", (piece: Buffer) => pieces.push(piece))
    await new Promise((resolve) => child.once("close", resolve))
    assert.include(Buffer.concat(pieces).toString("utf8"), words)
  })
})
