/**
 * The span of one attempt, after OpenTelemetry's conventions for generative AI. It holds names, counts and reasons,
 * never a header, and a prompt or an answer only where the program asked for that (`Contents`).
 *
 * Where no tracer is installed no span is made, because nobody could see it.
 */
import type * as Arr from "effect/Array"
import * as Cause from "effect/Cause"
import * as Effect from "effect/Effect"
import type * as Exit from "effect/Exit"
import type * as Fiber from "effect/Fiber"
import * as Option from "effect/Option"
import type * as Pull from "effect/Pull"
import * as References from "effect/References"
import * as Scope from "effect/Scope"
import * as Tracer from "effect/Tracer"
import * as UsageSpan from "../../call/UsageSpan.ts"
import type { GeminiError } from "../../GeminiError.ts"
import * as Candidate from "../../wire/Candidate.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import * as Usage from "../../wire/Usage.ts"
import { ContentWriter, type Said } from "./recorder.ts"

/** The method and the model that a call asks. */
interface Call {
  readonly method: string
  readonly model?: string | undefined
}

/** A call, and what it sends. */
type Attempt = Call & { readonly body: unknown }

type Chunks<A> = Pull.Pull<Arr.NonEmptyReadonlyArray<A>, GeminiError>

/** What is the same for all calls of a client. */
export interface Server {
  readonly "gen_ai.provider.name": string
  readonly "server.address"?: string
  readonly "server.port"?: number
  readonly "gemini.member"?: string
}

/** Who is asked, and at which address. */
interface Asked {
  readonly provider: string
  readonly baseUrl: string
}

export const server = ({ baseUrl, provider }: Asked, member?: string): Server => {
  const said = { "gen_ai.provider.name": provider, ...(member === undefined ? {} : { "gemini.member": member }) }
  if (!URL.canParse(baseUrl)) return said
  const { hostname, port, protocol } = new URL(baseUrl)
  return {
    ...said,
    "server.address": hostname,
    "server.port": port === "" ? (protocol === "http:" ? 80 : 443) : Number(port)
  }
}

export const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer && fiber.getRef(References.TracerEnabled)

const operations: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  generateContent: "generate_content",
  generateContentStream: "generate_content",
  embedContent: "embeddings",
  batchEmbedContents: "embeddings"
}))

/** The name that the conventions give to a method. */
export const operationOf = (method: string): string => operations.get(method) ?? method

/** What the spans and the metrics of a call have in common. */
export const attributes = ({ method, model }: Call, provider: string): Readonly<Record<string, string>> => ({
  "gen_ai.operation.name": operationOf(method),
  "gen_ai.provider.name": provider,
  ...(model === undefined ? {} : { "gen_ai.request.model": model })
})

export const options = (call: Call, server: Server): Tracer.SpanOptionsNoTrace => ({
  kind: "client",
  attributes: { ...attributes(call, server["gen_ai.provider.name"]), ...server }
})

export const name = (call: Call): string => {
  const operation = operationOf(call.method)
  return call.model === undefined ? operation : `${operation} ${call.model}`
}

const usage = (span: Tracer.Span, usage: Usage.Usage): void => {
  span.attribute("gen_ai.usage.input_tokens", usage.promptTokens + usage.toolUsePromptTokens)
  span.attribute("gen_ai.usage.output_tokens", usage.candidatesTokens + usage.thoughtsTokens)
  span.attribute("gen_ai.usage.cache_read.input_tokens", usage.cachedTokens)
}

/** Takes a response, or the chunks of a stream one after another: what comes last stays. */
export const answered = (
  span: Tracer.Span,
  response: GenerateContent.GenerateContentResponse,
  said: Said | undefined,
  counts: boolean,
  counted = response.usageMetadata
): void => {
  if (typeof response.responseId === "string") span.attribute("gen_ai.response.id", response.responseId)
  if (typeof response.modelVersion === "string") span.attribute("gen_ai.response.model", response.modelVersion)
  const reasons = response.candidates?.map(Candidate.finishReason).filter((reason) => reason !== undefined) ?? []
  if (reasons.length > 0) span.attribute("gen_ai.response.finish_reasons", reasons)
  if (counts && counted) usage(span, Usage.fromMetadata(counted))
  said?.chunk(response)
}

/** Writes why an attempt failed, if it did. */
export const ended = (span: Tracer.Span, exit: Exit.Exit<unknown, GeminiError>, counts: boolean): void => {
  if (exit._tag === "Success") return
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (error !== undefined) {
    span.attribute("error.type", error.reason._tag)
    if (error.status !== undefined) span.attribute("http.response.status_code", error.status)
    if (counts && error.usage !== undefined) usage(span, error.usage)
  }
}

/** The span around a unary attempt. */
export const unary = <A>(
  fiber: Fiber.Fiber<unknown, unknown>,
  call: Attempt,
  server: Server,
  attempt: Effect.Effect<A, GeminiError>,
  describe: ((span: Tracer.Span, answer: A, said: Said | undefined, counts: boolean) => void) | undefined
): Effect.Effect<A, GeminiError> =>
  Effect.useSpan(
    name(call),
    options(call, server),
    (span) => {
      const said = fiber.getRef(ContentWriter)?.(span, call.method, call.body)
      const counts = !fiber.getRef(UsageSpan.isOutside)
      return Effect.withParentSpan(attempt, span, { captureStackTrace: false }).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (exit._tag === "Success") describe?.(span, exit.value, said, counts)
            else ended(span, exit, counts)
            said?.end()
          })
        )
      )
    }
  )

/** Takes the chunks of a streamed answer, to write on its span what they say. */
export type Hear<A> = (
  span: Tracer.Span,
  said: Said | undefined,
  counts: boolean
) => (chunks: Arr.NonEmptyReadonlyArray<A>) => void

/** What generateContent streams. */
export const hearAnswers: Hear<GenerateContent.GenerateContentResponse> = (span, said, counts) => {
  let counted: GenerateContent.GenerateContentResponse["usageMetadata"]
  return (chunks) => {
    for (const chunk of chunks) {
      counted = Usage.carried(counted, chunk.usageMetadata)
      answered(span, chunk, said, counts, counted)
    }
  }
}

/** The span around a streamed attempt: from the request to the end of the stream's scope. */
export const stream = <A>(
  fiber: Fiber.Fiber<unknown, unknown>,
  call: Attempt,
  server: Server,
  scope: Scope.Scope,
  open: Effect.Effect<Chunks<A>, GeminiError>,
  hear: Hear<A>
): Effect.Effect<Chunks<A>, GeminiError> =>
  Effect.flatMap(
    Scope.provide(Effect.makeSpanScoped(name(call), options(call, server)), scope),
    (span) => {
      const said = fiber.getRef(ContentWriter)?.(span, call.method, call.body)
      const counts = !fiber.getRef(UsageSpan.isOutside)
      const hears = hear(span, said, counts)
      return Effect.andThen(
        Scope.addFinalizerExit(scope, (exit) =>
          Effect.sync(() => {
            ended(span, exit, counts)
            said?.end()
          })),
        Effect.map(
          Effect.withParentSpan(open, span, { captureStackTrace: false }),
          Effect.map((chunks) => {
            hears(chunks)
            return chunks
          })
        )
      )
    }
  )
