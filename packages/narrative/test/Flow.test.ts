/** Conditions, loops, fan-outs and paths into JSON: what is asked, with which texts, and what a resumed run asks again. */
import { assert, describe, it } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as ActTools from "effect-gemini-narrative/ActTools"
import * as Narrative from "effect-gemini-narrative/Narrative"
import * as Runs from "effect-gemini-narrative/Runs"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import { filesIn, folder, gemini, prompts } from "./runs.ts"

const plan = `
[[acts]]
name = "plan"
prompt = "[plan]"
[acts.generation.response_json_schema]
type = "object"
properties.title = { type = "string" }
properties.steps = { type = "array", items = { type = "object", properties = { name = { type = "string" }, hours = { type = "integer" } } } }
`

const steps = {
  title: "Trip",
  steps: [{ name: "pack", hours: 1 }, { name: "go", hours: 5 }, { name: "rest", hours: 2 }]
}

/** The first word in brackets names the act; the rest is what it was asked. */
const answering = (answers: Readonly<Record<string, string | ((prompt: string, nth: number) => string)>>) => {
  const counts = new Map<string, number>()
  return {
    answers: (({ body }) => {
      const text = /\[(\w+)\][^"]*/.exec(JSON.stringify(body))
      const [prompt = "", name = ""] = text ?? []
      const nth = counts.get(name) ?? 0
      counts.set(name, nth + 1)
      const answer = answers[name]
      return { text: typeof answer === "function" ? answer(prompt, nth) : answer ?? `<${prompt}>` }
    }) satisfies Emulator.Options["answers"]
  }
}

const executed = (text: string, options: Narrative.Options = {}) =>
  Effect.flatMap(Narrative.parse(text), (story) => Narrative.execute(story, options))

const failing = (text: string, options?: Narrative.Options) =>
  Effect.flatMap(Narrative.parse(text), (story) => Effect.flip(Narrative.execute(story, options)))

const textsOf = (result: Narrative.NarrativeResult) =>
  Object.fromEntries(result.acts.map(({ act, text }) => [act, text]))

describe("a path into JSON", () => {
  it.effect("puts in what stands there, and the first alternative that is there", () =>
    Effect.gen(function*() {
      yield* executed(`${plan}
[[acts]]
name = "use"
prompt = "[use] {{plan.title}}: {{ plan.steps[1].name }} {{plan.steps[1].hours}} {{plan.steps[0]}} {{plan.steps[9].name ?? plan.steps[2].name ?? \\"none\\"}} {{plan.steps[7].name ?? \\"none\\"}}"
`)
      assert.strictEqual((yield* prompts)[1], "[use] Trip: go 5 {\"name\":\"pack\",\"hours\":1} rest none")
    }).pipe(Effect.provide(gemini(answering({ plan: JSON.stringify(steps) })))))

  it.effect("that leads nowhere in the answer fails the act before anything of it is sent", () =>
    Effect.gen(function*() {
      const error = yield* (
        failing(`${plan}\n[[acts]]\nname = "use"\nprompt = "[use] {{plan.steps[9].name}}"\n`)
      )
      assert.deepStrictEqual([error.act, error.message], [
        "use",
        "act \"use\" failed: its text refers to plan.steps[9].name, and there is none"
      ])
      assert.strictEqual((yield* prompts).length, 1)
    }).pipe(Effect.provide(gemini(answering({ plan: JSON.stringify(steps) })))))

  it.effect("makes an answer that is no JSON a failure of the act that gave it, for which a fallback model is asked", () =>
    Effect.gen(function*() {
      const use = "\n[[acts]]\nname = \"use\"\nprompt = \"[use] {{plan.title}}\"\n"
      const error = yield* failing(plan + use)
      assert.deepStrictEqual([error.act, error.reason._tag], ["plan", "ActRefused"])
      // Nobody uses a field of it: a text is as good as any.
      assert.strictEqual((yield* executed(plan)).acts[0]?.text, "no JSON")
      const two = plan.replace("prompt =", "fallback_models = [\"gemini-2.5-pro\"]\nprompt =")
      assert.strictEqual((yield* executed(two + use)).acts.length, 2)
    }).pipe(Effect.provide(gemini(answering({ plan: (_, nth) => nth < 3 ? "no JSON" : JSON.stringify(steps) })))))
})

describe("a condition", () => {
  const story = `${plan}
[[acts]]
name = "shorten"
when = "plan.steps.length == 3 and plan.steps[1].hours > 4 and not (plan.title == \\"Tour\\" or plan.title contains \\"x\\")"
prompt = "[shorten]"
[[acts]]
name = "lengthen"
when = "plan.steps[1].hours <= 4"
prompt = "[lengthen]"
[[acts]]
name = "after"
prompt = "[after] {{lengthen}}"
[[acts]]
name = "final"
prompt = "[final] {{lengthen ?? shorten}} {{lengthen ?? \\"-\\"}}"
`
  it.effect("leaves an act out, and what needs it, but not what says what to take instead", () =>
    Effect.gen(function*() {
      const { acts } = yield* executed(story)
      assert.deepStrictEqual(acts.map(({ act }) => act), ["plan", "shorten", "final"])
      assert.strictEqual((yield* prompts).at(-1), "[final] short -")
    }).pipe(Effect.provide(gemini(answering({ plan: JSON.stringify(steps), shorten: "short" })))))

  it.effect("may look at an act that was left out", () =>
    Effect.gen(function*() {
      const { acts } = yield* executed(`${story}
[[acts]]
name = "else"
when = "not lengthen"
prompt = "[else]"
`)
      assert.strictEqual(acts.at(-1)?.act, "else")
    }).pipe(Effect.provide(gemini(answering({ plan: JSON.stringify(steps) })))))
})

describe("a fan-out", () => {
  const story = `${plan}
[[acts]]
name = "each"
for_each = "plan.steps"
as = "step"
prompt = "[each] {{number}}. {{step.name}} of {{plan.title}}"
[[acts]]
name = "join"
prompt = "[join] {{each}} / {{each[1]}}"
`
  it.effect("asks for each item, side by side, and its texts are one output in the order of the list", () =>
    Effect.gen(function*() {
      const result = yield* executed(story, { concurrency: 4 })
      assert.deepStrictEqual(result.acts.map(({ act }) => act), [
        "plan",
        "each[0]",
        "each[1]",
        "each[2]",
        "each",
        "join"
      ])
      assert.strictEqual(textsOf(result)["each"], "one\n\ntwo\n\nthree")
      assert.strictEqual(result.acts[4]?.list, "[\"one\",\"two\",\"three\"]")
      assert.deepStrictEqual((yield* prompts).slice(1), [
        "[each] 1. pack of Trip",
        "[each] 2. go of Trip",
        "[each] 3. rest of Trip",
        "[join] one\n\ntwo\n\nthree / two"
      ])
      assert.strictEqual(result.totals.acts, 6)
    }).pipe(Effect.provide(gemini(answering({
      plan: JSON.stringify(steps),
      each: (prompt) => prompt.includes("1.") ? "one" : prompt.includes("2.") ? "two" : "three"
    })))))

  it.effect("takes a list that is written out, and JSON items give a JSON list", () =>
    Effect.gen(function*() {
      const result = yield* executed(`
[[acts]]
name = "rate"
for_each = [{ town = "Rome", days = 3 }, { town = "Bari", days = 1 }]
as = "trip"
prompt = "[rate] {{trip.town}} in {{trip.days}}"
generation.response_json_schema = { type = "object", properties = { score = { type = "integer" } } }
[[acts]]
name = "best"
prompt = "[best] {{rate[0].score}} {{rate}}"
`)
      assert.strictEqual(textsOf(result)["rate"], "[{\"score\":7},{\"score\":7}]")
      assert.strictEqual((yield* prompts).at(-1), "[best] 7 [{\"score\":7},{\"score\":7}]")
    }).pipe(Effect.provide(gemini(answering({ rate: "{\"score\":7}" })))))

  it.effect("leaves a failed item out where on_failure says so, and refuses a list that is too long", () =>
    Effect.gen(function*() {
      const skipping = story.replace("for_each", "on_failure = \"skip\"\nfor_each")
      const result = yield* executed(skipping)
      assert.strictEqual(textsOf(result)["each"], "two\n\nthree")
      const error = yield* Effect.flip(executed(story.replace("for_each", "max_items = 2\nfor_each")))
      assert.strictEqual(
        error.message,
        "act \"each\" failed: for_each of each: the list has 3 items, and max_items is 2"
      )
    }).pipe(Effect.provide(gemini(answering({
      plan: JSON.stringify(steps),
      each: (prompt) => prompt.includes("1.") ? "" : prompt.includes("2.") ? "two" : "three"
    })))))

  it.effect("of an empty list is empty and asks nothing", () =>
    Effect.gen(function*() {
      const result = yield* executed(story.replace(" / {{each[1]}}", ""))
      assert.deepStrictEqual(textsOf(result)["each"], "")
      assert.deepStrictEqual((yield* prompts)[1], "[join] ")
    }).pipe(Effect.provide(gemini(answering({ plan: "{\"title\":\"\",\"steps\":[]}" })))))
})

describe("a loop", () => {
  const story = (more = "") => `
[[acts]]
name = "polish"
repeat = { until = "critique.score >= 8", max = 3${more} }
result = "draft"
[[acts.acts]]
name = "draft"
prompt = "[draft] round {{number}} after {{previous.draft}} {{previous.critique.score ?? \\"none\\"}}"
[[acts.acts]]
name = "critique"
prompt = "[critique] {{draft}}"
generation.response_json_schema = { type = "object", properties = { score = { type = "integer" } } }
[[acts]]
name = "final"
prompt = "[final] {{polish}}"
`
  const drafts = { draft: (_: string, nth: number) => `text ${nth + 1}` }

  it.effect("goes on until its condition holds, and gives the output of its result", () =>
    Effect.gen(function*() {
      const result = yield* executed(story())
      assert.deepStrictEqual(result.acts.map(({ act }) => act), [
        "draft[0]",
        "critique[0]",
        "draft[1]",
        "critique[1]",
        "polish",
        "final"
      ])
      assert.deepStrictEqual(yield* prompts, [
        "[draft] round 1 after  none",
        "[critique] text 1",
        "[draft] round 2 after text 1 6",
        "[critique] text 2",
        "[final] text 2"
      ])
    }).pipe(Effect.provide(gemini(answering({ ...drafts, critique: (_, nth) => `{"score":${6 + 2 * nth}}` })))))

  it.effect("ends after its maximum with the last round, or fails if that is wanted", () =>
    Effect.gen(function*() {
      const result = yield* executed(story())
      assert.strictEqual(textsOf(result)["polish"], "text 3")
      const error = yield* Effect.flip(executed(story(", on_max = \"fail\"")))
      assert.strictEqual(error.message, "act \"polish\" failed: the condition did not hold after 3 rounds")
      assert.strictEqual((yield* prompts).length, 7 + 6)
    }).pipe(Effect.provide(gemini(answering({ ...drafts, critique: "{\"score\":1}" })))))

  it.effect("of one act sees its own last output", () =>
    Effect.gen(function*() {
      yield* executed(`
[[acts]]
name = "grow"
repeat = { until = "grow contains \\"aaa\\"", max = 9 }
prompt = "[grow] more than '{{previous}}'"
`)
      assert.deepStrictEqual(yield* prompts, ["[grow] more than ''", "[grow] more than 'a'", "[grow] more than 'aa'"])
    }).pipe(Effect.provide(gemini(answering({ grow: (_, nth) => "a".repeat(nth + 1) })))))

  it.effect("may lie in a fan-out, each item with rounds of its own", () =>
    Effect.gen(function*() {
      const result = yield* executed(`
[[acts]]
name = "all"
for_each = ["x", "y"]
[[acts.acts]]
name = "grow"
repeat = { until = "grow contains \\"aa\\"", max = 9 }
prompt = "[grow] {{item}} {{previous}}"
`)
      assert.deepStrictEqual(
        result.acts.map(({ act }) => act),
        ["grow[0][0]", "grow[0][1]", "grow[0]", "grow[1][0]", "grow[1][1]", "grow[1]", "all"]
      )
      assert.strictEqual(textsOf(result)["all"], "aa\n\naa")
    }).pipe(Effect.provide(gemini(answering({ grow: (prompt) => prompt.endsWith("a") ? "aa" : "a" })))))
})

describe("a run with loops and fan-outs", () => {
  const story = `${plan}
[[acts]]
name = "each"
for_each = "plan.steps"
prompt = "[each] {{item.name}}"
[[acts]]
name = "gate"
approve = "Go on with {{each}}?"
prompt = "[gate] {{each[2]}}"
`
  it.live("asks no item again that has its answer, keeps them all, and forks at one of them", () =>
    Effect.gen(function*() {
      const directory = yield* folder
      const one = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
        Effect.provide(effect, filesIn(directory), { local: true })
      const parsed = yield* Narrative.parse(story)
      const first = yield* one(Effect.scoped(
        Runs.Runs.use((runs) => Effect.flatMap(runs.start(parsed, { id: "r", concurrency: 3 }), ({ end }) => end))
      ))
      assert.deepStrictEqual([first.standing, first.answered], ["paused", 5])
      yield* one(Runs.Runs.use((runs) => runs.decide("r", "gate", { verdict: "approve", by: "ada" })))
      const goOn = (id: string) =>
        one(Effect.scoped(Runs.Runs.use((runs) => Effect.flatMap(runs.resume(id), ({ end }) => end))))
      assert.strictEqual((yield* goOn("r")).standing, "finished")
      assert.deepStrictEqual((yield* prompts).toSorted(), [
        "[each] go",
        "[each] pack",
        "[each] rest",
        "[gate] <[each] rest>",
        "[plan]"
      ])
      const results = yield* one(Runs.Runs.use((runs) => runs.results("r")))
      assert.deepStrictEqual(results.map(({ act }) => act), ["plan", "each[0]", "each[1]", "each[2]", "each", "gate"])
      const { acts } = yield* one(Runs.Runs.use((runs) => runs.get("r")))
      assert.deepStrictEqual(acts.map(({ act, status }) => [act, status]), results.map(({ act }) => [act, "answered"]))
      yield* one(Runs.Runs.use((runs) => runs.fork("r", "each[1]", { id: "f" })))
      yield* goOn("f")
      assert.deepStrictEqual((yield* prompts).slice(5), ["[each] go"])
    }).pipe(Effect.scoped, Effect.provide(gemini(answering({ plan: JSON.stringify(steps) })))))
})

describe("settings of an act", () => {
  it.effect("search, safety, tools of Google and partials are in its request", () =>
    Effect.gen(function*() {
      yield* executed(`
[safety]
harassment = "off"
[partials]
tone = "Be {{> mood}} about {{topic}}."
mood = "kind"
[variables]
topic = "tides"
[[acts]]
name = "a"
search = true
url_context = true
code_execution = true
safety = { hate_speech = "block_only_high" }
prompt = "[a] {{> tone}} Leave {{user.name}} alone."
inputs = [{ url = "https://x.test/a.pdf" }, { url = "https://youtu.be/x" }]
`)
      const [request] = yield* Emulator.Emulator.use((emulator) => emulator.requests)
      const body: Record<string, unknown> = Object(request?.body)
      assert.deepStrictEqual(body["tools"], [{ googleSearch: {} }, { urlContext: {} }, { codeExecution: {} }])
      assert.deepStrictEqual(body["safetySettings"], [
        { category: "HARM_CATEGORY_HARASSMENT", threshold: "OFF" },
        { category: "HARM_CATEGORY_HATE_SPEECH", threshold: "BLOCK_ONLY_HIGH" }
      ])
      assert.deepStrictEqual(body["contents"], [{
        role: "user",
        parts: [
          { fileData: { fileUri: "https://x.test/a.pdf", mimeType: "application/pdf" } },
          { fileData: { fileUri: "https://youtu.be/x", mimeType: "video/mp4" } },
          { text: "[a] Be kind about tides. Leave {{user.name}} alone." }
        ]
      }])
    }).pipe(Effect.provide(gemini())))
})

const toolkit = Toolkit.make(
  Tool.make("weather", { parameters: Schema.Struct({ city: Schema.String }), success: Schema.String }),
  Tool.make("other", { parameters: Schema.Struct({}), success: Schema.String })
)

describe("functions of the program", () => {
  const story = "[[acts]]\nname = \"a\"\ntools = [\"weather\"]\nprompt = \"[a] Rome?\"\n"
  const asked: Array<string> = []
  const made = Effect.provide(
    ActTools.fromToolkit(toolkit),
    toolkit.toLayer({
      weather: ({ city }) => Effect.sync(() => (asked.push(city), `rain in ${city}`)),
      other: () => Effect.succeed("")
    })
  )

  it.effect("are called by the model, by the names that the act gives, and counted with it", () =>
    Effect.gen(function*() {
      const tools = yield* made
      const parsed = yield* Narrative.parse(story, { tools: ActTools.names(tools) })
      const { acts } = yield* Narrative.execute(parsed, { tools })
      assert.deepStrictEqual([acts[0]?.text, asked], ["Take a coat", ["Rome"]])
      const requests = yield* Emulator.Emulator.use((emulator) => emulator.requests)
      assert.strictEqual(requests.length, 2)
      assert.strictEqual(acts[0]?.attempts?.length, 2)
      const names = JSON.stringify(requests[0]?.body)
      assert.include(names, "\"weather\"")
      assert.notInclude(names, "\"other\"")
      assert.include(JSON.stringify(requests[1]?.body), "rain in Rome")
    }).pipe(Effect.provide(gemini({
      answers: ({ body }) =>
        JSON.stringify(body).includes("functionResponse")
          ? { text: "Take a coat" }
          : { calls: [{ name: "weather", args: { city: "Rome" } }] }
    }))))

  it.effect("that the program does not give pause a run, and are a mistake where it says what it gives", () =>
    Effect.gen(function*() {
      const error = yield* Effect.flip(Narrative.parse(story, { tools: ["wether"] }))
      assert.strictEqual(
        error.message,
        "narrative.toml:3:10:acts[0].tools[0]: the program gives no function \"weather\" (did you mean \"wether\"?)"
      )
      const parsed = yield* Narrative.parse(story)
      const summary = yield* Effect.scoped(
        Runs.Runs.use((runs) => Effect.flatMap(runs.start(parsed), ({ end }) => end))
      )
      assert.deepStrictEqual([summary.standing, summary.causes[0]?.cause.reason], ["paused", "MissingTools"])
    }).pipe(Effect.provide([gemini(), Runs.layerMemory()])))
})
