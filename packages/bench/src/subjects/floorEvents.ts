/** The floor of interactions: a line split and JSON.parse of what follows `data:`, over the floor's own call. */
import { eventsUrl, type Tally } from "./Subject.ts"

interface Wire {
  event_type: string
  delta?: { text?: string }
}

type Call = (path: string, body: string, onData: (chunk: Buffer) => void) => Promise<void>

export const make = (call: Call) => async (model: string): Promise<Tally> => {
  const tally: Tally = { chunks: 0, bytes: 0 }
  let held: Array<Buffer> = []
  const body = JSON.stringify({ model, input: "hello", stream: true })
  await call(`${eventsUrl("", model)}/v1beta/interactions`, body, (chunk) => {
    let start = 0
    for (let end = chunk.indexOf(10); end !== -1; end = chunk.indexOf(10, start)) {
      let line = chunk.subarray(start, end)
      if (held.length > 0) {
        line = Buffer.concat([...held, line])
        held = []
      }
      start = end + 1
      // A line of data, and not that of the end.
      if (line.length < 20 || line[0] !== 100) continue
      const wire: Wire = JSON.parse(line.toString("utf8", 6))
      if (wire.event_type !== "step.delta") continue
      tally.chunks++
      tally.bytes += wire.delta?.text?.length ?? 0
    }
    if (start < chunk.length) held.push(chunk.subarray(start))
  })
  return tally
}
