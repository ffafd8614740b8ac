import * as Scenario from "effect-gemini-emulator/Scenario"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Effect from "effect/Effect"
import { mkdtempSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, assert, beforeAll, describe, expect, it } from "vitest"
import { adminCall } from "./adminCall.ts"
import { flash, prompt } from "./Wire.ts"

// What a person sees of each mistake: test/messages/mistakes.md. Read the difference as that person would.

let emulator: Awaited<ReturnType<typeof Standalone.start>>
let call: ReturnType<typeof adminCall>
let folder: string
beforeAll(async () => {
  emulator = await Standalone.start()
  call = adminCall(emulator.url)
  await call("PUT", "/spaces/m")
  folder = mkdtempSync(join(tmpdir(), "emulator-mistakes-"))
})
afterAll(async () => {
  rmSync(folder, { recursive: true })
  await emulator.stop()
})

const refused = async (method: string, path: string, body?: unknown) => {
  const answer = await call(method, path, body)
  return `${answer.status} ${answer.body?.detail}`
}
const rule = (fields: object) => refused("PUT", "/spaces/m/rules", { rule: [fields] })

const ask = async (space: string, text: string, options: { headers?: Record<string, string>; body?: object } = {}) => {
  const response = await fetch(`${emulator.url}/spaces/${space}/v1beta/models/${flash}:generateContent?key=any`, {
    method: "POST",
    headers: options.headers ?? {},
    body: JSON.stringify({ ...prompt(text), ...options.body })
  })
  const { error } = await response.json()
  return `${response.status} ${error?.message}`
}

const file = async (name: string, text: string) => {
  const path = join(folder, name)
  writeFileSync(path, text)
  const error = await Effect.runPromise(Effect.flip(Scenario.load(path)))
  return error.message.replaceAll(folder, "DIR")
}

/** A space with rules, and what the last of some questions is answered. */
const asked = async (name: string, rules: ReadonlyArray<object>, texts: ReadonlyArray<string>, body?: object) => {
  await call("PUT", `/spaces/${name}/rules`, { rule: rules })
  let last = ""
  for (const text of texts) last = await ask(name, text, body === undefined ? {} : { body })
  return last
}
const declared = {
  tools: [{
    functionDeclarations: [{
      name: "get_weather",
      parametersJsonSchema: {
        type: "object",
        properties: { city: { type: "string" } },
        required: ["city"]
      }
    }]
  }]
}

const mistakes: ReadonlyArray<readonly [area: string, what: string, make: () => Promise<string>]> = [
  ["rules", "a matcher that does not exist", () => rule({ when: { txet: "a" }, reply: "b" })],
  ["rules", "an operator that does not exist", () => rule({ when: { text: { contians: "a" } }, reply: "b" })],
  ["rules", "an operator that asks nothing", () => rule({ when: { text: {} }, reply: "b" })],
  ["rules", "a bad regular expression", () => rule({ when: { text: { matches: "(" } }, reply: "b" })],
  ["rules", "a body pointer without its slash", () => rule({ when: { body: { topK: 1 } }, reply: "b" })],
  ["rules", "a rule without an answer", () => rule({ when: { text: "a" } })],
  ["rules", "a reply and replies", () => rule({ reply: "a", replies: ["b"] })],
  ["rules", "no replies", () => rule({ replies: [] })],
  ["rules", "times 0", () => rule({ reply: "a", times: 0 })],
  ["rules", "an end that can never come", () => rule({ reply: "a", end: "refuse" })],
  [
    "rules",
    "two rules of one name",
    () => refused("PUT", "/spaces/m/rules", { rule: [{ name: "a", reply: "1" }, { name: "a", reply: "2" }] })
  ],
  ["rules", "a reply with a field that does not exist", () => rule({ reply: { txt: "a" } })],
  ["rules", "text and json", () => rule({ reply: { text: "a", json: 1 } })],
  ["rules", "a whole response and words", () => rule({ reply: { response: {}, text: "a" } })],
  ["rules", "a finish reason that the API has not", () => rule({ reply: { finishReason: "STOPP" } })],
  ["rules", "a pace that is not a time", () => rule({ reply: { pace: { firstToken: "soon" } } })],
  ["rules", "a call without a name", () => rule({ reply: { calls: [{ nam: "f" }] } })],
  ["rules", "a template with a path that does not exist", () => rule({ reply: "{{ resutl.x }}" })],
  ["rules", "a template with a filter that does not exist", () => rule({ reply: "{{ text | wrod }}" })],
  ["rules", "a template that does not end", () => rule({ reply: "{{ text" })],
  ["rules", "a plan with an empty step", () => rule({ plan: [{}] })],
  ["rules", "a misbehaviour that does not exist", () => rule({ plan: [{ misbehave: "neverstop" }] })],

  [
    "files",
    "a file that is not there",
    async () => (await Effect.runPromise(Effect.flip(Scenario.load("no-such.toml")))).message
  ],
  ["files", "a name that is neither TOML nor JSON", () => file("rules.yaml", "")],
  ["files", "TOML that is not TOML", () => file("a.toml", "[[rule]\n")],
  ["files", "JSON that is not JSON", () => file("a.json", "{ \"rule\": [ }")],
  ["files", "a misspelt table", () => file("b.toml", "[[rules]]\nreply = \"a\"\n")],
  ["files", "a mistake within a file", () => file("c.toml", "[[rule]]\nwhen = { txet = \"a\" }\nreply = \"b\"\n")],

  ["admin calls", "a path that does not exist", () => refused("GET", "/spaces/m/rulez")],
  ["admin calls", "a body that is not JSON", () => refused("PUT", "/spaces/m/rules", "{ rule")],
  ["admin calls", "a body that is not an object", () => refused("PUT", "/spaces/m/rules", "[]")],
  ["admin calls", "a space that was never made", () => refused("GET", "/spaces/n/requests")],
  ["admin calls", "a space that cannot be named so", () => refused("PUT", "/spaces/a%20b")],
  ["admin calls", "options for the default space", () => refused("PUT", "/spaces/default", {})],
  ["admin calls", "the end of the default space", () => refused("DELETE", "/spaces/default")],
  ["admin calls", "a space that has ended", async () => {
    await call("PUT", "/spaces/over")
    await call("DELETE", "/spaces/over")
    return refused("PUT", "/spaces/over/rules", { rule: [] })
  }],
  ["admin calls", "an option that does not exist", () => refused("PUT", "/spaces/m2", { sede: "x" })],
  ["admin calls", "a rule that is not there", () => refused("DELETE", "/spaces/m/rules/none")],
  [
    "admin calls",
    "a fault with a field that does not exist",
    () => refused("POST", "/spaces/m/faults", { satus: 503 })
  ],
  [
    "admin calls",
    "a share that is none",
    () => refused("POST", "/spaces/m/faults", { when: { share: 2 }, status: 503 })
  ],
  ["admin calls", "a fault that is not there", () => refused("DELETE", "/spaces/m/faults/fault-9")],
  ["admin calls", "a tier that does not exist", () => refused("PUT", "/spaces/m/quotas", "\"teir1\"")],
  ["admin calls", "a standing of keys that does not exist", () => refused("PUT", "/spaces/m/keys", { vaild: [] })],
  ["admin calls", "a time span that is none", () => refused("POST", "/spaces/m/clock", { advance: "soon" })],
  ["admin calls", "a time that is none", () => refused("POST", "/spaces/m/clock", { at: "tomorrow" })],
  ["admin calls", "a filter that does not exist", () => refused("GET", "/spaces/m/requests?metod=x")],
  ["admin calls", "a page that is too large", () => refused("GET", "/spaces/m/requests?limit=100000")],
  ["admin calls", "a request that is not there", () => refused("GET", "/spaces/m/requests/7")],
  [
    "admin calls",
    "an expectation of a key",
    () => refused("POST", "/spaces/m/verify", { expect: [{ when: { key: "k" } }] })
  ],
  [
    "admin calls",
    "an expectation that nothing can meet",
    () => refused("POST", "/spaces/m/verify", { expect: [{ atLeast: 3, atMost: 2 }] })
  ],
  ["admin calls", "a concern that does not exist", () => refused("GET", "/spaces/m/check?ignore=unusd")],
  [
    "admin calls",
    "an answer with a field that does not exist",
    () => refused("POST", "/spaces/m/queue", { answers: ["a", { txt: "b" }] })
  ],
  ["admin calls", "a close code that is none", () => refused("POST", "/spaces/m/live/close", { code: 1 })],

  [
    "answers",
    "a question that no rule matches",
    () => asked("unmatched", [{ name: "greets", when: { text: { contains: "Hello" } }, reply: "Hi" }], ["Bye"])
  ],
  ["answers", "a rule that is used up, and no other", () => asked("once", [{ reply: "a", times: 1 }], ["1", "2"])],
  [
    "answers",
    "a rule that refuses when it is used up",
    () => asked("refuses", [{ name: "two", replies: ["a", "b"], end: "refuse" }], ["1", "2", "3"])
  ],
  [
    "answers",
    "a plan that is over",
    () =>
      asked("plan", [{ name: "clerk", plan: [{ say: "a" }], end: "refuse" }], ["1"], {
        contents: [
          ...prompt("a").contents,
          { role: "model", parts: [{ text: "a" }] },
          { role: "user", parts: [] },
          { role: "model", parts: [{ text: "b" }] }
        ].slice(0, 2)
      })
  ],
  [
    "answers",
    "a template that finds nothing",
    () => asked("template", [{ name: "tells", reply: "{{ result.get_weather.celsius }}" }], ["1"])
  ],
  [
    "answers",
    "a call that was not declared",
    () => asked("undeclared", [{ name: "calls", reply: { calls: [{ name: "get_wether" }] } }], ["1"], declared)
  ],
  [
    "answers",
    "arguments that the schema forbids",
    () =>
      asked(
        "args",
        [{ name: "calls", reply: { calls: [{ name: "get_weather", args: { city: 1 } }] } }],
        ["1"],
        declared
      )
  ],
  [
    "answers",
    "a header that is not an answer",
    () => ask("header", "a", { headers: { "x-emulator-answer": "{\"txt\":1}" } })
  ],
  [
    "answers",
    "a header that is not a fault",
    () => ask("header", "a", { headers: { "x-emulator-fault": "{\"satus\":1}" } })
  ],
  ["answers", "two spaces at once", () => ask("header", "a", { headers: { "x-emulator-space": "another" } })],

  ["checks", "an expectation that is not met", async () => {
    await asked("verify", [{ name: "any", reply: "a" }], ["Berlin"])
    return refused("POST", "/spaces/verify/verify", { expect: [{ name: "asks", when: { text: "Rome" }, times: 1 }] })
  }],
  ["checks", "what is left at the end of a test", async () => {
    await asked("left", [{ name: "idle", when: { text: "x" }, reply: "a" }], ["y"])
    await call("POST", "/spaces/left/queue", { answers: ["late"] })
    return refused("GET", "/spaces/left/check")
  }]
]

describe("nothing is silent", () => {
  it("each mistake has a message that says what and where, and what may have been meant", async () => {
    const lines: Array<string> = ["# What a person sees of each mistake", ""]
    let area = ""
    for (const [of, what, make] of mistakes) {
      if (of !== area) lines.push(...(area === "" ? [] : [""]), `## ${of}`, "")
      area = of
      const message = await make()
      assert.notMatch(message, /undefined|\[object|^2\d\d /, what)
      lines.push(`- ${what}`, ...message.split("\n").map((line) => `  > ${line}`))
    }
    assert.isAtLeast(mistakes.length, 40)
    await expect(`${lines.join("\n")}\n`).toMatchFileSnapshot("messages/mistakes.md")
  })
})
