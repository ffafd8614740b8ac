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

describe("the admin API tells a space", () => {
  it("answers, faults by id, quotas and keys, which hold at once", async () => {
    assert.deepStrictEqual((await call("POST", "/spaces/told/queue", { answers: ["one", { text: "two" }] })).body, {
      waiting: 2
    })
    assert.strictEqual((await ask("told")).text, "one")
    assert.deepStrictEqual((await call("GET", "/spaces/told/queue")).body, { waiting: 1 })
    await ask("told")
    const { body: { id }, status } = await call("POST", "/spaces/told/faults", { status: 503 })
    assert.deepStrictEqual([id, status, (await ask("told")).status], ["fault-1", 201, 503])
    assert.deepStrictEqual((await call("GET", "/spaces/told/faults")).body, {
      faults: [{ id: "fault-1", fault: { status: 503 }, hits: 1 }]
    })
    assert.strictEqual((await call("DELETE", `/spaces/told/faults/${id}`)).status, 204)
    assert.strictEqual((await ask("told")).status, 200)
    await call("PUT", "/spaces/told/quotas", { models: { "*": { rpm: 1 } } })
    assert.deepStrictEqual([(await ask("told")).status, (await ask("told")).status], [200, 429])
    await call("PUT", "/spaces/told/quotas", "null")
    assert.strictEqual((await ask("told")).status, 200)
    await call("PUT", "/spaces/told/keys", { valid: ["another"] })
    assert.include((await ask("told")).text, "API key not valid")
  })

  it("when to stop its clock: delays and paces wait for advance, and each wakes at its time", async () => {
    await call("PUT", "/spaces/frozen/rules", {
      rule: [{ reply: { chunks: ["one", "two", "three"], delay: 60_000, chunkDelay: 1000 } }]
    })
    const frozen = await call("POST", "/spaces/frozen/clock", { frozen: true, at: "2030-01-01T00:00:00Z" })
    assert.deepStrictEqual(frozen.body, { time: Date.parse("2030-01-01"), frozen: true })
    const answer = fetch(
      `${emulator.url}/spaces/frozen/v1beta/models/${flash}:streamGenerateContent?alt=sse&key=any`,
      { method: "POST", body: JSON.stringify(prompt("Hi")) }
    )
    await emulator.space("frozen").awaitRequests(1)
    await call("POST", "/spaces/frozen/clock", { advance: "59s" })
    assert.deepStrictEqual(emulator.space("frozen").requests()[0]?.chunks.length, 0)
    await call("POST", "/spaces/frozen/clock", { advance: "1h" })
    const text = await (await answer).text()
    assert.deepStrictEqual([...text.matchAll(/"text": "(\w+)"/g)].map(([, word]) => word), ["one", "two", "three"])
    const [entry] = await emulator.space("frozen").awaitClosed(1)
    assert.deepStrictEqual(entry?.chunks.map(({ time }) => time - Date.parse("2030-01-01")), [61_000, 62_000, 63_000])
    const thawed = await call("POST", "/spaces/frozen/clock", { frozen: false })
    assert.isFalse(thawed.body.frozen)
    assert.isAtLeast(thawed.body.time, Date.parse("2030-01-01T01:00:59Z"))
  })

  it("to forget everything, or all but its rules, which begin to count anew", async () => {
    await call("PUT", "/spaces/reset/rules", { rule: [{ name: "once", reply: "said", times: 1 }] })
    await ask("reset")
    assert.strictEqual((await ask("reset")).status, 501)
    assert.strictEqual((await call("POST", "/spaces/reset/reset", { rules: "keep" })).status, 204)
    assert.strictEqual((await ask("reset")).text, "said")
    assert.strictEqual((await call("GET", "/spaces/reset/requests")).body.arrived, 1)
    assert.strictEqual((await call("POST", "/spaces/reset/reset")).status, 204)
    assert.deepStrictEqual((await call("GET", "/spaces/reset/rules")).body, { rules: [] })
  })
})

describe("the admin API is asked", () => {
  it("for requests: page by page, filtered, in full, and waited for", async () => {
    const path = "/spaces/log/requests"
    await call("PUT", "/spaces/log/rules", { rule: [{ name: "hi", when: { text: "Hi" }, reply: "Hello" }] })
    for (const text of ["Hi", "No", "Hi"]) await ask("log", text)
    const first = (await call("GET", `${path}?limit=2`)).body
    assert.deepStrictEqual([first.requests.map(({ id }: { id: number }) => id), first.next], [[0, 1], 1])
    const second = (await call("GET", `${path}?limit=2&after=${first.next}`)).body
    assert.deepStrictEqual([second.requests.map(({ id }: { id: number }) => id), second.next], [[2], undefined])
    const unmatched = (await call("GET", `${path}?by=unmatched&status=501`)).body.requests
    assert.deepStrictEqual(unmatched.map(({ id }: { id: number }) => id), [1])
    const whole = (await call("GET", `${path}/0`)).body
    assert.deepInclude(whole, { id: 0, status: 200, outcome: "complete", verdict: { by: "rule", rule: "hi" } })
    assert.strictEqual(JSON.parse(whole.chunks[0].text).candidates[0].content.parts[0].text, "Hello")
    const waiting = call("GET", `${path}?rule=hi&count=3&wait=30s`)
    await ask("log")
    assert.strictEqual((await waiting).body.requests.length, 3)
    assert.strictEqual((await call("GET", `${path}?changed=${second.cursor}&ended=true`)).body.requests[0].id, 3)
  })

  it("for events, which go on where a client has left", async () => {
    await call("PUT", "/spaces/events")
    const open = async (headers: Record<string, string> = {}) => {
      const gone = new AbortController()
      const response = await fetch(`${emulator.url}/_emulator/v1/spaces/events/events`, {
        headers,
        signal: gone.signal
      })
      const reader = response.body?.pipeThrough(new TextDecoderStream()).getReader()
      let text = ""
      return {
        leave: () => gone.abort(),
        until: async (word: string) => {
          while (!text.includes(word)) text += (await reader?.read())?.value ?? ""
          return text
        }
      }
    }
    const first = await open()
    await first.until("ready")
    await ask("events")
    const seen = await first.until("\"ended\":true")
    first.leave()
    await ask("events")
    const last = seen.match(/id: (\S+)/g)?.at(-1)?.slice(4) ?? ""
    const again = await open({ "last-event-id": last })
    const missed = await again.until("\"id\":1,\"ended\":true")
    assert.notInclude(missed, "\"id\":0")
    again.leave()
    const lost = await open({ "last-event-id": "unknown.3" })
    assert.include(await lost.until("restart"), "event: restart")
    lost.leave()
  })

  it("to verify: 200, or 422 with a text for a person", async () => {
    await ask("verify", "first")
    await ask("verify", "second")
    const verify = (expect: unknown, inOrder = false) => call("POST", "/spaces/verify/verify", { expect, inOrder })
    const first = { when: { text: "first" } }
    const second = { when: { text: "second" }, times: 1 }
    assert.deepInclude(await verify([first, second], true), { status: 200 })
    const { body, status } = await verify([second, { ...first, name: "the start" }], true)
    assert.deepStrictEqual([status, body.detail], [
      422,
      "Not as expected (2 requests came):\n- expect[1] \"the start\": wanted behind request 1, the last one of expect[0]," +
      " found 0 requests"
    ])
    assert.include(
      (await verify([{ when: { text: "third" }, atMost: 1 }, { status: 200, times: 3 }])).body.detail,
      "expect[1]: wanted exactly 3, found 2 requests"
    )
  })

  it("to check at the end: what no rule matched, what was refused, unused, left over, still open", async () => {
    await call("PUT", "/spaces/check/rules", {
      rule: [{ name: "used", when: { text: "Hi" }, reply: "Hello" }, {
        name: "idle",
        when: { text: "Bye" },
        reply: "Bye"
      }]
    })
    await ask("check")
    await ask("check", "What?")
    await fetch(`${emulator.url}/spaces/check/v1beta/models/${flash}:generateContent?key=any`, {
      method: "POST",
      body: JSON.stringify({ contnts: [] })
    })
    await call("POST", "/spaces/check/queue", { answers: [{ when: { model: "another" }, text: "left" }] })
    await call("POST", "/spaces/check/faults", { delay: 600_000, status: 503 })
    const gone = new AbortController()
    const open = fetch(`${emulator.url}/spaces/check/v1beta/models/${flash}:countTokens?key=any`, {
      method: "POST",
      signal: gone.signal
    }).catch(() => undefined)
    await emulator.space("check").awaitRequests(4)
    const { body: { check, detail }, status } = await call("GET", "/spaces/check/check")
    assert.deepStrictEqual([status, check.waiting, check.open, check.unused], [422, 1, 1, ["idle"]])
    assert.strictEqual(
      detail,
      `No rule matched:
- request 1 (generateContent to ${flash}): rule "used": text: wanted "Hi", found "What?"; rule "idle": text: wanted "Bye", found "What?"
Refused:
- request 2 (generateContent to ${flash}): Invalid JSON payload received. Unknown name "contnts": Cannot find field.
Rules that have not answered: "idle"
Answers of the queue that nobody took: 1
Requests, streams or sessions that have not ended: 1`
    )
    gone.abort()
    await open
    await emulator.space("check").awaitClosed(4)
    const ignored = "unmatched,refused,unused,waiting"
    assert.strictEqual((await call("GET", `/spaces/check/check?ignore=${ignored}`)).status, 200)
  })

  it("to explain: who would answer, and why the others would not, with nothing used up", async () => {
    await call("PUT", "/spaces/explain/rules", {
      rule: [{ name: "a", when: { text: "x" }, reply: "A", times: 1 }, { name: "b", when: { step: 0 }, reply: "B" }]
    })
    const explain = async (text: string) => (await call("POST", "/spaces/explain/explain", { body: prompt(text) })).body
    assert.deepInclude(await explain("x"), { by: "rule", rule: "a" })
    assert.deepInclude(await explain("x"), { by: "rule", rule: "a" })
    assert.strictEqual(
      (await explain("y")).text,
      "The rule \"b\" would answer.\n- rule \"a\": text: wanted \"x\", found \"y\"\n- rule \"b\" matches"
    )
    assert.deepStrictEqual([(await ask("explain", "x")).text, (await ask("explain", "x")).text], ["A", "B"])
    await call("POST", "/spaces/explain/faults", { status: 500 })
    assert.deepInclude(await explain("x"), { by: "fault", fault: "fault-1" })
  })

  it("about Live connections, which it can send to, close and drop", async () => {
    const ws = new WebSocket(
      `${emulator.url.replace("http", "ws")}/spaces/live/ws/google.ai.generativelanguage.v1beta.GenerativeService` +
        ".BidiGenerateContent?key=any"
    )
    const messages: Array<Promise<string>> = []
    const ended = new Promise<CloseEvent>((resolve) => ws.addEventListener("close", resolve))
    ws.addEventListener("message", ({ data }) => messages.push(data.text()))
    await new Promise((resolve) => ws.addEventListener("open", resolve))
    ws.send(JSON.stringify({ setup: { model: "models/gemini-robotics-er-2-streaming-preview" } }))
    let page = (await call("GET", "/spaces/live/live")).body
    while (page.connections[0]?.setUpAt === undefined) {
      page = (await call("GET", `/spaces/live/live?changed=${page.cursor}&wait=10s`)).body
    }
    assert.strictEqual(
      (await call("POST", "/spaces/live/live/send", { message: { goAway: { timeLeft: "1s" } } })).status,
      204
    )
    assert.strictEqual((await call("POST", "/spaces/live/live/close", { code: 1012, reason: "restart" })).status, 204)
    const { code, reason } = await ended
    assert.deepStrictEqual([code, reason], [1012, "restart"])
    assert.isTrue((await Promise.all(messages)).some((text) => text.includes("goAway")))
    const { body } = await call("GET", "/spaces/live/live")
    assert.deepInclude(body.connections[0], { code: 1012, closedBy: "server" })
  })
})
