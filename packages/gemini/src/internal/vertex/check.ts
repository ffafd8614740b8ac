/** What is wrong with the options of a destination on Vertex AI, before anything is sent. Pure. */
import type * as GeminiConfig from "../../GeminiConfig.ts"
import type { DestinationOptions } from "../../Vertex.ts"
import * as OptionCheck from "../config/optionCheck.ts"

/** The header of the throughput that a call asks for. */
export const requestTypeHeader = "x-vertex-ai-llm-request-type"

const requestTypes = OptionCheck.oneOf("dedicated", "shared")

// Ids of projects are of lower case; the old ones of a domain have its name before a colon. A number is one, too.
const project = /^[a-z0-9](?:[a-z0-9.:-]*[a-z0-9])?$/

const location = /^[a-z0-9](?:[a-z0-9-]*[a-z0-9])?$/

const shown = (value: unknown): string => typeof value === "string" ? JSON.stringify(value.slice(0, 100)) : typeof value

export const problem = (options: DestinationOptions): GeminiConfig.Problem | undefined => {
  const { apiKey, apiVersion, baseUrl, quotaProject, requestType } = options
  const wrong = OptionCheck.problem({ apiKey, apiVersion, baseUrl })
  if (wrong !== undefined) return wrong
  if (options.project === undefined && apiKey === undefined) {
    return { field: "project", description: "there is none: name the project, or give the apiKey of express mode" }
  }
  if (options.project !== undefined && !(typeof options.project === "string" && project.test(options.project))) {
    return { field: "project", description: `expected the id of a project, got ${shown(options.project)}` }
  }
  if (options.location !== undefined && !(typeof options.location === "string" && location.test(options.location))) {
    const description = `expected a location like "europe-west1", "us" or "global", got ${shown(options.location)}`
    return { field: "location", description }
  }
  if (quotaProject !== undefined && !(typeof quotaProject === "string" && project.test(quotaProject))) {
    return { field: "quotaProject", description: `expected the id of a project, got ${shown(quotaProject)}` }
  }
  return requestType === undefined ? undefined : requestTypes(requestType, "requestType")
}
