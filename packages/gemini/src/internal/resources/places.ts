/**
 * The places that may be asked: the one destination of a client, or the members of a pool.
 */
import * as Effect from "effect/Effect"
import type * as Reason from "../../errors/GeminiErrorReason.ts"
import type { GeminiError } from "../../GeminiError.ts"
import type { ResourceHandle } from "../../resources/ResourceHandle.ts"
import type { Carrier } from "./carrier.ts"

/** A destination that makes resources, and sees the ones that it made. */
export interface Place {
  /** The member, if there are several. */
  readonly name: string | undefined
  readonly carrier: Carrier
}

/** The part of a request that says who is to be asked. */
export interface About {
  /** The resources that the request is about, first the one that its path names. */
  readonly resources: ReadonlyArray<ResourceHandle>
  /** The field of the request that names them, for refusals. */
  readonly field: string
}

export interface Places {
  readonly names: ReadonlyArray<string>
  /** The one place that made what the request is about. */
  readonly owner: (about: About) => Effect.Effect<Place, Reason.GeminiErrorReason>
  /** The places at which something may be made, in the order of choice. */
  readonly makers: (about: About) => Effect.Effect<ReadonlyArray<Place>, Reason.GeminiErrorReason>
  readonly remember: (resource: string, member: string | undefined) => void
  /** Notes that a create goes there. */
  readonly asked: (place: Place) => void
  /** Notes how an attempt went, for later choices. */
  readonly heard: (place: Place, error: GeminiError | undefined) => Effect.Effect<void>
}

/** The one destination of a client, which made everything. */
export const one = (carrier: Carrier): Places => {
  const place: Place = { name: undefined, carrier }
  return {
    names: [],
    owner: () => Effect.succeed(place),
    makers: () => Effect.succeed([place]),
    remember: () => {},
    asked: () => {},
    heard: () => Effect.void
  }
}
