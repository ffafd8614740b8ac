/** The page: two buttons, a lamp, and what was said. */
import * as Audio from "effect-gemini/live/Audio"
import type { LiveSession } from "effect-gemini/live/LiveSession"
import * as Data from "effect/Data"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import type { FromSpeaker } from "./audioThread.ts"
import * as Conversation from "./Conversation.ts"
import * as Microphone from "./Microphone.ts"
import * as Speaker from "./Speaker.ts"

const element = (id: string): HTMLElement => {
  const found = document.getElementById(id)
  if (found === null) throw new Error(`the page has no #${id}`)
  return found
}

const start = element("start")
const hush = element("hush")
const transcript = element("transcript")
const status = element("status")
const lamp = element("lamp")
const voice = element("voice")

class NotAdmitted extends Data.TaggedError("NotAdmitted")<{ readonly message: string }> {}

const admission = Effect.tryPromise({
  try: async (signal): Promise<Conversation.Admission> => {
    const response = await fetch("/token", { method: "POST", signal })
    if (!response.ok) throw new Error(`/token answered ${response.status}`)
    return response.json()
  },
  catch: (error) => new NotAdmitted({ message: String(error) })
})

/** The lines that are still being said, one for each side. */
const lines = new Map<"you" | "model", { readonly row: HTMLElement; text: string }>()

const view: Conversation.View = {
  status: (now, note) => {
    status.dataset["status"] = now
    status.textContent = note === undefined ? now : `${now}: ${note}`
  },
  said: (who, text, isInterim) => {
    const known = lines.get(who)
    const line = known ?? { row: document.createElement("li"), text: "" }
    if (known === undefined) {
      line.row.className = who
      transcript.append(line.row)
      lines.set(who, line)
    }
    line.row.classList.toggle("interim", isInterim)
    // A transcription that is not final yet is replaced by the next one.
    line.row.textContent = line.text + text
    if (!isInterim) line.text += text
    if (who === "you" && !isInterim) lines.delete("you")
    line.row.scrollIntoView({ block: "nearest" })
  },
  turnOver: (wasCut) => {
    const line = lines.get("model")
    if (wasCut) line?.row.classList.add("cut")
    lines.delete("model")
  },
  lamp: (isOn) => lamp.classList.toggle("on", isOn)
}

const heard = { played: 0, dropped: 0, cuts: 0 }

const onSpeaker = (what: FromSpeaker): void => {
  if (what._tag !== "Playing") heard.played += what.played
  if (what._tag === "Flushed") {
    heard.dropped += what.dropped
    if (what.dropped > 0) heard.cuts++
  }
  voice.dataset["playing"] = String(what._tag === "Playing")
  const seconds = (samples: number) => `${(samples / Audio.outputRate).toFixed(1)} s`
  const cuts = `${heard.cuts} ${heard.cuts === 1 ? "interruption" : "interruptions"}`
  voice.textContent = `${seconds(heard.played)} heard, ${seconds(heard.dropped)} dropped in ${cuts}`
}

let session: LiveSession | undefined
let speaker: Speaker.Speaker | undefined

const conversation = Effect.scoped(Effect.gen(function*() {
  speaker = yield* Speaker.open(onSpeaker)
  return yield* Conversation.talk({
    admission,
    microphone: Microphone.sound,
    speaker,
    view,
    onSession: (opened) => {
      session = opened
    }
  })
}))

let talking: Fiber.Fiber<void> | undefined

start.addEventListener("click", () => {
  if (talking !== undefined) {
    talking.interruptUnsafe()
    return
  }
  start.textContent = "Stop"
  talking = Effect.runFork(
    conversation.pipe(
      Effect.catch((error) => Effect.sync(() => view.status("connecting", error.message))),
      Effect.ensuring(Effect.sync(() => {
        talking = undefined
        start.textContent = "Talk"
        status.dataset["status"] = "off"
      })),
      Effect.onInterrupt(() =>
        Effect.sync(() => {
          status.textContent = "off"
        })
      )
    )
  )
})

// The button that stops the model without saying anything: this side drops its words, and what waits to be heard.
hush.addEventListener("click", () => {
  view.turnOver(true)
  if (session !== undefined && speaker !== undefined) Effect.runFork(Effect.andThen(session.cancel, speaker.flush))
})
