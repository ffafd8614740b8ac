/**
 * A handle on something that the server keeps: its name, and the member that made it.
 *
 * Only the project that made a file, a cache, a batch, a store, an interaction, an agent, an environment or a voice can
 * see it. A handle that is kept (in a journal, a database, a job) therefore carries the member's name beside the
 * resource's, so that another process asks the right one.
 *
 * ```ts
 * import * as ResourceHandle from "effect-gemini/resources/ResourceHandle"
 * import * as Schema from "effect/Schema"
 *
 * const kept = JSON.stringify({ name: "files/abc-123", member: "search" })
 * const handle = Schema.decodeUnknownSync(ResourceHandle.ResourceHandle)(JSON.parse(kept))
 * console.log(handle.member) // search
 * ```
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import * as Names from "../internal/resources/names.ts"

/**
 * The name of a resource (`files/ID`, `cachedContents/ID`, `batches/ID`, `models/M/operations/O`, `fileSearchStores/S`,
 * `interactions/ID`, `agents/ID`, `environments/ID`, `voices/ID`, …), and the member that made it, where there are
 * several. Plain JSON, for a journal.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ResourceHandle = Schema.Struct({
  name: Schema.String,
  member: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type ResourceHandle = typeof ResourceHandle.Type

/**
 * A resource as a caller names it: its name, its address as the API gives it, or a handle.
 *
 * @category models
 * @since 0.2.0
 */
export type Input = string | ResourceHandle

/**
 * The handle of a resource that a member made; an address is made a name.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = (resource: string, member?: string): ResourceHandle => ({
  name: Names.nameOf(resource) ?? resource,
  ...(member === undefined ? {} : { member })
})
