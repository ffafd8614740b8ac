/**
 * The best known examples of three peers, a handoff, a supervisor and a planner, and the same with ours: what each answers
 * on the emulator, and how many lines it has.
 */
import { createGoogleGenerativeAI } from "@ai-sdk/google"
import { setDefaultModelProvider, setTracingDisabled } from "@openai/agents"
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as FetchGemini from "effect-gemini/FetchGemini"
import type * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import { readFileSync } from "node:fs"
import * as GeminiModel from "./GeminiModel.ts"
import { ask as historyOfTheirs } from "./handoffOpenai.ts"
import { ask as historyOfOurs } from "./handoffOurs.ts"
import { ask as planOfTheirs } from "./plannerAiSdk.ts"
import { ask as planOfOurs } from "./plannerOurs.ts"
import * as rules from "./rules.ts"
import { ask as assistOfTheirs } from "./supervisorLangchain.ts"
import { ask as assistOfOurs } from "./supervisorOurs.ts"

/** A program of a pair, after it was asked. */
export interface Program {
  /** Its path in this folder. */
  readonly file: string
  /** Lines that are neither empty nor a comment, imports counted. */
  readonly lines: number
  /** What it answered. */
  readonly text: string
  /** How many requests came to the models. */
  readonly requests: number
}

export interface Pair {
  readonly name: string
  readonly peer: string
  readonly theirs: Program
  readonly ours: Program
}

/** The code of a file without its comments. */
export const codeOf = (file: string): string =>
  readFileSync(new URL(file, import.meta.url), "utf8").replaceAll(/\/\*[\s\S]*?\*\/\n?|^\s*\/\/.*\n/gm, "").trim()

const linesOf = (code: string): number => code.split("\n").filter((line) => line.trim() !== "").length

/** Whatever goes to Google's address comes to this one. */
const redirected = (fetch: typeof globalThis.fetch, url: string): typeof fetch => (input, init) => {
  const request = new Request(input, init)
  return request.url.startsWith("https://generativelanguage.googleapis.com/")
    ? fetch(new Request(request.url.replace("https://generativelanguage.googleapis.com", url), request))
    : fetch(request)
}

const played = async (
  file: string,
  models: ReadonlyArray<Rule.Rule>,
  ask: (url: string) => Promise<string | undefined>
): Promise<Program> => {
  const { fetch } = globalThis
  const emulator = await Standalone.start({ rules: models })
  try {
    globalThis.fetch = redirected(fetch, emulator.url)
    const text = await ask(emulator.url)
    return { file, lines: linesOf(codeOf(file)), text: text ?? "", requests: emulator.requests().length }
  } finally {
    globalThis.fetch = fetch
    await emulator.stop()
  }
}

/** A program of ours takes its model from the context. */
const ofOurs =
  <E>(run: Effect.Effect<{ readonly text: string }, E, LanguageModel.LanguageModel>) =>
  (baseUrl: string): Promise<string> => {
    const gemini = GeminiLanguageModel.model("gemini-3.8-flash").pipe(
      Layer.provide(FetchGemini.layer({ apiKey: Redacted.make("bench"), baseUrl, tier: "tier3" }))
    )
    return run.pipe(Effect.map(({ text }) => text), Effect.provide(gemini), Effect.runPromise)
  }

const questions = {
  handoff: "When was the Magna Carta sealed?",
  supervisor: "Meet the design team next Tuesday at two, and remind them of the new mockups.",
  planner: "Compare caching and streaming."
}

export const compare = async (): Promise<ReadonlyArray<Pair>> => {
  process.env["GOOGLE_API_KEY"] ??= "bench"
  setTracingDisabled(true)
  return [
    {
      name: "handoff",
      peer: "@openai/agents",
      theirs: await played("handoffOpenai.ts", rules.handoff("History_Tutor"), (url) => {
        setDefaultModelProvider({ getModel: () => GeminiModel.make(url) })
        return historyOfTheirs(questions.handoff)
      }),
      ours: await played("handoffOurs.ts", rules.handoff("history"), ofOurs(historyOfOurs(questions.handoff)))
    },
    {
      name: "supervisor",
      peer: "langchain",
      theirs: await played(
        "supervisorLangchain.ts",
        rules.supervisor("request", ".result"),
        () => assistOfTheirs(questions.supervisor)
      ),
      ours: await played("supervisorOurs.ts", rules.supervisor("task", ""), ofOurs(assistOfOurs(questions.supervisor)))
    },
    {
      name: "planner",
      peer: "ai",
      theirs: await played(
        "plannerAiSdk.ts",
        rules.planner([{ topics: ["caching", "streaming"] }], ".content"),
        (url) => {
          globalThis.AI_SDK_DEFAULT_PROVIDER = createGoogleGenerativeAI({ apiKey: "bench", baseURL: `${url}/v1beta` })
          return planOfTheirs(questions.planner)
        }
      ),
      ours: await played(
        "plannerOurs.ts",
        rules.planner([{ task: "caching" }, { task: "streaming" }], ""),
        ofOurs(planOfOurs(questions.planner))
      )
    }
  ]
}
