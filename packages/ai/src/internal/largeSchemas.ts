/**
 * The schemas of one request together: what Gemini may find too large in them, in words and as a smaller request. Pure.
 */
import type { FunctionDeclaration } from "effect-gemini/wire/Tool"
import * as AiError from "effect/ai/AiError"
import * as SchemaDoctor from "../SchemaDoctor.ts"
import type { Request } from "./buildRequest.ts"
import * as Json from "./json.ts"
import * as StateCost from "./stateCost.ts"

type Schema = Readonly<Record<string, unknown>>

interface Found {
  /** Whose it is, for a sentence. */
  readonly of: string
  readonly schema: Schema
  /** What its declaration costs besides. */
  readonly extra: number
}

const schemaOf = (owner: object, ...keys: ReadonlyArray<string>): Schema | undefined => {
  for (const key of keys) {
    const value: unknown = Reflect.get(owner, key)
    if (Json.isObject(value)) return value
  }
  return undefined
}

const parameterKeys = ["parametersJsonSchema", "parameters"]
const answerKeys = ["responseJsonSchema", "responseSchema"]

const declarations = (request: Request): ReadonlyArray<FunctionDeclaration> =>
  (request.tools ?? []).flatMap(({ functionDeclarations }) => functionDeclarations ?? [])

const found = (request: Request): ReadonlyArray<Found> => {
  const answer = request.generationConfig ? schemaOf(request.generationConfig, ...answerKeys) : undefined
  return [
    ...declarations(request).flatMap((declaration) => {
      const schema = schemaOf(declaration, ...parameterKeys)
      return schema === undefined ? [] : [{
        of: `the parameters of the tool "${declaration.name}"`,
        schema,
        extra: StateCost.ofFunction(declaration.name)
      }]
    }),
    ...(answer === undefined ? [] : [{ of: "the answer", schema: answer, extra: 0 }])
  ]
}

const total = (all: ReadonlyArray<Found>): number =>
  all.reduce((sum, { extra, schema }) => sum + extra + SchemaDoctor.states(schema), 0)

/** A refusal that may be one of the schemas: the server seldom says so. */
const isVague = (words: string): boolean => /invalid argument|too many states|too tall|constraint/i.test(words)

/** What to say of a refusal, if the schemas of the request come near to what Gemini takes. */
const hint = (request: Request, refusal: string): string | undefined => {
  const all = isVague(refusal) ? found(request) : []
  const states = total(all)
  if (states < SchemaDoctor.budget * 0.9) return undefined
  const [worst] = all
    .map(({ of, schema }) => ({ of, cost: SchemaDoctor.examine(schema, Infinity).costliest }))
    .sort((a, b) => (b.cost?.states ?? 0) - (a.cost?.states ?? 0))
  const most = worst?.cost === undefined
    ? "none of them is a constraint that could go: split the schema, or send fewer tools"
    : `${worst.cost.states} of them are of "${worst.cost.constraint}" at ${
      worst.cost.path || "its top"
    } in ${worst.of}: ` +
      "leave it out, or set largeSchemas: \"relax\""
  return `Its schemas are estimated at ${states} states, and Gemini takes about ${SchemaDoctor.budget}; ${most}`
}

/** The error of a refused request; where its schemas may be why, that says so. */
export const explained = (request: Request, status: number | undefined, error: AiError.AiError): AiError.AiError => {
  const { method, module, reason } = error
  if (status !== 400 || reason._tag !== "InvalidRequestError") return error
  const words = hint(request, reason.description ?? "")
  return words === undefined ? error : AiError.make({
    module,
    method,
    reason: new AiError.InvalidRequestError({ ...reason, description: `${reason.description}\n${words}` })
  })
}

const replaced = <A extends object>(owner: A, keys: ReadonlyArray<string>, schema: Schema): A => {
  const key = keys.find((key) => Json.isObject(Reflect.get(owner, key)))
  return key === undefined ? owner : { ...owner, [key]: schema }
}

/** The request with its largest schemas relaxed until all fit together, as far as they can; itself if they fit. */
export const relaxed = (request: Request): Request => {
  const all = found(request)
  let over = total(all) - SchemaDoctor.budget
  if (over <= 0) return request
  const smaller = new Map<Schema, Schema>()
  // The largest first; each gives as much as is still too much.
  for (const { schema } of all.toSorted((a, b) => SchemaDoctor.states(b.schema) - SchemaDoctor.states(a.schema))) {
    if (over <= 0) break
    const states = SchemaDoctor.states(schema)
    const { relaxed } = SchemaDoctor.examine(schema, Math.max(0, states - over))
    smaller.set(schema, relaxed)
    over -= states - SchemaDoctor.states(relaxed)
  }
  const of = (owner: object, ...keys: ReadonlyArray<string>): Schema | undefined => {
    const schema = schemaOf(owner, ...keys)
    return schema && smaller.get(schema)
  }
  const { generationConfig, tools } = request
  const answer = generationConfig ? of(generationConfig, ...answerKeys) : undefined
  return {
    ...request,
    ...(generationConfig && answer ? { generationConfig: replaced(generationConfig, answerKeys, answer) } : {}),
    ...(tools
      ? {
        tools: tools.map((tool) =>
          tool.functionDeclarations
            ? {
              ...tool,
              functionDeclarations: tool.functionDeclarations.map((declaration) => {
                const parameters = of(declaration, ...parameterKeys)
                return parameters ? replaced(declaration, parameterKeys, parameters) : declaration
              })
            }
            : tool
        )
      }
      : {})
  }
}
