/**
 * A chat without a terminal: each line of stdin is a question or a command, the answers go to stdout and all else to
 * stderr. Nobody can be asked there, so a call that nothing allows is refused.
 */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import * as AnswerSink from "../ask/AnswerSink.ts"
import { notice } from "../ask/AnswerStatus.ts"
import * as AnswerText from "../ask/AnswerText.ts"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import type { Screen } from "../Screen.ts"
import { Joined } from "./Slash.ts"
import type { Stage } from "./Stage.ts"
import type { Talk } from "./Talk.ts"

export interface Options {
  readonly screen: Screen
  /** The tools that may be called without a question. */
  readonly allowed: Set<string>
}

export const make = ({ allowed, screen }: Options) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    let sink = AnswerSink.none
    let text = new AnswerText.AnswerText()
    const stage: Stage = {
      asking: () =>
        Effect.sync(() => {
          sink = AnswerSink.pipe(screen)
          text = new AnswerText.AnswerText()
        }),
      waits: (event) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const line = notice(event, now)
          return line === undefined ? Effect.void : Effect.ignore(screen.note(line))
        }),
      came: ({ response }) => Effect.suspend(() => sink.write(text.push(response))),
      ended: Effect.suspend(() => {
        const { end } = sink
        sink = AnswerSink.none
        return end
      }),
      consent: ({ name }) =>
        allowed.has(name)
          ? Effect.succeed({ _tag: "Given", how: "allowed" })
          : Effect.as(screen.note(`refused: ${name}, because nobody can be asked here; --allow ${name} allows it`), {
            _tag: "Refused",
            why: "refused: nobody is there who could allow this call"
          }),
      calling: ({ name }) => screen.note(`calling ${name}`),
      returned: ({ name }, { isFailure, response }) =>
        isFailure ? screen.note(`${name} failed: ${String(response["error"])}`) : Effect.void
    }
    const lead = Effect.fnUntraced(function*(talk: Talk) {
      const joined = new Joined()
      let goesOn = true
      const hear = (line: string) =>
        talk.hear(line).pipe(
          Effect.map((more) => {
            goesOn = more
          }),
          Effect.catchTag(
            "GeminiError",
            (error) => Effect.fail(new CommandFailed({ exitCode: 1, text: Explain.geminiError(error) }))
          )
        )
      yield* stdio.stdin.pipe(
        Stream.decodeText,
        Stream.splitLines,
        Stream.mapEffect((line) => {
          const text = joined.push(line)
          return text === undefined ? Effect.void : hear(text)
        }),
        Stream.takeWhile(() => goesOn),
        Stream.runDrain
      )
      const rest = joined.clear()
      if (goesOn && rest !== undefined) yield* hear(rest)
      return 0
    }, Effect.onInterrupt(() => Effect.ignore(screen.note("interrupted; what came is kept"))))
    return { stage, lead, note: screen.note }
  })
