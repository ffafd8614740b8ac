/** The calls of a session, at their edges: how many run, which run once, and what each end gives back. */
import { assert, describe, it } from "@effect/vitest"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Scope from "effect/Scope"
import * as TestClock from "effect/testing/TestClock"
import * as ToolRunner from "../../src/internal/live/ToolRunner.ts"
import type * as LiveTools from "../../src/live/LiveTools.ts"
import type { FunctionResponse } from "../../src/wire/Part.ts"

interface Options {
  readonly handle?: (call: LiveTools.ToolCall) => Effect.Effect<unknown, unknown>
  readonly concurrency?: number
  readonly scheduling?: Readonly<Record<string, LiveTools.Scheduling>>
  /** Whether the model takes `scheduling`. */
  readonly takes?: boolean
}

const make = Effect.fnUntraced(function*(
  { concurrency = 2, handle = () => Effect.never, scheduling = {}, takes = true }: Options = {}
) {
  const asked: Array<LiveTools.ToolCall> = []
  const answers: Array<FunctionResponse> = []
  const spoken: Array<boolean> = []
  const idle = { times: 0 }
  const runner = yield* ToolRunner.make({
    tools: {
      declarations: [],
      handle: (call) => {
        asked.push(call)
        return handle(call)
      },
      scheduling: (name) => scheduling[name]
    },
    concurrency,
    scheduling: takes,
    answer: (response, speaks) =>
      Effect.sync(() => {
        answers.push(response)
        spoken.push(speaks)
      }),
    onIdle: () => {
      idle.times++
    }
  })
  return { runner, asked, answers, spoken, idle }
})

const call = (id: string | undefined, name = "f") => ({ ...(id === undefined ? {} : { id }), name, args: {} })
const settled = TestClock.adjust(0)

/** What the model is told of a function that ends so. */
const told = (handle: () => Effect.Effect<unknown, unknown>) =>
  Effect.gen(function*() {
    const { answers, idle, runner } = yield* make({ handle })
    runner.run([call("1")])
    yield* settled
    assert.deepStrictEqual([runner.pending(), idle.times], [0, 1])
    return answers[0]?.response
  })

describe("what the model is told", () => {
  const itself: Record<string, unknown> = {}
  itself["self"] = itself
  // Effect wants errors with tags, and functions of programs fail with others all the same.
  const failure = (message: string): unknown => new RangeError(message)
  const mute = { error: "the function failed" }
  const cases: ReadonlyArray<readonly [string, () => Effect.Effect<unknown, unknown>, unknown]> = [
    ["a result", () => Effect.succeed({ degrees: 21 }), { output: { degrees: 21 } }],
    ["nothing", () => Effect.void, { output: null }],
    ["a result that is false", () => Effect.succeed(false), { output: false }],
    ["a function", () => Effect.succeed(() => 1), { error: "the function gave a result that JSON cannot say" }],
    ["a bigint", () => Effect.succeed(1n), { error: "the function gave a result that JSON cannot say" }],
    ["an object that holds itself", () => Effect.succeed(itself), {
      error: "the function gave a result that JSON cannot say"
    }],
    ["a text as its failure", () => Effect.fail("no such town"), { error: "no such town" }],
    ["an error with a message", () => Effect.fail(failure("no road")), { error: "no road" }],
    ["an error with none", () => Effect.fail(failure("")), { error: "RangeError" }],
    ["an object as its failure", () => Effect.fail({ code: 7 }), { error: "{\"code\":7}" }],
    ["a failure that JSON leaves out", () => Effect.fail(undefined), mute],
    ["a failure that JSON cannot say", () => Effect.fail(itself), mute],
    ["a defect", () => Effect.die(new Error("secret")), mute],
    ["a throw before it is an Effect", () => {
      throw new Error("secret")
    }, mute]
  ]
  for (const [name, handle, response] of cases) {
    it.effect(`of a call that ends with ${name}`, () =>
      Effect.gen(function*() {
        assert.deepStrictEqual<unknown>(yield* told(handle), response)
      }))
  }

  it.effect("has the call's id and name, and a call without arguments gets none", () =>
    Effect.gen(function*() {
      const { answers, asked, runner } = yield* make({ handle: () => Effect.succeed(1) })
      runner.run([{ id: null, name: null, args: null }, { id: "7", name: "f", args: { x: 1 } }])
      yield* settled
      assert.deepStrictEqual(asked, [{ id: undefined, name: "", args: {} }, { id: "7", name: "f", args: { x: 1 } }])
      assert.deepStrictEqual(answers, [
        { name: "", response: { output: 1 } },
        { id: "7", name: "f", response: { output: 1 } }
      ])
    }))

  it.effect("carries the scheduling only to a model that takes it, and says whether the model will speak", () =>
    Effect.gen(function*() {
      for (const takes of [true, false]) {
        const { answers, runner, spoken } = yield* make({
          handle: () => Effect.succeed(1),
          scheduling: { quiet: "SILENT", loud: "INTERRUPT" },
          takes
        })
        runner.run([call("1", "quiet"), call("2", "loud"), call("3", "plain")])
        yield* settled
        yield* settled
        assert.deepStrictEqual(
          answers.map((answer) => answer.scheduling),
          takes ? ["SILENT", "INTERRUPT", undefined] : [undefined, undefined, undefined]
        )
        assert.deepStrictEqual(spoken, [false, true, true])
      }
    }))
})

describe("how many calls run", () => {
  it.effect("is bounded; the others wait their turn, and count as pending from the start", () =>
    Effect.gen(function*() {
      const { answers, asked, idle, runner } = yield* make({ handle: () => Effect.sleep(10), concurrency: 2 })
      runner.run(["1", "2", "3"].map((id) => call(id)))
      yield* settled
      assert.deepStrictEqual([asked.length, runner.pending()], [2, 3])
      yield* TestClock.adjust(10)
      assert.deepStrictEqual([asked.length, runner.pending(), answers.length, idle.times], [3, 1, 2, 0])
      yield* TestClock.adjust(10)
      assert.deepStrictEqual([asked.length, runner.pending(), answers.length, idle.times], [3, 0, 3, 1])
    }))

  it.effect("a call that is cancelled makes room for the next, also one that waited itself", () =>
    Effect.gen(function*() {
      const { answers, asked, runner } = yield* make({ concurrency: 1 })
      runner.run(["1", "2", "3"].map((id) => call(id)))
      yield* settled
      runner.cancel(["2"])
      yield* settled
      assert.deepStrictEqual([asked.map(({ id }) => id), runner.pending()], [["1"], 2])
      runner.cancel(["1"])
      yield* settled
      assert.deepStrictEqual([asked.map(({ id }) => id), runner.pending()], [["1", "3"], 1])
      assert.deepStrictEqual(answers, [])
    }))
})

describe("a call that comes twice", () => {
  it.effect("runs once: while it runs, after it was answered, and after it was cancelled", () =>
    Effect.gen(function*() {
      const { asked, idle, runner } = yield* make({ handle: () => Effect.sleep(10) })
      runner.run([call("1"), call("1")])
      runner.run([call("1")])
      yield* TestClock.adjust(10)
      runner.run([call("1"), call("2")])
      yield* settled
      runner.cancel(["2"])
      yield* settled
      runner.run([call("2")])
      yield* TestClock.adjust(10)
      assert.deepStrictEqual(asked.map(({ id }) => id), ["1", "2"])
      assert.deepStrictEqual([runner.pending(), idle.times], [0, 2])
    }))

  it.effect("without an id runs each time, and so does one whose id is empty", () =>
    Effect.gen(function*() {
      const { asked, runner } = yield* make({ concurrency: 9 })
      runner.run([call(undefined), call(undefined), call(""), call("")])
      yield* settled
      assert.deepStrictEqual([asked.length, runner.pending()], [4, 4])
      // Nobody can name them, so nobody cancels them.
      runner.cancel(["", "undefined"])
      yield* settled
      assert.strictEqual(runner.pending(), 4)
    }))

  it.effect("runs again if it was lost, and only then", () =>
    Effect.gen(function*() {
      const { answers, asked, idle, runner } = yield* make()
      const [lost, kept, unknown] = [call("1"), call("2"), call("3")]
      runner.run([lost, kept])
      yield* settled
      runner.lose([lost, unknown, call(undefined)])
      yield* settled
      assert.deepStrictEqual([runner.pending(), idle.times, answers], [1, 0, []])
      runner.run([call("1"), call("2")])
      yield* settled
      assert.deepStrictEqual(asked.map(({ id }) => id), ["1", "2", "1"])
    }))

  it.effect("is known among the last 4,096 ids, and the oldest is forgotten first", () =>
    Effect.gen(function*() {
      const { asked, runner } = yield* make({ handle: () => Effect.void, concurrency: 10_000 })
      runner.run(Array.from({ length: 4_096 }, (_, nth) => call(`${nth}`)))
      yield* settled
      // Those without an id take no place.
      runner.run([call(undefined), call("")])
      yield* settled
      asked.length = 4_096
      runner.run([call("0")])
      yield* settled
      assert.strictEqual(asked.length, 4_096)
      runner.run([call("one more")])
      // The first is forgotten, the second is not.
      runner.run([call("1")])
      yield* settled
      assert.strictEqual(asked.length, 4_097)
      runner.run([call("0")])
      yield* settled
      assert.strictEqual(asked.length, 4_098)
      assert.strictEqual(runner.pending(), 0)
    }))
})

describe("the calls that are waited for", () => {
  it.effect("are those that run and of whose answers the model speaks", () =>
    Effect.gen(function*() {
      const { runner } = yield* make({ scheduling: { quiet: "SILENT" }, concurrency: 1 })
      const [plain, quiet, nameless, later] = [call("1"), call("2", "quiet"), { id: "3" }, call("4")]
      const calls = [plain, quiet, nameless, later]
      runner.run([plain, quiet, nameless])
      yield* settled
      assert.deepStrictEqual<unknown>(runner.awaited(calls), [plain, nameless])
      // Known by what they are, not by their id: the same id in another turn is another call.
      assert.deepStrictEqual(runner.awaited([call("1")]), [])
      runner.cancel(["1"])
      yield* settled
      assert.deepStrictEqual<unknown>(runner.awaited(calls), [nameless])
    }))
})

describe("the end of a session", () => {
  it.effect("stops every call, those that wait too, and answers none", () =>
    Effect.gen(function*() {
      const scope = yield* Scope.make()
      let stopped = 0
      const { answers, asked, runner } = yield* Scope.provide(
        make({ handle: () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => void stopped++)) }),
        scope
      )
      runner.run(["1", "2", "3"].map((id) => call(id)))
      yield* settled
      yield* Scope.close(scope, Exit.void)
      assert.deepStrictEqual([asked.length, stopped, runner.pending(), answers], [2, 2, 0, []])
      runner.run([call("4")])
      yield* settled
      assert.deepStrictEqual([asked.length, runner.pending(), answers], [2, 0, []])
    }))
})
