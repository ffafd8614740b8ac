/** From what a person types to a chat: its id, a beginning that no other one shares, or `last`. */
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Effect from "effect/Effect"
import { CommandFailed } from "../CommandFailed.ts"
import { shortened } from "../setup/places.ts"
import { ChatStore, type Found } from "./ChatStore.ts"

const refuse = (text: string) => Effect.fail(new CommandFailed({ exitCode: 2, text }))

const some = (ids: ReadonlyArray<string>): string =>
  `${ids.slice(0, 5).join(", ")}${ids.length > 5 ? `, and ${ids.length - 5} more` : ""}`

export const find = (given: string): Effect.Effect<string, CommandFailed, ChatStore> =>
  Effect.gen(function*() {
    const store = yield* ChatStore
    const problem = yield* store.problem
    if (problem !== undefined) return yield* refuse(`${problem}, so no chats are read from there`)
    const ids = (yield* store.list).map(({ id }: Found) => id)
    const [newest] = ids
    if (newest === undefined) {
      return yield* refuse(`there are no chats in ${shortened(store.folder)}: gemini-fx chat begins one`)
    }
    if (given === "last") return newest
    if (ids.includes(given)) return given
    const meant = given === "" ? [] : ids.filter((id) => id.startsWith(given))
    const [only] = meant
    if (only === undefined) {
      return yield* refuse(`there is no chat ${JSON.stringify(given)}; the newest are ${some(ids)}`)
    }
    if (meant.length > 1) {
      return yield* refuse(`${JSON.stringify(given)} is the beginning of ${meant.length} chats: ${some(meant)}`)
    }
    return only
  })

/** A journal calls a chat a run. */
export const inWords = (message: string): string => message.replace(/\b(the|a) run\b/gi, "$1 chat")

/** Why a chat cannot be opened, in the words of chats. */
export const failed = (id: string, { reason }: JournalError): CommandFailed => {
  switch (reason._tag) {
    case "Busy":
      return new CommandFailed({
        exitCode: 2,
        text: `the chat ${id} is open in ${reason.pid === undefined ? "another process" : `process ${reason.pid}`}: ` +
          "end it there, or begin another one with gemini-fx chat"
      })
    case "NotFound":
      return new CommandFailed({ exitCode: 2, text: `there is no chat ${id}` })
    default:
      return new CommandFailed({
        exitCode: 1,
        text: `the chat ${id} cannot be read: ${inWords(reason.message)}\n  gemini-fx history delete ${id} removes it`
      })
  }
}
