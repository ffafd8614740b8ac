/**
 * Which function a model would likely call next: one step a function and turn of the user, in the order in which the
 * prompt speaks of them, and never the same call twice in a conversation. So every loop over tools comes to its end.
 */
import * as Json from "../json.ts"
import * as Kinds from "./kinds.ts"

export interface DeclaredTool {
  readonly name: string
  readonly description: string
}

/** A user's turn: the words that began it, and what was called and returned since. */
export interface Turn {
  readonly prompt: string
  readonly called: ReadonlySet<string>
  /** The responses in their order, by the names of their functions. */
  readonly results: ReadonlyArray<{ readonly name: string; readonly response: unknown }>
  /** All calls of the conversation, by name and arguments. */
  readonly earlier: ReadonlySet<string>
}

export const keyOf = (name: string, args: unknown): string => `${name}\n${Json.canonical(args ?? {})}`

const textOf = (content: unknown): string =>
  Json.list(Json.at(content, "parts")).map((part) => Json.text(Json.at(part, "text")) ?? "").join(" ").trim()

/** The turn of the user that goes on at the end of a conversation. */
export const turnOf = (contents: ReadonlyArray<unknown>): Turn => {
  const isWords = (content: unknown) =>
    Json.at(content, "role") !== "model" && textOf(content) !== "" &&
    // Words beside the responses of functions are a hint, not another question.
    !Json.list(Json.at(content, "parts")).some((part) => Json.at(part, "functionResponse") !== undefined)
  const start = contents.findLastIndex(isWords)
  const calls = (some: ReadonlyArray<unknown>) =>
    some.flatMap((content) =>
      Json.list(Json.at(content, "parts")).flatMap((part) => {
        const name = Json.text(Json.at(part, "functionCall", "name"))
        return name === undefined ? [] : [{ name, args: Json.at(part, "functionCall", "args") }]
      })
    )
  const since = contents.slice(start + 1)
  const results = since.flatMap((content) =>
    Json.list(Json.at(content, "parts")).flatMap((part) => {
      const name = Json.text(Json.at(part, "functionResponse", "name"))
      return name === undefined ? [] : [{ name, response: Json.at(part, "functionResponse", "response") }]
    })
  )
  return {
    prompt: start === -1 ? "" : textOf(contents[start]),
    called: new Set([...calls(since), ...results].map(({ name }) => name)),
    results,
    earlier: new Set(calls(contents).map(({ args, name }) => keyOf(name, args)))
  }
}

/** Words that say nothing of what a function is for. */
const common = new Set(
  ("a about add all an and any are as at be by call can change check compute create current data delete do fetch find " +
    "for from function get give given has have how i if in info information into is it its list look lookup make me my of on " +
    "one or out please perform query read return run search send set show some that the their them then there this to tool " +
    "update use user using value want what when where which who will with would write you your").split(" ")
)

const stem = (word: string): string => word.length > 5 ? word.replace(/(?:ing|ed|er|e)$/, "") : word

const stems = (text: string): ReadonlyArray<string> => Kinds.wordsOf(text).map(stem)

const telling = (text: string): ReadonlyArray<string> =>
  Kinds.wordsOf(text).filter((word) => !common.has(word)).map(stem)

/** Where the prompt speaks of a function; -1 if it does not. */
const placeOf = (tool: DeclaredTool, words: ReadonlyArray<string>, prompt: string): number => {
  const literal = prompt.indexOf(tool.name)
  if (tool.name.length > 2 && literal !== -1) return Kinds.wordsOf(prompt.slice(0, literal)).length
  const named = telling(tool.name)
  const first = (wanted: ReadonlyArray<string>) => words.findIndex((word) => wanted.includes(word))
  // A name of common words alone, such as `search`, is asked for by all of them.
  if (named.length === 0) {
    const all = stems(tool.name)
    return all.length > 0 && all.every((word) => words.includes(word)) ? first(all) : -1
  }
  const byName = first(named)
  if (byName !== -1) return byName
  const told = new Set(telling(tool.description))
  const found = [...told].filter((word) => words.includes(word))
  return found.length >= 2 ? first(found) : -1
}

/** The functions that a prompt speaks of and that were not called since, in its order. */
export const next = (tools: ReadonlyArray<DeclaredTool>, turn: Turn): ReadonlyArray<string> => {
  const words = stems(turn.prompt)
  return tools
    .filter(({ name }) => !turn.called.has(name))
    .map((tool) => ({ name: tool.name, at: placeOf(tool, words, turn.prompt) }))
    .filter(({ at }) => at !== -1)
    .sort((a, b) => a.at - b.at)
    .map(({ name }) => name)
}

const short = (value: unknown): string => {
  const text = typeof value === "string" ? value : JSON.stringify(value) ?? "nothing"
  return text.length > 200 ? `${text.slice(0, 200)}…` : text
}

const listed = (words: ReadonlyArray<string>): string =>
  words.length < 2 ? words.join("") : `${words.slice(0, -1).join(", ")} and ${words.at(-1) ?? ""}`

/** What the results say, in words. */
export const told = ({ results }: Turn): string =>
  results.map(({ name, response }) => {
    const members = Json.isObject(response) ? Object.entries(response).slice(0, 12) : []
    return members.length === 0
      ? `${name} returned ${Json.isObject(response) ? "nothing" : short(response)}.`
      : `According to ${name}, ${listed(members.map(([key, value]) => `${key} is ${short(value)}`))}.`
  }).join(" ")
