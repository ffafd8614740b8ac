/** The floor of clients on `fetch`: a request, a line split and JSON.parse; no Effect, no validation, no errors. */
import type { Subject, Tally } from "./Subject.ts"

interface Wire {
  candidates: [{ content: { parts: [{ text: string }] } }]
}

const headers = { "content-type": "application/json", "x-goog-api-key": "bench" }

export const make = (origin: string): Subject => {
  const call = (path: string, contents: unknown): Promise<Response> =>
    fetch(`${origin}/v1beta/models/${path}`, { method: "POST", headers, body: JSON.stringify({ contents }) })
  return {
    stream: async (model, contents, onFirst) => {
      const tally: Tally = { chunks: 0, bytes: 0 }
      const decoder = new TextDecoder()
      const { body } = await call(`${model}:streamGenerateContent?alt=sse`, contents)
      const reader = body?.getReader()
      let held = ""
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
        const lines = (held + decoder.decode(read.value, { stream: true })).split("\n")
        held = lines.pop() ?? ""
        for (const line of lines) {
          if (line.length < 6) continue
          const wire: Wire = JSON.parse(line.slice(5))
          if (tally.chunks === 0) onFirst?.()
          tally.chunks++
          tally.bytes += wire.candidates[0].content.parts[0].text.length
        }
      }
      return tally
    },
    unary: async (model, contents) => {
      const wire: Wire = JSON.parse(await (await call(`${model}:generateContent`, contents)).text())
      return { chunks: 1, bytes: wire.candidates[0].content.parts[0].text.length }
    },
    close: async () => {}
  }
}
