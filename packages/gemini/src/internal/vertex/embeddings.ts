/**
 * Embeddings on Vertex AI: the requests of the Gemini API in its two forms, and the answers of these in the form of the
 * Gemini API. Pure.
 *
 * `:embedContent` takes one content a request; the older models, gemini-embedding-001 among them, have `:predict`, which
 * takes texts. `@google/genai` 3.3 tells them apart by the name (`tIsVertexEmbedContentModel`), and so does this.
 */
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type * as Content from "../../wire/Content.ts"
import type * as Embedding from "../../wire/Embedding.ts"

type One = Embedding.BatchEmbedContentsRequest["requests"][number]

/** A request as it goes out: the method of its path, its body, and how its answer becomes one of the Gemini API. */
export interface Form {
  readonly verb: string
  readonly body: unknown
  readonly read?: ((answer: unknown) => unknown) | undefined
}

type Refusal = Reason.InvalidRequest | Reason.Unsupported

/** Whether a model is asked by `:embedContent`. */
const hasEmbedContent = (model: string): boolean =>
  (model.includes("gemini") && model !== "gemini-embedding-001") || model.includes("maas")

const refused = (field: string, description: string): Result.Result<never, Refusal> =>
  Result.fail(new Reason.InvalidRequest({ fields: [{ field, description }] }))

const set = (fields: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined && value !== null))

const settingsOf = ({ embedContentConfig, outputDimensionality, taskType, title }: One) => ({
  taskType: embedContentConfig?.taskType ?? taskType,
  title: embedContentConfig?.title ?? title,
  outputDimensionality: embedContentConfig?.outputDimensionality ?? outputDimensionality,
  autoTruncate: embedContentConfig?.autoTruncate,
  documentOcr: embedContentConfig?.documentOcr,
  audioTrackExtraction: embedContentConfig?.audioTrackExtraction
})

/** The text of a content, which is all that `:predict` takes. */
const textOf = ({ parts }: Content.Content): string | undefined => {
  const texts = (parts ?? []).map(({ text }) => text)
  return texts.every((text) => typeof text === "string") && texts.length > 0 ? texts.join("\n") : undefined
}

const own = (value: unknown, name: string): unknown =>
  typeof value === "object" && value !== null && Object.hasOwn(value, name) ? Reflect.get(value, name) : undefined

/** The answer of `:predict` in the form of batchEmbedContents. Anything else stays as it is, and is refused as that. */
const predicted = (answer: unknown): unknown => {
  const predictions = own(answer, "predictions")
  if (!Array.isArray(predictions)) return answer
  const embeddings = predictions.map((prediction) => own(prediction, "embeddings"))
  const tokens = embeddings.reduce<number>(
    (sum, embedding) => sum + (Number(own(own(embedding, "statistics"), "token_count")) || 0),
    0
  )
  return { ...Object(answer), embeddings, usageMetadata: { promptTokenCount: tokens } }
}

const first = (answer: unknown): unknown => {
  const embeddings = own(answer, "embeddings")
  return Array.isArray(embeddings) ? { ...Object(answer), embedding: embeddings[0] } : answer
}

const listed = (answer: unknown): unknown => {
  const embedding = own(answer, "embedding")
  return embedding === undefined ? answer : { ...Object(answer), embeddings: [embedding] }
}

const predict = (requests: ReadonlyArray<One>, at: (index: number) => string): Result.Result<Form, Refusal> => {
  const instances: Array<unknown> = []
  const parameters: Array<string> = []
  for (const [index, request] of requests.entries()) {
    const { audioTrackExtraction, autoTruncate, documentOcr, outputDimensionality, taskType, title } = settingsOf(
      request
    )
    const content = textOf(request.content)
    if (content === undefined) return refused(`${at(index)}content`, "this model of Vertex AI embeds text alone")
    for (const [name, value] of Object.entries({ documentOcr, audioTrackExtraction })) {
      if (value === undefined || value === null) continue
      return Result.fail(
        new Reason.Unsupported({
          capability: `${name} of this model on Vertex AI`,
          description: `${
            at(index)
          }embedContentConfig.${name}: leave it out; models newer than gemini-embedding-001 have it`
        })
      )
    }
    instances.push(set({ content, task_type: taskType, title }))
    parameters.push(JSON.stringify(set({ outputDimensionality, autoTruncate })))
    if (parameters[index] !== parameters[0]) {
      return refused(`${at(index)}outputDimensionality`, "is the same for all contents of a request on Vertex AI")
    }
  }
  const shared: unknown = JSON.parse(parameters[0] ?? "{}")
  return Result.succeed({
    verb: "predict",
    body: { instances, ...(parameters[0] === undefined || parameters[0] === "{}" ? {} : { parameters: shared }) },
    read: predicted
  })
}

const embedContent = (request: One): Form => {
  const config = set(settingsOf(request))
  return {
    verb: "embedContent",
    body: {
      content: { role: "user", ...request.content },
      ...(Object.keys(config).length === 0 ? {} : { embedContentConfig: config })
    }
  }
}

/** embedContent of the Gemini API. */
export const one = (model: string, request: One): Result.Result<Form, Refusal> =>
  hasEmbedContent(model)
    ? Result.succeed(embedContent(request))
    : Result.map(predict([request], () => ""), (form) => ({ ...form, read: (answer) => first(predicted(answer)) }))

/** batchEmbedContents of the Gemini API. */
export const several = (model: string, requests: ReadonlyArray<One>): Result.Result<Form, Refusal> => {
  if (!hasEmbedContent(model)) return predict(requests, (index) => `requests[${index}].`)
  const [request] = requests
  return request !== undefined && requests.length === 1
    ? Result.succeed({ ...embedContent(request), read: listed })
    : Result.fail(
      new Reason.Unsupported({
        capability: `several contents in one request to ${model} on Vertex AI`,
        description: `${model} embeds one content a request on Vertex AI: embed each by a call of its own`
      })
    )
}
