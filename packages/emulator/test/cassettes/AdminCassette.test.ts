/** The admin API opens cassettes below a folder alone, and neither reads nor writes anything else. */
import { assert, describe, it } from "@effect/vitest"
import * as Cassette from "effect-gemini-emulator/cassettes/Cassette"
import * as Standalone from "effect-gemini-emulator/Standalone"
import * as Redacted from "effect/Redacted"
import { existsSync, mkdirSync, mkdtempSync, readFileSync, symlinkSync, writeFileSync } from "node:fs"
import { tmpdir } from "node:os"
import { join } from "node:path"
import { adminCall } from "../adminCall.ts"

describe("cassettes by the admin API", () => {
  it("lie below the folder, whatever leads out of it, and end in .jsonl where they are written", async () => {
    const above = mkdtempSync(join(tmpdir(), "cassette-admin-"))
    const folder = join(above, "tapes")
    mkdirSync(join(folder, "inner"), { recursive: true })
    const head = "{\"cassette\":1,\"by\":\"test\",\"redaction\":[]}\n"
    writeFileSync(join(above, "secret.jsonl"), head)
    writeFileSync(join(above, "diary.txt"), "dear diary\n")
    writeFileSync(join(folder, "inner", "one.jsonl"), head)
    writeFileSync(join(folder, "notes.jsonl"), "dear diary\n")
    symlinkSync(above, join(folder, "out"))
    symlinkSync(join(above, "secret.jsonl"), join(folder, "link.jsonl"))
    await using emulator = await Standalone.start({ cassetteFolder: folder })
    const put = (body: object) => adminCall(emulator.url)("PUT", "/spaces/one/cassette", body)
    const write = { mode: "record", upstream: "http://127.0.0.1:1", allowRecord: true }
    const outside = [
      "../secret.jsonl",
      join(above, "secret.jsonl"),
      "out/secret.jsonl",
      "link.jsonl",
      "inner/../../secret.jsonl",
      "",
      "."
    ]
    for (const file of outside) {
      for (const more of [{}, write]) {
        const { body, status } = await put({ file, ...more })
        assert.strictEqual(status, 400, `${file}: ${JSON.stringify(body)}`)
        assert.match(body.detail, /^file: /)
      }
    }
    const refused = [
      [{ file: "new.txt", ...write }, /the name of a cassette ends in \.jsonl/],
      [{ file: "notes.jsonl", ...write }, /it holds something else than a cassette, which would be lost/],
      [{ file: "notes.jsonl" }, /line 1 is not the head of a cassette/],
      [{ file: "none.jsonl" }, /there is no such cassette/],
      [{ file: "inner/one.jsonl", mode: "new" }, /mode "new" asks a server/],
      [{ file: "inner/one.jsonl", upstreamKey: "k" }, /upstreamKey: there is no such field/],
      [
        { file: "inner/one.jsonl", redaction: { patterns: [{ source: "(" }] } },
        /redaction\.patterns\[0\]: Invalid regular/
      ],
      [{ file: "inner/one.jsonl", redaction: { rules: ["emial"] } }, /Did you mean "email"\?/],
      [{ file: "inner/one.jsonl", mod: "new" }, /mod: there is no such field. Did you mean "mode"\?/]
    ] as const
    for (const [body, words] of refused) {
      const got = await put(body)
      assert.strictEqual(got.status, 400, JSON.stringify(body))
      assert.match(got.body.detail, words)
    }
    assert.strictEqual(readFileSync(join(above, "secret.jsonl"), "utf8"), head)
    assert.isFalse(existsSync(join(folder, "new.txt")))
    const { body, status } = await put({ file: "inner/one.jsonl" })
    assert.deepStrictEqual([status, body.exchanges, body.mode], [200, 0, "replay"])
    assert.strictEqual((await put({ file: "new.jsonl", ...write })).status, 200)
    assert.strictEqual((await adminCall(emulator.url)("DELETE", "/spaces/one/cassette")).status, 204)
    assert.strictEqual((await adminCall(emulator.url)("DELETE", "/spaces/one/cassette")).status, 404)
    assert.strictEqual((await adminCall(emulator.url)("GET", "/spaces/one/cassette")).status, 404)
    assert.isTrue(existsSync(join(folder, "new.jsonl")))
  })

  it("are told without keys and secrets, which stay in the program", async () => {
    await using emulator = await Standalone.start()
    const gemini = await Standalone.connect(emulator.url)
    const said = (options: Cassette.Options) =>
      gemini.setCassette(Cassette.at(options)).then(() => "", (error: unknown) => String(error))
    assert.include(
      await said({ file: "one.jsonl", upstreamKey: Redacted.make("secret-key") }),
      "upstreamKey: a key does not go to an emulator of another process"
    )
    assert.include(
      await said({ file: "one.jsonl", redaction: { values: [Redacted.make("a secret")] } }),
      "redaction.values: secrets do not go to an emulator of another process"
    )
  })
})
