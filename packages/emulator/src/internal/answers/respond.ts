/**
 * What is said to a request that was let in: the script's answer or the generator's.
 */
import * as Answer from "../../Answer.ts"
import type { EmulatorRequest } from "../../EmulatorRequest.ts"
import * as Fault from "../../Fault.ts"
import * as GoogleError from "../../GoogleError.ts"
import * as ModelTable from "../../ModelTable.ts"
import * as VertexModels from "../google/vertexModels.ts"
import * as Json from "../json.ts"
import * as VertexShape from "../vertex/shape.ts"
import * as Chunks from "./chunks.ts"
import * as Directives from "./directives.ts"
import * as Embedding from "./embedding.ts"
import * as Hops from "./hops.ts"
import * as ModelPages from "./modelPages.ts"
import * as Pace from "./pace.ts"
import * as Render from "./render.ts"
import * as Scripted from "./scripted.ts"
import * as Step from "./step.ts"
import * as Tokens from "./tokens.ts"
import * as Utterance from "./Utterance.ts"
import * as VertexAnswers from "./vertexAnswers.ts"

export interface Settings {
  readonly chunkDelay: number
  readonly seed: string
  readonly calling: Utterance.Calling
  readonly values?: Utterance.Values | undefined
  /** Tokens a second. */
  readonly pace?: number | undefined
  readonly models: ModelTable.ModelTable
  /** The tokens of the request that came out of a cache. */
  readonly cached?: Tokens.Counts | undefined
  /** What a file search found, as `groundingChunks`. */
  readonly retrieved?: ReadonlyArray<Json.Json> | undefined
  /** The quota that a request to Vertex AI is served from. */
  readonly traffic?: string | undefined
}

export const framingOf = (request: EmulatorRequest): "json" | "sse" | "array" =>
  request.method !== "streamGenerateContent" ? "json" : request.query.get("alt") === "sse" ? "sse" : "array"

/** The generateContent body inside a countTokens body. */
const counted = (body: unknown): unknown => Json.at(body, "generateContentRequest") ?? body

/** What a request costs in input tokens. `body` has its names in camelCase. */
export const inputTokens = (method: string, body: unknown): number => {
  switch (method) {
    case "embedContent":
      return Tokens.total(Tokens.ofContents([Json.at(body, "content")]))
    case "predict":
      return Tokens.total(Tokens.ofContents(VertexAnswers.instances(body)))
    case "batchEmbedContents":
      return Tokens.total(
        Tokens.ofContents(Json.list(Json.at(body, "requests")).map((each) => Json.at(each, "content")))
      )
    default:
      return Tokens.total(Tokens.ofRequest(counted(body)))
  }
}

const countTokens = (body: unknown, cached: Tokens.Counts | undefined): Json.Json => {
  const counts = Tokens.ofRequest(counted(body))
  const totalTokens = Tokens.total(counts)
  return {
    ...(totalTokens === 0 ? {} : { totalTokens }),
    ...(totalTokens === 0 ? {} : { promptTokensDetails: Tokens.details(counts) }),
    ...Tokens.ofCache(cached)
  }
}

/** The generator's answer for the methods that do not generate content. */
const other = (request: EmulatorRequest, body: unknown, settings: Settings, now: number): Step.Steps => {
  const model = request.model ?? ""
  const isVertex = request.vertex !== undefined
  switch (request.method) {
    case "countTokens": {
      const count = countTokens(body, settings.cached)
      return Render.whole(isVertex ? VertexAnswers.counted(count, body) : count)
    }
    case "computeTokens":
      return Render.whole(VertexAnswers.computed(body))
    case "predict":
      return VertexModels.predicting.has(model) || settings.models.acceptAnyModel === true
        ? Render.whole(VertexAnswers.predicted(model, settings.seed, body))
        : Render.error({ code: 501 }, "json")
    case "embedContent": {
      const embedded = Embedding.one(model, settings.seed, body)
      return Render.whole(isVertex ? VertexAnswers.embedded(embedded) : embedded)
    }
    case "batchEmbedContents":
      return Render.whole(Embedding.batch(model, settings.seed, body))
    case "models.list": {
      const page = ModelPages.list(settings.models, request.query, now)
      if (page.refusal !== undefined) return Render.refusal(page.refusal, "json")
      if (!isVertex) return Render.whole(page.body)
      const { models, ...rest } = page.body
      return Render.whole({ publisherModels: models.map(VertexAnswers.publisherModel), ...rest })
    }
    case "models.get": {
      const { resource: name = "", version } = request
      const found = ModelPages.get(settings.models, { name, version, now })
      if (found.refusal !== undefined) return Render.refusal(found.refusal, "json")
      return Render.whole(isVertex ? VertexAnswers.publisherModel(found.body) : found.body)
    }
    case "tunedModels.list":
      // There are no tuned models any more, and the array of an empty list is left out (recorded).
      return Render.whole({})
    default:
      return Render.error({ code: 501 }, "json")
  }
}

function* pieces(body: NonNullable<Answer.RawAnswer["body"]>): Generator<Step.Step> {
  if (typeof body === "string" || body instanceof Uint8Array) yield Step.bytes(body)
  else for (const piece of body) yield Step.bytes(piece)
}

export function* raw(answer: Answer.RawAnswer): Generator<Step.Step> {
  yield Step.head(answer.status ?? 200, answer.headers ?? { "content-type": "application/json; charset=UTF-8" })
  if (answer.body !== undefined) yield* pieces(answer.body)
}

function* mapped<A, B>(items: Iterable<A>, f: (item: A) => B): Generator<B> {
  for (const item of items) yield f(item)
}

/** Either the answer, or why the scripted one cannot be the answer to this request. */
export type Responded =
  | { readonly steps: Step.Steps; readonly misfit?: undefined }
  | { readonly misfit: string }

/**
 * `body` is that of the request with its names in camelCase. `given` is the script's answer; undefined leaves it to the
 * generator.
 */
export const respond = (
  request: EmulatorRequest,
  body: Json.Json,
  given: Answer.Answer | undefined,
  settings: Settings,
  now: number
): Responded => {
  const answer = given === undefined ? {} : Answer.fields(given)
  const framing = framingOf(request)
  const generates = request.method === "generateContent" || request.method === "streamGenerateContent"
  const model = request.model ?? ""
  const row = ModelTable.get(settings.models, `models/${model}`, now)
  const envelope: Chunks.Envelope = { model, seed: settings.seed, body, usage: answer.usage, cached: settings.cached }
  const pace = Pace.of(answer, settings.pace)
  const delay = pace?.ofChunk ?? answer.chunkDelay ?? settings.chunkDelay
  let latency = (answer.delay ?? 0) + (pace?.first ?? 0)
  const outer = { time: now, traffic: settings.traffic ?? "ON_DEMAND" }
  const shaped = (made: Json.Json): Json.Json => request.vertex === undefined ? made : VertexShape.response(made, outer)
  const said = (turns: Utterance.Speech): Step.Steps => {
    if (framing !== "json") return Render.stream(mapped(Chunks.stream(envelope, turns), shaped), framing, delay)
    const whole = shaped(Chunks.whole(envelope, turns))
    latency += pace?.ofChunk(whole, 1) ?? 0
    return Render.whole(whole)
  }
  const { continuationToken, ...asked } = body
  const { calling, retrieved, seed, values } = settings
  const asking: Utterance.Request = { model, row, body: asked, seed, calling, values, retrieved }
  const composed = generates && Scripted.speaks(answer) ? Scripted.compose(answer, asking) : undefined
  if (composed !== undefined && "misfit" in composed) return composed
  const steps = (): Step.Steps => {
    if (composed !== undefined) return said([composed.turn])
    if (answer.response !== undefined) {
      return framing === "json" ? Render.whole(answer.response) : Render.stream([answer.response], framing, delay)
    }
    if (answer.chunks !== undefined) {
      const piece = Chunks.pieceOf(envelope)
      const chunks = mapped(answer.chunks, (chunk) => typeof chunk === "string" ? shaped(piece(chunk)) : chunk)
      return framing === "json" ? Render.whole(Chunks.fold([...chunks])) : Render.stream(chunks, framing, delay)
    }
    if (answer.error !== undefined) return Render.error(answer.error, framing)
    if (answer.raw !== undefined) return raw(answer.raw)
    if (!generates) return other(request, body, settings, now)
    const { error } = Directives.find(Utterance.promptOf(body))
    if (error !== undefined) return Render.error({ code: error }, framing)
    const turns = Hops.of(asking, Json.text(continuationToken) || undefined)
    return turns === undefined
      ? Render.refusal(GoogleError.invalidArgument("Request contains an invalid argument."), framing)
      : said(turns)
  }
  const made = steps()
  const { fault } = answer
  const broken = fault?.error ?? (fault?.status === undefined ? undefined : { code: fault.status })
  const faulty = fault === undefined
    ? made
    : Fault.apply(
      fault,
      broken === undefined ? made : Render.error(broken, framing, { inside: fault.inside }),
      (error) => Render.errorText(error, "json")
    )
  const wait = latency === 0 ? answer.delay : latency
  return { steps: Fault.apply({ delay: wait, headers: answer.headers }, faulty, () => "") }
}
