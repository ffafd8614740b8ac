/**
 * `gemini-fx research`: a question for minutes of an agent's work. What it does is in `researching`, which is loaded when
 * something is researched, so that no other command waits for it.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"

const flags = {
  words: Argument.String("question").pipe(
    Argument.withDescription("what is researched; words are joined. Without any: stdin"),
    Argument.variadic({ min: 0 })
  ),
  attachments: Flag.String("attach").pipe(
    Flag.withAlias("a"),
    Flag.withMetavar("file|url|-"),
    Flag.withDescription(
      "a document to begin with: a file, an address, files/ID, or - for stdin; may be given again; default: none"
    ),
    Flag.atLeast(0)
  ),
  plan: Flag.Boolean("plan").pipe(
    Flag.withDescription("shows the agent's plan first, to be approved or changed"),
    Flag.withDefault(false)
  ),
  max: Flag.Boolean("max").pipe(
    Flag.withDescription("asks the agent that looks further, and costs more"),
    Flag.withDefault(false)
  ),
  charts: Flag.Boolean("charts").pipe(
    Flag.withDescription("lets it draw charts, for --out FILE.html"),
    Flag.withDefault(false)
  ),
  deadline: Flag.String("deadline").pipe(
    Flag.withDescription("how long it may work, such as 30m; default: 65m"),
    Flag.optional
  ),
  maxTokens: Flag.Int("max-tokens").pipe(
    Flag.withDescription("how many tokens it may use before it is cancelled; default: as many as it takes"),
    Flag.optional
  ),
  out: Flag.String("out").pipe(
    Flag.withAlias("o"),
    Flag.withDescription(
      "a file for the report: FILE.html a page, FILE.json all of it, else Markdown; default: stdout"
    ),
    Flag.optional
  ),
  resume: Flag.String("resume").pipe(
    Flag.withMetavar("ID"),
    Flag.withDescription(
      "goes on with a research, whatever ended its command; one that is done gives its report again; default: a new one"
    ),
    Flag.optional
  ),
  approve: Flag.Boolean("approve").pipe(
    Flag.withDescription("with --resume: approves the plan that waits"),
    Flag.withDefault(false)
  ),
  change: Flag.String("change").pipe(
    Flag.withMetavar("TEXT"),
    Flag.withDescription("with --resume: changes the plan that waits; default: as it is"),
    Flag.optional
  ),
  cancel: Flag.String("cancel").pipe(
    Flag.withMetavar("ID"),
    Flag.withDescription("cancels a research, at the server too; default: none"),
    Flag.optional
  ),
  list: Flag.Boolean("list").pipe(Flag.withDescription("lists the researches that there are"), Flag.withDefault(false)),
  json: Flags.json("write JSON: the report, or with --list all that is known; with --stream an event a line"),
  stream: Flag.Boolean("stream").pipe(
    Flag.withDescription("with --json: each event as it comes"),
    Flag.withDefault(false)
  ),
  plain: Flag.Boolean("plain").pipe(
    Flag.withDescription("leaves the Markdown as it was written, also at a terminal"),
    Flag.withDefault(false)
  ),
  quiet: Flags.quiet,
  emulator: Flags.emulator,
  directory: Flag.String("directory").pipe(
    Flag.withAlias("d"),
    Flag.withDescription("the folder of the researches; default: GEMINI_FX_RESEARCH, else .research"),
    Flag.withFallbackConfig(Config.String("GEMINI_FX_RESEARCH")),
    Flag.withDefault(".research")
  )
}

export const researchCommand = Command.make(
  "research",
  flags,
  (input) => Effect.flatMap(Effect.promise(() => import("./researching.ts")), ({ research }) => research(input))
).pipe(
  Command.withDescription("Have an agent research a question for minutes, and write a report with its sources"),
  Command.withExamples([
    {
      command: "gemini-fx research \"How are tides predicted?\" -o tides.html",
      description: "A page with the report and its sources"
    },
    {
      command: "gemini-fx research \"Who makes tide gauges?\" --plan",
      description: "Approve or change the plan before it begins"
    },
    { command: "gemini-fx research --resume tides-4f2a", description: "Go on after a break, or see the report again" },
    { command: "gemini-fx research --list", description: "What there is, and how far it is" }
  ])
)
