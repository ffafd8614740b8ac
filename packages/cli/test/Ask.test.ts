/** `gemini-fx ask` over sockets: what is sent of a command line, and what a person and a pipe get. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import {
  existsSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  truncateSync,
  writeFileSync
} from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { stripVTControlCharacters } from "node:util"
import { gemini, type Setting } from "./harness.ts"

const png = Buffer.from(
  "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==",
  "base64"
)

const folder = Effect.acquireRelease(
  Effect.sync(() => mkdtempSync(join(tmpdir(), "gemini-fx-ask-"))),
  (path) => Effect.sync(() => rmSync(path, { recursive: true }))
)

const Body = Schema.decodeUnknownSync(GenerateContent.GenerateContentRequest)

/** The command against the emulator of the test, and the bodies of what it asked. */
const ask = Effect.fnUntraced(function*(args: ReadonlyArray<string>, setting: Setting = {}) {
  const emulator = yield* Emulator.Emulator
  const before = (yield* emulator.requests).length
  const outcome = yield* gemini(args, {
    isOnDisk: true,
    ...setting,
    env: { GEMINI_API_KEY: "test-key", GEMINI_BASE_URL: emulator.url, GEMINI_FX_CONFIG: "/nowhere", ...setting.env }
  })
  const asked = (yield* emulator.requests).slice(before)
  const bodies = asked.filter(({ apiMethod }) => /generateContent$/i.test(apiMethod ?? "")).map(({ body }) =>
    Body(body)
  )
  return { ...outcome, asked, bodies }
})

const served = <A, E>(test: Effect.Effect<A, E, Emulator.Emulator>) =>
  Effect.provide(test, Emulator.layerServer({ answers: () => "A **neap** tide is small." }), { local: true })

const text = (body: GenerateContent.GenerateContentRequest | undefined): ReadonlyArray<unknown> =>
  body?.contents[0]?.parts?.map((part) => part.text ?? part.inlineData?.mimeType ?? part.fileData?.fileUri) ?? []

describe("gemini-fx ask", () => {
  it.live("writes the answer alone to stdout, and what it took to stderr", () =>
    served(Effect.gen(function*() {
      const got = yield* ask(["What is", "a neap tide?"])
      assert.deepStrictEqual([got.exitCode, got.stdout], [0, "A **neap** tide is small.\n"])
      assert.match(
        got.stderr,
        /^server: http.*\n-- gemini-3\.8-flash: \d+ tokens \(\d+ in, \d+ out\), <?\$0\.000\d in [\d.]+ s\n$/
      )
      assert.deepStrictEqual(text(got.bodies[0]), ["What is a neap tide?"])
      const quiet = yield* ask(["ask", "-q", "What?"])
      assert.deepStrictEqual([quiet.stdout, quiet.stderr], ["A **neap** tide is small.\n", ""])
    })))

  it.live("paints Markdown at a terminal", () =>
    served(Effect.gen(function*() {
      const got = yield* ask(["What?"], { isTerminal: true, hasColours: true })
      assert.include(stripVTControlCharacters(got.stdout), "A neap tide is small.\n")
      const plain = yield* ask(["What?", "--plain"], { isTerminal: true, hasColours: true })
      assert.include(plain.stdout, "A **neap** tide is small.\n")
    })))

  it.live("puts stdin before the words, and attaches it where it is not text", () =>
    served(Effect.gen(function*() {
      const piped = yield* ask(["Sum it up"], { stdin: Stream.make("first line\n", "second\n") })
      assert.deepStrictEqual(text(piped.bodies[0]), ["first line\nsecond\n\nSum it up"])
      const alone = yield* ask([], { stdin: Stream.make("What is a tide?") })
      assert.deepStrictEqual(text(alone.bodies[0]), ["What is a tide?"])
      const picture = yield* ask(["What is it?"], { stdin: Stream.make(png) })
      assert.deepStrictEqual(text(picture.bodies[0]), ["image/png", "What is it?"])
      const flagged = yield* ask(["-a", "-", "What is it?"], { stdin: Stream.make("# notes") })
      assert.deepStrictEqual(text(flagged.bodies[0]), ["stdin:\n\n# notes", "What is it?"])
      const system = yield* ask(["-s", "Describe it", "-a", "-"], { stdin: Stream.make(png) })
      assert.deepStrictEqual(text(system.bodies[0]), ["image/png"])
      assert.deepStrictEqual(system.bodies[0]?.systemInstruction?.parts?.[0]?.text, "Describe it")
    })))

  it.live("sends flags as the API has them, and none that were not given", () =>
    served(Effect.gen(function*() {
      const bare = yield* ask(["hi there"])
      assert.deepStrictEqual(Object.keys(bare.bodies[0] ?? {}), ["contents"])
      const { bodies, asked } = yield* ask([
        "hi there",
        "-m",
        "gemini-2.5-flash",
        "--search",
        "--url",
        "--code",
        "--think",
        "0",
        "--thoughts",
        "--temperature",
        "0.5",
        "--max-tokens",
        "99"
      ])
      assert.include(asked[0]?.path, "gemini-2.5-flash:streamGenerateContent")
      assert.deepStrictEqual(bodies[0]?.tools, [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }])
      assert.deepStrictEqual(bodies[0]?.generationConfig, {
        temperature: 0.5,
        maxOutputTokens: 99,
        thinkingConfig: { thinkingBudget: 0, includeThoughts: true }
      })
      const level = yield* ask(["hi", "--think", "low", "--no-stream"])
      assert.deepStrictEqual(level.bodies[0]?.generationConfig, { thinkingConfig: { thinkingLevel: "LOW" } })
      assert.include(level.asked[0]?.path, ":generateContent")
    })))

  it.live("takes the model from the flag, else the environment, else the file", () =>
    served(
      Effect.gen(function*() {
        const config = yield* folder
        writeFileSync(join(config, "config.toml"), "model = \"gemini-pro-latest\"\n", { mode: 0o600 })
        const file = { GEMINI_FX_CONFIG: config }
        const environment = { ...file, GEMINI_FX_MODEL: "gemini-flash-latest" }
        const modelOf = (args: ReadonlyArray<string>, env: Readonly<Record<string, string>>) =>
          Effect.map(ask(args, { env }), ({ asked }) => /models\/([^:]+)/.exec(asked[0]?.path ?? "")?.[1])
        assert.strictEqual(yield* modelOf(["hi"], {}), "gemini-3.8-flash")
        assert.strictEqual(yield* modelOf(["hi"], file), "gemini-pro-latest")
        assert.strictEqual(yield* modelOf(["hi"], environment), "gemini-flash-latest")
        assert.strictEqual(yield* modelOf(["hi", "-m", "gemini-2.5-pro"], environment), "gemini-2.5-pro")
      }).pipe(Effect.scoped)
    ))

  it.live("asks for JSON of a schema, and writes it as JSON", () =>
    Effect.provide(
      Effect.gen(function*() {
        const at = yield* folder
        const one = yield* ask(["A dog", "--schema", "name: its name, age int, weight float, good bool"])
        assert.deepStrictEqual(one.bodies[0]?.generationConfig, {
          responseMimeType: "application/json",
          responseJsonSchema: {
            type: "object",
            properties: {
              name: { type: "string", description: "its name" },
              age: { type: "integer" },
              weight: { type: "number" },
              good: { type: "boolean" }
            },
            required: ["name", "age", "weight", "good"],
            propertyOrdering: ["name", "age", "weight", "good"]
          }
        })
        assert.sameMembers(Object.keys(JSON.parse(one.stdout)), ["name", "age", "weight", "good"])
        const many = yield* ask(["Dogs", "--schema-multi", "name\nage int: in years, not days"])
        assert.isArray(JSON.parse(many.stdout).items)
        const schema = { type: "object", properties: { n: { type: "integer" } }, required: ["n"] }
        writeFileSync(join(at, "schema.json"), JSON.stringify(schema))
        for (const given of [join(at, "schema.json"), JSON.stringify(schema)]) {
          const got = yield* ask(["A number", "--schema", given, "--json"])
          assert.deepStrictEqual(got.bodies[0]?.generationConfig?.responseJsonSchema, schema)
          assert.isNumber(JSON.parse(got.stdout).value.n)
        }
      }).pipe(Effect.scoped),
      Emulator.layerServer(),
      { local: true }
    ))

  it.live("writes one document with --json, and the failure into it", () =>
    served(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const { stdout } = yield* ask(["What?", "--json"])
      const document = JSON.parse(stdout)
      assert.deepStrictEqual(
        [document.text, document.model, document.finishReason, document.cost.currency],
        ["A **neap** tide is small.", "gemini-3.8-flash", "STOP", "USD"]
      )
      assert.match(document.cost.dollars, /^0\.000\d+$/)
      assert.isObject(document.response.usageMetadata)
      yield* emulator.addFault({ error: { code: 400, message: "no such thing" } })
      const failed = yield* ask(["What?", "--json"])
      assert.strictEqual(failed.exitCode, 1)
      assert.deepInclude(JSON.parse(failed.stdout).error, { status: 400 })
      assert.include(failed.stderr, "no such thing")
    })))

  it.live("writes into a file whole, keeps its permissions, and leaves what came of a broken answer beside it", () =>
    served(
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const at = yield* folder
        const out = join(at, "answer.md")
        writeFileSync(out, "an old answer", { mode: 0o600 })
        const got = yield* ask(["What?", "--out", out])
        assert.deepStrictEqual([got.stdout, readFileSync(out, "utf8")], ["", "A **neap** tide is small.\n"])
        assert.strictEqual(statSync(out).mode & 0o777, 0o600)
        yield* emulator.enqueue({
          text: "one two three four five six seven eight nine ten",
          fault: { cut: { chunks: 1 } }
        })
        const broken = yield* ask(["What?", "--out", out])
        assert.strictEqual(broken.exitCode, 1)
        assert.include(broken.stderr, `what came of the answer is in ${out}.part`)
        assert.strictEqual(readFileSync(out, "utf8"), "A **neap** tide is small.\n")
        assert.match(readFileSync(`${out}.part`, "utf8"), /^one two/)
        yield* emulator.enqueue({
          text: "Here it is.",
          image: { mimeType: "image/png", data: png.toString("base64") },
          invalid: true
        })
        const picture = yield* ask(["Draw it", "--out", join(at, "tide.png")])
        assert.deepStrictEqual(new Uint8Array(readFileSync(join(at, "tide.png"))), new Uint8Array(png))
        assert.deepStrictEqual([picture.exitCode, picture.stdout], [0, "Here it is.\n"])
        assert.deepStrictEqual(readdirSync(at).toSorted(), ["answer.md", "answer.md.part", "tide.png"])
      }).pipe(Effect.scoped)
    ))

  it.live("takes the first block of code out of the answer", () =>
    served(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ text: "Like this:\n\n```sh\nls -l\npwd\n```\n\nor\n\n```sh\ndir\n```\n" }, {
        text: "no code"
      })
      assert.strictEqual((yield* ask(["List it", "-x"])).stdout, "ls -l\npwd\n")
      assert.strictEqual((yield* ask(["List it", "-x"])).stdout, "no code\n")
    })))

  it.live("says that an answer was cut, and fails where it was asked to", () =>
    Effect.provide(
      Effect.gen(function*() {
        const said = yield* ask(["Tell me a long story", "--max-tokens", "60"])
        assert.deepStrictEqual(said.exitCode, 0)
        assert.include(said.stderr, "; cut at max_output_tokens")
        const failed = yield* ask(["Tell me a long story", "--max-tokens", "60", "--on-cut", "fail"])
        assert.deepStrictEqual([failed.exitCode, failed.stdout], [1, said.stdout])
        assert.include(failed.stderr, "--max-tokens allows more")
        const json = yield* ask(["A dog", "--schema", "name, story: a long one", "--max-tokens", "30"])
        assert.deepStrictEqual(json.exitCode, 1)
        assert.include(json.stderr, "so it is not the JSON that was asked for")
      }),
      Emulator.layerServer(),
      { local: true }
    ))

  it.live("shows thoughts on stderr, sources behind the answer, and the code that ran within it", () =>
    served(Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.enqueue({ text: "Two.", thoughts: "One and one" })
      const thought = yield* ask(["1+1", "--thoughts"])
      assert.deepStrictEqual(thought.stdout, "Two.\n")
      assert.match(thought.stderr, /One and one/)
      yield* emulator.enqueue({
        text: "She won. He did not.",
        grounding: { sources: [{ uri: "https://example.org/a", title: "A" }, { uri: "https://example.org/b" }] }
      })
      const found = yield* ask(["Who won?", "--search"])
      assert.include(found.stderr, "[1] A: https://example.org/a\n[2] ")
      yield* emulator.enqueue({
        chunks: [{
          candidates: [{
            content: {
              role: "model",
              parts: [
                { text: "I count." },
                { executableCode: { language: "PYTHON", code: "print(2)" } },
                { codeExecutionResult: { outcome: "OUTCOME_OK", output: "2\n" } },
                { text: "It is 2." }
              ]
            },
            finishReason: "STOP"
          }]
        }]
      })
      const ran = yield* ask(["Count", "--code"])
      assert.strictEqual(ran.stdout, "I count.\n```python\nprint(2)\n```\n```\n2\n```\nIt is 2.\n")
    })))

  it.live("uploads what is too large for the request, asks about it, and deletes it", () =>
    Effect.provide(
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        const at = yield* folder
        const large = join(at, "large.png")
        writeFileSync(large, png)
        truncateSync(large, 9_000_000)
        writeFileSync(join(at, "small.txt"), png)
        const got = yield* ask(["What is it?", "-a", large, "-a", join(at, "small.txt")])
        assert.strictEqual(got.exitCode, 0, got.stderr)
        assert.include(got.stderr, `uploading ${large}, 9.0 MB`)
        const [first, second, third] = text(got.bodies[0])
        assert.match(String(first), /\/files\/[a-z0-9]+$/)
        assert.deepStrictEqual([second, third], ["image/png", "What is it?"])
        assert.deepStrictEqual(yield* emulator.files.list, [])
        assert.isFalse(existsSync(`${large}.part`))
      }).pipe(Effect.scoped),
      Emulator.layerServer(),
      { local: true }
    ), 60_000)

  it.live("needs no key and no network, also for a file that is uploaded", () =>
    Effect.gen(function*() {
      const at = yield* folder
      const large = join(at, "large.png")
      writeFileSync(large, png)
      truncateSync(large, 9_000_000)
      const setting = { isOnDisk: true, env: { GEMINI_FX_CONFIG: "/nowhere" } }
      const got = yield* gemini(["What is it?", "-a", large], setting)
      assert.strictEqual(got.exitCode, 0, got.stderr)
      assert.include(got.stdout, "emulator")
      assert.include(got.stderr, "nothing leaves this machine")
      assert.include(got.stderr, "would cost $")
      const asked = yield* gemini(["hi there", "--emulator"], {
        ...setting,
        env: { ...setting.env, GEMINI_API_KEY: "k" }
      })
      assert.include(asked.stderr, "server: embedded emulator")
    }).pipe(Effect.scoped), 60_000)
})
