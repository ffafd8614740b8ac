/** The image's recipe: linted, and its commands run here without Docker. Nobody has built it: no Docker is there. */
import { assert, beforeAll, describe, it } from "@effect/vitest"
import { validate } from "dockerfile-utils"
import { spawn } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { bundleCommand } from "../../../scripts/commandBundle.ts"

const text = readFileSync(new URL("../Dockerfile", import.meta.url), "utf8")

/** The words of an instruction in its JSON form. */
const words = (instruction: string): ReadonlyArray<string> =>
  JSON.parse(new RegExp(`^${instruction}\\b[^\\n]*?(\\[.*\\])$`, "m").exec(text)?.[1] ?? "[]")

const freePort = () =>
  new Promise<number>((resolve) => {
    const server = createServer().listen(0, "127.0.0.1", () => {
      const address = server.address()
      server.close(() => resolve(typeof address === "object" && address !== null ? address.port : 0))
    })
  })

describe("the Dockerfile", () => {
  it("has nothing to be said against it, and its user is not root", () => {
    assert.deepStrictEqual(validate(text), [])
    assert.isNotEmpty(validate(text.replace("EXPOSE 8790", "EXPSE 8790")))
    assert.match(text, /^USER node$/m)
    assert.match(text, /never built/)
  })

  it("copies the one file that its ignore list lets through", () => {
    const ignored = readFileSync(new URL("../.dockerignore", import.meta.url), "utf8")
    assert.strictEqual(ignored, "*\n!dist/effect-gemini-emulator.cjs\n")
    assert.match(text, /^COPY dist\/effect-gemini-emulator\.cjs /m)
  })

  describe("its commands", () => {
    let folder: string
    beforeAll(async () => {
      folder = mkdtempSync(join(tmpdir(), "emulator-image-"))
      await bundleCommand(join(folder, "effect-gemini-emulator.cjs"))
      return () => rmSync(folder, { recursive: true })
    }, 60_000)

    it("start a server that its health check finds, and the check fails without one", async () => {
      const port = String(await freePort())
      const here = (all: ReadonlyArray<string>) =>
        all.slice(1).map((word) => word.replace("/usr/local/lib", folder).replace("8790", port))
      const check = () =>
        new Promise((resolve) => {
          spawn(process.execPath, here(words("HEALTHCHECK")), { env: { ...process.env, NODE_OPTIONS: "" } })
            .once("close", resolve)
        })
      assert.strictEqual(await check(), 1)
      const server = spawn(process.execPath, here(words("ENTRYPOINT")), { env: { ...process.env, NODE_OPTIONS: "" } })
      const ended = new Promise((resolve) => server.once("close", resolve))
      await new Promise((resolve) => server.stdout.once("data", resolve))
      assert.strictEqual(await check(), 0)
      server.kill("SIGTERM")
      await ended
    })
  })
})
