/** What `gemini-fx ask` does. */
import * as Accumulate from "effect-gemini/call/Accumulate"
import type { CallEvent } from "effect-gemini/call/CallOptions"
import * as Cost from "effect-gemini/Cost"
import { GeminiClient } from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import type { TierName } from "effect-gemini/limits/Tier"
import * as GenerateContent from "effect-gemini/wire/GenerateContent"
import type * as Part from "effect-gemini/wire/Part"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as CommonFlags from "../flags.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { json as toJson } from "../Shown.ts"
import { bytes as sizeOf } from "../UploadBar.ts"
import * as AnswerSink from "./AnswerSink.ts"
import { AnswerStatus, notice } from "./AnswerStatus.ts"
import * as AnswerText from "./AnswerText.ts"
import * as Asked from "./asked.ts"
import * as Attached from "./attached.ts"
import * as Attachment from "./Attachment.ts"
import { several } from "./conciseSchema.ts"
import { dollars, footer, type Spent } from "./footer.ts"
import * as OutFile from "./outFile.ts"
import * as Question from "./Question.ts"
import * as SchemaFlag from "./schema.ts"

/** The values of the command's flags. */
export interface Input extends Asked.Flags, Asked.Settings {
  readonly words: ReadonlyArray<string>
  readonly attachments: ReadonlyArray<string>
  readonly schema: Option.Option<string>
  readonly schemaMulti: Option.Option<string>
  readonly onCut: "say" | "fail"
  readonly json: boolean
  readonly extract: boolean
  readonly out: Option.Option<string>
  readonly stream: boolean
  readonly plain: boolean
  readonly edit: boolean
  readonly quiet: boolean
  readonly emulator: boolean
  readonly tier: Option.Option<TierName>
  readonly config: Option.Option<string>
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })
const failed = (text: string) => new CommandFailed({ exitCode: 1, text })

const ok = <A>(result: Result.Result<A, string>) => Effect.fromResult(Result.mapError(result, usage))

/** Flags that contradict each other. */
const conflict = ({ extract, json, schema, schemaMulti }: Input): string | undefined => {
  if (Option.isSome(schema) && Option.isSome(schemaMulti)) {
    return "--schema is for one thing and --schema-multi for a list: choose one"
  }
  if (extract && json) return "--extract writes a block of code and --json a document: choose one"
  if (extract && (Option.isSome(schema) || Option.isSome(schemaMulti))) {
    return "--extract takes code out of a text, and with a schema the answer is JSON: choose one"
  }
  return undefined
}

const schemaOf = (input: Input) =>
  Option.isSome(input.schema)
    ? SchemaFlag.read("--schema", input.schema.value)
    : Option.isSome(input.schemaMulti)
    ? Effect.map(SchemaFlag.read("--schema-multi", input.schemaMulti.value), several)
    : Effect.succeed(undefined)

/** Draws the status line until the scope ends. */
const drawing = (screen: Screen.Screen, status: AnswerStatus) =>
  screen.isLive
    ? Effect.gen(function*() {
      yield* screen.show((now, columns) => status.line(now, columns))
      yield* Effect.addFinalizer(() => Effect.ignore(screen.hide))
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(screen.refresh), Schedule.spaced("100 millis")))
    })
    : Effect.void

const uploadLine = ({ from, size }: Attachment.Attachment): string =>
  `uploading ${from}${size === undefined ? "" : `, ${sizeOf(size)}`}`

interface Answered {
  readonly response: GenerateContent.GenerateContentResponse
  readonly text: string
}

export const ask = Effect.fnUntraced(function*(input: Input) {
  const wrong = conflict(input)
  if (wrong !== undefined) return yield* usage(wrong)
  const named = yield* ok(Asked.model(input))
  const out = Option.getOrUndefined(input.out)
  if (out !== undefined) yield* OutFile.check(out)
  const schema = yield* schemaOf(input)
  const generation = yield* ok(Asked.generation(input, schema))
  const shared = yield* CommonFlags.options(input)
  const server = yield* Server.choose(shared, input.emulator)
  const screen = yield* Screen.make
  const flagged = yield* Attachment.readAll(input.attachments)
  const question = yield* Question.read(input.words, {
    screen,
    isEdited: input.edit,
    isStdinTaken: input.attachments.includes("-"),
    about: flagged[0]?.from,
    isEnough: flagged.length > 0 && Option.isSome(input.system)
  })
  const attachments = question.attached === undefined ? flagged : [question.attached, ...flagged]
  if (question.text === "" && Option.isNone(input.system)) return yield* usage(Question.nothing(attachments[0]?.from))

  const stdio = yield* Stdio.Stdio
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const isTerminal = yield* stdio.stdoutIsTerminal
  const aside = yield* AnswerSink.aside(screen, canColor)
  const say = (line: string) => input.quiet ? Effect.void : aside(line)
  const isGathered = input.json || input.extract || out !== undefined || schema !== undefined
  const sink = isGathered
    ? AnswerSink.none
    : isTerminal
    ? yield* AnswerSink.terminal(screen, canColor && !input.plain)
    : AnswerSink.pipe(screen)

  const model = named ?? shared.defaultModel ?? GeminiConfig.defaultModel
  yield* say(server.says)
  // At a terminal the answer stands apart from what is said about it.
  const gap = isTerminal && !input.quiet && !isGathered ? screen.write("\n") : Effect.void
  yield* gap
  const begunAt = yield* Clock.currentTimeMillis
  const status = new AnswerStatus(model, begunAt)
  const observe = (event: CallEvent) =>
    Effect.flatMap(Clock.currentTimeMillis, (now) => {
      status.on(event, now)
      const line = screen.isLive ? undefined : notice(event, now)
      return line === undefined ? Effect.void : Effect.ignore(say(line))
    })

  const come: Array<GenerateContent.GenerateContentResponse> = []
  const text = new AnswerText.AnswerText()
  let thoughts = ""
  const think = Effect.suspend(() => {
    const lines = thoughts.trimEnd()
    thoughts = ""
    return lines === "" ? Effect.void : aside(lines)
  })
  const hear = Effect.fnUntraced(function*(response: GenerateContent.GenerateContentResponse) {
    come.push(response)
    status.came(GenerateContent.usage(response)?.candidatesTokens)
    if (input.thoughts) thoughts += GenerateContent.thoughts(response)
    const piece = text.push(response)
    if (piece === "") return
    yield* think
    yield* sink.write(piece)
  })
  const asking = (parts: ReadonlyArray<Part.Part>) =>
    Effect.gen(function*() {
      const gemini = yield* GeminiClient
      const request = Asked.request(input, model, question.text, parts, generation)
      if (!input.stream) return yield* hear((yield* gemini.generate(request, { observe })).response)
      yield* Stream.runForEach(gemini.generateStream(request, { observe }), ({ response }) => hear(response))
    })
  /** Says that an attachment is uploaded, or, without one, that all are. */
  const tell = (attachment: Attachment.Attachment | undefined) => {
    const line = attachment === undefined ? undefined : uploadLine(attachment)
    status.doing(line)
    return screen.isLive || line === undefined ? Effect.void : say(line)
  }
  const call = Effect.andThen(drawing(screen, status), Attached.provided(server, attachments, tell, asking)).pipe(
    Effect.scoped,
    Effect.onInterrupt(() => Effect.ignore(Effect.andThen(sink.end, screen.note("interrupted"))))
  )
  const outcome = yield* Effect.result(call)
  yield* think
  yield* sink.end
  const response = Accumulate.fromChunks(come)
  const answer: Answered = { response, text: text.text }
  if (Result.isFailure(outcome)) {
    const error = outcome.failure
    if (error._tag !== "GeminiError") return yield* error
    return yield* broken(screen, input, out, error, answer)
  }

  const spent: Spent = {
    model: response.modelVersion ?? model,
    usage: GenerateContent.usage(response),
    cost: Cost.of(model, response, { at: begunAt }),
    duration: (yield* Clock.currentTimeMillis) - begunAt,
    finishReason: GenerateContent.finishReason(response)
  }
  const isCut = spent.finishReason === "MAX_TOKENS"
  const value = schema === undefined || isCut ? undefined : yield* parsed(answer.text)
  const media = GenerateContent.media(response)
  if (input.json) {
    const document = `${toJson(documentOf(answer, spent, value), 2)}\n`
    yield* out === undefined ? screen.write(document) : OutFile.write(out, document)
  } else if (media[0] !== undefined && out !== undefined) {
    yield* OutFile.write(out, yield* bytesOf(media[0]))
    yield* say(`${out}: ${media[0].mimeType ?? "bytes"}`)
    if (answer.text.trim() !== "") yield* screen.write(answer.text.replace(/\n?$/, "\n"))
  } else if (isGathered) {
    const whole = value !== undefined ? toJson(value, 2) : input.extract
      ? AnswerText.firstBlock(answer.text) ?? answer.text
      : answer.text
    const written = whole.replace(/\n?$/, "\n")
    yield* out === undefined ? screen.write(written) : OutFile.write(out, written)
  }
  yield* gap
  if (media.length > 0 && (out === undefined || media.length > 1) && !input.json) {
    yield* say(`the answer holds ${media.map(({ mimeType }) => mimeType ?? "bytes").join(", ")}: --out FILE writes it`)
  } else if (answer.text.trim() === "" && media.length === 0) {
    yield* say(`the answer is empty${isCut ? ": its tokens went into thoughts; --max-tokens allows more" : ""}`)
  }
  for (const line of AnswerText.unread(response)) yield* say(line)
  for (const line of AnswerText.sourceLines(AnswerText.sources(response))) yield* say(line)
  yield* say(footer(spent, Server.isEmbedded(server)))
  if (isCut && (input.onCut === "fail" || schema !== undefined)) {
    return yield* failed(
      `the answer was cut at ${spent.usage?.candidatesTokens ?? "its most"} tokens${
        schema === undefined ? "" : ", so it is not the JSON that was asked for"
      }\n  --max-tokens allows more`
    )
  }
})

/** What came before the failure is not lost: it stands on the screen, or in a file beside the one that was named. */
const broken = Effect.fnUntraced(function*(
  screen: Screen.Screen,
  input: Input,
  out: string | undefined,
  error: GeminiError,
  answer: Answered
) {
  if (input.json && out === undefined) {
    const { message, reason, status } = error
    yield* screen.write(
      `${
        toJson({
          error: { reason: reason._tag, message, ...(status === undefined ? {} : { status }) },
          text: answer.text
        }, 2)
      }\n`
    )
  } else if (out !== undefined && answer.text !== "") {
    yield* OutFile.write(`${out}.part`, answer.text)
    return yield* failed(`${Explain.geminiError(error)}\n  what came of the answer is in ${out}.part`)
  }
  return yield* failed(Explain.geminiError(error))
})

const parsed = (text: string): Effect.Effect<unknown, CommandFailed> =>
  Effect.try({
    try: (): unknown => JSON.parse(text),
    catch: () => failed(`the model did not write the JSON that was asked for, but:\n${text}`)
  })

const bytesOf = ({ data }: Part.Blob): Effect.Effect<Uint8Array, CommandFailed> =>
  Effect.fromResult(
    Result.mapError(Base64.decode(data ?? ""), () => failed("the answer holds bytes that are not base64"))
  )

/** What `--json` writes. */
const documentOf = ({ response, text }: Answered, spent: Spent, value: unknown): object => {
  const sources = AnswerText.sources(response)
  return {
    text,
    ...(value === undefined ? {} : { value }),
    model: spent.model,
    finishReason: spent.finishReason,
    usage: spent.usage,
    cost: { currency: "USD", dollars: dollars(spent.cost), isPartial: spent.cost?.isPartial === true },
    milliseconds: spent.duration,
    ...(sources.length === 0 ? {} : { sources }),
    response
  }
}
