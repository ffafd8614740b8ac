/**
 * `gemini-fx runs`: runs in the journals of a folder, whoever plays them. Agents' runs are known here by their records;
 * another owner of records joins as a further `Owner`.
 */
import * as AgentRun from "effect-gemini-agents/AgentRun"
import * as Approval from "effect-gemini-agents/Approval"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as AgentRuns from "./agentRuns.ts"
import { CommandFailed } from "./CommandFailed.ts"
import * as Flags from "./flags.ts"
import * as Screen from "./Screen.ts"
import { json as toJson } from "./Shown.ts"
import { count, table } from "./table.ts"

const directory = Flag.String("directory").pipe(
  Flag.withAlias("d"),
  Flag.withDescription("the folder of the journals; default: .runs"),
  Flag.withDefault(".runs")
)
const id = Argument.String("run").pipe(
  Argument.withDescription("the run: its id, the beginning of it that no other run has, or last")
)

/** Reasons that are a mistake in the command line; all others are a failure of the work. */
const mistakes = new Set(["NotFound", "Invalid", "Exists", "ForeignRecord", "Refused"])

const failed = (error: { readonly message: string; readonly reason: { readonly _tag: string } }): CommandFailed =>
  new CommandFailed({ exitCode: mistakes.has(error.reason._tag) ? 2 : 1, text: error.message })

/** A command over the journals of a folder. */
const over = <A, R>(
  folder: string,
  effect: Effect.Effect<A, JournalError | AgentRuns.Refusal | CommandFailed, R | Journal.Journal>
) =>
  effect.pipe(
    Effect.mapError((error) => error._tag === "CommandFailed" ? error : failed(error)),
    Effect.provide(FileJournal.layer({ directory: folder }), { local: true })
  )

const when = (at: number): string => new Date(at).toISOString().slice(0, 19).replace("T", " ")

const list = Command.make(
  "list",
  { directory, json: Flags.json("write a JSON array") },
  Effect.fnUntraced(function*({ directory, json }) {
    const screen = yield* Screen.make
    const journal = Journal.Journal
    const runs = yield* over(directory, Effect.flatMap(journal, (journal) => Stream.runCollect(journal.list())))
    const known = runs.map(({ head, id }) => ({ id, head: Result.getOrUndefined(head) }))
    if (json) {
      return yield* screen.write(`${toJson(known.map(({ head, id }) => head ?? { id, state: "unreadable" }))}\n`)
    }
    if (known.length === 0) return yield* screen.note(`there are no runs in ${directory}`)
    const rows = known.map(({ head, id }) =>
      head === undefined
        ? [id, "unreadable", "", "", ""]
        : [id, head.state ?? "-", count(head.next), count(head.bytes), when(head.updatedAt)]
    )
    yield* screen.write(`${table(["run", "state", "entries", "bytes", "last written (UTC)"], rows)}\n`)
  })
).pipe(
  Command.withDescription("Lists the runs of a folder and where they stand"),
  Command.withExamples([{ command: "gemini-fx runs list", description: "Those of .runs" }])
)

const show = Command.make(
  "show",
  { id, directory, json: Flags.json("write the records, one line of JSON each") },
  Effect.fnUntraced(function*({ directory, id, json }) {
    const screen = yield* Screen.make
    yield* screen.write(yield* over(directory, json ? AgentRuns.lines(id) : AgentRuns.text(id)))
  })
).pipe(
  Command.withDescription("Shows what a run did, and what it waits for"),
  Command.withExamples([{ command: "gemini-fx runs show last", description: "The one written last" }])
)

const watch = Command.make(
  "watch",
  { id, directory },
  Effect.fnUntraced(function*({ directory, id }) {
    const screen = yield* Screen.make
    yield* over(
      directory,
      Stream.runForEach(
        AgentRuns.followed(id),
        (text) =>
          Effect.mapError(screen.write(text), ({ message }) => new CommandFailed({ exitCode: 141, text: message }))
      )
    )
  })
).pipe(
  Command.withDescription("Shows what a run does, as it is written, until it ends or waits for somebody"),
  Command.withExamples([{ command: "gemini-fx runs watch last", description: "From its first act on" }])
)

const report = Command.make(
  "report",
  {
    id,
    directory,
    out: Flag.String("out").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("the file to write; default: stdout"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function*({ directory, id, out }) {
    const screen = yield* Screen.make
    const page = yield* over(directory, AgentRuns.page(id))
    if (Option.isNone(out)) return yield* screen.write(page)
    const files = yield* FileSystem.FileSystem
    yield* files.writeFileString(out.value, page)
    yield* screen.note(`wrote ${out.value}`)
  })
).pipe(
  Command.withDescription("Writes a run as one HTML page that needs nothing else"),
  Command.withExamples([{ command: "gemini-fx runs report last -o run.html", description: "For a browser" }])
)

const asJson = (flag: string, text: string): Effect.Effect<Schema.Json, CommandFailed> =>
  Effect.try({
    try: () => JSON.parse(text),
    catch: () => new CommandFailed({ exitCode: 2, text: `--${flag} is not JSON: a text stands in double quotes` })
  })

const decide = Command.make(
  "decide",
  {
    id,
    call: Argument.String("call").pipe(Argument.withDescription("the call, such as 3.0")),
    verdict: Argument.Literals("verdict", ["approve", "deny", "result", "again", "skip"]),
    directory,
    by: Flag.String("by").pipe(Flag.withDescription("who decides")),
    reason: Flag.String("reason").pipe(Flag.withDescription("why it is denied; the model reads it"), Flag.optional),
    value: Flag.String("value").pipe(Flag.withDescription("the call's result, as JSON"), Flag.optional),
    params: Flag.String("params").pipe(Flag.withDescription("other arguments to approve, as JSON"), Flag.optional)
  },
  Effect.fnUntraced(function*({ by, call, directory, id, params, reason, value, verdict }) {
    const screen = yield* Screen.make
    const need = (flag: string, given: Option.Option<string>) =>
      Option.isSome(given)
        ? Effect.succeed(given.value)
        : Effect.fail(new CommandFailed({ exitCode: 2, text: `${verdict} needs --${flag}` }))
    const decision = yield* Effect.gen(function*() {
      switch (verdict) {
        case "approve":
          return Option.isNone(params)
            ? Approval.approve(call, { by })
            : Approval.approveWith(call, yield* asJson("params", params.value), { by })
        case "deny":
          return Approval.deny(call, yield* need("reason", reason), { by })
        case "result":
          return Approval.result(call, yield* asJson("value", yield* need("value", value)), { by })
        case "again":
          return Approval.again(call, { by })
        case "skip":
          return Approval.skip(call, { by })
      }
    })
    yield* over(directory, AgentRun.decide(id, [decision]))
    yield* screen.note(`${call}: ${verdict}; the program of the agent finds it when it resumes ${id}`)
  })
).pipe(
  Command.withDescription("Decides about a call that a run waits for"),
  Command.withExamples([{
    command: "gemini-fx runs decide clerk-7 3.0 approve --by ada",
    description: "Let the call be made"
  }])
)

const fork = Command.make(
  "fork",
  {
    id,
    to: Argument.String("to").pipe(Argument.withDescription("the id of the new run")),
    directory,
    at: Flag.Int("at").pipe(Flag.withDescription("only the entries before this number; default: all"), Flag.optional)
  },
  Effect.fnUntraced(function*({ at, directory, id, to }) {
    const screen = yield* Screen.make
    yield* over(directory, AgentRun.fork(id, to, Option.getOrUndefined(at)))
    yield* screen.note(`${to} begins as a copy of ${id}`)
  })
).pipe(
  Command.withDescription("Begins a run as a copy of another one's first entries"),
  Command.withExamples([{
    command: "gemini-fx runs fork clerk-7 clerk-8 --at 12",
    description: "A copy of its first entries"
  }])
)

const prune = Command.make(
  "prune",
  {
    directory,
    olderThan: Flag.String("older-than").pipe(
      Flag.withDescription("only runs that were last written so long ago, such as \"30 days\""),
      Flag.optional
    ),
    state: Flag.String("state").pipe(Flag.withDescription("only runs in this state, such as finished"), Flag.optional),
    keepBytes: Flag.Int("keep-bytes").pipe(
      Flag.withDescription("the oldest go until all together have no more bytes than this"),
      Flag.optional
    ),
    apply: Flag.Boolean("apply").pipe(
      Flag.withDescription("remove them; without it they are only named"),
      Flag.withDefault(false)
    )
  },
  Effect.fnUntraced(function*({ apply, directory, keepBytes, olderThan, state }) {
    const screen = yield* Screen.make
    const age = Option.map(olderThan, (text) => Duration.fromInput(text as Duration.Input))
    if (Option.isSome(age) && Option.isNone(age.value)) {
      return yield* new CommandFailed({ exitCode: 2, text: "--older-than is a number and a unit, such as \"30 days\"" })
    }
    const pruned = yield* over(
      directory,
      Journal.Journal.use((journal) =>
        journal.prune({
          apply,
          olderThan: Option.getOrUndefined(Option.flatten(age)),
          keepBytes: Option.getOrUndefined(keepBytes),
          ...(Option.isSome(state) ? { states: [state.value] } : {})
        })
      )
    )
    const names = pruned.runs.map(({ id }) => `${id}\n`).join("")
    yield* screen.write(names)
    yield* screen.note(
      `${count(pruned.runs.length)} runs, ${count(pruned.bytes)} bytes ${
        apply ? "removed" : "would go: --apply removes them"
      }`
    )
  })
).pipe(
  Command.withDescription("Removes runs that are over"),
  Command.withExamples([{ command: "gemini-fx runs prune --older-than 30d", description: "Say which would go" }])
)

const resume = Command.make(
  "resume",
  { id, directory },
  Effect.fnUntraced(function*({ directory, id }) {
    const { agent } = yield* over(directory, AgentRun.state(id))
    return yield* new CommandFailed({
      exitCode: 2,
      text:
        `${id} is a run of the agent ${JSON.stringify(agent)}: only the program that has this agent can go on with ` +
        `it, by Agent.resume(agent, ${JSON.stringify(id)})`
    })
  })
).pipe(
  Command.withDescription("Says which program can go on with a run"),
  Command.withExamples([{ command: "gemini-fx runs resume clerk-7", description: "Which program that is" }])
)

export const runsCommand = Command.make("runs").pipe(
  Command.withDescription("Runs that were recorded: lists and shows them, and decides what they wait for"),
  Command.withExamples([{ command: "gemini-fx runs list", description: "What was played" }, {
    command: "gemini-fx runs show last",
    description: "What it did"
  }]),
  Command.withSubcommands([list, show, watch, report, decide, fork, prune, resume])
)
