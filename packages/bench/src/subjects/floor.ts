/** The floor: undici's dispatch, a line split and JSON.parse; no Effect, no validation, no errors, at most 60 lines. */
import { Agent } from "undici"
import * as FloorEvents from "./floorEvents.ts"
import type { Subject, Tally } from "./Subject.ts"

interface Wire {
  candidates: [{ content: { parts: [{ text: string }] } }]
}

const headers = ["content-type", "application/json", "x-goog-api-key", "bench"]

export const make = (origin: string): Subject => {
  const agent = new Agent()
  const call = (path: string, body: string, onData: (chunk: Buffer) => void): Promise<void> =>
    new Promise((resolve, reject) => {
      agent.dispatch({ origin, path, method: "POST", headers, body }, {
        onRequestStart() {},
        onResponseStart() {},
        onResponseData: (_, chunk) => onData(chunk),
        onResponseEnd: () => resolve(),
        onResponseError: (_, error) => reject(error)
      })
    })
  return {
    events: FloorEvents.make(call),
    stream: async (model, contents, onFirst) => {
      const tally: Tally = { chunks: 0, bytes: 0 }
      let held: Array<Buffer> = []
      await call(`/v1beta/models/${model}:streamGenerateContent?alt=sse`, JSON.stringify({ contents }), (chunk) => {
        let start = 0
        for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
          let line = chunk.subarray(start, end)
          if (held.length > 0) {
            line = Buffer.concat([...held, line])
            held = []
          }
          start = end + 1
          if (line.length < 6) continue
          const wire: Wire = JSON.parse(line.toString("utf8", 5))
          if (tally.chunks === 0) onFirst?.()
          tally.chunks++
          tally.bytes += wire.candidates[0].content.parts[0].text.length
        }
        if (start < chunk.length) held.push(chunk.subarray(start))
      })
      return tally
    },
    unary: async (model, contents) => {
      const pieces: Array<Buffer> = []
      const path = `/v1beta/models/${model}:generateContent`
      await call(path, JSON.stringify({ contents }), (chunk) => void pieces.push(chunk))
      const whole = pieces.length === 1 && pieces[0] !== undefined ? pieces[0] : Buffer.concat(pieces)
      const wire: Wire = JSON.parse(whole.toString("utf8"))
      return { chunks: 1, bytes: wire.candidates[0].content.parts[0].text.length }
    },
    close: () => agent.close()
  }
}
