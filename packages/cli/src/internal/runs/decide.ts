/** `gemini-fx runs decide`: the word of a person about what a run waits for: an act of a narrative, a call of an agent. */
import type * as Approvals from "effect-gemini-agents/Approval"
import * as Runs from "effect-gemini-narrative/Runs"
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
import * as Place from "./Place.ts"

const asJson = (flag: string, text: string): Effect.Effect<Schema.Json, CommandFailed> =>
  Effect.try({
    try: () => JSON.parse(text),
    catch: () => new CommandFailed({ exitCode: 2, text: `--${flag} is not JSON: a text stands in double quotes` })
  })

export const decide = Command.make(
  "decide",
  {
    run: Find.run,
    call: Argument.String("call").pipe(
      Argument.withDescription("the call of an agent, such as 3.0, or the act of a narrative")
    ),
    verdict: Argument.Literals("verdict", ["approve", "deny", "result", "again", "skip"]),
    where: Place.flags,
    by: Flag.String("by").pipe(Flag.withDescription("who decides; it has no default")),
    reason: Flag.String("reason").pipe(
      Flag.withDescription("why it is denied; the model of an agent reads it; default: no reason"),
      Flag.optional
    ),
    value: Flag.String("value").pipe(Flag.withDescription("the call's result, as JSON; default: none"), Flag.optional),
    params: Flag.String("params").pipe(
      Flag.withDescription("other arguments to approve, as JSON; default: the call's own"),
      Flag.optional
    ),
    json: Flags.json("write a JSON object")
  },
  Effect.fnUntraced(function*({ by, call, json, params, reason, run, value, verdict, where }) {
    const place = yield* Place.choose(where)
    const screen = yield* Screen.make
    const need = (flag: string, given: Option.Option<string>) =>
      Option.isSome(given)
        ? Effect.succeed(given.value)
        : Effect.fail(new CommandFailed({ exitCode: 2, text: `${verdict} needs --${flag}` }))
    const decisionOf = Effect.fnUntraced(
      function*({ again, approve, approveWith, deny, result, skip }: typeof Approvals) {
        switch (verdict) {
          case "approve":
            return Option.isNone(params)
              ? approve(call, { by })
              : approveWith(call, yield* asJson("params", params.value), { by })
          case "deny":
            return deny(call, yield* need("reason", reason), { by })
          case "result":
            return result(call, yield* asJson("value", yield* need("value", value)), { by })
          case "again":
            return again(call, { by })
          case "skip":
            return skip(call, { by })
        }
      }
    )
    const { goesOn, id } = yield* Find.over(
      place,
      Effect.gen(function*() {
        const id = yield* Find.find(place, run)
        if ((yield* ownerOf(id)) === "narrative") {
          if (verdict !== "approve" && verdict !== "deny") {
            return yield* new CommandFailed({
              exitCode: 2,
              text: `${id} is a narrative's run: its acts are approved or denied, nothing else`
            })
          }
          if (Option.isSome(params)) {
            return yield* new CommandFailed({
              exitCode: 2,
              text: "--params is for calls of agents: an act is sent as it is, or not"
            })
          }
          const runs = yield* Runs.Runs
          yield* runs.decide(id, call, {
            verdict,
            ...(by === "" ? {} : { by }),
            ...(Option.isNone(reason) ? {} : { reason: reason.value })
          })
          const { standing } = yield* runs.get(id)
          return { id, goesOn: standing === "paused" ? `gemini-fx runs resume ${id} goes on` : "the run goes on" }
        }
        const { AgentRun, Approval } = yield* agents
        const decision = yield* decisionOf(Approval)
        yield* AgentRun.decide(id, [decision])
        return { id, goesOn: `the program of the agent finds it when it resumes ${id}` }
      })
    )
    if (json) return yield* screen.write(`${toJson({ id, call, verdict })}\n`)
    yield* screen.note(`${call}: ${verdict}; ${goesOn}`)
  })
).pipe(
  Command.withDescription("Decide about what a run waits for: an act of a narrative, a call of an agent"),
  Command.withExamples([
    { command: "gemini-fx runs decide story-k3 publish approve --by ada", description: "Let the act be sent" },
    { command: "gemini-fx runs decide clerk-7 3.0 approve --by ada", description: "Let the call be made" },
    { command: "gemini-fx runs decide clerk-7 3.0 deny --reason dear --by ada", description: "Tell the model why not" }
  ])
)
