/**
 * The records of a run that is being played: appended to its journal first, then folded, then told to whoever listens.
 * Nothing is done before the append that allows it has returned.
 *
 * The end of a step's last call is followed at once by the next question. It is held back and written with it, so that
 * a step takes two appends and not three. Whatever takes time in between writes it first.
 */
import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import * as Semaphore from "effect/Semaphore"
import { AgentError } from "../AgentError.ts"
import { type AgentErrorReason, Busy, JournalFailed, TakenOver } from "../AgentErrorReason.ts"
import type { AgentEvent } from "../AgentEvent.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import * as AgentState from "../AgentState.ts"

/** Where a run stands, as lists of runs show it. */
export type Standing = "running" | "waiting" | "finished" | "stopped"

export const ofJournal = (cause: JournalError): TakenOver | Busy | JournalFailed => {
  switch (cause.reason._tag) {
    case "TakenOver":
    case "WrongSequence":
      return new TakenOver({ cause })
    case "Busy":
      return new Busy({ cause })
    default:
      return new JournalFailed({ cause })
  }
}

export interface Settings {
  readonly agent: string
  readonly id: string
  /** Without a journal the records are in memory alone. */
  readonly journal: Journal.Run<AgentRecord> | undefined
  readonly records: ReadonlyArray<AgentRecord>
  readonly tell: ((event: AgentEvent) => Effect.Effect<void>) | undefined
}

export class Ledger {
  readonly id: string
  readonly agent: string
  readonly tell: Settings["tell"]
  readonly #journal: Settings["journal"]
  readonly #records: Array<AgentRecord>
  readonly #inTurn = Semaphore.makeUnsafe(1)
  /** Folded, and not yet written. */
  #held: ReadonlyArray<AgentRecord> = []
  #state: AgentState.AgentState

  constructor({ agent, id, journal, records, tell }: Settings) {
    this.agent = agent
    this.id = id
    this.tell = tell
    this.#journal = journal
    this.#records = [...records]
    this.#state = AgentState.fold(records)
  }

  get state(): AgentState.AgentState {
    return this.#state
  }

  /** What is written: a record that is held back is not among them. */
  get records(): ReadonlyArray<AgentRecord> {
    return this.#records
  }

  /**
   * Writes the records whole or not at all. It is not interrupted half-way: whether an append was written would then
   * not be known.
   */
  append(
    records: ReadonlyArray<AgentRecord>,
    standing: Standing = "running"
  ): Effect.Effect<void, AgentError<never>> {
    const journal = this.#journal
    if (journal === undefined) {
      return Effect.suspend(() => {
        this.#take(records)
        return this.#told(records)
      })
    }
    return Effect.suspend(() => {
      const held = this.#held
      const all = held.length === 0 ? records : [...held, ...records]
      // After a failure nothing more is written, so what was held is not offered again.
      this.#held = []
      const written = this.#inTurn.withPermit(
        Effect.mapBoth(journal.append(all, { state: standing }), {
          onSuccess: () => {
            for (const record of all) this.#records.push(record)
            this.#state = AgentState.fold(records, this.#state)
          },
          onFailure: (error) => this.error<never>(ofJournal(error))
        })
      )
      const whole = Effect.uninterruptible(written)
      return this.tell === undefined ? whole : Effect.andThen(whole, this.#told(all))
    })
  }

  /** Counts a record, which is written with the next append: for one that is followed by another at once. */
  hold(record: AgentRecord): Effect.Effect<void, AgentError<never>> {
    if (this.#journal === undefined) return this.append([record])
    return Effect.sync(() => {
      this.#held = [...this.#held, record]
      this.#state = AgentState.next(this.#state, record)
    })
  }

  /** Writes what is held back. */
  get flush(): Effect.Effect<void, AgentError<never>> {
    return Effect.suspend(() => this.#held.length === 0 ? Effect.void : this.append([]))
  }

  error<E>(reason: AgentErrorReason<E>): AgentError<E> {
    return new AgentError<E>({ agent: this.agent, id: this.id, reason, records: [...this.#records] })
  }

  #take(records: ReadonlyArray<AgentRecord>): void {
    for (const record of records) this.#records.push(record)
    this.#state = AgentState.fold(records, this.#state)
  }

  #told(records: ReadonlyArray<AgentRecord>): Effect.Effect<void> {
    const { tell } = this
    return tell === undefined
      ? Effect.void
      : Effect.forEach(records, (record) => tell({ _tag: "Record", record }), { discard: true })
  }
}
