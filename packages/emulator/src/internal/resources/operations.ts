/**
 * Long-running operations: what an endpoint begins, and what is asked for by name until it is done.
 */
import * as GoogleError from "../../GoogleError.ts"
import type * as Json from "../json.ts"
import type { Endpoint, ResourceReply } from "./endpoint.ts"
import * as Ids from "./ids.ts"
import * as Shelf from "./Shelf.ts"

/** How an operation ends. */
export type Outcome =
  | { readonly response: Json.Json }
  | { readonly error: { readonly code: number; readonly message: string; readonly details?: ReadonlyArray<unknown> } }

export interface Operation extends Shelf.Kept {
  readonly metadata?: Json.Json | undefined
  /** Milliseconds since the epoch from which on it is done. */
  readonly doneAt: number
  readonly outcome: Outcome
}

export interface Operations {
  /**
   * Begins one below `parent` (`fileSearchStores/S/upload`), or one of this very name (`batches/ID`), and gives it as
   * JSON. `after` are the milliseconds until it is done.
   */
  readonly begin: (
    of:
      & { readonly project: string; readonly now: number }
      & (
        | { readonly parent: string; readonly name?: undefined }
        | { readonly name: string; readonly parent?: undefined }
      ),
    operation: { readonly metadata?: Json.Json | undefined; readonly after: number; readonly outcome: Outcome }
  ) => Json.Json
  readonly endpoint: Endpoint
}

/** A day after its end nobody asks for an operation any more. */
const kept = 86_400_000

const shown = ({ doneAt, metadata, name, outcome }: Operation, now: number): Json.Json => ({
  name,
  ...(metadata === undefined ? {} : { metadata }),
  // Proto3 JSON leaves `false` out.
  ...(now >= doneAt ? { done: true, ...outcome } : {})
})

const cancelled: Outcome = { error: { code: 1, message: "The operation was cancelled." } }

const parents =
  "models/[^/:]+|tunedModels/[^/:]+|generatedFiles/[^/:]+|corpora/[^/:]+|fileSearchStores/[^/:]+(?:/upload)?"

export const make = (seed: string): Operations => {
  const shelf = Shelf.make<Operation>({ pageSize: 50, largestPage: 1000 })
  const nextId = Ids.maker(`${seed}\noperations`)
  const missing: ResourceReply = { refusal: GoogleError.make(404, "Requested entity was not found.") }
  return {
    begin: ({ name, now, parent, project }, { after, metadata, outcome }) => {
      const doneAt = now + after
      const operation: Operation = {
        name: name ?? `${parent}/operations/${nextId()}`,
        project,
        metadata,
        doneAt,
        outcome,
        expires: doneAt + kept
      }
      shelf.add(operation, now)
      return shown(operation, now)
    },
    endpoint: {
      routes: [
        {
          verb: "GET",
          path: new RegExp(`^((?:${parents})/operations/[^/:]+)$`),
          method: "operations.get"
        },
        { verb: "GET", path: new RegExp(`^(${parents})/operations$`), method: "operations.list" }
      ],
      // The routes of batches are those of `batches`, which asks here for what a test has begun under such a name.
      methods: {
        "operations.get": ({ name, now, project }) => {
          const found = shelf.find(project, name, now)
          return found === undefined ? missing : { body: shown(found, now) }
        },
        "operations.list": ({ name, now, project, query }) => {
          const page = shelf.page(project, query, now, `${name}/operations/`)
          if (page.refusal !== undefined) return page
          const { items, nextPageToken } = page
          return {
            body: {
              ...(items.length === 0 ? {} : { operations: items.map((item) => shown(item, now)) }),
              ...(nextPageToken === undefined ? {} : { nextPageToken })
            }
          }
        },
        "operations.cancel": ({ name, now, project }) => {
          const found = shelf.find(project, name, now)
          if (found === undefined) return missing
          if (now < found.doneAt) shelf.replace({ ...found, doneAt: now, outcome: cancelled, expires: now + kept })
          return { body: {} }
        }
      },
      clear: shelf.clear
    }
  }
}
