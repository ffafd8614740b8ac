/** The flags for cassettes. What concerns no program that is run can stand in the environment, too. */
import * as Flag from "effect/cli/Flag"
import * as Config from "effect/Config"
import * as Option from "effect/Option"

/** The variables that mean this emulator, and would make a program that it runs open the same cassette again. */
export const cassetteVariables = [
  "GEMINI_CASSETTE",
  "GEMINI_CASSETTE_MODE",
  "GEMINI_CASSETTE_MATCH",
  "GEMINI_CASSETTE_UPSTREAM",
  "GEMINI_CASSETTE_ALLOW_RECORD"
]

const modes = ["replay", "new", "record", "once", "pass"] as const
const matches = ["strict", "loose", "order"] as const

const timing = (text: string): Option.Option<"none" | "recorded" | number> => {
  if (text === "none" || text === "recorded") return Option.some(text)
  const speed = /^\d+(?:\.\d+)?$/.test(text) ? Number(text) : 0
  return speed > 0 ? Option.some(speed) : Option.none()
}

const pattern = (text: string): Option.Option<RegExp> => {
  try {
    return Option.some(new RegExp(text, "gu"))
  } catch {
    return Option.none()
  }
}

export const cassetteFlags = {
  cassette: Flag.String("cassette").pipe(
    Flag.withDescription(
      "a file of recorded exchanges that are played, or are recorded now; also GEMINI_CASSETTE; default: none"
    ),
    Flag.withFallbackConfig(Config.String("GEMINI_CASSETTE")),
    Flag.optional
  ),
  mode: Flag.Literals("mode", modes).pipe(
    Flag.withDescription(
      "replay plays alone, new records what is missing, record all, once if there is no file yet; default: GEMINI_CASSETTE_MODE, else replay"
    ),
    Flag.withFallbackConfig(Config.Literals(modes, "GEMINI_CASSETTE_MODE")),
    Flag.withDefault("replay")
  ),
  match: Flag.Literals("match", matches).pipe(
    Flag.withDescription(
      "which recording a request gets: by its body, without ids and times, or the next of its path; default: GEMINI_CASSETTE_MATCH, else strict"
    ),
    Flag.withFallbackConfig(Config.Literals(matches, "GEMINI_CASSETTE_MATCH")),
    Flag.withDefault("strict")
  ),
  ignore: Flag.String("ignore").pipe(
    Flag.withDescription(
      "a FIELD that --match loose does not look at, as generationConfig.seed; several times for several; default: none"
    ),
    Flag.atLeast(0)
  ),
  timing: Flag.String("timing").pipe(
    Flag.withDescription("how slowly it is played: none, recorded, or so many times as fast as it was; default: none"),
    Flag.filterMap(timing, () => "none, recorded or a number above 0"),
    Flag.withDefault("none" as const)
  ),
  upstream: Flag.String("upstream").pipe(
    Flag.withDescription(
      "the server that a cassette records, such as https://generativelanguage.googleapis.com; default: GEMINI_CASSETTE_UPSTREAM"
    ),
    Flag.withFallbackConfig(Config.String("GEMINI_CASSETTE_UPSTREAM")),
    Flag.optional
  ),
  upstreamKey: Flag.Redacted("upstream-key").pipe(
    Flag.withDescription(
      "the key for it, for clients without one; better in GEMINI_UPSTREAM_KEY, which ps does not show; default: none"
    ),
    Flag.withFallbackConfig(Config.Redacted("GEMINI_UPSTREAM_KEY")),
    Flag.optional
  ),
  allowRecord: Flag.Boolean("allow-record").pipe(
    Flag.withDescription("record although the variable CI is set; default: GEMINI_CASSETTE_ALLOW_RECORD, else off"),
    Flag.withFallbackConfig(Config.Boolean("GEMINI_CASSETTE_ALLOW_RECORD")),
    Flag.withDefault(false)
  ),
  cassetteLimit: Flag.Int("cassette-limit").pipe(
    Flag.withDescription(
      "the largest size of the cassette in bytes; what comes later is answered and not recorded; default: 256 MiB"
    ),
    Flag.filter((bytes) => bytes > 0, (bytes) => `bytes, more than 0, got ${bytes}`),
    Flag.optional
  ),
  cassetteFolder: Flag.String("cassette-folder").pipe(
    Flag.withDescription("the folder below which the admin API may open cassettes; default: the current one"),
    Flag.optional
  ),
  redact: Flag.String("redact").pipe(
    Flag.withDescription(
      "a regular expression of what is secret, beside the rules; several times for several; default: none"
    ),
    Flag.filterMap(pattern, (text) => `a regular expression, got ${JSON.stringify(text)}`),
    Flag.atLeast(0)
  ),
  redactField: Flag.String("redact-field").pipe(
    Flag.withDescription("a field that goes whole, as contents.parts.text; several times for several; default: none"),
    Flag.atLeast(0)
  )
}
