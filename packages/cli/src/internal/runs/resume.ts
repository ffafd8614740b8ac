/**
 * `gemini-fx runs resume`: goes on with a narrative's run, as it was started or with a newer text. An agent's run is gone
 * on with by its own program alone, which this names.
 */
import * as Journal from "effect-gemini-journal/Journal"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import { CommandFailed } from "../CommandFailed.ts"
import { detach } from "../detach.ts"
import * as Flags from "../flags.ts"
import * as Lanes from "../lanes.ts"
import * as Lines from "../lines.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { json as toJson } from "../Shown.ts"
import * as Variables from "../variables.ts"
import { clientOf } from "./clientOf.ts"
import * as Find from "./find.ts"
import { agents, agentsOwn, ownerOf } from "./owner.ts"
import * as Place from "./Place.ts"
import { play } from "./play.ts"
import * as PlayFlags from "./playFlags.ts"

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** The narrative's text as it is now, in place of the one that the run was started with. */
const adopted = Effect.fnUntraced(function*(
  file: Option.Option<string>,
  variables: Readonly<Record<string, string>>,
  inputsFrom: ReadonlyArray<string>
) {
  if (Option.isNone(file)) return undefined
  return yield* Effect.mapError(
    Narrative.fromFile(file.value, { variables, inputsFrom, tools: [] }),
    ({ message }) => new CommandFailed({ exitCode: 2, text: message, isPlain: true })
  )
})

export const resume = Command.make(
  "resume",
  {
    run: Find.run,
    adopt: Flag.String("adopt").pipe(
      Flag.withMetavar("file"),
      Flag.withDescription(
        "go on with this newer text: acts that are the same in it keep their answers; default: the text that it began with"
      ),
      Flag.optional
    ),
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription("with --adopt: one model for every act; default: the acts' own"),
      Flag.optional
    ),
    variables: Flags.variables,
    inputsFrom: Flags.inputsFrom,
    ...PlayFlags.flags
  },
  Effect.fnUntraced(function*(input) {
    const screen = yield* Screen.make
    const stdio = yield* Stdio.Stdio
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const style = canColor && (yield* stdio.stdoutIsTerminal) ? Lines.coloured : Lines.plain
    const options = yield* PlayFlags.options(input)
    const given = yield* Variables.values(input.variables)
    const model = Option.getOrUndefined(input.model)
    if (Option.isNone(input.adopt)) {
      const flag = model !== undefined ? "--model" : Object.keys(given).length > 0 ? "--var" : undefined
      if (flag !== undefined) {
        return yield* usage(
          `${flag}: a run plays what it was started with; with --adopt FILE it goes on with a newer text`
        )
      }
    }
    const modelId = model === undefined ? undefined : ModelId.parse(model)
    if (modelId !== undefined && Result.isFailure(modelId)) return yield* usage(`--model: ${modelId.failure}`)
    const place = yield* Place.choose(input.where)
    yield* Find.over(
      place,
      Effect.gen(function*() {
        const id = yield* Find.find(place, input.run)
        if ((yield* ownerOf(id)) === "agent") {
          const { AgentRun } = yield* agents
          const { agent } = yield* AgentRun.state(id)
          return yield* agentsOwn(id, agent, `go on with it, by Agent.resume(agent, ${JSON.stringify(id)})`)
        }
        const runs = yield* Runs.Runs
        const journal = yield* Journal.Journal
        const adopt = yield* adopted(input.adopt, given, input.inputsFrom)
        const before = yield* runs.get(id)
        yield* PlayFlags.checkOnly(
          input.only,
          (adopt?.acts.map(({ name }) => name)) ?? before.acts.map(({ act }) => act)
        )
        if (input.detach && place._tag === "Folder") {
          const args = (yield* stdio.args).filter((arg) => arg !== "--detach")
          const pid = yield* detach(args, Effect.map(journal.head(id), ({ next }) => next > before.next))
          return yield* screen.write(input.json ? `${toJson({ id, pid })}\n` : `${id}\n`)
        }
        const shared = yield* Flags.options(input)
        const defaultModel = shared.defaultModel ?? GeminiConfig.defaultModel
        const server = place._tag === "Fleet" ? Server.fleet : yield* Server.choose(shared, input.emulator)
        if (input.detach) {
          yield* Effect.scoped(
            Effect.provide(runs.resume(id, { ...options, adopt, model, defaultModel }), server.layer)
          )
          return yield* screen.write(input.json ? `${toJson({ id })}\n` : `${id}\n`)
        }
        const output = yield* PlayFlags.output(screen, style, input, {
          defaultModel,
          isRehearsal: Server.isEmbedded(server)
        })
        yield* output.begins(
          server.says,
          `${id}, from where it stood`
        )
        const title = `gemini-fx runs resume ${id}, process ${process.pid}`
        yield* Effect.provide(
          play({
            screen,
            output,
            onInterrupt: input.onInterrupt,
            onCut: input.onCut,
            defaultModel,
            place,
            kept: adopt === undefined ? yield* runs.results(id) : [],
            from: before.next,
            acts: adopt?.acts.length ?? before.acts.length,
            begin: Effect.andThen(
              Lanes.tell(server.name, title),
              runs.resume(id, { ...options, adopt, model, defaultModel })
            )
          }),
          clientOf(server, adopt?.acts ?? (yield* runs.plan(id)).acts, model)
        )
      })
    )
  })
).pipe(
  Command.withDescription("Go on with a narrative's run: acts that are answered are not asked again"),
  Command.withExamples([
    { command: "gemini-fx runs resume last", description: "The one written last" },
    { command: "gemini-fx runs resume story-k3 --adopt story.toml", description: "With the file as it is now" }
  ])
)
