/** Plans at work: which step a request is at, and the reply that the step makes of it. */
import type * as Answer from "../../Answer.ts"
import type * as Plan from "../../Plan.ts"
import type * as Reply from "../../Reply.ts"
import * as Instance from "../answers/instance.ts"
import * as Tokens from "../answers/tokens.ts"
import * as Utterance from "../answers/Utterance.ts"
import * as Dice from "../Dice.ts"
import * as Json from "../json.ts"
import * as Conforms from "../judge/conforms.ts"
import type { Subject } from "./Subject.ts"

type Call = typeof Reply.Call.Type
type Fields = Omit<Answer.AnswerFields, "when">

export interface ReadyPlan {
  readonly steps: Plan.Plan
  /** Where steps are counted from: the user's last words, or the beginning of the dialogue. */
  readonly since: "user" | "start"
  /** What happens behind the last step. */
  readonly end: "next" | "repeat" | "last" | "refuse"
}

/** The texts of a step that may hold templates, by their fields. */
export const templatesOf = ({ args, call, say, think }: Plan.PlanStep): Json.Json =>
  Object.fromEntries(Object.entries({ say, think, call, args }).filter(([, value]) => value !== undefined))

/** How far the model is. */
export const placeOf = ({ since }: ReadyPlan, subject: Subject): number =>
  since === "start" ? subject.steps : subject.step

/** The number of the step for a place; undefined behind the last one, unless the plan goes on there. */
export const stepAt = ({ end, steps }: ReadyPlan, place: number): number | undefined =>
  end === "repeat"
    ? place % steps.length
    : end === "last"
    ? Math.min(place, steps.length - 1)
    : place < steps.length
    ? place
    : undefined

/** Silence of a slow model, in milliseconds. */
const slow = 60_000

const namesOf = (body: Json.Json): ReadonlyArray<string> =>
  Utterance.declarations(body).flatMap((each) => Json.text(Json.at(each, "name")) ?? [])

const schemaOf = (body: Json.Json, name: string): unknown =>
  Utterance.schemaOfCall(Utterance.declarations(body).find((each) => Json.at(each, "name") === name))

const listOf = ({ args, call }: Plan.PlanStep): ReadonlyArray<Call> => {
  if (call === undefined) return []
  if (typeof call === "string") return [{ name: call, args }]
  return [call].flat().map((each) => typeof each === "string" ? { name: each } : each)
}

const ways = (colleague: string): ReadonlyArray<string> =>
  ["transfer_to_", "handoff_to_", "hand_off_to_"].map((way) => `${way}${colleague.replaceAll(/[^\w.:-]/g, "_")}`)

/** The call that hands off, in the way that the request declares. It is an error if it declares none. */
const handingOff = (colleague: string, { args }: Plan.PlanStep, body: Json.Json): Call => {
  const declared = namesOf(body)
  const known = ways(colleague)
  const name = known.find((way) => declared.includes(way))
  if (name !== undefined) return { name, args: args ?? (schemaOf(body, name) === undefined ? {} : undefined) }
  // Agent Development Kits have one function for all colleagues.
  if (declared.includes("transfer_to_agent")) {
    return { name: "transfer_to_agent", args: { agent_name: colleague, ...args } }
  }
  throw new Error(`handOff: the request declares neither ${known.join(", ")} nor transfer_to_agent`)
}

/** The calls of a misbehaviour: those that are named, else the first that are declared. */
const callsOf = (step: Plan.PlanStep, body: Json.Json, count: number): ReadonlyArray<Call> => {
  const named = listOf(step)
  if (named.length > 0) return named
  const declared = namesOf(body)
  if (declared.length < count) {
    const found = declared.length === 0 ? "none" : declared.join(", ")
    throw new Error(
      `misbehave: "${step.misbehave}" calls ${count} of the request's functions, and it declares ${found}`
    )
  }
  return declared.slice(0, count).map((name) => ({ name, args: step.args }))
}

/** Arguments by the schema that are the same at each step. */
const fixed = (body: Json.Json, name: string): Json.Json => {
  const schema = schemaOf(body, name)
  return Object(schema === undefined ? {} : Instance.make(schema, Dice.make(`plan\n${name}`)))
}

const wrongly = (value: unknown): unknown => typeof value === "string" ? { not: "a text" } : "neither this nor that"

/** Arguments that the schema forbids: one of a wrong type, or one that is missing. */
const wrong = (body: Json.Json, name: string): Json.Json => {
  const good = fixed(body, name)
  const schema = schemaOf(body, name)
  const tries = [
    ...Object.entries(good).map(([key, value]) => ({ ...good, [key]: wrongly(value) })),
    ...Object.keys(good).map((key) => Object.fromEntries(Object.entries(good).filter(([each]) => each !== key))),
    { ...good, unexpected: true }
  ]
  const found = tries.find((args) => schema !== undefined && Conforms.mismatch(schema, args) !== undefined)
  if (found === undefined) throw new Error(`misbehave: the schema of ${name} takes any arguments`)
  return found
}

/** A name near to this one that is not declared. */
const unknownOf = (name: string, declared: ReadonlyArray<string>): string => {
  let near = name
  while (declared.includes(near)) near = near.length > 2 ? near.slice(0, -1) : `${near}_x`
  return near
}

const timing = ({ delay, fault, pace, usage }: Plan.PlanStep): Fields => ({
  ...(delay === undefined ? {} : { delay }),
  ...(fault === undefined ? {} : { fault }),
  ...(pace === undefined ? {} : { pace }),
  ...(usage === undefined ? {} : { usage })
})

/** What is said and called, as it should be. */
const well = (step: Plan.PlanStep, body: Json.Json): Fields => {
  const { finish, handOff, say, think } = step
  const calls = [...listOf(step), ...(handOff === undefined ? [] : [handingOff(handOff, step, body)])]
  return {
    ...timing(step),
    ...(say === undefined ? {} : { text: say }),
    ...(think === undefined ? {} : { thoughts: think }),
    ...(calls.length === 0 ? {} : { calls }),
    ...(finish === undefined ? {} : { finishReason: finish })
  }
}

const blocked = (body: Json.Json): Fields => {
  const promptTokenCount = Tokens.total(Tokens.ofRequest(body))
  return {
    response: {
      promptFeedback: { blockReason: "PROHIBITED_CONTENT" },
      usageMetadata: { promptTokenCount, totalTokenCount: promptTokenCount }
    }
  }
}

const badly = (step: Plan.PlanStep, misbehave: Plan.Misbehavior, place: number, subject: Subject): Fields => {
  const { body } = subject
  const rest = { ...timing(step), ...(step.think === undefined ? {} : { thoughts: step.think }) }
  const called = (calls: ReadonlyArray<Call | undefined>): Fields => {
    // Even a model that does not stop cannot call where calls are forbidden.
    if (Json.at(body, "toolConfig", "functionCallingConfig", "mode") === "NONE") {
      return { ...rest, text: step.say ?? "There is more to do." }
    }
    const said = step.say === undefined ? {} : { text: step.say }
    return { ...rest, ...said, calls: calls.flatMap((call) => call === undefined ? [] : [call]) }
  }
  switch (misbehave) {
    case "never-stop": {
      const calls = callsOf(step, body, 1)
      return called([calls[place % calls.length]])
    }
    case "repeat":
      return called(callsOf(step, body, 1).map(({ args, name }) => ({ name, args: args ?? fixed(body, name) })))
    case "ping-pong": {
      const calls = callsOf(step, body, 2).map(({ args, name }) => ({ name, args: args ?? fixed(body, name) }))
      return called([calls[place % 2]])
    }
    case "unknown-tool": {
      const declared = namesOf(body)
      const [{ args = {}, name } = { name: "any" }] = declared.length === 0 ? listOf(step) : callsOf(step, body, 1)
      return { ...rest, calls: [{ name: unknownOf(name, declared), args }], invalid: true }
    }
    case "wrong-arguments": {
      const calls = callsOf(step, body, 1).map(({ args, name }) => ({ name, args: args ?? wrong(body, name) }))
      return { ...rest, calls, invalid: true }
    }
    case "cut-call": {
      const calls = callsOf(step, body, 1).map(({ args, name }) => ({
        name,
        args: Object.fromEntries(Object.entries(args ?? fixed(body, name)).slice(0, -1))
      }))
      return { ...rest, calls, finishReason: "MAX_TOKENS", invalid: true }
    }
    case "empty":
      return { ...timing(step), finishReason: "STOP" }
    case "malformed-call":
      return { ...timing(step), finishReason: "MALFORMED_FUNCTION_CALL" }
    case "blocked":
      if (subject.request.method === "bidiGenerateContent") {
        throw new Error("misbehave: over Live a prompt is not blocked as over HTTP")
      }
      return { ...timing(step), ...blocked(body) }
    case "slow":
      return { ...(step.pace?.firstToken === undefined ? { delay: slow } : {}), ...well(step, body) }
  }
}

/** The reply of a step. It throws an error that says why the step cannot be done with this request. */
export const replyOf = (step: Plan.PlanStep, place: number, subject: Subject): Fields =>
  step.misbehave === undefined ? well(step, subject.body) : badly(step, step.misbehave, place, subject)
