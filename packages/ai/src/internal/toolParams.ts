/**
 * The calls of an answer as `effect/ai` takes them: of tools that there are, with arguments that the tool's own schema
 * decodes. To the model, a parameter such as `Schema.Date` is a string.
 */
import * as AiError from "effect/ai/AiError"
import type * as Response from "effect/ai/Response"
import * as AiTool from "effect/ai/Tool"
import type * as Arr from "effect/Array"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import * as Nearest from "./nearest.ts"
import type { ToolIndex } from "./toolIndex.ts"

type Part = Response.PartEncoded | Response.StreamPartEncoded
type Transform = (params: unknown) => Effect.Effect<unknown, Schema.SchemaError>

/**
 * Whether arguments that do not fit are an error here. They are not where the toolkit judges them, by the tool's failure
 * mode; where nobody runs the calls, nobody else would name the tool.
 */
export const Strict: Context.Reference<boolean> = /* @__PURE__ */ Context.Reference<boolean>(
  "effect-gemini-ai/internal/toolParams/Strict",
  { defaultValue: () => false }
)

/** How the calls of one answer are judged. */
export interface Judging {
  readonly tools: ToolIndex
  /** Whether a call of a tool that was not offered is the caller's business. */
  readonly deferred: boolean
  readonly strict: boolean
}

interface Transforms {
  /** Decodes and encodes again; undefined where JSON is what the schema encodes to. */
  readonly plain: Transform | undefined
  readonly check: Transform
}

// A toolkit's schemas do not change: neither does the way through them.
const transforms = new WeakMap<AiTool.Any, Transforms>()

const transformsOf = (tool: AiTool.Any): Transforms => {
  const known = transforms.get(tool)
  if (known !== undefined) return known
  // A toolkit's schema is a codec by construction; services that it needs are in the context
  // of the call, which effect/ai has asked for in its types.
  const schema = tool.parametersSchema as Schema.Codec<unknown, unknown>
  const hasSchema = !AiTool.isDynamic(tool) && Schema.isSchema(schema)
  const json = hasSchema ? Schema.toCodecJson(schema) : undefined
  const plain = json === undefined || json.ast === schema.ast ?
    undefined :
    (params: unknown) => Effect.flatMap(Schema.decodeUnknownEffect(json)(params), Schema.encodeUnknownEffect(schema))
  const made = {
    plain,
    check: plain ?? (Schema.isSchema(schema)
      ? (params: unknown) => Effect.as(Schema.decodeUnknownEffect(schema)(params), params)
      : Effect.succeed)
  }
  transforms.set(tool, made)
  return made
}

/** Arguments in JSON as the tool's own schema decodes them; those that do not fit pass as they are. */
export const decoded = (tool: AiTool.Any | undefined, params: unknown): Effect.Effect<unknown> => {
  const transform = tool === undefined ? undefined : transformsOf(tool).plain
  return transform === undefined ? Effect.succeed(params) : Effect.orElseSucceed(transform(params), () => params)
}

const isOwnCall = (part: Part): part is Response.ToolCallPartEncoded =>
  part.type === "tool-call" && part.providerExecuted !== true

const converted = <P extends Part>(
  part: P,
  { strict, tools }: Judging
): Effect.Effect<P, AiError.AiErrorReason> | undefined => {
  if (!isOwnCall(part)) return undefined
  const tool = tools.tool(part.name)
  if (tool === undefined) return undefined
  const { check, plain } = transformsOf(tool)
  if (strict) {
    return Effect.mapBoth(check(part.params), {
      onSuccess: (params) => ({ ...part, params }),
      onFailure: ({ message }) =>
        new AiError.ToolParameterValidationError({ toolName: part.name, description: message })
    })
  }
  return plain === undefined ? undefined : Effect.map(decoded(tool, part.params), (params) => ({ ...part, params }))
}

/** The place of the first call of a tool that was not offered, or -1. */
export const undeclared = (parts: ReadonlyArray<Part>, { deferred, tools }: Judging): number =>
  deferred ? -1 : parts.findIndex((part) => isOwnCall(part) && !tools.has(part.name))

/** The error of that call; the tools that are like it come first. */
export const notFound = (part: Part | undefined, { tools }: Judging): AiError.AiErrorReason => {
  const toolName = part?.type === "tool-call" ? part.name : ""
  return new AiError.ToolNotFoundError({ toolName, availableTools: Nearest.first(toolName, tools.names) })
}

/** The parts with their calls' arguments converted; the same array where none needs it. */
export const toolParams = <P extends Part>(
  parts: Arr.NonEmptyReadonlyArray<P>,
  judging: Judging
): Effect.Effect<Arr.NonEmptyReadonlyArray<P>, AiError.AiErrorReason> => {
  const needed = parts.map((part) => converted(part, judging))
  return needed.every((effect) => effect === undefined)
    ? Effect.succeed(parts)
    : Effect.forEach(parts, (part, i) => needed[i] ?? Effect.succeed(part))
}
