import { assert, describe, it } from "@effect/vitest"
import { execFile } from "node:child_process"
import { join } from "node:path"
import { promisify } from "node:util"

describe("an editor with taplo's language server", () => {
  it("offers the keys of tables and the values of keys, and marks what the schema does not know", async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [join(import.meta.dirname, "tomlEditor.ts")])
    const shown: Readonly<Record<string, ReadonlyArray<string>>> = JSON.parse(stdout)
    const has = (place: string, ...keys: ReadonlyArray<string>) =>
      assert.includeMembers([...shown[place] ?? []], [...keys], place)
    has("ofAct", "prompt", "when", "for_each", "repeat", "approve", "safety.harassment")
    assert.isFalse(shown["ofAct"]?.includes("name"))
    has("onFailure", "\"stop\"", "\"skip\"")
    has("ofFile", "title", "model", "variables", "partials")
    has("ofGeneration", "temperature", "thinking_level")
    has("marked", "\"max\" is a required property")
  }, 60_000)
})
