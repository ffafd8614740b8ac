/** A command line without a command is a question, unless it looks like a command that is mistyped. */
import { assert, describe, it } from "@effect/vitest"
import { command } from "effect-gemini-cli/GeminiFx"
import { commandOf, commands, isQuestion, meant } from "../src/internal/argumentsMeant.ts"

const cases: ReadonlyArray<readonly [line: ReadonlyArray<string>, means: ReadonlyArray<string>]> = [
  [["What is a neap tide?"], ["ask", "What is a neap tide?"]],
  [["What", "is", "it?"], ["ask", "What", "is", "it?"]],
  [["hello"], ["ask", "hello"]],
  [["what", "is", "it"], ["ask", "what", "is", "it"]],
  [["what"], ["ask", "what"]],
  [["life", "expectancy", "in", "Japan"], ["ask", "life", "expectancy", "in", "Japan"]],
  [["rnu", "story.toml", "--json", "-q"], ["rnu", "story.toml", "--json", "-q"]],
  [["-m", "gemini-pro-latest", "hi"], ["ask", "-m", "gemini-pro-latest", "hi"]],
  [["-a", "photo.jpg", "What is it?"], ["ask", "-a", "photo.jpg", "What is it?"]],
  [["--log-level", "debug", "hi there"], ["--log-level", "debug", "ask", "hi there"]],
  [["--log-level=debug", "hi there"], ["--log-level=debug", "ask", "hi there"]],
  [["--", "-5 degrees?"], ["ask", "--", "-5 degrees?"]],
  [["ask", "run"], ["ask", "run"]],
  [["run", "story.toml"], ["run", "story.toml"]],
  [["run a marathon, how?"], ["ask", "run a marathon, how?"]],
  [["rnu", "story.toml"], ["rnu", "story.toml"]],
  [["model"], ["model"]],
  [["story.toml"], ["story.toml"]],
  [["--help"], ["--help"]],
  [["-v"], ["-v"]],
  [["--version"], ["--version"]],
  [["--completions", "bash"], ["--completions", "bash"]],
  [["run", "-v"], ["run", "-v"]],
  [["run", "story.toml", "-v", "hero=Ada"], ["run", "story.toml", "--var", "hero=Ada"]],
  [["run", "story.toml", "-v", "hero="], ["run", "story.toml", "--var", "hero="]],
  [["run", "story.toml", "-vhero=Ada Lovelace"], ["run", "story.toml", "--var", "hero=Ada Lovelace"]],
  [["run", "story.toml", "-v=hero=Ada"], ["run", "story.toml", "--var", "hero=Ada"]],
  [["run", "story.toml", "-v", "hero"], ["run", "story.toml", "--var", "hero"]],
  [["run", "-v", "--json", "story.toml"], ["run", "-v", "--json", "story.toml"]],
  [["models", "-v", "x"], ["models", "-v", "x"]],
  [["ask", "--", "-v", "a=b"], ["ask", "--", "-v", "a=b"]]
]

describe("a command line", () => {
  it("knows the commands that there are", () => {
    assert.sameMembers(command.subcommands.flatMap(({ commands }) => commands.map(({ name }) => name)), [...commands])
  })

  it("of a question loads nothing else", () => {
    assert.isTrue(isQuestion(["ask", "hi"]))
    assert.isTrue(isQuestion(["--log-level", "debug", "embed", "a"]))
    assert.isFalse(isQuestion(["run", "ask"]))
    assert.isFalse(isQuestion(["ask", "--completions", "bash"]))
    assert.isFalse(isQuestion([]))
  })

  it.each(cases)("%j", (line, means) => {
    assert.deepStrictEqual(meant(line, false), means)
  })

  it("of nothing asks what comes over stdin, and at a terminal shows help", () => {
    assert.deepStrictEqual(meant([], true), ["ask"])
    assert.deepStrictEqual(meant([], false), [])
  })

  it("names its command behind the flags of all commands", () => {
    assert.strictEqual(commandOf(["--log-level", "debug", "config", "show"]), "config")
    assert.strictEqual(commandOf(["ask", "config"]), "ask")
    assert.strictEqual(commandOf([]), undefined)
  })
})
