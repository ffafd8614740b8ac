/**
 * What Vertex AI has of its own among models, in November 2026: embedding models that the Gemini API lacks, and those
 * that are asked by `predict`. The other models are alike behind both doors, as far as anybody has published.
 */
import type { Row } from "../../ModelTable.ts"

const embedding = (id: string, displayName: string): Row => ({
  model: {
    name: `models/${id}`,
    version: "default",
    displayName,
    inputTokenLimit: 2048,
    outputTokenLimit: 1,
    supportedGenerationMethods: ["embedContent", "countTokens"]
  }
})

export const rows: ReadonlyArray<Row> = [
  embedding("text-embedding-005", "Text Embedding 005"),
  embedding("text-multilingual-embedding-002", "Text Multilingual Embedding 002")
]

/** The models whose vectors `predict` makes and `embedContent` does not, and the size of their vectors. */
export const predicting: ReadonlyMap<string, number> = new Map([
  ["gemini-embedding-001", 3072],
  ["text-embedding-004", 768],
  ["text-embedding-005", 768],
  ["text-multilingual-embedding-002", 768]
])
