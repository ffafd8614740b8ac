/**
 * The shared states of a run and of all that it plays: what the records of the outermost run say of them. A use of a
 * state is known by who made it, so that one which is made again after a crash changes nothing.
 */
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Semaphore from "effect/Semaphore"
import type { AgentError } from "../AgentError.ts"
import type * as Reason from "../AgentErrorReason.ts"
import type { AgentRecord } from "../AgentRecord.ts"
import type { Ledger } from "./Ledger.ts"

/** What a state was when it was used, and what it was then; `undefined` before its first value. */
export interface Used {
  readonly before: Schema.Json | undefined
  readonly after: Schema.Json | undefined
}

/** A use that stops the run. Handlers have errors of their own, so it is a defect until it comes to the run. */
export class SharedStop {
  readonly _tag = "SharedStop"
  readonly reason: Reason.AgentErrorReason<never>

  constructor(reason: Reason.AgentErrorReason<never>) {
    this.reason = reason
  }
}

/** Where the records lie: with a run's ledger they grow. */
type Log = Pick<Ledger, "id" | "records" | "append">

export class SharedLog {
  readonly #log: Log
  readonly #inTurn = Semaphore.makeUnsafe(1)
  readonly #values = new Map<string, Schema.Json>()
  readonly #uses = new Map<string, Used>()
  #seen = 0

  constructor(log: Log) {
    this.#log = log
  }

  /** The agent of this run as the records name it: nothing for the outermost one. */
  pathOf(id: string): string {
    const before = `${this.#log.id}.`
    return id === this.#log.id ? "" : id.startsWith(before) ? `${id.slice(before.length)}/` : `${id}/`
  }

  /** The present value. */
  value(name: string): Schema.Json | undefined {
    this.#read()
    return this.#values.get(name)
  }

  /**
   * Uses the state once for all uses by this name. `next` gives the new value, or `undefined` if it is only read, which
   * is recorded then.
   */
  use(
    name: string,
    by: string,
    next: (before: Schema.Json | undefined) => Effect.Effect<Schema.Json | undefined>
  ): Effect.Effect<Used> {
    return this.#inTurn.withPermit(Effect.suspend(() => {
      this.#read()
      const known = this.#uses.get(`${name} ${by}`)
      if (known !== undefined) return Effect.succeed(known)
      const before = this.#values.get(name)
      return Effect.flatMap(next(before), (value) => {
        const record: AgentRecord = { _tag: "SharedUpdated", name, by, ...(value === undefined ? {} : { value }) }
        return this.#log.append([record]).pipe(
          Effect.catch((error) => Effect.die(new SharedStop(error.reason))),
          Effect.as({ before, after: value ?? before })
        )
      })
    }))
  }

  /** Takes in the records that are new. */
  #read(): void {
    const { records } = this.#log
    for (; this.#seen < records.length; this.#seen++) {
      const record = records[this.#seen]
      if (record?._tag !== "SharedUpdated") continue
      const { by, name, value } = record
      const before = this.#values.get(name)
      this.#uses.set(`${name} ${by}`, { before, after: value ?? before })
      if (value !== undefined) this.#values.set(name, value)
    }
  }
}

/** The states as they were when these were the records: a replay adds none. */
export const replayed = (records: () => ReadonlyArray<AgentRecord>): SharedLog =>
  new SharedLog({
    id: "replay",
    get records() {
      return records()
    },
    append: () => Effect.void
  })

/** The states of the outermost run. */
export const Root = Context.Reference<SharedLog | undefined>("effect-gemini-agents/internal/SharedLog/Root", {
  defaultValue: () => undefined
})

/** Who uses states at the moment: a call, or a program. `made` counts its uses. */
export interface User {
  readonly by: string
  readonly isProgram: boolean
  made: number
}

export const CurrentUser = Context.Reference<User | undefined>("effect-gemini-agents/internal/SharedLog/User", {
  defaultValue: () => undefined
})

/** Each try of a call counts its uses anew, so that what it does again is known. */
export const inCall = <A, E, R>(
  { call, run }: { readonly run: string; readonly call: string },
  handled: Effect.Effect<A, E, R>
): Effect.Effect<A, E, R> =>
  Effect.flatMap(
    Root,
    (log) =>
      log === undefined
        ? handled
        : Effect.provideService(handled, CurrentUser, { by: `${log.pathOf(run)}${call}`, isProgram: false, made: 0 })
  )

/** A run: the outermost one has the states. What is neither a call nor a program uses them as nobody. */
export const inRun = <A, E, R>(
  ledger: Ledger,
  kind: "loop" | "program",
  run: Effect.Effect<A, E, R>
): Effect.Effect<A, E | AgentError<never>, R> =>
  Effect.flatMap(Root, (root) => {
    const log = root ?? new SharedLog(ledger)
    const { id, state } = ledger
    const user = kind === "loop" ? undefined : { by: `${log.pathOf(id)}${state.turns}`, isProgram: true, made: 0 }
    return run.pipe(
      Effect.provideService(Root, log),
      Effect.provideService(CurrentUser, user),
      Effect.catchDefect((defect): Effect.Effect<never, AgentError<never>> =>
        defect instanceof SharedStop ? Effect.fail(ledger.error<never>(defect.reason)) : Effect.die(defect)
      )
    )
  })
