/**
 * Tells webhooks of a batch's end, once it has come by the clock.
 */
import * as Json from "../json.ts"
import * as BatchRecord from "../resources/BatchRecord.ts"
import type { LateWebhooks } from "./LateWebhooks.ts"

const types: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  SUCCEEDED: "batch.succeeded",
  FAILED: "batch.failed",
  EXPIRED: "batch.expired",
  CANCELLED: "batch.cancelled"
}))

/** What is told of it: where its results lie, or why there are none. */
const dataOf = (batch: BatchRecord.BatchRecord, state: BatchRecord.BatchState): Json.Json => {
  const id = batch.name.replace("batches/", "")
  if (state === "FAILED") return { id, error_code: "INTERNAL", error_message: "The batch has failed." }
  const isFile = state === "SUCCEEDED" && batch.file !== undefined
  return { id, ...(isFile ? { file_name: BatchRecord.outputOf(batch.name) } : {}) }
}

/** Takes a batch that was made or cancelled; `find` gives it as it is at a time. */
export const make = (
  webhooks: LateWebhooks
): (batch: BatchRecord.BatchRecord, find: (now: number) => BatchRecord.BatchRecord | undefined) => void => {
  /** The batches whose end was told, the newest of them. */
  const told = new Set<string>()
  return (batch, find) => {
    const uris = Json.list(Json.at(batch.webhook, "uris")).map(String)
    const hooks = uris.length > 0 ? webhooks.own : webhooks.kept
    if (hooks === undefined) return
    const time = BatchRecord.endsAt(batch)
    hooks.deliveries.at(time, () => {
      const here = find(time)
      // It may have been cancelled since, which was noticed on its own.
      if (here === undefined || BatchRecord.endsAt(here) !== time || told.has(batch.name)) return
      const { state } = BatchRecord.stateOf(here, time)
      const type = types.get(state)
      if (type === undefined) return
      told.add(batch.name)
      const [oldest] = told
      if (told.size > 10_000 && oldest !== undefined) told.delete(oldest)
      const metadata = Json.at(batch.webhook, "userMetadata")
      hooks.tell({
        type,
        project: batch.project,
        data: dataOf(here, state),
        uris,
        metadata: Json.isObject(metadata) ? metadata : undefined
      })
    })
  }
}
