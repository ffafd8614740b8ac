/** A chat as a person leads it: what each line does. Terminal and pipe differ only in what they show and ask. */
import * as Cost from "effect-gemini/Cost"
import type * as Files from "effect-gemini/files/Files"
import type { GeminiClient } from "effect-gemini/GeminiClient"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Content from "effect-gemini/wire/Content"
import * as Part from "effect-gemini/wire/Part"
import type { Tool } from "effect-gemini/wire/Tool"
import * as BigDecimal from "effect/BigDecimal"
import * as Effect from "effect/Effect"
import * as FileSystem from "effect/FileSystem"
import type { PlatformError } from "effect/PlatformError"
import * as Result from "effect/Result"
import type * as Scope from "effect/Scope"
import type * as Stdio from "effect/Stdio"
import { homedir } from "node:os"
import { join } from "node:path"
import { sourceLines, sources, unread } from "../ask/AnswerText.ts"
import { parts } from "../ask/attached.ts"
import { type Attachment, read } from "../ask/Attachment.ts"
import { dollars, footer } from "../ask/footer.ts"
import { CommandFailed } from "../CommandFailed.ts"
import type { Chat } from "../history/Chat.ts"
import * as ChatState from "../history/ChatState.ts"
import { markdown } from "../history/transcript.ts"
import * as Lines from "../lines.ts"
import { cleanLine, json as toJson } from "../Shown.ts"
import { count, plural, table } from "../table.ts"
import { bytes as sizeOf } from "../UploadBar.ts"
import { exchange } from "./exchange.ts"
import * as Slash from "./Slash.ts"
import type { Stage } from "./Stage.ts"
import type { Toolbox } from "./Toolbox.ts"

export interface Options {
  readonly chat: Chat
  readonly client: GeminiClient["Service"]
  /** The model of this chat, where nobody chose one. */
  readonly usualModel: string
  readonly toolbox: Toolbox
  readonly tools: ReadonlyArray<Tool>
  readonly allowed: ReadonlySet<string>
  /** Whether nobody is paid. */
  readonly isRehearsal: boolean
  readonly stage: Stage
  /** Says a line to the person, beside the answers. */
  readonly note: (line: string) => Effect.Effect<void, PlatformError>
}

/** Exchanges that a summary leaves as they are. */
const keep = 2

/** From here on every doubling of what a question sends is said once. */
const long = 32_000

type Failure = CommandFailed | GeminiError | PlatformError
type Needs = FileSystem.FileSystem | Stdio.Stdio | Scope.Scope | Files.Files

/** A mistake in a line, which is said and changes nothing. */
const mistake = (text: string) => new CommandFailed({ exitCode: 2, text })

export class Talk {
  readonly #options: Options
  #chat: Chat
  #pending: ReadonlyArray<Attachment> = []
  #said = long

  constructor(options: Options) {
    this.#options = options
    this.#chat = options.chat
  }

  get chat(): Chat {
    return this.#chat
  }

  get model(): string {
    return this.#chat.state.model ?? this.#options.usualModel
  }

  /** Says or does what the line says, and tells whether the chat goes on. */
  hear(line: string): Effect.Effect<boolean, Failure, Needs> {
    const said = Slash.parse(line)
    switch (said._tag) {
      case "Nothing":
        return Effect.succeed(true)
      case "Wrong":
        return Effect.fail(mistake(said.why))
      case "Say":
        return Effect.as(this.#ask(said.text), true)
      case "Command":
        return said.name === "exit" ? Effect.succeed(false) : Effect.as(this.#obey(said.name, said.argument), true)
    }
  }

  /** Reads what goes with the next question. */
  attach(names: ReadonlyArray<string>): Effect.Effect<void, CommandFailed | PlatformError, Needs> {
    return Effect.gen({ self: this }, function*() {
      const found = yield* Effect.forEach(
        names,
        (name) => read(name.startsWith("~/") ? join(homedir(), name.slice(2)) : name)
      )
      this.#pending = [...this.#pending, ...found]
      for (const { from, mimeType, size } of found) {
        const facts = [mimeType, size === undefined ? undefined : sizeOf(size)].filter((fact) => fact !== undefined)
        yield* this.#options.note(
          `attached ${from}${facts.length === 0 ? "" : ` (${facts.join(", ")})`}: goes with the next question`
        )
      }
    })
  }

  #ask(text: string): Effect.Effect<void, Failure, Needs> {
    return Effect.gen({ self: this }, function*() {
      const { client, isRehearsal, note, stage, toolbox, tools } = this.#options
      const attached = this.#pending
      const material = attached.length === 0 ? [] : yield* parts(attached, {
        isKept: true,
        tell: ({ from }) => note(`uploading ${from}: the API keeps it for 48 hours`)
      })
      const chat = this.#chat
      const { isUnfinished, response, ...ended } = yield* exchange(
        { chat, client, model: this.model, stage, toolbox, tools },
        [...material, Part.text(text)]
      ).pipe(Effect.tapError((error) => this.#sayGone(error)))
      this.#pending = []
      for (const line of unread(response)) yield* note(line)
      for (const line of sourceLines(sources(response))) yield* note(line)
      const spent = ChatState.total(chat.state)
      const whole = chat.state.exchanges.length < 2 || spent.dollars === undefined
        ? ""
        : `; the chat ${Lines.money(BigDecimal.format(spent.dollars), spent.isPartial)}`
      yield* note(`${footer(ended, isRehearsal)}${whole}`)
      if (isUnfinished) {
        yield* note("the model has called tools many times in a row, and stopped: say whether it should go on")
      }
      yield* this.#sayLong()
    })
  }

  /** An attachment that was uploaded goes after 48 hours, and then the server refuses the whole chat. */
  #sayGone(error: Failure): Effect.Effect<void, PlatformError> {
    const isRefused = error._tag === "GeminiError" &&
      (error.reason._tag === "NotFound" || error.reason._tag === "Unauthenticated")
    const isUploaded = ChatState.sent(this.#chat.state).some(({ parts }) =>
      /"fileUri":"[^"]*\/files\//.test(JSON.stringify(parts))
    )
    return isRefused && isUploaded
      ? this.#options.note(
        "an attachment of this chat was uploaded, and the API keeps a file for 48 hours: /undo takes its question back"
      )
      : Effect.void
  }

  /** Says that a chat has become long, once for every doubling. */
  #sayLong(): Effect.Effect<void, PlatformError> {
    const { nextInput } = this.#chat.state
    if (nextInput < this.#said) return Effect.void
    while (this.#said <= nextInput) this.#said *= 2
    const each = this.#priceOf(nextInput)
    return this.#options.note(
      `this chat is long: each further question sends ${count(nextInput)} tokens${
        each === undefined ? "" : ` (${each})`
      }; /compact sends a summary instead`
    )
  }

  #priceOf(tokens: number): string | undefined {
    const cost = Cost.of(this.model, { usageMetadata: { promptTokenCount: tokens } }, { unnamed: "dearest" })
    const amount = dollars(cost)
    return amount === undefined ? undefined : Lines.money(amount, cost.isPartial)
  }

  #obey(name: Exclude<Slash.CommandName, "exit">, argument: string): Effect.Effect<void, Failure, Needs> {
    const { note } = this.#options
    switch (name) {
      case "help":
        return note(Slash.help())
      case "model":
        return argument === "" ? note(`the model is ${this.model}`) : this.#choose(argument)
      case "system":
        return this.#instruct(argument)
      case "attach":
        return this.#attachAll(Slash.words(argument))
      case "undo":
        return this.#undo()
      case "fork":
        return this.#fork()
      case "save":
        return this.#save(argument)
      case "cost":
        return note(this.#cost())
      case "compact":
        return this.#compact()
      case "tools":
        return note(this.#tools())
    }
  }

  #choose(name: string): Effect.Effect<void, CommandFailed | PlatformError> {
    const id = ModelId.parse(name)
    if (Result.isFailure(id)) return Effect.fail(mistake(`/model: ${id.failure}`))
    return Effect.andThen(
      this.#chat.append({ _tag: "Model", model: id.success }),
      this.#options.note(`${id.success} answers from here on`)
    )
  }

  #instruct(text: string): Effect.Effect<void, PlatformError> {
    const { note } = this.#options
    const { system } = this.#chat.state
    if (text === "") {
      return note(system === "" ? "there is no system instruction" : `the system instruction is: ${system}`)
    }
    const own = text === "-" ? "" : text
    return Effect.andThen(
      this.#chat.append({ _tag: "System", text: own }),
      note(own === "" ? "the system instruction is taken back" : "the system instruction holds from here on")
    )
  }

  #attachAll(names: ReadonlyArray<string>): Effect.Effect<void, CommandFailed | PlatformError, Needs> {
    if (names.length > 0) return this.attach(names)
    return this.#options.note(
      this.#pending.length === 0
        ? "nothing is attached: /attach FILE attaches one to the next question"
        : `goes with the next question: ${this.#pending.map(({ from }) => from).join(", ")}`
    )
  }

  #undo(): Effect.Effect<void, CommandFailed | PlatformError> {
    const { exchanges, summed } = this.#chat.state
    const last = exchanges.at(-1)
    if (last === undefined) return Effect.fail(mistake("there is no question to take back"))
    if (exchanges.length <= summed) return Effect.fail(mistake("what is summed up cannot be taken back"))
    const [question] = last.turns
    const words = question === undefined ? "" : cleanLine(ChatState.text(question)).slice(0, 60)
    const acted = last.turns.length > 2 ? "; what its tools did stays done" : ""
    return Effect.andThen(
      this.#chat.append({ _tag: "Undone" }),
      this.#options.note(`taken back: ${words}${acted}`)
    )
  }

  #fork(): Effect.Effect<void, CommandFailed | PlatformError> {
    return Effect.gen({ self: this }, function*() {
      const { chat } = this
      if (chat.state.exchanges.length === 0) return yield* mistake("there is nothing to fork yet")
      const from = chat.id
      this.#chat = yield* chat.fork()
      const { id } = this.#chat
      yield* this.#options.note(
        id === undefined || from === undefined
          ? "this chat is not kept, so it just goes on"
          : `goes on as ${id}; ${from} stays as it is: gemini-fx chat --chat ${from} goes on with that`
      )
    })
  }

  #save(argument: string): Effect.Effect<void, CommandFailed | PlatformError, FileSystem.FileSystem> {
    return Effect.gen({ self: this }, function*() {
      const [given, ...more] = Slash.words(argument)
      if (given === undefined || more.length > 0) return yield* mistake("/save FILE: one file, such as chat.md")
      const path = given.startsWith("~/") ? join(homedir(), given.slice(2)) : given
      const files = yield* FileSystem.FileSystem
      const { state } = this.#chat
      const text = /\.json$/i.test(path)
        ? `${toJson({ id: this.#chat.id ?? null, records: this.#chat.records }, 2)}\n`
        : `${markdown(state)}\n`
      yield* files.writeFileString(path, text, { flag: "wx", mode: 0o600 }).pipe(
        Effect.mapError(({ reason }) =>
          mistake(
            reason._tag === "AlreadyExists"
              ? `${path} is there already, and it stays as it is: give another name`
              : `${path} cannot be written: ${reason._tag === "NotFound" ? "there is no such folder" : reason._tag}`
          )
        )
      )
      yield* this.#options.note(`${path}: ${plural(state.exchanges.length, "turn")}`)
    })
  }

  #cost(): string {
    const { state } = this.#chat
    const { isRehearsal } = this.#options
    if (state.spent.size === 0) return "nothing was asked yet"
    const row = (name: string, { answers, dollars, inputTokens, isPartial, outputTokens }: ChatState.Spending) => [
      name,
      count(answers),
      count(inputTokens),
      count(outputTokens),
      Lines.money(dollars === undefined ? undefined : BigDecimal.format(dollars), isPartial)
    ]
    const rows = [...state.spent].map(([model, spending]) => row(model, spending))
    const all = state.spent.size < 2 ? [] : [row("together", ChatState.total(state))]
    const next = this.#priceOf(state.nextInput)
    return `${
      table(["model", "answers", "tokens in", "tokens out", isRehearsal ? "would cost" : "cost"], [...rows, ...all])
    }\n` +
      `the next question sends about ${count(state.nextInput)} tokens${next === undefined ? "" : `, ${next}`}`
  }

  #compact(): Effect.Effect<void, GeminiError | CommandFailed | PlatformError> {
    return Effect.gen({ self: this }, function*() {
      const { client, note } = this.#options
      const { chat, model } = this
      const { exchanges, nextInput, summed } = chat.state
      if (exchanges.length - summed <= keep) {
        return yield* mistake(`the chat is short: its last ${keep} questions are sent as they are in any case`)
      }
      yield* note(`summing up ${plural(exchanges.length - keep, "turn")} …`)
      const before = markdown({ ...chat.state, exchanges: exchanges.slice(summed, -keep), open: undefined })
      const earlier = chat.state.summary === undefined ? "" : `Until then, in short:\n${chat.state.summary}\n\n`
      const answer = yield* client.generate({
        model,
        contents: Content.user(
          "Sum up this conversation for whoever goes on with it: what was asked, found and decided, with the names, figures " +
            `and wishes that will be needed. At most 500 words.\n\n${earlier}${before}`
        )
      })
      if (answer.text === "") return yield* mistake("the model wrote no summary, so everything stays as it is")
      const cost = answer.usage === undefined ? undefined : Cost.of(model, answer.response)
      const amount = dollars(cost)
      yield* chat.append({
        _tag: "Compacted",
        summary: answer.text,
        keep,
        model: answer.model,
        ...(answer.usage === undefined ? {} : { usage: answer.usage }),
        ...(amount === undefined ? {} : { dollars: amount }),
        ...(cost?.isPartial === true ? { isPartial: true } : {})
      })
      this.#said = long
      yield* note(
        `the next question sends the summary and the last ${keep} questions in place of ${count(nextInput)} tokens${
          amount === undefined ? "" : `; the summary cost ${Lines.money(amount, cost?.isPartial === true)}`
        }`
      )
    })
  }

  #tools(): string {
    const { allowed, toolbox } = this.#options
    if (toolbox.tools.size === 0) {
      return "there are none: [mcp.NAME] in config.toml names servers of tools (gemini-fx config path)"
    }
    return table(
      ["tool", "", "what it does"],
      Array.from(toolbox.tools.values(), ({ description = "", isReadonly, name }) => [
        name,
        isReadonly ? "changes nothing" : allowed.has(name) ? "allowed" : "asks first",
        description.replace(/\s+/g, " ").slice(0, 80)
      ])
    )
  }
}
