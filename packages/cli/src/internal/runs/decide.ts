/** `gemini-fx runs decide`: the word of a person about a call that an agent's run waits for. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import type * as Schema from "effect/Schema"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import * as Find from "./find.ts"
import { agents, ownerOf } from "./owner.ts"

const asJson = (flag: string, text: string): Effect.Effect<Schema.Json, CommandFailed> =>
  Effect.try({
    try: () => JSON.parse(text),
    catch: () => new CommandFailed({ exitCode: 2, text: `--${flag} is not JSON: a text stands in double quotes` })
  })

export const decide = Command.make(
  "decide",
  {
    run: Find.run,
    call: Argument.String("call").pipe(Argument.withDescription("the call, such as 3.0")),
    verdict: Argument.Literals("verdict", ["approve", "deny", "result", "again", "skip"]),
    directory: Find.directory,
    by: Flag.String("by").pipe(Flag.withDescription("who decides")),
    reason: Flag.String("reason").pipe(Flag.withDescription("why it is denied; the model reads it"), Flag.optional),
    value: Flag.String("value").pipe(Flag.withDescription("the call's result, as JSON"), Flag.optional),
    params: Flag.String("params").pipe(Flag.withDescription("other arguments to approve, as JSON"), Flag.optional),
    json: Flags.json("write a JSON object")
  },
  Effect.fnUntraced(function*({ by, call, directory, json, params, reason, run, value, verdict }) {
    const screen = yield* Screen.make
    const { AgentRun, Approval } = yield* agents
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
    const id = yield* Find.over(
      directory,
      Effect.gen(function*() {
        const id = yield* Find.find(directory, run)
        if ((yield* ownerOf(id)) === "narrative") {
          return yield* new CommandFailed({
            exitCode: 2,
            text: `${id} is a narrative's run, which waits for nobody's decision: gemini-fx runs resume ${id} goes on`
          })
        }
        yield* AgentRun.decide(id, [decision])
        return id
      })
    )
    if (json) return yield* screen.write(`${toJson({ id, call, verdict })}\n`)
    yield* screen.note(`${call}: ${verdict}; the program of the agent finds it when it resumes ${id}`)
  })
).pipe(
  Command.withDescription("Decide about a call that an agent's run waits for"),
  Command.withExamples([
    { command: "gemini-fx runs decide clerk-7 3.0 approve --by ada", description: "Let the call be made" },
    { command: "gemini-fx runs decide clerk-7 3.0 deny --reason dear --by ada", description: "Tell the model why not" }
  ])
)
