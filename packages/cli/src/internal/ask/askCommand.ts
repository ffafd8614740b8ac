/**
 * `gemini-fx ask`: one question and its answer. What it does is in `asking`, which is loaded when something is asked, so
 * that no other command waits for it.
 */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"

/** Those that `count` has, too. */
export const asked = {
  words: Argument.String("question").pipe(
    Argument.withDescription("what is asked; words are joined. Without any: stdin, or at a terminal your EDITOR"),
    Argument.variadic({ min: 0 })
  ),
  model: Flags.model,
  system: Flag.String("system").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("how the model is to answer, whatever is asked; default: nothing"),
    Flag.optional
  ),
  attachments: Flag.String("attach").pipe(
    Flag.withAlias("a"),
    Flag.withMetavar("file|url|-"),
    Flag.withDescription(
      "an image, PDF, sound, video or text: a file, an https: or YouTube address, files/ID, or - for stdin; what it is, its bytes say; may be given again; default: none"
    ),
    Flag.atLeast(0)
  ),
  search: Flag.Boolean("search").pipe(
    Flag.withDescription("lets the model search with Google, and lists the sources"),
    Flag.withDefault(false)
  ),
  code: Flag.Boolean("code").pipe(
    Flag.withDescription("lets the model run Python on Google's side"),
    Flag.withDefault(false)
  ),
  url: Flag.Boolean("url").pipe(
    Flag.withDescription("lets the model read the pages whose addresses are in the question"),
    Flag.withDefault(false)
  ),
  emulator: Flags.emulator,
  tier: Flags.tier("the quota tier to keep; default: GEMINI_FX_TIER, else free, none with the emulator"),
  config: Flags.config
}

const flags = {
  ...asked,
  schema: Flag.String("schema").pipe(
    Flag.withMetavar("fields|json|file"),
    Flag.withDescription(
      "answers with JSON: 'name, age int, bio: in one sentence', a JSON Schema, or a file of either; default: text"
    ),
    Flag.optional
  ),
  schemaMulti: Flag.String("schema-multi").pipe(
    Flag.withMetavar("fields|json|file"),
    Flag.withDescription("the same for a list of such things, in the field `items`; default: text"),
    Flag.optional
  ),
  think: Flag.String("think").pipe(
    Flag.withMetavar("level|tokens"),
    Flag.withDescription(
      "how much the model thinks: minimal, low, medium, high or xhigh, or a number of tokens for the 2.5 models; default: the model's own"
    ),
    Flag.optional
  ),
  thoughts: Flag.Boolean("thoughts").pipe(
    Flag.withDescription("shows what the model thinks, on stderr"),
    Flag.withDefault(false)
  ),
  temperature: Flag.Finite("temperature").pipe(
    Flag.withDescription("0 to 2; default: the model's own"),
    Flag.optional
  ),
  maxTokens: Flag.Int("max-tokens").pipe(
    Flag.withDescription("the most tokens of the answer, thoughts included; default: the model's own limit"),
    Flag.optional
  ),
  onCut: Flag.Literals("on-cut", ["say", "fail"]).pipe(
    Flag.withDescription("what an answer is that was cut at its most tokens; default: say"),
    Flag.withDefault("say")
  ),
  json: Flags.json("writes one JSON document: text, tokens, cost, and the answer as the server sent it"),
  extract: Flag.Boolean("extract").pipe(
    Flag.withAlias("x"),
    Flag.withDescription("writes only the first block of code of the answer"),
    Flag.withDefault(false)
  ),
  out: Flag.String("out").pipe(
    Flag.withMetavar("file"),
    Flag.withDescription("writes the answer into this file, also an image or sound; default: stdout"),
    Flag.optional
  ),
  stream: Flag.Boolean("stream").pipe(
    Flag.withDescription("writes the answer as it comes; default: on, --no-stream waits for all of it"),
    Flag.withDefault(true)
  ),
  plain: Flag.Boolean("plain").pipe(
    Flag.withDescription("leaves Markdown at a terminal as the model wrote it"),
    Flag.withDefault(false)
  ),
  edit: Flag.Boolean("edit").pipe(
    Flag.withAlias("e"),
    Flag.withDescription("opens the question in your editor first: VISUAL, else EDITOR"),
    Flag.withDefault(false)
  ),
  quiet: Flags.quiet
}

export const askCommand = Command.make(
  "ask",
  flags,
  (input) => Effect.flatMap(Effect.promise(() => import("./asking.ts")), ({ ask }) => ask(input))
).pipe(
  Command.withDescription("Ask a question; gemini-fx \"…\" without a command does the same"),
  Command.withExamples([
    {
      command: "gemini-fx ask \"What is a neap tide?\"",
      description: "The answer as it comes; gemini-fx \"…\" is the same"
    },
    {
      command: "gemini-fx ask \"What is on it?\" -a photo.jpg",
      description: "About a picture, PDF, sound, video or text"
    },
    {
      command: "git diff | gemini-fx ask -s \"Write a commit message\"",
      description: "What comes over stdin is part of the question"
    },
    { command: "gemini-fx ask \"Three dogs\" --schema-multi \"name, age int\"", description: "JSON of a form" },
    { command: "gemini-fx ask \"Who won the Tour this year?\" --search", description: "With Google Search" }
  ])
)
