/** One point of the contract of `effect/ai`: what must come of it, filled in before anything runs, and a program that shows it. */
import * as AiError from "effect/ai/AiError"
import type * as LanguageModel from "effect/ai/LanguageModel"
import type * as Model from "effect/ai/Model"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as ScriptedServer from "./ScriptedServer.ts"
import type { Subject } from "./Subject.ts"
import type { Turn } from "./Turn.ts"

type Given =
  | LanguageModel.LanguageModel
  | Model.ProviderName
  | Model.ModelName
  | ScriptedServer.Server

/** A point, which any provider can be held to. */
export interface Point {
  readonly name: string
  readonly expected: string
  /** What the server does, request by request. */
  readonly script: ReadonlyArray<Turn>
  /** What came. A failure is told by `ended`. */
  readonly run: (subject: Subject) => Effect.Effect<string, unknown, Given>
}

/** A failure as a text: its reason, and whether the same call may succeed later. */
export const ended = (error: unknown): string =>
  AiError.isAiError(error)
    ? `${error.reason._tag} ${error.isRetryable ? "retryable" : "final"}`
    : typeof error === "object" && error !== null && "_tag" in error
    ? String(error._tag)
    : String(error)

/** How an effect ended: with a value, or with which failure. */
export const end = <A, R>(effect: Effect.Effect<A, unknown, R>): Effect.Effect<string, never, R> =>
  Effect.match(effect, { onFailure: ended, onSuccess: () => "success" })

/** What comes of a point for a provider. */
export const got = (point: Point, subject: Subject): Effect.Effect<string> =>
  point.run(subject).pipe(
    Effect.catch((error) => Effect.succeed(ended(error))),
    Effect.catchDefect((defect) => Effect.succeed(`defect: ${String(defect)}`)),
    Effect.provide(subject.layer.pipe(Layer.provideMerge(ScriptedServer.layer(subject.wire, point.script))))
  )
