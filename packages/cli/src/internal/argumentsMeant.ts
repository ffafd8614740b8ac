/** What a command line means where it names no command: a question. And `-v name=value` is a variable. Pure. */
import * as ModelCatalog from "effect-gemini/models/ModelCatalog"

/** The commands that there are, so that a question is known before any of them is loaded. */
export const commands: ReadonlySet<string> = new Set([
  "ask",
  "chat",
  "history",
  "init",
  "check",
  "run",
  "runs",
  "report",
  "worker",
  "live",
  "embed",
  "count",
  "models",
  "files",
  "batch",
  "research",
  "limits",
  "keys",
  "config",
  "doctor",
  "emulator"
])

/** Flags that stand before every command, and how many words follow each. */
const everywhere: ReadonlyMap<string, number> = new Map([
  ["--help", 0],
  ["-h", 0],
  ["--version", 0],
  ["-v", 0],
  ["--wizard", 0],
  ["--completions", 1],
  ["--log-level", 1]
])

/** Where the command stands, or what stands in its place; undefined: there is none. */
const placeOf = (args: ReadonlyArray<string>): number | undefined => {
  let at = 0
  while (at < args.length) {
    const [name = "", value] = args[at]?.split("=", 2) ?? []
    const follows = everywhere.get(name)
    if (follows === undefined) return at
    at += 1 + (value === undefined ? follows : 0)
  }
  return undefined
}

/** The word where a command stands, behind flags that every command has. */
export const commandOf = (args: ReadonlyArray<string>): string | undefined => args[placeOf(args) ?? args.length]

/** Commands that are asked for so often that nothing but them is loaded. */
const questions: ReadonlySet<string> = new Set(["ask", "count", "embed"])

/** Whether nothing is needed but a question. */
export const isQuestion = (args: ReadonlyArray<string>): boolean =>
  questions.has(commandOf(args) ?? "") && !args.some((arg) => /^--(?:completions|wizard)\b/.test(arg))

const withNarratives: ReadonlySet<string> = new Set(["run", "check", "runs"])

/**
 * Whether somebody may have meant a command: a narrative, or a word that is one but for a letter or two behind the first,
 * in a line that is too short for a sentence.
 */
const isMistyped = (words: ReadonlyArray<string>): boolean => {
  const [word = "", ...rest] = words
  if (/\s/.test(word)) return false
  if (/\.toml$/i.test(word)) return true
  const isSentence = rest.length > 1 && !rest.some((one) => /^-|\.toml$/i.test(one))
  const alike = Array.from(commands).filter((name) => name[0] === word[0])
  const names = { models: new Map(alike.map((name) => [name, []])) }
  return !isSentence && ModelCatalog.nearMatches(names, word).length > 0
}

const withVariables = (args: ReadonlyArray<string>, takesVariables: boolean): ReadonlyArray<string> => {
  const end = args.indexOf("--")
  return args.flatMap((arg, i) => {
    if (end !== -1 && i > end) return [arg]
    const next = args[i + 1]
    const isValue = next !== undefined && !next.startsWith("-") && (takesVariables || /^[^\s=]+=/.test(next))
    if (arg === "-v" && isValue) return ["--var"]
    const attached = /^-v=?([^\s=-][^\s=]*=[\s\S]*)$/.exec(arg)?.[1]
    return attached === undefined ? [arg] : ["--var", attached]
  })
}

/**
 * The arguments with the command that they mean. `isPiped` says that something may come over stdin, which is a question
 * by itself.
 */
export const meant = (args: ReadonlyArray<string>, isPiped: boolean): ReadonlyArray<string> => {
  const at = placeOf(args)
  if (at === undefined) return args.length === 0 && isPiped ? ["ask"] : args
  const word = args[at] ?? ""
  if (commands.has(word)) return withVariables(args, withNarratives.has(word))
  if (!word.startsWith("-") && isMistyped(args.slice(at))) return args
  return [...args.slice(0, at), "ask", ...withVariables(args.slice(at), false)]
}
