/**
 * How fast an answer is said.
 */
import type * as Reply from "../../Reply.ts"
import * as Json from "../json.ts"
import * as Tokens from "./tokens.ts"

export interface Pacing {
  /** Milliseconds before anything is said. */
  readonly first: number
  /** How many milliseconds it takes to say these parts. */
  readonly of: (parts: ReadonlyArray<unknown>) => number
  /**
   * How many milliseconds a response takes, by its number. The first response of a stream is there with its first
   * token.
   */
  readonly ofChunk: (response: unknown, index: number) => number
}

const units: ReadonlyMap<string, number> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  ms: 1,
  millis: 1,
  s: 1000,
  second: 1000,
  seconds: 1000,
  m: 60_000,
  minute: 60_000,
  minutes: 60_000
}))

const millisOf = (time: number | string): number => {
  if (typeof time === "number") return time
  const [, count, unit = "ms"] = /^([\d.]+)\s*([a-z]+)$/.exec(time) ?? []
  return Number(count ?? 0) * (units.get(unit) ?? 1)
}

const tokensOf = (parts: ReadonlyArray<unknown>): number =>
  parts.reduce<number>((sum, part) => {
    if (Json.at(part, "inlineData") !== undefined) return sum + 25
    return sum + Tokens.ofText(Json.text(Json.at(part, "text")) ?? JSON.stringify(Json.at(part, "functionCall") ?? ""))
  }, 0)

export const make = ({ firstToken = 0, tokensPerSecond }: Reply.Pace): Pacing => {
  const of = (parts: ReadonlyArray<unknown>) =>
    tokensPerSecond === undefined ? 0 : Math.round((tokensOf(parts) * 1000) / tokensPerSecond)
  return {
    first: millisOf(firstToken),
    of,
    ofChunk: (response, index) =>
      index === 0
        ? 0
        : of(
          Json.list(Json.at(response, "candidates")).flatMap((candidate) =>
            Json.list(Json.at(candidate, "content", "parts"))
          )
        )
  }
}

/** The pace of an answer: its own, else the usual one, unless its chunks have a delay of their own. */
export const of = (
  { chunkDelay, pace }: { readonly pace?: Reply.Pace | undefined; readonly chunkDelay?: number | undefined },
  usual: number | undefined
): Pacing | undefined => {
  if (pace !== undefined) return make(pace)
  return usual === undefined || chunkDelay !== undefined ? undefined : make({ tokensPerSecond: usual })
}
