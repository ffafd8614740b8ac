/** Lines that a terminal would break within words, broken between them. What continues a column stands below it. Pure. */
import { unpainted, WordWrap } from "../ask/WordWrap.ts"
import { Shown } from "../Shown.ts"

/** `width` in cells; 0: nothing is broken. */
export const wrapped = (text: string, width: number): Shown => {
  const lines = text.split("\n").map((line) => {
    const wrap = new WordWrap(width)
    // The last column of a table, or the words after an indentation.
    const [before = ""] = /^(?:.*\S)?\s{2,}(?=\S)/.exec(line) ?? []
    const hang = before.length <= width / 2 ? before.length : 2
    wrap.put(before)
    wrap.hang(before === "" ? "" : " ".repeat(hang))
    wrap.words([{ text: line.slice(before.length), paint: unpainted }])
    return wrap.take()
  })
  return Shown.join(lines, "\n")
}
