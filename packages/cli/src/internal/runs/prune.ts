/** `gemini-fx runs prune`: removes runs for good, with everything that lies beside them. */
import * as Journal from "effect-gemini-journal/Journal"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Age from "../age.ts"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import { plural } from "../table.ts"
import { bytes } from "../UploadBar.ts"
import * as Find from "./find.ts"
import * as Place from "./Place.ts"

const flags = {
  runs: Argument.String("run").pipe(
    Argument.withDescription("runs to remove; none: those that the flags choose"),
    Argument.variadic({ min: 0 })
  ),
  where: Place.flags,
  older: Flag.String("older").pipe(
    Flag.withAlias("older-than"),
    Flag.withDescription(
      "only runs that were last written so long ago, such as 30d, 12h or \"2 weeks\"; default: of any age"
    ),
    Flag.optional
  ),
  state: Flag.String("state").pipe(
    Flag.withDescription("only runs in this state, such as finished; may be given again; default: in any state"),
    Flag.atLeast(0)
  ),
  keepBytes: Flag.Int("keep-bytes").pipe(
    Flag.withDescription("the oldest go until all together have no more bytes than this; default: no limit"),
    Flag.optional
  ),
  apply: Flag.Boolean("apply").pipe(
    Flag.withAlias("yes"),
    Flag.withDescription("remove them; without it they are only named"),
    Flag.withDefault(false)
  ),
  json: Flags.json("write a JSON object")
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

export const prune = Command.make(
  "prune",
  flags,
  Effect.fnUntraced(function*({ apply, json, keepBytes, older, runs: named, state, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const age = Option.map(older, (text) => [text, Age.parse(text)] as const)
    if (Option.isSome(age) && age.value[1] === undefined) {
      return yield* usage(`--older ${age.value[0]}: a number and a unit, such as 30d, 12h or "2 weeks"`)
    }
    const chooses = Option.isSome(older) || state.length > 0 || Option.isSome(keepBytes)
    if (named.length > 0 && chooses) {
      return yield* usage("name the runs that go, or choose them by --older, --state and --keep-bytes, not both")
    }
    if (named.length === 0 && !chooses) {
      return yield* usage(
        "say what may go: runs by their ids, or --older 30d, --state finished, --keep-bytes 1000000000"
      )
    }
    const pruned = yield* Find.over(
      place,
      Effect.gen(function*() {
        const journal = yield* Journal.Journal
        const runs = yield* Runs.Runs
        if (named.length === 0) {
          return yield* runs.prune({
            apply,
            olderThan: Option.getOrUndefined(age)?.[1],
            keepBytes: Option.getOrUndefined(keepBytes),
            ...(state.length === 0 ? {} : { states: state })
          })
        }
        const ids = yield* Effect.forEach(named, (run) => Find.find(place, run))
        const heads = yield* Effect.forEach(new Set(ids), (id) => journal.head(id))
        if (apply) yield* Effect.forEach(heads, ({ id }) => runs.remove(id), { discard: true })
        const size = heads.reduce((sum, head) => sum + head.bytes, 0)
        return { applied: apply, runs: heads, bytes: size, kept: [], unreadable: [] }
      })
    )
    if (json) {
      const ids = (heads: ReadonlyArray<{ readonly id: string }>) => heads.map(({ id }) => id)
      return yield* screen.write(`${toJson({ ...pruned, runs: ids(pruned.runs), kept: ids(pruned.kept) }, 2)}\n`)
    }
    yield* screen.write(pruned.runs.map(({ id }) => `${id}\n`).join(""))
    if (pruned.kept.length > 0) {
      yield* screen.note(`${pruned.kept.map(({ id }) => id).join(", ")}: in use, so it stays`)
    }
    if (pruned.unreadable.length > 0) {
      yield* screen.note(`${pruned.unreadable.join(", ")}: cannot be read, so nothing was decided about it`)
    }
    yield* screen.note(
      `${plural(pruned.runs.length, "run")}, ${bytes(pruned.bytes)} ${
        apply ? "removed for good" : "would go: --apply removes them"
      }`
    )
  })
).pipe(
  Command.withDescription("Remove runs for good, with their texts and images"),
  Command.withExamples([
    { command: "gemini-fx runs prune --older 30d", description: "Say which would go" },
    { command: "gemini-fx runs prune --older 30d --apply", description: "Remove them" },
    { command: "gemini-fx runs prune story-k3f9 --apply", description: "Remove one" }
  ])
)
