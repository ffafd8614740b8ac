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
  readonly addFault: (faults: Iterable<Fault.Fault>) => void
  /** Ends faults: the very objects that were added. */
  readonly removeFault: (faults: ReadonlyArray<Fault.Fault>) => void
  /**
   * Counts the request and gives the first fault that hits it, at a time of the server's clock. If `among` is given,
   * only faults that fit it are looked at.
   */
  readonly takeFault: (
    request: EmulatorRequest,
    time: number,
    among?: (fault: Fault.Fault) => boolean
  ) => Fault.Fault | undefined
  readonly clear: () => void
}

/**
 * A script that begins with these answers and faults. `seed` decides which requests a fault with a `share` hits.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = (answers: Iterable<Answer.Answer>, faults: Iterable<Fault.Fault>, seed = ""): Script => {
  const queue: Array<Answer.Answer> = [...answers]
  let armed: Array<{ readonly fault: Fault.Fault; readonly dice: Dice.Dice; seen: number; hits: number }> = []
  let added = 0
  const addFault = (faults: Iterable<Fault.Fault>) => {
    for (const fault of faults) armed.push({ fault, dice: Dice.make(`${seed}\nfault\n${added++}`), seen: 0, hits: 0 })
  }
  addFault(faults)
  return {
    enqueue: (answers) => {
      queue.push(...answers)
    },
    takeAnswer: (request) => {
      const i = queue.findIndex((answer) =>
        suits(answer, request.method) && Fault.matches(Answer.fields(answer).when, request)
      )
      return i === -1 ? undefined : queue.splice(i, 1)[0]
    },
    waiting: () => queue.length,
    addFault,
    removeFault: (faults) => {
      armed = armed.filter(({ fault }) => !faults.includes(fault))
    },
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
