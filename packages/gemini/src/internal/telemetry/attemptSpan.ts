/**
 * The span of one attempt, after OpenTelemetry's conventions for generative AI. It
 * holds names, counts and reasons: never a header, and a prompt or an answer only where
 * the program asked for that (`Contents`).
 *
 * None is made where no tracer is installed: nobody could see it.
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
import type { GeminiError } from "../../GeminiError.ts"
import * as Candidate from "../../wire/Candidate.ts"
import * as GenerateContent from "../../wire/GenerateContent.ts"
import type { Usage } from "../../wire/Usage.ts"
import { Contents, type Said } from "./recorder.ts"

/** A call, and what it sends. */
/** The method and the model that a call asks. */
interface Call {
  readonly method: string
  readonly model?: string | undefined
}

type Attempt = Call & { readonly body: unknown }

type Chunks = Pull.Pull<Arr.NonEmptyReadonlyArray<GenerateContent.GenerateContentResponse>, GeminiError>

/** What is the same for all calls of a client. */
export interface Server {
  readonly "server.address": string
  readonly "server.port": number
  readonly "gemini.member"?: string
}

export const server = (baseUrl: string, member?: string): Server | undefined => {
  if (!URL.canParse(baseUrl)) return undefined
  const { hostname, port, protocol } = new URL(baseUrl)
  return {
    "server.address": hostname,
    "server.port": port === "" ? (protocol === "http:" ? 80 : 443) : Number(port),
    ...(member === undefined ? {} : { "gemini.member": member })
  }
}

export const isTraced = (fiber: Fiber.Fiber<unknown, unknown>): boolean =>
  fiber.getRef(Tracer.Tracer) !== Tracer.nativeTracer && fiber.getRef(References.TracerEnabled)

const operations: Readonly<Record<string, string>> = {
  generateContent: "generate_content",
  generateContentStream: "generate_content",
  embedContent: "embeddings",
  batchEmbedContents: "embeddings"
}

/** What the conventions call a method. */
export const operationOf = (method: string): string => operations[method] ?? method

export const options = (call: Call, server: Server | undefined): Tracer.SpanOptionsNoTrace => ({
  kind: "client",
  attributes: {
    "gen_ai.operation.name": operationOf(call.method),
    "gen_ai.provider.name": "gcp.gemini",
    ...(call.model === undefined ? {} : { "gen_ai.request.model": call.model }),
    ...server
  }
})

export const name = (call: Call): string => {
  const operation = operationOf(call.method)
  return call.model === undefined ? operation : `${operation} ${call.model}`
}

const usage = (span: Tracer.Span, usage: Usage): void => {
  span.attribute("gen_ai.usage.input_tokens", usage.promptTokens + usage.toolUsePromptTokens)
  span.attribute("gen_ai.usage.output_tokens", usage.candidatesTokens + usage.thoughtsTokens)
  span.attribute("gen_ai.usage.cache_read.input_tokens", usage.cachedTokens)
}

/** Of a response, or of a stream's chunks one after another: what comes last stays. */
export const answered = (
  span: Tracer.Span,
  response: GenerateContent.GenerateContentResponse,
  said: Said | undefined
): void => {
  if (typeof response.responseId === "string") span.attribute("gen_ai.response.id", response.responseId)
  if (typeof response.modelVersion === "string") span.attribute("gen_ai.response.model", response.modelVersion)
  const reasons = response.candidates?.map(Candidate.finishReason).filter((reason) => reason !== undefined) ?? []
  if (reasons.length > 0) span.attribute("gen_ai.response.finish_reasons", reasons)
  const used = GenerateContent.usage(response)
  if (used !== undefined) usage(span, used)
  said?.chunk(response)
}

/** Why an attempt failed, if it did. */
export const ended = (span: Tracer.Span, exit: Exit.Exit<unknown, GeminiError>): void => {
  if (exit._tag === "Success") return
  const error = Option.getOrUndefined(Cause.findErrorOption(exit.cause))
  if (error !== undefined) {
    span.attribute("error.type", error.reason._tag)
    if (error.status !== undefined) span.attribute("http.response.status_code", error.status)
    if (error.usage !== undefined) usage(span, error.usage)
  }
}

/** The span around a unary attempt. */
export const unary = <A>(
  fiber: Fiber.Fiber<unknown, unknown>,
  call: Attempt,
  server: Server | undefined,
  attempt: Effect.Effect<A, GeminiError>,
  describe: ((span: Tracer.Span, answer: A, said: Said | undefined) => void) | undefined
): Effect.Effect<A, GeminiError> =>
  Effect.useSpan(
    name(call),
    options(call, server),
    (span) => {
      const said = fiber.getRef(Contents)?.(span, call.method, call.body)
      return Effect.withParentSpan(attempt, span, { captureStackTrace: false }).pipe(
        Effect.onExit((exit) =>
          Effect.sync(() => {
            if (exit._tag === "Success") describe?.(span, exit.value, said)
            else ended(span, exit)
            said?.end()
          })
        )
      )
    }
  )

/** The span around a streamed attempt: from the request to the end of the stream's scope. */
export const stream = (
  fiber: Fiber.Fiber<unknown, unknown>,
  call: Attempt,
  server: Server | undefined,
  scope: Scope.Scope,
  open: Effect.Effect<Chunks, GeminiError>
): Effect.Effect<Chunks, GeminiError> =>
  Effect.flatMap(
    Scope.provide(Effect.makeSpanScoped(name(call), options(call, server)), scope),
    (span) => {
      const said = fiber.getRef(Contents)?.(span, call.method, call.body)
      return Effect.andThen(
        Scope.addFinalizerExit(scope, (exit) =>
          Effect.sync(() => {
            ended(span, exit)
            said?.end()
          })),
        Effect.map(
          Effect.withParentSpan(open, span, { captureStackTrace: false }),
          Effect.map((chunks) => {
            for (const chunk of chunks) answered(span, chunk, said)
            return chunks
          })
        )
      )
    }
  )
