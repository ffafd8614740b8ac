/** Texts, thoughts, ends, counts and prompts, whole and streamed. */
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Model from "effect/ai/Model"
import * as Prompt from "effect/ai/Prompt"
import type * as Response from "effect/ai/Response"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import type { Point } from "./Point.ts"
import * as ScriptedServer from "./ScriptedServer.ts"
import type { Answer, Said } from "./Turn.ts"
import { usage } from "./Turn.ts"

const whole = LanguageModel.generateText({ prompt: "Hi" })
const streamed = Stream.runCollect(LanguageModel.streamText({ prompt: "Hi" }))

/** The kinds of parts in their order; neighbours of one kind count once. */
const kinds = (parts: ReadonlyArray<{ readonly type: string }>): string =>
  parts.map(({ type }) => type).filter((type, index, all) => type !== all[index - 1]).join(" ")

const greeting = "Grüße 👋 aus Köln, 你好"
const thought: ReadonlyArray<Said> = [{ reasoning: "They greet me." }, { text: "Hello." }]
const text = (text: string): Answer => ({ says: [{ text }] })

const deltas = (parts: ReadonlyArray<Response.AnyPart>, kind: "text-delta" | "reasoning-delta"): string =>
  parts.map((part) => part.type === kind ? part.delta : "").join("")

/** Whether each piece is of a text that has begun and not ended, and each text ends. */
const isPaired = (parts: ReadonlyArray<Response.AnyPart>): boolean => {
  const open = new Set<string>()
  for (const part of parts) {
    if (part.type === "text-start" || part.type === "reasoning-start") {
      if (open.has(part.id)) return false
      open.add(part.id)
    }
    if ((part.type === "text-delta" || part.type === "reasoning-delta") && !open.has(part.id)) return false
    if ((part.type === "text-end" || part.type === "reasoning-end") && !open.delete(part.id)) return false
  }
  return open.size === 0
}

const finishes = ["stop", "length", "content-filter"] as const
const finishOf = (parts: ReadonlyArray<Response.AnyPart>): Response.FinishPart | undefined =>
  parts.find((part) => part.type === "finish")

const counted = (usage: Response.Usage | undefined): string =>
  `${usage?.inputTokens.total} ${usage?.outputTokens.total}`

const named = (parts: ReadonlyArray<Response.AnyPart>): string =>
  parts.flatMap((part) => part.type === "response-metadata" ? [`${part.id} ${part.modelId}`] : []).join()

const picture = "iVBORw0KGgo="
const file = (data: string | Uint8Array | URL) => Prompt.makePart("file", { mediaType: "image/png", data })

/** The points of texts, thoughts and prompts. */
export const textPoints: ReadonlyArray<Point> = [
  {
    name: "a text comes, and how it ended",
    expected: "Hello. stop",
    script: [text("Hello.")],
    run: () => Effect.map(whole, ({ finishReason, text }) => `${text} ${finishReason}`)
  },
  {
    name: "the parts of a whole answer are in order",
    expected: "response-metadata text finish",
    script: [text("Hello.")],
    run: () => Effect.map(whole, ({ content }) => kinds(content))
  },
  {
    name: "the parts of a streamed answer are in order",
    expected: "response-metadata text-start text-delta text-end finish",
    script: [text("Hello.")],
    run: () => Effect.map(streamed, kinds)
  },
  {
    name: "a streamed text is the whole one, letter by letter",
    expected: greeting,
    script: [text(greeting)],
    run: () => Effect.map(streamed, (parts) => deltas(parts, "text-delta"))
  },
  {
    name: "pieces belong to what has begun and not ended",
    expected: "true",
    script: [{ says: thought }],
    run: () => Effect.map(streamed, (parts) => String(isPaired(parts)))
  },
  {
    name: "thoughts are apart from the text",
    expected: "They greet me. Hello.",
    script: [{ says: thought }],
    run: () => Effect.map(whole, ({ reasoningText, text }) => `${reasoningText} ${text}`)
  },
  {
    name: "streamed thoughts are apart from the text",
    expected: "They greet me. Hello.",
    script: [{ says: thought }],
    run: () => Effect.map(streamed, (parts) => `${deltas(parts, "reasoning-delta")} ${deltas(parts, "text-delta")}`)
  },
  {
    name: "an answer of nothing is an answer",
    expected: "\"\" stop",
    script: [{ says: [] }],
    run: () => Effect.map(whole, ({ finishReason, text }) => `${JSON.stringify(text)} ${finishReason}`)
  },
  {
    name: "why it ended is said in effect/ai's words",
    expected: finishes.join(" "),
    script: finishes.map((finish) => ({ says: [{ text: "Hel" }], finish })),
    run: () =>
      Effect.map(Effect.forEach(finishes, () => whole), (all) => all.map(({ finishReason }) => finishReason).join(" "))
  },
  {
    name: "why a stream ended is said in the same words",
    expected: finishes.join(" "),
    script: finishes.map((finish) => ({ says: [{ text: "Hel" }], finish })),
    run: () =>
      Effect.map(
        Effect.forEach(finishes, () => streamed),
        (all) => all.map((parts) => finishOf(parts)?.reason).join(" ")
      )
  },
  {
    name: "tokens are counted, streamed or not",
    expected: `${usage.input} ${usage.output}; ${usage.input} ${usage.output}`,
    script: [text("Hello."), text("Hello.")],
    run: () =>
      Effect.gen(function*() {
        const { usage } = yield* whole
        return `${counted(usage)}; ${counted(finishOf(yield* streamed)?.usage)}`
      })
  },
  {
    name: "who answered is told, streamed or not",
    expected: "answer-1 served-model; answer-1 served-model",
    script: [text("Hello."), text("Hello.")],
    run: () =>
      Effect.gen(function*() {
        const { content } = yield* whole
        return `${named(content)}; ${named(yield* streamed)}`
      })
  },
  {
    name: "the model has a name, and so has its provider",
    expected: "named named",
    script: [],
    run: () =>
      Effect.map(
        Effect.all([Model.ProviderName, Model.ModelName]),
        (names) => names.map((name) => name === "" ? "nameless" : "named").join(" ")
      )
  },
  {
    name: "a system message is an instruction",
    expected: "Be brief. | user: Hi",
    script: [],
    run: () =>
      LanguageModel.generateText({
        prompt: [{ role: "system", content: "Be brief." }, { role: "user", content: "Hi" }]
      }).pipe(
        Effect.andThen(ScriptedServer.last),
        Effect.map(({ instructions, messages }) =>
          `${instructions} | ${messages.map(({ role, texts }) => `${role}: ${texts.join()}`).join()}`
        )
      )
  },
  {
    name: "turns keep their order",
    expected: "user: a, assistant: b, user: c",
    script: [],
    run: () =>
      LanguageModel.generateText({
        prompt: [
          { role: "user", content: "a" },
          { role: "assistant", content: "b" },
          { role: "user", content: "c" }
        ]
      }).pipe(
        Effect.andThen(ScriptedServer.last),
        Effect.map(({ messages }) => messages.map(({ role, texts }) => `${role}: ${texts.join()}`).join(", "))
      )
  },
  {
    name: "pictures go as bytes, as base64 and as an address",
    expected: "3",
    script: [],
    run: () =>
      LanguageModel.generateText({
        prompt: Prompt.fromMessages([
          Prompt.makeMessage("user", {
            content: [
              Prompt.makePart("text", { text: "What is this?" }),
              file(new Uint8Array([0x89, 0x50, 0x4e, 0x47])),
              file(picture),
              file(new URL("https://example.com/a.png"))
            ]
          })
        ])
      }).pipe(
        Effect.andThen(ScriptedServer.last),
        Effect.map(({ messages }) => String(messages[0]?.files))
      )
  }
]
