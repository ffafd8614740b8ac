/** Groups of acts: the frames that they are played in, and the one output that comes of them. */
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import type { List } from "../Flow.ts"
import type { PlannedAct } from "../Plan.ts"
import { type OutputPlace, print } from "../Reference.ts"
import type { Contents, Ended } from "../RunEngine.ts"
import type { RunError } from "../RunError.ts"
import * as Texts from "./contents.ts"
import { ofText } from "./digest.ts"
import { type Flow, Frame, type Group, type Output, type Task } from "./Frame.ts"
import * as Template from "./template.ts"

const outputOf = (text: string): Effect.Effect<Output> =>
  Effect.map(ofText(text), (sha256) => ({ sha256, content: { text } }))

const textOf = (value: unknown): string => typeof value === "string" ? value : JSON.stringify(value)

/** A group at its beginning. */
export const begin = (task: Task, key: string): Effect.Effect<Group> =>
  Effect.map(Clock.currentTimeMillis, (startedAt): Group => {
    const { act } = task
    const flow: Flow = act.repeat !== undefined
      ? { _tag: "Repeat", repeat: act.repeat }
      : { _tag: "Each", each: act.each ?? { list: { values: [] }, as: "item", max: 0 } }
    return { task, key, flow, result: act.result ?? "", outputs: [], models: new Set(), open: 0, round: 0, startedAt }
  })

/** The list of a fan-out as messages name it. */
export const named = (list: List): string => "ref" in list ? print(list) : "its values"

/** What stands where the list of a fan-out should be. A whole output is its JSON. */
export const listAt = (place: OutputPlace, environment: Template.Environment): unknown => {
  const value = environment(place.ref)
  return place.path !== undefined
    ? Template.valueAt(place, environment)
    : value === undefined
    ? undefined
    : Template.jsonOf(value)
}

/** The values that acts of the item or round at `index` have. */
const numbers = Effect.fnUntraced(function*(index: number) {
  return new Map([["index", yield* outputOf(String(index))], ["number", yield* outputOf(String(index + 1))]])
})

/** A frame for each item. */
export const itemFrames = (
  group: Group,
  as: string,
  items: ReadonlyArray<unknown>
): Effect.Effect<ReadonlyArray<Frame>> =>
  Effect.forEach(items, (item, index) =>
    Effect.gen(function*() {
      const values = yield* numbers(index)
      values.set(as, yield* outputOf(textOf(item)))
      return new Frame(group.task.act.acts ?? [], { group, index, values })
    }))

/** A frame for the next round, which sees the outputs of the last one. */
export const roundFrame = Effect.fnUntraced(function*(group: Group, last: Frame | undefined) {
  const acts = group.task.act.acts ?? []
  const values: Map<string, Output> = yield* numbers(group.round)
  const absent: Output = { sha256: "", content: { text: "" }, isAbsent: true }
  values.set("previous", last?.find(group.result) ?? absent)
  for (const { name } of acts) values.set(`previous.${name}`, last?.find(name) ?? absent)
  return new Frame(acts, { group, index: group.round, values })
})

/** The act of a group whose answer is the group's, in groups of groups the innermost one. */
const answering = (act: PlannedAct): PlannedAct => {
  const inner = act.acts?.find(({ name }) => name === act.result)
  return inner === undefined ? act : answering(inner)
}

/** Whether the items of a fan-out are JSON, not texts. */
const hasJson = (act: PlannedAct): boolean => {
  const inner = act.acts?.find(({ name }) => name === act.result)
  return inner?.each !== undefined || answering(act).generation?.responseJsonSchema !== undefined
}

const parsed = (text: string): unknown => Template.jsonOf({ text }) ?? text

/** What the group came to, as the record of its act. */
export const gathered = Effect.fnUntraced(function*(
  contents: Contents,
  group: Group,
  now: number
): Effect.fn.Return<Ended & { readonly _tag: "ActAnswered" }, RunError> {
  const { flow, key, models, outputs, startedAt, task } = group
  const common = {
    _tag: "ActAnswered",
    act: task.named.name,
    key,
    model: [...models].join(", "),
    isGroup: true,
    charged: { tokens: 0, dollars: "0" },
    startedAt,
    duration: now - startedAt
  } as const
  if (flow._tag === "Repeat") {
    const [output] = outputs
    const { content, list, sha256 } = output ?? { ...yield* outputOf(""), list: undefined }
    return { ...common, output: content, sha256, ...(list === undefined ? {} : { list }) }
  }
  const isJson = hasJson(task.act)
  const values: Array<unknown> = []
  for (const output of outputs) {
    if (output === undefined) continue
    const text = yield* Texts.textOf(contents, output.list ?? output.content)
    values.push(isJson ? parsed(text) : text)
  }
  const list = JSON.stringify(values)
  const text = isJson ? list : values.join("\n\n")
  return {
    ...common,
    output: yield* Texts.keep(contents, text),
    sha256: yield* ofText(list),
    ...(isJson ? {} : { list: yield* Texts.keep(contents, list) })
  }
})
