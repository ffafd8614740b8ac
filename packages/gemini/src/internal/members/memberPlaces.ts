/**
 * The members as places where resources are made. A resource is asked of the member that made it and of no other;
 * something new goes to a member that is well and has made the least by its weight.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Reason from "../../errors/GeminiErrorReason.ts"
import { Call, type MemberCall } from "../../members/MemberCall.ts"
import * as Failures from "../call/failures.ts"
import * as Carrier from "../resources/carrier.ts"
import type { About, Place, Places } from "../resources/places.ts"
import * as Check from "./memberCheck.ts"
import * as MemberTable from "./MemberTable.ts"
import type { Seat } from "./seats.ts"
import type { MemberState } from "./Way.ts"

/** The milliseconds for which a member comes after the others once it had an outage. */
const rest = 5_000

interface Seated extends Place {
  readonly state: MemberState
  made: number
  restsUntil: number
}

const rank =
  (now: number, { avoid = [] }: MemberCall, isAway: (place: MemberTable.Home) => boolean) =>
  ({ made, restsUntil, state }: Seated): ReadonlyArray<number> => [
    Number(restsUntil > now),
    Number(state.isKeyRefused),
    Number(isAway(state)),
    Number(avoid.includes(state.name)),
    state.regionRank,
    made / state.weight
  ]

const before = (a: ReadonlyArray<number>, b: ReadonlyArray<number>): number => {
  const place = a.findIndex((value, index) => value !== b[index])
  return place < 0 ? 0 : (a[place] ?? 0) - (b[place] ?? 0)
}

export const make = (
  { client, options, table }: Seat,
  allowOrigin: ReadonlyArray<string> | undefined
): Places => {
  const seated = new Map<Place, Seated>()
  const all = options.members.flatMap((member): ReadonlyArray<Seated> => {
    const state = table.named(member.name)
    if (state === undefined) return []
    const carrier = Carrier.make({ ...Check.optionsOf(options, member), allowOrigin }, client)
    const place: Seated = { name: member.name, carrier, state, made: 0, restsUntil: 0 }
    seated.set(place, place)
    return [place]
  })
  const wrong = Check.problem(options)

  const reach = (about: About, call: MemberCall): Effect.Effect<ReadonlyArray<Seated>, Reason.GeminiErrorReason> => {
    if (wrong !== undefined) return Effect.fail(MemberTable.invalid(wrong.field, wrong.description))
    const held = about.resources.map(({ name }) => ({ field: about.field, resource: name }))
    const found = table.reach({ member: call.member, held })
    if (!MemberTable.isReachable(found)) return Effect.fail(found)
    const home = call.sticky === undefined ? undefined : table.owners.get(MemberTable.stickyKey(call.sticky))
    const isAway = (place: MemberTable.Home) => home !== undefined && !table.isBeside(place, home)
    return Effect.map(
      Clock.currentTimeMillis,
      (now) =>
        all.filter(({ state }) => found.includes(state))
          .map((place) => ({ place, rank: rank(now, call, isAway)(place) }))
          .sort((a, b) => before(a.rank, b.rank))
          .map(({ place }) => place)
    )
  }

  const within = <A>(use: (call: MemberCall) => Effect.Effect<A, Reason.GeminiErrorReason>) =>
    Effect.withFiber<A, Reason.GeminiErrorReason>((fiber) => use(fiber.getRef(Call)))

  return {
    names: all.map(({ state }) => state.name),
    owner: (about) =>
      within((call) =>
        Effect.flatMap(reach(about, call), (places) => {
          const owners = about.resources.map(({ name }) => table.owners.get(name))
          const owner = owners.find((name) => name !== undefined)
          const [first, second] = places
          if (first !== undefined && (owner !== undefined || second === undefined)) {
            return Effect.succeed(places.find(({ state }) => state.name === owner) ?? first)
          }
          // If all of them see the same resources, it does not matter who is asked.
          return first !== undefined && about.resources.length > 0
            ? Effect.succeed(first)
            : Effect.fail(MemberTable.invalid(
              about.field,
              `each member has its own: name the one that is asked by MemberCall.set({ member }); there are ${
                all.map(({ state }) => state.name).join(", ")
              }`
            ))
        })
      ),
    makers: (about) => within((call) => reach(about, call)),
    remember: (resource, member) => {
      if (member !== undefined) table.owners.set(resource, member)
    },
    heard: (place, error) =>
      Effect.withFiber((fiber) => {
        const seat = seated.get(place)
        if (seat === undefined) return Effect.void
        if (error === undefined) seat.state.isKeyRefused = false
        else if (error.reason._tag === "Unauthenticated") seat.state.isKeyRefused = true
        const now = fiber.getRef(Clock.Clock).currentTimeMillisUnsafe()
        seat.restsUntil = error !== undefined && Failures.isOutage(error) ? now + rest : 0
        const { sticky } = fiber.getRef(Call)
        if (error !== undefined || sticky === undefined) return Effect.void
        const key = MemberTable.stickyKey(sticky)
        if (table.owners.get(key) === undefined) table.owners.set(key, seat.state.name)
        return Effect.void
      }),
    asked: (place) => {
      const seat = seated.get(place)
      if (seat !== undefined) seat.made++
    }
  }
}
