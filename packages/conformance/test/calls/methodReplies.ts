/** What the server answers to each method of GeminiHttp, with fields that nobody knows yet. */
export const methodReplies: Readonly<Record<string, unknown>> = {
  "/v1beta/models/gemini-3.8-flash:generateContent": {
    candidates: [{ content: { role: "model", parts: [{ text: "a" }] }, finishReason: "STOP" }],
    future: [null]
  },
  "/v1beta/models/gemini-3.8-flash:countTokens": { totalTokens: "7", future: 1 },
  "/v1beta/models/e:embedContent": { embedding: { values: [1, 2] } },
  "/v1beta/models/e:batchEmbedContents": { embeddings: [{ values: [1] }, { values: [2] }] },
  "/v1beta/models/gemini-3.8-flash": { name: "models/gemini-3.8-flash", future: { a: 1 } },
  "/v1beta/tunedModels/mine": { name: "tunedModels/mine" }
}
