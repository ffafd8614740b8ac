/**
 * The members of a pool, and who holds what on the server. Without Effect.
 */
import * as Reason from "../../errors/GeminiErrorReason.ts"
import type { Held } from "./resources.ts"

/** The part of a member that decides who sees the state that it made. */
export interface Home {
  readonly name: string
  readonly project: string
  readonly location: string
}

/** The most keys that are remembered. Beyond that, the one that was unused for longest is forgotten. */
const capacity = 10_000

/** Remembers who made a cache, a file or a session, and who answers the calls of a sticky key. */
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

/** The members that a call may go to, or why there is none. */
export type Reach<M extends Home> = ReadonlyArray<M> | Reason.InvalidRequest | Reason.NotFound

export const isReachable = <M extends Home>(reach: Reach<M>): reach is ReadonlyArray<M> => Array.isArray(reach)

/** The part of a call that decides which members can take it. */
export interface Wish {
  readonly member: string | undefined
  readonly held: ReadonlyArray<Held>
}

export const stickyKey = (key: string): string => `sticky:${key}`

export const invalid = (field: string, description: string): Reason.InvalidRequest =>
  new Reason.InvalidRequest({ fields: [{ field, description }] })

export class MemberTable<M extends Home> {
  readonly members: ReadonlyArray<M>
  readonly owners: Owners

  constructor(members: ReadonlyArray<M>, owners = new Owners()) {
    this.members = members
    this.owners = owners
  }

  named(name: string): M | undefined {
    return this.members.find((member) => member.name === name)
  }

  /** The members that see what this one made: those of its project and location. */
  #beside({ location, project }: Home): ReadonlyArray<M> {
    return this.members.filter((member) => member.project === project && member.location === location)
  }

  get #isOneProject(): boolean {
    const [first] = this.members
    return first !== undefined && this.#beside(first).length === this.members.length
  }

  /** Whether a member sees what the one of this name made. A member that is gone has nobody beside it. */
  isBeside(member: Home, name: string): boolean {
    const other = this.named(name)
    return other !== undefined && other.project === member.project && other.location === member.location
  }

  reach({ held, member: name }: Wish): Reach<M> {
    let reach = this.members
    if (name !== undefined) {
      const member = this.named(name)
      if (member === undefined) return invalid("member", `no member is called ${JSON.stringify(name)}; ${this.#names}`)
      reach = [member]
    }
    for (const { field, resource: key, shown: resource = key } of held) {
      const owner = this.owners.get(key)
      if (owner === undefined) {
        // A call that names its member is free.
        if (name !== undefined || this.#isOneProject) continue
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
