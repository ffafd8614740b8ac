/**
 * Tells webhooks of an interaction's end, once it has come by the clock.
 */
import * as Json from "../json.ts"
import type * as Webhooks from "../webhooks/webhooks.ts"
import * as InteractionRecord from "./InteractionRecord.ts"
import type * as Interactions from "./interactions.ts"

/** The events by the status of the interaction; Google names none for the others. */
const types: ReadonlyMap<string, string> = /* @__PURE__ */ new Map(/* @__PURE__ */ Object.entries({
  completed: "interaction.completed",
  requires_action: "interaction.requires_action",
  failed: "interaction.failed",
  incomplete: "interaction.failed",
  budget_exceeded: "interaction.failed",
  cancelled: "interaction.cancelled"
}))

const urisOf = (webhook: unknown): ReadonlyArray<string> => Json.list(Json.at(webhook, "uris")).map(String)

/** What is told of it. */
const dataOf = (record: InteractionRecord.InteractionRecord, standing: InteractionRecord.Standing): Json.Json => {
  if (types.get(standing.status) !== "interaction.failed") return { id: record.name }
  const [error] = standing.errors ?? []
  return {
    id: record.name,
    error_code: Json.at(error, "code") ?? standing.status,
    error_message: Json.at(error, "message") ?? `The interaction ended as ${standing.status}.`
  }
}

export const make = (options: {
  readonly interactions: () => Interactions.Interactions
  readonly webhooks: () => Webhooks.Webhooks
  readonly registered: () => Webhooks.Webhooks | undefined
}): (record: InteractionRecord.InteractionRecord) => void => {
  const { interactions, registered, webhooks } = options
  /** The interactions whose end was told, the newest of them. */
  const told = new Set<string>()
  return (record) => {
    const uris = urisOf(record.webhook)
    // A turn in the foreground has its answer already, so that only its own webhook hears of it.
    if (uris.length === 0 && !record.isBackground) return
    const hooks = uris.length > 0 ? webhooks() : registered()
    if (hooks === undefined) return
    hooks.deliveries.at(InteractionRecord.endsAt(record), () => {
      const { name, project } = record
      const time = InteractionRecord.endsAt(record)
      // It may have been cancelled since, which was noticed on its own.
      const here = record.isStored ? interactions().find(project, name, time) : record
      if (here === undefined || InteractionRecord.endsAt(here) !== time || told.has(name)) return
      const standing = InteractionRecord.stateOf(here, time)
      const type = types.get(standing.status)
      if (type === undefined) return
      told.add(name)
      const [oldest] = told
      if (told.size > 10_000 && oldest !== undefined) told.delete(oldest)
      const metadata = Json.at(record.webhook, "user_metadata")
      hooks.tell({
        type,
        project,
        data: dataOf(here, standing),
        uris,
        metadata: Json.isObject(metadata) ? metadata : undefined
      })
    })
  }
}
