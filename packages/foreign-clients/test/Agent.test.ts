import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { type Content, GoogleGenAI, type Part } from "@google/genai"
import { generateText, jsonSchema, stepCountIs, streamText, tool } from "ai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import { execFile, spawnSync } from "node:child_process"
import { mkdtempSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { promisify } from "node:util"
import { afterAll, assert, beforeAll, describe, it } from "vitest"

// One scenario file and one agent of five steps with two tools, by the clients of others: each asks the same questions,
// gets the same calls, and returns signatures that the emulator gave out itself. Ours is in packages/conformance.

const run = promisify(execFile)
const model = "gemini-3.8-flash"
const examples = join(import.meta.dirname, "../examples")
const question = "Where is it warmer?"
const last = "Told grace@example.com."
const wanted: ReadonlyArray<readonly [name: string, args: unknown]> = [
  ["get_weather", { city: "Berlin" }],
  ["get_weather", { city: "Rome" }],
  ["send_mail", { to: "ada@example.com", body: "Rome is warmer." }],
  ["send_mail", { to: "grace@example.com", body: "Ask Ada, please." }]
]
const weather = (city: string) => ({ celsius: city === "Rome" ? 21 : 7 })

let emulator: Awaited<ReturnType<typeof Standalone.start>>
beforeAll(async () => {
  emulator = await Standalone.start({ strictSignatures: true })
})
afterAll(() => emulator.stop())

/** A space that knows the scenario as any language would tell it: the file, over the admin API. */
const spaceOf = async (name: string) => {
  const response = await fetch(`${emulator.url}/_emulator/v1/spaces/${name}/rules`, {
    method: "PUT",
    headers: { "content-type": "application/toml" },
    body: readFileSync(join(examples, "agent.toml"), "utf8")
  })
  assert.strictEqual(response.status, 200, await response.text())
  return emulator.space(name)
}

const isAsTold = (space: Standalone.Standalone) => {
  assert.deepStrictEqual(
    space.requests().map(({ status, verdict }) => [status, verdict?.rule]),
    Array.from({ length: 5 }, () => [200, "compares the weather"])
  )
  assert.deepStrictEqual(space.check().text, "All is well: 5 requests.")
}

describe("an agent of five steps with two tools, out of one scenario file", () => {
  const schema = <A>(names: ReadonlyArray<string>) =>
    jsonSchema<A>({
      type: "object",
      properties: Object.fromEntries(names.map((name) => [name, { type: "string" }])),
      required: [...names]
    })
  const settings = (url: string, calls: Array<readonly [name: string, args: unknown]>) => ({
    model: createGoogleGenerativeAI({ apiKey: "any", baseURL: `${url}/v1beta` })(model),
    prompt: question,
    stopWhen: stepCountIs(10),
    tools: {
      get_weather: tool({
        inputSchema: schema<{ readonly city: string }>(["city"]),
        execute: (args) => {
          calls.push(["get_weather", args])
          return weather(args.city)
        }
      }),
      send_mail: tool({
        inputSchema: schema<{ readonly to: string; readonly body: string }>(["to", "body"]),
        execute: (args) => {
          calls.push(["send_mail", args])
          return { status: "sent" }
        }
      })
    }
  })

  it("by the AI SDK", async () => {
    const space = await spaceOf("ai")
    const calls: Array<readonly [name: string, args: unknown]> = []
    const { text } = await generateText(settings(space.url, calls))
    assert.deepStrictEqual([text, calls], [last, wanted])
    isAsTold(space)
  })

  it("by the AI SDK, streamed", async () => {
    const space = await spaceOf("ai-streamed")
    const calls: Array<readonly [name: string, args: unknown]> = []
    let text = ""
    for await (const piece of streamText(settings(space.url, calls)).textStream) text += piece
    assert.deepStrictEqual([text, calls], [last, wanted])
    isAsTold(space)
  })

  const property = { type: "string" }
  const parametersOf = (...names: ReadonlyArray<string>) => ({
    type: "object",
    properties: Object.fromEntries(names.map((name) => [name, property]))
  })
  const tools = [{
    functionDeclarations: [
      { name: "get_weather", parametersJsonSchema: parametersOf("city") },
      { name: "send_mail", parametersJsonSchema: parametersOf("to", "body") }
    ]
  }]
  const official = async (
    space: Standalone.Standalone,
    ask: (ai: GoogleGenAI, contents: Array<Content>) => Promise<ReadonlyArray<Part>>
  ) => {
    const ai = new GoogleGenAI({ apiKey: "any", httpOptions: { baseUrl: space.url } })
    const contents: Array<Content> = [{ role: "user", parts: [{ text: question }] }]
    const calls: Array<readonly [name: string, args: unknown]> = []
    for (let step = 0; step < 10; step++) {
      const parts = await ask(ai, contents)
      const asked = parts.flatMap(({ functionCall }) => functionCall ?? [])
      if (asked.length === 0) return [parts.map(({ text }) => text ?? "").join(""), calls] as const
      for (const { args, name = "" } of asked) calls.push([name, args])
      contents.push({ role: "model", parts: [...parts] }, {
        role: "user",
        parts: asked.map(({ args, id, name = "" }) => ({
          functionResponse: {
            name,
            response: name === "get_weather" ? weather(String(args?.["city"])) : { status: "sent" },
            ...(id === undefined ? {} : { id })
          }
        }))
      })
    }
    throw new Error("it never came to an end")
  }

  it("by @google/genai", async () => {
    const space = await spaceOf("genai")
    const trace = await official(space, async (ai, contents) => {
      const answer = await ai.models.generateContent({ model, contents, config: { tools } })
      return answer.candidates?.[0]?.content?.parts ?? []
    })
    assert.deepStrictEqual<unknown>(trace, [last, wanted])
    isAsTold(space)
  })

  it("by @google/genai, streamed", async () => {
    const space = await spaceOf("genai-streamed")
    const trace = await official(space, async (ai, contents) => {
      const parts: Array<Part> = []
      for await (const chunk of await ai.models.generateContentStream({ model, contents, config: { tools } })) {
        parts.push(...chunk.candidates?.[0]?.content?.parts ?? [])
      }
      return parts
    })
    assert.deepStrictEqual<unknown>(trace, [last, wanted])
    isAsTold(space)
  })
})

/** Whether a command answers here. CI has all three; elsewhere the test says what it skips. */
const has = (command: string, ...args: ReadonlyArray<string>) => spawnSync(command, args).status === 0
const env = () => ({ ...process.env, GEMINI_BASE_URL: emulator.url, PYTHONDONTWRITEBYTECODE: "1" })
const minutes = 60_000

describe("the same agent by standard libraries, with assertions against the admin API, whole and streamed", () => {
  const hasPytest = has("pytest", "--version")
  it.skipIf(!hasPytest)(`by Python's, in pytest${hasPytest ? "" : ": pytest is not installed"}`, async () => {
    const { stdout } = await run("pytest", ["-q", "-p", "no:cacheprovider"], {
      cwd: join(examples, "pytest"),
      env: env()
    })
    assert.match(stdout, /2 passed, 1 skipped/)
  }, 3 * minutes)

  it.skipIf(!hasPytest)("by Python's, where a test that no rule matches fails with why", async () => {
    const args = ["-q", "-p", "no:cacheprovider", "-k", "test_fails"]
    const failed = await run("pytest", args, { cwd: join(examples, "pytest"), env: { ...env(), SHOW_FAILURE: "1" } })
      .catch((error: { readonly stdout: string }) => error)
    assert.include(failed.stdout, "AssertionError: No rule matched:")
    assert.include(
      failed.stdout,
      "rule \"compares the weather\": text: wanted contains \"warmer\", found \"Where is it colder?\""
    )
  }, 3 * minutes)

  const hasGo = has("go", "version")
  it.skipIf(!hasGo)(`by Go's${hasGo ? "" : ": go is not installed"}`, async () => {
    const cache = mkdtempSync(join(tmpdir(), "emulator-go-"))
    try {
      const { stdout } = await run("go", ["test", "-count=1", "-v", "./..."], {
        cwd: join(examples, "go"),
        env: { ...env(), GOCACHE: process.env["GOCACHE"] ?? cache, GOFLAGS: "-buildvcs=false" }
      })
      assert.include(stdout, "--- PASS: TestComparesTheWeather/whole")
      assert.include(stdout, "--- PASS: TestComparesTheWeather/streamed")
    } finally {
      rmSync(cache, { recursive: true })
    }
  }, 10 * minutes)

  const hasCurl = has("curl", "--version")
  it.skipIf(!hasCurl)(`by curl in a shell${hasCurl ? "" : ": curl is not installed"}`, async () => {
    const { stdout } = await run("sh", [join(examples, "curl/check.sh")], { env: env() })
    assert.strictEqual(stdout, "1 expectation met by 1 request.\nAll is well: 1 request.\n")
  })
})
