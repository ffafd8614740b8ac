/**
 * The interactions of a space, made when the first one is: most spaces never have any.
 */
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
