/** What a server was sent, in words that no provider owns. A `Wire` reads it out of a provider's own. */

/** One message of a conversation as it was sent. */
export interface SentMessage {
  readonly role: "user" | "assistant"
  readonly texts: ReadonlyArray<string>
  readonly calls: ReadonlyArray<{ readonly id: string; readonly name: string; readonly params: unknown }>
  /** Results of calls, by the ids of their calls, each as the text or JSON that the model reads. */
  readonly results: ReadonlyArray<{ readonly id: string; readonly value: unknown }>
  /** How many pictures and other files there are. */
  readonly files: number
}

/** A request as it was sent. */
export interface Sent {
  /** The system's words, wherever the API has its place for them. */
  readonly instructions: string
  /** In their order. A message of results is the user's, whatever the API calls it. */
  readonly messages: ReadonlyArray<SentMessage>
  readonly tools: ReadonlyArray<string>
  /** Which tools may be called: `auto`, `none`, `required`, or the name of the one that must be. */
  readonly choice: string
  /** Whether an object was asked for by its schema. */
  readonly hasSchema: boolean
}

/** A value that was parsed from JSON, as an object; anything else has no fields. */
export const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null ? Object.fromEntries(Object.entries(value)) : {}

/** A value that was parsed from JSON, as a list of objects; anything else is empty. */
export const list = (value: unknown): ReadonlyArray<Readonly<Record<string, unknown>>> =>
  Array.isArray(value) ? value.map(record) : []

/** A value that was parsed from JSON, as a text; anything else is empty. */
export const text = (value: unknown): string => typeof value === "string" ? value : ""

/** Neighbours of one role as one message: whether they are sent apart is the provider's affair. */
export const joined = (messages: ReadonlyArray<SentMessage>): ReadonlyArray<SentMessage> => {
  const out: Array<SentMessage> = []
  for (const message of messages) {
    const last = out.at(-1)
    if (last?.role !== message.role) {
      out.push(message)
      continue
    }
    out[out.length - 1] = {
      role: last.role,
      texts: [...last.texts, ...message.texts],
      calls: [...last.calls, ...message.calls],
      results: [...last.results, ...message.results],
      files: last.files + message.files
    }
  }
  return out
}
