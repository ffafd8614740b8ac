/**
 * A conversation by voice: what is heard goes to the model, what the model says to the speaker, and what happens to the
 * view. It knows no browser, so that it runs in a test with a microphone and a speaker of the test's own.
 */
import * as GeminiLive from "effect-gemini/GeminiLive"
import * as Audio from "effect-gemini/live/Audio"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as LiveTools from "effect-gemini/live/LiveTools"
import { LiveError } from "effect-gemini/LiveError"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Stream from "effect/Stream"

/** What the backend gives the page: a token in place of the key, and what it is good for. */
export interface Admission {
  readonly token: string
  readonly model: string
  /** Absent: Google. */
  readonly baseUrl?: string | undefined
}

export type Status = "connecting" | "listening" | "reconnecting"

/** What the user sees. */
export interface View {
  readonly status: (status: Status, note?: string) => void
  /** More of what somebody has said; what the model says comes in pieces that belong together. */
  readonly said: (who: "you" | "model", text: string, isInterim: boolean) => void
  /** The turn is over, or was cut: what comes next is another line. */
  readonly turnOver: (wasCut: boolean) => void
  readonly lamp: (isOn: boolean) => void
}

export interface Options<E1, R1, E2, R2> {
  /** Asks the backend for a token. */
  readonly admission: Effect.Effect<Admission, E1, R1>
  readonly microphone: Stream.Stream<Uint8Array, E2, R2>
  readonly speaker: { readonly play: (pcm: Uint8Array) => Effect.Effect<void>; readonly flush: Effect.Effect<void> }
  readonly view: View
  /** Is given the session, for a button that stops the model. */
  readonly onSession?: (session: LiveSession) => void
}

const functionsOf = (view: View) =>
  LiveTools.make({
    lamp: {
      description: "Switches the lamp of the room on or off",
      parametersJsonSchema: { type: "object", properties: { on: { type: "boolean" } }, required: ["on"] },
      // The model goes on speaking while the function runs, and comes back to its answer.
      behavior: "NON_BLOCKING",
      handle: ({ on }) =>
        Effect.sync(() => {
          view.lamp(on === true)
          return `the lamp is ${on === true ? "on" : "off"}`
        })
    }
  })

/** What one event means for somebody who listens. */
const react =
  ({ speaker, view }: Pick<Options<never, never, never, never>, "speaker" | "view">) => (event: LiveEvent) => {
    switch (event._tag) {
      case "Audio":
        return speaker.play(Audio.bytes(event))
      case "Interrupted":
        // The user has spoken up. The model has stopped, but most of what it said is still waiting to be heard.
        view.turnOver(true)
        return speaker.flush
      case "InputTranscription":
        return Effect.sync(() => view.said("you", event.text, event.isInterim))
      case "OutputTranscription":
        return Effect.sync(() => view.said("model", event.text, false))
      case "TurnComplete":
        return Effect.sync(() => view.turnOver(false))
      case "Reconnecting":
        return Effect.sync(() => view.status("reconnecting"))
      case "Reconnected":
        return Effect.sync(() =>
          view.status("listening", event.isStateRestored ? undefined : "it has forgotten what was said before")
        )
      case "TurnInterrupted":
        return Effect.sync(() => view.turnOver(true))
      default:
        // GoAway needs nothing: the session leaves by itself, when nobody is speaking.
        return Effect.void
    }
  }

/** A session that ended sooner than this is not followed by another one: something is wrong that would be again. */
const shortest = 10_000

/**
 * Talks until it is interrupted. A lost connection and the server's ten minutes are the session's own business
 * (`reconnect`). What ends a session is the end of its token, or trouble that outlasts the attempts: then the conversation
 * goes on with another token, from the last handle.
 */
export const talk = <E1, R1, E2, R2>(
  options: Options<E1, R1, E2, R2>
): Effect.Effect<never, E1 | E2 | LiveError, R1 | R2> => {
  const { admission, microphone, onSession, view } = options
  let handle: string | undefined

  const opened = Effect.fnUntraced(function*(model: string) {
    const session = yield* GeminiLive.GeminiLive.use((live) =>
      live.connect({
        model,
        resumeFrom: handle,
        reconnect: true,
        functions: functionsOf(view),
        inputAudioTranscription: {},
        outputAudioTranscription: {},
        // Without it a session ends after fifteen minutes of sound.
        contextWindowCompression: { slidingWindow: {} },
        // A browser has no pings: this finds a connection that is dead, and dials again where nobody says anything.
        timeouts: { silence: "2 minutes" }
      })
    )
    view.status("listening")
    onSession?.(session)
    const events = Stream.runForEach(session.events, (event) => {
      if (event._tag === "Resumption" && event.handle !== undefined) handle = event.handle
      return react(options)(event)
    })
    // Each piece is queued, and the oldest is dropped where the connection is too slow, so that nothing is late.
    const heard = Stream.runForEach(microphone, (pcm) => session.sendAudio(pcm))
    return yield* Effect.raceFirst(events, Effect.andThen(heard, Effect.never))
  }, Effect.scoped)

  const round = Effect.gen(function*() {
    view.status("connecting")
    const { baseUrl, model, token } = yield* admission
    const from = yield* Clock.currentTimeMillis
    const layer = GeminiLive.layerGlobal({ apiKey: Redacted.make(token), baseUrl })
    return yield* opened(model).pipe(
      Effect.provide(layer),
      Effect.catchIf(
        (error) => error instanceof LiveError,
        (error) => Effect.flatMap(Clock.currentTimeMillis, (now) => now - from < shortest ? error : Effect.void)
      )
    )
  })

  return Effect.forever(round)
}
