/** Runs of batches, client and emulator together: every row once, whatever becomes of its job. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Journal from "effect-gemini-journal/Journal"
import * as Batches from "effect-gemini/batches/Batches"
import * as BatchRun from "effect-gemini/batches/BatchRun"
import type * as RunOptions from "effect-gemini/batches/RunOptions"
import * as Budget from "effect-gemini/Budget"
import * as Cost from "effect-gemini/Cost"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberResources from "effect-gemini/members/MemberResources"
import * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Deliveries from "effect-gemini/webhooks/Deliveries"
import * as WebhookEvent from "effect-gemini/webhooks/WebhookEvent"
import * as BigDecimal from "effect/BigDecimal"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Redacted from "effect/Redacted"
import * as Ref from "effect/Ref"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"

const model = "gemini-3.8-flash"
const options = { apiKey: Redacted.make("key"), baseUrl: "http://emulator.invalid" }

const memory = Layer.mergeAll(
  Batches.layer().pipe(Layer.provide(ResourceHttp.layer(options))),
  GeminiClient.layer(options)
).pipe(
  Layer.provideMerge(Emulator.layerHttpClient({ batchPending: 600_000, batchRunning: 600_000 }))
)

const journaled = Layer.merge(memory, Journal.layerMemory())

const rowsOf = (count: number) =>
  Stream.range(0, count - 1).pipe(
    Stream.map((index): Batches.BatchRow => ({ key: `row-${index}`, request: { contents: `Say ${index}` } }))
  )

/** Runs under the test's clock until it is over. */
const finished = <A, E, R>(effect: Effect.Effect<A, E, R>, days = 10) =>
  Effect.gen(function*() {
    const fiber = yield* Effect.forkChild(effect, { startImmediately: true })
    for (let hour = 0; hour < days * 24 && fiber.pollUnsafe() === undefined; hour++) yield* TestClock.adjust("1 hour")
    return yield* Fiber.join(fiber)
  })

const onceEach = (results: ReadonlyArray<RunOptions.RunResult>, count: number) => {
  assert.deepStrictEqual(results.map(({ place }) => place), Array.from({ length: count }, (_, index) => index))
  assert.deepStrictEqual(
    results.map(({ row }) => row).sort((a, b) => a - b),
    Array.from({ length: count }, (_, index) => index)
  )
  for (const { key, row } of results) assert.strictEqual(key, `row-${row}`)
}

const successes = (results: ReadonlyArray<RunOptions.RunResult>) =>
  results.filter(({ _tag }) => _tag === "Success").length

describe("a run", () => {
  it.effect("gives every row its result once, out of several jobs, without a journal", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "plain", model, rows: rowsOf(25), job: { rows: 10 } })
      ))
      onceEach(results, 25)
      assert.strictEqual(successes(results), 25)
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 3, rows: 25 })
    }).pipe(Effect.provide(memory)))

  it.effect("asks about a job at once when its webhook is delivered, and about no other", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const deliveries = yield* Deliveries.make
      const asked = Effect.map(
        emulator.requests,
        (all) => all.filter(({ method, path }) => method === "GET" && path.includes("batches/")).length
      )
      const waits: Array<string> = []
      const told = (batch: string) => {
        waits.push(batch)
        return deliveries.about(batch)
      }
      const fiber = yield* Effect.forkChild(
        Stream.runCollect(
          BatchRun.run({
            id: "told",
            model,
            rows: rowsOf(4),
            job: { rows: 2 },
            interval: "1 day",
            maxInterval: "1 day",
            told
          })
        ),
        { startImmediately: true }
      )
      yield* TestClock.adjust("1 hour")
      const before = yield* asked
      const [first = "", second = ""] = new Set(waits)
      assert.match(first, /^batches\//)
      assert.notStrictEqual(second, "")
      yield* deliveries.publish({ event: WebhookEvent.of({ type: "batch.succeeded", data: { id: first } }) })
      yield* TestClock.adjust(1)
      assert.strictEqual(yield* asked, before + 1)
      yield* deliveries.publish({ event: WebhookEvent.of({ type: "batch.succeeded", data: { id: second } }) })
      yield* TestClock.adjust(1)
      onceEach(yield* Fiber.join(fiber), 4)
    }).pipe(Effect.provide(memory)))

  it.effect("asks failed rows again, they alone, and gives what fails for good as a result", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "batches.row", nth: 3, times: 2 }, error: { code: 503 } })
      yield* emulator.addFault({ when: { method: "batches.row", nth: 6, times: 1 }, error: { code: 400 } })
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "failing", model, rows: rowsOf(10) })
      ))
      onceEach(results, 10)
      assert.strictEqual(successes(results), 9)
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 2, rows: 12 })
      const again = results.filter(({ attempts }) => attempts === 2)
      assert.lengthOf(again, 2)
    }).pipe(Effect.provide(memory)))

  it.effect("gives a row that never succeeds its own error", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "batches.row" }, error: { code: 503 } })
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "never", model, rows: rowsOf(2), attempts: 2 })
      ))
      onceEach(results, 2)
      assert.deepStrictEqual(
        results.map((result) => result._tag === "Failure" ? result.error.reason._tag : ""),
        ["Overloaded", "Overloaded"]
      )
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 2, rows: 4 })
    }).pipe(Effect.provide(memory)))

  it.effect("gives a row that cannot be sent its error, and sends the others", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const rows = Stream.concat(rowsOf(2), Stream.make({ key: "row-2", request: { contents: [] } }))
      const results = yield* finished(Stream.runCollect(BatchRun.run({ id: "bad", model, rows })))
      onceEach(results, 3)
      const bad = results.find(({ row }) => row === 2)
      assert.include(bad?._tag === "Failure" ? bad.error.message : "", "rows[2].request.contents")
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 1, rows: 2 })
    }).pipe(Effect.provide(memory)))

  it.effect("sends a key of a thousand characters, and gives the row of a longer one its error", () =>
    Effect.gen(function*() {
      const rows = [1_000, 1_001].map((length) => ({ key: "k".repeat(length), request: { contents: "a" } }))
      const results = yield* finished(Stream.runCollect(BatchRun.run({ id: "long", model, rows })))
      const [wrong, right] = [...results].sort((one, other) => other.row - one.row)
      assert.deepStrictEqual([right?._tag, right?.key.length], ["Success", 1_000])
      assert.deepStrictEqual([wrong?._tag, wrong?.key.length], ["Failure", 1_000])
      assert.include(wrong?._tag === "Failure" ? wrong.error.message : "", "rows[1].key")
    }).pipe(Effect.provide(memory)))

  it.effect("parts a job that the server refuses because of one row, until that row alone has its error", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const misspelt: object = { temprature: 1 }
      const unknown = { key: "row-5", request: { contents: "Say 5", generationConfig: { ...misspelt } } }
      const rows = Stream.map(rowsOf(12), (row) => row.key === "row-5" ? unknown : row)
      const results = yield* finished(Stream.runCollect(BatchRun.run({ id: "poison", model, rows })))
      onceEach(results, 12)
      const failures = results.filter(({ _tag }) => _tag === "Failure")
      assert.deepStrictEqual(failures.map(({ key }) => key), ["row-5"])
      const [bad] = failures
      assert.include(bad?._tag === "Failure" ? bad.error.message : "", "temprature")
      assert.strictEqual((yield* emulator.batches.counts).rows, 11)
      // What is wrong for every row is not looked for in each of them.
      const location = { code: 400, status: "FAILED_PRECONDITION", message: "User location is not supported." }
      yield* emulator.addFault({ when: { method: "batchGenerateContent" }, error: location })
      const before = (yield* emulator.requests).length
      const refused = yield* Effect.flip(Stream.runDrain(BatchRun.run({ id: "location", model, rows: rowsOf(12) })))
      assert.include(refused.message, "location")
      assert.lengthOf(yield* emulator.requests, before + 1)
    }).pipe(Effect.provide(memory)))

  for (const state of ["expired", "stuck", "failed"] as const) {
    it.effect(`makes another job for the rows of one that is ${state}`, () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        yield* emulator.addFault({ when: { method: "batchGenerateContent", nth: 2, times: 1 }, batch: { state } })
        const results = yield* finished(Stream.runCollect(
          BatchRun.run({ id: state, model, rows: rowsOf(30), job: { rows: 10 } })
        ))
        onceEach(results, 30)
        assert.strictEqual(successes(results), 30)
        assert.deepStrictEqual(yield* emulator.batches.counts, { created: 4, rows: 30 })
      }).pipe(Effect.provide(memory)))
  }

  it.effect("asks what is left synchronously when the deadline nears", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({
        when: { method: "batchGenerateContent", nth: 1, times: 1 },
        batch: { state: "stuck" }
      })
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "due", model, rows: rowsOf(20), job: { rows: 10 }, deadline: "6 hours", lead: "1 hour" })
      ))
      onceEach(results, 20)
      assert.strictEqual(successes(results), 20)
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 2, rows: 10 })
      assert.lengthOf(results.filter(({ via }) => via === "standard"), 10)
      const asked = (yield* emulator.requests).filter(({ apiMethod }) => apiMethod === "generateContent")
      assert.lengthOf(asked, 10)
      assert.isBelow(asked.at(-1)?.time ?? 0, 6 * 3_600_000)
      const states = (yield* emulator.batches.list).map(({ batch }) => Object(batch["metadata"]).state)
      assert.deepStrictEqual(states.sort(), ["BATCH_STATE_CANCELLED", "BATCH_STATE_SUCCEEDED"])
    }).pipe(Effect.provide(memory)))

  it.effect("makes no job twice, though the answer to every create is lost", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* emulator.addFault({ when: { method: "batchGenerateContent" }, reset: true })
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "lost", model, rows: rowsOf(30), job: { rows: 10 } })
      ))
      onceEach(results, 30)
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 3, rows: 30 })
    }).pipe(Effect.provide(memory)))

  it.effect("waits where the project has all the jobs that it may have", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const batches = yield* Batches.Batches
      yield* Stream.runForEach(Stream.range(1, 99), () =>
        batches.create({ model, rows: [{ key: "a", request: { contents: "a" } }] }))
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "full", model, rows: rowsOf(30), job: { rows: 10 } })
      ))
      onceEach(results, 30)
      assert.strictEqual((yield* emulator.batches.counts).created, 102)
    }).pipe(Effect.provide(memory)))
})

describe("a server that answers what was not asked", () => {
  it.effect("gives no row to a key that the run has not sent, and none twice", () =>
    Effect.gen(function*() {
      const { batches, rows } = yield* strangeBatches
      const results = yield* finished(
        Stream.runCollect(BatchRun.run({ id: "strange", model, rows: rowsOf(3) })).pipe(
          Effect.provideService(Batches.Batches, batches)
        )
      )
      onceEach(results, 3)
      assert.strictEqual(successes(results), 3)
      assert.isAbove(yield* rows, 3)
    }).pipe(Effect.provide(memory)))
})

/** Batches whose results come twice, with strange keys between them, and once without the last row. */
const strangeBatches = Effect.gen(function*() {
  const real = yield* Batches.Batches
  const count = yield* Ref.make(0)
  const batches: Batches.BatchesService = {
    ...real,
    results: (batch, options) => {
      const whole = real.results(batch, options).pipe(Stream.tap(() => Ref.update(count, (rows) => rows + 1)))
      const strange = ["99 99 row-99", "0", "", "-1 0 row-0", "1e9 1 row-1"].map((key): Batches.BatchResult => ({
        _tag: "Success",
        key,
        index: 0,
        response: {}
      }))
      return Stream.concat(Stream.take(whole, 2), Stream.concat(Stream.fromIterable(strange), Stream.take(whole, 2)))
    }
  }
  return { batches, rows: Ref.get(count) }
})

describe("a run in a budget", () => {
  const money = (spending: Budget.Spending | undefined) =>
    Number(BigDecimal.format(spending?.money ?? BigDecimal.fromBigInt(0n)))

  it.effect("is charged the price of batches for what was answered, and gives back what was reserved", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      yield* TestClock.setTime(Date.parse("2026-11-29T12:00:00Z"))
      yield* emulator.addFault({
        when: { method: "batchGenerateContent", nth: 1, times: 1 },
        batch: { state: "expired" }
      })
      const budget = yield* Budget.Budget
      const results = yield* finished(Stream.runCollect(
        BatchRun.run({ id: "charged", model, rows: rowsOf(20), job: { rows: 10 } })
      ))
      assert.strictEqual(successes(results), 20)
      const costs = results.map((result) =>
        result._tag === "Success"
          ? Number(
            BigDecimal.format(Cost.of(model, result.response, { mode: "batch" }).total ?? BigDecimal.fromBigInt(0n))
          )
          : 0
      )
      const [spending] = yield* budget.read
      assert.closeTo(money(spending), costs.reduce((sum, cost) => sum + cost, 0), 1e-9)
      assert.isAbove(money(spending), 0)
      assert.strictEqual(spending?.reserved.tokens, 0)
      assert.isFalse(spending?.isPartial)
    }).pipe(Effect.provide(Layer.provideMerge(memory, Budget.layer({ money: "5", per: "total" })))))

  it.effect("that has no room for its rows makes no job, and says which budget it is", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const failed = yield* Effect.flip(Stream.runDrain(
        BatchRun.run({ id: "poor", model, rows: rowsOf(20), job: { rows: 10 } }).pipe(
          (run) => Stream.fromIterableEffect(Budget.within({ name: "small", tokens: 5_000 })(Stream.runCollect(run)))
        )
      ))
      assert.strictEqual(
        failed._tag === "GeminiError" && failed.reason._tag === "QuotaExhausted" && failed.reason.budget,
        "small"
      )
      assert.strictEqual((yield* emulator.batches.counts).created, 0)
    }).pipe(Effect.provide(memory)))
})

describe("a run over members", () => {
  const projects = { one: { keys: ["key-a"] }, two: { keys: ["key-b"] } }
  const members = ["a", "b"].map((name) => ({ name, apiKey: Redacted.make(`key-${name}`) }))
  const several = Layer.mergeAll(
    Batches.layer().pipe(Layer.provide(MemberResources.layer())),
    Journal.layerMemory()
  ).pipe(
    Layer.provideMerge(Members.layer({ baseUrl: options.baseUrl, members, retry: { attempts: 1 } })),
    Layer.provideMerge(Emulator.layerHttpClient({ batchPending: 600_000, batchRunning: 600_000, projects }))
  )

  it.effect("finds its jobs with the member that made them, and makes none twice", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const batches = yield* Batches.Batches
      const run = (from = 0) => BatchRun.run({ id: "several", model, rows: rowsOf(40), job: { rows: 10 }, from })
      // It leaves between the create and its record, which the answer never came for.
      yield* emulator.addFault({ when: { method: "batchGenerateContent" }, reset: true })
      const made = yield* Deferred.make<void>()
      const left = yield* Effect.forkChild(
        Stream.runDrain(run()).pipe(Effect.provideService(Batches.Batches, {
          ...batches,
          create: (request, options) =>
            Effect.ensuring(
              Effect.ignore(batches.create(request, { ...options, retry: { attempts: 1 } })),
              Deferred.succeed(made, undefined)
            ).pipe(Effect.andThen(Effect.never))
        })),
        { startImmediately: true }
      )
      yield* finished(Deferred.await(made))
      yield* Fiber.interrupt(left)
      const results = yield* finished(Stream.runCollect(run()))
      onceEach(results, 40)
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 4, rows: 40 })
      const makers = new Set((yield* emulator.batches.list).map(({ project }) => project))
      assert.deepStrictEqual([...makers].sort(), ["one", "two"])
      const [{ batch } = { batch: {} }] = yield* emulator.batches.list
      const name = String(Object(Object(batch)["metadata"]).displayName)
      assert.isDefined(yield* batches.find(name))
      assert.isUndefined(yield* batches.find("nobody's"))
    }).pipe(Effect.provide(several)))
})

describe("a run in a journal", () => {
  it.effect("goes on where it was left, and gives again what was asked for", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const run = (from = 0) => BatchRun.run({ id: "left", model, rows: rowsOf(40), job: { rows: 10 }, jobs: 2, from })
      // Leaves after every few results, at some place of its work.
      const seen: Array<RunOptions.RunResult> = []
      for (let turn = 0; turn < 50; turn++) {
        const part = yield* finished(Stream.runCollect(Stream.take(run(seen.length), 7)))
        if (part.length === 0) break
        seen.push(...part)
      }
      onceEach(seen, 40)
      assert.deepStrictEqual(yield* emulator.batches.counts, { created: 4, rows: 40 })
      const status = yield* BatchRun.status("left")
      assert.deepInclude(status, { rows: 40, results: 40, failed: 0, jobs: 4, created: 4, isAllRead: true })
      const again = yield* Stream.runCollect(run())
      assert.deepStrictEqual(again.map(({ key }) => key), seen.map(({ key }) => key))
      const kept = yield* Stream.runCollect(BatchRun.results("left", { from: 35 }))
      assert.deepStrictEqual(kept.map(({ place }) => place), [35, 36, 37, 38, 39])
    }).pipe(Effect.provide(journaled)))

  it.effect("refuses other rows, another model, and a run that was cancelled", () =>
    Effect.gen(function*() {
      const emulator = yield* Emulator.Emulator
      const made = yield* Deferred.make<void>()
      const started = yield* Effect.forkChild(
        Stream.runDrain(BatchRun.run({
          id: "mine",
          model,
          rows: Stream.concat(rowsOf(10), Stream.never),
          job: { rows: 5 },
          onProgress: ({ created }) => created === 2 ? Deferred.succeed(made, undefined) : Effect.void
        })),
        { startImmediately: true }
      )
      yield* Deferred.await(made)
      yield* Fiber.interrupt(started)
      const fieldOf = (options: Partial<RunOptions.RunOptions>) =>
        Effect.map(
          Effect.flip(Stream.runDrain(BatchRun.run({ id: "mine", model, rows: rowsOf(10), ...options }))),
          (error) =>
            error._tag === "GeminiError" && error.reason._tag === "InvalidRequest"
              ? error.reason.fields[0]?.field
              : String(error)
        )
      assert.strictEqual(yield* fieldOf({ model: "gemini-2.5-pro" }), "model")
      assert.strictEqual(
        yield* fieldOf({ rows: Stream.map(rowsOf(10), (row) => ({ ...row, key: `other-${row.key}` })) }),
        "rows"
      )
      for (const [field, value] of [["id", "a/b"], ["attempts", 0], ["from", -1], ["model", "a b"]] as const) {
        assert.strictEqual(yield* fieldOf({ [field]: value }), field)
      }
      const status = yield* BatchRun.cancel("mine")
      assert.deepInclude(status, { isCancelled: true, rows: 10, jobs: 2 })
      assert.strictEqual(yield* fieldOf({}), "id")
      const states = (yield* emulator.batches.list).map(({ batch }) => Object(batch["metadata"]).state)
      assert.deepStrictEqual(states, ["BATCH_STATE_CANCELLED", "BATCH_STATE_CANCELLED"])
    }).pipe(Effect.provide(journaled)))

  it.effect("tells how far it is", () =>
    Effect.gen(function*() {
      const told = yield* Ref.make<ReadonlyArray<RunOptions.RunProgress>>([])
      yield* finished(Stream.runDrain(BatchRun.run({
        id: "told",
        model,
        rows: rowsOf(20),
        job: { rows: 10 },
        onProgress: (progress) => Ref.update(told, (all) => [...all, progress])
      })))
      const all = yield* Ref.get(told)
      assert.deepStrictEqual(
        all.map(({ results }) => results).filter((count, index, counts) => count !== counts[index - 1]),
        [
          0,
          10,
          20
        ]
      )
      assert.deepInclude(all.at(-1), { rows: 20, results: 20, isAllRead: true, isFinished: true, open: [] })
    }).pipe(Effect.provide(journaled)))
})
