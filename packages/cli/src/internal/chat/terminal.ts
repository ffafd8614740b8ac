/** A chat at a terminal: lines with editing and history, answers painted as they come, a question before a tool is called. */
import * as TerminalCapabilities from "effect/cli/TerminalCapabilities"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as FiberHandle from "effect/FiberHandle"
import * as Terminal from "effect/Terminal"
import * as AnswerSink from "../ask/AnswerSink.ts"
import { AnswerStatus, notice } from "../ask/AnswerStatus.ts"
import * as AnswerText from "../ask/AnswerText.ts"
import * as Explain from "../explain.ts"
import * as Lines from "../lines.ts"
import * as Prompt from "../Prompt.ts"
import { json as toJson, shown } from "../Shown.ts"
import type { Options } from "./pipe.ts"
import { Joined } from "./Slash.ts"
import type { Consent, Stage } from "./Stage.ts"
import type { Talk } from "./Talk.ts"

/** How much of a call's arguments is shown at first. */
const longest = 2_000

export const make = ({ allowed, screen }: Options) =>
  Effect.gen(function*() {
    const terminal = yield* Terminal.Terminal
    const { columns } = terminal
    const { canColor } = yield* TerminalCapabilities.TerminalCapabilities
    const style = canColor ? Lines.coloured : Lines.plain
    const prompt = yield* Prompt.make
    const drawing = yield* FiberHandle.make<void>()
    const note = yield* AnswerSink.aside(screen, canColor)
    let sink = AnswerSink.none
    let text = new AnswerText.AnswerText()
    let status: AnswerStatus | undefined

    const quiet = Effect.andThen(FiberHandle.clear(drawing), Effect.ignore(screen.hide))
    /** The line below the answer, from now on: what is done, and for how long. */
    const busy = Effect.fnUntraced(function*(what: string) {
      const shown = new AnswerStatus(what, yield* Clock.currentTimeMillis)
      status = shown
      yield* screen.show((now, columns) => shown.line(now, columns))
      yield* FiberHandle.run(
        drawing,
        Effect.forever(Effect.andThen(Effect.ignore(screen.refresh), Effect.sleep("100 millis")))
      )
    })

    const ask = (tool: string, args: string): Effect.Effect<Consent, never> =>
      Effect.gen(function*() {
        while (true) {
          const isNarrow = ((yield* columns) || 80) < 72
          const heard = yield* prompt.ask(
            isNarrow
              ? "call it? y, n, a(lways), v(iew) > "
              : "call it? y yes, n no, a always in this chat, v all of it > "
          )
          if (heard._tag !== "Line") return { _tag: "Refused", why: "the user refused this call" }
          const said = heard.text.trim()
          switch (said.toLowerCase()) {
            case "y":
            case "yes":
              return { _tag: "Given", how: "once" }
            case "a":
            case "always":
              allowed.add(tool)
              return { _tag: "Given", how: "always" }
            case "v":
              yield* Effect.ignore(screen.write(`${args}\n`))
              break
            case "":
            case "n":
            case "no":
              return { _tag: "Refused", why: "the user refused this call" }
            default:
              return { _tag: "Refused", why: `the user refused this call and says: ${said}` }
          }
        }
      })

    const stage: Stage = {
      asking: (model) =>
        Effect.gen(function*() {
          sink = yield* Effect.provideService(AnswerSink.terminal(screen, canColor), Terminal.Terminal, terminal)
          text = new AnswerText.AnswerText()
          yield* busy(model)
        }),
      waits: (event) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          status?.on(event, now)
          const line = screen.isLive ? undefined : notice(event, now)
          return line === undefined ? Effect.void : Effect.ignore(note(line))
        }),
      came: ({ response, usage }) =>
        Effect.suspend(() => {
          status?.came(usage?.candidatesTokens)
          return sink.write(text.push(response))
        }),
      ended: Effect.suspend(() => {
        const { end } = sink
        sink = AnswerSink.none
        return Effect.andThen(quiet, end)
      }),
      consent: (tool, args) =>
        Effect.gen(function*() {
          if (allowed.has(tool.name)) return { _tag: "Given", how: "allowed" }
          yield* quiet
          const all = toJson(args, 2)
          const more = all.length - longest
          yield* screen.write(
            shown`${style.strong(`the model wants to call ${tool.name}`)} ${
              more > 0 ? `${all.slice(0, longest)}\n… ${more} more characters: v shows them` : all
            }\n`
          )
          return yield* ask(tool.name, all)
        }),
      calling: (tool, args) =>
        Effect.gen(function*() {
          const all = toJson(args)
          yield* screen.write(
            shown`${style.faint(`· ${tool.name} ${all.length > 200 ? `${all.slice(0, 200)}…` : all}`)}\n`
          )
          yield* busy(tool.name)
        }),
      returned: ({ name }, { isFailure, response }) =>
        Effect.andThen(
          quiet,
          isFailure
            ? screen.write(shown`${style.faint(`· ${name} failed: ${String(response["error"])}`)}\n`)
            : Effect.void
        )
    }

    const lead = Effect.fnUntraced(function*(talk: Talk) {
      yield* note(`talking with ${talk.model}: /help lists what else there is, Ctrl-D ends`)
      const joined = new Joined()
      const hear = (text: string) =>
        talk.hear(text).pipe(
          Effect.catchTags({
            // What went wrong with one question does not end the chat.
            GeminiError: (error) => Effect.as(note(Explain.geminiError(error)), true),
            CommandFailed: ({ text }) => Effect.as(note(text), true)
          })
        )
      while (true) {
        const heard = yield* prompt.next(joined.isOpen ? "… " : "> ")
        if (heard._tag === "Ended") return 0
        if (heard._tag === "Interrupted") {
          if (joined.clear() !== undefined) continue
          return 130
        }
        const text = joined.push(heard.text)
        if (text === undefined) continue
        let goesOn = true
        const isWhole = yield* prompt.untilInterrupted(Effect.map(hear(text), (more) => {
          goesOn = more
        }))
        if (!isWhole) yield* note("broken off; what came is kept")
        if (!goesOn) return 0
      }
    })
    return { stage, lead, note }
  })
