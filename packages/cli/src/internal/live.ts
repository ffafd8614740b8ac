/**
 * `gemini-fx live`: talks with a model over the Live API. What it does is in `liveTalk`, which is loaded when it is asked
 * for, because no other command needs it.
 */
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Flags from "./flags.ts"

const flags = {
  model: Flag.String("model").pipe(
    Flag.withAlias("m"),
    Flag.withDescription(`a model that talks Live; default: ${GeminiLive.defaultModel}`),
    Flag.withDefault(GeminiLive.defaultModel)
  ),
  question: Flag.String("in").pipe(
    Flag.withDescription(
      "ask with the sound of this WAV file, and end after the answer; default: the terminal's or a pipe's lines"
    ),
    Flag.optional
  ),
  out: Flag.String("out").pipe(
    Flag.withDescription("write what the model says into this WAV file; default: none"),
    Flag.optional
  ),
  emulator: Flags.emulator,
  tier: Flags.tier("the quota tier to keep; default: free, none with the emulator")
}

export const liveCommand = Command.make(
  "live",
  flags,
  (input) => Effect.flatMap(Effect.promise(() => import("./liveTalk.ts")), ({ converse }) => converse(input))
).pipe(
  Command.withDescription("Talk with a model over the Live API: line by line, or in WAV files"),
  Command.withExamples([
    { command: "gemini-fx live", description: "Talk at the terminal; a pipe's lines are turns, too" },
    { command: "gemini-fx live --in question.wav --out answer.wav", description: "Ask and be answered in sound" }
  ])
)
