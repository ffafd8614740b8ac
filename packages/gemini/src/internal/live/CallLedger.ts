/**
 * The calls that the model waits for on the connection of now. Pure.
 *
 * A call belongs to the connection on which it came. Google gives out no handle while a function runs (`resumable:
 * false`), so that the state which the next connection restores does not know the call, and a session that is answered
 * what it did not ask closes with a refusal (1007, or 1008 `Requested entity was not found.`), which would be the end of
 * it. A model that does not wait for functions may give one in between; whether that state takes the answer is not known,
 * and to be silent is the smaller harm. Only where the server says how far it has read (`transparent`, Vertex AI) is a
 * handle documented to stand for all that came before it: then the calls of that state outlive their connection.
 */
import type { FunctionCall } from "../../wire/Part.ts"

/** What an answer says of its call. */
type Named = Pick<FunctionCall, "id" | "name">

/** How many calls are remembered that nobody answers, and how many that are gone. */
const remembered = 4_096

const isSame = (call: FunctionCall, { id, name }: Named): boolean =>
  call.id ? call.id === id : !id && call.name === name

/** Of a session in which no function was called. They stay empty. */
const noCalls: ReadonlySet<FunctionCall> = new Set()
const noIds: ReadonlySet<string> = new Set()

export class CallLedger {
  /** The calls that are not answered, the oldest first. */
  #open: Set<FunctionCall> | undefined
  /** The calls that the state of the latest handle holds. */
  #kept: Set<FunctionCall> | undefined
  /** The ids of calls whose connection is gone. */
  #gone: Set<string> | undefined

  /** How many calls are not answered. */
  get size(): number {
    return this.#open?.size ?? 0
  }

  asked(calls: ReadonlyArray<FunctionCall>): void {
    const open = this.#open ??= new Set()
    for (const call of calls) {
      if (call.id) this.#gone?.delete(call.id)
      open.add(call)
    }
    trim(open)
  }

  /** The answer has left. Without an id it is that of the oldest call of its name. */
  answered(response: Named): void {
    for (const call of this.#open ?? noCalls) {
      if (!isSame(call, response)) continue
      this.#open?.delete(call)
      if (!response.id) return
    }
  }

  /** Tells that the server gave a handle whose state holds every call that came before it. */
  keep(): void {
    if (this.#open !== undefined) this.#kept = new Set(this.#open)
  }

  /** Whether the state of the latest handle holds the call of an answer. */
  isKept(response: Named): boolean {
    for (const call of this.#kept ?? noCalls) if (isSame(call, response)) return true
    return false
  }

  takenBack(ids: ReadonlyArray<string>): void {
    for (const call of this.#open ?? noCalls) if (call.id && ids.includes(call.id)) this.#open?.delete(call)
  }

  /** The state is gone, and all calls with it. */
  forget(): ReadonlyArray<FunctionCall> {
    this.#kept = undefined
    return this.lose()
  }

  /** The connection is gone, and these calls with it. */
  lose(): ReadonlyArray<FunctionCall> {
    const kept = this.#kept ?? noCalls
    const lost = Array.from(this.#open ?? noCalls).filter((call) => !kept.has(call))
    if (lost.length === 0) return lost
    for (const call of lost) this.#open?.delete(call)
    const gone = this.#gone ??= new Set()
    for (const { id } of lost) if (id) gone.add(id)
    trim(gone)
    return lost
  }

  /** Whether the connection of a call is gone. */
  isGone({ id }: Named): boolean {
    return !!id && (this.#gone ?? noIds).has(id)
  }
}

const trim = <A>(set: Set<A>): void => {
  for (const oldest of set) {
    if (set.size <= remembered) return
    set.delete(oldest)
  }
}
