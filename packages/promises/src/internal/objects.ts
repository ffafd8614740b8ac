/** Objects by schemas of any library, decoded by `StructuredOutput`. */
import * as GeminiLanguageModel from "effect-gemini-ai/GeminiLanguageModel"
import * as StructuredOutput from "effect-gemini-ai/StructuredOutput"
import type * as Call from "effect-gemini/call/CallOptions"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as LanguageModel from "effect/ai/LanguageModel"
import * as Effect from "effect/Effect"
import type * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import type { AnySchema, JsonSchema } from "../AnySchema.ts"
import type { ObjectAnswer } from "../ObjectAnswer.ts"
import * as AiFailure from "./aiFailure.ts"
import * as Failure from "./failure.ts"
import * as ReadSchema from "./readSchema.ts"
import { placeholder, WireClient } from "./WireClient.ts"

export interface ObjectAsked extends GeminiClient.Request {
  readonly schema: AnySchema
  readonly jsonSchema?: JsonSchema | undefined
  readonly repairs?: number | undefined
}

const prepare = Effect.fnUntraced(function*(
  { jsonSchema, repairs, schema, ...base }: ObjectAsked,
  call: Call.CallOptions | undefined,
  method: string
) {
  const read = yield* Failure.attempt(() => ReadSchema.read(schema, jsonSchema, { method, field: "schema" }))
  const client = yield* GeminiClient.GeminiClient
  const wire = new WireClient(client, base, call, read.jsonSchema)
  const model = yield* GeminiLanguageModel.make({ model: base.model ?? GeminiConfig.defaultModel }).pipe(
    Effect.provideService(GeminiClient.GeminiClient, wire.service)
  )
  return { model, read, repairs, wire }
})

export const generate = Effect.fnUntraced(function*(request: ObjectAsked, call: Call.CallOptions | undefined) {
  const method = "generateContent"
  const { model, read, repairs, wire } = yield* prepare(request, call, method)
  const { value, repairs: repaired } = yield* StructuredOutput.generate({
    prompt: placeholder,
    // effect/ai asks for objects in its types; what JSON there is decides the schema.
    schema: read.schema as Schema.Codec<unknown, Record<string, unknown>>,
    repairs
  }).pipe(
    Effect.provideService(LanguageModel.LanguageModel, model),
    Effect.mapError(AiFailure.of(method, wire))
  )
  if (wire.answer === undefined) return yield* Failure.closed()
  return { value, repairs: repaired, answer: wire.answer } satisfies ObjectAnswer<unknown>
})

export const stream = (request: ObjectAsked, call: Call.CallOptions | undefined) => {
  const method = "generateContentStream"
  return Stream.unwrap(
    Effect.map(
      prepare(request, call, method),
      ({ model, read, wire }) =>
        StructuredOutput.pieces({ prompt: placeholder, schema: read.schema, partial: read.partial }).pipe(
          Stream.provideService(LanguageModel.LanguageModel, model),
          Stream.mapError(AiFailure.of(method, wire))
        )
    )
  )
}
