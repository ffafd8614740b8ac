/**
 * A generation as Vertex AI sends it: recorded of its models 2.0 to 3.1 in 2025 and 2026. A candidate has no index, and
 * a call no id; the last chunk has `avgLogprobs`, and only it has the counts.
 */
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"

/** What a response says of itself besides its words. */
export interface VertexEnvelope {
  /** Milliseconds since the epoch when the request arrived. */
  readonly time: number
  /** The quota that the request was served from. */
  readonly traffic: string
}

/** The microseconds come of the id, since our clocks have none. */
const createTime = (time: number, id: string): string =>
  new Date(time).toISOString().replace("Z", `${String(Dice.make(id).int(0, 999)).padStart(3, "0")}Z`)

const part = (given: unknown): unknown => {
  const call = Json.at(given, "functionCall")
  if (!Json.isObject(given) || !Json.isObject(call)) return given
  const { id: _, ...rest } = call
  return { ...given, functionCall: rest }
}

const candidate = (given: unknown, id: string): unknown => {
  if (!Json.isObject(given)) return given
  const { content, index, ...rest } = given
  const parts = Json.at(content, "parts")
  return {
    ...(content === undefined
      ? {}
      : { content: { role: "model", ...(parts === undefined ? {} : { parts: Json.list(parts).map(part) }) } }),
    ...rest,
    ...(typeof index === "number" && index > 0 ? { index } : {}),
    ...(rest["finishReason"] === undefined || rest["finishReason"] === "SAFETY"
      ? {}
      : { avgLogprobs: -Dice.make(`${id}\nlogprobs`).next() })
  }
}

const usage = (given: unknown, { traffic }: VertexEnvelope, isLast: boolean): Json.Json => {
  if (!isLast || !Json.isObject(given)) return { trafficType: traffic }
  const { promptTokensDetails, serviceTier: _, thoughtsTokenCount, ...rest } = given
  const { candidatesTokenCount } = given
  return {
    ...rest,
    trafficType: traffic,
    ...(promptTokensDetails === undefined ? {} : { promptTokensDetails }),
    ...(candidatesTokenCount === undefined
      ? {}
      : { candidatesTokensDetails: [{ modality: "TEXT", tokenCount: candidatesTokenCount }] }),
    ...(thoughtsTokenCount === undefined ? {} : { thoughtsTokenCount })
  }
}

/** One response, or one chunk of a stream. */
export const response = (given: Json.Json, envelope: VertexEnvelope): Json.Json => {
  const { candidates, modelVersion, responseId, usageMetadata, ...rest } = given
  const id = Json.text(responseId) ?? ""
  const list = Json.list(candidates)
  const isLast = list.length === 0 || list.some((each) => Json.at(each, "finishReason") !== undefined)
  return {
    ...(candidates === undefined ? {} : { candidates: list.map((each) => candidate(each, id)) }),
    ...rest,
    usageMetadata: usage(usageMetadata, envelope, isLast),
    modelVersion,
    createTime: createTime(envelope.time, id),
    responseId
  }
}
