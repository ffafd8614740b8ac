/**
 * Call arguments from the JSON that the model wrote to what a tool's own schema decodes:
 * a parameter such as `Schema.Date` is a string to the model.
 */
import type * as Response from "effect/ai/Response"
import * as AiTool from "effect/ai/Tool"
import type * as Arr from "effect/Array"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type { ToolIndex } from "./toolIndex.ts"

type Part = Response.PartEncoded | Response.StreamPartEncoded
type Transform = (params: unknown) => Effect.Effect<unknown>

// A toolkit's schemas do not change: neither does the way through them.
const transforms = new WeakMap<AiTool.Any, Transform | "none">()

/** Arguments that do not fit pass as they came: the toolkit judges them, by its failure mode. */
const transformOf = (tool: AiTool.Any): Transform | "none" => {
  const known = transforms.get(tool)
  if (known !== undefined) return known
  // A toolkit's schema is a codec by construction; services that it needs are in the context
  // of the call, which effect/ai has asked for in its types.
  const schema = tool.parametersSchema as Schema.Codec<unknown, unknown>
  const json = AiTool.isDynamic(tool) || !Schema.isSchema(schema) ? schema : Schema.toCodecJson(schema)
  const made = json === schema || json.ast === schema.ast ?
    "none" as const :
    (params: unknown) =>
      Schema.decodeUnknownEffect(json)(params).pipe(
        Effect.flatMap(Schema.encodeUnknownEffect(schema)),
        Effect.orElseSucceed(() => params)
      )
  transforms.set(tool, made)
  return made
}

const converted = <P extends Part>(part: P, tools: ToolIndex): Effect.Effect<P> | undefined => {
  if (part.type !== "tool-call" || part.providerExecuted === true) return undefined
  const tool = tools.tool(part.name)
  const transform = tool === undefined ? "none" : transformOf(tool)
  return transform === "none"
    ? undefined
    : Effect.map(transform(part.params), (params) => ({ ...part, params }))
}

/** The parts with their calls' arguments converted; the same array where none needs it. */
export const toolParams = <P extends Part>(
  parts: Arr.NonEmptyReadonlyArray<P>,
  tools: ToolIndex
): Effect.Effect<Arr.NonEmptyReadonlyArray<P>> => {
  const needed = parts.map((part) => converted(part, tools))
  return needed.every((effect) => effect === undefined)
    ? Effect.succeed(parts)
    : Effect.forEach(parts, (part, i) => needed[i] ?? Effect.succeed(part))
}
