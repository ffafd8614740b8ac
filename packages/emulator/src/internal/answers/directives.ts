/**
 * Words in a prompt that tell the generator what to do, for tests in languages that cannot
 * script it from inside: `emulator:NAME ARGUMENT`, up to the end of the line.
 */
import * as Json from "../json.ts"

export interface DirectedCall {
  readonly name: string
  /** The arguments. Undefined: they are made by the declaration's schema. */
  readonly args: unknown
}

export interface Directives {
  /** `emulator:say TEXT`: the answer is this text. */
  readonly say: string | undefined
  /** `emulator:words N`: a text of so many words. */
  readonly words: number | undefined
  /** `emulator:call NAME {…}`, once for each call. */
  readonly calls: ReadonlyArray<DirectedCall>
  /** `emulator:block REASON`: the prompt is blocked. Default SAFETY. */
  readonly block: string | undefined
  /** `emulator:finish REASON`: the answer ends with this reason. */
  readonly finish: string | undefined
  /** `emulator:empty`: STOP without any content. */
  readonly empty: boolean
  /** `emulator:error CODE`: the answer has this HTTP status. */
  readonly error: number | undefined
  /** `emulator:recall`: the answer is what the user has said so far. It works only over Live. */
  readonly recall: boolean
}

const pattern = /\bemulator:(say|words|call|block|finish|empty|error|recall)\b[ \t]*([^\n]*)/g

export const find = (prompt: string): Directives => {
  const calls: Array<DirectedCall> = []
  const found: Partial<Record<string, string>> = {}
  for (const [, name, argument = ""] of prompt.matchAll(pattern)) {
    if (name === undefined) continue
    if (name !== "call") {
      found[name] = argument.trim()
      continue
    }
    const [, callee, args] = /^(\S+)\s*(\{.*\})?/.exec(argument) ?? []
    if (callee !== undefined) calls.push({ name: callee, args: args === undefined ? undefined : Json.parse(args) })
  }
  const word = (name: string) => found[name]?.split(/\s+/)[0]
  return {
    say: found["say"],
    words: Json.number(word("words")),
    calls,
    block: found["block"] === undefined ? undefined : word("block") || "SAFETY",
    finish: word("finish"),
    empty: found["empty"] !== undefined,
    error: Json.number(word("error")),
    recall: found["recall"] !== undefined
  }
}
