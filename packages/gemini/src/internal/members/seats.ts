/**
 * The parts of a pool over members, for other services that ask the same members and must know who made what. They are
 * kept beside the public service, so that a program without such services loads none of them.
 */
import type * as HttpClient from "effect/http/HttpClient"
import type { Options, Service } from "../../Members.ts"
import type { CallGate } from "../call/CallGate.ts"
import type { MemberTable } from "./MemberTable.ts"
import type { MemberState } from "./Way.ts"

export interface Seat {
  readonly options: Options
  readonly table: MemberTable<MemberState>
  readonly gate: CallGate
  readonly client: HttpClient.HttpClient
}

const seats = new WeakMap<Service, Seat>()

export const keep = (members: Service, seat: Seat): Service => {
  seats.set(members, seat)
  return members
}

/** `undefined` for a service that `Members` has not made, such as a test's own. */
export const of = (members: Service): Seat | undefined => seats.get(members)
