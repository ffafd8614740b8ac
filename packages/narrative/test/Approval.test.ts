import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Stream from "effect/Stream"
import { filesIn, folder, gemini, prompts } from "./runs.ts"

const story = (onFailure = "stop") => `
[[acts]]
name = "draft"
prompt = "Write."
[[acts]]
name = "publish"
prompt = "Publish {{draft}}"
approve = "Publish this? {{draft}}"
on_failure = "${onFailure}"
[[acts]]
name = "after"
prompt = "Tell of {{publish}}"
[[acts]]
name = "beside"
prompt = "Something else."
`

const begin = (text: string, id = "r") =>
  Effect.gen(function*() {
    const runs = yield* Runs.Runs
    const playing = yield* runs.start(yield* Narrative.parse(text), { id })
    return yield* playing.end
  }).pipe(Effect.scoped)

const goOn = (id = "r") => Runs.Runs.use((runs) => Effect.scoped(Effect.flatMap(runs.resume(id), ({ end }) => end)))

const inFolder = <A, E, R>(
  test: (
    place: <B, E2, R2>(one: Effect.Effect<B, E2, R2>) => Effect.Effect<B, E2, Exclude<R2, Runs.Runs>>
  ) => Effect.Effect<A, E, R>
) => Effect.flatMap(folder, (directory) => test((one) => Effect.provide(one, filesIn(directory), { local: true })))

const answers: Emulator.Options["answers"] = () => ({ text: "a text" })

describe("an act that has to be approved", () => {
  it.live("pauses the run once nothing else can be played, and is not asked", () =>
    inFolder((process) =>
      Effect.gen(function*() {
        const summary = yield* process(begin(story()))
        assert.deepStrictEqual([summary.standing, summary.answered], ["paused", 2])
        assert.deepStrictEqual(summary.causes, [{
          act: "publish",
          cause: { reason: "ApprovalNeeded", message: "somebody has to approve it: Publish this? a text" }
        }])
        assert.deepStrictEqual(yield* prompts, ["Write.", "Something else."])
      })
    ).pipe(Effect.provide(gemini({ answers }))))

  it.live("is sent by another process after somebody approved it in a third one, once", () =>
    inFolder((process) =>
      Effect.gen(function*() {
        yield* process(begin(story()))
        // Nobody has decided yet: to resume asks nothing again.
        assert.strictEqual((yield* process(goOn())).standing, "paused")
        yield* process(Runs.Runs.use((runs) => runs.decide("r", "publish", { verdict: "approve", by: "ada" })))
        const state = yield* process(Runs.Runs.use((runs) => runs.get("r")))
        assert.deepStrictEqual(
          [state.standing, state.acts[1]?.status, state.acts[1]?.decision],
          ["paused", "waiting", { verdict: "approve", by: "ada" }]
        )
        const summary = yield* process(goOn())
        assert.strictEqual(summary.standing, "finished")
        assert.deepStrictEqual(yield* prompts, ["Write.", "Something else.", "Publish a text", "Tell of a text"])
      })
    ).pipe(Effect.provide(gemini({ answers }))))

  it.live("that is denied has failed for good, or is left out with what needs it", () =>
    inFolder((process) =>
      Effect.gen(function*() {
        for (
          const [onFailure, standing, skipped] of [["stop", "failed", []], ["skip", "finished", ["after"]]] as const
        ) {
          yield* process(begin(story(onFailure), onFailure))
          yield* process(
            Runs.Runs.use((runs) =>
              runs.decide(onFailure, "publish", { verdict: "deny", by: "ada", reason: "too dear" })
            )
          )
          const summary = yield* process(goOn(onFailure))
          assert.deepStrictEqual([summary.standing, summary.failed, summary.skipped], [standing, ["publish"], skipped])
          const { acts } = yield* process(Runs.Runs.use((runs) => runs.get(onFailure)))
          assert.deepStrictEqual(acts[1]?.cause, { reason: "Denied", message: "ada did not approve it: too dear" })
        }
      })
    ).pipe(Effect.provide(gemini({ answers }))))

  it.live("is decided while another process plays the run, which goes on by itself", () =>
    inFolder((process) =>
      Effect.gen(function*() {
        const fiber = yield* Effect.forkChild(process(begin(story())))
        yield* process(Runs.Runs.use((runs) =>
          Effect.gen(function*() {
            yield* Effect.retry(runs.get("r"), { times: 100 })
            yield* runs.events("r").pipe(
              Stream.takeUntil((event) => event._tag === "Recorded" && event.record._tag === "ApprovalAsked"),
              Stream.runDrain
            )
            yield* runs.decide("r", "publish", { verdict: "approve", by: "ada" })
          })
        ))
        const summary = yield* Fiber.join(fiber)
        assert.strictEqual(summary.standing, "finished")
        assert.strictEqual((yield* prompts).length, 4)
      })
    ).pipe(Effect.provide(gemini({
      answers: ({ body }) =>
        JSON.stringify(body).includes("Something else")
          ? Effect.delay(Effect.succeed("slow"), "1500 millis")
          : Effect.succeed("a text")
    }))))

  it.live("is decided although its run is aborted at that moment, whoever comes first", () =>
    inFolder((process) =>
      process(
        Runs.Runs.use((runs) =>
          Effect.forEach(Array.from({ length: 12 }, (_, n) => n), (n) =>
            Effect.gen(function*() {
              const id = `run${n}`
              const playing = yield* runs.start(yield* Narrative.parse(story()), { id, concurrency: 2 })
              yield* runs.events(id).pipe(
                Stream.takeUntil((event) => event._tag === "Recorded" && event.record._tag === "ApprovalAsked"),
                Stream.runDrain
              )
              const decided = yield* Effect.forkChild(runs.decide(id, "publish", { verdict: "approve", by: "ada" }), {
                startImmediately: true
              })
              for (let turn = 0; turn < n * 8; turn++) yield* Effect.yieldNow
              yield* playing.stop("abort")
              yield* Fiber.join(decided)
              assert.strictEqual((yield* playing.end).standing, "paused")
              const { acts } = yield* runs.get(id)
              assert.deepStrictEqual(acts[1]?.decision, { verdict: "approve", by: "ada" }, id)
            }).pipe(Effect.scoped), { concurrency: 4, discard: true })
        )
      )
    ).pipe(Effect.provide(gemini({
      answers: ({ body }) =>
        JSON.stringify(body).includes("Something else")
          ? Effect.delay(Effect.succeed("slow"), "60 seconds")
          : Effect.succeed("a text")
    }))))

  it.live("refuses decisions about what does not wait for one", () =>
    inFolder((process) =>
      Effect.gen(function*() {
        yield* process(begin(story()))
        const decide = (act: string, verdict: "approve" | "deny" = "approve") =>
          process(Runs.Runs.use((runs) => runs.decide("r", act, { verdict, by: "ada" })))
        const said = (act: string, verdict?: "approve" | "deny") =>
          Effect.map(Effect.flip(decide(act, verdict)), ({ message }) => message)
        assert.strictEqual(
          yield* said("draft"),
          `run r: act: "draft" does not wait for approval; these do: publish`
        )
        assert.include(yield* said("publsh"), "the run has no act \"publsh\"")
        yield* decide("publish")
        assert.strictEqual(yield* said("publish", "deny"), `run r: act: "publish" is decided: approve`)
        yield* process(goOn())
        assert.strictEqual(yield* said("publish"), "run r: act: the run is over (finished)")
      })
    ).pipe(Effect.provide(gemini({ answers }))))
})

describe("a narrative that is played in memory", () => {
  it.live("fails at an act that nobody is there to approve", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Narrative.execute(yield* Narrative.parse(story())))
      assert.strictEqual(
        error.message,
        "act \"publish\" failed: somebody did not approve it: nobody was there to approve it"
      )
      const { acts } = yield* Narrative.execute(yield* Narrative.parse(story()), {
        approve: ({ act, question }) =>
          Effect.succeed({ verdict: act === "publish" && question.endsWith("a text") ? "approve" : "deny" })
      })
      assert.strictEqual(acts.length, 4)
    }).pipe(Effect.provide(gemini({ answers }))))
})
