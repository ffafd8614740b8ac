/** What `gemini-fx research` does. */
import * as NodeFileSystem from "@effect/platform-node/NodeFileSystem"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import type * as Journal from "effect-gemini-journal/Journal"
import type { JournalError } from "effect-gemini-journal/JournalError"
import * as Files from "effect-gemini/files/Files"
import type * as GeminiConfig from "effect-gemini/GeminiConfig"
import type { GeminiError } from "effect-gemini/GeminiError"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import type { ResearchEvent } from "effect-gemini/research/ResearchEvent"
import type { ResearchDocument, ResearchSettings } from "effect-gemini/research/ResearchOptions"
import * as ResearchReport from "effect-gemini/research/ResearchReport"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import type * as Part from "effect-gemini/wire/Part"
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Base64 from "effect/encoding/Base64"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import type { PlatformError } from "effect/PlatformError"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Schedule from "effect/Schedule"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { extname } from "node:path"
import * as Age from "../age.ts"
import * as AnswerSink from "../ask/AnswerSink.ts"
import * as Attached from "../ask/attached.ts"
import * as Attachment from "../ask/Attachment.ts"
import * as Footer from "../ask/footer.ts"
import * as OutFile from "../ask/outFile.ts"
import * as Question from "../ask/Question.ts"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as Screen from "../Screen.ts"
import * as Server from "../server.ts"
import { json as toJson } from "../Shown.ts"
import { plural } from "../table.ts"
import * as PlanWaits from "./PlanWaits.ts"
import * as ReportPage from "./reportPage.ts"
import { ResearchBar, titleOf } from "./ResearchBar.ts"
import * as ResearchList from "./researchList.ts"

/** The values of the command's flags. */
export interface Input {
  readonly words: ReadonlyArray<string>
  readonly attachments: ReadonlyArray<string>
  readonly plan: boolean
  readonly max: boolean
  readonly charts: boolean
  readonly deadline: Option.Option<string>
  readonly maxTokens: Option.Option<number>
  readonly out: Option.Option<string>
  readonly resume: Option.Option<string>
  readonly approve: boolean
  readonly change: Option.Option<string>
  readonly cancel: Option.Option<string>
  readonly list: boolean
  readonly json: boolean
  readonly stream: boolean
  readonly plain: boolean
  readonly quiet: boolean
  readonly emulator: boolean
  readonly directory: string
}

const usage = (text: string) => new CommandFailed({ exitCode: 2, text })

type Decision = ReturnType<ReturnType<typeof PlanWaits.decide>>
type Settings =
  & ResearchSettings<undefined, Effect.Error<Decision>, Effect.Services<Decision>>
  & { readonly outputSchema?: undefined }

type Events = Stream.Stream<
  ResearchEvent,
  GeminiError | JournalError | Effect.Error<Decision>,
  Effect.Services<Decision> | Interactions.Interactions | Journal.Journal
>

/** The agent that looks further (Google's guide, June 2026). */
const maxAgent = "deep-research-max-preview-04-2026"

/** The model of whose prices the agent's tokens are (Google's guide to deep research, June 2026). */
const pricedAs = "gemini-3.1-pro-preview"

const failed = (error: GeminiError | JournalError): CommandFailed => {
  if (error._tag === "GeminiError") return new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) })
  const isMistake = ["NotFound", "InvalidId", "ForeignRecord", "NewerVersion", "Unsafe"].includes(error.reason._tag)
  const hint = error.reason._tag === "NotFound" ? "\n  `gemini-fx research --list` shows those that there are" : ""
  return new CommandFailed({ exitCode: isMistake ? 2 : 1, text: `${error.message}${hint}` })
}

/** Flags that contradict each other. */
const conflict = (input: Input): string | undefined => {
  const { approve, attachments, cancel, change, list, plan, resume, stream, words } = input
  const ways = [list, Option.isSome(cancel), Option.isSome(resume)].filter((is) => is).length
  if (ways > 1) return "--list, --cancel and --resume do different things: choose one"
  if (ways === 1 && (words.length > 0 || attachments.length > 0 || plan)) {
    return "--list, --cancel and --resume take no question: a research has one already"
  }
  if ((approve || Option.isSome(change)) && Option.isNone(resume)) {
    return "--approve and --change are about a plan that waits: name its research with --resume"
  }
  if (approve && Option.isSome(change)) return "--approve lets it begin and --change asks for another plan: choose one"
  if (stream && !input.json) return "--stream writes events, which is for --json"
  return undefined
}

/** A name that a person finds again: the first words, and four characters that tell it from others. */
const idOf = (query: string): string => {
  const words = query.toLowerCase().normalize("NFKD").replace(/\p{M}+/gu, "").replace(/[^a-z0-9]+/g, "-").replace(
    /^-|-$/g,
    ""
  ).slice(0, 24)
  const nonce = globalThis.crypto.randomUUID().slice(0, 4)
  return `${words.replace(/-$/, "") || "research"}-${nonce}`
}

const attachedOf = (part: Part.Part): Result.Result<ReadonlyArray<ResearchDocument>, CommandFailed> => {
  if (typeof part.text === "string") return Result.succeed([{ type: "text", text: part.text }])
  const { fileData, inlineData } = part
  if (inlineData?.data) {
    const mimeType = inlineData.mimeType ?? "application/octet-stream"
    return Result.match(Base64.decode(inlineData.data), {
      onFailure: () => Result.succeed([]),
      onSuccess: (data) => Result.succeed([{ data, mimeType }])
    })
  }
  if (!fileData?.fileUri) return Result.succeed([])
  return fileData.mimeType
    ? Result.succeed([{ uri: fileData.fileUri, mimeType: fileData.mimeType }])
    : Result.fail(usage(`${fileData.fileUri}: nothing says what it is; save it, and attach the file`))
}

const clientOf = (options: GeminiConfig.Options): Layer.Layer<Interactions.Interactions | Files.Files> => {
  const { apiKey = Redacted.make(""), apiVersion, baseUrl, destination, retry, timeouts } = options
  const resources = ResourceHttp.layer({ apiKey, apiVersion, baseUrl, destination, retry, timeouts }).pipe(
    Layer.provide(NodeGemini.layerHttpClient())
  )
  const interactions = Interactions.layer().pipe(Layer.provide(NodeGemini.layerHttp(options)))
  return Layer.merge(interactions, Files.layer()).pipe(Layer.provide(resources))
}

/** Draws the status line until the scope ends; `paused` takes it away meanwhile. */
const drawing = (screen: Screen.Screen, bar: ResearchBar) => {
  const shown = screen.show((now, columns) => bar.line(now, columns))
  const paused = <A, E, R>(effect: Effect.Effect<A, E, R>): Effect.Effect<A, E, R> =>
    Effect.ensuring(Effect.andThen(Effect.ignore(screen.hide), effect), shown)
  const begun = screen.isLive
    ? Effect.gen(function*() {
      yield* shown
      yield* Effect.addFinalizer(() => Effect.ignore(screen.hide))
      yield* Effect.forkScoped(Effect.repeat(Effect.ignore(screen.refresh), Schedule.spaced("100 millis")))
    })
    : Effect.void
  return { begun, paused }
}

const hostOf = (url: string): string => URL.canParse(url) ? new URL(url).host : url

/** What is said of an event, in a line; undefined: nothing. */
const noteOf = (event: ResearchEvent, command: string, isLive: boolean): string | undefined => {
  switch (event._tag) {
    case "Started":
      return event.isAgain
        ? "it was asked once more: the answer to the first asking was lost, and it may be charged, too"
        : event.stage === "plan"
        ? `planning; after a break: ${command}`
        : `researching; after a break: ${command}`
    case "Searched":
      return `? ${event.queries.join("; ")}`
    case "Read":
      return `  ${plural(event.urls.length, "page")} of ${[...new Set(event.urls.map(hostOf))].join(", ")}`
    case "Thought":
      return isLive ? undefined : `  ${titleOf(event.text)}`
    case "Decided":
      return event.decision._tag === "Approve" ? "the plan is approved" : `the plan is changed: ${event.decision.text}`
    default:
      return undefined
  }
}

/** What `--json` writes of a report. */
const documentOf = (report: ResearchReport.ResearchReport): object => {
  const { cost, output: _, ...rest } = report
  return {
    ...rest,
    markdown: ResearchReport.toMarkdown(report),
    cost: { currency: "USD", dollars: Footer.dollars(cost), isPartial: cost.isPartial }
  }
}

/** The report as the file that is named wants it. */
const fileOf = (path: string, facts: ReportPage.PageFacts): string => {
  switch (extname(path).toLowerCase()) {
    case ".html":
    case ".htm":
      return ReportPage.of(facts)
    case ".json":
      return `${toJson(documentOf(facts.report), 2)}\n`
    default:
      return ResearchReport.toMarkdown(facts.report)
  }
}

export const research = Effect.fnUntraced(function*(input: Input) {
  const wrong = conflict(input)
  if (wrong !== undefined) return yield* usage(wrong)
  const screen = yield* Screen.make
  const journal = FileJournal.layer({ directory: input.directory }).pipe(Layer.provide(NodeFileSystem.layer))
  if (input.list) {
    return yield* ResearchList.list(screen, input.json, pricedAs).pipe(
      Effect.catchTag("JournalError", (error) => Effect.fail(failed(error))),
      Effect.provide(journal)
    )
  }
  const out = Option.getOrUndefined(input.out)
  if (out !== undefined) yield* OutFile.check(out)
  const server = yield* Server.choose({}, input.emulator)
  const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
  const aside = yield* AnswerSink.aside(screen, canColor)
  const say = (line: string): Effect.Effect<void, PlatformError> => input.quiet ? Effect.void : aside(line)
  const environment = Layer.merge(server.clientOf(clientOf), journal)
  if (Option.isSome(input.cancel)) {
    yield* say(server.says)
    const { id, state } = yield* Effect.mapError(
      Effect.provide(DeepResearch.cancel(input.cancel.value), environment),
      failed
    )
    return yield* screen.write(`${id}: ${state}\n`)
  }
  const deadline = yield* deadlineOf(input)
  const flagged = yield* Attachment.readAll(input.attachments)
  const question = Option.isSome(input.resume) ? undefined : yield* Question.read(input.words, {
    screen,
    isEdited: false,
    isStdinTaken: input.attachments.includes("-"),
    about: flagged[0]?.from,
    isEnough: false
  })
  if (question?.text === "") return yield* usage(Question.nothing(flagged[0]?.from))
  const attachments = question?.attached === undefined ? flagged : [question.attached, ...flagged]
  const id = Option.getOrElse(input.resume, () => idOf(question?.text ?? ""))
  const folder = input.directory === ".research" ? "" : ` -d ${input.directory}`
  const command = `gemini-fx research --resume ${id}${folder}`
  yield* say(server.says)

  const begunAt = yield* Clock.currentTimeMillis
  const bar = new ResearchBar(begunAt)
  const { begun, paused } = drawing(screen, bar)
  const isPainted = canColor && !input.plain
  const given = input.approve
    ? { _tag: "Approve" as const }
    : Option.isSome(input.change)
    ? { _tag: "Change" as const, text: input.change.value }
    : undefined
  const stdio = yield* Stdio.Stdio
  const plan = PlanWaits.decide({ screen, isPainted, given }, paused)
  const isDecided = input.plan || question === undefined
  const settings: Settings = {
    pricedAs,
    visualization: input.charts ? "auto" : "off",
    ...(Option.isSome(input.maxTokens) ? { budget: { tokens: input.maxTokens.value } } : {}),
    ...(isDecided ? { plan } : {})
  }
  const queries: Array<string> = []
  const told = Effect.fnUntraced(function*(event: ResearchEvent) {
    bar.on(event)
    if (event._tag === "Searched") queries.push(...event.queries)
    if (input.json && input.stream && event._tag !== "Finished") return yield* screen.write(`${toJson(event)}\n`)
    const line = noteOf(event, command, screen.isLive)
    if (line !== undefined) yield* say(line)
  })
  const parts = Attached.parts(attachments, {
    isKept: true,
    tell: ({ from }) => say(`uploading ${from}`)
  })
  const work = Effect.gen(function*() {
    yield* begun
    const documents = yield* Effect.forEach(yield* parts, (part) => Effect.fromResult(attachedOf(part)))
    const events: Events = question === undefined
      ? DeepResearch.resume(id, settings)
      : DeepResearch.run({
        ...settings,
        id,
        query: question.text,
        documents: documents.flat(),
        ...(input.max ? { agent: maxAgent } : {}),
        ...(deadline === undefined ? {} : { deadline })
      })
    return yield* Stream.runLast(Stream.tap(events, told))
  })
  const last = yield* work.pipe(
    Effect.scoped,
    Effect.map(Option.getOrUndefined),
    Effect.catchTags({
      GeminiError: (error) => Effect.fail(failed(error)),
      JournalError: (error) => Effect.fail(failed(error)),
      PlanWaits: ({ isShown, plan }) => Effect.as(waiting(screen, isShown ? "" : plan, command), undefined)
    }),
    Effect.onInterrupt(() => Effect.sync(() => screen.now(`the agent goes on; so does ${command}`))),
    Effect.provide(environment)
  )
  if (last?._tag !== "Finished") return
  const { report } = last
  const agent = report.usages.find(({ stage }) => stage === "research")?.of ?? DeepResearch.defaultAgent
  const facts = { report, agent, queries, isRehearsal: Server.isEmbedded(server) }
  if (out !== undefined) yield* OutFile.write(out, fileOf(out, facts))
  else if (input.json) {
    const document = documentOf(report)
    yield* screen.write(
      input.stream ? `${toJson({ _tag: "Finished", report: document })}\n` : `${toJson(document, 2)}\n`
    )
  } else {
    const isTerminal = yield* stdio.stdoutIsTerminal
    const sink = isTerminal ? yield* AnswerSink.terminal(screen, isPainted) : AnswerSink.pipe(screen)
    if (isTerminal) yield* screen.write("\n")
    yield* sink.write(ResearchReport.toMarkdown(report))
    yield* sink.end
    if (isTerminal) yield* screen.write("\n")
    if (report.images.length > 0) {
      yield* say(`the report holds ${plural(report.images.length, "image")}: ${command} --out FILE.html shows them`)
    }
  }
  if (out !== undefined) yield* screen.write(`${out}\n`)
  const duration = (yield* Clock.currentTimeMillis) - begunAt
  const partial = report.isPartial ? "; the agent stopped before it was done" : ""
  yield* say(
    `${Footer.footer({ model: agent, usage: report.usage, cost: report.cost, duration }, facts.isRehearsal)}; ${
      plural(report.sources.length, "source")
    }${partial}`
  )
})

const deadlineOf = ({ deadline }: Input) =>
  Effect.suspend(() => {
    if (Option.isNone(deadline)) return Effect.undefined
    const read = Age.parse(deadline.value)
    return read === undefined
      ? Effect.fail(usage(`--deadline ${deadline.value}: expected a time such as 30m or 1h`))
      : Effect.succeed(read)
  })

/** The plan, and how somebody decides about it later. */
const waiting = (screen: Screen.Screen, plan: string, command: string) =>
  Effect.andThen(
    screen.write(plan === "" ? "" : `${plan.trimEnd()}\n`),
    screen.note(`the plan waits: ${command} --approve lets it begin, --change "…" changes it`)
  )
