/**
 * The settings that a person can make for good: each by a flag, else by a variable of the environment, else in
 * `config.toml`. Pure.
 */
import * as GeminiConfig from "effect-gemini/GeminiConfig"
import * as ModelId from "effect-gemini/models/ModelId"
import * as Result from "effect/Result"

export interface Setting {
  /** The key in `config.toml`. */
  readonly key: string
  /** The variables that win over the file, the strongest first. An empty one counts as missing. */
  readonly variables: ReadonlyArray<string>
  /** The flag that wins over both, on the commands that have it. */
  readonly flag: string | undefined
  readonly kind: "text" | "boolean"
  readonly usual: string
  readonly says: string
  /** What is wrong with a text in the file. */
  readonly problem?: (value: string) => string | undefined
  /** The value as it may be seen by others. Default: as it is. */
  readonly shown?: (value: string) => string
}

const named = (value: string): string | undefined => {
  const id = ModelId.parse(value)
  return Result.isSuccess(id) ? undefined : id.failure
}

const folder = (value: string): string | undefined =>
  value === "" ? "expected the path of a folder, got \"\"" : undefined

/** All of them, in the order in which `config show` lists them. */
export const settings: ReadonlyArray<Setting> = [
  {
    key: "model",
    variables: ["GEMINI_FX_MODEL"],
    flag: "--model",
    kind: "text",
    usual: GeminiConfig.defaultModel,
    says: "the model that answers where a command, a chat or an act names none",
    problem: named
  },
  {
    key: "tier",
    variables: ["GEMINI_FX_TIER"],
    flag: "--tier",
    kind: "text",
    usual: "free",
    says: "the quota tier to keep"
  },
  {
    key: "emulator",
    variables: ["GEMINI_FX_EMULATOR"],
    flag: "--emulator",
    kind: "boolean",
    usual: "false",
    says: "whether the embedded emulator answers, also where there is a key"
  },
  {
    key: "base_url",
    variables: ["GEMINI_BASE_URL", "GOOGLE_GEMINI_BASE_URL"],
    flag: undefined,
    kind: "text",
    usual: GeminiConfig.defaultBaseUrl,
    says: "the server that answers",
    problem: (value) => GeminiConfig.problem({ baseUrl: value })?.description,
    shown: (value) => GeminiConfig.shownUrl(value) ?? "(not a URL)"
  },
  {
    key: "api_version",
    variables: ["GEMINI_API_VERSION"],
    flag: undefined,
    kind: "text",
    usual: "v1beta",
    says: "the version of the API",
    problem: (value) => GeminiConfig.problem({ apiVersion: value })?.description
  },
  {
    key: "history",
    variables: ["GEMINI_FX_HISTORY"],
    flag: "--no-history",
    kind: "boolean",
    usual: "true",
    says: "whether chats are kept"
  },
  {
    key: "state",
    variables: ["GEMINI_FX_STATE"],
    flag: undefined,
    kind: "text",
    usual: "~/.local/state/gemini-fx",
    says: "the folder of chats and remembered quotas",
    problem: folder
  },
  {
    key: "runs",
    variables: ["GEMINI_FX_RUNS"],
    flag: "-d",
    kind: "text",
    usual: ".runs",
    says: "the folder of runs",
    problem: folder
  },
  {
    key: "batches",
    variables: ["GEMINI_FX_BATCHES"],
    flag: "-d",
    kind: "text",
    usual: ".batches",
    says: "the folder of batches",
    problem: folder
  },
  {
    key: "research",
    variables: ["GEMINI_FX_RESEARCH"],
    flag: "-d",
    kind: "text",
    usual: ".research",
    says: "the folder of researches",
    problem: folder
  }
]

/** The variables that hold a key, the strongest first. */
export const keyVariables: ReadonlyArray<string> = ["GEMINI_API_KEY", "GOOGLE_API_KEY"]
