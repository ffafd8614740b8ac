/** What `gemini-fx count` does. */
import * as Cost from "effect-gemini/Cost"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { TierName } from "effect-gemini/limits/Tier"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type * as Option from "effect/Option"
import * as Result from "effect/Result"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as CommonFlags from "../flags.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { json as toJson } from "../Shown.ts"
import * as AnswerSink from "./AnswerSink.ts"
import * as Asked from "./asked.ts"
import * as Attached from "./attached.ts"
import * as Attachment from "./Attachment.ts"
import { dollars, price } from "./footer.ts"
import * as Question from "./Question.ts"

/** The values of the command's flags. */
export interface CountInput extends Asked.Flags {
  readonly words: ReadonlyArray<string>
  readonly attachments: ReadonlyArray<string>
  readonly json: boolean
  readonly quiet: boolean
  readonly emulator: boolean
  readonly tier: Option.Option<TierName>
  readonly config: Option.Option<string>
}

export const count = Effect.fnUntraced(function*(input: CountInput) {
  const named = yield* Effect.fromResult(
    Result.mapError(Asked.model(input), (text) => new CommandFailed({ exitCode: 2, text }))
  )
  const shared = yield* CommonFlags.options(input)
  const server = yield* Server.choose(shared, input.emulator)
  const screen = yield* Screen.make
  const flagged = yield* Attachment.readAll(input.attachments)
  const question = yield* Question.read(input.words, {
    screen,
    isEdited: false,
    isStdinTaken: input.attachments.includes("-"),
    about: flagged[0]?.from,
    isEnough: flagged.length > 0
  })
  const attachments = question.attached === undefined ? flagged : [question.attached, ...flagged]
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const aside = yield* AnswerSink.aside(screen, canColor)
  const say = (line: string) => input.quiet ? Effect.void : aside(line)
  const model = named ?? shared.defaultModel ?? GeminiConfig.defaultModel
  yield* say(server.says)
  const tell = (attachment: Attachment.Attachment | undefined) =>
    attachment === undefined ? Effect.void : say(`uploading ${attachment.from}`)
  const counted = yield* Attached.provided(
    server,
    attachments,
    tell,
    (parts) =>
      GeminiClient.use((gemini) => gemini.countTokens(Asked.request(input, model, question.text, parts, undefined)))
  ).pipe(
    Effect.catchTag(
      "GeminiError",
      (error) => Effect.fail(new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) }))
    )
  )
  const { cachedTokens, totalTokens } = counted
  const at = yield* Clock.currentTimeMillis
  const cost = Cost.of(
    model,
    { usageMetadata: { promptTokenCount: totalTokens, promptTokensDetails: counted.response.promptTokensDetails } },
    { at }
  )
  if (input.json) {
    return yield* screen.write(`${
      toJson({
        totalTokens,
        cachedTokens,
        model,
        cost: { currency: "USD", dollars: dollars(cost), isPartial: cost.isPartial },
        response: counted.response
      }, 2)
    }\n`)
  }
  yield* screen.write(`${totalTokens}\n`)
  const paid = price(cost, Server.isEmbedded(server))
  yield* say(`-- ${model}: ${totalTokens} tokens of input${paid === undefined ? "" : `, ${paid}`} without the answer`)
})
