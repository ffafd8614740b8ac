/**
 * The models' names in metrics. A series of a metric is kept for ever, and names may come from anybody, so the number of
 * those that nobody knows is bounded. Without Effect.
 */
import * as ModelCatalog from "../../models/ModelCatalog.ts"
import type { Attributes } from "./recorder.ts"

/** How many names are kept beside those of the catalog: tuned models, and such as are newer than it. */
const capacity = 64

/** The name of all models beyond that. */
const others = "other"

const fields = ["gen_ai.request.model", "gemini.fallback.model"] as const

export class ModelNames {
  readonly #kept = new Set<string>()

  /** A name as metrics have it. */
  shown(name: string): string {
    if (ModelCatalog.known.models.has(name) || this.#kept.has(name)) return name
    if (this.#kept.size >= capacity) return others
    this.#kept.add(name)
    return name
  }

  /** Attributes with the names as metrics have them. */
  folded(attributes: Attributes): Attributes {
    let folded = attributes
    for (const field of fields) {
      const name = attributes[field]
      if (name === undefined) continue
      const shown = this.shown(name)
      if (shown !== name) folded = { ...folded, [field]: shown }
    }
    return folded
  }
}
