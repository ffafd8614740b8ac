/**
 * `gemini-fx runs`: what was played, whoever plays it. Narratives' runs and agents' lie in one folder of journals and are
 * known by their records.
 */
import * as Command from "effect/cli/Command"
import { cancel, fork } from "./change.ts"
import { decide } from "./decide.ts"
import * as List from "./list.ts"
import { prune } from "./prune.ts"
import { resume } from "./resume.ts"
import { report, show } from "./show.ts"
import { watch } from "./watchRun.ts"

const list = Command.make("list", List.flags, List.list).pipe(
  Command.withDescription("List the runs of a folder, the one written last first"),
  Command.withExamples([
    { command: "gemini-fx runs list", description: "Those of .runs" },
    { command: "gemini-fx runs list --json", description: "For a program" }
  ])
)

export const runsCommand = Command.make("runs", List.flags, List.list).pipe(
  Command.withDescription("What was played: lists runs, shows them, goes on with them, removes them"),
  Command.withExamples([
    { command: "gemini-fx runs", description: "State, acts, cost and age of each" },
    { command: "gemini-fx runs resume last", description: "Go on with the one written last" },
    { command: "gemini-fx runs watch story-k3", description: "See what it does, from another terminal" }
  ]),
  Command.withSubcommands([list, show, watch, resume, cancel, fork, decide, report, prune])
)
