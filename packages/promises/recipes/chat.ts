// A conversation that is kept in a file, and goes on at the next start.
// npm install effect-gemini-promises
// Runs on Node, Bun and Deno.
import { Gemini } from "effect-gemini-promises"
import { readFile, writeFile } from "node:fs/promises"
import { createInterface } from "node:readline/promises"

const file = "chat.json"
const stored = await readFile(file, "utf8").catch(() => "[]")

await using gemini = new Gemini() // GEMINI_API_KEY
const chat = gemini.chat({ systemInstruction: "Answer in one sentence.", history: JSON.parse(stored) })

for await (const line of createInterface({ input: process.stdin })) {
  for await (const chunk of chat.stream(line)) process.stdout.write(chunk.text)
  process.stdout.write("\n")
  await writeFile(file, JSON.stringify(chat.history))
}
console.log(`${chat.history.length} turns are in ${file}`)
