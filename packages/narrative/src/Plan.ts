/**
 * What a run plays: a checked narrative as data, with its variables filled in and its images named by their digests.
 *
 * A plan is written into the run's journal when the run starts, and the run plays it from there, whatever becomes of the
 * file meanwhile.
 *
 * @since 0.2.0
 */
import { GenerationConfig } from "effect-gemini/wire/GenerationConfig"
import { SafetySetting } from "effect-gemini/wire/Safety"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"
import type * as Act from "./Act.ts"
import { Condition } from "./Condition.ts"
import { BuiltIn, Each, Repeat } from "./Flow.ts"
import { digestOf } from "./internal/base64.ts"
import { Text } from "./Reference.ts"

/** Named here, so that the types of what holds it stay short. */
const Safety: Schema.Codec<SafetySetting> = SafetySetting

const Generation: Schema.Codec<GenerationConfig> = GenerationConfig

/**
 * One part of an act's request. `Image` is an image of the narrative, `Media` a PDF, sound or video: SHA-256 and size of
 * the bytes. `Link` is a file that Google fetches.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PlannedInput = Schema.Union([
  Schema.TaggedStruct("Text", { text: Text }),
  Schema.TaggedStruct("Output", { act: Schema.String }),
  Schema.TaggedStruct("Image", {
    from: Schema.String,
    mediaType: Schema.String,
    sha256: Schema.String,
    bytes: Schema.Finite
  }),
  Schema.TaggedStruct("Media", {
    from: Schema.String,
    mediaType: Schema.String,
    sha256: Schema.String,
    bytes: Schema.Finite
  }),
  Schema.TaggedStruct("Link", { from: Schema.String, mediaType: Schema.String, uri: Schema.String })
])

/**
 * @category models
 * @since 0.2.0
 */
export type PlannedInput = typeof PlannedInput.Type

/**
 * What becomes of a run when an act has failed for good: the run stops, or only what needs the act is skipped.
 *
 * @category schemas
 * @since 0.2.0
 */
export const OnFailure = Schema.Literals(["stop", "skip"])

/**
 * @category models
 * @since 0.2.0
 */
export type OnFailure = typeof OnFailure.Type

/**
 * One act of a plan. `model` is missing where the client's default is meant; `fallbackModels` are asked in turn where
 * it fails.
 *
 * @category schemas
 * @since 0.2.0
 */
export const PlannedAct: Schema.Codec<PlannedAct> = Schema.Struct({
  name: Schema.String,
  needs: Schema.Array(Schema.String),
  model: Schema.optionalKey(Schema.String),
  fallbackModels: Schema.optionalKey(Schema.Array(Schema.String)),
  onFailure: Schema.optionalKey(OnFailure),
  system: Schema.optionalKey(Text),
  inputs: Schema.Array(PlannedInput),
  generation: Schema.optionalKey(Generation),
  approve: Schema.optionalKey(Text),
  mayLack: Schema.optionalKey(Schema.Array(Schema.String)),
  when: Schema.optionalKey(Condition),
  safety: Schema.optionalKey(Schema.Array(Safety)),
  builtIn: Schema.optionalKey(Schema.Array(BuiltIn)),
  tools: Schema.optionalKey(Schema.Array(Schema.String)),
  live: Schema.optionalKey(Schema.Literal(true)),
  isJson: Schema.optionalKey(Schema.Literal(true)),
  each: Schema.optionalKey(Each),
  repeat: Schema.optionalKey(Repeat),
  acts: Schema.optionalKey(Schema.Array(Schema.suspend((): Schema.Codec<PlannedAct> => PlannedAct))),
  result: Schema.optionalKey(Schema.String)
})

/**
 * One act of a plan; its fields mean what they mean in `Act`.
 *
 * @category models
 * @since 0.2.0
 */
export interface PlannedAct {
  readonly name: string
  readonly needs: ReadonlyArray<string>
  readonly model?: string
  readonly fallbackModels?: ReadonlyArray<string>
  readonly onFailure?: OnFailure
  readonly system?: Act.Text
  readonly inputs: ReadonlyArray<PlannedInput>
  readonly generation?: GenerationConfig
  /** What a person is asked before the act is sent; it waits for their decision. */
  readonly approve?: Act.Text
  readonly mayLack?: ReadonlyArray<string>
  readonly when?: Condition
  readonly safety?: ReadonlyArray<SafetySetting>
  readonly builtIn?: ReadonlyArray<BuiltIn>
  readonly tools?: ReadonlyArray<string>
  readonly live?: true
  readonly isJson?: true
  readonly each?: Each
  readonly repeat?: Repeat
  readonly acts?: ReadonlyArray<PlannedAct>
  readonly result?: string
}

/**
 * A checked narrative as data, with the text and the variables that it came from.
 *
 * @category schemas
 * @since 0.2.0
 */
export const Plan = Schema.Struct({
  /** The name of the file, as messages show it. */
  file: Schema.String,
  title: Schema.String,
  /** The text of the file. */
  text: Schema.String,
  variables: Schema.Record(Schema.String, Schema.Union([Schema.String, Schema.Finite, Schema.Boolean])),
  /** The acts in the order of the file. */
  acts: Schema.Array(PlannedAct)
})

/**
 * @category models
 * @since 0.2.0
 */
export type Plan = typeof Plan.Type

/**
 * What a plan is made of: a narrative that was checked.
 *
 * @category models
 * @since 0.2.0
 */
export interface Source {
  readonly file: string
  readonly title: string
  readonly text: string
  readonly variables: Readonly<Record<string, string | number | boolean>>
  readonly acts: ReadonlyArray<Act.Act>
}

/**
 * How a plan is made: the models of its acts.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options {
  /** One model for every act, in place of their own. */
  readonly model?: string | undefined
  /** The model of acts that name none. Left out, it is the client's at the time when the act is asked. */
  readonly defaultModel?: string | undefined
  /** What becomes of the run when an act that does not say so itself fails for good. Default `stop`. */
  readonly onFailure?: OnFailure | undefined
}

/**
 * A plan and the bytes of its images, in base64 by their digests.
 *
 * @category models
 * @since 0.2.0
 */
export interface Planned {
  readonly plan: Plan
  readonly images: ReadonlyMap<string, string>
}

/**
 * The plan of a narrative.
 *
 * @category constructors
 * @since 0.2.0
 */
export const make = Effect.fnUntraced(function*(
  narrative: Source,
  options: Options = {}
): Effect.fn.Return<Planned> {
  const images = new Map<string, string>()
  /** One image that several acts name is one text in memory, and is hashed once. */
  const seen = new Map<string, { readonly sha256: string; readonly bytes: number }>()
  const imageOf = Effect.fnUntraced(function*(data: string) {
    const known = seen.get(data)
    if (known !== undefined) return known
    const image = yield* digestOf(data)
    seen.set(data, image)
    images.set(image.sha256, data)
    return image
  })
  const planned = Effect.fnUntraced(function*(input: Act.Input): Effect.fn.Return<PlannedInput> {
    if (input._tag === "Text" || input._tag === "Output") return input
    const { _tag, from, part: { fileData, inlineData } } = input
    if (typeof inlineData?.data === "string") {
      return { _tag, from, mediaType: inlineData.mimeType ?? "", ...(yield* imageOf(inlineData.data)) }
    }
    return { _tag: "Link", from, mediaType: fileData?.mimeType ?? "", uri: fileData?.fileUri ?? "" }
  })
  const actOf = Effect.fnUntraced(function*(act: Act.Act): Effect.fn.Return<PlannedAct> {
    const model = options.model ?? act.model ?? options.defaultModel
    const onFailure = act.onFailure ?? options.onFailure
    const { acts, approve, builtIn, each, generation, isJson, live, mayLack, repeat, result, safety, system, tools } =
      act
    return {
      name: act.name,
      needs: act.needs,
      ...(model === undefined || acts !== undefined ? {} : { model }),
      ...(options.model !== undefined || act.fallbackModels === undefined
        ? {}
        : { fallbackModels: act.fallbackModels }),
      ...(onFailure === undefined ? {} : { onFailure }),
      ...(system === undefined ? {} : { system }),
      inputs: yield* Effect.forEach(act.inputs, planned),
      ...(generation === undefined ? {} : { generation }),
      ...(approve === undefined ? {} : { approve }),
      ...(mayLack === undefined ? {} : { mayLack }),
      ...(act.when === undefined ? {} : { when: act.when }),
      ...(safety === undefined ? {} : { safety }),
      ...(builtIn === undefined ? {} : { builtIn }),
      ...(tools === undefined ? {} : { tools }),
      ...(live === true ? { live } : {}),
      ...(isJson === true ? { isJson } : {}),
      ...(each === undefined ? {} : { each }),
      ...(repeat === undefined ? {} : { repeat }),
      ...(acts === undefined ? {} : { acts: yield* Effect.forEach(acts, actOf) }),
      ...(result === undefined ? {} : { result })
    }
  })
  const acts = yield* Effect.forEach(narrative.acts, actOf)
  const { file, text, title, variables } = narrative
  return { plan: { file, title, text, variables, acts }, images }
})
