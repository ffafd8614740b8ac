/** What the model is shown of long results, and the tool by which it reads the rest. */
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { AgentRecord } from "../AgentRecord.ts"
import * as ToolPolicy from "../ToolPolicy.ts"
import * as Digests from "./digest.ts"
import type { Toolbox, Tools } from "./Toolbox.ts"

export const digestOf = Digests.ofCall

const textOf = (result: Schema.Json): string => typeof result === "string" ? result : JSON.stringify(result)

/** Head and tail of a result that is longer than `limit`; undefined of one that is not. */
export const cut = (call: string, result: Schema.Json, limit: number): string | undefined => {
  const text = textOf(result)
  if (text.length <= limit) return undefined
  const head = Math.ceil(limit * 2 / 3)
  const tail = limit - head
  const note = `[… ${text.length - limit} of ${text.length} characters are left out here: ` +
    `read_result with call "${call}" and from ${head} reads on …]`
  return `${text.slice(0, head)}\n${note}\n${text.slice(text.length - tail)}`
}

const most = 20_000

const readResult = Tool.make("read_result", {
  description: "Reads on in the result of an earlier call that was too long to be shown whole.",
  parameters: Schema.Struct({
    call: Schema.String.annotate({ description: "The call, as the note in its result names it." }),
    from: Schema.Int.annotate({ description: "The place of the first character, from 0." }),
    length: Schema.optionalKey(Schema.Int.annotate({ description: `How many characters, ${most} at most.` }))
  }),
  success: Schema.String
}).annotate(Tool.Readonly, true)

const reading = (
  records: () => ReadonlyArray<AgentRecord>,
  { call, from, length = most }: { readonly call: string; readonly from: number; readonly length?: number }
): string => {
  const ended = records().findLast((record) => record._tag === "CallEnded" && record.call === call)
  if (ended?._tag !== "CallEnded") return `there is no result of a call ${JSON.stringify(call.slice(0, 40))}`
  const start = Math.max(0, from)
  return textOf(ended.result).slice(start, start + Math.max(0, Math.min(length, most)))
}

const isLimited = (tools: Tools): boolean =>
  Object.values(tools).some((tool) => Context.get(tool.annotations, ToolPolicy.ResultLimit) !== undefined)

/** The toolbox with `read_result`, if a tool of it has a limit and none of it has that name. */
export const withReading = <E, R>(
  toolbox: Toolbox<E, R>,
  records: () => ReadonlyArray<AgentRecord>
): Effect.Effect<Toolbox<E, R>> => {
  const { handle, tools } = toolbox
  if (!isLimited(tools) || Object.hasOwn(tools, readResult.name)) return Effect.succeed(toolbox)
  const toolkit = Toolkit.make(readResult)
  return Effect.succeed({
    tools: { ...tools, ...toolkit.tools },
    handle: (call) =>
      call.name === readResult.name
        ? Effect.map(
          Effect.result(Schema.decodeUnknownEffect(readResult.parametersSchema)(call.params)),
          (params) => {
            const text = params._tag === "Success"
              ? reading(records, params.success)
              : "read_result takes a call, a place to read from and a length"
            return { result: text, encodedResult: text, isFailure: params._tag === "Failure" }
          }
        )
        : handle(call)
  })
}
