/**
 * What arrived at the emulator, as data for tests. Keys are not kept.
 *
 * @since 0.1.0
 */

/**
 * One request.
 *
 * @category models
 * @since 0.1.0
 */
export interface Entry {
  /** Milliseconds since the epoch, by the server's clock. */
  readonly time: number
  readonly method: string
  readonly path: string
  readonly model: string | undefined
  readonly body: unknown
  readonly headers: Readonly<Record<string, string>>
}

/**
 * @category models
 * @since 0.1.0
 */
export interface RequestLog {
  readonly add: (entry: Entry) => void
  readonly entries: () => ReadonlyArray<Entry>
}

const secret = new Set(["x-goog-api-key", "authorization", "cookie"])

/**
 * The headers that may be kept.
 *
 * @category getters
 * @since 0.1.0
 */
export const withoutSecrets = (headers: Readonly<Record<string, string | undefined>>): Record<string, string> => {
  const out: Record<string, string> = {}
  for (const [name, value] of Object.entries(headers)) {
    if (value !== undefined && !secret.has(name.toLowerCase())) out[name] = value
  }
  return out
}

/**
 * @category constructors
 * @since 0.1.0
 */
export const make = (): RequestLog => {
  const entries: Array<Entry> = []
  return {
    add: (entry) => {
      entries.push(entry)
    },
    entries: () => entries.slice()
  }
}
