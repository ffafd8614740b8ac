/**
 * What was uploaded before, by the hash and type of the bytes: what `Files.uploadOnce` asks. By default it lies in the
 * memory of this process; `JournalUploadIndex` shares it among processes and outlives them.
 *
 * @since 0.2.0
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

/**
 * A file that was uploaded, and when it ends, in milliseconds since the epoch.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Indexed = Schema.Struct({
  name: Schema.String,
  member: Schema.optionalKey(Schema.String),
  expires: Schema.Finite
})

/**
 * @category models
 * @since 0.2.0
 */
export type Indexed = typeof Indexed.Type

/**
 * The index. `key` is the SHA-256 of the bytes in hexadecimal digits, a dot, and the MIME type. It is never the reason
 * that an upload fails: what cannot be read is uploaded again, and what cannot be kept is not.
 *
 * @category models
 * @since 0.2.0
 */
export interface UploadIndexService {
  readonly get: (key: string) => Effect.Effect<Indexed | undefined>
  readonly set: (key: string, entry: Indexed) => Effect.Effect<void>
}

/** The most files that are remembered; beyond them the oldest is forgotten. */
const most = 10_000

/**
 * An index in the memory of this process, for the newest 10,000 files.
 *
 * @category constructors
 * @since 0.2.0
 */
export const makeMemory = (): UploadIndexService => {
  const kept = new Map<string, Indexed>()
  return {
    get: (key) => Effect.sync(() => kept.get(key)),
    set: (key, entry) =>
      Effect.sync(() => {
        const [oldest] = kept.keys()
        if (kept.size >= most && oldest !== undefined && !kept.has(key)) kept.delete(oldest)
        kept.set(key, entry)
      })
  }
}

/**
 * The index as a service: one in memory, unless the program provides another.
 *
 * @category references
 * @since 0.2.0
 */
export const UploadIndex: Context.Reference<UploadIndexService> = Context.Reference<UploadIndexService>(
  "effect-gemini/UploadIndex",
  { defaultValue: makeMemory }
)
