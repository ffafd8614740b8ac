// A streaming endpoint with Hono: POST /story { "prompt": "…" } gives server-sent events.
// npm install effect-gemini-promises hono @hono/node-server
// Runs on Node and Bun.
import { serve } from "@hono/node-server"
import { eventResponse, Gemini } from "effect-gemini-promises"
import { Hono } from "hono"

const gemini = new Gemini() // GEMINI_API_KEY
const app = new Hono()

app.post("/story", async (context) => {
  const { prompt } = await context.req.json()
  // When the reader goes away, the request to Gemini is closed.
  return eventResponse(gemini.stream(prompt, { signal: context.req.raw.signal }))
})

serve(
  { fetch: app.fetch, port: Number(process.env["PORT"] ?? 3000) },
  ({ port }) => console.log(`listening on ${port}`)
)
