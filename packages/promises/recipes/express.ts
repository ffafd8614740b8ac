// A streaming endpoint with Express: POST /story { "prompt": "…" } gives server-sent events.
// npm install effect-gemini-promises express
// Runs on Node and Bun.
import { eventResponse, Gemini } from "effect-gemini-promises"
import express from "express"
import { Readable } from "node:stream"
import { pipeline } from "node:stream/promises"

const gemini = new Gemini() // GEMINI_API_KEY
const app = express().use(express.json())

app.post("/story", async (request, response) => {
  const left = new AbortController()
  response.on("close", () => left.abort())
  const { body, headers, status } = await eventResponse(gemini.stream(request.body.prompt, { signal: left.signal }))
  response.status(status).setHeaders(headers)
  // A reader who goes away ends the pipeline, which is not an error of ours.
  if (body !== null) await pipeline(Readable.from(body), response).catch(() => {})
})

const server = app.listen(Number(process.env["PORT"] ?? 3000), () => console.log("listening on", server.address()))
