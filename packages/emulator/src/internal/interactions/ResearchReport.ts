/**
 * The plan and the report of a research, whose words follow from the question. A citation covers the bytes of the sentence
 * that rests on its source.
 */
import type * as Dice from "../Dice.ts"
import * as Json from "../json.ts"

export interface ReadPage {
  readonly url: string
  readonly title: string
}

export interface Document {
  readonly uri: string | undefined
  readonly name: string
}

export interface Report {
  readonly text: string
  readonly annotations: ReadonlyArray<Json.Json>
}

const templates = [
  (topic: string) => `What is known about ${topic}?`,
  (topic: string) => `Who works on ${topic}, and since when?`,
  (topic: string) => `What is disputed about ${topic}?`,
  (topic: string) => `What does ${topic} cost, and whom?`,
  (topic: string) => `What comes next for ${topic}?`
]

/** The questions of a plan: those that belong to any topic, and those that somebody has added. */
export const questions = (
  topic: string,
  changes: ReadonlyArray<string>,
  count: number
): ReadonlyArray<string> => [
  ...templates.slice(0, count).map((template) => template(topic)),
  ...changes
]

export const plan = (topic: string, questions: ReadonlyArray<string>): string =>
  [
    `# Research plan: ${topic}`,
    "",
    ...questions.map((question, i) => `${i + 1}. ${question}`),
    "",
    "Tell me what to change, or let me begin."
  ].join("\n")

const bytes = (text: string): number => new TextEncoder().encode(text).length

/** A text that grows, and what its passages rest on. */
class Draft {
  text = ""
  readonly annotations: Array<Json.Json> = []
  private size = 0

  add(words: string): this {
    this.text += words
    this.size += bytes(words)
    return this
  }

  cite(sentence: string, source: Json.Json): this {
    const start_index = this.size
    this.add(sentence)
    this.annotations.push({ ...source, start_index, end_index: this.size })
    return this
  }
}

const findings = [
  "is described in the same way by most who have looked at it",
  "has been measured more than once, with results that agree",
  "rests on a small number of sources, which quote each other",
  "has changed less than its reputation",
  "is older than is commonly said"
]

const filler = (words: number): string =>
  Array.from({ length: words }, (_, i) => `word${i + 1}${(i + 1) % 12 === 0 ? "." : ""}`).join(" ")

export const make = (
  of: {
    readonly topic: string
    readonly searches: ReadonlyArray<{ readonly query: string; readonly sources: ReadonlyArray<ReadPage> }>
    readonly documents: ReadonlyArray<Document>
    /** What a file search found, as `groundingChunks`. */
    readonly passages: ReadonlyArray<Json.Json>
    /** How many words a last section has. Undefined: there is none. */
    readonly words: number | undefined
  },
  dice: Dice.Dice
): Report => {
  const { documents, passages, searches, topic, words } = of
  const draft = new Draft()
  draft.add(`# ${topic}\n\nThis report comes from the emulator: nobody has searched, and no page has been read.\n`)
  for (const { query, sources } of searches) {
    draft.add(`\n## ${query}\n\n`)
    for (const { title, url } of sources) {
      draft.cite(`One finds that ${topic} ${dice.pick(findings)}.`, { type: "url_citation", url, title }).add(" ")
    }
    draft.add("\n")
  }
  if (documents.length + passages.length > 0) draft.add("\n## What the documents say\n\n")
  for (const { name, uri } of documents) {
    draft.cite(`The document "${name}" was given with the question.`, {
      type: "file_citation",
      file_name: name,
      ...(uri === undefined ? {} : { document_uri: uri })
    }).add(" ")
  }
  for (const passage of passages) {
    const document = Json.at(passage, "retrievedContext")
    const text = Json.text(Json.at(document, "text")) ?? ""
    draft.cite(`A document says: "${text}".`, {
      type: "file_citation",
      file_name: Json.at(document, "title"),
      document_uri: Json.at(document, "fileSearchStore"),
      source: text
    }).add(" ")
  }
  if (words !== undefined) draft.add(`\n## In full\n\n${filler(words)}\n`)
  return { text: draft.text, annotations: draft.annotations }
}
