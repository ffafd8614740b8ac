/** What teams promise: one answer of several agents, each with a journal of its own, and nothing that ended again. */
import { assert, describe, it } from "@effect/vitest"
import * as Agent from "effect-gemini-agents/Agent"
import { AgentError } from "effect-gemini-agents/AgentError"
import * as Approval from "effect-gemini-agents/Approval"
import { Critique } from "effect-gemini-agents/Critique"
import * as Team from "effect-gemini-agents/Team"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Journal from "effect-gemini-journal/Journal"
import * as DateTime from "effect/DateTime"
import * as Deferred from "effect/Deferred"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import * as TestClock from "effect/testing/TestClock"
import { killed } from "./dying.ts"
import { teamPlayedAgain } from "./replayed.ts"
import * as Scripted from "./scripted.ts"

/** A persona by the system text of the agent whose model it plays. */
const persona = (name: string, plan: NonNullable<Rule.Rule["plan"]>): Rule.Rule => ({
  name,
  when: { system: { contains: `You are ${name}.` } },
  plan
})

const named = (name: string) => Agent.make({ name, instructions: `You are ${name}.` })

const says = (name: string, say: string): Rule.Rule => persona(name, [{ say }])
const empty = (name: string): Rule.Rule => persona(name, [{ misbehave: "empty" }])
const slow = (name: string): Rule.Rule => persona(name, [{ misbehave: "slow" }])

const inTeam = (rules: ReadonlyArray<Rule.Rule>) => Layer.mergeAll(Scripted.by(rules), Journal.layerMemory())

const ids = Effect.gen(function*() {
  const journal = yield* Journal.Journal
  const listed = yield* Stream.runCollect(journal.list())
  return [...listed].map(({ id }) => id)
})

describe("a sequence", () => {
  it.effect("gives each agent what the one before it gave, in journals of their own", () =>
    Effect.gen(function*() {
      const count = Agent.fromEffect(
        { name: "count", output: Schema.Finite },
        (text) => Effect.succeed(text.length)
      )
      const team = Team.sequence(named("writer"), named("editor"), (text) => `<${text}>`, count).named("paper")
      const answer = yield* Agent.run(team, "frogs", { id: "p" })
      assert.strictEqual(answer.value, "<edited>".length)
      assert.strictEqual(answer.steps, 2)
      assert.deepStrictEqual(yield* ids, ["p", "p.count.1", "p.editor.1", "p.writer.1"])
      assert.deepStrictEqual(answer.records.map(({ _tag }) => _tag), [
        "Begun",
        "ChildStarted",
        "ChildEnded",
        "ChildStarted",
        "ChildEnded",
        "ChildStarted",
        "ChildEnded",
        "Finished"
      ])
      const tokens = answer.records.flatMap((record) => record._tag === "ChildEnded" ? [record.usage.inputTokens] : [])
      assert.strictEqual(answer.usage.inputTokens, tokens.reduce((a, b) => a + b, 0))
      assert.isAbove(answer.usage.inputTokens, 0)
    }).pipe(Effect.provide(inTeam([says("writer", "a draft"), says("editor", "edited")]))))

  it.effect("ends with ChildFailed, and goes on from the child that failed: what ended is not played again", () =>
    Effect.gen(function*() {
      let drafts = 0
      const draft = Agent.fromEffect({ name: "draft" }, (text) =>
        Effect.sync(() => {
          drafts++
          return text
        }))
      let isBroken = true
      const send = Agent.fromEffect(
        { name: "send" },
        (text) => Effect.suspend(() => isBroken ? Effect.fail("no line" as const) : Effect.succeed(`sent ${text}`))
      )
      const team = Team.sequence(draft, send)
      const error = yield* Effect.flip(Agent.run(team, "frogs", { id: "p" }))
      assert(error.reason._tag === "ChildFailed")
      assert.strictEqual(error.id, "p")
      assert.strictEqual(error.reason.child, "send.1")
      assert.strictEqual(error.reason.error, "no line")
      assert.strictEqual(error.message, "draft-send (p): send.1 gave no answer: no line")
      isBroken = false
      const answer = yield* Agent.resume(team, "p")
      assert.strictEqual(answer.value, "sent frogs")
      assert.strictEqual((yield* Agent.resume(team, "p")).value, "sent frogs")
      assert.strictEqual(drafts, 1)
    }).pipe(Effect.provide(inTeam([]))))

  it.effect("brings what people decide up with the child's path, and the decision down, through a team in a team", () =>
    Effect.gen(function*() {
      const clerk = Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit: Scripted.toolkit })
      const team = Team.sequence(named("writer"), Team.sequence(clerk, (text) => text).named("office")).named("whole")
      const error = yield* Effect.flip(Agent.run(team, "frogs", { id: "p" }))
      assert(error.reason._tag === "Suspended")
      const [request] = error.reason.pending
      assert.strictEqual(request?.call, "office.1/clerk.1/1.0")
      assert.strictEqual(request?.tool, "pay")
      const lost = yield* Effect.flip(Agent.resume(team, "p", [Approval.approve("1.0", { by: "ada" })]))
      assert.strictEqual(lost.reason._tag, "Refused")
      const decision = Approval.approve("office.1/clerk.1/1.0", { by: "ada", tool: "pay" })
      const answer = yield* Agent.resume(team, "p", [decision])
      assert.strictEqual(answer.value, "done: paid 5")
      assert.strictEqual((yield* Agent.resume(team, "p", [decision])).value, "done: paid 5")
    }).pipe(Effect.provide(inTeam([
      says("writer", "pay them"),
      persona("clerk", [{ call: { name: "pay", args: { cents: 5 } } }, { say: "done: {{ result.pay }}" }])
    ]))))

  it.effect("tells what its children tell, with their names", () =>
    Effect.gen(function*() {
      const team = Team.sequence(named("writer"), named("editor"))
      const events = yield* Stream.runCollect(Agent.stream(team, "frogs"))
      const texts = [...events].flatMap((event) =>
        event._tag === "Child" && event.event._tag === "TextDelta" ? [`${event.child} ${event.event.text}`] : []
      )
      assert.deepStrictEqual(texts, ["writer.1 draft", "editor.1 edited"])
      assert.strictEqual([...events].at(-1)?._tag, "Done")
    }).pipe(Effect.provide(inTeam([says("writer", "draft"), says("editor", "edited")]))))

  it.effect("has the bounds of a team, and refuses those of an agent", () =>
    Effect.gen(function*() {
      const team = Team.sequence(named("writer"), named("editor"))
      const refused = yield* Effect.flip(Agent.run(team, "frogs", { bounds: { steps: 3 } }))
      assert(refused.reason._tag === "Refused")
      assert.strictEqual(refused.reason.path, "bounds.steps")
      const fiber = yield* Effect.forkChild(
        Effect.flip(Agent.run(team, "frogs", { id: "p", bounds: { time: "10 seconds" } }))
      )
      yield* TestClock.adjust("10 seconds")
      assert.strictEqual((yield* Fiber.join(fiber)).reason._tag, "TimeLimit")
      assert.deepStrictEqual(yield* ids, ["p", "p.writer.1"])
    }).pipe(Effect.provide(inTeam([slow("writer"), says("editor", "edited")]))))

  it.effect("stops at its own bound of money, and goes on with a larger one", () =>
    Effect.gen(function*() {
      yield* TestClock.setTime(Scripted.today)
      const team = Team.sequence(named("writer"), Team.sequence(named("editor"), (text) => text).named("desk")).named(
        "all"
      )
      const error = yield* Effect.flip(Agent.run(team, "frogs", { id: "p", bounds: { money: "0.000000001" } }))
      assert(error.reason._tag === "MoneyLimit")
      assert.strictEqual(error.reason.limit, "0.000000001")
      assert.strictEqual((yield* Agent.resume(team, "p", [], { bounds: { money: "1" } })).value, "edited")
    }).pipe(Effect.provide(inTeam([says("writer", "draft"), says("editor", "edited")]))))

  it.effect("cannot be resumed where its children's journals are not", () =>
    Effect.gen(function*() {
      const team = Team.sequence(named("writer"), named("editor"))
      const error = yield* Effect.flip(Agent.run(team, "frogs", { id: "p" }))
      const refused = yield* Effect.flip(Agent.resume(team, "p", [], { records: error.records }))
      assert(refused.reason._tag === "Refused")
      assert.strictEqual(refused.reason.path, "records")
    }).pipe(Effect.provide(Scripted.by([says("writer", "draft"), empty("editor")]))))
})

describe("all", () => {
  it.effect("gives the values by name, combined", () =>
    Effect.gen(function*() {
      const members = { web: named("web"), papers: named("papers") }
      assert.deepStrictEqual((yield* Agent.run(Team.all(members), "frogs")).value, { web: "sites", papers: "prints" })
      const combined = Team.all(members, { combine: ({ papers, web }) => `${web}, ${papers}`, concurrency: 1 })
      assert.strictEqual((yield* Agent.run(combined, "frogs")).value, "sites, prints")
    }).pipe(Effect.provide(inTeam([says("web", "sites"), says("papers", "prints")]))))

  it.effect("gives each its part of the input, also after a restart and in a replay", () =>
    Effect.gen(function*() {
      let isDown = true
      const days = Agent.fromEffect(
        { name: "days", input: Schema.DateTimeUtc, output: Schema.Finite },
        (day) =>
          Effect.suspend(() => isDown ? Effect.fail("down" as const) : Effect.succeed(DateTime.toEpochMillis(day)))
      )
      const input = Schema.Struct({ day: Schema.DateTimeUtc, about: Schema.String })
      const team = Team.all({ days, web: named("web") }, {
        name: "split",
        concurrency: 1,
        input,
        split: ({ about, day }) => ({ days: day, web: `only ${about}` }),
        combine: ({ days, web }) => `${days} ${web}`
      })
      const given = { day: DateTime.makeUnsafe(7), about: "frogs" }
      const error = yield* Effect.flip(Agent.run(team, given, { id: "p" }))
      assert.strictEqual(error.reason._tag, "ChildFailed")
      isDown = false
      assert.strictEqual((yield* Agent.resume(team, "p")).value, "7 sites of only frogs")
      assert.deepStrictEqual((yield* teamPlayedAgain(team, "p")).values, ["7 sites of only frogs"])
    }).pipe(Effect.provide(inTeam([{
      name: "web",
      when: { text: "only frogs" },
      reply: "sites of only frogs"
    }]))))

  it.effect("fails with the first failure and what the others gave, and interrupts the rest", () =>
    Effect.gen(function*() {
      let interrupted = 0
      const waits = Agent.fromEffect(
        { name: "waits" },
        () => Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
      )
      const good = Agent.fromEffect({ name: "good" }, () => Effect.succeed("good"))
      const bad = Agent.fromEffect({ name: "bad" }, () => Effect.fail("broken" as const))
      const error = yield* Effect.flip(Agent.run(Team.all({ good, waits, bad }), "frogs"))
      assert(error.reason._tag === "ChildFailed")
      assert.strictEqual(error.reason.child, "bad.1")
      assert.deepStrictEqual(error.reason.others, { good: "good" })
      assert.strictEqual(interrupted, 1)
    }).pipe(Effect.provide(inTeam([]))))

  for (const [atLeast, isEnough] of [[2, true], [3, false]] as const) {
    it.effect(`with two of three answers and at least ${atLeast}: ${isEnough ? "Exits" : "ChildFailed"}`, () =>
      Effect.gen(function*() {
        let played = 0
        const bad = Agent.fromEffect({ name: "bad" }, () =>
          Effect.suspend(() => {
            played++
            return Effect.fail("broken" as const)
          }))
        const team = Team.all({ web: named("web"), bad, papers: named("papers") }, { atLeast })
        const result = yield* Effect.result(Agent.run(team, "frogs", { id: "p" }))
        if (!isEnough) {
          assert(result._tag === "Failure" && result.failure.reason._tag === "ChildFailed")
          assert.deepStrictEqual(result.failure.reason.others, { web: "sites", papers: "prints" })
          return
        }
        assert(result._tag === "Success")
        const { bad: failed, papers, web } = result.success.value
        assert.deepStrictEqual([web, papers], [Exit.succeed("sites"), Exit.succeed("prints")])
        assert(Exit.isFailure(failed))
        const again = (yield* Agent.resume(team, "p")).value
        assert.deepStrictEqual(again.web, web)
        assert(Exit.isFailure(again.bad))
        assert.strictEqual(played, 1)
      }).pipe(Effect.provide(inTeam([says("web", "sites"), says("papers", "prints")]))))
  }

  it.effect("waits for people when the others have ended", () =>
    Effect.gen(function*() {
      const clerk = Agent.make({ name: "clerk", instructions: "You are clerk.", toolkit: Scripted.toolkit })
      const team = Team.all({ a: clerk, web: named("web"), b: clerk })
      const error = yield* Effect.flip(Agent.run(team, "frogs", { id: "p" }))
      assert(error.reason._tag === "Suspended")
      assert.deepStrictEqual(error.reason.pending.map(({ call }) => call), ["a.1/1.0", "b.1/1.0"])
      const half = yield* Effect.flip(Agent.resume(team, "p", [Approval.approve("b.1/1.0", { by: "ada" })]))
      assert(half.reason._tag === "Suspended")
      assert.deepStrictEqual(half.reason.pending.map(({ call }) => call), ["a.1/1.0"])
      const answer = yield* Agent.resume(team, "p", [Approval.deny("a.1/1.0", "no", { by: "ada" })])
      assert.deepStrictEqual(answer.value, { a: "done: {\"error\":\"denied: no\"}", web: "sites", b: "done: paid 5" })
    }).pipe(Effect.provide(inTeam([
      says("web", "sites"),
      persona("clerk", [{ call: { name: "pay", args: { cents: 5 } } }, { say: "done: {{ result.pay }}" }])
    ]))))

  it("throws where its members cannot be", () => {
    assert.throws(() => Team.all({}), RangeError)
    assert.throws(() => Team.all({ "a/b": named("a") }), RangeError)
    assert.throws(() => Team.all({ a: named("a") }, { atLeast: 2 }), RangeError)
    assert.throws(() => Team.all({ a: named("a") }, { atLeast: 0 }), RangeError)
    assert.throws(() => Team.sequence(named("a"), named("b")).named("No"), RangeError)
    assert.throws(() => Team.race(named("a"), named("a")), RangeError)
  })
})

describe("a race", () => {
  it.effect("gives the first answer, interrupts the others, and gives it again", () =>
    Effect.gen(function*() {
      const team = Team.race(named("thorough"), named("fast"))
      assert.strictEqual((yield* Agent.run(team, "frogs", { id: "p" })).value, "here")
      assert.strictEqual((yield* Agent.resume(team, "p")).value, "here")
    }).pipe(Effect.provide(inTeam([slow("thorough"), says("fast", "here")]))))

  it.effect("fails when none gives an answer, and one that fails does not end it", () =>
    Effect.gen(function*() {
      const good = yield* Agent.run(Team.race(named("broken"), named("fast")), "frogs")
      assert.strictEqual(good.value, "here")
      const error = yield* Effect.flip(Agent.run(Team.race(named("broken"), named("lost")), "frogs"))
      assert(error.reason._tag === "ChildFailed" && error.reason.error instanceof AgentError)
      assert.strictEqual(error.reason.error.reason._tag, "Unusable")
    }).pipe(Effect.provide(inTeam([empty("broken"), empty("lost"), says("fast", "here")]))))
})

describe("repeat", () => {
  const critic = (good: number) => {
    let seen = 0
    return Agent.fromEffect({ name: "critic", output: Critique }, (text) =>
      Effect.sync(() => {
        seen++
        return { isGood: seen >= good, advice: `${text} is no. ${seen}` }
      }))
  }

  const writing = () => {
    const told: Array<string> = []
    const writer = Agent.fromEffect({ name: "writer" }, (text) =>
      Effect.sync(() => {
        told.push(text)
        return `draft ${told.length}`
      }))
    return { told, writer }
  }

  it.effect("drafts with the critic's advice until a draft is good, and does nothing again", () =>
    Effect.gen(function*() {
      const { told, writer } = writing()
      const team = Team.repeat(writer, { until: critic(3), times: 3 })
      const answer = yield* Agent.run(team, "frogs", { id: "p" })
      assert.strictEqual(answer.value, "draft 3")
      assert.strictEqual((yield* Agent.resume(team, "p")).value, "draft 3")
      assert.deepStrictEqual(told, [
        "frogs",
        "frogs\n\nYour last answer was:\ndraft 1\n\nIt is to be better in this:\ndraft 1 is no. 1",
        "frogs\n\nYour last answer was:\ndraft 2\n\nIt is to be better in this:\ndraft 2 is no. 2"
      ])
      assert.deepStrictEqual(yield* ids, [
        "p",
        "p.critic.1",
        "p.critic.2",
        "p.critic.3",
        "p.writer.1",
        "p.writer.2",
        "p.writer.3"
      ])
    }).pipe(Effect.provide(inTeam([]))))

  it.effect("ends with the critic's last advice after so many drafts", () =>
    Effect.gen(function*() {
      const { told, writer } = writing()
      const team = Team.repeat(writer, { until: critic(4), times: 3, again: ({ advice }) => advice, name: "essay" })
      const error = yield* Effect.flip(Agent.run(team, "frogs", { id: "p" }))
      assert(error.reason._tag === "CheckFailed")
      assert.strictEqual(error.message, "essay (p): the check critic refused it: draft 3 is no. 3")
      assert.strictEqual((yield* Effect.flip(Agent.resume(team, "p"))).message, error.message)
      assert.deepStrictEqual(told, ["frogs", "draft 1 is no. 1", "draft 2 is no. 2"])
      assert.throws(() => Team.repeat(writer, { until: critic(1), times: 0 }), RangeError)
    }).pipe(Effect.provide(inTeam([]))))

  it.effect("takes what is not text by its schema, also after a restart", () =>
    Effect.gen(function*() {
      const input = Schema.Struct({ day: Schema.DateTimeUtc, n: Schema.Finite })
      let isDown = true
      const count = Agent.fromEffect({ name: "count", input, output: Schema.Finite }, ({ n }) => Effect.succeed(n))
      const judge = Agent.fromEffect(
        { name: "judge", input: Schema.Finite, output: Critique },
        (n) =>
          Effect.suspend(() => isDown ? Effect.fail("down" as const) : Effect.succeed({ isGood: n === 3, advice: "" }))
      )
      const team = Team.repeat(count, {
        until: judge,
        input,
        again: ({ input: { day }, value }) => ({ day, n: value + 1 })
      })
      const day = DateTime.makeUnsafe(0)
      const error = yield* Effect.flip(Agent.run(team, { day, n: 1 }, { id: "p" }))
      assert.strictEqual(error.reason._tag, "ChildFailed")
      isDown = false
      assert.strictEqual((yield* Agent.resume(team, "p")).value, 3)
    }).pipe(Effect.provide(inTeam([]))))
})

describe("a run of a team whose process died", () => {
  it.effect("is Busy for another process while it lives, and goes on when it was interrupted", () =>
    Effect.gen(function*() {
      let isStuck = true
      let interrupted = 0
      const begun = yield* Deferred.make<void>()
      const stuck = Agent.fromEffect({ name: "stuck" }, (text) =>
        Effect.suspend(() =>
          isStuck
            ? Effect.andThen(
              Deferred.succeed(begun, undefined),
              Effect.onInterrupt(Effect.never, () => Effect.sync(() => interrupted++))
            )
            : Effect.succeed(text)
        ))
      const team = Team.sequence(named("writer"), Team.race(stuck, Team.sequence(stuck, stuck).named("two")))
      const fiber = yield* Effect.forkChild(Agent.run(team, "frogs", { id: "p" }))
      yield* Deferred.await(begun)
      assert.strictEqual((yield* Effect.flip(Agent.resume(team, "p"))).reason._tag, "Busy")
      yield* Fiber.interrupt(fiber)
      assert.strictEqual(interrupted, 2)
      isStuck = false
      assert.strictEqual((yield* Agent.resume(team, "p")).value, "draft")
    }).pipe(Effect.provide(inTeam([says("writer", "draft")]))))

  it.effect("goes on from every append to the same answer, and plays nothing again that had ended", () =>
    Effect.gen(function*() {
      const journal = yield* Journal.Journal
      let played: Array<string> = []
      const noting = (name: string) =>
        Agent.fromEffect({ name }, (text) =>
          Effect.sync(() => {
            played.push(name)
            return `${text}+${name}`
          }))
      const team = Team.sequence(
        noting("a"),
        Team.all({ b: noting("b"), c: noting("c") }, { combine: ({ b, c }) => `${b} ${c}`, name: "both" }),
        noting("d")
      ).named("whole")
      let whole = 0
      for (const isWritten of [false, true]) {
        for (let appends = 1;; appends++) {
          const id = `w${appends}${isWritten ? "-" : ""}`
          played = []
          if (!(yield* killed(Agent.run(team, "x", { id }), appends, isWritten))) {
            whole = appends
            break
          }
          const over = new Set<string>()
          for (const { head, id: known } of yield* Stream.runCollect(journal.list(`${id}.`))) {
            if (head._tag === "Success" && head.success.state === "finished") over.add(known)
          }
          const went = yield* Effect.result(Agent.resume(team, id))
          // Its process died before it was anything.
          if (went._tag === "Failure") {
            assert.strictEqual(appends, 1)
            assert.isFalse(isWritten)
            continue
          }
          assert.strictEqual(went.success.value, "x+a+b x+a+c+d", id)
          for (const [name, path] of [["a", "a.1"], ["b", "both.1.b.1"], ["c", "both.1.c.1"], ["d", "d.1"]]) {
            const times = played.filter((known) => known === name).length
            if (over.has(`${id}.${path}`)) assert.strictEqual(times, 1, `${id} ${name}`)
            else assert.isAtMost(times, 2, `${id} ${name}`)
          }
        }
      }
      // Two for each of the four and for the two teams, and two in a team for each child.
      assert.strictEqual(whole, 4 * 2 + 2 * 2 + 5 * 2 + 1)
    }).pipe(Effect.provide(inTeam([]))))
})
