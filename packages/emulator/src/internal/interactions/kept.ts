/**
 * The interactions of a space, made when the first one is: most spaces never have any.
 */
import * as InteractionRequest from "./interactionRequest.ts"
import * as Interactions from "./interactions.ts"

/** A class, because ten thousand spaces have one each: methods of its prototype weigh nothing. */
export class LateInteractions {
  readonly #seed: string
  readonly #options: Interactions.Options | undefined
  #made: Interactions.Interactions | undefined

  constructor(seed: string, options: Interactions.Options | undefined) {
    this.#seed = seed
    this.#options = options
  }

  /** Those of the space, which begin here. */
  get own(): Interactions.Interactions {
    return this.#made ??= Interactions.make(this.#seed, this.#options)
  }

  /** Those of the space, as far as there are any. */
  get kept(): Interactions.Interactions | undefined {
    return this.#made
  }

  clear(): void {
    this.#made?.clear()
  }
}

/** A request that is about an interaction. */
export interface RoutedInteraction {
  readonly version: string
  readonly method: string
  /** The id in the path. */
  readonly resource: string | undefined
}

const decoded = (path: string): string => {
  try {
    return decodeURIComponent(path)
  } catch {
    return path
  }
}

export const route = (verb: string, path: string): RoutedInteraction | undefined => {
  const [, version, rest] = /^\/+(v1beta|v1alpha|v1)\/+((?:interactions|webhooks)(?:[/:].*)?)$/.exec(path) ?? []
  if (version === undefined || rest === undefined) return undefined
  for (const route of InteractionRequest.routes) {
    const found = route.verb === verb ? route.path.exec(decoded(rest)) : null
    if (found !== null) return { version, method: route.method, resource: found[1] }
  }
  return undefined
}
