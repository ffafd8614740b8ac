/**
 * Live sessions that others recorded, played by a server in four framings: every value of every frame is told by the
 * events, in the order of the frames.
 */
import { assert, describe, it } from "@effect/vitest"
import type { LiveEvent } from "effect-gemini/live/LiveEvent"
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { existsSync, readdirSync, readFileSync } from "node:fs"
import { join } from "node:path"
import * as Probe from "./liveProbe.ts"
import * as LiveServer from "./liveServer.ts"

const cases = join(import.meta.dirname, "../../../../../shared/corpus/cases")

interface Frame {
  readonly from: "client" | "server"
  readonly data: unknown
}

interface Recording {
  readonly id: string
  readonly op: string
  readonly response: { readonly frames: ReadonlyArray<Frame> }
}

const recordings = (): ReadonlyArray<Recording> =>
  readdirSync(cases, { recursive: true, encoding: "utf8" })
    .filter((file) => file.endsWith(".json"))
    .map((file): Recording => JSON.parse(readFileSync(join(cases, file), "utf8")))
    .filter(({ op }) => op === "live")

/** How a server may put the same messages on the wire. */
const framings: Readonly<Record<string, (peer: LiveServer.Peer, messages: ReadonlyArray<unknown>) => void>> = {
  "in binary frames, as Google sends them": (peer, messages) => {
    for (const message of messages) peer.send(message)
  },
  "in text frames": (peer, messages) => {
    for (const message of messages) peer.ws.send(JSON.stringify(message))
  },
  // The pieces end in the middle of characters, too.
  "in fragments of 97 bytes": (peer, messages) => {
    for (const message of messages) {
      const bytes = LiveServer.frame(message)
      for (let at = 0; at < bytes.length; at += 97) {
        peer.ws.send(bytes.subarray(at, at + 97), { binary: true, fin: at + 97 >= bytes.length })
      }
    }
  },
  "all in one write": (peer, messages) => {
    const socket = LiveServer.below(peer)
    socket.cork()
    for (const message of messages) peer.send(message)
    socket.uncork()
  }
}

/** What Live calls otherwise than HTTP, whose names usage has in events. */
const renamed: ReadonlyMap<string, string> = new Map([["responseTokenCount", "candidatesTokenCount"]])

/** The values in a message with their names, sorted. Who speaks is the model, always, and is not told. */
const leaves = (value: unknown, name = ""): ReadonlyArray<string> =>
  typeof value !== "object" || value === null
    ? [`${renamed.get(name) ?? name}=${JSON.stringify(value)}`]
    : Object.entries(value).flatMap(([key, inner]) =>
      key === "role" || inner === undefined ? [] : leaves(inner, Array.isArray(value) ? name : key)
    )

/** What an event tells, with the names of the wire. */
const told = (event: LiveEvent): unknown => {
  switch (event._tag) {
    case "Text":
      return event.part ?? { text: event.text, ...(event.isThought ? { thought: true } : {}) }
    case "Audio":
      return event.part ?? { data: event.data, mimeType: event.mimeType }
    case "Part":
      return event.part
    case "InputTranscription":
    case "OutputTranscription":
      return event.transcription
    case "GenerationComplete":
      return { generationComplete: true }
    case "Interrupted":
      return { interrupted: true }
    case "TurnComplete":
      return { turnComplete: true, turnCompleteReason: event.reason }
    case "ToolCall":
      return event.calls
    case "ToolCallCancellation":
      return { ids: event.ids }
    case "Grounding":
      return [event.grounding, event.urlContext]
    case "WaitingForInput":
      return { waitingForInput: true }
    case "InteractionStatus":
      return { interactionStatus: event.status }
    case "Usage":
      return event.metadata
    case "Resumption":
      return event.handle === undefined ? {} : { newHandle: event.handle, resumable: true }
    case "GoAway":
      return event.timeLeft === undefined ? {} : { timeLeft: `${Duration.toSeconds(event.timeLeft)}s` }
    case "Other":
      return event.message
    default:
      return { [event._tag]: "is nothing that a frame says" }
  }
}

/** The events' values, in pieces that are as long as the frames say. */
const inFrames = (
  events: ReadonlyArray<LiveEvent>,
  frames: ReadonlyArray<ReadonlyArray<string>>
): ReadonlyArray<ReadonlyArray<string>> => {
  const values = events.flatMap((event) => leaves(told(event)))
  let at = 0
  const pieces = frames.map(({ length }) => values.slice(at, at += length).sort())
  return at < values.length ? [...pieces, values.slice(at)] : pieces
}

/** The ids under a name, in a message or in several. */
const idsIn = (value: unknown, name: string): ReadonlyArray<string> =>
  leaves(value).filter((leaf) => leaf.startsWith(`${name}=`)).map((leaf) => leaf.slice(name.length + 1))

/** What is told behind the last frame: nobody answered these calls here, and their connection is gone. */
const unanswered = (messages: ReadonlyArray<unknown>): ReadonlyArray<string> => {
  const takenBack = new Set(idsIn(messages, "ids"))
  return idsIn(messages, "id").filter((id) => !takenBack.has(id)).map((id) => `ids=${id}`).sort()
}

describe("recorded sessions", () => {
  if (!existsSync(cases)) {
    it.skip(`there are no recordings in ${cases}: nothing was played`, () => undefined)
    return
  }
  const all = recordings()

  for (const [framing, send] of Object.entries(framings)) {
    it.effect(
      `${framing}: every value is told, in the order of the frames, and so is the end`,
      () =>
        Effect.gen(function*() {
          assert.isAtLeast(all.length, 30)
          let frames = 0
          for (const { id, response } of all) {
            const sent = response.frames.flatMap(({ data, from }) => from === "server" ? [data] : [])
            const expected = [...sent.slice(1).map((message) => [...leaves(message)].sort()), unanswered(sent)]
              .filter(({ length }) => length > 0)
            frames += sent.length
            const events: Array<LiveEvent> = []
            const script: LiveServer.Script = {
              message: () => undefined,
              setup: (peer) => {
                send(peer, sent)
                peer.ws.close(1000, "played")
              }
            }
            yield* Probe.serve(script, (server) =>
              Effect.gen(function*() {
                const session = yield* Probe.connect()
                const status = yield* session.status
                const sessionId: unknown = Reflect.get(
                  Object(Reflect.get(Object(sent[0]), "setupComplete")),
                  "sessionId"
                )
                assert.strictEqual(status._tag === "Open" ? status.sessionId : status._tag, sessionId, id)
                const end = yield* Effect.flip(
                  Stream.runForEach(session.events, (event) => Effect.sync(() => events.push(event)))
                )
                assert.include([1000, undefined], end.code, id)
                assert.include(["Interrupted", "ServerDisconnect"], end.reason._tag, id)
                yield* Probe.until(() => server.open() === 0)
              }))
            assert.deepStrictEqual(inFrames(events, expected), expected, id)
          }
          assert.isAtLeast(frames, 266)
        }),
      60_000
    )
  }
})
