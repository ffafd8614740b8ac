/**
 * An emulator as long as a program runs that is pointed at it: `exec -- pytest -q`. It ends with the program's code, or
 * as a shell says that a signal ended it.
 */
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import type * as Scope from "effect/Scope"
import { spawn } from "node:child_process"
import { readFileSync, writeFileSync } from "node:fs"
import { constants } from "node:os"
import { join } from "node:path"
import { NodeCommandFailure } from "../../NodeCommandFailure.ts"
import { cassetteVariables } from "./cassetteFlags.ts"
import { type CommandFlags, tokenVariable } from "./flags.ts"
import { plain } from "./plain.ts"
import * as Report from "./report.ts"
import * as Running from "./running.ts"

/** Where systems keep the certificates that they trust: Debian and Alpine, Fedora, macOS and BSD. */
const stores = ["/etc/ssl/certs/ca-certificates.crt", "/etc/pki/tls/certs/ca-bundle.crt", "/etc/ssl/cert.pem"]

const read = (file: string): string | undefined => {
  try {
    return readFileSync(file, "utf8")
  } catch {
    return undefined
  }
}

/** Variables that name what a program trusts: OpenSSL's and Go's, curl's, that of Python's requests. */
const trusting = ["SSL_CERT_FILE", "CURL_CA_BUNDLE", "REQUESTS_CA_BUNDLE"]

/**
 * A file for them, which replaces what a program trusts: what it trusted before, and the emulator, so that it reaches
 * other servers as it did.
 */
const trusted = (certificateFile: string): Effect.Effect<string, NodeCommandFailure, Scope.Scope> =>
  Effect.map(Running.folder, (folder) => {
    const file = join(folder, "trusted.pem")
    const named = [...trusting, "NODE_EXTRA_CA_CERTS"].flatMap((name) => process.env[name] ?? [])
    const system = stores.find((store) => read(store) !== undefined)
    const files = new Set([...(system === undefined || process.env["SSL_CERT_FILE"] ? [] : [system]), ...named])
    const texts = [...files, certificateFile].flatMap((name) => read(name) ?? [])
    writeFileSync(file, texts.map((text) => text.replace(/\n*$/, "\n")).join(""))
    return file
  })

/** Variables that would lead a client past the emulator, to Google and its bill, and a key that is the emulator's. */
const misleading = [
  "GOOGLE_API_KEY",
  "GOOGLE_GENAI_USE_VERTEXAI",
  "GOOGLE_GENAI_USE_ENTERPRISE",
  "GEMINI_UPSTREAM_KEY"
]

const environment = (given: CommandFlags, running: Running.Running, trustedFile: string): NodeJS.ProcessEnv => {
  const { cassette, certificateFile, emulator } = running
  const { env } = process
  // What is asked of the real server is asked with the program's own key, unless the emulator holds one.
  const isRecorded = given.mode !== "replay" && Option.isSome(given.upstream)
  const isOwn = cassette === undefined ? isRecorded : cassette.asks && !cassette.holdsKey
  const key = (isOwn ? env["GEMINI_API_KEY"] || env["GOOGLE_API_KEY"] : undefined) || running.key
  // A program that is a command of ours would open the same cassette itself. One whose tests have cassettes of their own
  // reads how they are used.
  const away = cassette === undefined ? misleading : [...misleading, ...cassetteVariables]
  const kept = Object.fromEntries(Object.entries(env).filter(([name]) => !away.includes(name)))
  const here = "localhost,127.0.0.1,::1"
  const around = (name: string) => ({ [name]: env[name] ? `${env[name]},${here}` : here })
  return {
    ...kept,
    GEMINI_BASE_URL: emulator.url,
    GEMINI_EMULATOR_URL: emulator.url,
    GOOGLE_GEMINI_BASE_URL: emulator.url,
    GEMINI_API_KEY: key,
    GOOGLE_VERTEX_BASE_URL: emulator.url,
    // What Google's libraries ask for a token where no file and no variable gives one.
    ...(isOwn ? {} : { GCE_METADATA_HOST: new URL(emulator.url).host }),
    // The AI SDK reads its own, and with a real one it would go to Google.
    GOOGLE_GENERATIVE_AI_API_KEY: (isOwn ? env["GOOGLE_GENERATIVE_AI_API_KEY"] : undefined) || key,
    ...Object.fromEntries(trusting.map((name) => [name, trustedFile])),
    // It adds to what Node trusts.
    NODE_EXTRA_CA_CERTS: env["NODE_EXTRA_CA_CERTS"] ? trustedFile : certificateFile,
    ...(Option.isNone(given.token) ? {} : { [tokenVariable]: Redacted.value(given.token.value) }),
    ...around("NO_PROXY"),
    ...around("no_proxy")
  }
}

const notStarted = (command: string, error: Error & { readonly code?: string }): NodeCommandFailure =>
  error.code === "ENOENT"
    ? new NodeCommandFailure({ exitCode: 127, text: `exec: ${command}: command not found` })
    : new NodeCommandFailure({ exitCode: 126, text: `exec: ${command}: ${error.message}` })

/**
 * Its exit code. A terminal sends Ctrl-C to the program as well as to this process, and anybody else only to this one;
 * either way its end is awaited.
 */
const run = (
  command: string,
  args: ReadonlyArray<string>,
  env: NodeJS.ProcessEnv,
  isOver: Effect.Effect<void>
): Effect.Effect<number, NodeCommandFailure> =>
  Effect.callback<number, NodeCommandFailure>((resume) => {
    const child = spawn(command, args, { env, stdio: "inherit" })
    const forward = (signal: NodeJS.Signals) => {
      if (signal !== "SIGINT" || !process.stdin.isTTY) child.kill(signal)
    }
    const signals = ["SIGINT", "SIGTERM", "SIGHUP"] as const
    for (const signal of signals) process.on(signal, forward)
    const stop = Effect.runFork(Effect.tap(isOver, () => Effect.sync(() => child.kill("SIGTERM"))))
    const end = (effect: Effect.Effect<number, NodeCommandFailure>) => {
      for (const signal of signals) process.off(signal, forward)
      stop.interruptUnsafe()
      resume(effect)
    }
    child.once("error", (error) => end(Effect.fail(notStarted(command, error))))
    child.once("exit", (code, signal) =>
      end(Effect.succeed(code ?? 128 + (signal === null ? 0 : constants.signals[signal]))))
  })

/** What is said of cassettes is loaded where there is one. */
const tapes = Effect.promise(() => import("./tapes.ts"))

export const exec = (
  given: CommandFlags,
  [command = "", ...args]: ReadonlyArray<string>
): Effect.Effect<void, NodeCommandFailure> =>
  // Whoever interrupts it is heard when the program has ended, and hears what it did until then.
  Effect.uninterruptible(Effect.scoped(Effect.gen(function*() {
    const ended = Report.ended()
    const running = yield* Running.start(given, 0, {
      command: [command, ...args],
      // A test ends its space, and with it the log.
      observer: { opened: () => undefined, ending: ({ name, state }) => ended.add(name, state.log.entries()) }
    })
    const { emulator } = running
    const trustedFile = yield* trusted(running.certificateFile)
    const code = yield* run(command, args, environment(given, running, trustedFile), running.parentGone)
    const { spaces } = yield* emulator.spaces
    const accounts = yield* Effect.forEach(spaces, ({ name }) =>
      Effect.flatMap(Effect.orDie(emulator.space(name)), (space) =>
        Effect.all({
          space: Effect.succeed(name),
          entries: space.requests,
          rules: space.rules,
          waiting: space.waiting
        })))
    yield* Console.error(plain(`effect-gemini-emulator: ${Report.report(accounts, ended).text}`))
    const { cassette } = running
    if (cassette !== undefined) {
      yield* Console.error(plain(`effect-gemini-emulator: ${yield* (yield* tapes).ending(cassette)}`))
    }
    if (code !== 0) {
      return yield* new NodeCommandFailure({ exitCode: code, text: "" })
    }
  })))
