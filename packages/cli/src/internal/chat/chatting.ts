/** What `gemini-fx chat` does: opens the chat, its server and its tools, and leads it at a terminal or through a pipe. */
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { TierName } from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as WireTool from "effect-gemini/wire/Tool"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import { CommandFailed } from "../CommandFailed.ts"
import * as Flags from "../flags.ts"
import { Chat } from "../history/Chat.ts"
import * as ChatState from "../history/ChatState.ts"
import { ChatStore, layer, most } from "../history/ChatStore.ts"
import { failed, find } from "../history/findChat.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { boolean, Configured } from "../setup/Configured.ts"
import { plural } from "../table.ts"
import { bytes as sizeOf } from "../UploadBar.ts"
import * as Pipe from "./pipe.ts"
import { Talk } from "./Talk.ts"
import * as AtTerminal from "./terminal.ts"
import { none, type Toolbox } from "./Toolbox.ts"

export interface Input {
  readonly model: Option.Option<string>
  readonly system: Option.Option<string>
  readonly attachments: ReadonlyArray<string>
  readonly continues: boolean
  readonly chat: Option.Option<string>
  readonly history: Option.Option<boolean>
  readonly allow: ReadonlyArray<string>
  readonly mcp: ReadonlyArray<string>
  readonly tools: boolean
  readonly search: boolean
  readonly code: boolean
  readonly url: boolean
  readonly emulator: boolean
  readonly tier: Option.Option<TierName>
  readonly config: Option.Option<string>
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** The servers of tools that are to be started. */
const chosen = Effect.fnUntraced(function*({ mcp, tools }: Input) {
  const { content: { servers }, configFile } = yield* Configured
  if (!tools) return mcp.length === 0 ? [] : yield* usage("--mcp starts a server of tools, and --no-tools starts none")
  const unknown = mcp.find((name) => !servers.some((server) => server.name === name))
  if (unknown !== undefined) {
    const names = servers.map(({ name }) => name).join(", ")
    return yield* usage(
      `--mcp ${unknown}: there is no [mcp.${unknown}] in ${configFile}${names === "" ? "" : ` (there are ${names})`}`
    )
  }
  return mcp.length === 0 ? servers : servers.filter(({ name }) => mcp.includes(name))
})

const toolboxOf = Effect.fnUntraced(function*(input: Input, note: (line: string) => Effect.Effect<void>) {
  const servers = yield* chosen(input)
  let toolbox: Toolbox = none
  if (servers.length > 0) {
    const { connect } = yield* Effect.promise(() => import("./mcpTools.ts"))
    toolbox = yield* connect(servers, (server, why) => note(`tools of ${server}: ${why}`))
  }
  const names = Array.from(toolbox.tools.values(), ({ name }) => name)
  const unknown = input.allow.find((name) => !names.includes(name))
  if (unknown === undefined) return toolbox
  return yield* usage(
    `--allow ${unknown}: there is no such tool${
      names.length === 0
        ? ", because config.toml names no servers of tools that could be started"
        : ` (there are ${names.join(", ")})`
    }`
  )
})

/** The chat that is meant: the last one, the one that is named, or a new one. */
const opened = Effect.fnUntraced(function*(input: Input, note: (line: string) => Effect.Effect<void>) {
  const isKept = Option.isSome(input.history) ? input.history.value : yield* boolean("GEMINI_FX_HISTORY", true)
  const isOld = input.continues || Option.isSome(input.chat)
  if (input.continues && Option.isSome(input.chat)) {
    return yield* usage("--continue goes on with the last chat and --chat with another one: give one of them")
  }
  if (isOld && Option.isSome(input.history) && !input.history.value) {
    return yield* usage("--no-history keeps nothing, so it cannot go on with a chat that is kept")
  }
  const store = yield* ChatStore
  if (!isOld) {
    const problem = isKept ? yield* store.problem : undefined
    if (problem !== undefined) yield* note(`${problem}: this chat is not kept there`)
    return yield* Chat.begin({ store: isKept && problem === undefined ? store : undefined, note })
  }
  const id = yield* find(Option.getOrElse(input.chat, () => "last"))
  return yield* Effect.mapError(Chat.resume(store, id, note), (error) => failed(id, error))
})

/** What somebody who goes on with a chat has to know of it. */
const recalls = ({ id = "", state }: Chat): string => {
  const title = ChatState.title(state)
  const said = title.length > 60 ? `${title.slice(0, 59)}…` : title
  const lines = [`going on with ${id} (${plural(state.exchanges.length, "turn")}): ${said}`]
  const { open } = state
  if (open !== undefined) {
    const [question] = open.turns
    lines.push(
      `the last question has no answer, because its process ended: ${
        question === undefined ? "" : ChatState.text(question).replace(/\s+/g, " ").slice(0, 80)
      }`
    )
    for (const tool of open.calling) lines.push(`${tool} was being called then: nobody knows what came of it`)
  }
  return lines.join("\n")
}

/** Says what had to go, so that everything that is kept stays within its bounds. */
const tidied = Effect.fnUntraced(function*(chat: Chat, note: (line: string) => Effect.Effect<void>) {
  if (chat.id === undefined) return
  const gone = yield* (yield* ChatStore).tidy(chat.id)
  if (gone.length > 0) {
    yield* note(
      `${plural(gone.length, "chat")} deleted, the oldest: ${most.chats.toLocaleString("en-US")} chats and ${
        sizeOf(most.bytes)
      } are kept`
    )
  }
})

export const converse = Effect.fnUntraced(
  function*(input: Input) {
    const screen = yield* Screen.make
    const stdio = yield* Stdio.Stdio
    const model = Option.isNone(input.model) ? undefined : ModelId.parse(input.model.value)
    if (model !== undefined && Result.isFailure(model)) return yield* usage(`--model: ${model.failure}`)
    const options = yield* Flags.options(input)
    const server = yield* Server.choose(options, input.emulator)
    const isTerminal = (yield* stdio.stdinIsTerminal) && (yield* stdio.stdoutIsTerminal)
    const allowed = new Set(input.allow)
    const hooks = isTerminal ? yield* AtTerminal.make({ screen, allowed }) : yield* Pipe.make({ screen, allowed })
    const note = (line: string) => Effect.ignore(hooks.note(line))
    const chat = yield* opened(input, note)
    yield* Effect.addFinalizer(() => chat.close)
    // Stdout has the answers alone.
    yield* hooks.note(server.says)
    if (input.continues || Option.isSome(input.chat)) yield* note(recalls(chat))
    const toolbox = yield* toolboxOf(input, note)
    if (model !== undefined) yield* chat.append({ _tag: "Model", model: model.success })
    if (Option.isSome(input.system)) yield* chat.append({ _tag: "System", text: input.system.value })

    const exitCode = yield* Effect.gen(function*() {
      const talk = new Talk({
        chat,
        client: yield* GeminiClient,
        usualModel: options.defaultModel ?? GeminiConfig.defaultModel,
        toolbox,
        tools: [
          ...(input.search ? [WireTool.googleSearch] : []),
          ...(input.code ? [WireTool.codeExecution] : []),
          ...(input.url ? [WireTool.urlContext] : [])
        ],
        allowed,
        isRehearsal: Server.isEmbedded(server),
        stage: hooks.stage,
        note: hooks.note
      })
      yield* talk.attach(input.attachments)
      const code = yield* hooks.lead(talk)
      yield* tidied(talk.chat, note)
      const { id } = talk.chat
      if (isTerminal && id !== undefined) yield* note(`kept as ${id}: gemini-fx chat -c goes on with it`)
      yield* talk.chat.close
      return code
    }).pipe(Effect.provide(server.withFiles))
    if (exitCode !== 0) return yield* new CommandFailed({ exitCode, text: "" })
  },
  Effect.scoped,
  Effect.provide(layer)
)
