/**
 * Streams of a server that gives its events no ids, or only some: what is resumed comes once, wherever it was cut. And
 * answers that go on from a token in the middle of a stream.
 */
import { assert, describe, it } from "@effect/vitest"
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import * as InteractionFold from "effect-gemini/interactions/InteractionFold"
import * as InteractionHandle from "effect-gemini/interactions/InteractionHandle"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import { createServer, type ServerResponse } from "node:http"
import type { AddressInfo } from "node:net"
import * as Layers from "./interactionLayers.ts"

interface Asked {
  readonly method: string
  readonly lastEventId: string | undefined
  readonly body: Readonly<Record<string, unknown>>
}

/** A server whose answers are written by a function, which may break them off. */
const serving = <A, E>(
  answer: (asked: Asked, response: ServerResponse) => void,
  use: (url: string, log: ReadonlyArray<Asked>) => Effect.Effect<A, E>
): Effect.Effect<A, E> =>
  Effect.acquireUseRelease(
    Effect.callback<{ readonly url: string; readonly log: Array<Asked>; readonly stop: () => void }>((resume) => {
      const log: Array<Asked> = []
      const server = createServer((request, response) => {
        const pieces: Array<Buffer> = []
        request.on("data", (piece: Buffer) => pieces.push(piece))
        request.on("end", () => {
          const text = Buffer.concat(pieces).toString()
          const asked = {
            method: request.method ?? "",
            lastEventId: new URL(request.url ?? "/", "http://a").searchParams.get("last_event_id") ?? undefined,
            body: text === "" ? {} : JSON.parse(text)
          }
          log.push(asked)
          answer(asked, response)
        })
      })
      server.listen(0, "127.0.0.1", () => {
        const { port } = server.address() as AddressInfo
        resume(Effect.succeed({
          url: `http://127.0.0.1:${port}`,
          log,
          stop: () => {
            server.closeAllConnections()
            server.close()
          }
        }))
      })
    }),
    ({ log, url }) => use(url, log),
    ({ stop }) => Effect.sync(stop)
  )

const frame = (event: object): string => `data: ${JSON.stringify(event)}\n\n`

/** Writes events, and the end if nothing breaks them off after `cut` characters. */
const send = (response: ServerResponse, events: ReadonlyArray<object>, cut = Infinity): void => {
  const text = `${events.map(frame).join("")}data: [DONE]\n\n`
  response.writeHead(200, { "content-type": "text/event-stream" })
  if (text.length <= cut) {
    response.end(text)
    return
  }
  response.write(text.slice(0, cut), () => response.destroy())
}

const id = "v1_abc"
const model = "gemini-3.8-flash"

const withIds = (which: (n: number) => boolean): ReadonlyArray<InteractionEvent.InteractionEvent> =>
  ([
    { event_type: "interaction.created", interaction: { id, status: "in_progress" } },
    { event_type: "interaction.in_progress", interaction_id: id },
    { event_type: "step.start", index: 0, step: { type: "model_output" } },
    // Pieces that are equal must not be taken for one.
    ...["ha", "ha", "ha", "!", "!"].map((text) => ({
      event_type: "step.delta",
      index: 0,
      delta: { type: "text", text }
    })),
    { event_type: "step.stop", index: 0 },
    { event_type: "interaction.completed", interaction: { id, status: "completed" } }
  ] as ReadonlyArray<InteractionEvent.InteractionEvent>).map((event, n) =>
    which(n) ? { ...event, event_id: `evt_${n}` } : event
  )

const followed = (url: string, request: { readonly store?: boolean } = {}) =>
  Layers.interactions.use((interactions) =>
    Effect.map(
      Stream.runCollect(interactions.follow({ model, input: "Laugh", ...request })),
      (all) => all.map(({ event }) => event)
    )
  ).pipe(Effect.provide(Layers.layer(url)))

describe("a stream that is cut comes once", () => {
  const kinds: ReadonlyArray<readonly [name: string, which: (n: number) => boolean]> = [
    ["whose events have ids", () => true],
    ["whose events have no ids", () => false],
    ["of whose events every third has an id", (n) => n % 3 === 0]
  ]
  for (const [name, which] of kinds) {
    it.live(`from a server ${name}`, () => {
      const events = withIds(which)
      const length = events.map(frame).join("").length
      let cut = 0
      let resumed = 0
      const place = (lastEventId: string | undefined): number =>
        lastEventId === undefined ? 0 : 1 + events.findIndex((event) => Reflect.get(event, "event_id") === lastEventId)
      return serving(
        ({ lastEventId, method }, response) =>
          method === "POST"
            ? send(response, events, cut)
            // Each connection brings a little more than the one before.
            : send(response, events.slice(place(lastEventId)), 330 * ++resumed),
        (url, log) =>
          Effect.gen(function*() {
            for (cut = frame(events[0] ?? {}).length; cut < length; cut += 23) {
              const before = log.length
              resumed = 0
              assert.deepStrictEqual(yield* followed(url), events, `cut at ${cut}`)
              assert.lengthOf(log.slice(before).filter(({ method }) => method === "POST"), 1)
            }
          })
      )
    }, 60_000)
  }
})

describe("a server that resumes", () => {
  it.live("with the last event itself does not give it twice", () => {
    const events = withIds(() => true)
    return serving(
      ({ lastEventId, method }, response) =>
        method === "POST"
          ? send(response, events, events.slice(0, 5).map(frame).join("").length)
          : send(response, events.slice(events.findIndex((event) => Reflect.get(event, "event_id") === lastEventId))),
      (url) => Effect.map(followed(url), (all) => assert.deepStrictEqual(all, events))
    )
  })

  it.live("the second hop of an answer is asked for the second one alone", () => {
    const hop = (id: string, status: string, token?: string) => [
      { event_type: "interaction.created", interaction: { id, status: "in_progress" } },
      { event_type: "step.start", index: 0, step: { type: "model_output" } },
      { event_type: "step.delta", index: 0, delta: { type: "text", text: id } },
      { event_type: "step.stop", index: 0 },
      { event_type: "interaction.completed", interaction: { id, status, continuation_token: token } }
    ]
    const [first, second] = [hop("v1_one", "requires_continuation", "t1"), hop("v1_two", "completed")]
    return serving(
      ({ body, method }, response) => {
        if (method === "GET") return send(response, second)
        return body["continuation_token"] === undefined
          ? send(response, first)
          : send(response, second, second.slice(0, 2).map(frame).join("").length)
      },
      (url, log) =>
        Effect.map(followed(url), (all) => {
          assert.deepStrictEqual(all, JSON.parse(JSON.stringify([...first, ...second])))
          assert.deepStrictEqual(log.map(({ method }) => method), ["POST", "POST", "GET"])
        })
    )
  })
})

describe("an interaction that is polled", () => {
  it.live("tells its status where it changes, and nothing again", () => {
    const states = ["queued", "queued", "in_progress", "in_progress", "completed"]
    let asked = 0
    return serving(
      (_, response) => {
        const status = states[asked++] ?? "completed"
        response.writeHead(200, { "content-type": "application/json" })
        response.end(JSON.stringify({ id, status, steps: [{ type: "model_output" }] }))
      },
      (url) =>
        Layers.interactions.use((interactions) =>
          Stream.runCollect(interactions.follow(InteractionHandle.make(id), { by: "poll", interval: "1 millis" }))
        ).pipe(
          Effect.map((all) => {
            assert.deepStrictEqual(all.map(({ event }) => [event.event_type, InteractionEvent.status(event)]), [
              ["interaction.status_update", "in_progress"],
              ["step.start", undefined],
              ["step.stop", undefined],
              ["interaction.completed", "completed"]
            ])
            assert.strictEqual(asked, states.length)
          }),
          Effect.provide(Layers.layer(url))
        )
    )
  })
})

describe("a token in the middle of a stream", () => {
  const first = [
    { event_type: "interaction.created", interaction: { id: "v1_one", status: "in_progress" } },
    { event_type: "step.start", index: 0, step: { type: "model_output" } },
    { event_type: "step.delta", index: 0, delta: { type: "text", text: "One " } },
    { event_type: "step.stop", index: 0 },
    {
      event_type: "interaction.status_update",
      interaction_id: "v1_one",
      status: "in_progress",
      continuation_token: "t1"
    }
  ]
  const second = [
    { event_type: "interaction.created", interaction: { id: "v1_two", status: "in_progress" } },
    { event_type: "step.start", index: 0, step: { type: "model_output" } },
    { event_type: "step.delta", index: 0, delta: { type: "text", text: "two" } },
    { event_type: "step.stop", index: 0 },
    { event_type: "interaction.completed", interaction: { id: "v1_two", status: "completed" } }
  ]
  const more = { event_type: "step.start", index: 1, step: { type: "model_output" } }

  const run = (after: ReadonlyArray<object>, request: { readonly store?: boolean }) => {
    const sent = [...first, ...after]
    return serving(
      ({ body, method }, response) => {
        if (method === "GET") return response.writeHead(404).end()
        return body["continuation_token"] === "t1"
          ? send(response, second)
          : send(response, sent, sent.map(frame).join("").length)
      },
      (url, log) => Effect.map(Effect.result(followed(url, request)), (result) => ({ result, log }))
    )
  }

  it.live("is where it goes on, with the input where nothing is stored, and no step comes twice", () =>
    Effect.gen(function*() {
      const { log, result } = yield* run([], { store: false })
      assert.strictEqual(result._tag, "Success")
      if (result._tag !== "Success") return
      const joined = InteractionFold.join(result.success)
      assert.deepStrictEqual(joined.steps?.map((step) => "content" in step ? step.content : undefined), [
        [{ type: "text", text: "One " }],
        [{ type: "text", text: "two" }]
      ])
      assert.deepStrictEqual(joined.continuation_ids, ["v1_one", "v1_two"])
      assert.deepStrictEqual(log.map(({ body }) => [body["input"], body["previous_interaction_id"]]), [
        ["Laugh", undefined],
        ["Laugh", undefined]
      ])
    }))

  it.live("is where it goes on if the server does not have the interaction any more", () =>
    Effect.gen(function*() {
      const { log, result } = yield* run([], {})
      assert.strictEqual(result._tag, "Success")
      assert.deepStrictEqual(log.map(({ body, method }) => [method, body["input"], body["previous_interaction_id"]]), [
        ["POST", "Laugh", undefined],
        ["GET", undefined, undefined],
        ["POST", undefined, "v1_one"]
      ])
    }))

  it.live("is of no use once more content has come, which would come twice", () =>
    Effect.gen(function*() {
      const { log, result } = yield* run([more], { store: false })
      assert.strictEqual(result._tag, "Failure")
      assert.lengthOf(log, 1)
    }))
})
