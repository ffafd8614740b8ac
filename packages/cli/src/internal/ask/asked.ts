/** The flags of a question as a request, or what is wrong with them. Pure. */
import type { Request } from "effect-gemini/GeminiClient"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Content from "effect-gemini/wire/Content"
import type { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import * as Part from "effect-gemini/wire/Part"
import * as Tool from "effect-gemini/wire/Tool"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import type { JsonSchema } from "./conciseSchema.ts"

/** What `ask` and `count` have. */
export interface Flags {
  readonly model: Option.Option<string>
  readonly system: Option.Option<string>
  readonly search: boolean
  readonly code: boolean
  readonly url: boolean
}

export interface Settings {
  readonly think: Option.Option<string>
  readonly thoughts: boolean
  readonly temperature: Option.Option<number>
  readonly maxTokens: Option.Option<number>
}

type Problem<A> = Result.Result<A, string>

const levels = ["minimal", "low", "medium", "high", "xhigh"]

const levelOf = (word: string): Problem<"MINIMAL" | "LOW" | "MEDIUM" | "HIGH" | "XHIGH"> => {
  switch (word.toUpperCase()) {
    case "MINIMAL":
      return Result.succeed("MINIMAL")
    case "LOW":
      return Result.succeed("LOW")
    case "MEDIUM":
      return Result.succeed("MEDIUM")
    case "HIGH":
      return Result.succeed("HIGH")
    case "XHIGH":
      return Result.succeed("XHIGH")
    default:
      return Result.fail(
        `--think ${word}: expected ${levels.slice(0, -1).join(", ")} or ${
          levels.at(-1)
        }, or a number of tokens, of which -1 leaves it to the model and 0 is none`
      )
  }
}

const thinking = ({ think, thoughts }: Settings): Problem<GenerationConfig["thinkingConfig"]> => {
  const shown = thoughts ? { includeThoughts: true } : {}
  if (Option.isNone(think)) return Result.succeed(thoughts ? shown : undefined)
  if (/^-?\d{1,7}$/.test(think.value)) {
    const budget = Number(think.value)
    return budget < -1
      ? Result.fail(`--think ${think.value}: expected -1 or more tokens`)
      : Result.succeed({ thinkingBudget: budget, ...shown })
  }
  return Result.map(levelOf(think.value), (thinkingLevel) => ({ thinkingLevel, ...shown }))
}

/** How the answer is generated; undefined: as the model does by itself. */
export const generation = (
  settings: Settings,
  schema: JsonSchema | undefined
): Problem<GenerationConfig | undefined> => {
  const temperature = Option.getOrUndefined(settings.temperature)
  const maxOutputTokens = Option.getOrUndefined(settings.maxTokens)
  if (temperature !== undefined && (temperature < 0 || temperature > 2)) {
    return Result.fail(`--temperature ${temperature}: expected a number from 0 to 2`)
  }
  if (maxOutputTokens !== undefined && maxOutputTokens < 1) {
    return Result.fail(`--max-tokens ${maxOutputTokens}: expected at least 1`)
  }
  return Result.map(thinking(settings), (thinkingConfig) => {
    const config: GenerationConfig = {
      ...(temperature === undefined ? {} : { temperature }),
      ...(maxOutputTokens === undefined ? {} : { maxOutputTokens }),
      ...(thinkingConfig === undefined ? {} : { thinkingConfig }),
      ...(schema === undefined ? {} : { responseMimeType: "application/json", responseJsonSchema: schema })
    }
    return Object.keys(config).length === 0 ? undefined : config
  })
}

/** The name of the model, if one is given. */
export const model = ({ model }: Pick<Flags, "model">): Problem<string | undefined> =>
  Option.isNone(model)
    ? Result.succeed(undefined)
    : Result.mapError(
      Result.map(ModelId.parse(model.value), () => model.value),
      (problem) => `--model: ${problem}`
    )

/** The request: attachments first, as Google advises, and the question after them. */
export const request = (
  flags: Flags,
  model: string,
  text: string,
  parts: ReadonlyArray<Part.Part>,
  generationConfig: GenerationConfig | undefined
): Request => {
  const tools = [
    ...(flags.search ? [Tool.googleSearch] : []),
    ...(flags.url ? [Tool.urlContext] : []),
    ...(flags.code ? [Tool.codeExecution] : [])
  ]
  return {
    model,
    contents: Content.user([...parts, ...(text === "" ? [] : [Part.text(text)])]),
    ...(Option.isNone(flags.system) ? {} : { systemInstruction: flags.system.value }),
    ...(tools.length === 0 ? {} : { tools }),
    ...(generationConfig === undefined ? {} : { generationConfig })
  }
}
