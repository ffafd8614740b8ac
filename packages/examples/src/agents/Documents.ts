/**
 * Questions about documents: embeddings find the passages, the agent answers from them, and each of its citations is
 * looked up. A quotation that does not stand in its document is told to the model, which is asked again.
 */
import * as Agent from "effect-gemini-agents/Agent"
import * as Check from "effect-gemini-agents/Check"
import * as GeminiEmbeddingModel from "effect-gemini-ai/GeminiEmbeddingModel"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as EmbeddingModel from "effect/ai/EmbeddingModel"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

export const documents: Readonly<Record<string, string>> = {
  tides: "The moon raises two bulges of water, one on either side of the earth. " +
    "So most coasts have two high tides in a lunar day of 24 hours and 50 minutes.",
  harbour: "The harbour is dredged to nine metres. Ships with a deeper draught enter at high tide alone, with a pilot.",
  lock:
    "The lock opens one hour before high tide and closes one hour after it. Boats under ten metres wait at the pontoon.",
  fees: "A berth costs 2.40 a metre and night. Members of the club pay half. The office takes cards, and no cheques."
}

const cosine = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const dot = (x: ReadonlyArray<number>, y: ReadonlyArray<number>) => x.reduce((sum, n, i) => sum + n * (y[i] ?? 0), 0)
  return dot(a, b) / Math.sqrt(dot(a, a) * dot(b, b))
}

const Passage = Schema.Struct({ document: Schema.String, text: Schema.String })

const tools = Toolkit.make(
  Tool.make("search_documents", {
    description: "The passages that are nearest to a question",
    parameters: Schema.Struct({ question: Schema.String }),
    success: Schema.Array(Passage),
    failure: Schema.String
  }).annotate(Tool.Readonly, true)
)

/** Each document is embedded once; a question is embedded when it is asked. */
const search = Effect.gen(function*() {
  const model = yield* EmbeddingModel.EmbeddingModel
  const { embeddings } = yield* model.embedMany(Object.values(documents)).pipe(
    GeminiEmbeddingModel.withConfigOverride({ taskType: "RETRIEVAL_DOCUMENT" })
  )
  const index = Object.keys(documents).map((document, i) => ({ document, vector: embeddings[i]?.vector ?? [] }))
  return tools.toHandlers({
    search_documents: ({ question }) =>
      model.embed(question).pipe(
        GeminiEmbeddingModel.withConfigOverride({ taskType: "RETRIEVAL_QUERY" }),
        Effect.map(({ vector }) =>
          index.map((entry) => ({ ...entry, score: cosine(entry.vector, vector) }))
            .toSorted((a, b) => b.score - a.score)
            .slice(0, 2)
            .map(({ document }) => ({ document, text: documents[document] ?? "" }))
        ),
        Effect.mapError((error) => error.message)
      )
  })
})

const Cited = Schema.Struct({
  answer: Schema.String,
  citations: Schema.Array(Schema.Struct({ document: Schema.String, quotation: Schema.String }))
})

/** A model likes to quote what nobody wrote. */
const quoted = Check.make("quotations", ({ citations }: typeof Cited.Type) => {
  const wrong = citations.find(({ document, quotation }) => documents[document]?.includes(quotation) !== true)
  return Effect.succeed(
    citations.length === 0
      ? Check.hint("Cite at least one document, word for word.")
      : wrong === undefined
      ? Check.pass
      : Check.hint(`${JSON.stringify(wrong.quotation)} does not stand in ${wrong.document}. Quote word for word.`)
  )
})

export const librarian = Agent.make({
  name: "librarian",
  instructions: "You answer from the documents that you find, and quote the sentences on which your answer rests.",
  toolkit: tools,
  output: Cited,
  checks: { output: [quoted] },
  bounds: { steps: 8 }
})

export const question = "How often is it high tide?"

export const program = Effect.gen(function*() {
  const handlers = yield* yield* search
  const { steps, value } = yield* Effect.provideContext(Agent.run(librarian, question), handlers)
  yield* Console.log(`${question}\n${value.answer}`)
  for (const { document, quotation } of value.citations) yield* Console.log(`  [${document}] "${quotation}"`)
  yield* Console.log(`${steps} steps`)
})

const json = (value: typeof Cited.Type): string => JSON.stringify(value)
const answer = "Twice in a lunar day."

/** The embedded server's model: it searches, quotes wrongly, is told so, and quotes rightly. */
export const rules: ReadonlyArray<Rule.Rule> = [{
  name: "librarian",
  when: { tools: "search_documents" },
  since: "start",
  plan: [
    { call: { name: "search_documents", args: { question: "{{ text }}" } } },
    { say: json({ answer, citations: [{ document: "tides", quotation: "Every coast has two tides a day." }] }) },
    { say: json({ answer, citations: [{ document: "tides", quotation: "most coasts have two high tides" }] }) }
  ]
}]
