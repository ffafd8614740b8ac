/**
 * What a person reads who mistook the command line or a file that it names: each case's whole stderr and exit code, kept
 * in messages/command.txt. Read them as that person would before accepting a change.
 */
import * as NodeServices from "@effect/platform-node/NodeServices"
import { assert, describe, it } from "@effect/vitest"
import * as ConfigProvider from "effect/ConfigProvider"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Runtime from "effect/Runtime"
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { createServer } from "node:net"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { afterAll, beforeAll, expect } from "vitest"
import { main } from "../src/internal/command/main.ts"

let folder: string

const files: Readonly<Record<string, string>> = {
  "empty.toml": "",
  "torn.toml": "[[rule]\n",
  "typo.toml": "[[rule]]\nrpley = \"x\"\n",
  "kind.toml": "[[rule]]\nreply = 5\n",
  "matcher.toml": "[[rule]]\nwhen = { texts = \"Hi\" }\nreply = \"x\"\n",
  "twice.toml": "[[rule]]\nreply = \"x\"\nreplies = [\"y\"]\n",
  "template.toml": "[[rule]]\nreply = \"{{ txt }}\"\n",
  "pattern.toml": "[[rule]]\nwhen = { text = { matches = \"(\" } }\nreply = \"x\"\n",
  "rules.yaml": "rule: []\n",
  "diary.txt": "dear diary\n",
  "cassette.jsonl": "{\"cassette\":1,\"by\":\"test\",\"redaction\":[]}\n"
}

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "emulator-command-"))
  for (const [name, text] of Object.entries(files)) writeFileSync(join(folder, name), text)
  mkdirSync(join(folder, "recorded"))
  writeFileSync(join(folder, "recorded", "one.json"), "[]")
})

afterAll(() => rmSync(folder, { recursive: true }))

/** `@` stands for the folder, `PORT` for a port that is taken. */
const cases: Readonly<Record<string, ReadonlyArray<string>>> = {
  "a flag that is one letter off": ["--prot"],
  "a flag that is not there": ["--quickly"],
  "a command that is one letter off": ["exce"],
  "a port that is not a number": ["--port", "http"],
  "a port beyond the last": ["--port", "65536"],
  "a port below the first": ["--port=-1"],
  "a port in use": ["--port", "PORT"],
  "a port without its number": ["--port"],
  "a host that is none of this machine": ["--host", "192.0.2.1", "--port", "0"],
  "a host that is a URL": ["--host", "http://localhost", "--port", "0"],
  "an allowed host with a port": ["--allow-host", "gemini:8790"],
  "an allowed host that is a URL": ["--allow-host", "http://gemini"],
  "an allowed host that is a pattern": ["--allow-host", "*.test"],
  "an allowed host that is empty": ["--allow-host", ""],
  "what foreign pages hear, of no kind": ["--foreign-pages", "maybe"],
  "a certificate in no folder": ["--port", "0", "--certificate", "@/no/where.pem"],
  "a certificate over something else": ["--port", "0", "--certificate", "@/diary.txt"],
  "a ready file over something else": ["--port", "0", "--ready-file", "@/diary.txt"],
  "a ready file that is a folder": ["--port", "0", "--ready-file", "@/recorded"],
  "a ready file in no folder": ["--port", "0", "--ready-file", "@/no/where"],
  "a parent that is not there": ["--port", "0", "--parent", "2147483647"],
  "a parent that is not a process": ["--port", "0", "--parent", "0"],
  "a delay below nothing": ["--chunk-delay=-1"],
  "a delay that is not a number": ["--chunk-delay", "fast"],
  "quotas of no tier": ["--quotas", "gold"],
  "a share of an overload that is none": ["--overload", "gemini-3.8-flash=2"],
  "an overload of a model that is not there": ["--port", "0", "--overload", "gemini-9"],
  "a way to be down that is none": ["--outage", "us-east1=slowly"],
  "a region that cannot be one": ["--outage", "us east"],
  "a standing of a key that is none": ["--keys", "k=stolen"],
  "a recording that is not there": ["--port", "0", "--recorded", "@/nowhere"],
  "a recording that is none": ["--port", "0", "--recorded", "@/recorded"],
  "rules that are not there": ["--port", "0", "--scenario", "@/nowhere.toml"],
  "rules of another kind of file": ["--port", "0", "--scenario", "@/rules.yaml"],
  "rules that are a folder": ["--port", "0", "--scenario", "@/recorded"],
  "rules that are not TOML": ["--port", "0", "--scenario", "@/torn.toml"],
  "a rule with a misspelt field": ["--port", "0", "--scenario", "@/typo.toml"],
  "a rule with a reply of no kind": ["--port", "0", "--scenario", "@/kind.toml"],
  "a rule with a misspelt matcher": ["--port", "0", "--scenario", "@/matcher.toml"],
  "a rule with two kinds of replies": ["--port", "0", "--scenario", "@/twice.toml"],
  "a template of a path that is none": ["--port", "0", "--scenario", "@/template.toml"],
  "a pattern that is none": ["--port", "0", "--scenario", "@/pattern.toml"],
  "a cassette that is not there": ["--port", "0", "--cassette", "@/nowhere.jsonl"],
  "a cassette that is none": ["--port", "0", "--cassette", "@/diary.txt"],
  "a mode that is none": ["--cassette", "@/new.jsonl", "--mode", "replya"],
  "a recording of nobody": ["--port", "0", "--cassette", "@/new.jsonl", "--mode", "record"],
  "a recording over another file":
    "--port 0 --cassette @/diary.txt --mode record --upstream http://127.0.0.1:1 --allow-record".split(" "),
  "an upstream that is no address": [
    "--port",
    "0",
    "--cassette",
    "@/new.jsonl",
    "--mode",
    "new",
    "--upstream",
    "google"
  ],
  "an upstream for no cassette": ["--port", "0", "--upstream", "https://generativelanguage.googleapis.com"],
  "a key of the upstream for everybody":
    "--port 0 --host 0.0.0.0 --cassette @/new.jsonl --mode new --upstream http://127.0.0.1:1 --upstream-key k".split(
      " "
    ),
  "a timing that is none": ["--cassette", "@/new.jsonl", "--timing", "slow"],
  "a limit of nothing": ["--cassette", "@/new.jsonl", "--cassette-limit", "0"],
  "a pattern of secrets that is none": ["--cassette", "@/new.jsonl", "--redact", "("],
  "a list of what is not there": ["cassette", "list", "@/nowhere.jsonl"],
  "a check of what is no cassette": ["cassette", "check", "@/diary.txt"],
  "rules of what is no cassette": ["cassette", "scenario", "@/diary.txt"],
  "rules of a cassette over another file": ["cassette", "scenario", "@/cassette.jsonl", "--output", "@/diary.txt"],
  "a program that is not there": ["exec", "--", "no-such-program"],
  "a program that cannot be run": ["exec", "--", "@/diary.txt"],
  "no program": ["exec"],
  "no program behind the dashes": ["exec", "--"],
  "a program's flag without the dashes": ["exec", "pytest", "-q"]
}

describe("a person who mistook the command line", () => {
  it.live("reads what is wrong and what is expected", () =>
    Effect.gen(function*() {
      const busy = createServer()
      yield* Effect.callback<void>((resume) => {
        busy.listen(0, "127.0.0.1", () => resume(Effect.void))
      })
      const address = busy.address()
      const port = String(typeof address === "object" ? address?.port : 0)
      const report: Array<string> = []
      for (const [title, args] of Object.entries(cases)) {
        let said = ""
        const console: Console.Console = {
          ...globalThis.console,
          log: (...parts) => void (said += `stdout: ${parts.join(" ")}\n`),
          error: (...parts) => void (said += `${parts.join(" ")}\n`)
        }
        const exit = yield* main(args.map((arg) => arg.replace("@", folder).replace("PORT", port)), "0.0.0").pipe(
          Effect.provide(NodeServices.layer),
          Effect.provideService(Console.Console, console),
          Effect.timeoutOrElse({
            duration: "20 seconds",
            orElse: () => Effect.die(new Error(`${title}: it started all the same: ${said}`))
          }),
          Effect.provideService(ConfigProvider.ConfigProvider, ConfigProvider.fromUnknown({})),
          Effect.exit
        )
        let exitCode = 0
        Runtime.defaultTeardown(exit, (code) => (exitCode = code))
        assert.isFalse(
          exit._tag === "Failure" && exit.cause.reasons.some(({ _tag }) => _tag === "Die"),
          `${title}: ${String(exit)}`
        )
        assert.notStrictEqual(exitCode, 0, title)
        assert.notStrictEqual(said, "", title)
        report.push(`# ${title}\n$ effect-gemini-emulator ${args.join(" ")}\n${said}=> ${exitCode}\n`)
      }
      busy.close()
      assert.strictEqual(readFileSync(join(folder, "diary.txt"), "utf8"), "dear diary\n")
      const text = report.join("\n").replaceAll(folder, "@").replaceAll(port, "PORT")
      yield* Effect.promise(() => expect(text).toMatchFileSnapshot("./messages/command.txt"))
    }))
})
