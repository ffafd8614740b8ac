/**
 * The resources of one collection in one space: in the order of their making, for the project that made them, until they
 * expire. It is bounded, and the oldest leaves first.
 */
import type { Refusal } from "../../GoogleError.ts"
import * as GoogleError from "../../GoogleError.ts"

/** What every resource has. */
export interface Kept {
  /** With its collection: `files/ID`. */
  readonly name: string
  /** The project that made it. */
  readonly project: string
  /** Milliseconds since the epoch; undefined: never. */
  readonly expires?: number | undefined
}

export interface Options<A extends Kept> {
  /** The size of a page that names none. */
  readonly pageSize: number
  readonly largestPage: number
  /** The most resources that are kept. Default 10,000. */
  readonly capacity?: number | undefined
  /** Whether pages begin with the resource that was made last. Default false. */
  readonly isNewestFirst?: boolean | undefined
  /** Whether all are kept equally long, so that those which are over are the first ones. Default false. */
  readonly endsInOrder?: boolean | undefined
  /** Told of every resource that leaves, whichever way. */
  readonly left?: ((resource: A) => void) | undefined
}

export type Page<A> = {
  readonly refusal?: undefined
  readonly items: ReadonlyArray<A>
  readonly nextPageToken: string | undefined
} | { readonly refusal: Refusal }

export interface Shelf<A extends Kept> {
  /** Adds it, or gives `false` if its name is taken. */
  readonly add: (resource: A, now: number) => boolean
  /** A resource of this project that has not expired. */
  readonly find: (project: string, name: string, now: number) => A | undefined
  /** Replaces a resource of the same name, in its place. */
  readonly replace: (resource: A) => void
  /** Takes it away; gives `undefined` if the project has none of that name. */
  readonly remove: (project: string, name: string, now: number) => A | undefined
  /** A page of the project's resources, by `pageSize` and `pageToken` of the query. `under` is the start of their names. */
  readonly page: (project: string, query: URLSearchParams, now: number, under?: string) => Page<A>
  /** All resources of all projects. */
  readonly all: (now: number) => ReadonlyArray<A>
  /** Drops one, whoever it belongs to, because there is no room for it elsewhere. */
  readonly evict: (name: string) => void
  /** How many had to leave for want of room. */
  readonly dropped: () => number
  /** Whether this name was dropped for want of room. */
  readonly wasDropped: (name: string) => boolean
  readonly clear: () => void
}

/** The most names that are remembered of those that were dropped. */
const remembered = 1_000

/** A page token: the name of the last one shown, as a protobuf message in base64, which is the form of the real ones. */
const tokenOf = (name: string): string => btoa(`\n${String.fromCharCode(name.length)}${name}`).replace(/=+$/, "")

const nameOf = (token: string): string | undefined => {
  try {
    return atob(token).slice(2)
  } catch {
    return undefined
  }
}

/** The size of a page by the query: `pageSize` for none and zero, `largest` for larger ones. */
const sizeOf = (text: string | null, standard: number, largest: number): number | undefined => {
  if (text === null) return standard
  if (!/^-?\d+$/.test(text)) return undefined
  const size = Number(text)
  return size < 0 ? undefined : size === 0 ? standard : Math.min(size, largest)
}

export const make = <A extends Kept>(options: Options<A>): Shelf<A> => {
  const {
    capacity = 10_000,
    endsInOrder = false,
    isNewestFirst = false,
    largestPage,
    left = () => undefined,
    pageSize
  } = options
  const kept = new Map<string, A>()
  const gone = new Set<string>()
  let dropped = 0
  const isOver = ({ expires }: A, now: number) => expires !== undefined && expires <= now
  const leave = (resource: A) => {
    kept.delete(resource.name)
    left(resource)
  }
  const sweep = (now: number) => {
    for (const resource of kept.values()) {
      if (isOver(resource, now)) leave(resource)
      else if (endsInOrder) return
    }
  }
  const evict = (name: string | undefined) => {
    const resource = name === undefined ? undefined : kept.get(name)
    if (resource === undefined) return
    dropped++
    gone.add(resource.name)
    const [first] = gone
    if (gone.size > remembered && first !== undefined) gone.delete(first)
    leave(resource)
  }
  const find: Shelf<A>["find"] = (project, name, now) => {
    const resource = kept.get(name)
    if (resource === undefined) return undefined
    if (isOver(resource, now)) {
      leave(resource)
      return undefined
    }
    return resource.project === project ? resource : undefined
  }
  return {
    add: (resource, now) => {
      sweep(now)
      if (kept.has(resource.name)) return false
      if (kept.size >= capacity) evict(kept.keys().next().value)
      kept.set(resource.name, resource)
      gone.delete(resource.name)
      return true
    },
    find,
    replace: (resource) => {
      if (kept.has(resource.name)) kept.set(resource.name, resource)
    },
    remove: (project, name, now) => {
      const resource = find(project, name, now)
      if (resource !== undefined) leave(resource)
      return resource
    },
    page: (project, query, now, under = "") => {
      const size = sizeOf(query.get("pageSize") ?? query.get("page_size"), pageSize, largestPage)
      if (size === undefined) return { refusal: GoogleError.invalidArgument() }
      sweep(now)
      const own = [...kept.values()].filter((resource) =>
        resource.project === project && resource.name.startsWith(under)
      )
      if (isNewestFirst) own.reverse()
      const token = query.get("pageToken") ?? query.get("page_token") ?? ""
      const last = token === "" ? -1 : own.findIndex((resource) => resource.name === nameOf(token))
      if (token !== "" && last === -1) return { refusal: GoogleError.invalidArgument() }
      const items = own.slice(last + 1, last + 1 + size)
      const shown = items.at(-1)
      const isMore = last + 1 + size < own.length
      return { items, nextPageToken: isMore && shown !== undefined ? tokenOf(shown.name) : undefined }
    },
    all: (now) => {
      sweep(now)
      return [...kept.values()]
    },
    evict,
    dropped: () => dropped,
    wasDropped: (name) => gone.has(name),
    clear: () => {
      for (const resource of kept.values()) leave(resource)
      gone.clear()
      dropped = 0
    }
  }
}
