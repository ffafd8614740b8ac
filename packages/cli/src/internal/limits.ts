/**
 * `gemini-fx limits`: the quotas that the client keeps.
 */
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as ModelId from "effect-gemini/ModelId"
import * as Tier from "effect-gemini/Tier"
import { CommandFailed } from "./CommandFailed.ts"
import * as Flags from "./flags.ts"
import * as Screen from "./Screen.ts"
import { count, table } from "./table.ts"

const head = ["model", "requests/min", "tokens in/min", "requests/day", "at once"]

const rowOf = (model: string, limits: Tier.Limits): ReadonlyArray<string> => [
  model,
  count(limits.rpm),
  count(limits.tpm),
  count(limits.rpd),
  count(limits.concurrency)
]

export const limitsCommand = Command.make(
  "limits",
  {
    tier: Flags.tier("the quota tier; default: free"),
    config: Flags.config,
    model: Flag.String("model").pipe(Flag.withAlias("m"), Flag.withDescription("only this model"), Flag.optional),
    json: Flags.json("write a JSON object; a limit that is not there is null")
  },
  Effect.fnUntraced(function*({ config, json, model, tier: name }) {
    const screen = yield* Screen.make
    const { tier: chosen = "free" } = yield* Flags.options({ config, tier: name })
    const tier = typeof chosen === "string" ? Tier.byName(chosen) : chosen
    const id = Option.isNone(model) ? undefined : ModelId.parse(model.value)
    if (id !== undefined && Result.isFailure(id)) {
      return yield* new CommandFailed({ exitCode: 2, text: `--model: ${id.failure}` })
    }
    const models = id !== undefined ? [id.success] : Object.keys(tier.models).sort()
    const rows = models.map((name) => [name, Tier.limitsFor(tier, name)] as const)
    const others = id === undefined ? [["every other model", tier.limits] as const] : []
    if (json) {
      const values = Object.fromEntries([...rows, ...others.map(([, limits]) => ["*", limits] as const)])
      // JSON has no Infinity: it becomes null.
      return yield* screen.write(`${JSON.stringify({ tier: tier.name, limits: values }, undefined, 2)}\n`)
    }
    yield* screen.write(
      `tier ${tier.name}, as the client keeps it; AI Studio shows the numbers of your own project\n\n` +
        `${table(head, [...rows, ...others].map(([name, limits]) => rowOf(name, limits)))}\n`
    )
  })
).pipe(Command.withDescription("Show the quotas that the client keeps"))
