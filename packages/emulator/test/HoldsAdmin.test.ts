/** Held calls over sockets: by the admin API, by its events, and by every service of an emulator. */
import * as Standalone from "effect-gemini-emulator/Standalone"
import { request } from "node:http"
import { assert, describe, it } from "vitest"
import { adminCall } from "./adminCall.ts"
import { flash, prompt } from "./Wire.ts"

const post = (url: string, body: unknown, method = "generateContent") =>
  fetch(`${url}/v1beta/models/${flash}:${method}`, {
    method: "POST",
    headers: { "x-goog-api-key": "any" },
    body: JSON.stringify(body)
  })

const tools = [{
  functionDeclarations: [{
    name: "get_weather",
    description: "Looks the weather up",
    parameters: {
      type: "OBJECT",
      properties: { city: { type: "STRING" }, days: { type: "INTEGER" } },
      required: ["city"]
    }
  }]
}]

describe("the admin API about held calls", () => {
  it("shows each with likely answers, takes one by hand, and refuses what does not fit", async () => {
    await using emulator = await Standalone.start()
    const call = adminCall(emulator.url)
    assert.deepStrictEqual((await call("PUT", "/spaces/default/holds", { all: true })).body, { all: true, calls: [] })
    const answered = post(emulator.url, {
      ...prompt("How is the weather in Lisbon for 3 days?"),
      tools,
      generationConfig: {
        responseMimeType: "application/json",
        responseSchema: { type: "STRING", enum: ["wet", "dry"] }
      }
    }, "streamGenerateContent?alt=sse")
    const { body } = await call("GET", "/spaces/default/holds?wait=10s")
    const [held] = body.calls
    assert.deepInclude(held, { id: 1, request: 0, method: "streamGenerateContent", model: flash })
    assert.deepStrictEqual(held.functions[0].args, { city: "Lisbon", days: 3 })
    assert.strictEqual(held.functions[0].description, "Looks the weather up")
    assert.include(["wet", "dry"], held.json.value)
    const wrong = await call("POST", "/spaces/default/holds/1/answer", {
      answer: { calls: [{ name: "get_weather", args: { city: 1 } }] }
    })
    assert.deepStrictEqual([wrong.status, wrong.body.problems[0].path], [400, "calls[0].args.city"])
    const misspelt = await call("POST", "/spaces/default/holds/1/answer", { answer: { txt: "x" } })
    assert.strictEqual(misspelt.status, 400)
    const right = await call("POST", "/spaces/default/holds/1/answer", {
      answer: { calls: [{ name: "get_weather", args: { city: "Lisbon" } }] }
    })
    assert.strictEqual(right.status, 204)
    assert.include(await (await answered).text(), "\"Lisbon\"")
    const late = await call("POST", "/spaces/default/holds/1/let-go")
    assert.strictEqual(late.status, 404)
    assert.include(late.body.detail, "The space \"default\" holds no call 1")
  })

  it("tells of each that is held and released, to a client that comes back, too", async () => {
    await using emulator = await Standalone.start({ rules: [{ name: "asks me", reply: { hold: true } }] })
    const events = `${emulator.url}/_emulator/v1/spaces/default/events`
    const read = async (until: string, from?: string) => {
      const stop = new AbortController()
      const response = await fetch(events, {
        signal: stop.signal,
        headers: from === undefined ? {} : { "last-event-id": from }
      })
      let text = ""
      try {
        for await (const piece of response.body?.pipeThrough(new TextDecoderStream()) ?? []) {
          text += piece
          if (text.includes(until)) break
        }
      } finally {
        stop.abort()
      }
      return text
    }
    const ready = read("event: ready")
    const [, start] = /id: (\S+)/.exec(await ready) ?? []
    const answer = post(emulator.url, prompt("x"))
    await emulator.holds.awaitHeld(1)
    emulator.holds.letGo(1)
    await answer
    const seen = await read("\"ended\":true", start)
    const kinds = [...seen.matchAll(/event: (\w+)/g)].map(([, kind]) => kind)
    assert.deepStrictEqual(kinds, ["ready", "request", "held", "released", "request"])
    assert.include(seen, "\"rule\":\"asks me\"")
  })

  it("a client that goes away frees its place, and the end of the emulator those that are left", async () => {
    const emulator = await Standalone.start({ hold: true })
    const sent = request(`${emulator.url}/v1beta/models/${flash}:generateContent?key=any`, { method: "POST" })
    sent.on("error", () => undefined)
    sent.end(JSON.stringify(prompt("x")))
    await emulator.holds.awaitHeld(1)
    sent.destroy()
    const [entry] = await emulator.awaitClosed(1)
    assert.strictEqual(entry?.outcome, "aborted")
    assert.deepStrictEqual(emulator.holds.list(), [])
    const last = post(emulator.url, prompt("x")).then(() => "answered", () => "broken")
    await emulator.holds.awaitHeld(1)
    await emulator.stop()
    await last
    assert.deepStrictEqual(emulator.holds.list(), [])
  })
})

type Gemini = Standalone.Standalone | Awaited<ReturnType<typeof Standalone.connect>>

const ways: ReadonlyArray<readonly [string, (url: string, own: Standalone.Standalone) => Promise<Gemini>]> = [
  ["in this process", (_, own) => Promise.resolve(own.space("one"))],
  ["of another process", (url) => Standalone.connect(url, { space: "one" })]
]

for (const [name, reach] of ways) {
  describe(`an emulator ${name}`, () => {
    it("holds calls, shows them, has them answered and lets them go", async () => {
      await using emulator = await Standalone.start()
      const gemini = await reach(emulator.url, emulator)
      await gemini.addRules([{ name: "asks me", reply: { hold: true } }])
      assert.isFalse(await gemini.holds.all())
      const first = post(gemini.url, { ...prompt("One"), tools })
      const [held] = await gemini.holds.awaitHeld(1)
      assert.deepInclude(held, { id: 1, request: 0, rule: "asks me", method: "generateContent", project: "default" })
      assert.deepStrictEqual(held?.body, { ...prompt("One"), tools })
      const wrong = await Promise.resolve()
        .then(() => gemini.holds.answer(1, { calls: [{ name: "get_wether" }] })).catch(String)
      assert.include(String(wrong), "calls[0].name: the request declares no function \"get_wether\"")
      const misspelt = await Promise.resolve()
        .then(() => gemini.holds.answer(1, JSON.parse("{\"txt\":1}"))).catch(String)
      assert.include(String(misspelt), "txt: there is no such field. Did you mean \"text\"?")
      assert.isTrue(await gemini.holds.answer(1, { text: "By hand." }))
      assert.include(await (await first).text(), "By hand.")
      await gemini.holds.setAll(true)
      const second = post(gemini.url, prompt("Two"))
      await gemini.holds.awaitHeld(1)
      assert.isTrue(await gemini.holds.all())
      assert.deepStrictEqual((await gemini.holds.list()).map(({ id, rule }) => [id, rule]), [[2, undefined]])
      assert.isTrue(await gemini.holds.letGo(2))
      assert.isFalse(await gemini.holds.letGo(2))
      assert.isFalse(await gemini.holds.answer(2, "Late."))
      assert.strictEqual((await second).status, 200)
      assert.deepStrictEqual((await gemini.requests()).map(({ verdict }) => verdict?.by), ["hand", "generator"])
    })
  })
}
