/**
 * What was uploaded before, in a Journal: several processes then upload the same bytes once, and a new one finds what an
 * earlier one uploaded. Each content has a run of its own (`gemini-file-…`), so that nobody waits for another's.
 *
 * It needs the package `effect-gemini-journal`. A Journal in the context is not found by itself: provide this layer.
 *
 * ```ts
 * import * as Files from "effect-gemini/files/Files"
 * import * as JournalUploadIndex from "effect-gemini/files/JournalUploadIndex"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as Journal from "effect-gemini-journal/Journal"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 *
 * const program = Files.Files.use((files) =>
 *   files.uploadOnce(new TextEncoder().encode("a manual"), { mimeType: "text/plain" })
 * ).pipe(Effect.provide(
 *   Files.layer().pipe(
 *     Layer.provide(JournalUploadIndex.layer),
 *     // A FileJournal outlives the process.
 *     Layer.provide(Journal.layerMemory()),
 *     Layer.provide(ResourceHttp.layer({ apiKey: Redacted.make(process.env.GEMINI_API_KEY ?? "") })),
 *     Layer.provide(NodeGemini.layerHttpClient())
 *   )
 * ))
 * ```
 *
 * @since 0.2.0
 */
import * as Journal from "effect-gemini-journal/Journal"
import * as Records from "effect-gemini-journal/Records"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as UploadIndex from "./UploadIndex.ts"

/** The start of the ids of its runs, by which `Journal.prune` finds those that are old. */
export const prefix = "gemini-file-"

const Uploaded = Schema.Struct({ key: Schema.String, ...UploadIndex.Indexed.fields })

const records = /* @__PURE__ */ Records.make({
  name: "effect-gemini/UploadIndex",
  version: 1,
  schema: Uploaded
})

/** Different keys may have one id, so a record has its key. */
const idOf = (key: string): string => `${prefix}${key.replace(/[^A-Za-z0-9]+/g, "-").slice(0, 100)}`

/**
 * The index over a Journal. A journal that cannot be read or written is the reason of an upload more, and of no failure.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (journal: Journal.Journal["Service"]): UploadIndex.UploadIndexService => ({
  get: (key) =>
    Stream.runFold(
      journal.read(records, idOf(key)),
      (): UploadIndex.Indexed | undefined => undefined,
      (last, entry) => {
        if (entry._tag !== "Recorded" || entry.record.key !== key) return last
        const { key: _, ...found } = entry.record
        return found
      }
    ).pipe(Effect.catch(() => Effect.succeed(undefined))),
  set: (key, entry) => {
    const id = idOf(key)
    const opened = Effect.catchReason(
      journal.resume(records, id),
      "JournalError",
      "NotFound",
      () => journal.create(records, id)
    )
    return Effect.scoped(Effect.flatMap(opened, (run) => run.append([{ key, ...entry }]))).pipe(Effect.ignore)
  }
})

/**
 * The index over the Journal of the context. Provide it to `Files.layer`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer: Layer.Layer<never, never, Journal.Journal> = Layer.effect(
  UploadIndex.UploadIndex,
  Effect.map(Journal.Journal, make)
)
