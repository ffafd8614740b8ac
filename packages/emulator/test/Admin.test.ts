import * as Standalone from "effect-gemini-emulator/Standalone"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { adminCall } from "./adminCall.ts"
import { flash, prompt } from "./Wire.ts"

let emulator: Awaited<ReturnType<typeof Standalone.start>>
let call: ReturnType<typeof adminCall>
beforeAll(async () => {
  emulator = await Standalone.start()
  call = adminCall(emulator.url)
})
afterAll(() => emulator.stop())

const ask = async (space: string, text = "Hi") => {
  const response = await fetch(`${emulator.url}/spaces/${space}/v1beta/models/${flash}:generateContent?key=any`, {
    method: "POST",
    body: JSON.stringify(prompt(text))
  })
  const { candidates, error } = await response.json()
  return { status: response.status, text: candidates?.[0].content.parts[0].text ?? error.message }
}

describe("the admin API", () => {
  it("says that the server is there", async () => {
    assert.deepStrictEqual(await call("GET", "/health"), { status: 200, body: { status: "ok" } })
  })

  it("is no traffic: nothing of it is logged or counted", async () => {
    await call("GET", "/spaces")
    await call("GET", "/nothing")
    await call("PUT", "/spaces/quiet")
    assert.deepStrictEqual(emulator.requests(), [])
    assert.deepStrictEqual(emulator.space("quiet").requests(), [])
    assert.strictEqual(emulator.counters().total, 0)
    assert.strictEqual(emulator.spaces().refused, 0)
  })

  it("makes spaces, keeps one that is there, replaces it with options, and ends it", async () => {
    const made = await call("PUT", "/spaces/one")
    assert.deepInclude(made.body, { name: "one", url: `${emulator.url}/spaces/one`, requests: 0 })
    await ask("one")
    assert.strictEqual((await call("PUT", "/spaces/one")).body.requests, 1)
    assert.strictEqual((await call("PUT", "/spaces/one", { faults: [{ status: 503 }] })).body.requests, 0)
    assert.strictEqual((await ask("one")).status, 503)
    assert.strictEqual((await call("DELETE", "/spaces/one")).status, 204)
    assert.strictEqual((await call("GET", "/spaces/one/rules")).status, 410)
    assert.strictEqual((await ask("one")).status, 410)
    assert.strictEqual((await call("PUT", "/spaces/one")).status, 200)
  })

  it("sets, adds and removes rules, as JSON and as TOML, and those that stay go on counting", async () => {
    const toml = "vars = { name = \"Ada\" }\n[[rule]]\nname = \"greets\"\nwhen = { text = \"Hi\" }\n" +
      "reply = \"Hello {{ vars.name }}\"\n"
    const set = await fetch(`${emulator.url}/_emulator/v1/spaces/rules/rules`, {
      method: "PUT",
      headers: { "content-type": "application/toml" },
      body: toml
    })
    assert.deepStrictEqual(await set.json(), { rules: [{ name: "greets", answered: 0, usedUp: false }] })
    assert.deepStrictEqual(await ask("rules"), { status: 200, text: "Hello Ada" })
    await call("POST", "/spaces/rules/rules", {
      rule: [{ name: "first", when: { text: "Hi" }, reply: "Me" }],
      place: "first"
    })
    assert.strictEqual((await ask("rules")).text, "Me")
    assert.strictEqual((await call("DELETE", "/spaces/rules/rules/first")).status, 204)
    assert.deepStrictEqual((await call("GET", "/spaces/rules/rules")).body, {
      rules: [{ name: "greets", answered: 1, usedUp: false }]
    })
    assert.strictEqual((await ask("rules", "Bye")).status, 501)
    await call("PUT", "/spaces/rules/rules", {
      rule: [{ when: { text: "Bye" }, reply: "So long" }],
      otherwise: "generate"
    })
    assert.deepStrictEqual([(await ask("rules", "Bye")).text, (await ask("rules")).status], ["So long", 200])
  })
})
