/**
 * From an attempt of the Gemini API to the same on Vertex AI: its path, its body, how its answer is read, and the refusal
 * of what Vertex AI does not have. Pure.
 */
import * as Result from "effect/Result"
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Embedding from "../../wire/Embedding.ts"
import * as Differences from "../http/apiDifferences.ts"
import type { AttemptRequest } from "../http/attempt.ts"
import * as Body from "../http/responseBody.ts"
import * as Guard from "../wire/guard.ts"
import * as Embeddings from "./embeddings.ts"
import * as GeminiFiles from "./geminiFiles.ts"
import * as Paths from "./paths.ts"
import * as PredictionJobs from "./predictionJobs.ts"

/** An attempt in the form of Vertex AI. `read` makes an answer of the Gemini API out of one of Vertex AI. */
export interface Formed {
  readonly attempt: AttemptRequest
  readonly read?: ((answer: unknown) => unknown) | undefined
}

type Refusal = Reason.InvalidRequest | Reason.Unsupported

const isObject = (value: unknown): value is Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null && !Array.isArray(value)

const missing = ({ field, instead }: Differences.Difference): Reason.Unsupported =>
  new Reason.Unsupported({
    capability: `${field} on Vertex AI`,
    description: `${field} is not supported on Vertex AI: ${instead}`
  })

/** The first field of a request for content that only the Gemini API has. */
export const lacking = (body: unknown, at = ""): Reason.Unsupported | undefined => {
  const found = Differences.find(Differences.geminiOnly, body, at) ??
    (isObject(body) ? GeminiFiles.find(body["contents"], at === "" ? "contents" : `${at}.contents`) : undefined)
  return found && missing(found)
}

/** The whole name of a cache. */
export const cacheName = (place: Paths.ProjectLocation, name: string): string => {
  if (name.startsWith("projects/")) return name
  return `${Paths.parent(place)}${name.startsWith("cachedContents/") ? name : `cachedContents/${name}`}`
}

/** A request for content. */
const generation = (place: Paths.ProjectLocation, body: unknown): unknown => {
  const cache = isObject(body) ? body["cachedContent"] : undefined
  return isObject(body) && typeof cache === "string" ? { ...body, cachedContent: cacheName(place, cache) } : body
}

/** A whole request is counted by those of its fields that stand beside `contents` here. */
const counted = (body: unknown): Result.Result<unknown, Refusal> => {
  const whole = isObject(body) ? body["generateContentRequest"] : undefined
  if (!isObject(whole)) return Result.succeed(body)
  const wrong = lacking(whole, "generateContentRequest")
  if (wrong !== undefined) return Result.fail(wrong)
  const { cachedContent, contents, generationConfig, systemInstruction, tools } = whole
  if (cachedContent) {
    return Result.fail(missing({
      field: "generateContentRequest.cachedContent",
      instead: "the size of a cache is in its usageMetadata; count the rest without it"
    }))
  }
  const beside = Object.entries({ contents, systemInstruction, tools, generationConfig })
  return Result.succeed(Object.fromEntries(beside.filter(([, value]) => value !== undefined && value !== null)))
}

/** The list of models, whose key has another name. */
const listed = (answer: unknown): unknown => {
  if (!isObject(answer) || !("publisherModels" in answer)) return answer
  const { publisherModels: models, ...rest } = answer
  return { ...rest, models }
}

const guardEmbed = Guard.make(Embedding.EmbedContentRequest)
const guardBatch = Guard.make(Embedding.BatchEmbedContentsRequest)

/** What becomes of an attempt: its body, the path of the Gemini API that it then has, and how its answer is read. */
interface Form {
  readonly body: unknown
  readonly path?: string
  readonly read?: Formed["read"]
}

const embedded = (path: string) => ({ body, read, verb }: Embeddings.Form): Form => ({
  body,
  path: path.replace(/:\w+$/, `:${verb}`),
  read
})

const cacheOf = (place: Paths.ProjectLocation, body: unknown): Result.Result<Form, Refusal> => {
  const wrong = lacking(body)
  if (wrong !== undefined) return Result.fail(wrong)
  const model = isObject(body) ? body["model"] : undefined
  return Result.succeed({
    body: typeof model === "string" ? { ...Object(body), model: Paths.wholeModel(place, model) } : body
  })
}

/** A body that is not what its method takes stays as it is: the check of the attempt refuses it. */
const formOf = (
  place: Paths.ProjectLocation,
  { body, method, model = "", path }: AttemptRequest
): Result.Result<Form, Refusal> => {
  // How a create whose answer was lost is settled has a method of its own, so the path says what an answer is about.
  if (PredictionJobs.isAbout(path)) {
    return Result.succeed({ body: PredictionJobs.created(body), read: PredictionJobs.read })
  }
  switch (method) {
    case "generateContent":
    case "generateContentStream": {
      const wrong = lacking(body)
      return wrong === undefined ? Result.succeed({ body: generation(place, body) }) : Result.fail(wrong)
    }
    case "countTokens":
    case "computeTokens": {
      const wrong = lacking(body)
      return wrong === undefined ? Result.map(counted(body), (body) => ({ body })) : Result.fail(wrong)
    }
    case "embedContent":
      return Result.match(guardEmbed(body), {
        onFailure: () => Result.succeed({ body }),
        onSuccess: (request) => Result.map(Embeddings.one(model, request), embedded(path))
      })
    case "batchEmbedContents":
      return Result.match(guardBatch(body), {
        onFailure: () => Result.succeed({ body }),
        onSuccess: ({ requests }) => Result.map(Embeddings.several(model, requests), embedded(path))
      })
    case "listModels":
      return Result.succeed({ body, read: listed })
    case "caches.create":
      return cacheOf(place, body)
    default:
      return Result.succeed({ body })
  }
}

/** Where an attempt goes whose whole address is given: a path of ours again, or an address out of an answer. */
const addressOf = (
  base: string,
  prefix: string,
  place: Paths.ProjectLocation,
  attempt: AttemptRequest,
  url: string
): Result.Result<string, Paths.Lack> => {
  // An address out of an answer has no path beside it.
  if (attempt.path === "") return Result.succeed(url)
  if (url.startsWith(prefix)) {
    return Result.map(Paths.path(place, attempt.httpMethod, url.slice(prefix.length)), (path) => prefix + path)
  }
  const [, rest = ""] = /^\/(?:upload|download)\/(?:v\d\w*\/)?(.*)$/.exec(url.slice(base.length)) ?? []
  return Result.flatMap(Paths.path(place, attempt.httpMethod, rest), () =>
    Result.fail({
      capability: "uploads to Vertex AI",
      description: "Vertex AI takes no uploads: put the file into Cloud Storage and give its gs:// URI"
    }))
}

/** The attempt on Vertex AI. `base` is the address, and `prefix` the same with the API version and a slash. */
export const of = (
  { base, place, prefix }: { readonly base: string; readonly place: Paths.ProjectLocation; readonly prefix: string },
  attempt: AttemptRequest
): Result.Result<Formed, GeminiError> => {
  const fail = (reason: Refusal) => Body.failure(attempt, reason)
  const lack = (lack: Paths.Lack) => fail(new Reason.Unsupported(lack))
  return Result.flatMap(Result.mapError(formOf(place, attempt), fail), ({ body, path = attempt.path, read }) => {
    const url = attempt.url === undefined
      ? Result.map(Paths.path(place, attempt.httpMethod, path), (path) => prefix + path)
      : addressOf(base, prefix, place, attempt, attempt.url)
    return Result.map(Result.mapError(url, lack), (url) => ({ attempt: { ...attempt, body, url }, read }))
  })
}
