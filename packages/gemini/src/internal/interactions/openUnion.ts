/**
 * Unions whose members tell themselves apart by their `type`. A value of a type that none of them has is kept as it came:
 * the API gets new steps, deltas and tools every few months.
 */
import * as Schema from "effect/Schema"

/**
 * A `type` that is not known here: a string that differs from all known ones, so `switch` and `if` tell them apart. It is
 * an enum for the checker alone, which takes any other string type for one that may equal a known name.
 */
export declare enum UnfamiliarType {
  name = ""
}

/** A value whose `type` is not known here, with all that came. */
export interface Unfamiliar {
  readonly type: UnfamiliarType
}

/** An event whose `event_type` is not known here, with all that came. */
export interface UnfamiliarEvent {
  readonly event_type: UnfamiliarType
}

const other = (names: ReadonlySet<string>) => {
  const isOther = (type: string): type is UnfamiliarType => !names.has(type)
  return Schema.toType(Schema.String.pipe(Schema.refine(isOther, { expected: "a value of its type" })))
}

/** A schema that needs nothing to decode or encode. */
type Plain = Schema.Constraint & { readonly DecodingServices: never; readonly EncodingServices: never }

type Tagged = Plain & {
  readonly fields: { readonly type: { readonly literal: string } }
}

/** The union of the members, and of any value of another `type`. */
export const openUnion = <const Members extends ReadonlyArray<Tagged>>(
  members: Members
): Schema.Codec<Members[number]["Type"] | Unfamiliar> =>
  Schema.Union([...members, Schema.Struct({ type: other(new Set(members.map(({ fields }) => fields.type.literal))) })])

type EventTagged = Plain & {
  readonly fields: { readonly event_type: { readonly literal: string } }
}

/** The union of the events, and of any event of another `event_type`. */
export const openEvents = <const Members extends ReadonlyArray<EventTagged>>(
  members: Members
): Schema.Codec<Members[number]["Type"] | UnfamiliarEvent> =>
  Schema.Union([
    ...members,
    Schema.Struct({ event_type: other(new Set(members.map(({ fields }) => fields.event_type.literal))) })
  ])
