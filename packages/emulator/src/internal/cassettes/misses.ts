/** Why a request finds no recording: which one is nearest, on which line, and how it differs. */
import type * as Recording from "../../cassettes/Recording.ts"
import * as Json from "../json.ts"
import * as Matching from "./matching.ts"

/** A recording with its line in the file, as it may be near to what was asked. */
export interface Placed<A> {
  readonly exchange: A
  readonly line: number
}

/** So many differences are looked for, and so many are said. */
const most = 50
const said = 4

const modelOf = (path: string): string | undefined => /\/models\/([^/:?]+)/.exec(path)?.[1]

/** What an API method is called by at the end of a path: `:generateContent`, or the last name of a resource's path. */
const operationOf = (path: string): string => /[:/][A-Za-z]+(?=\?|$)/.exec(path)?.[0] ?? ""

/** How the addresses differ: by the model alone where that is all. */
const addresses = (recorded: Matching.Sought, asked: Matching.Sought): ReadonlyArray<string> => {
  const [one, other] = [recorded, asked].map(({ method, path }) => `${method} ${path}`)
  if (one === other) return []
  const [old, now] = [modelOf(recorded.path), modelOf(asked.path)]
  if (old !== undefined && now !== undefined && asked.path.replace(now, old) === recorded.path) {
    return [`the model: recorded ${old}, asked ${now}`]
  }
  return [`the address: recorded ${one}, asked ${other}`]
}

/** The numbers in words: `line 4`, `lines 4 and 7`. */
const lines = (all: ReadonlyArray<number>): string => {
  const some = all.slice(0, 5).join(", ")
  return all.length === 1 ? `line ${some}` : `lines ${some}${all.length > 5 ? ", …" : ""}`
}

export const ofRequest = (
  recorded: ReadonlyArray<Placed<Recording.Http>>,
  asked: Matching.Sought,
  given: {
    readonly askedOf: (exchange: Recording.Http) => Matching.Sought
    readonly keyOf: (sought: Matching.Sought) => string | undefined
  }
): string => {
  if (recorded.length === 0) return "the cassette holds no request"
  const { askedOf, keyOf } = given
  const operation = operationOf(asked.path)
  const alike = recorded.filter(({ exchange }) =>
    exchange.request.method === asked.method && operationOf(exchange.request.path) === operation
  )
  if (alike.length === 0) {
    const all = [...new Set(recorded.map(({ exchange }) => `${exchange.request.method} ${exchange.request.path}`))]
    return `nothing is recorded of this method and path; recorded are ${all.slice(0, 3).join("; ")}${
      all.length > 3 ? "; …" : ""
    }`
  }
  const key = keyOf(asked)
  const equal = alike.filter(({ exchange }) => keyOf(askedOf(exchange)) === key)
  if (equal.length > 0) {
    const where = lines(equal.map(({ line }) => line))
    return equal.length === 1
      ? `its recording (${where}) has been played already, and each is played once`
      : `all ${equal.length} of its recordings (${where}) have been played already, and each is played once`
  }
  const value = Matching.valueOf(asked)
  const [nearest] = alike
    .map(({ exchange, line }) => {
      const sought = askedOf(exchange)
      const old = Matching.valueOf(sought)
      const bodies = old === undefined && value === undefined
        ? Buffer.from(sought.body).equals(asked.body) ? [] : ["the body"]
        : Matching.differences(old, value, most)
      return { line, differ: [...addresses(sought, asked), ...bodies] }
    })
    .toSorted((a, b) => a.differ.length - b.differ.length || a.line - b.line)
  return `the nearest recording is line ${nearest?.line}, which differs in ${inWords(nearest?.differ ?? [])}`
}

const inWords = (differ: ReadonlyArray<string>): string =>
  differ.slice(0, said).join("; ") + (differ.length > said ? `; and ${differ.length - said} more` : "")

const messageOf = (bytes: Uint8Array): unknown => {
  const text = Buffer.from(bytes).toString("utf8")
  return Json.normalized(Json.parse(text)) ?? text
}

/** How a message of a client differs from the one that was recorded. */
export const ofMessage = (recorded: Uint8Array, asked: Uint8Array): string =>
  inWords(Matching.differences(messageOf(recorded), messageOf(asked), most))

/** Why no session begins with this message. */
export const ofSession = (
  firsts: ReadonlyArray<{ readonly line: number; readonly first: Uint8Array }>,
  asked: Uint8Array
): string => {
  const [nearest] = firsts
    .map(({ first, line }) => ({ line, differ: Matching.differences(messageOf(first), messageOf(asked), most) }))
    .toSorted((a, b) => a.differ.length - b.differ.length || a.line - b.line)
  return nearest === undefined
    ? "none begins with a message of the client"
    : `none begins with this message; the nearest is line ${nearest.line}, which differs in ${inWords(nearest.differ)}`
}
