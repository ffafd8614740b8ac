/** Entries of the logs as a client gets them back from the admin API: the same as in the process of the emulator. */
import type { EntryData, LiveData } from "../../admin/LogData.ts"
import type * as LiveLog from "../../LiveLog.ts"
import type * as RequestLog from "../../RequestLog.ts"

const decoder = new TextDecoder()

const bytesOf = ({ base64, text }: { readonly base64?: string; readonly text?: string }): Uint8Array =>
  base64 === undefined ? new TextEncoder().encode(text ?? "") : new Uint8Array(Buffer.from(base64, "base64"))

export const entry = (data: typeof EntryData.Type): RequestLog.Entry => {
  const chunks = data.chunks.map((chunk) => ({ time: chunk.time, bytes: bytesOf(chunk) }))
  const { apiMethod, body, closedAt, model, outcome, response, status, verdict } = data
  return {
    ...data,
    apiMethod,
    body,
    closedAt,
    model,
    outcome,
    response,
    status,
    verdict,
    chunks,
    responseText: decoder.decode(Buffer.concat(chunks.map(({ bytes }) => bytes)))
  }
}

export const live = (data: typeof LiveData.Type): LiveLog.Entry => {
  const { closedAt, closedBy, code, model, reason, setUpAt } = data
  return { ...data, closedAt, closedBy, code, model, reason, setUpAt }
}
