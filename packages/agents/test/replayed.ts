/**
 * `Agent` as the tests of this package get it (an alias in vitest.workspace.ts): every run that they make is played
 * again from its records, without emulator and handlers, and must write the same bytes.
 */
import { AgentError } from "effect-gemini-agents/AgentError"
import { type AgentRecord, records as format } from "effect-gemini-agents/AgentRecord"
import type { Answer } from "effect-gemini-agents/Answer"
import * as Replay from "effect-gemini-agents/Replay"
import type { Replayed } from "effect-gemini-agents/Replayed"
import type * as Journal from "effect-gemini-journal/Journal"
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import * as Agent from "../src/Agent.ts"

export * from "../src/Agent.ts"

const text = (record: AgentRecord): string =>
  JSON.stringify(Result.getOrThrowWith(format.encode(record, "record"), (problem) => new Error(problem.description)))

/** The records as the journal has them: a line of JSON each. */
export const bytes = (records: ReadonlyArray<AgentRecord>): string => records.map(text).join("\n")

/** So many runs of this file were played again. */
export const counted = { runs: 0 }

/** Agents whose records were in part written by another one, such as a laxer one before. */
const others = new WeakSet<object>()

/** Says of an agent that it goes on with records that it would not have written itself: a replay must find that. */
export const goesOnWithOthers = <A extends object>(agent: A): A => {
  others.add(agent)
  return agent
}

/** Plays the records again; dies where the agent does otherwise, or writes other bytes. */
export const playedAgain = <I, A, T, E, R, C>(
  agent: Agent.Agent<I, A, T, E, R, C>,
  records: ReadonlyArray<AgentRecord>
): Effect.Effect<void, never, C> =>
  Effect.gen(function*() {
    if (records.length === 0) return
    const replayed = yield* Effect.orDie(Replay.run(agent, records))
    if (bytes(replayed.records) !== bytes(records)) {
      return yield* Effect.die(
        new Error(`a replay wrote other bytes:\n${bytes(records)}\n---\n${bytes(replayed.records)}`)
      )
    }
    counted.runs++
  })

const replayed = <I, A, T, E, R, C, D extends string>(
  agent: Agent.Agent<I, A, T, E, R, C, D>
): Agent.Agent<I, A, T, E, R | C, C, D> => {
  const checked = (records: ReadonlyArray<AgentRecord>): Effect.Effect<void, never, C> =>
    others.has(wrapped)
      ? Effect.flip(Replay.run(agent, records)).pipe(Effect.orDie, Effect.asVoid)
      : playedAgain(agent, records)
  const after = <E1, R1>(play: Effect.Effect<Answer<A>, E1, R1>): Effect.Effect<Answer<A>, E1, R1 | C> =>
    play.pipe(
      Effect.tap(({ records }) => checked(records)),
      Effect.tapError((error) => error instanceof AgentError ? checked(error.records) : Effect.void)
    )
  const wrapped: Agent.Agent<I, A, T, E, R | C, C, D> = {
    ...agent,
    begin: (input, options) => after(agent.begin(input, options)),
    turn: (id, input, options) => after(agent.turn(id, input, options)),
    goOn: (id, decisions, options) => after(agent.goOn(id, decisions, options))
  }
  return wrapped
}

const hasTools = (toolkit: unknown): boolean =>
  toolkit === undefined || ((typeof toolkit === "object" || typeof toolkit === "function") && toolkit !== null &&
    "tools" in toolkit)

/** Tools of an effect are known only when it has run, so a replay needs to be told of them: such agents are as they are. */
export const make: typeof Agent.make = (options) => {
  const agent = Agent.make(options)
  return hasTools(options.toolkit) ? replayed(agent) : agent
}

/** Plays a team's run of the journal again, with those of its children; dies where it does otherwise. */
export const teamPlayedAgain = <I, A, T, E, R, C>(
  team: Agent.Agent<I, A, T, E, R, C>,
  id: string
): Effect.Effect<Replayed<A>, never, C | Journal.Journal> =>
  Effect.gen(function*() {
    const { records, runs } = yield* Replay.read(id)
    // A process may die between making the journal and its first record.
    if (records.length === 0) return { values: [], records }
    const replayed = yield* Replay.run(team, records, { runs })
    if (bytes(replayed.records) !== bytes(records)) {
      return yield* Effect.die(
        new Error(`a replay wrote other bytes:\n${bytes(records)}\n---\n${bytes(replayed.records)}`)
      )
    }
    counted.runs++
    return replayed
  }).pipe(Effect.orDie)
