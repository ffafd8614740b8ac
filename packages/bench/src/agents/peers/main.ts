/** Prints what each program answers and how many lines it has. `--write` puts the programs into the page, `PEERS.md`. */
import { compare } from "./compare.ts"
import * as Page from "./page.ts"

const pairs = await compare()
for (const { name, ours, peer, theirs } of pairs) {
  console.log(`${name}: ${peer} ${theirs.lines} lines, ours ${ours.lines}`)
  for (const { file, requests, text } of [theirs, ours]) console.log(`  ${file}, ${requests} requests: ${text}`)
}
if (process.argv.includes("--write")) Page.write(Page.partOf(pairs))
