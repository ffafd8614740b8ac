/**
 * Everything that the API keeps, in one space: which request is about it, and the answer.
 */
import * as Effect from "effect/Effect"
import { decodedPath } from "../decodedPath.ts"
import * as Batches from "./batches.ts"
import * as Caches from "./caches.ts"
import type { Depot } from "./Depot.ts"
import type { Call, Endpoint, ResourceReply, Room } from "./endpoint.ts"
import * as Files from "./files.ts"
import * as Operations from "./operations.ts"
import * as Stores from "./stores.ts"
import * as Uploads from "./uploads.ts"

export interface Options {
  readonly seed: string
  readonly depot: Depot
  readonly files?: Files.Options | undefined
  readonly caches: Caches.Options
  readonly stores?: Stores.Options | undefined
  readonly batches?: Batches.Options | undefined
  /** The unit of uploads, in bytes. */
  readonly unit?: number | undefined
}

/** A request that is about a resource. */
export interface Routed {
  readonly version: string
  readonly method: string
  /** The name or parent in the path; undefined where it names a collection alone. */
  readonly resource: string | undefined
}

export interface Endpoints {
  readonly files: Files.Files
  readonly caches: Caches.Caches
  readonly stores: Stores.Stores
  readonly operations: Operations.Operations
  readonly batches: Batches.Batches
  readonly uploads: Uploads.Uploads
  /** The part of the path before the version (`/upload`, `/download`) counts, and for uploads the headers. */
  readonly route: (request: Pick<Call, "headers" | "query"> & { readonly verb: string; readonly path: string }) =>
    | Routed
    | undefined
  readonly answer: (call: Call, pieces: Uploads.Pieces, cutAfter: number | undefined) => Effect.Effect<ResourceReply>
  readonly clear: () => void
}

/** The same, made when something is kept for the first time: most spaces never keep anything. */
export interface LateEndpoints extends Endpoints {
  /** What is kept, for reading alone: as long as nothing is, an empty one that many spaces share. */
  readonly kept: Endpoints
}

const makeNow = (options: Options): Endpoints => {
  const { depot, seed, unit } = options
  const uploads = Uploads.make(seed, depot, unit)
  const operations = Operations.make(seed)
  const room: Room = { seed, depot, uploads, operations }
  const files = Files.make(room, options.files)
  const caches = Caches.make(room, files, options.caches)
  const stores = Stores.make(room, files, options.stores)
  const batches = Batches.make(room, files, options.batches)
  const endpoints: ReadonlyArray<Endpoint> = [
    files.endpoint,
    operations.endpoint,
    caches.endpoint,
    stores.endpoint,
    batches.endpoint
  ]
  const routes = endpoints.flatMap((endpoint) => endpoint.routes)
  const methods = new Map(endpoints.flatMap((endpoint) => Object.entries(endpoint.methods)))

  return {
    files,
    caches,
    stores,
    operations,
    batches,
    uploads,
    route: ({ headers, path, query, verb }) => {
      const [, root, version, rest] = /^(?:\/+(upload|download))?\/+(v1beta|v1alpha|v1)\/+(.+)$/.exec(path) ?? []
      if (version === undefined || rest === undefined) return undefined
      const asked = decodedPath(rest)
      if (root === "upload") {
        const upload = verb === "POST" ? uploads.route(asked, headers, query) : undefined
        return upload === undefined
          ? undefined
          : { version, method: upload.method, resource: upload.name === "" ? undefined : upload.name }
      }
      for (const route of routes) {
        const found = route.verb === verb ? route.path.exec(asked) : null
        // Bytes are served below `/download` too, and nothing else is.
        if (found === null || root === "download" && !route.method.endsWith(".download")) continue
        return { version, method: route.method, resource: found[1] }
      }
      return undefined
    },
    answer: (call, pieces, cutAfter) => {
      if (Uploads.isCommand(call.method)) return uploads.command(call, pieces, cutAfter)
      const method = methods.get(call.method)
      return Effect.sync(() => method === undefined ? uploads.start(call) : method(call))
    },
    clear: () => {
      for (const endpoint of endpoints) endpoint.clear()
      uploads.clear()
    }
  }
}

/** One that nothing is ever written to, for many spaces. */
export const nothing = (depot: Depot, models: Caches.Options["models"]): Endpoints =>
  makeNow({ seed: "", depot, caches: { models } })

/** A class, because ten thousand spaces have one each: getters of its prototype weigh nothing. */
class Late implements LateEndpoints {
  readonly #options: Options
  readonly #empty: Endpoints
  #made: Endpoints | undefined

  constructor(options: Options, empty: Endpoints) {
    this.#options = options
    this.#empty = empty
  }

  get #own(): Endpoints {
    return this.#made ??= makeNow(this.#options)
  }
  get kept() {
    return this.#made ?? this.#empty
  }
  get files() {
    return this.#own.files
  }
  get caches() {
    return this.#own.caches
  }
  get stores() {
    return this.#own.stores
  }
  get operations() {
    return this.#own.operations
  }
  get batches() {
    return this.#own.batches
  }
  get uploads() {
    return this.#own.uploads
  }
  route(request: Parameters<Endpoints["route"]>[0]) {
    return this.#empty.route(request)
  }
  answer(call: Call, pieces: Uploads.Pieces, cutAfter: number | undefined) {
    return this.#own.answer(call, pieces, cutAfter)
  }
  clear() {
    this.#made?.clear()
  }
}

export const make = (options: Options, empty: Endpoints): LateEndpoints => new Late(options, empty)
