/**
 * A cached prefix of requests, and the answers of the methods about caches (REST reference and `@google/genai` 3.3,
 * November 2026).
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { field, numeric } from "../internal/wire/leaves.ts"

/**
 * A cache: `name` is `cachedContents/ID`, which goes into `cachedContent` of a request to the same `model`; `expireTime` is
 * its end. Its contents, tools and instruction never come back.
 *
 * @category schemas
 * @since 0.2.0
 */
export const CachedContent = Schema.Struct({
  name: Schema.String,
  model: field(Schema.String),
  displayName: field(Schema.String),
  createTime: field(Schema.String),
  updateTime: field(Schema.String),
  expireTime: field(Schema.String),
  usageMetadata: field(Schema.Struct({ totalTokenCount: numeric }))
})

/**
 * @category models
 * @since 0.2.0
 */
export interface CachedContent extends Schema.Schema.Type<typeof CachedContent> {}

/**
 * One page of caches, the newest first; the last page has no `nextPageToken`, an empty one no `cachedContents`.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListCachedContentsResponse = Schema.Struct({
  cachedContents: field(Schema.Array(CachedContent)),
  nextPageToken: field(Schema.String)
})
