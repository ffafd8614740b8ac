/**
 * `gemini-fx limits`: the quotas that the client keeps, and how much of them is used.
 */
import * as Tier from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import { CommandFailed } from "./CommandFailed.ts"
import * as Flags from "./flags.ts"
import { frame } from "./frame.ts"
import * as Lanes from "./lanes.ts"
import * as Lines from "./lines.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { json as toJson } from "./Shown.ts"
import { count, table } from "./table.ts"
import * as Watch from "./watch.ts"

const head = ["model", "requests/min", "tokens in/min", "requests/day", "at once"]

const rowOf = (model: string, limits: Tier.Limits): ReadonlyArray<string> => [
  model,
  count(limits.rpm),
  count(limits.tpm),
  count(limits.rpd),
  count(limits.concurrency)
]

const notLimited = (n: number | null): string => count(n ?? Infinity)

/** For pipes and for a single look: one line a lane. */
const usedTable = (groups: ReadonlyArray<Lanes.Group>): string => {
  const lanes = groups.flatMap((group) => group.lanes)
  if (lanes.length === 0) return ""
  const rows = lanes.map(({ family, limits, location, model, project, used, waiting }) => [
    [
      model,
      ...(family === "generate" ? [] : [family]),
      ...(project === "default" ? [] : [project]),
      ...(location === "global" ? [] : [location])
    ].join(" "),
    `${count(used.requests)} of ${notLimited(limits.rpm)}`,
    `${count(used.tokens)} of ${notLimited(limits.tpm)}`,
    `${count(used.today)} of ${notLimited(limits.rpd)}`,
    `${count(used.inFlight)} of ${notLimited(limits.concurrency)}`,
    count(waiting)
  ])
  return `\nused now\n\n${table(["model", ...head.slice(1), "waiting"], rows)}\n`
}

/** The first line of the picture. */
const saysOf = (server: Server.Server): string => {
  if (server.name === Lanes.embedded) return "embedded emulators; q leaves"
  const remembers = server.directory === undefined
    ? "shows what runs now: set GEMINI_FX_STATE to remember this server's quota"
    : "Google's day begins at midnight Pacific"
  return `${server.says.split(",")[0]}; ${remembers}; q leaves`
}

export const limitsCommand = Command.make(
  "limits",
  {
    tier: Flags.tier("the quota tier; default: free"),
    config: Flags.config,
    emulator: Flags.emulator,
    model: Flag.String("model").pipe(
      Flag.withAlias("m"),
      Flag.withDescription("only this model; default: all"),
      Flag.optional
    ),
    watch: Flag.Boolean("watch").pipe(
      Flag.withAlias("w"),
      Flag.withDescription("show on the terminal how much is used, as it changes"),
      Flag.withDefault(false)
    ),
    json: Flags.json("write a JSON object; a limit that is not there is null")
  },
  Effect.fnUntraced(function*({ config, emulator, json, model, tier: name, watch }) {
    const screen = yield* Screen.make
    const options = yield* Flags.options({ config, tier: name })
    const { tier: chosen = "free" } = options
    const tier = typeof chosen === "string" ? Tier.byName(chosen) : chosen
    const id = Option.isNone(model) ? undefined : ModelId.parse(model.value)
    if (id !== undefined && Result.isFailure(id)) {
      return yield* new CommandFailed({ exitCode: 2, text: `--model: ${id.failure}` })
    }
    const only = (groups: ReadonlyArray<Lanes.Group>): ReadonlyArray<Lanes.Group> =>
      id === undefined
        ? groups
        : groups.map(({ lanes, title }) => ({ title, lanes: lanes.filter((lane) => lane.model === id.success) }))

    if (watch) {
      const stdio = yield* Stdio.Stdio
      if (json || !(yield* stdio.stdoutIsTerminal)) {
        return yield* new CommandFailed({
          exitCode: 2,
          text: `--watch draws on a terminal; ${json ? "--json" : "a pipe"} gets what is used now without it`
        })
      }
      const server = yield* Server.choose(options, emulator)
      const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
      const style = canColor ? Lines.coloured : Lines.plain
      const says = saysOf(server)
      return yield* Watch.watch((size, now) =>
        Effect.map(
          Lanes.read({ server: server.name, directory: server.directory, tier }),
          (groups) => frame({ says, groups: only(groups) }, size, now, style)
        )
      )
    }

    // Quotas are shown also where the environment names no server.
    const server = yield* Effect.option(Server.choose(options, emulator))
    const groups = Option.isNone(server)
      ? []
      : only(yield* Lanes.read({ server: server.value.name, directory: server.value.directory, tier }))
    const models = id !== undefined ? [id.success] : Object.keys(tier.models).sort()
    const rows = models.map((name) => [name, Tier.limitsFor(tier, name)] as const)
    const others = id === undefined ? [["every other model", tier.limits] as const] : []
    if (json) {
      const values = Object.fromEntries([...rows, ...others.map(([, limits]) => ["*", limits] as const)])
      // JSON has no Infinity: it becomes null.
      const lanes = groups.flatMap((group) => group.lanes)
      return yield* screen.write(`${toJson({ tier: tier.name, limits: values, lanes }, 2)}\n`)
    }
    yield* screen.write(
      `tier ${tier.name}, as the client keeps it; AI Studio shows the numbers of your own project\n\n` +
        `${table(head, [...rows, ...others].map(([name, limits]) => rowOf(name, limits)))}\n${usedTable(groups)}`
    )
  })
).pipe(
  Command.withDescription("Show the quotas that the client keeps, and how much of them is used"),
  Command.withExamples([
    { command: "gemini-fx limits --tier tier1", description: "The quotas of a tier" },
    { command: "gemini-fx limits --watch", description: "What a run on this machine uses and waits for, as it changes" }
  ])
)
