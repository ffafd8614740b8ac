/**
 * `ResourceHttp` over the members of a pool.
 *
 * It shares the pool's memory of who made what, so a generation that names a file goes to members that see the file.
 *
 * ```ts
 * import * as Members from "effect-gemini/Members"
 * import * as MemberResources from "effect-gemini/members/MemberResources"
 * import * as NodeGemini from "effect-gemini/NodeGemini"
 * import * as ResourceHttp from "effect-gemini/ResourceHttp"
 * import * as Effect from "effect/Effect"
 * import * as Layer from "effect/Layer"
 * import * as Redacted from "effect/Redacted"
 * import * as Schema from "effect/Schema"
 *
 * const Gemini = Members.layer({
 *   members: [
 *     { name: "search", apiKey: Redacted.make(process.env.SEARCH_KEY ?? "") },
 *     { name: "batch", apiKey: Redacted.make(process.env.BATCH_KEY ?? "") }
 *   ]
 * })
 *
 * // Another process kept this handle.
 * const handle = { name: "files/abc-123", member: "batch" }
 *
 * const program = ResourceHttp.ResourceHttp.use((http) =>
 *   http.ask({
 *     method: "files.get",
 *     httpMethod: "GET",
 *     path: handle.name,
 *     of: [handle],
 *     answer: Schema.Struct({ name: Schema.String })
 *   })
 * ).pipe(
 *   Effect.provide(MemberResources.layer().pipe(Layer.provideMerge(Gemini), Layer.provide(NodeGemini.layerHttpClient())))
 * )
 * ```
 *
 * @since 0.2.0
 */
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as MemberPlaces from "../internal/members/memberPlaces.ts"
import * as Seats from "../internal/members/seats.ts"
import { providerOf } from "../internal/members/Way.ts"
import * as Door from "../internal/resources/door.ts"
import * as Members from "../Members.ts"
import * as ResourceHttp from "../ResourceHttp.ts"

/**
 * The origins beside the members' base URLs that an address out of an answer may name.
 *
 * @category options
 * @since 0.2.0
 */
export type Options = Pick<ResourceHttp.Options, "allowOrigin">

/**
 * The service over the members of the context, with their keys, addresses, retries and deadlines. Dies if the `Members`
 * of the context are not those of `effect-gemini/Members`.
 *
 * @category layers
 * @since 0.2.0
 */
export const layer = (
  { allowOrigin }: Options = {}
): Layer.Layer<ResourceHttp.ResourceHttp, never, Members.Members> =>
  Layer.effect(
    ResourceHttp.ResourceHttp,
    Effect.flatMap(Members.Members, (members) => {
      const seat = Seats.of(members)
      if (seat === undefined) return Effect.die(new Error("these Members were not made by effect-gemini/Members"))
      const { gate, options, table } = seat
      return Effect.succeed(Door.make({
        places: MemberPlaces.make(seat, allowOrigin),
        gate,
        retry: options.retry,
        timeouts: options.timeouts,
        provider: providerOf(table.members)
      }))
    })
  )
