/**
 * Acts that are played beside each other: those of the file, those of one item of a fan-out, or those of one round of a
 * loop. A frame sees what the frames around it have.
 */
import type { Each, Repeat } from "../Flow.ts"
import type { OnFailure, PlannedAct } from "../Plan.ts"
import type { Content } from "../RunRecord.ts"
import { Ready } from "./Ready.ts"

/** An output, as long as an act may need it. */
export interface Output {
  readonly sha256: string
  readonly content: Content
  /** The texts of a fan-out as a JSON array. */
  readonly list?: Content | undefined
  /** Whether there is none yet, as in the first round of a loop. */
  readonly isAbsent?: boolean
}

/** An act at its place. `named` has the name by which the run knows it, such as `draft[2]`. */
export interface Task {
  readonly frame: Frame
  readonly act: PlannedAct
  readonly named: PlannedAct
}

/** How often a group is played. */
export type Flow = { readonly _tag: "Each"; readonly each: Each } | { readonly _tag: "Repeat"; readonly repeat: Repeat }

/** A group of acts that is being played: its frames of the moment, and what has come of those before. */
export interface Group {
  readonly task: Task
  readonly key: string
  readonly flow: Flow
  readonly result: string
  /** What came of each item, in the order of the list; of a loop, of its last round. */
  readonly outputs: Array<Output | undefined>
  readonly models: Set<string>
  open: number
  round: number
  readonly startedAt: number
}

export class Frame {
  readonly acts: ReadonlyArray<PlannedAct>
  readonly outer: Frame | undefined
  readonly group: Group | undefined
  /** The place among the frames of its group. */
  readonly index: number
  readonly #values: ReadonlyMap<string, Output>
  readonly #suffix: string
  readonly #ready: Ready<PlannedAct>
  readonly #outputs = new Map<string, Output>()
  readonly #users = new Map<string, number>()
  #open: number

  constructor(
    acts: ReadonlyArray<PlannedAct>,
    around?: { readonly group: Group; readonly index: number; readonly values: ReadonlyMap<string, Output> }
  ) {
    this.acts = acts
    this.group = around?.group
    this.outer = around?.group.task.frame
    this.index = around?.index ?? 0
    this.#values = around?.values ?? new Map()
    this.#suffix = this.outer === undefined ? "" : `${this.outer.#suffix}[${this.index}]`
    this.#ready = new Ready(acts)
    this.#open = acts.length
  }

  /** The next act to play here. */
  take(): Task | undefined {
    const act = this.#ready.take()
    if (act === undefined) return undefined
    return { frame: this, act, named: this.#suffix === "" ? act : { ...act, name: `${act.name}${this.#suffix}` } }
  }

  back({ act }: Task): void {
    this.#ready.back(act)
  }

  /** The output of an act, or a value of the loop, here or in a frame around this one. */
  find(name: string): Output | undefined {
    return this.#values.get(name) ?? this.#outputs.get(name) ?? this.outer?.find(name)
  }

  /** The output of an act of this frame. */
  own(name: string): Output | undefined {
    return this.#outputs.get(name)
  }

  /** What becomes of the run if an act fails for good that does not say so itself. */
  policy(act: PlannedAct, usual: OnFailure): OnFailure {
    return act.onFailure ??
      (this.group === undefined ? usual : this.group.task.frame.policy(this.group.task.act, usual))
  }

  /** The act has its output, which is kept while somebody may use it. */
  done({ act }: Task, output: Output): void {
    this.#hold(act, output)
    this.#release(act)
    this.#open--
    this.#ready.done(act)
  }

  /** The act has none. Returns the acts that are left out with it, by the names by which the run knows them. */
  skip({ act }: Task): ReadonlyArray<{ readonly act: string; readonly because: string }> {
    const skipped = this.#ready.skip(act)
    this.#open -= 1 + skipped.length
    return skipped.map(({ act, because }) => ({ act: `${act}${this.#suffix}`, because: `${because}${this.#suffix}` }))
  }

  /** Whether all acts here are done or left out. */
  get isOver(): boolean {
    return this.#open === 0
  }

  #hold(act: PlannedAct, output: Output): void {
    const count = this.#ready.usersOf(act.name)
    // The condition of a loop and the end of a group look at outputs that no act uses.
    if (count === 0 && this.group === undefined) return
    this.#users.set(act.name, this.group === undefined ? count : Infinity)
    this.#outputs.set(act.name, output)
  }

  #release(act: PlannedAct): void {
    for (const need of new Set(act.needs)) {
      const left = (this.#users.get(need) ?? 0) - 1
      this.#users.set(need, left)
      if (left <= 0) this.#outputs.delete(need)
    }
  }
}
