/** The call that a conversation goes on from: the turns of an earlier call are the first turns of this one. */
import * as Json from "../src/internal/json.ts"
import * as Admin from "./Admin.ts"
import * as Calls from "./Calls.ts"

export interface Earlier {
  readonly id: number
  /** How many turns of this call the earlier one had already. */
  readonly turns: number
}

/** So many calls before this one are read at most. Each is a request of its own, from the same machine. */
const most = 40

const turnsOf = (body: unknown): ReadonlyArray<string> =>
  Json.list(Json.at(body, "contents")).map((turn) => JSON.stringify(turn))

/** How many turns an earlier call shares with a later one if all of its turns begin that one and more follow; else 0. */
const shared = (earlier: ReadonlyArray<string>, later: ReadonlyArray<string>): number =>
  earlier.length < later.length && earlier.every((turn, i) => turn === later[i]) ? earlier.length : 0

/** Of the calls before this one, the newest that shares the most turns with it. */
export const find = async (call: Calls.Call, isOver: () => boolean): Promise<Earlier | undefined> => {
  const turns = turnsOf(call.body)
  if (turns.length < 2) return undefined
  let best: Earlier | undefined
  const earlier = Calls.newestWhere(({ apiMethod, id }) => id < call.id && apiMethod === call.apiMethod, most)
  for (const { id } of earlier) {
    const before = await Admin.get<Calls.Call>(Admin.inSpace(call.space, `/requests/${id}`)).catch(() => undefined)
    if (isOver()) return undefined
    const count = shared(turnsOf(before?.body), turns)
    if (count > (best?.turns ?? 0)) best = { id, turns: count }
    // An answer and what was said to it are what one call adds, so nothing older is nearer.
    if (best !== undefined && best.turns >= turns.length - 2) break
  }
  return best
}
