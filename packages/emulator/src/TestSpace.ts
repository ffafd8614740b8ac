/**
 * A space of the emulator for one test, in any runner: `await using` ends it, after a check that nothing went wrong
 * unseen.
 *
 * ```ts
 * import * as TestSpace from "effect-gemini-emulator/TestSpace"
 *
 * {
 *   await using gemini = await TestSpace.open({ rules: [{ when: { text: "Hi" }, reply: "Hello" }] })
 *   const response = await fetch(`${gemini.url}/v1beta/models/gemini-3.8-flash:generateContent?key=any`, {
 *     method: "POST",
 *     body: JSON.stringify({ contents: [{ parts: [{ text: "Hi" }] }] })
 *   })
 *   console.log(response.status) // 200
 * }
 * ```
 *
 * @since 0.2.0
 */
import { randomUUID } from "node:crypto"
import { mkdirSync } from "node:fs"
import { dirname, resolve } from "node:path"
import type * as Cassette from "./cassettes/Cassette.ts"
import type { Connected } from "./Connected.ts"
import { testFile } from "./internal/cassettes/testFile.ts"
import type { Rule } from "./Rule.ts"
import type { Scenario } from "./Scenario.ts"
import type * as Space from "./Space.ts"
import * as Standalone from "./Standalone.ts"
import type * as TearDown from "./TearDown.ts"
import * as Transcript from "./Transcript.ts"

/**
 * Where the emulator is, and what the space begins with.
 *
 * @category options
 * @since 0.2.0
 */
export interface Options extends Omit<Space.Options, "rules" | "scenario" | "cassette"> {
  /**
   * The address of an emulator that runs. Default: the variable `GEMINI_EMULATOR_URL`, else one of this process, which
   * is started once.
   */
  readonly url?: string | undefined
  /** What opens the admin API of a server that asks for it. Default: the variable `GEMINI_EMULATOR_TOKEN`. */
  readonly token?: string | undefined
  readonly rules?: ReadonlyArray<Rule> | undefined
  readonly scenario?: Scenario | undefined
  /**
   * What the check at the end leaves out. Default: `unused` if there are rules from the start, since one test seldom
   * needs all of them, else nothing.
   */
  readonly ignore?: ReadonlyArray<TearDown.Concern> | undefined
  /**
   * What was recorded, played in place of rules: a folder, in which each test has a `.jsonl` file by its name, a file, or
   * options of `Cassette`. What of these is missing is read from `GEMINI_CASSETTE_MODE` (default `replay`),
   * `GEMINI_CASSETTE_MATCH` and `GEMINI_CASSETTE_UPSTREAM`. A request that is not in it fails the test.
   */
  readonly cassette?: string | Cassette.Options | undefined
  /** Makes the name of the space one that a person knows again. */
  readonly name?: string | undefined
}

/**
 * A space with the methods of `Standalone`, which give promises.
 *
 * @category models
 * @since 0.2.0
 */
export type TestSpace = Connected & AsyncDisposable & {
  /** Each request in two lines, for the reader of a failure. */
  readonly transcript: () => Promise<string>
  /** Ends the space. The promise is rejected if something went wrong that no assertion has seen. */
  readonly finish: () => Promise<void>
  /** Ends the space, whatever has happened there. */
  readonly abandon: () => Promise<void>
}

let own: Promise<{ readonly url: string }> | undefined

const addressOf = async (url: string | undefined): Promise<string> => {
  const given = url ?? process.env["GEMINI_EMULATOR_URL"]
  if (given !== undefined && given !== "") return given
  own ??= Standalone.start({ keepsProcess: false })
  return (await own).url
}

const modes = ["replay", "new", "record", "once", "pass"] as const
const matches = ["strict", "loose", "order"] as const

/** The value of a variable, if it is one of these. */
const oneOf = <const A extends string>(variable: string, values: ReadonlyArray<A>): A | undefined => {
  const given = process.env[variable]
  const found = values.find((value) => value === given)
  if (given === undefined || given === "" || found !== undefined) return found
  throw new Error(`${variable}: expected ${values.join(", ")}, got ${JSON.stringify(given)}`)
}

/** The cassette of a test. Its file is told by its whole path, since the emulator may run in another folder. */
const cassetteOf = (given: string | Cassette.Options, name: string): Cassette.Options => {
  const options = typeof given === "string" ? { file: given } : given
  const isFile = /\.jsonl$/i.test(options.file)
  return {
    mode: oneOf("GEMINI_CASSETTE_MODE", modes),
    match: oneOf("GEMINI_CASSETTE_MATCH", matches),
    upstream: process.env["GEMINI_CASSETTE_UPSTREAM"] || undefined,
    again:
      "the same test with GEMINI_CASSETTE_MODE=new and GEMINI_CASSETTE_UPSTREAM=https://generativelanguage.googleapis.com",
    ...options,
    file: resolve(isFile ? options.file : testFile(options.file, name))
  }
}

/** A name that no other test has, and that says which one it is. */
const unique = (name = "test"): string =>
  `${name.replaceAll(/[^\w.-]+/g, "-").replace(/^[^A-Za-z0-9_]+/, "").slice(-60) || "test"}-${randomUUID().slice(0, 8)}`

/**
 * A space for one test. The promise is rejected with a `RuleError` if an option or a rule is wrong.
 *
 * @category constructors
 * @since 0.2.0
 */
export const open = async (options: Options = {}): Promise<TestSpace> => {
  const { cassette, ignore, name, token = process.env["GEMINI_EMULATOR_TOKEN"], url, ...space } = options
  const emulator = await Standalone.connect(await addressOf(url), { token })
  const gemini = await emulator.space(unique(name), space)
  const ignored = ignore ?? (space.rules === undefined && space.scenario === undefined ? [] : ["unused" as const])
  if (cassette !== undefined) {
    const { at } = await import("./cassettes/Cassette.ts")
    const cassetteOptions = cassetteOf(cassette, name ?? "test")
    if (cassetteOptions.mode !== undefined && cassetteOptions.mode !== "replay") {
      mkdirSync(dirname(cassetteOptions.file), { recursive: true })
    }
    await gemini.setCassette(at(cassetteOptions))
  }
  const abandon = async () => void await emulator.endSpace(gemini.spaceName)
  const transcript = async () => Transcript.of(await gemini.requests())
  const finish = async () => {
    try {
      const { ok, text } = await gemini.check(ignored)
      if (!ok) throw new Error(`${text}\n\n${await transcript()}`)
    } finally {
      await abandon()
    }
  }
  return { ...gemini, transcript, finish, abandon, [Symbol.asyncDispose]: finish }
}
