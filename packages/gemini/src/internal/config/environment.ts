/**
 * Options from the environment, through Effect's `Config`. They stand apart from `GeminiConfig`, which also reads TOML.
 */
import * as Config from "effect/Config"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type { ConfigOptions, Options } from "../../GeminiConfig.ts"
import * as WaitLog from "../../limits/WaitLog.ts"
import { problem } from "./optionCheck.ts"

/** A text of the environment. An empty one counts as missing. */
export const optional = (name: string): Config.Config<string | undefined> =>
  Config.String(name).pipe(Config.option, Config.map((value) => Option.getOrUndefined(value) || undefined))

/** The same for what must not be shown. */
export const secret = (name: string): Config.Config<Redacted.Redacted<string> | undefined> =>
  Config.Redacted(name).pipe(
    Config.option,
    Config.map((key) => Option.isSome(key) && Redacted.value(key.value) !== "" ? key.value : undefined)
  )

export const fromEnvironment = /* @__PURE__ */ Effect.fnUntraced(function*() {
  const environment = yield* Config.all({
    gemini: secret("GEMINI_API_KEY"),
    google: secret("GOOGLE_API_KEY"),
    baseUrl: optional("GEMINI_BASE_URL"),
    googleBaseUrl: optional("GOOGLE_GEMINI_BASE_URL"),
    apiVersion: optional("GEMINI_API_VERSION")
  })
  const { gemini, google } = environment
  if (gemini !== undefined && google !== undefined && Redacted.value(gemini) !== Redacted.value(google)) {
    yield* Effect.logWarning("GEMINI_API_KEY and GOOGLE_API_KEY are both set and differ: GEMINI_API_KEY is used")
  }
  return {
    apiKey: gemini ?? google,
    baseUrl: environment.baseUrl ?? environment.googleBaseUrl,
    apiVersion: environment.apiVersion
  } satisfies Options
})

const resolved = <A>(option: A | Config.Config<A>): Effect.Effect<A, Config.ConfigError> =>
  Config.isConfig(option)
    ? Effect.flatMap(ConfigProvider.ConfigProvider, (provider) => option.parse(provider))
    : Effect.succeed(option)

export const load = /* @__PURE__ */ Effect.fnUntraced(
  function*({ logWaits: _logWaits, ...options }: ConfigOptions = {}): Effect.fn.Return<Options, Config.ConfigError> {
    const own: Options = {
      ...options,
      apiKey: yield* resolved(options.apiKey),
      baseUrl: yield* resolved(options.baseUrl),
      apiVersion: yield* resolved(options.apiVersion)
    }
    const environment = own.apiKey === undefined
      ? yield* fromEnvironment()
      : yield* Config.all({
        baseUrl: Config.map(
          Config.all([optional("GEMINI_BASE_URL"), optional("GOOGLE_GEMINI_BASE_URL")]),
          ([gemini, google]) => gemini ?? google
        ),
        apiVersion: optional("GEMINI_API_VERSION")
      })
    const given = Object.fromEntries(Object.entries(own).filter(([, value]) => value !== undefined))
    const loaded: Options = { ...environment, ...given }
    const wrong = problem(loaded)
    if (wrong === undefined) return loaded
    return yield* Effect.fail(
      new Config.ConfigError(new ConfigProvider.SourceError({ message: `${wrong.field}: ${wrong.description}` }))
    )
  }
)

/** A client by its options and the environment, which logs the first wait of its calls unless its options say no. */
export const layer = <A, R>(
  options: ConfigOptions,
  client: (options: Options) => Layer.Layer<A, never, R>
): Layer.Layer<A, Config.ConfigError, R> =>
  Layer.unwrap(
    Effect.map(load(options), (loaded) =>
      options.logWaits === false ? client(loaded) : Layer.provide(client(loaded), WaitLog.layer))
  )
