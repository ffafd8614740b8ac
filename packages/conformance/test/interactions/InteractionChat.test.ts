/** Conversations whose server forgets: the same steps, nothing doubled, and each time it is told. */
import { assert, describe, it } from "@effect/vitest"
import * as Journal from "effect-gemini-journal/Journal"
import * as InteractionChat from "effect-gemini/interactions/InteractionChat"
import type { Step } from "effect-gemini/interactions/Step"
import * as Effect from "effect/Effect"
import * as Random from "effect/Random"
import * as Stream from "effect/Stream"
import { seedOf, sizeOf } from "../../../../scripts/proof.ts"
import * as Layers from "./interactionLayers.ts"

const request = { model: "gemini-3.8-flash", system_instruction: "You know Bern." } as const

const sizes = sizeOf("18.4", { test: { turns: 12, chats: 1 }, prove: { turns: 40, chats: 8 } })
const seed = seedOf("18.4", 184)

const inputOf = (turn: number): string => `Turn ${turn}: tell me of bridge${turn}`

/** A conversation of many turns. Before each turn the server forgets what went before, if `forgets` says so. */
const conversation = (url: string, id: string, forgets: (turn: number) => boolean) =>
  Effect.gen(function*() {
    const interactions = yield* Layers.interactions
    const chat = yield* InteractionChat.open({ id, request })
    const told: Array<number> = []
    for (let turn = 0; turn < sizes.turns; turn++) {
      const last = (yield* chat.turns).at(-1)
      if (last !== undefined && forgets(turn)) yield* interactions.delete(last.interaction)
      const { forgotten } = yield* chat.ask(inputOf(turn))
      if (forgotten) told.push(turn)
    }
    const turns = yield* chat.turns
    const last = turns.at(-1)?.interaction ?? ""
    const { interaction } = yield* interactions.get(last, { includeInput: true })
    return { told, turns, steps: turns.flatMap(({ steps }) => steps), kept: interaction.steps ?? [] }
  }).pipe(Effect.scoped, Effect.provide(Layers.layer(url)))

const inputs = (steps: ReadonlyArray<Step>): ReadonlyArray<string> =>
  steps.flatMap((step) =>
    step.type === "user_input" ? (step.content ?? []).map((content) => "text" in content ? content.text ?? "" : "") : []
  )

describe("a chat", () => {
  it.live(
    "goes on with the same steps where the server has forgotten, and says so each time",
    () =>
      Layers.withEmulator(({ url }) =>
        Effect.gen(function*() {
          const whole = yield* conversation(url, "whole", () => false)
          assert.deepStrictEqual(whole.told, [])
          for (let n = 0; n < sizes.chats; n++) {
            const random = yield* Random.next
            const turns = Array.from({ length: sizes.turns }, (_, turn) => turn).slice(1)
            const picked: Array<number> = []
            for (const turn of turns) if ((yield* Random.next) < 0.15 + random / 4) picked.push(turn)
            const forgetful = yield* conversation(url, `forgetful-${n}`, (turn) => picked.includes(turn))
            assert.deepStrictEqual(forgetful.told, picked)
            assert.deepStrictEqual(forgetful.steps, whole.steps)
            // What the server has of the last turn is that turn, or all of them where they were sent in its place.
            const said = inputs(forgetful.kept)
            assert.strictEqual(new Set(said).size, said.length)
            assert.deepStrictEqual(
              inputs(forgetful.steps),
              Array.from({ length: sizes.turns }, (_, turn) => inputOf(turn))
            )
          }
        }).pipe(Random.withSeed(seed), Effect.provide(Journal.layerMemory()))
      ),
    120_000
  )

  for (const [retention, days] of [["free", 1], ["paid", 55]] as const) {
    it.live(`goes on after the ${days} days that the server keeps an interaction (${retention})`, () =>
      Layers.withEmulator(({ adjust, url }) =>
        Effect.gen(function*() {
          const chat = yield* InteractionChat.open({ request })
          yield* chat.ask("One")
          yield* Effect.promise(() => adjust(`${days * 24 - 1} hours`))
          assert.isFalse((yield* chat.ask("Two")).forgotten)
          yield* Effect.promise(() => adjust(`${days * 24} hours`))
          assert.isTrue((yield* chat.ask("Three")).forgotten)
          assert.deepStrictEqual(inputs((yield* chat.turns).flatMap(({ steps }) => steps)), ["One", "Two", "Three"])
        }).pipe(Effect.scoped, Effect.provide(Layers.layer(url))), { interactions: { retention } }))
  }

  it.live("goes on in another process, from the journal", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const first = yield* Effect.scoped(Effect.gen(function*() {
          const chat = yield* InteractionChat.open({ id: "ada", request })
          yield* chat.ask("One")
          return yield* chat.turns
        }))
        const later = yield* Effect.scoped(Effect.gen(function*() {
          const chat = yield* InteractionChat.open({ id: "ada", request })
          assert.deepStrictEqual(yield* chat.turns, first)
          yield* chat.ask("Two")
          return yield* chat.turns
        }))
        assert.deepStrictEqual(later.slice(0, 1), first)
        assert.deepStrictEqual(inputs(later.flatMap(({ steps }) => steps)), ["One", "Two"])
      }).pipe(Effect.provide([Layers.layer(url), Journal.layerMemory()]))
    ))

  it.live("forks at a turn, and neither hears of the other", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const chat = yield* InteractionChat.open({ request })
        yield* chat.ask("One")
        yield* chat.ask("Two")
        const fork = yield* chat.fork({ at: 1 })
        yield* fork.ask("Other")
        yield* chat.ask("Three")
        const said = (it: InteractionChat.InteractionChat) =>
          Effect.map(it.turns, (turns) => inputs(turns.flatMap(({ steps }) => steps)))
        assert.deepStrictEqual(yield* said(fork), ["One", "Other"])
        assert.deepStrictEqual(yield* said(chat), ["One", "Two", "Three"])
        const refused = yield* Effect.flip(Effect.scoped(chat.fork({ at: 4 })))
        assert.match(refused.message, /from 0 to 3, got 4/)
      }).pipe(Effect.scoped, Effect.provide(Layers.layer(url)))
    ))

  it.live("sends its steps again only where the server has forgotten them, and not after another failure", () =>
    Layers.withEmulator(({ addFault, removeFault, requests, url }) =>
      Effect.gen(function*() {
        const chat = yield* InteractionChat.open({ request })
        yield* chat.ask("One")
        for (
          const [code, status, tag] of [
            ["model_not_found", 404, "NotFound"],
            ["invalid_request", 400, "InvalidRequest"],
            ["safety", 400, "ResponseBlocked"],
            ["service_unavailable", 503, "Overloaded"]
          ] as const
        ) {
          const message = `The model models/${request.model} is not here.`
          const body = JSON.stringify({ error: { code, message } })
          const ids = addFault({ when: { method: "interactions.create" }, status, body })
          const before = requests().length
          const error = yield* Effect.flip(chat.ask("Two"))
          assert.strictEqual(error.reason._tag, tag)
          assert.lengthOf(requests().slice(before), 1)
          removeFault(...ids)
        }
        assert.isFalse((yield* chat.ask("Three")).forgotten)
      }).pipe(Effect.scoped, Effect.provide(Layers.layer(url, { retry: { attempts: 1 } })))
    ))

  it.live("keeps no turn that fails, and goes on behind the last one", () =>
    Layers.withEmulator(({ url }) =>
      Effect.gen(function*() {
        const chat = yield* InteractionChat.open({ request })
        yield* chat.ask("One")
        // Its stream is left in the middle.
        yield* Stream.runDrain(Stream.take(chat.send("Two"), 4))
        const { steps } = yield* chat.ask("Three")
        assert.deepStrictEqual(inputs(steps), ["Three"])
        assert.deepStrictEqual(inputs((yield* chat.turns).flatMap(({ steps }) => steps)), ["One", "Three"])
      }).pipe(Effect.scoped, Effect.provide(Layers.layer(url)))
    ))
})
