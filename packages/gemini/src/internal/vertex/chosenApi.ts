/**
 * Which API the environment asks for, and where: the variables of Google's own SDKs, as `@google/genai` 3.3 reads them
 * (October 2026). Of project and location, and a key, the ones that code gives win; then project and location do.
 *
 * It differs where the SDK would go on in silence: half a configuration is an error that names the other half, and so is
 * a flag that is neither true nor false. An empty variable counts as missing.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import type * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { DestinationOptions } from "../../Vertex.ts"
import { optional, secret } from "../config/environment.ts"
import * as Check from "./check.ts"

/** Where calls go, as code or the environment says. */
export interface VertexPlace {
  readonly project?: string | undefined
  readonly location?: string | undefined
  readonly apiKey?: Redacted.Redacted<string> | undefined
  readonly baseUrl?: string | undefined
  readonly apiVersion?: string | undefined
}

/** The variables, by their names. */
export interface Variables {
  readonly GOOGLE_GENAI_USE_ENTERPRISE?: string | undefined
  readonly GOOGLE_GENAI_USE_VERTEXAI?: string | undefined
  readonly GOOGLE_CLOUD_PROJECT?: string | undefined
  readonly GOOGLE_CLOUD_LOCATION?: string | undefined
  readonly GOOGLE_API_KEY?: Redacted.Redacted<string> | undefined
  readonly GEMINI_API_KEY?: Redacted.Redacted<string> | undefined
  readonly GOOGLE_VERTEX_BASE_URL?: string | undefined
  readonly GOOGLE_GENAI_API_VERSION?: string | undefined
}

/** Vertex AI with what is known of it, or the Gemini API, whose variables are read elsewhere. */
export type Chosen =
  | { readonly api: "gemini" }
  | { readonly api: "vertex"; readonly place: VertexPlace; readonly flag: string | undefined }

const flags = ["GOOGLE_GENAI_USE_ENTERPRISE", "GOOGLE_GENAI_USE_VERTEXAI"] as const

/** The SDK for Python takes 1 for true; that for JavaScript does not, and asks the Gemini API. */
const meanings: ReadonlyMap<string, boolean> = new Map([["true", true], ["1", true], ["false", false], ["0", false]])

interface Flag {
  readonly name: typeof flags[number]
  readonly isOn: boolean
}

/** The flags that are set, the stronger one first. They have one meaning: the platform was renamed. */
const flagsOf = (variables: Variables): Result.Result<ReadonlyArray<Flag>, string> =>
  Result.all(flags.flatMap((name) => {
    const text = variables[name]?.trim()
    if (text === undefined || text === "") return []
    const isOn = meanings.get(text.toLowerCase())
    return [
      isOn === undefined
        ? Result.fail(`${name}: expected true or false, got ${JSON.stringify(text.slice(0, 100))}`)
        : Result.succeed({ name, isOn })
    ]
  }))

const placeOf = (given: VertexPlace, variables: Variables): VertexPlace => {
  const { GOOGLE_CLOUD_LOCATION: location, GOOGLE_CLOUD_PROJECT: project, GOOGLE_GENAI_API_VERSION: version } =
    variables
  const rest = {
    baseUrl: given.baseUrl ?? variables.GOOGLE_VERTEX_BASE_URL,
    apiVersion: given.apiVersion ?? (version === "beta" ? "v1beta1" : version)
  }
  if (given.project !== undefined || given.location !== undefined) {
    const where = { project: given.project ?? project, location: given.location ?? location ?? "global" }
    return { ...rest, ...where, apiKey: given.apiKey }
  }
  if (given.apiKey !== undefined) return { ...rest, apiKey: given.apiKey }
  if (project !== undefined || location !== undefined) return { ...rest, project, location: location ?? "global" }
  return { ...rest, apiKey: variables.GOOGLE_API_KEY ?? variables.GEMINI_API_KEY }
}

/** Why a place cannot be asked: the half that is missing. */
const lackOf = (
  flag: Flag | undefined,
  place: VertexPlace,
  { GOOGLE_API_KEY, GEMINI_API_KEY }: Variables
): string | undefined => {
  if (place.project !== undefined || (place.apiKey !== undefined && place.location === undefined)) return undefined
  const asked = flag === undefined ? "Vertex AI is asked for" : `${flag.name} asks for Vertex AI`
  const hasKey = place.apiKey !== undefined || GOOGLE_API_KEY !== undefined || GEMINI_API_KEY !== undefined
  return place.location !== undefined && hasKey
    ? `${asked}, with a location and a key but no project: set GOOGLE_CLOUD_PROJECT, or unset GOOGLE_CLOUD_LOCATION to ` +
      "use the key in express mode"
    : `${asked}, and there is no project: set GOOGLE_CLOUD_PROJECT (and GOOGLE_CLOUD_LOCATION, else it is global), or ` +
      "GOOGLE_API_KEY for express mode"
}

/** What the variables and the options in code mean together, or what is wrong with them. Pure. */
export const decide = (given: VertexPlace, variables: Variables): Result.Result<Chosen, string> =>
  Result.flatMap(flagsOf(variables), ([flag]): Result.Result<Chosen, string> => {
    const { GEMINI_API_KEY, GOOGLE_API_KEY, GOOGLE_CLOUD_PROJECT } = variables
    // A project in code says which API is meant, as it does in no environment: other tools read these variables, too.
    const isVertex = given.project !== undefined || given.location !== undefined || flag?.isOn === true
    if (!isVertex) {
      const hasKey = (given.apiKey ?? GEMINI_API_KEY ?? GOOGLE_API_KEY) !== undefined
      return flag !== undefined || hasKey || GOOGLE_CLOUD_PROJECT === undefined
        ? Result.succeed({ api: "gemini" })
        : Result.fail(
          "GOOGLE_CLOUD_PROJECT is set, and there is no API key: set GOOGLE_GENAI_USE_VERTEXAI=true to ask Vertex AI, or " +
            "GEMINI_API_KEY to ask the Gemini API"
        )
    }
    const place = placeOf(given, variables)
    const lack = lackOf(flag, place, variables)
    return lack === undefined ? Result.succeed({ api: "vertex", place, flag: flag?.name }) : Result.fail(lack)
  })

const failed = (message: string): Effect.Effect<never, Config.ConfigError> =>
  Effect.fail(new Config.ConfigError(new ConfigProvider.SourceError({ message })))

/** Fails with an option that is not valid. */
export const wrong = ({ description, field }: GeminiConfig.Problem): Effect.Effect<never, Config.ConfigError> =>
  failed(`${field}: ${description}`)

const variables = Config.all({
  GOOGLE_GENAI_USE_ENTERPRISE: optional("GOOGLE_GENAI_USE_ENTERPRISE"),
  GOOGLE_GENAI_USE_VERTEXAI: optional("GOOGLE_GENAI_USE_VERTEXAI"),
  GOOGLE_CLOUD_PROJECT: optional("GOOGLE_CLOUD_PROJECT"),
  GOOGLE_CLOUD_LOCATION: optional("GOOGLE_CLOUD_LOCATION"),
  GOOGLE_API_KEY: secret("GOOGLE_API_KEY"),
  GEMINI_API_KEY: secret("GEMINI_API_KEY"),
  GOOGLE_VERTEX_BASE_URL: optional("GOOGLE_VERTEX_BASE_URL"),
  GOOGLE_GENAI_API_VERSION: optional("GOOGLE_GENAI_API_VERSION")
})

const load = Effect.fnUntraced(function*(given: VertexPlace): Effect.fn.Return<Chosen, Config.ConfigError> {
  const found = yield* variables
  const both = flagsOf(found)
  if (Result.isSuccess(both) && new Set(both.success.map(({ isOn }) => isOn)).size > 1) {
    yield* Effect.logWarning(
      "GOOGLE_GENAI_USE_ENTERPRISE and GOOGLE_GENAI_USE_VERTEXAI are both set and differ: GOOGLE_GENAI_USE_ENTERPRISE is used"
    )
  }
  const choice = decide(given, found)
  return Result.isSuccess(choice) ? choice.success : yield* failed(choice.failure)
})

/** The variables of a destination's options. */
const variableOf: ReadonlyMap<string, string> = new Map([
  ["project", "GOOGLE_CLOUD_PROJECT"],
  ["location", "GOOGLE_CLOUD_LOCATION"],
  ["baseUrl", "GOOGLE_VERTEX_BASE_URL"],
  ["apiVersion", "GOOGLE_GENAI_API_VERSION"]
])

/**
 * The options of a destination as the environment completes them; `undefined` if the Gemini API is asked for. One warning
 * is logged where both flags are set and differ.
 */
export const options = Effect.fnUntraced(function*(
  { quotaProject, requestType, ...given }: DestinationOptions
): Effect.fn.Return<DestinationOptions | undefined, Config.ConfigError> {
  const { apiKey, apiVersion, baseUrl, location, project } = given
  const choice = yield* load({ apiKey, apiVersion, baseUrl, location, project })
  if (choice.api === "gemini") return undefined
  const found = { ...choice.place, quotaProject, requestType }
  const problem = Check.problem(found)
  if (problem === undefined) return found
  const { description, field } = problem
  // Whoever set a variable knows it by that name.
  const variable = Reflect.get(given, field) === undefined ? variableOf.get(field) : undefined
  return yield* wrong({ field: variable ?? field, description })
})
