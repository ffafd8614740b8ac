/** `gemini-fx runs cancel` and `fork`. */
import * as Runs from "effect-gemini-narrative/Runs"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Random from "effect/Random"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import * as Find from "./find.ts"
import { agents, agentsOwn, ownerOf } from "./owner.ts"
import * as Place from "./Place.ts"

export const cancel = Command.make(
  "cancel",
  { run: Find.run, where: Place.flags, json: Flags.json("write a JSON object") },
  Effect.fnUntraced(function*({ json, run, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const summary = yield* Find.over(
      place,
      Effect.gen(function*() {
        const id = yield* Find.find(place, run)
        if ((yield* ownerOf(id)) === "agent") {
          const { AgentRun } = yield* agents
          const { agent } = yield* AgentRun.state(id)
          return yield* agentsOwn(id, agent, "end it: end that program, or deny what the run waits for")
        }
        const runs = yield* Runs.Runs
        return yield* runs.cancel(id)
      })
    )
    const { acts, answered, id, standing } = summary
    if (json) return yield* screen.write(`${toJson(summary)}\n`)
    yield* screen.note(
      standing === "cancelled"
        ? `${id} is cancelled; the answers of ${answered} of its ${acts} acts are kept until it is pruned`
        : `${id} was over before: it is ${standing}`
    )
  })
).pipe(
  Command.withDescription("End a run for good, in whatever process it is played; its answers stay"),
  Command.withExamples([{ command: "gemini-fx runs cancel story-k3", description: "Requests in flight are aborted" }])
)

export const fork = Command.make(
  "fork",
  {
    run: Find.run,
    act: Argument.String("act").pipe(
      Argument.withDescription("the act of a narrative that is asked anew, with what depends on it"),
      Argument.optional
    ),
    where: Place.flags,
    id: Flag.String("id").pipe(Flag.withDescription("the id of the new run; default: one is made"), Flag.optional),
    at: Flag.Int("at").pipe(
      Flag.withDescription("of an agent's run: only the entries before this number; default: all"),
      Flag.optional
    ),
    json: Flags.json("write a JSON object")
  },
  Effect.fnUntraced(function*({ act, at, id: given, json, run, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const usage = (text: string) => new CommandFailed({ exitCode: 2, text })
    const made = yield* Find.over(
      place,
      Effect.gen(function*() {
        const from = yield* Find.find(place, run)
        if ((yield* ownerOf(from)) === "agent") {
          if (Option.isSome(act)) {
            return yield* usage(`${from} is an agent's run: it is forked at an entry, by --at NUMBER`)
          }
          const letters = (yield* Random.nextIntBetween(0, 36 ** 4)).toString(36).padStart(4, "0")
          const to = Option.getOrElse(given, () => `${from}-${letters}`)
          const { AgentRun } = yield* agents
          yield* AgentRun.fork(from, to, Option.getOrUndefined(at))
          return { from, id: to, goesOn: "the program of the agent goes on with it" }
        }
        if (Option.isSome(at)) return yield* usage(`${from} is a narrative's run: it is forked at an act, by its name`)
        const runs = yield* Runs.Runs
        if (Option.isNone(act)) {
          const { acts } = yield* runs.get(from)
          return yield* usage(`say which act is asked anew: ${acts.map((known) => known.act).join(", ")}`)
        }
        const id = yield* runs.fork(from, act.value, { id: Option.getOrUndefined(given) })
        return { from, id, goesOn: `to play it: gemini-fx runs resume ${id}` }
      })
    )
    if (json) return yield* screen.write(`${toJson({ id: made.id, from: made.from })}\n`)
    yield* screen.write(`${made.id}\n`)
    yield* screen.note(`${made.id} begins as a copy of ${made.from}; ${made.goesOn}`)
  })
).pipe(
  Command.withDescription("Begin a run as a copy of another one, without an act and what depends on it"),
  Command.withExamples([
    { command: "gemini-fx runs fork story-k3 draft", description: "Ask the draft anew, and what uses it" },
    {
      command: "gemini-fx runs fork clerk-7 --at 12 --id clerk-8",
      description: "An agent's run, from its twelfth entry"
    }
  ])
)
