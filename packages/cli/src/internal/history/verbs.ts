/** What `gemini-fx history` does. */
import * as BigDecimal from "effect/BigDecimal"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import * as Terminal from "effect/Terminal"
import * as Age from "../age.ts"
import { rendered } from "../ask/Markdown.ts"
import { CommandFailed } from "../CommandFailed.ts"
import * as Lines from "../lines.ts"
import * as Screen from "../Screen.ts"
import { json as toJson } from "../Shown.ts"
import { plural, table } from "../table.ts"
import * as ChatState from "./ChatState.ts"
import { ChatStore, type Found, layer } from "./ChatStore.ts"
import { failed, find } from "./findChat.ts"
import { markdown } from "./transcript.ts"

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

interface Row {
  readonly found: Found
  /** What it says, or why it cannot be read. */
  readonly state: Result.Result<ChatState.ChatState, string>
}

const dollars = ({ dollars, isPartial }: ChatState.Spending): string =>
  Lines.money(dollars === undefined ? undefined : BigDecimal.format(dollars), isPartial)

const rowOf = ({ found, state }: Row, now: number): ReadonlyArray<string> => {
  const age = Age.say(now - found.writtenAt)
  if (Result.isFailure(state)) return [found.id, "-", "-", "-", age, `(${state.failure})`]
  const { exchanges, model } = state.success
  const said = ChatState.title(state.success)
  const title = said.length > 60 ? `${said.slice(0, 59)}…` : said
  const spent = ChatState.total(state.success)
  return [found.id, String(exchanges.length), exchanges.at(-1)?.model ?? model ?? "", dollars(spent), age, title]
}

const opened = Effect.gen(function*() {
  const store = yield* ChatStore
  const problem = yield* store.problem
  if (problem !== undefined) return yield* usage(`${problem}, so no chats are read from there`)
  return store
})

export const list = Effect.fnUntraced(function*({ count, json }: { readonly count: number; readonly json: boolean }) {
  if (count < 0) return yield* usage(`--count ${count}: expected how many chats, 0 for all of them`)
  const screen = yield* Screen.make
  const store = yield* opened
  const all = yield* store.list
  const rows = yield* Effect.forEach(
    count === 0 ? all : all.slice(0, count),
    (found) =>
      Effect.map(Effect.result(store.read(found.id)), (records): Row => ({
        found,
        state: Result.match(records, {
          onFailure: ({ reason }) => Result.fail(`cannot be read: ${reason._tag}`),
          onSuccess: (records) => Result.succeed(ChatState.fold(records))
        })
      }))
  )
  if (json) {
    return yield* screen.write(`${
      toJson(
        rows.map(({ found: { bytes, id, writtenAt }, state }) => {
          const common = { id, writtenAt: new Date(writtenAt).toISOString(), bytes }
          if (Result.isFailure(state)) return { ...common, problem: state.failure }
          const { dollars, inputTokens, isPartial, outputTokens } = ChatState.total(state.success)
          return {
            ...common,
            title: ChatState.title(state.success),
            model: state.success.model ?? state.success.exchanges.at(-1)?.model,
            exchanges: state.success.exchanges.length,
            inputTokens,
            outputTokens,
            dollars: dollars === undefined ? null : BigDecimal.format(dollars),
            isPartial
          }
        }),
        2
      )
    }\n`)
  }
  if (rows.length === 0) return yield* screen.write("there are none: gemini-fx chat begins one\n")
  const now = yield* Clock.currentTimeMillis
  yield* screen.write(
    `${table(["chat", "turns", "model", "cost", "age", "begins with"], rows.map((row) => rowOf(row, now)))}\n`
  )
  if (all.length > rows.length) yield* screen.note(`${plural(all.length - rows.length, "older chat")}: -n 0 lists all`)
}, Effect.provide(layer))

export const show = Effect.fnUntraced(function*({ chat, json }: { readonly chat: string; readonly json: boolean }) {
  const screen = yield* Screen.make
  const store = yield* opened
  const id = yield* find(chat)
  const records = yield* Effect.mapError(store.read(id), (error) => failed(id, error))
  if (json) return yield* screen.write(`${toJson({ id, records }, 2)}\n`)
  const state = ChatState.fold(records)
  const text = markdown(state)
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdoutIsTerminal) {
    const { columns } = yield* Terminal.Terminal
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    yield* screen.write(rendered(`${text}\n`, (yield* columns) || 80, canColor))
  } else {
    yield* screen.write(`${text}\n`)
  }
  const spent = ChatState.total(state)
  yield* screen.note(
    `-- ${id}: ${plural(state.exchanges.length, "turn")}, ${spent.inputTokens} tokens in, ${spent.outputTokens} out, ` +
      dollars(spent)
  )
}, Effect.provide(layer))

export const remove = Effect.fnUntraced(function*(input: {
  readonly chats: ReadonlyArray<string>
  readonly older: Option.Option<string>
  readonly all: boolean
}) {
  const { all, chats, older } = input
  const ways = [chats.length > 0, Option.isSome(older), all].filter((way) => way).length
  if (ways === 0) return yield* usage("say which chats go: their ids, --older 30d, or --all")
  if (ways > 1) return yield* usage("name the chats that go, or choose them by --older or --all, one of these")
  const age = Option.map(older, (text) => [text, Age.parse(text)] as const)
  if (Option.isSome(age) && age.value[1] === undefined) {
    return yield* usage(`--older ${age.value[0]}: a number and a unit, such as 30d, 12h or "2 weeks"`)
  }
  const screen = yield* Screen.make
  const store = yield* opened
  const now = yield* Clock.currentTimeMillis
  const least = Option.isSome(age) && age.value[1] !== undefined ? Duration.toMillis(age.value[1]) : 0
  const ids = chats.length > 0
    ? new Set(yield* Effect.forEach(chats, find))
    : new Set((yield* store.list).filter(({ writtenAt }) => now - writtenAt >= least).map(({ id }) => id))
  let removed = 0
  let first: CommandFailed | undefined
  for (const id of ids) {
    const gone = yield* Effect.result(store.remove(id))
    if (Result.isSuccess(gone)) {
      removed++
      yield* screen.write(`deleted ${id}\n`)
    } else if (chats.length > 0 || gone.failure.reason._tag !== "Busy") {
      first ??= failed(id, gone.failure)
    } else {
      yield* screen.note(`${id} is open in another process, so it stays`)
    }
  }
  if (removed === 0 && first === undefined) yield* screen.note("there is none to delete")
  if (first !== undefined) return yield* first
}, Effect.provide(layer))
