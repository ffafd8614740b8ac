/**
 * Which models the emulator has: what `models.list` shows, which methods each supports, and what the judge must know
 * of it (when it was retired, whether it demands thought signatures, how it thinks).
 *
 * The table is dated and the emulator's own; no rule is derived from a model's name.
 *
 * @since 0.1.0
 */
import * as Rows from "./internal/google/models.ts"

/**
 * A model as `models.list` and `models.get` send it.
 *
 * @category models
 * @since 0.1.0
 */
export interface Model {
  /** `models/gemini-…`. */
  readonly name: string
  readonly version: string
  readonly displayName: string
  readonly description?: string
  /** Tokens. */
  readonly inputTokenLimit: number
  /** Tokens. */
  readonly outputTokenLimit: number
  readonly supportedGenerationMethods: ReadonlyArray<string>
  readonly temperature?: number
  readonly topP?: number
  readonly topK?: number
  readonly maxTemperature?: number
  readonly thinking?: boolean
}

/**
 * A model, and what the judge must know of it besides.
 *
 * @category models
 * @since 0.1.0
 */
export interface Row {
  readonly model: Model
  /** The day (ISO, UTC) from which it answers 404. */
  readonly retired?: string | undefined
  /**
   * From this day on (ISO, UTC) the model is closed to projects that had not used it before; they are told its
   * successor.
   */
  readonly closed?: { readonly since: string; readonly successor: string } | undefined
  /** Whether function calls of the current turn are refused if they come back without their signature. */
  readonly signatures?: boolean | undefined
  /** Whether built-in tools may stand beside function calling in one request, and tools beside JSON output. */
  readonly combinesTools?: boolean | undefined
  /** The `thinkingLevel` values that it takes. Absent: none. */
  readonly levels?: ReadonlyArray<string> | undefined
  /** The `thinkingBudget` that it takes, in tokens; with `off` also 0. Absent: any. */
  readonly budget?: { readonly min: number; readonly max: number; readonly off: boolean } | undefined
  /** How many tokens it generates in one request before it stops with a `continuationToken`. Absent: no cap. */
  readonly hopTokens?: number | undefined
  /** The least tokens that a cache must have. Default 4,096. */
  readonly cacheMinimum?: number | undefined
  /** The demands of a Live model. Absent: it takes everything. */
  readonly live?: LiveRules | undefined
}

/**
 * What the judge must know of a Live model.
 *
 * @category models
 * @since 0.1.0
 */
export interface LiveRules {
  /** Whether it answers only in speech. */
  readonly audioOnly?: boolean | undefined
  /** Whether it takes `clientContent` only as a history that the setup has announced. */
  readonly historyOnly?: boolean | undefined
  /** The `behavior` values that a declaration may have. Absent: any. */
  readonly behaviors?: ReadonlyArray<string> | undefined
  /** The behavior of a declaration that names none. Default BLOCKING. */
  readonly defaultBehavior?: "BLOCKING" | "NON_BLOCKING" | undefined
  /** Whether it refuses `scheduling` in the answer to a call. */
  readonly noScheduling?: boolean | undefined
  /** Whether it refuses a `thinkingConfig` in the setup. */
  readonly noThinkingConfig?: boolean | undefined
}

/**
 * The models that the emulator has, and how it treats a model that is not among them.
 *
 * @category models
 * @since 0.1.0
 */
export interface ModelTable {
  /** The day (ISO, UTC) that the table describes. Models that were retired by then stay so, whatever the clock says. */
  readonly asOf: string
  readonly rows: ReadonlyArray<Row>
  /**
   * Whether closed models are answered as for a project that never used them: 404, though they are listed. Default
   * false.
   */
  readonly newProject?: boolean | undefined
  /** Whether a model that is not in the table, or was retired, counts as one that can do everything. Default false. */
  readonly acceptAnyModel?: boolean | undefined
}

/**
 * The models of November 2026.
 *
 * @category constructors
 * @since 0.1.0
 */
export const current: ModelTable = { asOf: Rows.asOf, rows: Rows.rows }

/**
 * The table with rows added in front, so that they win over rows of the same name.
 *
 * @example
 * ```ts
 * import * as ModelTable from "effect-gemini-emulator/ModelTable"
 *
 * const mine = ModelTable.add(ModelTable.current, {
 *   model: {
 *     name: "models/my-model",
 *     version: "1",
 *     displayName: "Mine",
 *     inputTokenLimit: 1000,
 *     outputTokenLimit: 100,
 *     supportedGenerationMethods: ["generateContent", "countTokens"]
 *   }
 * })
 * console.log(ModelTable.get(mine, "models/my-model", 0)?.model.displayName) // Mine
 * ```
 *
 * @category combinators
 * @since 0.1.0
 */
export const add = (table: ModelTable, ...rows: ReadonlyArray<Row>): ModelTable => ({
  ...table,
  rows: [...rows, ...table.rows]
})

const isPast = (table: ModelTable, day: string | undefined, now: number): boolean =>
  day !== undefined && (day <= table.asOf || Date.parse(day) <= now)

/**
 * The row of a model by its name (`models/…`), if it is served at `now` (milliseconds since the epoch).
 *
 * @category getters
 * @since 0.1.0
 */
export const get = (table: ModelTable, name: string, now: number): Row | undefined => {
  const row = table.rows.find((row) => row.model.name === name)
  return row !== undefined && !isPast(table, row.retired, now) ? row : undefined
}

/**
 * The model that the caller should use instead, if this one is closed to it.
 *
 * @category getters
 * @since 0.1.0
 */
export const successor = (table: ModelTable, row: Row, now: number): string | undefined =>
  table.newProject === true && isPast(table, row.closed?.since, now) ? row.closed?.successor : undefined

/**
 * The models that are served at `now` (milliseconds since the epoch), in the table's order.
 *
 * @category getters
 * @since 0.1.0
 */
export const served = (table: ModelTable, now: number): ReadonlyArray<Model> => {
  const seen = new Set<string>()
  return table.rows.flatMap((row) => {
    if (seen.has(row.model.name)) return []
    seen.add(row.model.name)
    return isPast(table, row.retired, now) ? [] : [row.model]
  })
}
