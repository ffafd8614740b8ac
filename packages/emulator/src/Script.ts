/**
 * What the emulator has been told to do: answers waiting in order, faults with their counters.
 *
 * @since 0.1.0
 */
import * as Answer from "./Answer.ts"
import type { EmulatorRequest } from "./EmulatorRequest.ts"
import * as Fault from "./Fault.ts"
import * as Dice from "./internal/Dice.ts"
import { suits } from "./internal/rules/suits.ts"

/**
 * The answers that wait and the faults that are armed, which the handler takes from.
 *
 * @category models
 * @since 0.1.0
 */
export interface Script {
  readonly enqueue: (answers: Iterable<Answer.Answer>) => void
  /** Takes the first waiting answer whose `when` fits this request. */
  readonly takeAnswer: (request: EmulatorRequest) => Answer.Answer | undefined
  /** How many answers still wait. */
  readonly waiting: () => number
  /** Forgets the answers that wait. */
  readonly clearAnswers: () => void
  /** Adds faults and gives their ids. */
  readonly addFault: (faults: Iterable<Fault.Fault>) => ReadonlyArray<string>
  /** Ends faults: the very objects that were added, or those with these ids. Gives how many there were. */
  readonly removeFault: (faults: ReadonlyArray<Fault.Fault | string>) => number
  /** The faults that are armed, and how often each has hit. */
  readonly faults: () => ReadonlyArray<Fault.ArmedFault>
  /**
   * Counts the request and gives the first fault that hits it, at a time of the server's clock. If `among` is given,
   * only faults that fit it are looked at.
   */
  readonly takeFault: (
    request: EmulatorRequest,
    time: number,
    among?: (fault: Fault.Fault) => boolean
  ) => Fault.Fault | undefined
  /** What `takeAnswer` would take, which is left where it is. */
  readonly nextAnswer: (request: EmulatorRequest) => Answer.Answer | undefined
  /** The fault that `takeFault` would give, without counting anything; of a share it may be the one. */
  readonly nextFault: (request: EmulatorRequest, time: number) => Fault.ArmedFault | undefined
  readonly clear: () => void
}

interface Armed extends Fault.ArmedFault {
  readonly dice: Dice.Dice
  /** How many requests it was asked about. */
  seen: number
  hits: number
}

/**
 * A script that begins with these answers and faults. `seed` decides which requests a fault with a `share` hits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (answers: Iterable<Answer.Answer>, faults: Iterable<Fault.Fault>, seed = ""): Script => {
  const queue: Array<Answer.Answer> = [...answers]
  let armed: Array<Armed> = []
  let added = 0
  const addFault = (faults: Iterable<Fault.Fault>): ReadonlyArray<string> =>
    Array.from(faults, (fault) => {
      const dice = Dice.make(`${seed}\nfault\n${added}`)
      const id = `fault-${++added}`
      armed.push({ id, fault, dice, seen: 0, hits: 0 })
      return id
    })
  addFault(faults)
  const indexOf = (request: EmulatorRequest) =>
    queue.findIndex((answer) => suits(answer, request.method) && Fault.matches(Answer.fields(answer).when, request))
  return {
    enqueue: (answers) => {
      queue.push(...answers)
    },
    takeAnswer: (request) => {
      const i = indexOf(request)
      return i === -1 ? undefined : queue.splice(i, 1)[0]
    },
    nextAnswer: (request) => queue[indexOf(request)],
    waiting: () => queue.length,
    clearAnswers: () => {
      queue.length = 0
    },
    addFault,
    removeFault: (faults) => {
      const before = armed.length
      armed = armed.filter(({ fault, id }) => !faults.includes(fault) && !faults.includes(id))
      return before - armed.length
    },
    faults: () => armed.map(({ fault, hits, id }) => ({ id, fault, hits })),
    nextFault: (request, time) =>
      armed.find(({ fault: { when }, hits, seen }) =>
        Fault.matches(when, request) && Fault.isOn(when, time) && seen + 1 >= (when?.nth ?? 1) &&
        hits < (when?.times ?? Number.POSITIVE_INFINITY)
      ),
    takeFault: (request, time, among = () => true) => {
      let hit: Fault.Fault | undefined
      for (const entry of armed) {
        const when = entry.fault.when
        if (!among(entry.fault) || !Fault.matches(when, request) || !Fault.isOn(when, time)) continue
        entry.seen++
        if (hit !== undefined || entry.seen < (when?.nth ?? 1)) continue
        if (when?.times !== undefined && entry.hits >= when.times) continue
        if (when?.share !== undefined && entry.dice.next() >= when.share) continue
        entry.hits++
        hit = entry.fault
      }
      return hit
    },
    clear: () => {
      queue.length = 0
      armed = []
      added = 0
    }
  }
}
