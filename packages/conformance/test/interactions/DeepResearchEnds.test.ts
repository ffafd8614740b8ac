/** How a deep research ends without a report, or with a part of one, and what is kept of it. */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import type * as Fault from "effect-gemini-emulator/Fault"
import type * as Standalone from "effect-gemini-emulator/Standalone"
import * as FileJournal from "effect-gemini-journal/FileJournal"
import * as Journal from "effect-gemini-journal/Journal"
import * as Interactions from "effect-gemini/interactions/Interactions"
import * as DeepResearch from "effect-gemini/research/DeepResearch"
import type * as ResearchEvent from "effect-gemini/research/ResearchEvent"
import type * as ResearchOptions from "effect-gemini/research/ResearchOptions"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import * as Layers from "./interactionLayers.ts"

const query = "How are tides predicted?"

const swift = { interactions: { research: 60 } }

const environment = (emulator: Standalone.Standalone) => Layer.merge(Layers.layer(emulator.url), Journal.layerMemory())

const made = (emulator: Standalone.Standalone) =>
  emulator.requests().filter(({ method, path }) => method === "POST" && path.endsWith("/interactions"))

type Options = ResearchOptions.ResearchOptions & { readonly outputSchema?: undefined }

const collected = (options: Omit<Options, "query">) => Stream.runCollect(DeepResearch.run({ query, ...options }))

const failed = (options: Omit<Options, "query">) =>
  Effect.map(Effect.flip(collected(options)), (error) => {
    if (error._tag !== "GeminiError") return assert.fail(error._tag)
    return error.reason
  })

const ending = (interaction: NonNullable<Fault.Fault["interaction"]>): Fault.Fault => ({
  when: { method: "interactions.create" },
  interaction
})

describe("a deep research that does not come to its report", () => {
  it.live("says what the server said, and stays ended", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        emulator.addFault(ending({ state: "failed", error: { code: "api_error", message: "the web is closed" } }))
        const reason = yield* failed({ id: "failed" })
        assert.strictEqual(reason._tag, "ServerError")
        assert.include(reason.message, "the web is closed")
        const requests = emulator.requests().length
        assert.include((yield* failed({ id: "failed" })).message, "the web is closed")
        assert.strictEqual(emulator.requests().length, requests)
        assert.strictEqual((yield* DeepResearch.status("failed")).state, "failed")
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("is cancelled at the server beyond its deadline", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        emulator.addFault(ending({ state: "stuck" }))
        assert.strictEqual((yield* failed({ id: "late", deadline: "300 millis" }))._tag, "TimedOut")
        const { open, state } = yield* DeepResearch.status("late")
        assert.deepStrictEqual([state, open], ["deadline", undefined])
        const cancels = emulator.requests().filter(({ path }) => path.endsWith("/cancel"))
        assert.lengthOf(cancels, 1)
        assert.strictEqual((yield* failed({ id: "late", deadline: "1 hour" }))._tag, "TimedOut")
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("is cancelled at the server beyond its budget, and not before", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const whole = (yield* collected({ id: "measured" })).at(-1)
        const used = whole?._tag === "Finished" ? whole.report.usage?.totalTokens ?? 0 : 0
        assert.isAbove(used, 0)
        // What the server tells at the end comes too late: the report is paid for, and given.
        assert.strictEqual((yield* collected({ id: "late", budget: { tokens: 1 } })).at(-1)?._tag, "Finished")
        const interactions = yield* Interactions.Interactions
        emulator.addFault(ending({ state: "stuck" }))
        const follow: typeof interactions.follow = (from, options) =>
          Stream.map(interactions.follow(from, options), ({ event, handle }) => ({
            event: event.event_type === "step.start"
              ? {
                event_type: "step.delta" as const,
                index: 0,
                metadata: { total_usage: { total_tokens: 500, total_input_tokens: 500 } }
              }
              : event,
            handle
          }))
        const counted = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
          Effect.provideService(effect, Interactions.Interactions, { ...interactions, follow })
        const deadline = 300
        const reason = yield* counted(failed({ id: "dear", deadline, budget: { tokens: 499 } }))
        assert.strictEqual(reason._tag === "QuotaExhausted" ? reason.budget : reason._tag, "research")
        assert.include(reason.message, "it used 500 tokens, and 499 were allowed")
        assert.strictEqual(
          (yield* counted(failed({ id: "enough", deadline, budget: { tokens: 500 } })))._tag,
          "TimedOut"
        )
        const money = { deadline, budget: { dollars: "0.0006" }, pricedAs: "gemini-2.5-pro" }
        assert.include(
          (yield* counted(failed({ id: "money", ...money }))).message,
          "it cost $0.000625, and $0.0006 were"
        )
        const cancels = emulator.requests().filter(({ path }) => path.endsWith("/cancel"))
        assert.isAtLeast(cancels.length, 3)
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("gives what it had when the agent stopped early", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        emulator.addFault(ending({ state: "incomplete" }))
        const last = (yield* collected({ id: "partial" })).at(-1)
        assert.isTrue(last?._tag === "Finished" && last.report.isPartial)
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("can be cancelled by its id alone, and by nobody while somebody runs it", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        emulator.addFault(ending({ state: "stuck" }))
        const begun = yield* Effect.forkChild(
          Stream.runDrain(Stream.takeUntil(DeepResearch.run({ id: "mine", query }), ({ _tag }) => _tag === "Started")),
          { startImmediately: true }
        )
        yield* Fiber.join(begun)
        const running = yield* Effect.forkChild(Stream.runDrain(DeepResearch.resume("mine")), {
          startImmediately: true
        })
        yield* Effect.sleep("20 millis")
        const busy = yield* Effect.flip(DeepResearch.cancel("mine"))
        assert.strictEqual(busy.reason._tag, "Busy")
        yield* Fiber.interrupt(running)
        assert.strictEqual((yield* DeepResearch.cancel("mine")).state, "cancelled")
        assert.strictEqual((yield* DeepResearch.cancel("mine")).state, "cancelled")
        const error = yield* Effect.flip(Stream.runDrain(DeepResearch.resume("mine")))
        assert.include(error.message, "it was cancelled")
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("is not mixed up with another, and one that nobody began is not found", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        yield* collected({ id: "one" })
        const other = yield* Effect.flip(Stream.runDrain(DeepResearch.run({ id: "one", query: "Something else?" })))
        assert.include(other.message, "of another question")
        const none = yield* Effect.flip(Stream.runDrain(DeepResearch.resume("none")))
        assert.strictEqual(none.reason._tag, "NotFound")
      }).pipe(Effect.provide(environment(emulator))), swift))
})

describe("what is kept of a deep research", () => {
  it.live("waits for a decision about its plan, across processes, and asks who decides", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const never = () => Effect.never
        const told = yield* Stream.runCollect(Stream.takeUntil(
          DeepResearch.run({ id: "waiting", query, plan: never }),
          ({ _tag }) => _tag === "Planned"
        ))
        const status = yield* DeepResearch.status("waiting")
        assert.strictEqual(status.state, "awaiting")
        assert.include(status.plan, "Research plan")
        const nobody = yield* Effect.flip(Stream.runDrain(DeepResearch.resume("waiting")))
        assert.include(nobody.message, "say who decides")
        const plan = () => Effect.succeed<ResearchEvent.PlanDecision>({ _tag: "Approve" })
        const all = yield* Stream.runCollect(DeepResearch.resume("waiting", { plan }))
        assert.deepStrictEqual(all.slice(0, told.length), told)
        assert.strictEqual(all.at(-1)?._tag, "Finished")
        assert.lengthOf(made(emulator), 2)
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("has no secrets, and says when an interaction may have been asked for twice", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const directory = mkdtempSync(join(tmpdir(), "research-"))
        yield* Effect.addFinalizer(() => Effect.sync(() => rmSync(directory, { recursive: true })))
        const files = FileJournal.layer({ directory }).pipe(Layer.provide(NodeServices.layer))
        const tools = [{
          type: "mcp_server" as const,
          name: "notes",
          url: "https://mcp.example.com/",
          headers: { authorization: Redacted.make("Bearer hush") }
        }]
        const interactions = yield* Interactions.Interactions
        // The process dies when the request is on its way: the server has it, and nobody heard its name.
        const sent = yield* Deferred.make<void>()
        const follow = () => Stream.unwrap(Effect.as(Deferred.succeed(sent, undefined), Stream.never))
        const cut = Stream.runDrain(DeepResearch.run({ id: "secret", query, tools })).pipe(
          Effect.provideService(Interactions.Interactions, { ...interactions, follow }),
          Effect.raceFirst(Deferred.await(sent))
        )
        yield* Effect.provide(cut, files)
        const events = yield* Effect.provide(Stream.runCollect(DeepResearch.resume("secret", { tools })), files)
        const started = events.find(({ _tag }) => _tag === "Started")
        assert.isTrue(started?._tag === "Started" && started.isAgain)
        assert.isTrue(events.some((event) => event._tag === "Used" && event.tool === "mcp_server_tool"))
        assert.include(JSON.stringify(made(emulator)[0]?.body), "hush")
        for (const file of readdirSync(directory, { recursive: true, withFileTypes: true })) {
          if (file.isFile()) assert.notInclude(readFileSync(join(file.parentPath, file.name), "utf8"), "hush")
        }
      }).pipe(Effect.scoped, Effect.provide(environment(emulator))), swift))

  it.live("has a bound, whatever a server sends at once", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const interactions = yield* Interactions.Interactions
        const long = "🌊\u0001".repeat(700_000)
        const hostile = [
          { event_type: "step.delta" as const, index: 0, delta: { type: "text" as const, text: long } },
          {
            event_type: "step.delta" as const,
            index: 1,
            delta: {
              type: "google_search_call" as const,
              arguments: { queries: Array.from({ length: 10_000 }, () => long) }
            }
          },
          {
            event_type: "step.delta" as const,
            index: 2,
            delta: { type: "thought_summary" as const, content: { type: "text" as const, text: long } }
          }
        ]
        const follow: typeof interactions.follow = (from, options) =>
          Stream.concat(
            Stream.fromIterable(hostile.map((event) => ({ event, handle: undefined }))),
            interactions.follow(from, options)
          )
        const events = yield* Effect.provideService(
          collected({ id: "flood" }),
          Interactions.Interactions,
          { ...interactions, follow }
        )
        assert.strictEqual(events.at(-1)?._tag, "Finished")
        for (const event of events) {
          if (event._tag !== "Finished") assert.isBelow(JSON.stringify(event).length, 800_000)
          if (event._tag === "Written") assert.isTrue(event.text.isWellFormed())
        }
        const again = yield* Stream.runCollect(DeepResearch.resume("flood"))
        assert.deepStrictEqual(again, events)
      }).pipe(Effect.provide(environment(emulator))), swift))

  it.live("keeps the report when no model can put it into its form", () =>
    Layers.withEmulator((emulator) =>
      Effect.gen(function*() {
        const outputSchema = Schema.Struct({ count: Schema.Int })
        emulator.setScenario({
          otherwise: "generate",
          rule: [{ when: { model: "gemini-3.8-flash" }, reply: "{\"count\":\"three\"}" }]
        })
        const options = { id: "shapeless", query, outputSchema, model: "gemini-3.8-flash" }
        const error = yield* Effect.flip(Stream.runDrain(DeepResearch.run(options)))
        assert.strictEqual(error.reason._tag, "InvalidResponse", error.message)
        assert.include(error.message, "count")
        const status = yield* DeepResearch.status("shapeless")
        assert.strictEqual(status.state, "shaping")
        assert.notStrictEqual(status.report?.text ?? "", "")
        assert.lengthOf(made(emulator), 3)
        emulator.setScenario(undefined)
        const last = (yield* Stream.runCollect(DeepResearch.run(options))).at(-1)
        assert.isTrue(last?._tag === "Finished" && Number.isInteger(last.report.output.count))
      }).pipe(Effect.provide(environment(emulator))), swift))
})
