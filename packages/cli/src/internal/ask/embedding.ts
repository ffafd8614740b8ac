/** What `gemini-fx embed` does. */
import { type EmbedRequest, GeminiClient } from "effect-gemini/GeminiClient"
import type { TierName } from "effect-gemini/limits/Tier"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Content from "effect-gemini/wire/Content"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stdio from "effect/Stdio"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as CommonFlags from "../flags.ts"
import { time } from "../lines.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { json as toJson } from "../Shown.ts"
import * as AnswerSink from "./AnswerSink.ts"
import * as Attached from "./attached.ts"
import * as Attachment from "./Attachment.ts"

/** The values of the command's flags. */
export interface EmbedInput {
  readonly texts: ReadonlyArray<string>
  readonly lines: boolean
  readonly attachments: ReadonlyArray<string>
  readonly model: string
  readonly task: Option.Option<string>
  readonly dimensions: Option.Option<number>
  readonly json: boolean
  readonly quiet: boolean
  readonly emulator: boolean
  readonly tier: Option.Option<TierName>
  readonly config: Option.Option<string>
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

/** The most inputs of one request, which Google refuses beyond (documentation of November 2026). */
const most = 100

const nothing =
  "there is nothing to embed: gemini-fx embed \"A cat\" \"A dog\", or pipe a text in; `gemini-fx embed --help` says more"

/** The texts of stdin: one, or one a line. */
const piped = Effect.fnUntraced(function*(input: EmbedInput) {
  const stdio = yield* Stdio.Stdio
  if (yield* stdio.stdinIsTerminal) return []
  const attachment = yield* Attachment.readOptional(stdio.stdin)
  if (attachment === undefined) return []
  const { content } = attachment
  if (content._tag !== "Text") {
    return yield* usage("stdin holds no text of UTF-8 up to 8 MB; -a - embeds an image, PDF, sound or video")
  }
  if (!input.lines) return [content.text.trim()]
  return content.text.split(/\r?\n/).map((line) => line.trim()).filter((line) => line !== "")
})

export const embed = Effect.fnUntraced(function*(input: EmbedInput) {
  yield* Effect.fromResult(
    Result.mapError(ModelId.parse(input.model), (problem) => usage(`--model: ${problem}`))
  )
  const dimensions = Option.getOrUndefined(input.dimensions)
  if (dimensions !== undefined && dimensions < 1) {
    return yield* usage(`--dimensions ${dimensions}: expected at least 1`)
  }
  if (input.lines && input.texts.length > 0) {
    return yield* usage("--lines is for stdin, and there are texts in the command line")
  }
  if (input.texts.some((text) => text.trim() === "")) return yield* usage("an empty text has no vector")
  const shared = yield* CommonFlags.options(input)
  const server = yield* Server.choose(shared, input.emulator)
  const screen = yield* Screen.make
  const attachments = yield* Attachment.readAll(input.attachments)
  const isStdin = input.texts.length === 0 && attachments.length === 0
  const texts = isStdin ? (yield* piped(input)).filter((text) => text !== "") : input.texts
  if (texts.length + attachments.length === 0) return yield* usage(nothing)

  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const aside = yield* AnswerSink.aside(screen, canColor)
  const say = (line: string) => input.quiet ? Effect.void : aside(line)
  yield* say(server.says)
  const begunAt = yield* Clock.currentTimeMillis
  const settings: Omit<EmbedRequest, "contents"> = {
    model: input.model,
    ...(Option.isNone(input.task) ? {} : { taskType: input.task.value.toUpperCase().replaceAll("-", "_") }),
    ...(dimensions === undefined ? {} : { outputDimensionality: dimensions })
  }
  const vectors: Array<ReadonlyArray<number>> = []
  let tokens: number | undefined
  const tell = (attachment: Attachment.Attachment | undefined) =>
    attachment === undefined ? Effect.void : say(`uploading ${attachment.from}`)
  yield* Attached.provided(server, attachments, tell, (parts) =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient
      const inputs = [...texts, ...parts.map((part) => Content.user([part]))]
      for (let at = 0; at < inputs.length; at += most) {
        const got = yield* gemini.embed({ ...settings, contents: inputs.slice(at, at + most) })
        if (got.promptTokens !== undefined) tokens = (tokens ?? 0) + got.promptTokens
        vectors.push(...got.vectors)
        if (!input.json) yield* screen.write(got.vectors.map((vector) => `${JSON.stringify(vector)}\n`).join(""))
      }
    })).pipe(
      Effect.catchTag(
        "GeminiError",
        (error) => Effect.fail(new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) }))
      )
    )
  if (input.json) yield* screen.write(`${toJson({ model: input.model, promptTokens: tokens, vectors }, 2)}\n`)
  const duration = (yield* Clock.currentTimeMillis) - begunAt
  yield* say(
    `-- ${input.model}: ${vectors.length} vector${vectors.length === 1 ? "" : "s"} of ${
      vectors[0]?.length ?? 0
    } numbers${tokens === undefined ? "" : `, ${tokens} tokens`} in ${time(duration)}`
  )
})
