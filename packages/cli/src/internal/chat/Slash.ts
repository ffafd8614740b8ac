/** What a person types into a chat: something to say, or a command that begins with `/`. Pure. */

export type Said =
  | { readonly _tag: "Say"; readonly text: string }
  | { readonly _tag: "Nothing" }
  | { readonly _tag: "Command"; readonly name: CommandName; readonly argument: string }
  | { readonly _tag: "Wrong"; readonly why: string }

/** Each command with its argument and what it does, in the order of `/help`. */
export const commands = [
  ["model", "[NAME]", "who answers from here on; without NAME: who does now"],
  ["system", "[TEXT]", "how the model is to answer from here on; - takes it back"],
  ["attach", "FILE…", "an image, PDF, sound, video or text, or an address, for the next question"],
  ["undo", "", "takes the last question and its answer back"],
  ["fork", "", "goes on in a copy of this chat; the original stays as it is"],
  ["save", "FILE", "writes the chat as Markdown, or its records if FILE ends with .json"],
  ["cost", "", "what this chat cost, by model, and what the next question will send"],
  ["compact", "", "lets the model sum up what was said before the last two questions, and sends the summary instead"],
  ["tools", "", "the tools that the model may call, and which of them ask first"],
  ["help", "", "this"],
  ["exit", "", "ends the chat; so does Ctrl-D"]
] as const

export type CommandName = (typeof commands)[number][0]

const aliases: ReadonlyMap<string, CommandName> = /* @__PURE__ */ new Map<string, CommandName>([
  ["quit", "exit"],
  ["bye", "exit"],
  ["?", "help"],
  ["m", "model"],
  ["a", "attach"]
])

const named = (name: string): CommandName | undefined =>
  commands.find(([known]) => known === name)?.[0] ?? aliases.get(name)

/** How many letters must change to make one word of the other, up to 2. */
const distance = (a: string, b: string): number => {
  if (a === b) return 0
  const row = Array.from({ length: b.length + 1 }, (_, i) => i)
  for (let i = 1; i <= a.length; i++) {
    let diagonal = row[0] ?? 0
    row[0] = i
    for (let j = 1; j <= b.length; j++) {
      const above = row[j] ?? 0
      row[j] = Math.min(above + 1, (row[j - 1] ?? 0) + 1, diagonal + (a[i - 1] === b[j - 1] ? 0 : 1))
      diagonal = above
    }
  }
  return row[b.length] ?? 0
}

/** One line, or several that are said together. A line that begins with `//` is said with one of the two. */
export const parse = (line: string): Said => {
  const text = line.trim()
  if (text === "") return { _tag: "Nothing" }
  if (text.startsWith("//")) return { _tag: "Say", text: text.slice(1) }
  if (!text.startsWith("/")) return { _tag: "Say", text }
  const [, word = "", argument = ""] = /^\/(\S*)\s*([\s\S]*)$/.exec(text) ?? []
  const name = named(word.toLowerCase())
  if (name !== undefined) {
    const takes = commands.find(([known]) => known === name)?.[1]
    return takes === "" && argument !== ""
      ? { _tag: "Wrong", why: `/${name} stands alone: ${JSON.stringify(argument)} is too much` }
      : { _tag: "Command", name, argument }
  }
  // A path is more often meant to be talked about.
  if (/[/.]/.test(word)) {
    return { _tag: "Wrong", why: `/${word} looks like a path: a line that begins with / is said with //` }
  }
  const near = commands.map(([known]) => known).find((known) => distance(known, word.toLowerCase()) <= 2)
  return {
    _tag: "Wrong",
    why: near === undefined
      ? `there is no command /${word}: /help lists them, and a line that begins with / is said with //`
      : `there is no command /${word}: did you mean /${near}?`
  }
}

/** The words of an argument; quotes hold words together, and a backslash takes the next letter as it is. */
export const words = (argument: string): ReadonlyArray<string> => {
  const found: Array<string> = []
  let word: string | undefined
  let quote: string | undefined
  for (let i = 0; i < argument.length; i++) {
    const letter = argument[i] ?? ""
    if (letter === "\\" && quote !== "'" && i + 1 < argument.length) word = `${word ?? ""}${argument[++i]}`
    else if (quote !== undefined) {
      if (letter === quote) quote = undefined
      else word += letter
    } else if (letter === "\"" || letter === "'") {
      quote = letter
      word ??= ""
    } else if (/\s/.test(letter)) {
      if (word !== undefined) found.push(word)
      word = undefined
    } else word = `${word ?? ""}${letter}`
  }
  if (word !== undefined) found.push(word)
  return found
}

export const help = (): string => {
  const rows = commands.map(([name, argument, says]) =>
    [`/${name}${argument === "" ? "" : ` ${argument}`}`, says] as const
  )
  const width = Math.max(...rows.map(([how]) => how.length))
  return rows.map(([how, says]) => `${how.padEnd(width)}  ${says}`).join("\n") +
    "\n\"\"\" begins and ends a text of several lines; Ctrl-C breaks an answer off, and ends at an empty line"
}

/** Joins lines into what is said at once: those between `"""`, or one alone. */
export class Joined {
  #open: Array<string> | undefined

  /** Whether a text of several lines has begun. */
  get isOpen(): boolean {
    return this.#open !== undefined
  }

  /** The text that is whole with this line; undefined if more lines belong to it. */
  push(line: string): string | undefined {
    const fences = line.trim()
    if (this.#open === undefined) {
      if (!fences.startsWith("\"\"\"")) return line
      const rest = fences.slice(3)
      if (rest.endsWith("\"\"\"") && rest.length >= 3) return rest.slice(0, -3)
      this.#open = rest === "" ? [] : [rest]
      return undefined
    }
    if (!fences.endsWith("\"\"\"")) {
      this.#open.push(line)
      return undefined
    }
    const rest = line.trimEnd().slice(0, -3)
    const text = [...this.#open, ...(rest === "" ? [] : [rest])].join("\n")
    this.#open = undefined
    return text
  }

  /** What was begun and not ended; it is said no more. */
  clear(): string | undefined {
    const text = this.#open?.join("\n")
    this.#open = undefined
    return text
  }
}
