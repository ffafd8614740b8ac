/** Whose run it is: the kind of its records says so. */
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as RunRecord from "effect-gemini-narrative/RunRecord"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"

/** What knows of agents' runs. */
export const agents = Effect.promise(() => import("./agentRun.ts"))

export type Owner = "narrative" | "agent"

/** Reads up to the first record of the run. Fails if it is of neither kind. */
export const ownerOf = (id: string): Effect.Effect<Owner, JournalError, Journal.Journal> =>
  Effect.flatMap(Journal.Journal, (journal) =>
    journal.read(RunRecord.records, id).pipe(
      Stream.filter(({ _tag }) => _tag === "Recorded"),
      Stream.runHead,
      Effect.as<Owner>("narrative"),
      Effect.catch((error) =>
        error.reason._tag !== "ForeignRecord" ? Effect.fail(error) : Effect.flatMap(
          agents,
          ({ isAgents }) => isAgents(error.reason) ? Effect.succeed<Owner>("agent") : Effect.fail(error)
        )
      )
    ))

/** What only a program of the agent can do with its run. */
export const agentsOwn = (id: string, agent: string, does: string): CommandFailed =>
  new CommandFailed({
    exitCode: 2,
    text: `${id} is a run of the agent ${JSON.stringify(agent)}: only the program that has this agent can ${does}`
  })
