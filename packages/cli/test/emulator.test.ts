import { assert, describe, it } from "@effect/vitest"
import { spawn } from "node:child_process"
import { once } from "node:events"
import { mkdtemp, rm, writeFile } from "node:fs/promises"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { createInterface } from "node:readline"
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

  it("refuses the keys that --keys refuses, in Google's words, and all that it does not name beside a valid one", async () => {
    const begin = async (...keys: ReadonlyArray<string>) => {
      const args = [bin, "emulator", "--port", "0", ...keys.flatMap((key) => ["--keys", key])]
      const child = spawn(process.execPath, args, { stdio: ["ignore", "pipe", "inherit"] })
      const [lines] = await once(child.stdout, "data")
      const text = String(lines)
      const ask = async (key: string) => {
        const response = await fetch(`${/http:\/\/127\.0\.0\.1:\d+/.exec(text)?.[0]}/v1beta/models?key=${key}`)
        const body: { readonly error?: { readonly message: string } } = JSON.parse(await response.text())
        return body.error === undefined ? response.status : `${response.status} ${body.error.message}`
      }
      const end = async () => {
        child.kill("SIGINT")
        await once(child, "exit")
      }
      return { ask, end, text }
    }
    const some = await begin("old=expired", "gone=leaked", "nobody=unknown", "bad=invalid")
    const only = await begin("good", "old=expired")
    try {
      assert.include(some.text, "any key is taken but those that --keys refuses")
      assert.strictEqual(await some.ask("other"), 200)
      assert.strictEqual(await some.ask("old"), "400 API key expired. Please renew the API key.")
      assert.match(String(await some.ask("gone")), /^403 Your API key was reported as leaked/)
      assert.match(String(await some.ask("nobody")), /^40\d /)
      assert.strictEqual(await some.ask("bad"), "400 API key not valid. Please pass a valid API key.")
      assert.include(only.text, "only the keys of --keys are taken")
      assert.strictEqual(await only.ask("good"), 200)
      assert.strictEqual(await only.ask("other"), "400 API key not valid. Please pass a valid API key.")
      assert.strictEqual(await only.ask("old"), "400 API key expired. Please renew the API key.")
    } finally {
      await some.end()
      await only.end()
    }
  })

  it("answers by the rules of a file, reads it again when it changes, and says what is wrong with it", async () => {
    const folder = await mkdtemp(join(tmpdir(), "scenario-"))
    const file = join(folder, "rules.toml")
    await writeFile(file, "[[rule]]\nwhen = { text = 'Hi' }\nreply = 'one'\n")
    const child = spawn(process.execPath, [bin, "emulator", "--port", "0", "--scenario", file], { stdio: "pipe" })
    const lines: Array<string> = []
    let wake = () => {}
    for (const stream of [child.stdout, child.stderr]) {
      createInterface({ input: stream }).on("line", (line) => {
        lines.push(line)
        wake()
      })
    }
    const line = async (part: string): Promise<string> => {
      for (;;) {
        const found = lines.find((each) => each.includes(part))
        if (found !== undefined) return found
        await new Promise<void>((resolve) => (wake = resolve))
      }
    }
    try {
      const url = /http:\/\/127\.0\.0\.1:\d+/.exec(await line("Gemini API on"))?.[0]
      const ask = async (text: string) => {
        const response = await fetch(`${url}/v1beta/models/gemini-3.8-flash:generateContent?key=any`, {
          method: "POST",
          body: JSON.stringify({ contents: [{ parts: [{ text }] }] })
        })
        return `${response.status} ${await response.text()}`
      }
      assert.include(
        await line("It answers by"),
        `It answers by 1 rule of ${file}, and refuses what none of them matches`
      )
      assert.include(await ask("Hi"), "\"one\"")
      assert.match(await ask("Bye"), /^501 [^]*wanted \\"Hi\\", found \\"Bye\\"/)
      await writeFile(file, "[[rule]]\nreply = 'two'\n[[rule]]\nreply = 'never'\n")
      await line("has changed: 2 rules")
      assert.include(await ask("Bye"), "\"two\"")
      await writeFile(file, "[[rule]]\nrpley = 'x'\n")
      assert.include(await line("rpley"), `${file}: rule[0].rpley: there is no such field. Did you mean "reply"?`)
      await line("the rules before it stay")
      assert.include(await ask("Bye"), "\"two\"")
    } finally {
      child.kill("SIGINT")
    }
    await once(child, "exit")
    const wrong = spawn(process.execPath, [bin, "emulator", "--port", "0", "--scenario", file], { stdio: "pipe" })
    let said = ""
    wrong.stderr.on("data", (data) => (said += data))
    const [code] = await once(wrong, "close")
    assert.strictEqual(code, 2)
    assert.include(said, `${file}: rule[0].rpley: there is no such field.`)
    await rm(folder, { recursive: true })
  })
})
