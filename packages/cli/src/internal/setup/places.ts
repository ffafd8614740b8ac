/**
 * The folders of the command: what a person set up lies in one, what the command itself remembers in another.
 */
import * as Config from "effect/Config"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import { homedir } from "node:os"
import { isAbsolute, join } from "node:path"

const text = (name: string): Config.Config<string | undefined> =>
  Config.map(Config.option(Config.String(name)), (value) => Option.getOrUndefined(value) || undefined)

/** By the XDG rules a base folder that is not absolute counts as missing. */
const base = (given: string | undefined, usual: string): string =>
  given !== undefined && isAbsolute(given) ? given : usual

/** The folder of `config.toml` and `keys.json`. */
export const configFolder: Effect.Effect<string, Config.ConfigError> = Effect.map(
  Effect.all([text("GEMINI_FX_CONFIG"), text("XDG_CONFIG_HOME")]),
  ([own, xdg]) => own ?? join(base(xdg, join(homedir(), ".config")), "gemini-fx")
)

/** The folder of what is remembered between commands: quotas and chats. */
export const stateFolder: Effect.Effect<string, Config.ConfigError> = Effect.map(
  Effect.all([text("GEMINI_FX_STATE"), text("XDG_STATE_HOME")]),
  ([own, xdg]) => own ?? join(base(xdg, join(homedir(), ".local", "state")), "gemini-fx")
)

/** The path as a person writes it: the home folder is `~`. */
export const shortened = (path: string): string => {
  const home = homedir()
  return path.startsWith(`${home}/`) ? `~${path.slice(home.length)}` : path
}
