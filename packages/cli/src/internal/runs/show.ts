/** `gemini-fx runs show` and `report`: one run, for people, programs and browsers. */
import * as Runs from "effect-gemini-narrative/Runs"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import * as Option from "effect/Option"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Lines from "../lines.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import * as Find from "./find.ts"
import * as NarrativeRun from "./narrativeRun.ts"
import { agents, ownerOf } from "./owner.ts"
import * as Place from "./Place.ts"

/** The text of one act of a narrative's run, as the model wrote it. */
const textOf = Effect.fnUntraced(function*(id: string, act: string) {
  const runs = yield* Runs.Runs
  const { acts } = yield* runs.get(id)
  if (!acts.some((known) => known.act === act)) {
    return yield* new CommandFailed({
      exitCode: 2,
      text: `${id} has no act ${JSON.stringify(act)}; its acts are ${acts.map((known) => known.act).join(", ")}`
    })
  }
  const result = (yield* runs.results(id)).find((result) => result.act === act)
  if (result === undefined) return yield* new CommandFailed({ exitCode: 1, text: `act "${act}" has no answer yet` })
  return result.text.replace(/\n?$/, "\n")
})

export const show = Command.make(
  "show",
  {
    run: Find.run,
    where: Place.flags,
    act: Flag.String("act").pipe(
      Flag.withDescription("only what this act of a narrative wrote; default: the whole run"),
      Flag.optional
    ),
    json: Flags.json("write a JSON object of a narrative's run, the records of an agent's one a line")
  },
  Effect.fnUntraced(function*({ act, json, run, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const stdio = yield* Stdio.Stdio
    const terminal = yield* Terminal.Terminal
    const isTerminal = yield* stdio.stdoutIsTerminal
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const style = canColor && isTerminal ? Lines.coloured : Lines.plain
    const columns = isTerminal ? (yield* terminal.columns) || 80 : Infinity
    const text = yield* Find.over(
      place,
      Effect.gen(function*() {
        const id = yield* Find.find(place, run)
        if ((yield* ownerOf(id)) === "agent") {
          if (Option.isSome(act)) {
            return yield* new CommandFailed({ exitCode: 2, text: `${id} is an agent's run, which has no acts` })
          }
          const { lines, text } = yield* agents
          return yield* json ? lines(id) : text(id)
        }
        const runs = yield* Runs.Runs
        if (Option.isSome(act) && !json) return yield* textOf(id, act.value)
        const results = yield* runs.results(id)
        const state = NarrativeRun.withKept(yield* runs.get(id), results)
        if (!json) return NarrativeRun.text(state, yield* Clock.currentTimeMillis, style, columns)
        const wanted = results.filter((result) => Option.isNone(act) || result.act === act.value)
        return `${toJson({ ...state, state: NarrativeRun.stateOf(state), results: wanted }, 2)}\n`
      })
    )
    yield* screen.write(text)
  })
).pipe(
  Command.withDescription("Show a run: where it stands, act by act, and what can be done next"),
  Command.withExamples([
    { command: "gemini-fx runs show last", description: "The one written last" },
    { command: "gemini-fx runs show story-k3 --act final", description: "What an act wrote, and nothing else" }
  ])
)

export const report = Command.make(
  "report",
  {
    run: Find.run,
    where: Place.flags,
    out: Flag.String("out").pipe(
      Flag.withAlias("o"),
      Flag.withDescription("the file to write; default: stdout, at a terminal RUN.html"),
      Flag.optional
    )
  },
  Effect.fnUntraced(function*({ out, run, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const { id, page } = yield* Find.over(
      place,
      Effect.gen(function*() {
        const id = yield* Find.find(place, run)
        if ((yield* ownerOf(id)) === "agent") return { id, page: yield* (yield* agents).page(id) }
        const runs = yield* Runs.Runs
        return { id, page: yield* runs.report(id) }
      })
    )
    const stdio = yield* Stdio.Stdio
    // Nobody reads a page in a terminal.
    const file = Option.getOrUndefined(out) ?? ((yield* stdio.stdoutIsTerminal) ? `${id}.html` : undefined)
    if (file === undefined) return yield* screen.write(page)
    const files = yield* FileSystem.FileSystem
    yield* files.writeFileString(file, page)
    yield* screen.note(`wrote ${file}`)
  })
).pipe(
  Command.withDescription("Write a run as one HTML page that needs nothing else"),
  Command.withExamples([{ command: "gemini-fx runs report last -o run.html", description: "For a browser" }])
)
