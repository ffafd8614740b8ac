/** What decides whether `.ci/run` is red on planted bugs; `pnpm prove 32.3` plants them and runs the step itself. */
import { assert, describe, it } from "@effect/vitest"
import { execFileSync } from "node:child_process"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { changedLines, filesOf, hasCommit } from "../../../../scripts/mutation/changed.ts"
import { equivalents } from "../../../../scripts/mutation/equivalent.ts"
import { chosen, excluded, type Mutant, mutantsOf } from "../../../../scripts/mutation/mutants.ts"
import { recorded } from "../../../../scripts/mutation/recorded.ts"
import { rooms } from "../../../../scripts/mutation/rooms.ts"
import { chanceOf, isLower, scoreOf } from "../../../../scripts/mutation/score.ts"
import { unfitTests } from "../../../../scripts/mutation/stryker.ts"

const root = join(import.meta.dirname, "../../../..")

describe("the step of .ci/run", () => {
  it("stands before the tests and ends within 150 s", () => {
    const run = readFileSync(join(root, ".ci/run"), "utf8")
    const [, seconds] = /^step "planted bugs" pnpm mutate --changed --seconds (\d+)$/m.exec(run) ?? []
    assert.isAtMost(Number(seconds), 150)
    assert.isBelow(run.indexOf("step \"planted bugs\""), run.indexOf("\nstep test "))
  })

  it("is red where changed lines are seen less than their room, one by one and by a sample", () => {
    const room = { killed: 85, survived: 15 }
    // All mutants of the changed lines: what they are is what is asked.
    assert.isTrue(isLower({ killed: 0, survived: 1 }, room, 85, false))
    assert.isTrue(isLower({ killed: 3, survived: 1 }, room, 85, false))
    assert.isFalse(isLower({ killed: 17, survived: 3 }, room, 85, false))
    assert.isFalse(isLower({ killed: 0, survived: 0 }, room, 85, false))
    // A room whose sample was seen whole is not asked for more than is wanted of it, one below that for what it had.
    assert.isFalse(isLower({ killed: 9, survived: 1 }, { killed: 39, survived: 0 }, 85, false))
    assert.isFalse(isLower({ killed: 6, survived: 4 }, { killed: 60, survived: 40 }, 85, false))
    assert.isTrue(isLower({ killed: 5, survived: 5 }, { killed: 60, survived: 40 }, 85, false))
    // A sample: as few as nine of twenty are no chance, fourteen may be.
    assert.isTrue(isLower({ killed: 9, survived: 11 }, room, 85, true))
    assert.isFalse(isLower({ killed: 14, survived: 6 }, room, 85, true))
    assert.isFalse(isLower({ killed: 20, survived: 0 }, room, 85, true))
  })

  it("takes what chance explains from all that can be seen", () => {
    for (const before of [{ killed: 60, survived: 0 }, { killed: 30, survived: 30 }, { killed: 0, survived: 5 }]) {
      assert.closeTo(chanceOf({ killed: 25, survived: 0 }, before), 1, 1e-9)
      for (let killed = 1; killed <= 25; killed++) {
        const fewer = chanceOf({ killed: killed - 1, survived: 26 - killed }, before)
        assert.isBelow(fewer, chanceOf({ killed, survived: 25 - killed }, before))
      }
    }
    // Of a room of which nothing is known every number is as likely.
    assert.closeTo(chanceOf({ killed: 4, survived: 5 }, { killed: 0, survived: 0 }), 0.5, 1e-9)
  })

  it("knows the lines that changed, added files too, and a commit that is not there", () => {
    const path = mkdtempSync(join(tmpdir(), "changed-lines-"))
    const git = (...args: ReadonlyArray<string>) =>
      execFileSync("git", ["-c", "user.name=test", "-c", "user.email=test@localhost", ...args], {
        cwd: path,
        encoding: "utf8"
      }).trim()
    const file = "packages/some/src/Some.ts"
    try {
      git("init", "-q")
      mkdirSync(join(path, "packages/some/src"), { recursive: true })
      writeFileSync(join(path, file), "one\ntwo\nthree\nfour\n")
      git("add", "-A")
      git("commit", "-q", "-m", "Before")
      const before = git("rev-parse", "HEAD")
      assert.deepStrictEqual([...changedLines(path, before)], [])
      writeFileSync(join(path, file), "one\n2\nthree\n4\n5\n")
      assert.deepStrictEqual([...changedLines(path, before)], [[file, new Set([2, 4, 5])]])
      git("commit", "-q", "-a", "-m", "After")
      writeFileSync(join(path, "packages/some/src/Other.ts"), "new\n")
      assert.deepStrictEqual(changedLines(path, before).get(file), new Set([2, 4, 5]))
      assert.deepStrictEqual(changedLines(path, before).get("packages/some/src/Other.ts"), new Set([1]))
      assert.isTrue(hasCommit(path, before))
      assert.isFalse(hasCommit(path, "0123456789abcdef0123456789abcdef01234567"))
    } finally {
      rmSync(path, { recursive: true, force: true })
    }
  })

  it("leaves a test file out that cannot run with mutants in the code, and no other", () => {
    const words = "[91m13:37:09 (1) ERROR DryRunExecutor[39m One or more tests resulted in an error:\n" +
      "\tAn error occurred outside of a test run: /tmp/m/packages/a/test/Command.test.ts: Build failed with 1 error:\n\n" +
      "Error: Import `every` will always be undefined\n    at onLog (/tmp/m/scripts/commandBundle.ts:34:13)\n" +
      "/tmp/m/packages/a/test/Readme.test.ts: it does not load\n"
    assert.deepStrictEqual(unfitTests("/tmp/m", words), [
      "packages/a/test/Command.test.ts",
      "packages/a/test/Readme.test.ts"
    ])
    assert.deepStrictEqual(
      unfitTests("/tmp/m", "One or more tests failed in the initial test run:\n\tit adds\n\t\tno"),
      []
    )
  })

  it("counts a mutant as seen by which a test fails, hangs, or no longer loads, and says of the others what they are", () => {
    const one = (status: string, replacement: string) => ({
      mutatorName: "ConditionalExpression",
      replacement,
      status,
      location: { start: { line: 1, column: 5 } }
    })
    const mutants = [
      one("Killed", "a"),
      one("Timeout", "b"),
      one("RuntimeError", "c"),
      one("Survived", "d"),
      one("NoCoverage", "e"),
      one("Survived", "f"),
      one("Ignored", "g"),
      one("CompileError", "h")
    ]
    const equivalent = { file: "A.ts", mutator: "ConditionalExpression", line: "if (a)", replacement: "f", why: "" }
    assert.deepStrictEqual(scoreOf({ files: { "A.ts": { source: "if (a)\n", mutants } } }, [equivalent]), {
      killed: 3,
      timedOut: 1,
      survived: 2,
      equivalent: 1,
      unjudged: 1,
      percent: 60,
      survivors: ["condition: A.ts:1:5  if (a)  >  d", "unreached: A.ts:1:5  if (a)  >  e"]
    })
  })

  it("lists no mutant that it would not judge", () => {
    const found = mutantsOf(root, ["packages/emulator/src/internal/command/plain.ts"])
    const mutators = new Set(found.map(({ mutator }) => mutator))
    assert.deepStrictEqual(excluded.filter((name) => mutators.has(name)), [])
    assert.isTrue(mutators.has("ConditionalExpression"))
  })

  it("chooses the same mutants for one seed, others for another, and never more than it was told", () => {
    const mutants: ReadonlyArray<Mutant> = Array.from({ length: 60 }, (_, place) => ({
      file: "Some.ts",
      from: [place + 1, 1] as const,
      to: [place + 1, 9] as const,
      mutator: "ConditionalExpression",
      replacement: "false"
    }))
    const first = chosen(mutants, 20, 7)
    assert.strictEqual(first.length, 20)
    assert.deepStrictEqual(chosen(mutants, 20, 7), first)
    assert.notDeepEqual(chosen(mutants, 20, 8), first)
  })
})

describe("the rooms", () => {
  it("name places that are there, no line of code twice", () => {
    const owners = new Map<string, string>()
    for (const { code, name, tests } of rooms) {
      for (const place of [...code, ...tests]) {
        assert.isTrue(existsSync(join(root, place.replace(/^:!/, ""))), `${name}: ${place}`)
      }
      for (const file of filesOf(root, code).filter((each) => each.endsWith(".ts"))) {
        assert.isUndefined(owners.get(file), `${file} is in ${owners.get(file)} and in ${name}`)
        owners.set(file, name)
      }
    }
    assert.isAbove(owners.size, 500)
  })

  it("have the scores that were recorded, and no others", () => {
    const names = rooms.map(({ name }) => name)
    assert.deepStrictEqual(Object.keys(recorded().rooms).filter((name) => !names.includes(name)), [])
  })
})

it("every mutant that is said to change nothing still stands in its file", () => {
  for (const { file, line, why } of equivalents) {
    assert.isTrue(
      readFileSync(join(root, file), "utf8").split("\n").some((each) => each.trim() === line),
      `${file}: ${line}`
    )
    assert.isAbove(why.length, 20)
  }
})
