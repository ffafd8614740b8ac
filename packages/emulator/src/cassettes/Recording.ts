/**
 * What a cassette holds: requests with their responses, and Live sessions, as they went over the wire.
 *
 * A cassette is a file of JSON Lines. The first line says so; each other line is one exchange, written when it ended.
 * `n` counts the exchanges in the order in which they began.
 *
 * @since 0.2.0
 */
import * as Schema from "effect/Schema"

/**
 * A piece of a body, as one piece came over the wire: text as it is, other bytes as base64. Pieces of 64 kB and more lie
 * in files beside the cassette, in the folder `FILE.blobs`, under the SHA-256 of what they hold.
 *
 * @category models
 * @since 0.2.0
 */
export const Piece = Schema.Union([
  Schema.String,
  Schema.Struct({ base64: Schema.String }),
  Schema.Struct({ sha256: Schema.String, bytes: Schema.Finite })
])

/**
 * A piece of a body.
 *
 * @category models
 * @since 0.2.0
 */
export type Piece = typeof Piece.Type

const headers = Schema.Record(Schema.String, Schema.String)

/**
 * How a response ended: whole, with its connection closed in the middle, with a reset, or because the client left.
 *
 * @category models
 * @since 0.2.0
 */
export const End = Schema.Literals(["complete", "cut", "reset", "aborted"])

/**
 * A request and its response. The path holds the query, with its parameters sorted. `chunks` are the milliseconds since
 * the request, and the piece that came then; `answered` and `ended` are when the headers and the end came. Without a
 * status the connection ended before there was one.
 *
 * @category models
 * @since 0.2.0
 */
export const Http = Schema.Struct({
  n: Schema.Finite,
  request: Schema.Struct({
    method: Schema.String,
    path: Schema.String,
    headers,
    body: Schema.optionalKey(Piece)
  }),
  response: Schema.Struct({
    status: Schema.optionalKey(Schema.Finite),
    headers,
    answered: Schema.optionalKey(Schema.Finite),
    chunks: Schema.Array(Schema.Tuple([Schema.Finite, Piece])),
    end: End,
    ended: Schema.optionalKey(Schema.Finite)
  })
})

/**
 * A request and its response.
 *
 * @category models
 * @since 0.2.0
 */
export type Http = typeof Http.Type

/**
 * A Live session. `frames` are the milliseconds since the upgrade was asked for, who sent the message (the client or the
 * server), its kind, what it holds, and in how many fragments it came, if in several. A session that was refused has no
 * frames.
 *
 * @category models
 * @since 0.2.0
 */
export const Live = Schema.Struct({
  n: Schema.Finite,
  live: Schema.Struct({ path: Schema.String, headers }),
  refused: Schema.optionalKey(Schema.Struct({ status: Schema.Finite, headers, body: Piece })),
  /** When the upgrade was answered, in milliseconds since it was asked for. */
  answered: Schema.optionalKey(Schema.Finite),
  frames: Schema.Array(
    Schema.Tuple([
      Schema.Finite,
      Schema.Literals(["c", "s"]),
      Schema.Literals(["text", "binary"]),
      Piece,
      Schema.optionalKey(Schema.Finite)
    ])
  ),
  /** From which frame on the server answered no ping, counted from 0, if there was such a ping. */
  deaf: Schema.optionalKey(Schema.Finite),
  /** Who ended it, and how. A code of 1006: the connection ended without a close frame, by a reset or by a mere end. */
  close: Schema.optionalKey(
    Schema.Struct({
      by: Schema.Literals(["c", "s"]),
      code: Schema.Finite,
      reason: Schema.String,
      ms: Schema.Finite,
      reset: Schema.optionalKey(Schema.Boolean)
    })
  )
})

/**
 * A Live session.
 *
 * @category models
 * @since 0.2.0
 */
export type Live = typeof Live.Type

/**
 * An exchange of either kind.
 *
 * @category models
 * @since 0.2.0
 */
export const Recording = Schema.Union([Http, Live])

/**
 * An exchange of either kind.
 *
 * @category models
 * @since 0.2.0
 */
export type Recording = typeof Recording.Type

/**
 * The first line of a cassette: the version of its form, who wrote it, and which rules took secrets out.
 *
 * @category models
 * @since 0.2.0
 */
export const Head = Schema.Struct({
  cassette: Schema.Literal(1),
  by: Schema.String,
  redaction: Schema.Array(Schema.String)
})

/**
 * The first line of a cassette.
 *
 * @category models
 * @since 0.2.0
 */
export type Head = typeof Head.Type
