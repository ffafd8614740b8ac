import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { fileURLToPath } from "node:url"

const bin = fileURLToPath(new URL("../src/bin.ts", import.meta.url))

describe("gemini-fx emulator", () => {
  it("says where it listens, answers there, and ends on SIGINT", async () => {
    const child = spawn(process.execPath, [bin, "emulator", "--port", "0"], { stdio: ["ignore", "pipe", "inherit"] })
    try {
      const [line] = await once(child.stdout, "data")
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0]
      const response = await fetch(`${url}/v1beta/models/gemini-3.8-flash:generateContent?key=any`, {
        method: "POST",
        body: JSON.stringify({ contents: [{ parts: [{ text: "Say hello" }] }] })
      })
      assert.strictEqual(response.status, 200)
      assert.include(await response.text(), "Say hello")
    } finally {
      child.kill("SIGINT")
    }
    await once(child, "exit")
    assert.isNull(child.signalCode)
  })

  it("overloads a model and takes a region down, as its flags say", async () => {
    const args = [
      "--port",
      "0",
      "--overload",
      "gemini-3.8-flash",
      "--outage",
      "europe-west4",
      "--outage",
      "us-east1=reset"
    ]
    const child = spawn(process.execPath, [bin, "emulator", ...args], { stdio: ["ignore", "pipe", "inherit"] })
    try {
      const [line] = await once(child.stdout, "data")
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(String(line))?.[0]
      const ask = async (model: string, region = "") => {
        const response = await fetch(`${url}${region}/v1beta/models/${model}:generateContent?key=any`, {
          method: "POST",
          body: JSON.stringify({ contents: [{ parts: [{ text: "Say hello" }] }] })
        })
        await response.text()
        return response.status
      }
      assert.strictEqual(await ask("gemini-3.8-flash"), 503)
      assert.strictEqual(await ask("gemini-3.5-flash-lite"), 200)
      assert.strictEqual(await ask("gemini-3.5-flash-lite", "/locations/europe-north1"), 200)
      assert.strictEqual(await ask("gemini-3.5-flash-lite", "/locations/europe-west4"), 503)
      assert.strictEqual(await ask("gemini-3.5-flash-lite", "/locations/us-east1").catch(() => "reset"), "reset")
    } finally {
      child.kill("SIGINT")
    }
    await once(child, "exit")
  })
})
