/** The tools of a chat, whoever has them: what the model is told of them, and what a call gives. */
import type { Part } from "effect-gemini/wire/Part"
import type { FunctionDeclaration } from "effect-gemini/wire/Tool"
import type * as Effect from "effect/Effect"

export interface ChatTool {
  /** Server and tool, such as `files.read_file`: what `--allow` names and people read. */
  readonly name: string
  readonly server: string
  readonly description: string | undefined
  readonly declaration: FunctionDeclaration
  /** Whether the person's configuration says that it changes nothing. What its server says of it counts for nothing. */
  readonly isReadonly: boolean
  /** Calls it. A failure is something that the model is told, too. */
  readonly call: (args: Readonly<Record<string, unknown>>) => Effect.Effect<Outcome>
}

export interface Outcome {
  readonly response: Readonly<Record<string, unknown>>
  /** Images and sounds that the tool gave. */
  readonly media: ReadonlyArray<Part>
  readonly isFailure: boolean
}

export interface Toolbox {
  /** By the names that the model knows them by. */
  readonly tools: ReadonlyMap<string, ChatTool>
}

export const none: Toolbox = { tools: new Map() }
