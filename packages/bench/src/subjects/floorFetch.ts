/** The floor of clients on `fetch`: a request, a line split and JSON.parse, or the bytes of a file; no Effect, no validation, no errors. */
import { fileOf, type Subject, type Tally } from "./Subject.ts"

interface Wire {
  candidates: [{ content: { parts: [{ text: string }] } }]
}

/** The bytes of a file that go in one request. */
const piece = 8 << 20

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
    upload: async (model) => {
      const file = fileOf(model)
      const begun = await fetch(`${origin}/upload/v1beta/files`, {
        method: "POST",
        headers: { ...headers, "x-goog-upload-command": "start", "x-goog-upload-header-content-type": file.type },
        body: "{}"
      })
      await begun.text()
      const url = begun.headers.get("x-goog-upload-url") ?? ""
      let answer = ""
      for (let at = 0; at < file.size; at += piece) {
        const command = at + piece < file.size ? "upload" : "upload, finalize"
        const sent = { "x-goog-upload-command": command, "x-goog-upload-offset": String(at) }
        const body = file.slice(at, at + piece)
        answer = await (await fetch(url, { method: "POST", headers: sent, body })).text()
      }
      const { file: { sizeBytes } }: { file: { sizeBytes: string } } = JSON.parse(answer)
      return { chunks: 1, bytes: Number(sizeBytes) }
    },
    download: async (model) => {
      const tally: Tally = { chunks: 1, bytes: 0 }
      const { body } = await fetch(`${origin}/v1beta/files/${model}:download?alt=media`, { headers })
      const reader = body?.getReader()
      for (let read = await reader?.read(); read?.done === false; read = await reader?.read()) {
        tally.bytes += read.value.length
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
