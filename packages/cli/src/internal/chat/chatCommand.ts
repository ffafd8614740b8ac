/** `gemini-fx chat`: a conversation. What it does is in `chatting`, which is loaded when it is asked for. */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "../flags.ts"

const flags = {
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription(
      `who answers; default: the one that the chat had, else GEMINI_FX_MODEL, else ${GeminiConfig.defaultModel}`
    ),
    Flag.optional
  ),
  system: Flag.String("system").pipe(
    Flag.withAlias("s"),
    Flag.withDescription("how the model is to answer, whatever is asked; default: what the chat had, else nothing"),
    Flag.optional
  ),
  attachments: Flag.String("attach").pipe(
    Flag.withAlias("a"),
    Flag.withMetavar("file|url"),
    Flag.withDescription(
      "goes with the first question: an image, PDF, sound, video or text; may be given again; default: none"
    ),
    Flag.atLeast(0)
  ),
  continues: Flag.Boolean("continue").pipe(
    Flag.withAlias("c"),
    Flag.withDescription("go on with the last chat"),
    Flag.withDefault(false)
  ),
  chat: Flag.String("chat").pipe(
    Flag.withMetavar("id"),
    Flag.withDescription("go on with this chat of gemini-fx history; default: a new one"),
    Flag.optional
  ),
  history: Flag.Boolean("history").pipe(
    Flag.withDescription("keep the chat; default: GEMINI_FX_HISTORY, else on; --no-history keeps nothing"),
    Flag.optional
  ),
  allow: Flag.String("allow").pipe(
    Flag.withMetavar("tool"),
    Flag.withDescription(
      "let the model call this tool without a question, such as files.write_file; in a pipe nothing else is called; may be given again; default: none"
    ),
    Flag.atLeast(0)
  ),
  mcp: Flag.String("mcp").pipe(
    Flag.withMetavar("name"),
    Flag.withDescription("only this server of tools of config.toml; may be given again; default: all of them"),
    Flag.atLeast(0)
  ),
  tools: Flag.Boolean("tools").pipe(
    Flag.withDescription("start the servers of tools of config.toml; default: on; --no-tools starts none"),
    Flag.withDefault(true)
  ),
  search: Flag.Boolean("search").pipe(
    Flag.withDescription("let the model search with Google"),
    Flag.withDefault(false)
  ),
  code: Flag.Boolean("code").pipe(
    Flag.withDescription("let the model run Python on Google's side"),
    Flag.withDefault(false)
  ),
  url: Flag.Boolean("url").pipe(
    Flag.withDescription("let the model read the pages whose addresses are in the questions"),
    Flag.withDefault(false)
  ),
  emulator: Flags.emulator,
  tier: Flags.tier("the quota tier to keep; default: GEMINI_FX_TIER, else free, none with the emulator"),
  config: Flags.config
}

export const chatCommand = Command.make(
  "chat",
  flags,
  (input) => Effect.flatMap(Effect.promise(() => import("./chatting.ts")), ({ converse }) => converse(input))
).pipe(
  Command.withDescription("Talk with a model, question by question; in a pipe each line is one"),
  Command.withExamples([
    { command: "gemini-fx chat", description: "A new chat; /help in it lists what else there is" },
    { command: "gemini-fx chat -c", description: "Go on with the last one" },
    { command: "gemini-fx chat -s \"Answer in one sentence\" -a notes.pdf", description: "About a file" },
    { command: "printf 'Hello\\nAgain?\\n' | gemini-fx chat", description: "Two questions, without a terminal" },
    {
      command: "gemini-fx chat --allow files.read_file < questions.txt",
      description: "Tools of an MCP server in a pipe"
    }
  ])
)
