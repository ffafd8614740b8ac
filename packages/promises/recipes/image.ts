// A question about a picture: node image.ts picture.png
// npm install effect-gemini-promises
// Runs on Node, Bun and Deno.
import { Gemini } from "effect-gemini-promises"
import { readFile } from "node:fs/promises"

const path = process.argv[2] ?? "picture.png"
const data = (await readFile(path)).toString("base64")

await using gemini = new Gemini() // GEMINI_API_KEY
const answer = await gemini.generate([
  { inlineData: { mimeType: "image/png", data } }, // the picture first: Gemini reads one picture better that way
  { text: "What is in this picture? One sentence." }
])
console.log(answer.text)
