/** `gemini-fx runs watch`: a run as it is written, by whatever process, until it is over or waits for somebody. */
import * as Runs from "effect-gemini-narrative/Runs"
import type { RunState } from "effect-gemini-narrative/RunState"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as AnswerSink from "../ask/AnswerSink.ts"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as Flags from "../flags.ts"
import * as Lines from "../lines.ts"
import * as Output from "../Output.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import * as Find from "./find.ts"
import { isEnd, scenes } from "./follow.ts"
import { isCutOff } from "./narrativeRun.ts"
import { agents, ownerOf } from "./owner.ts"
import * as Place from "./Place.ts"

/** Milliseconds between two looks at whether somebody still plays the run. */
const look = 1_000

const narrative = Effect.fnUntraced(function*(
  screen: Screen.Screen,
  style: Lines.Style,
  { from, id, json, place }: {
    readonly place: Place.Place
    readonly from: number
    readonly id: string
    readonly json: boolean
  }
) {
  const runs = yield* Runs.Runs
  const { next } = yield* runs.get(id)
  const answers = yield* AnswerSink.each(screen, style === Lines.coloured)
  const output = Output.text(screen, style, false, GeminiConfig.defaultModel, false, answers)
  const again = `gemini-fx runs resume ${id}${Place.named(place)}`
  /** Says once that nobody plays the run, until somebody does. */
  const looking = Effect.gen(function*() {
    let said: RunState["pid"]
    while (true) {
      const run = yield* runs.get(id)
      if (isCutOff(run) && run.pid !== said) {
        said = run.pid
        yield* screen.note(`process ${run.pid ?? "?"}, which played it, is gone; to go on: ${again}`)
      }
      yield* Effect.sleep(look)
    }
  })
  if (!json) yield* Effect.forkScoped(Effect.ignore(looking))
  yield* runs.events(id, from).pipe(
    // A pause is the end only if nobody had gone on after it when this began.
    Stream.takeUntil((event) => isEnd(event) && event._tag === "Recorded" && event.seq >= next - 1),
    Stream.runForEach(Effect.fnUntraced(function*(event) {
      if (json) return yield* screen.write(`${toJson(event)}\n`)
      for (const scene of yield* scenes(runs, id, event, yield* Clock.currentTimeMillis)) {
        yield* scene._tag === "Remark" ? output.remark(scene.line) : output.on(scene.event)
      }
    }))
  )
  const run = yield* runs.get(id)
  if (run.standing === "finished") return
  const text = json ? "" : Explain.runEnded(run, again, yield* Clock.currentTimeMillis)
  return yield* new CommandFailed({ exitCode: 1, text })
}, Effect.scoped)

export const watch = Command.make(
  "watch",
  {
    run: Find.run,
    where: Place.flags,
    from: Flag.Int("from").pipe(
      Flag.withDescription("the number of the first event, as --json shows it; default: 0"),
      Flag.withDefault(0)
    ),
    json: Flags.json("write the events, one line of JSON each")
  },
  Effect.fnUntraced(function*({ from, json, run, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const stdio = yield* Stdio.Stdio
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const style = canColor && (yield* stdio.stdoutIsTerminal) ? Lines.coloured : Lines.plain
    if (from < 0) return yield* new CommandFailed({ exitCode: 2, text: `--from: expected at least 0, got ${from}` })
    yield* Find.over(
      place,
      Effect.gen(function*() {
        const id = yield* Find.find(place, run)
        if ((yield* ownerOf(id)) === "narrative") return yield* narrative(screen, style, { place, from, id, json })
        const { followed, followedLines } = yield* agents
        yield* Stream.runForEach(json ? followedLines(id) : followed(id), screen.write)
      })
    )
  })
).pipe(
  Command.withDescription("Show a run as it goes on, from any terminal, until it ends or waits for somebody"),
  Command.withExamples([
    { command: "gemini-fx runs watch last", description: "From its first act on" },
    { command: "gemini-fx runs watch story-k3 --json --from 12", description: "Its events by number, for a program" }
  ])
)
