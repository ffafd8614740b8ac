/**
 * A long-running operation (REST reference, November 2026).
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"
import { field, Struct } from "../internal/wire/leaves.ts"
import { RpcStatus } from "./File.ts"

/**
 * An operation. `done` is there only as `true`; then there is an `error` or a `response`. The name is not that of what
 * the operation makes: the response names that.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Operation = Schema.Struct({
  name: Schema.String,
  metadata: field(Struct),
  done: field(Schema.Boolean),
  error: field(RpcStatus),
  response: field(Struct)
})

/**
 * @category models
 * @since 0.2.0
 */
export interface Operation extends Schema.Schema.Type<typeof Operation> {}

/**
 * One page of operations.
 *
 * @category schemas
 * @since 0.2.0
 */
export const ListOperationsResponse = Schema.Struct({
  operations: field(Schema.Array(Operation)),
  nextPageToken: field(Schema.String)
})
