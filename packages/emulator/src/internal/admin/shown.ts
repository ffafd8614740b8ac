/** Entries of the logs as the admin API shows them: JSON, in which what is not there yet is left out. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import { millisOf, type TimeSpan } from "../../admin/AdminData.ts"
import type { EntryData } from "../../admin/LogData.ts"
import type { Chunk, Entry } from "../../RequestLog.ts"
import type { Verdict } from "../../Verdict.ts"

type Given<A> = { readonly [K in keyof A]?: Exclude<A[K], undefined> }

/** The fields that have a value. */
export const given = <A extends object>(fields: A): Given<A> =>
  Object.fromEntries(Object.entries(fields).filter(([, value]) => value !== undefined)) as Given<A>

export const verdict = ({ by, nearMisses, refused, rule }: Verdict) => ({ by, ...given({ nearMisses, refused, rule }) })

const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true })

const content = (bytes: Uint8Array): { readonly text: string } | { readonly base64: string } => {
  try {
    return { text: strict.decode(bytes) }
  } catch {
    return { base64: Buffer.from(bytes).toString("base64") }
  }
}

const chunk = ({ bytes, time }: Chunk, whole: boolean) => ({
  time,
  bytes: bytes.length,
  ...(whole ? content(bytes) : {})
})

/** `whole` brings the bytes of the answer. */
export const entry = (entry: Entry, whole: boolean): typeof EntryData.Type => ({
  id: entry.id,
  time: entry.time,
  method: entry.method,
  path: entry.path,
  space: entry.space,
  project: entry.project,
  region: entry.region,
  connection: entry.connection,
  headers: entry.headers,
  chunks: entry.chunks.map((each) => chunk(each, whole)),
  bytesSent: entry.bytesSent,
  ...given({
    apiMethod: entry.apiMethod,
    model: entry.model,
    body: entry.body,
    verdict: entry.verdict === undefined ? undefined : verdict(entry.verdict),
    status: entry.status,
    response: entry.response,
    outcome: entry.outcome,
    closedAt: entry.closedAt
  })
})

/** The longest time for which a call waits, in milliseconds, since proxies and clients give up after about a minute. */
const longest = 60_000

const machine = Clock.Clock.defaultValue()

/** Waits for something as long as the client wants, by the clock of the machine. */
export const within = (effect: Effect.Effect<void>, wait: typeof TimeSpan.Type | undefined): Effect.Effect<void> => {
  const millis = wait === undefined ? 0 : Math.min(millisOf(wait), longest)
  return millis === 0
    ? Effect.void
    : Effect.provideService(Effect.asVoid(Effect.timeoutOption(effect, millis)), Clock.Clock, machine)
}
