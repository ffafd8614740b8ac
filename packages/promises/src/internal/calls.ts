/**
 * The calls of a client and of its chats, as effects. What tools and objects need is loaded with the first call that
 * has any, so that a program without them does not carry it.
 */
import type * as Answer from "effect-gemini/call/Answer"
import type * as Call from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Failure from "./failure.ts"
import type { ObjectAsked } from "./objects.ts"
import type { ToolsAsked } from "./toolLoop.ts"

export type AnyRequest = GeminiClient.Request | ToolsAsked
/** What holds for many requests. */
export type Settings = Omit<GeminiClient.Request, "contents"> | Omit<ToolsAsked, "contents">

type Options = Call.CallOptions | undefined

/** On the wire tools are a list; those that are run here have names. */
const hasTools = (request: AnyRequest): request is ToolsAsked =>
  typeof request?.tools === "object" && request.tools !== null && !Array.isArray(request.tools)

export const generate = (
  request: AnyRequest,
  call: Options
): Effect.Effect<Answer.Answer, unknown, GeminiClient.GeminiClient> =>
  hasTools(request)
    ? Effect.flatMap(Effect.promise(() => import("./toolLoop.ts")), (loop) => loop.run(request, call))
    : GeminiClient.GeminiClient.use((client) => client.generate(request, call))

export const stream = (
  request: AnyRequest,
  call: Options
): Stream.Stream<Answer.StreamChunk, unknown, GeminiClient.GeminiClient> =>
  hasTools(request)
    ? Stream.fail(
      Failure.invalid("generateContentStream", "tools", "are run between whole answers: ask with generate or send")
    )
    : Stream.unwrap(GeminiClient.GeminiClient.useSync((client) => client.generateStream(request, call)))

export const object = (request: ObjectAsked, call: Options) =>
  Effect.flatMap(Effect.promise(() => import("./objects.ts")), (objects) => objects.generate(request, call))

export const objectStream = (request: ObjectAsked, call: Options) =>
  Stream.unwrap(Effect.map(Effect.promise(() => import("./objects.ts")), (objects) => objects.stream(request, call)))
