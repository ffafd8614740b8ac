/**
 * Mail sorted by decisions: probabilities instead of a text that has to be read, and a person where they are too close.
 *
 * The program names `effect/ai` alone; `gemini-decision-1` is one Layer for it, and a model that writes is another.
 */
import * as GeminiDecisionModel from "effect-gemini-ai/GeminiDecisionModel"
import * as Decision from "effect/ai/Decision"
import * as DecisionModel from "effect/ai/DecisionModel"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const Mail = Schema.Struct({ from: Schema.String, text: Schema.String })

const Triage = Decision.make({
  input: Mail,
  decisions: {
    team: Decision.classify({
      instructions: "Which team should answer this mail?",
      criteria: { billing: "cards, charges, invoices, refunds", technical: "bugs, crashes, errors, outages" }
    }),
    urgent: Decision.probability({
      instructions: "It cannot wait until tomorrow",
      criteria: { true: "money is lost, or nothing works", false: "a question, or praise" }
    })
  }
})

/** The team that gets a mail, or `person` where no team is likely enough, and how urgent it is, from 0 to 1. */
export const sort = Effect.fnUntraced(function*(mail: typeof Mail.Type) {
  const { answers: { team, urgent }, metadata } = yield* DecisionModel.decide(Triage, { input: mail })
  return {
    to: team.probabilities[team.label] >= 0.7 ? team.label : "person" as const,
    urgency: urgent.probability,
    answeredBy: metadata.google?.answeredBy.team
  }
})

export const calibrated = GeminiDecisionModel.model("gemini-decision-1")

export const written = GeminiDecisionModel.model("gemini-3.8-flash")
