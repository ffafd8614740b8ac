/**
 * An upload that has begun, as plain data: whoever has it can go on with the upload, in another process, too.
 *
 * Its `url` is all that the server asks for, so keep a handle as you keep a key until the upload is done. The server
 * forgets an upload after some days.
 *
 * ```ts
 * import * as UploadHandle from "effect-gemini/files/UploadHandle"
 * import * as Schema from "effect/Schema"
 *
 * const kept = `{"name":"files/abc","url":"https://generativelanguage.googleapis.com/upload/v1beta/files?upload_id=1"}`
 * const handle = Schema.decodeUnknownSync(UploadHandle.UploadHandle)(JSON.parse(kept))
 * console.log(handle.name) // files/abc
 * ```
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

/**
 * `name` is the name that the file will have, `url` the address of the upload, `size` the number of bytes that was
 * announced, `granularity` the unit of chunks in bytes, and `member` the member that takes it, where there are several.
 *
 * @category schemas
 * @since 0.2.0
 */
export const UploadHandle = Schema.Struct({
  name: Schema.String,
  url: Schema.String,
  size: Schema.optionalKey(Schema.Int),
  mimeType: Schema.optionalKey(Schema.String),
  granularity: Schema.optionalKey(Schema.Int),
  member: Schema.optionalKey(Schema.String)
})

/**
 * @category models
 * @since 0.2.0
 */
export type UploadHandle = typeof UploadHandle.Type
