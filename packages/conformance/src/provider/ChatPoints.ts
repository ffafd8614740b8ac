/** What goes back in the next turn: calls with their results, approvals, chats that were stored in between. */
import * as Chat from "effect/ai/Chat"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Prompt from "effect/ai/Prompt"
import * as Effect from "effect/Effect"
import type { Point } from "./Point.ts"
import { toolkit, tools } from "./PointTools.ts"
import { Runs } from "./Runs.ts"
import * as ScriptedServer from "./ScriptedServer.ts"
import type { Sent } from "./Sent.ts"
import type { Answer, Said } from "./Turn.ts"

const weather = (id: string, city: string): Said => ({ call: "weather", id, params: { city } })
const call = (name: string, params: Readonly<Record<string, unknown>> = {}): Answer => ({
  says: [{ call: name, id: "call_1", params }]
})

/** Two turns of a chat; what the second one sent. */
const two = Effect.gen(function*() {
  const chat = yield* Chat.empty
  yield* chat.generateText({ prompt: "go", toolkit })
  yield* chat.generateText({ prompt: "so?", toolkit })
  return yield* ScriptedServer.last
})

/** The calls and their results, by the calls' names. */
const paired = ({ messages }: Sent): string => {
  const results = new Map(messages.flatMap(({ results }) => results.map(({ id, value }) => [id, value])))
  return messages.flatMap(({ calls }) =>
    calls.map(({ id, name }) => `${name} ${results.has(id) ? JSON.stringify(results.get(id)) : "without a result"}`)
  ).join("; ")
}

/** Whether a value says this, as text or somewhere in its JSON. */
const says = (sent: Sent, words: string): string => {
  const said = paired(sent).replaceAll("\\", "")
  return said.includes(words) ? words : said
}

/** A turn that asks for approval, an answer to it, and the turn that follows. */
const approval = (approved: boolean, isStored: boolean) =>
  Effect.gen(function*() {
    const first = yield* Chat.empty
    const { content } = yield* first.generateText({ prompt: "go", toolkit })
    const before = (yield* Runs).calls.length
    const chat = isStored ? yield* Chat.fromJson(yield* first.exportJson) : first
    const answers = content.flatMap((part) =>
      part.type === "tool-approval-request"
        ? [Prompt.makePart("tool-approval-response", { approvalId: part.approvalId, approved })]
        : []
    )
    yield* chat.generateText({
      toolkit,
      prompt: Prompt.fromMessages([Prompt.makeMessage("tool", { content: answers })])
    })
    const { messages } = yield* ScriptedServer.last
    const results = messages.flatMap(({ results }) => results).length
    return `${before} before, ${(yield* Runs).calls.join() || "not run"}, ${results} result`
  }).pipe(Effect.provide(tools))

const refund = call("refund", { id: 7 })

/** The points of what goes back in the next turn. */
export const chatPoints: ReadonlyArray<Point> = [
  {
    name: "results go back to their calls",
    expected: "weather {\"celsius\":5}; weather {\"celsius\":3}",
    script: [{ says: [weather("call_1", "Paris"), weather("call_2", "Ulm")] }],
    run: () =>
      two.pipe(
        Effect.map((sent) => paired(sent).replaceAll(/\{"output":(.*?\})\}/g, "$1")),
        Effect.provide(tools)
      )
  },
  {
    name: "a returned failure is told to the model",
    expected: "on Sundays",
    script: [call("told")],
    run: () => two.pipe(Effect.map((sent) => says(sent, "on Sundays")), Effect.provide(tools))
  },
  {
    name: "a result is told as its schema encodes it",
    expected: "[[\"tea\",2]]",
    script: [call("prices")],
    run: () => two.pipe(Effect.map((sent) => says(sent, "[[\"tea\",2]]")), Effect.provide(tools))
  },
  {
    name: "arguments go back as the model wrote them",
    expected: JSON.stringify({ city: "Paris" }),
    script: [{ says: [weather("call_1", "Paris")] }],
    run: () =>
      two.pipe(
        Effect.map(({ messages }) =>
          messages.flatMap(({ calls }) => calls.map(({ params }) => JSON.stringify(params))).join()
        ),
        Effect.provide(tools)
      )
  },
  {
    name: "a stored chat goes back as one that was not stored",
    expected: "equal",
    script: [1, 2].flatMap(() => [{ says: [{ text: "Let me see." }, weather("call_1", "Paris")] }, { says: [] }]),
    run: () =>
      Effect.gen(function*() {
        const plain = yield* two
        const chat = yield* Chat.empty
        yield* chat.generateText({ prompt: "go", toolkit })
        const again = yield* Chat.fromJson(yield* chat.exportJson)
        yield* again.generateText({ prompt: "so?", toolkit })
        const stored = yield* ScriptedServer.last
        const [before, after] = [JSON.stringify(plain.messages), JSON.stringify(stored.messages)]
        return before === after ? "equal" : `${before} became ${after}`
      }).pipe(Effect.provide(tools))
  },
  {
    name: "a call that nobody answered has a result all the same",
    expected: "1 call, 1 result",
    script: [],
    run: () =>
      LanguageModel.generateText({
        prompt: [
          { role: "user", content: "go" },
          {
            role: "assistant",
            content: [{ type: "tool-call", id: "call_1", name: "weather", params: { city: "Paris" } }]
          },
          { role: "user", content: "never mind" }
        ]
      }).pipe(
        Effect.andThen(ScriptedServer.last),
        Effect.map(({ messages }) =>
          `${messages.flatMap(({ calls }) => calls).length} call, ${
            messages.flatMap(({ results }) => results).length
          } result`
        )
      )
  },
  {
    name: "an approved call is run, once",
    expected: "0 before, refund 7, 1 result",
    script: [refund],
    run: () => approval(true, false)
  },
  {
    name: "an approved call is run out of a stored chat",
    expected: "0 before, refund 7, 1 result",
    script: [refund],
    run: () => approval(true, true)
  },
  {
    name: "a denied call is not run, and the model hears of it",
    expected: "0 before, not run, 1 result",
    script: [refund],
    run: () => approval(false, false)
  }
]
