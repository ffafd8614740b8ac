/** An emulator until Ctrl-C, or until the process ends for which it was started. */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import type * as Emulator from "../../Emulator.ts"
import type { NodeCommandFailure } from "../../NodeCommandFailure.ts"
import * as Scenario from "../../Scenario.ts"
import * as Admission from "../door/admission.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"
import type { CommandFlags } from "./flags.ts"
import { plain } from "./plain.ts"
import * as RequestLines from "./requestLines.ts"
import * as Running from "./running.ts"

/** Cleaned, because a host comes from the command line and a region from its flags. */
const say = (line: string) => Console.log(plain(line))
const warn = (text: string) => Console.error(plain(text))

/** Reads the file again after each change. If the file is wrong, the rules from before the change stay. */
const follow = (emulator: Emulator.Service, file: string) => {
  let isFirst = true
  return Stream.runForEach(Scenario.follow(file), (now) => {
    if (Result.isFailure(now)) {
      return warn(`${now.failure.message}\n${file} has changed and is wrong: the rules before it stay`)
    }
    const { otherwise = "refuse", rule = [] } = now.success
    const rules = `${rule.length} ${rule.length === 1 ? "rule" : "rules"}`
    const what = otherwise === "refuse" ? "refuses" : "generates"
    const text = isFirst
      ? `It answers by ${rules} of ${file}, and ${what} what none of them matches`
      : `${file} has changed: ${rules}`
    isFirst = false
    return emulator.setScenario(now.success).pipe(
      Effect.andThen(say(text)),
      Effect.catchTag("RuleError", (error) => warn(error.message))
    )
  })
}

/** What others can reach, and what guards it. */
const exposure = ({ allowHost, host, keys, token }: CommandFlags): string | undefined => {
  if (Admission.isLoopback(host)) return undefined
  const names = allowHost.length === 0 ? "no name but localhost: see --allow-host" : allowHost.join(", ")
  const own = Option.isSome(token) ? "open to those who bring the token" : "closed: see --token"
  const api = keys.length === 0 ? "takes any key: see --keys" : "takes the keys of --keys"
  return `Other machines can reach it on ${host}. It answers to ${names}; the API ${api}; its own paths are ${own}`
}

/** A person at a terminal watches what is asked; a file would only grow by it. */
const watched = ({ quiet }: CommandFlags): boolean => process.stdout.isTTY && !quiet

const tellRequests = (space: OpenSpace): void =>
  RequestLines.watch(space.state, () => process.stdout.columns || 80, (text) => process.stdout.write(`${text}\n`))

/** What is said of cassettes is loaded where there is one. */
const tapes = Effect.promise(() => import("./tapes.ts"))

export const serve = (given: CommandFlags): Effect.Effect<void, NodeCommandFailure> =>
  Effect.scoped(Effect.gen(function*() {
    const { cassette, certificateFile, emulator, key, parentGone, taken } = yield* Running.start(
      given,
      8790,
      watched(given) ? { observer: { opened: tellRequests, ending: () => undefined } } : {}
    )
    const { regionUrl, url } = emulator
    yield* say(`Gemini API on ${url}; ${taken}. Point a client there with`)
    // The server that is recorded wants the client's own key.
    const keyed = cassette?.asks === true && !cassette.holdsKey ? "" : ` GEMINI_API_KEY=${key}`
    yield* say(`  export GEMINI_BASE_URL=${url} GOOGLE_GEMINI_BASE_URL=${url}${keyed}`)
    yield* say(`The same port takes https: and wss:, by the certificate ${certificateFile}`)
    if (cassette !== undefined) yield* say(yield* (yield* tapes).opening(cassette))
    const exposed = exposure(given)
    if (exposed !== undefined) yield* say(exposed)
    for (const { when } of given.outage) yield* say(`${when?.region} is down: ${regionUrl(when?.region ?? "")}`)
    yield* Option.isSome(given.scenario)
      ? Effect.raceFirst(follow(emulator, given.scenario.value), parentGone)
      : parentGone
  }))
