import * as Standalone from "effect-gemini-emulator/Standalone"
import * as TestSpace from "effect-gemini-emulator/TestSpace"
import * as Transcript from "effect-gemini-emulator/Transcript"
import { execFile } from "node:child_process"
import { mkdtempSync, readdirSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify, stripVTControlCharacters } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"
import { flash, prompt } from "./Wire.ts"

const run = promisify(execFile)
const root = join(import.meta.dirname, "../../..")

const ask = (url: string, body: object, method = "generateContent") =>
  fetch(`${url}/v1beta/models/${flash}:${method}?key=any`, { method: "POST", body: JSON.stringify(body) })
    .then((response) => response.text())

/** What tests print in a Vitest of their own. */
const nested = async (env: Record<string, string>) => {
  const args = [join(root, "node_modules/vitest/vitest.mjs"), "run", "--config", "vitest/config.ts"]
  const { VITEST: _, ...outer } = process.env
  const { stderr, stdout } = await run(process.execPath, args, {
    cwd: import.meta.dirname,
    env: { ...outer, ...env, NO_COLOR: "1", NODE_OPTIONS: "" }
  }).catch((error: { readonly stdout: string; readonly stderr: string }) => error)
  return stripVTControlCharacters(stdout + stderr)
}

describe("setupGemini", () => {
  for (
    const [name, env] of [
      ["with one emulator a run", {}],
      ["with one a worker", { OWN: "1" }]
    ] as const
  ) {
    it(`gives each test a space, checks it, and prints the transcript of one that fails, ${name}`, async () => {
      const said = await nested(env)
      assert.match(said, /3 failed \| 7 passed/, said)
      // By an assertion: what it asked, who answered.
      assert.include(said, "expected 'Hello' to be 'Good evening'")
      assert.match(
        said,
        /What "fails by an assertion" asked of the emulator:\n#0 generateContent gemini-3\.8-flash: 200 in \d+ ms, by the rule "greets"\n {3}"Hi" → "Hello"\n/
      )
      // By what no rule matched, which no assertion has seen.
      assert.include(said, "rule \"greets\": text: wanted \"Hi\", found \"Bye\"")
      assert.include(said, "Answers of the queue that nobody took: 1")
    }, 120_000)
  }
})

describe("setupGemini with a cassette", () => {
  // The emulator that records runs in this process, and refuses to record where the variable CI is set.
  const before = process.env["CI"]
  beforeAll(() => {
    delete process.env["CI"]
  })
  afterAll(() => {
    if (before !== undefined) process.env["CI"] = before
  })

  it(
    "records a file for each test, plays it without a server, and fails a test that asks for something else",
    async () => {
      const above = mkdtempSync(join(tmpdir(), "emulator-vitest-"))
      const folder = join(above, "cassettes")
      await using emulator = await Standalone.start({ cassetteFolder: above })
      const env = { FILE: "plays.ts", CASSETTES: folder, CI: "", GEMINI_EMULATOR_URL: emulator.url }
      const recorded = await nested({
        ...env,
        ASKS: "anything",
        GEMINI_CASSETTE_MODE: "once",
        GEMINI_CASSETTE_UPSTREAM: emulator.url
      })
      assert.match(recorded, /3 passed/, recorded)
      assert.strictEqual(emulator.requests().length, 3)
      const files = readdirSync(folder).sort()
      assert.deepStrictEqual(files.map((name) => name.replace(/-[0-9a-f]{8}\.jsonl$/, "")), [
        "asks-something",
        "greets",
        "greets"
      ])
      const played = await nested({ ...env, ASKS: "something else" })
      assert.match(played, /1 failed \| 2 passed/)
      assert.include(played, "recorded \"anything\", asked \"something else\"")
      assert.include(played, "GEMINI_CASSETTE_MODE=new")
      assert.deepStrictEqual(readdirSync(folder).sort(), files)
      assert.strictEqual(emulator.requests().length, 3)
    },
    120_000
  )
})

describe("a space for one test, in any runner", () => {
  it("finds the emulator and its token in the environment, as exec gives them", async () => {
    await using emulator = await Standalone.start({ token: "secret" })
    const program = "import('effect-gemini-emulator/TestSpace').then(async ({ open }) => {" +
      "await using gemini = await open(); process.stdout.write(gemini.url) })"
    const { stdout } = await run(process.execPath, ["-e", program], {
      cwd: import.meta.dirname,
      env: { ...process.env, GEMINI_EMULATOR_URL: emulator.url, GEMINI_EMULATOR_TOKEN: "secret", NODE_OPTIONS: "" }
    })
    assert.include(stdout, `${emulator.url}/spaces/test-`)
  }, 60_000)

  it("ends with its scope, and fails for what went wrong unseen", async () => {
    await using emulator = await Standalone.start()
    let name = ""
    {
      await using gemini = await TestSpace.open({ url: emulator.url, name: "asks: politely" })
      name = gemini.spaceName
      assert.match(name, /^asks-politely-[0-9a-f]{8}$/)
      await ask(gemini.url, prompt("Hi"))
    }
    assert.notInclude(emulator.spaces().spaces.map((space) => space.name), name)
    const wrong = await TestSpace.open({ url: emulator.url })
    await wrong.setRules([{ name: "greets", when: { text: "Hi" }, reply: "Hello" }])
    await ask(wrong.url, prompt("Bye"))
    const error = await wrong.finish().catch((error: unknown) => error)
    assert.match(
      String(error),
      /No rule matched:\n- request 0 .*\nRules that have not answered: "greets"\n\n#0 generateContent/
    )
    assert.deepStrictEqual(emulator.spaces().spaces.map((space) => space.name), ["default"])
  })
})

describe("a transcript", () => {
  it("has each request in two lines: what was asked and answered, who answered, and what nearly would have", async () => {
    await using emulator = await Standalone.start({
      rules: [
        {
          name: "calls",
          when: { text: "weather?", step: 0 },
          reply: { calls: [{ name: "get_weather", args: { city: "Rome" } }] }
        },
        { name: "tells", when: { after: "get_weather" }, reply: "Sunny" }
      ]
    })
    const tools = [{ functionDeclarations: [{ name: "get_weather" }] }]
    const first = prompt("weather?")
    const raw = JSON.parse(await ask(emulator.url, { ...first, tools }))
    const { content } = raw.candidates[0]
    const { functionCall } = content.parts[0]
    const answer = { functionResponse: { id: functionCall.id, name: functionCall.name, response: { celsius: 21 } } }
    const contents = [...first.contents, content, { role: "user", parts: [answer] }]
    await ask(emulator.url, { contents, tools }, "streamGenerateContent")
    await ask(emulator.url, prompt("Bye"))
    assert.strictEqual(
      Transcript.of(emulator.requests()).replaceAll(/\d+ ms/g, "N ms"),
      `#0 generateContent ${flash}: 200 in N ms, by the rule "calls"
   "weather?" → calls get_weather({"city":"Rome"})
#1 streamGenerateContent ${flash}: 200 in N ms, by the rule "tells"
   get_weather returned {"celsius":21} → "Sunny"
#2 generateContent ${flash}: 501 in N ms, by unmatched
   "Bye" → no rule matched; nearest: rule "calls": text: wanted "weather?", found "Bye"; rule "tells": after: wanted "get_weather", found []`
    )
  })
})
