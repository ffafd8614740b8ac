/**
 * The members of a pool, and who holds what on the server. Without Effect.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Held } from "./resources.ts"

/** What of a member decides who sees the state that it made. */
export interface Place {
  readonly name: string
  readonly project: string
  readonly location: string
}

/** The most keys that are remembered; beyond it the one unused for longest is forgotten. */
const capacity = 10_000

/** Who made a cache, a file or a session, and who answers the calls of one sticky key. */
export class Owners {
  readonly #members = new Map<string, string>()

  get(key: string): string | undefined {
    const member = this.#members.get(key)
    if (member !== undefined) this.set(key, member)
    return member
  }

  set(key: string, member: string): void {
    this.#members.delete(key)
    this.#members.set(key, member)
    if (this.#members.size <= capacity) return
    for (const oldest of this.#members.keys()) {
      this.#members.delete(oldest)
      return
    }
  }
}

/** Where a call may go, or why nowhere. */
export type Reach<M extends Place> = ReadonlyArray<M> | Reason.InvalidRequest | Reason.NotFound

export const isReachable = <M extends Place>(reach: Reach<M>): reach is ReadonlyArray<M> => Array.isArray(reach)

/** What of a call decides which members can take it. */
export interface Wish {
  readonly member: string | undefined
  readonly sticky: string | undefined
  readonly held: ReadonlyArray<Held>
}

export const stickyKey = (key: string): string => `sticky:${key}`

export const invalid = (field: string, description: string): Reason.InvalidRequest =>
  new Reason.InvalidRequest({ fields: [{ field, description }] })

export class MemberTable<M extends Place> {
  readonly members: ReadonlyArray<M>
  readonly owners: Owners

  constructor(members: ReadonlyArray<M>, owners = new Owners()) {
    this.members = members
    this.owners = owners
  }

  named(name: string): M | undefined {
    return this.members.find((member) => member.name === name)
  }

  /** Members that see what one of them made: those of its project and location. */
  #beside({ location, project }: Place): ReadonlyArray<M> {
    return this.members.filter((member) => member.project === project && member.location === location)
  }

  get #isOneProject(): boolean {
    const [first] = this.members
    return first !== undefined && this.#beside(first).length === this.members.length
  }

  reach({ held, member: name, sticky }: Wish): Reach<M> {
    let reach = this.members
    if (name !== undefined) {
      const member = this.named(name)
      if (member === undefined) return invalid("member", `no member is called ${JSON.stringify(name)}; ${this.#names}`)
      reach = [member]
    }
    const owned = sticky === undefined ? held : [...held, { field: "sticky", resource: stickyKey(sticky) }]
    for (const { field, resource: key, shown: resource = key } of owned) {
      const owner = this.owners.get(key)
      if (owner === undefined) {
        // The first call of a key, and whoever said the member, are free.
        if (field === "sticky" || name !== undefined || this.#isOneProject) continue
        return invalid(
          field,
          `it is not known which member made ${resource}: say so with Members.remember, or name the member of the call`
        )
      }
      const member = this.named(owner)
      if (member === undefined) {
        return new Reason.NotFound({
          description: `${resource} is kept by the member ${JSON.stringify(owner)}, which is gone; ${this.#names}`,
          nearMatches: []
        })
      }
      const beside = this.#beside(member)
      reach = reach.filter((candidate) => beside.includes(candidate))
      if (reach.length === 0) {
        return invalid(field, `${resource} is kept by the member ${JSON.stringify(owner)}, the call goes to another`)
      }
    }
    return reach
  }

  get #names(): string {
    return `there are ${this.members.map(({ name }) => name).join(", ")}`
  }
}
