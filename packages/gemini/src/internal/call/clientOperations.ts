/**
 * The operations of a client, the same for one model of one project and for one over members: each is a logical call
 * over a course, which says where its attempts go.
 */
import * as Effect from "effect/Effect"
import type * as Stream from "effect/Stream"
import type { CallOptions } from "../../call/CallOptions.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as CountTokens from "../../wire/CountTokens.ts"
import type * as Embedding from "../../wire/Embedding.ts"
import type * as GenerateContent from "../../wire/GenerateContent.ts"
import type * as ModelMethods from "../http/modelMethods.ts"
import type { Estimate, Tally } from "../limiter/Tally.ts"
import { isCountable } from "../wire/countable.ts"
import * as Continuation from "./Continuation.ts"
import * as LogicalCall from "./LogicalCall.ts"
import * as Plans from "./plans.ts"
import * as StreamedCall from "./streamedCall.ts"

/** Where the attempts of one call go. Its model and carrier are asked once an attempt has its permit. */
export interface Course<Carrier = ModelMethods.ModelMethods>
  extends Pick<LogicalCall.Plan<unknown>, "options" | "meter" | "way" | "delayAfter">
{
  readonly model: () => ModelId.ModelId
  readonly carrier: () => Carrier
}

/** Where a call goes whose answers are told: to move its lane, and to estimate the next ones by. */
export interface HeardCourse<Carrier = ModelMethods.ModelMethods> extends Course<Carrier> {
  readonly heard: Plans.HearAnswer
}

/** Where a generation goes: over HTTP, or over Live. */
export interface Generating extends HeardCourse<ModelMethods.GenerationMethods> {
  /** It is shown the chunks of an attempt, to say how that went. */
  readonly judged?: (<A>(chunks: Stream.Stream<A, GeminiError>) => Stream.Stream<A, GeminiError>) | undefined
}

const generated = (
  { continuation }: LogicalCall.Client,
  method: string,
  course: Generating,
  request: GenerateContent.GenerateContentRequest
) => ({
  ...Plans.generation(method, course.model, course.heard),
  ...course,
  chain: Continuation.make(course.options?.continuation ?? continuation, request)
})

export const generate = (
  client: LogicalCall.Client,
  course: Generating,
  request: GenerateContent.GenerateContentRequest
): Effect.Effect<LogicalCall.Answered<GenerateContent.GenerateContentResponse>, GeminiError> =>
  LogicalCall.unary(
    client,
    generated(client, "generateContent", course, request),
    (token) => course.carrier().generateContent(course.model(), Continuation.from(request, token), course.options)
  )

export const generateStream = (
  client: LogicalCall.Client,
  course: Generating,
  request: GenerateContent.GenerateContentRequest
): Stream.Stream<GenerateContent.GenerateContentResponse, GeminiError> =>
  StreamedCall.stream(client, generated(client, "generateContentStream", course, request), (token) => {
    const chunks = course.carrier().generateContentStream(
      course.model(),
      Continuation.from(request, token),
      course.options
    )
    return course.judged?.(chunks) ?? chunks
  })

export const countTokens = (
  client: LogicalCall.Client,
  course: Course,
  request: CountTokens.CountTokensRequest
): Effect.Effect<LogicalCall.Answered<CountTokens.CountTokensResponse>, GeminiError> =>
  LogicalCall.unary(
    client,
    { ...Plans.counting, ...course },
    () => course.carrier().countTokens(course.model(), request, course.options)
  )

/** Counts a whole request, with its instruction and tools, for a lane that has to know. */
export const counted = (
  client: LogicalCall.Client,
  course: Course,
  request: GenerateContent.GenerateContentRequest
): Effect.Effect<CountTokens.CountTokensResponse, GeminiError> =>
  Effect.map(
    countTokens(client, course, { generateContentRequest: { ...request, model: ModelId.resource(course.model()) } }),
    ({ value }) => value
  )

/**
 * What counts a request by the server before it is sent, where the call asks for that and the request holds what cannot
 * be estimated: a file by its URI, or a cache. If the server does not count it either, the estimate has to do.
 */
export const countedFirst = (
  estimate: Tally,
  countInput: CallOptions["countInput"],
  count: () => Effect.Effect<CountTokens.CountTokensResponse, GeminiError>
): Effect.Effect<Estimate> | undefined =>
  countInput !== "server" || !estimate.isGuess ? undefined : Effect.suspend(count).pipe(
    Effect.map((counted): Estimate => {
      const tokens = CountTokens.totalTokens(counted)
      return isCountable(tokens) && tokens > 0 ? tokens : estimate
    }),
    Effect.orElseSucceed((): Estimate => estimate)
  )

export const embed = (
  client: LogicalCall.Client,
  course: HeardCourse,
  request: Embedding.BatchEmbedContentsRequest
): Effect.Effect<LogicalCall.Answered<Embedding.BatchEmbedContentsResponse>, GeminiError> =>
  LogicalCall.unary(
    client,
    { ...Plans.embedding(course.heard), ...course },
    () => course.carrier().batchEmbedContents(course.model(), request, course.options)
  )

/** A call by a method that a service of its own brings, over the course that its client gives it. */
export interface Extra<A> {
  readonly method: string
  /** A generation of as much input, for what estimates, prices and asks whose the files are. */
  readonly like: GenerateContent.GenerateContentRequest
  /** What it names beside the files of `like` that the server keeps, and where. */
  readonly held?: ReadonlyArray<{ readonly field: string; readonly resource: string }> | undefined
  readonly play: (
    client: LogicalCall.Client,
    course: Course
  ) => Effect.Effect<LogicalCall.Answered<A>, GeminiError>
}
