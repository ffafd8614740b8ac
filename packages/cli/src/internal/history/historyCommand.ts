/** `gemini-fx history`: the chats that were kept. What the verbs do is loaded when it is asked for. */
import * as Argument from "effect/cli/Argument"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"

const verbs = Effect.promise(() => import("./verbs.ts"))

const listFlags = {
  count: Flag.Int("count").pipe(
    Flag.withAlias("n"),
    Flag.withDescription("how many, the one written last first; 0 is all of them; default: 20"),
    Flag.withDefault(20)
  ),
  json: Flags.json("write a JSON array")
}

const chat = Argument.String("chat").pipe(
  Argument.withDescription("the chat: its id, the beginning of it that no other chat has, or last")
)

const list = Command.make("list", listFlags, (input) => Effect.flatMap(verbs, ({ list }) => list(input))).pipe(
  Command.withDescription("List the chats, the one written last first"),
  Command.withExamples([{ command: "gemini-fx history list -n 0", description: "All of them" }])
)

const show = Command.make(
  "show",
  {
    chat: chat.pipe(Argument.withDefault("last")),
    json: Flags.json("write a JSON object, the records as they are kept")
  },
  (input) => Effect.flatMap(verbs, ({ show }) => show(input))
).pipe(
  Command.withDescription("Show what was said in a chat, as Markdown"),
  Command.withExamples([
    { command: "gemini-fx history show last", description: "The newest one" },
    { command: "gemini-fx history show 2026-11 --json", description: "For a program; attachments by their digests" }
  ])
)

const remove = Command.make(
  "delete",
  {
    chats: chat.pipe(Argument.variadic({ min: 0 })),
    older: Flag.String("older").pipe(
      Flag.withDescription("all that were last written so long ago, such as 30d, 12h or \"2 weeks\"; default: none"),
      Flag.optional
    ),
    all: Flag.Boolean("all").pipe(Flag.withDescription("all of them"), Flag.withDefault(false))
  },
  (input) => Effect.flatMap(verbs, ({ remove }) => remove(input))
).pipe(
  Command.withDescription("Delete chats for good, with their attachments"),
  Command.withExamples([
    { command: "gemini-fx history delete last", description: "The newest one" },
    { command: "gemini-fx history delete --older 30d", description: "What nobody has gone on with for a month" }
  ])
)

export const historyCommand = Command.make(
  "history",
  listFlags,
  (input) => Effect.flatMap(verbs, ({ list }) => list(input))
).pipe(
  Command.withDescription("The chats that were kept: lists, shows and deletes them"),
  Command.withExamples([
    { command: "gemini-fx history", description: "The newest 20" },
    { command: "gemini-fx history show last", description: "What was said" },
    { command: "gemini-fx chat --continue", description: "Go on with the last one" }
  ]),
  Command.withSubcommands([list, show, remove])
)
