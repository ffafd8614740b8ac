/**
 * A chat without a terminal: each line of stdin is a question or a command, the answers go to stdout and all else to
 * stderr. Nobody can be asked there, so a call that nothing allows is refused.
 */
import type { CallEvent } from "effect-gemini/call/CallOptions"
import * as Clock from "effect/Clock"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stdio from "effect/Stdio"
import * as Stream from "effect/Stream"
import { CommandFailed } from "../CommandFailed.ts"
import * as Explain from "../explain.ts"
import * as Lines from "../lines.ts"
import type { Screen } from "../Screen.ts"
import { Joined } from "./Slash.ts"
import type { Stage } from "./Stage.ts"
import type { Talk } from "./Talk.ts"

export interface Options {
  readonly screen: Screen
  /** The tools that may be called without a question. */
  readonly allowed: Set<string>
}

/** What a wait is called, where there is no status line. */
export const waiting = (event: CallEvent, now: number): string | undefined => {
  switch (event._tag) {
    case "Waiting":
      return `waiting for ${event.lane.quotaModel}'s quota${
        event.until === undefined ? "" : `, ${Lines.time(Math.max(0, event.until - now))} left`
      }`
    case "Retrying":
      return `attempt ${event.attempt} failed (${event.error.reason._tag}), the next one in ${
        Lines.time(Duration.toMillis(event.delay))
      }`
    case "Chosen":
      return undefined
  }
}

export const make = ({ allowed, screen }: Options) =>
  Effect.gen(function*() {
    const stdio = yield* Stdio.Stdio
    let last = "\n"
    const stage: Stage = {
      asking: () => Effect.void,
      waits: (event) =>
        Effect.flatMap(Clock.currentTimeMillis, (now) => {
          const line = waiting(event, now)
          return line === undefined ? Effect.void : Effect.ignore(screen.note(line))
        }),
      came: ({ text }) =>
        Effect.suspend(() => {
          last = text === "" ? last : text
          return screen.write(text)
        }),
      ended: Effect.suspend(() => {
        const end = last.endsWith("\n") ? "" : "\n"
        last = "\n"
        return screen.write(end)
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
    })
    return { stage, lead, note: screen.note }
  })
