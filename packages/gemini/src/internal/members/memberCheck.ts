/** Finds options of members that cannot be meant, before anything is sent. Pure. */
import * as Result from "effect/Result"
import * as GeminiConfig from "../../GeminiConfig.ts"
import type { Options } from "../../Members.ts"
import type { Member } from "../../members/Member.ts"
import * as ModelId from "../../models/ModelId.ts"
import * as OptionCheck from "../config/optionCheck.ts"

type Problem = GeminiConfig.Problem

export const projectOf = ({ name, project }: Member): string => project ?? name

export const locationOf = ({ location }: Member): string => location ?? "global"

/** The regions in the order in which they are first named. */
export const regionsOf = ({ members }: Options): ReadonlyArray<string> => [...new Set(members.map(locationOf))]

/** The options that hold for every client, without those about members. */
export const clientOptions = (options: Options): GeminiConfig.Options => {
  const { circuit: _1, fallbackModels: _2, members: _3, ...client } = options
  return client
}

/** The options of one member: its own, or else those for all members. */
export const optionsOf = (options: Options, member: Member): GeminiConfig.Options & { readonly member: string } => {
  const {
    api: _1,
    apiKeyFrom: _2,
    location: _3,
    name,
    project: _4,
    quotaProject: _5,
    requestType: _6,
    weight: _7,
    ...own
  } = member
  const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
  return { ...clientOptions(options), ...given, member: name }
}

const shown = (value: unknown): string =>
  `${typeof value === "string" ? JSON.stringify(value) : String(value)} (${typeof value})`

const modelProblem = (field: string, name: string): Problem | undefined => {
  const model = ModelId.parse(name)
  return Result.isFailure(model) ? { field, description: model.failure } : undefined
}

const memberNames = OptionCheck.named(
  "name",
  "apiKey",
  "apiKeyFrom",
  "project",
  "location",
  "baseUrl",
  "apiVersion",
  "tier",
  "limits",
  "weight",
  "api",
  "requestType",
  "quotaProject",
  "destination"
)
const apis = OptionCheck.oneOf("gemini", "vertex")
const requestTypes = OptionCheck.oneOf("dedicated", "shared")

/** What is wrong with the API of a member. */
const apiProblem = ({ api, destination, quotaProject, requestType }: Member, at: string): Problem | undefined => {
  const wrong = (api === undefined ? undefined : apis(api, `${at}.api`)) ??
    (requestType === undefined ? undefined : requestTypes(requestType, `${at}.requestType`))
  if (wrong !== undefined) return wrong
  if (requestType !== undefined && api !== "vertex") {
    return {
      field: `${at}.requestType`,
      description: "the Gemini API has no provisioned throughput: it needs api \"vertex\""
    }
  }
  if (quotaProject !== undefined && api !== "vertex") {
    return { field: `${at}.quotaProject`, description: "a key pays for itself: it needs api \"vertex\"" }
  }
  return api === "vertex" && destination === undefined
    ? { field: `${at}.api`, description: "\"vertex\" is read by Vertex.layerMembers alone, which has the access token" }
    : undefined
}
const circuitNames = OptionCheck.named("trip", "openFor")

const isObject = (value: unknown): value is object => typeof value === "object" && value !== null

/** Where a name, or a project and location, stood first among the members that were checked so far. */
type Firsts = Map<string, number>

/** The place where a key stood first, which is this one if it did not stand before. */
const firstOf = (firsts: Firsts, key: string, place: number): number => {
  const known = firsts.get(key)
  if (known === undefined) firsts.set(key, place)
  return known ?? place
}

const memberProblem = (
  options: Options,
  member: Member,
  place: number,
  names: Firsts,
  quotas: Firsts
): Problem | undefined => {
  const at = `members[${place}]`
  const { name, weight } = member
  if (typeof name !== "string" || !/^[\w.:-]+$/.test(name)) {
    return { field: `${at}.name`, description: `expected a name of letters, digits and . _ : -, got ${shown(name)}` }
  }
  const unknown = memberNames(member, at)
  if (unknown !== undefined) return unknown
  if (name === "default") return { field: `${at}.name`, description: "\"default\" is all members together" }
  const first = firstOf(names, name, place)
  if (first !== place) {
    return { field: `${at}.name`, description: `members[${first}] is called ${JSON.stringify(name)}, too` }
  }
  for (const field of ["project", "location"] as const) {
    if (member[field] === "") return { field: `${at}.${field}`, description: "expected a name, got none" }
  }
  if (weight !== undefined && !(Number.isFinite(weight) && weight > 0)) {
    return { field: `${at}.weight`, description: `expected a number above 0, got ${shown(weight)}` }
  }
  const { apiKey, apiKeyFrom, apiVersion, baseUrl, limits, tier } = member
  if (apiKeyFrom !== undefined && apiKey === undefined) {
    return { field: `${at}.apiKeyFrom`, description: "is read by Members.layerConfig alone" }
  }
  const wrong = GeminiConfig.problem({ apiKey, apiVersion, baseUrl, destination: member.destination, limits, tier })
  if (wrong !== undefined) return { ...wrong, field: `${at}.${wrong.field}` }
  const wrongApi = apiProblem(member, at)
  if (wrongApi !== undefined) return wrongApi
  // If there is another member of its project, limits of its own would give one quota two sizes.
  const sibling = firstOf(quotas, JSON.stringify([projectOf(member), locationOf(member)]), place)
  const other = options.members[sibling]
  if (other === undefined || sibling === place) return undefined
  for (const field of ["tier", "limits"] as const) {
    if (JSON.stringify(member[field]) === JSON.stringify(other[field])) continue
    return {
      field: `${at}.${field}`,
      description: `members[${sibling}] has other ones: members of one project and location share their quota`
    }
  }
  return undefined
}

export const problem = (options: Options): Problem | undefined => {
  const { circuit, fallbackModels, members } = options
  const wrong = OptionCheck.problem(options, ["members", "fallbackModels", "circuit"]) ??
    (isObject(circuit) ? circuitNames(circuit, "circuit") : undefined)
  if (wrong !== undefined) return wrong
  if (!Array.isArray(members) || members.length === 0) {
    return { field: "members", description: "expected at least one member" }
  }
  const names: Firsts = new Map()
  const quotas: Firsts = new Map()
  for (const [place, member] of options.members.entries()) {
    const wrong = memberProblem(options, member, place, names, quotas)
    if (wrong !== undefined) return wrong
  }
  const lists = Array.isArray(fallbackModels)
    ? [["fallbackModels", fallbackModels] as const]
    : Object.entries(fallbackModels ?? {}).map(([model, list]) =>
      [`fallbackModels[${JSON.stringify(model)}]`, list] as const
    )
  for (const [field, list] of lists) {
    for (const [place, name] of list.entries()) {
      const wrong = modelProblem(`${field}[${place}]`, name)
      if (wrong !== undefined) return wrong
    }
  }
  const trip = circuit === false ? undefined : circuit?.trip
  return trip !== undefined && trip._tag === "Consecutive" && !(trip.failures >= 1)
    ? { field: "circuit.trip", description: `expected at least 1 failure, got ${shown(trip.failures)}` }
    : undefined
}
