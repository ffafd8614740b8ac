/**
 * State that several agents read and write: the tools of a team's members, and the programs around them.
 *
 * A state belongs to the outermost run and lies in its journal. A change is one pure function of the value before it, and
 * changes come one after the other, so none is lost, whoever makes them at once. Each is recorded before it is seen.
 *
 * A change is made once. A handler that is called again after a crash, by `rerun` or `ToolPolicy.Retry`, and a program that
 * runs again when its run is resumed, get what they got before: their uses are known by the call or the turn, the state's
 * name and their place there. So a handler and a program use states in the same order each time; a program's reads are
 * recorded for that reason.
 *
 * Checks, instructions and settings of steps may read a state and not change it.
 *
 * ```ts
 * import * as Agent from "effect-gemini-agents/Agent"
 * import * as Shared from "effect-gemini-agents/Shared"
 * import * as Team from "effect-gemini-agents/Team"
 * import * as Effect from "effect/Effect"
 * import * as Schema from "effect/Schema"
 *
 * const notes = Shared.make("notes", Schema.Array(Schema.String), [])
 * const noting = (name: string) =>
 *   Agent.fromEffect({ name }, (text) => Effect.as(Shared.update(notes, (all) => [...all, `${name}: ${text}`]), text))
 *
 * const desk = Team.all({ web: noting("web"), papers: noting("papers") })
 * const program = Agent.run(desk, "tides").pipe(
 *   Effect.map(({ records }) => Shared.of(notes, records)) // web: tides, papers: tides
 * )
 * console.log(Effect.isEffect(program)) // true
 * ```
 *
 * @since 0.1.0
 */
import * as Effect from "effect/Effect"
import * as Result from "effect/Result"
import type * as Schema from "effect/Schema"
import * as Reason from "./AgentErrorReason.ts"
import type { AgentRecord } from "./AgentRecord.ts"
import * as Names from "./internal/names.ts"
import * as Output from "./internal/output.ts"
import * as SharedLog from "./internal/SharedLog.ts"

/**
 * A state by its name. Agents that name the same one share it within a run; another run has a state of its own.
 *
 * @category models
 * @since 0.1.0
 */
export interface Shared<in out A> {
  readonly name: string
  readonly initial: A
  /** How its values stand in records: by its schema. */
  readonly toJson: (value: A) => Result.Result<Schema.Json, string>
  readonly fromJson: (value: unknown) => Result.Result<A, string>
}

/**
 * A state and its first value. A change records the whole value, so it is best kept small.
 *
 * Throws a RangeError if the name is not up to 64 letters, digits, `_` and `-`, beginning with a letter.
 *
 * @category constructors
 * @since 0.1.0
 */
export const make = <A>(name: string, schema: Schema.Codec<A, unknown>, initial: NoInfer<A>): Shared<A> => {
  if (!Names.isKey(name)) {
    throw new RangeError(
      `${
        JSON.stringify(name)
      } cannot be a shared state's name: use up to 64 letters, digits, _ and -, beginning with ` +
        "a letter"
    )
  }
  const { from, to } = Output.json(schema)
  return { name, initial, toJson: to, fromJson: from }
}

const stop = (reason: Reason.AgentErrorReason<never>): Effect.Effect<never> =>
  Effect.die(new SharedLog.SharedStop(reason))

/** A value as records have it; a state that nobody has changed has none there. */
const read = <A>({ fromJson, initial, name }: Shared<A>, json: Schema.Json | undefined): Effect.Effect<A> => {
  if (json === undefined) return Effect.succeed(initial)
  const value = fromJson(json)
  return Result.isSuccess(value)
    ? Effect.succeed(value.success)
    : stop(new Reason.Changed({ what: `the shared state ${name} has another schema (${value.failure})` }))
}

const written = <A>({ name, toJson }: Shared<A>, value: A): Effect.Effect<Schema.Json> => {
  const json = toJson(value)
  return Result.isSuccess(json)
    ? Effect.succeed(json.success)
    : stop(
      new Reason.Refused({ path: `shared.${name}`, why: `its new value does not fit its schema: ${json.failure}` })
    )
}

const outside = (name: string) =>
  Effect.die(new Error(`the shared state ${name} is used outside of an agent's run, which is where it lies`))

/** The next use by whoever uses states at the moment. */
const use = <A>(
  shared: Shared<A>,
  next: (before: A) => Effect.Effect<Schema.Json | undefined>
): Effect.Effect<SharedLog.Used> =>
  Effect.flatMap(Effect.all([SharedLog.Root, SharedLog.CurrentUser]), ([log, user]) => {
    if (log === undefined) return outside(shared.name)
    if (user === undefined) {
      const why = "it is changed by tools and programs alone, which are known when they run again"
      return stop(new Reason.Refused({ path: `shared.${shared.name}`, why }))
    }
    user.made++
    return log.use(
      shared.name,
      `${user.by}#${user.made}`,
      (before) => Effect.flatMap(read(shared, before), next)
    )
  })

/**
 * The present value; for a program that runs again, the value that it had there before.
 *
 * @category getters
 * @since 0.1.0
 */
export const get = <A>(shared: Shared<A>): Effect.Effect<A> =>
  Effect.flatMap(Effect.all([SharedLog.Root, SharedLog.CurrentUser]), ([log, user]) => {
    if (log === undefined) return outside(shared.name)
    return user?.isProgram === true
      ? Effect.flatMap(use(shared, () => Effect.undefined), ({ before }) => read(shared, before))
      : Effect.suspend(() => read(shared, log.value(shared.name)))
  })

/**
 * Changes the value, and gives what the function gives beside it. The function is pure: where the change was made before,
 * it is asked again about the value of that time.
 *
 * @category combinators
 * @since 0.1.0
 */
export const modify = <A, B>(shared: Shared<A>, f: (value: A) => readonly [result: B, value: A]): Effect.Effect<B> =>
  Effect.flatMap(
    use(shared, (before) => Effect.suspend(() => written(shared, f(before)[1]))),
    ({ before }) => Effect.map(read(shared, before), (value) => f(value)[0])
  )

/**
 * Changes the value by a pure function, and gives the new one.
 *
 * @category combinators
 * @since 0.1.0
 */
export const update = <A>(shared: Shared<A>, f: (value: A) => A): Effect.Effect<A> =>
  Effect.flatMap(
    use(shared, (before) => Effect.suspend(() => written(shared, f(before)))),
    ({ after }) => read(shared, after)
  )

/**
 * The value at the end of a run's records, which are those of the outermost run; or why it cannot be read.
 *
 * @category getters
 * @since 0.1.0
 */
export const of = <A>(
  { fromJson, initial, name }: Shared<A>,
  records: ReadonlyArray<AgentRecord>
): Result.Result<A, string> => {
  const last = records.findLast((record) =>
    record._tag === "SharedUpdated" && record.name === name && record.value !== undefined
  )
  return last?._tag === "SharedUpdated" ? fromJson(last.value) : Result.succeed(initial)
}
