/** The pairs of programs as `PEERS.md` of effect-gemini-agents shows them. */
import { readFileSync, writeFileSync } from "node:fs"
import { codeOf, type Pair, type Program } from "./compare.ts"

const page = new URL("../../../../agents/PEERS.md", import.meta.url)
const manifest: unknown = JSON.parse(readFileSync(new URL("../../../package.json", import.meta.url), "utf8"))

const begins = "<!-- The pairs: `node packages/bench/src/agents/peers/main.ts --write` writes them. -->\n"
const ends = "<!-- The end of the pairs. -->\n"

const versionOf = (peer: string): string =>
  String(Reflect.get(Object(Reflect.get(Object(manifest), "devDependencies")), peer))

const cell = (title: string, { file, lines }: Program): string =>
  `<td>\n\n${title}, ${lines} lines\n\n\`\`\`typescript\n${codeOf(file)}\n\`\`\`\n\n</td>`

/** The part of the page that the programs and their counts are. */
export const partOf = (pairs: ReadonlyArray<Pair>): string =>
  pairs.map(({ name, ours, peer, theirs }) =>
    `\n### A ${name}\n\n<table><tr valign="top">${cell(`\`${peer}\` ${versionOf(peer)}`, theirs)}${
      cell("Effect Gemini, its model left out", ours)
    }</tr></table>\n`
  ).join("")

/** That part as the page has it. */
export const shown = (): string => {
  const text = readFileSync(page, "utf8")
  return text.slice(text.indexOf(begins) + begins.length, text.indexOf(ends))
}

export const write = (part: string): void => {
  const text = readFileSync(page, "utf8")
  writeFileSync(page, text.slice(0, text.indexOf(begins) + begins.length) + part + text.slice(text.indexOf(ends)))
}
