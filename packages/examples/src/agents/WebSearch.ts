/** Research on the web: Gemini searches with Google, and the answer has the pages on which it rests. */
import * as Agent from "effect-gemini-agents/Agent"
import * as Check from "effect-gemini-agents/Check"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Toolkit from "effect/ai/Toolkit"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"

const isSubstantial = Check.make(
  "length",
  (text: string) => Effect.succeed(text.length >= 40 ? Check.pass : Check.hint("Say a little more, and search for it."))
)

export const reporter = Agent.make({
  name: "reporter",
  instructions: "You search the web before you answer, and say what the pages say.",
  toolkit: Toolkit.make(GeminiTool.GoogleSearch({})),
  checks: { output: [isSubstantial] },
  bounds: { steps: 4, money: "0.20" }
})

export const question = "When is the next total solar eclipse in Europe?"

export const program = Effect.gen(function*() {
  const { sources, text } = yield* Agent.run(reporter, question)
  yield* Console.log(`${question}\n${text}`)
  for (const [i, { title, url }] of sources.entries()) yield* Console.log(`  [${i + 1}] ${title} ${url ?? ""}`)
})

export const rules: ReadonlyArray<Rule.Rule> = [{
  name: "reporter",
  when: { system: { contains: "search the web" } },
  reply: {
    text: "After that of 12 August 2026 the next one is on 2 August 2027. It crosses the south of Spain.",
    grounding: {
      queries: ["next total solar eclipse Europe"],
      sources: [
        { uri: "https://example.org/eclipses/2027", title: "Eclipses of 2027" },
        { uri: "https://example.com/spain", title: "The sky over Spain" }
      ]
    }
  }
}]
