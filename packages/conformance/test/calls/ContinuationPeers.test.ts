/**
 * The same scripts of hops (`fixtures/continuations.ts`) over real sockets, for us, for `@google/genai` and for the AI
 * SDK with `@ai-sdk/google`. A client that follows the tokens gets the same text by the same requests. The table says
 * where a client does not; it was filled in from the clients' sources first.
 */
import { GoogleGenAI } from "@google/genai"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as FetchGemini from "effect-gemini/FetchGemini"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as ManagedRuntime from "effect/ManagedRuntime"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"
import { afterAll, assert, beforeEach, describe, it } from "vitest"
import * as AiSdk from "../../src/AiSdk.ts"
import { endlessHops, table } from "../fixtures/continuations.ts"

const emulator = await Standalone.start()
const model = "gemini-3.8-flash"
const options = { apiKey: Redacted.make("test-key"), baseUrl: emulator.url, retry: { baseDelay: 0 } } as const
const runtime = ManagedRuntime.make(FetchGemini.layer({ ...options, tier: "tier3" }))
const genai = new GoogleGenAI({ apiKey: "test-key", httpOptions: { baseUrl: emulator.url } })

beforeEach(() => emulator.clear())
afterAll(async () => {
  await runtime.dispose()
  await emulator.stop()
})

const config = { temperature: 0 }
const request = { model, contents: "x", generationConfig: config }

const calls = {
  ours: {
    unary: (said) =>
      runtime.runPromise(GeminiClient.GeminiClient.use((gemini) => gemini.generate(request))).then(({ text }) =>
        said.push(text)
      ),
    stream: (said) =>
      runtime.runPromise(
        GeminiClient.GeminiClient.use((gemini) =>
          Stream.runForEach(gemini.generateStream(request), ({ text }) => Effect.sync(() => said.push(text)))
        )
      )
  },
  genai: {
    unary: (said) =>
      genai.models.generateContent({ model, contents: "x", config }).then(({ text }) => said.push(text ?? "")),
    stream: async (said) => {
      const chunks = await genai.models.generateContentStream({ model, contents: "x", config })
      for await (const { text } of chunks) said.push(text ?? "")
    }
  },
  "AI SDK": AiSdk.make(`${emulator.url}/v1beta`, model)
} satisfies Record<string, { readonly unary: AiSdk.Call; readonly stream: AiSdk.Call }>

/** The text, the tokens that were sent, and whether the call failed. */
type Outcome = readonly [text: string, sent: string, end: "answer" | "error"]

interface Row {
  readonly unary: Outcome
  readonly stream: Outcome
}

const half: Row = { unary: ["one two ", "-", "answer"], stream: ["one two ", "-", "answer"] }

/** Where a peer comes to something else than we do. */
const others: Readonly<Record<"genai" | "AI SDK", Readonly<Record<string, Partial<Row>>>>> = {
  genai: {
    // It asks for ever, until our script refuses; its stream stops in silence.
    "a token that repeats": {
      unary: ["", "- t1 t1", "error"],
      stream: ["one two again ", "- t1", "answer"]
    },
    // It has no bound.
    "endless": {
      unary: ["", endlessHops(20).sent, "error"],
      stream: [endlessHops(20).text, endlessHops(20).sent, "error"]
    }
  },
  "AI SDK": {
    // It looks for CONTINUATION and the token in one chunk.
    "a token without a finish reason": half,
    "a token in the middle, and no finish reason": half,
    "a token in the middle, CONTINUATION at the end": { stream: ["one two ", "-", "answer"] },
    "a token that repeats": {
      unary: ["", "- t1 t1", "error"],
      stream: ["one two again ", "- t1 t1", "error"]
    },
    "endless": {
      unary: ["", endlessHops(20).sent, "error"],
      stream: [endlessHops(20).text, endlessHops(20).sent, "error"]
    }
  }
}

const scripts = [
  "one hop",
  "CONTINUATION with a token",
  "three hops",
  "a token without a finish reason",
  "a token in the middle, and no finish reason",
  "a token in the middle, CONTINUATION at the end",
  "two tokens in one hop: the last one",
  "a token in the middle, STOP at the end",
  "a token that repeats",
  "endless"
]

const print = (cells: ReadonlyArray<string>) => {
  process.stdout.write(`${cells.map((cell, i) => cell.padEnd(i === 0 ? 48 : i === 1 ? 15 : 22)).join(" ").trimEnd()}\n`)
}

/** After its hops, of an endless one after twenty, our script has enough of it. */
const enqueue = (script: string): void => {
  const answers = table[script]?.answers ?? []
  emulator.enqueue(...(typeof answers === "function" ? endlessHops(20).answers : answers), { error: { code: 400 } })
}

/** Contents and settings of a request, apart from its token. */
const asked = (body: unknown) => {
  const { contents, continuationToken: _, generationConfig } = Object(body)
  return { contents, generationConfig: { temperature: generationConfig?.temperature } }
}

describe.each(Object.entries(calls))("%s", (name, { stream, unary }) => {
  for (const script of scripts) {
    it.each([["unary", unary], ["stream", stream]] as const)(`${script}, %s`, async (way, call) => {
      enqueue(script)
      const row = table[script]
      const [text = "", sent = "", end = ""] = row?.[way] ?? []
      const own: Outcome = [
        end === "answer" || way === "stream" ? text : "",
        sent,
        end === "answer" ? "answer" : "error"
      ]
      const expected = name === "ours" ? own : others[name === "genai" ? name : "AI SDK"][script]?.[way] ?? own
      const said: Array<string> = []
      const failed = await call(said).then(() => false, () => true)
      const requests = emulator.requests()
      const tokens = requests.map(({ body }) => Object(body).continuationToken ?? "-").join(" ")
      const came: Outcome = [said.join(""), tokens, failed ? "error" : "answer"]
      print([script, `${name} ${way}`, ...expected, "|", ...came])
      assert.deepStrictEqual(came, expected)
      for (const { body } of requests) {
        assert.deepStrictEqual(asked(body), {
          contents: [{ role: "user", parts: [{ text: "x" }] }],
          generationConfig: config
        })
      }
    })
  }
})
