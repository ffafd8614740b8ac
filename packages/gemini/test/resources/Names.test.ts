/**
 * The names of what the server keeps, in the forms of the REST reference.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Names from "../../src/internal/resources/names.ts"

const api = "https://generativelanguage.googleapis.com"

describe("a resource's name", () => {
  it.each<readonly [text: string, name: string | undefined]>([
    ["files/abc-123", "files/abc-123"],
    ["/files/abc", "files/abc"],
    ["files/abc:download?alt=media", "files/abc"],
    [`${api}/v1beta/files/abc`, "files/abc"],
    [`${api}/v1/files/batch-7:download?alt=media`, "files/batch-7"],
    [`${api}/download/v1beta/files/abc:download?alt=media`, "files/abc"],
    ["https://gateway.example/gemini/v1alpha/files/abc", "files/abc"],
    ["cachedContents/x", "cachedContents/x"],
    ["projects/p/locations/us/cachedContents/x", "cachedContents/x"],
    ["batches/b:cancel", "batches/b"],
    ["models/veo/operations/o1", "models/veo/operations/o1"],
    ["fileSearchStores/s/documents/d", "fileSearchStores/s"],
    ["fileSearchStores/s/upload/operations/o", "fileSearchStores/s"],
    ["fileSearchStores/s:importFile", "fileSearchStores/s"],
    [`${api}/v1beta/fileSearchStores/s/media/m?alt=media`, "fileSearchStores/s"],
    ["tunedModels/t/operations/o", "tunedModels/t"],
    ["generatedFiles/f/operations/o", "generatedFiles/f"],
    ["interactions/v1_abc/cancel", "interactions/v1_abc"],
    ["interactions/a%3Db", "interactions/a=b"],
    ["interactions/a=b?stream=true", "interactions/a=b"],
    ["environments/e/files/src/a.txt?alt=media", "environments/e"],
    ["voices/voice_1", "voices/voice_1"],
    // Collections, models, and addresses that lie elsewhere.
    ["files", undefined],
    ["files?pageSize=1", undefined],
    ["models/gemini-3.8-flash:generateContent", undefined],
    ["models/gemini-3.8-flash:batchGenerateContent", undefined],
    ["https://www.youtube.com/watch?v=files/abc", undefined],
    ["https://storage.googleapis.com/files/abc", undefined],
    ["gs://bucket/files/abc", undefined],
    ["https://example.com/v1beta?x=/files/abc", undefined],
    ["", undefined],
    [`files/${"a".repeat(600)}`, undefined],
    [`https://host/${"/".repeat(20_000)}v1/files/a`, undefined]
  ])("of %s is %s", (text, name) => {
    assert.strictEqual(Names.nameOf(text), name)
  })

  it("is read in time that grows with the text alone", () => {
    const from = Date.now()
    for (const text of ["https://host" + "/v1".repeat(5_000), "https://host/" + "v1a".repeat(5_000)]) Names.nameOf(text)
    assert.isBelow(Date.now() - from, 200)
  })
})

describe("the names in an answer", () => {
  it.each<readonly [path: string, answer: unknown, names: ReadonlyArray<string>]>([
    ["cachedContents", { name: "cachedContents/c", model: "models/m" }, ["cachedContents/c"]],
    ["files", { files: [{ name: "files/a" }, { name: "files/b", uri: `${api}/v1beta/files/b` }] }, [
      "files/a",
      "files/b"
    ]],
    ["", { file: { name: "files/a", downloadUri: `${api}/v1beta/files/a:download?alt=media` } }, ["files/a"]],
    ["batches?pageSize=5", { operations: [{ name: "batches/b" }] }, ["batches/b"]],
    [
      "batches/b",
      {
        name: "batches/b",
        metadata: { output: { responsesFile: "files/batch-b" } },
        response: { responsesFile: "files/batch-b" }
      },
      ["batches/b", "files/batch-b"]
    ],
    [
      "models/veo/operations/o",
      {
        name: "models/veo/operations/o",
        response: {
          generateVideoResponse: { generatedSamples: [{ video: { uri: `${api}/v1beta/files/v:download?alt=media` } }] }
        }
      },
      ["models/veo/operations/o", "files/v"]
    ],
    [
      "fileSearchStores/s/upload/operations/o",
      { name: "fileSearchStores/s/upload/operations/o", response: { parent: "fileSearchStores/s" } },
      ["fileSearchStores/s"]
    ],
    [
      "interactions",
      {
        id: "i1",
        environment_id: "e1",
        steps: [
          { type: "user_input", content: [{ type: "image", uri: `${api}/v1beta/files/foreign` }] },
          {
            type: "model_output",
            content: [{ type: "video", uri: `${api}/v1beta/files/made` }, { type: "text", text: "files/no" }]
          }
        ]
      },
      ["interactions/i1", "environments/e1", "files/made"]
    ],
    ["interactions", { event_type: "interaction.created", interaction: { id: "i2" } }, ["interactions/i2"]],
    ["interactions", { event_type: "interaction.status_update", interaction_id: "i3" }, ["interactions/i3"]],
    ["voices", { voices: [{ id: "voice_1" }, { key: "voicekey_2" }] }, ["voices/voice_1", "voices/voicekey_2"]],
    ["agents", { id: "mine" }, ["agents/mine"]],
    // A model's own words and a hostile shape name nothing.
    [
      "batches/b",
      {
        name: "batches/b",
        response: {
          inlinedResponses: {
            inlinedResponses: [{
              response: { candidates: [{ content: { parts: [{ functionCall: { name: "files/evil" } }] } }] }
            }]
          }
        }
      },
      ["batches/b"]
    ],
    ["files", null, []],
    ["files", [{ name: "files/a" }], []],
    ["files", { files: "files/a", name: 7, file: [] }, []],
    ["__proto__", { __proto__: { name: "files/a" } }, []],
    ["interactions", { id: { toString: () => "x" } }, []]
  ])("to %s", (path, answer, names) => {
    assert.deepStrictEqual(Names.namesIn(path, answer), names)
  })

  it("are those of a thousand entries at most, which is a page", () => {
    const files = Array.from({ length: 1_001 }, (_, index) => ({ name: `files/f${index}` }))
    assert.strictEqual(Names.namesIn("files", { files: files.slice(0, 999) }).length, 999)
    assert.strictEqual(Names.namesIn("files", { files: files.slice(0, 1_000) }).length, 1_000)
    assert.strictEqual(Names.namesIn("files", { files }).length, 1_000)
  })

  it.each<readonly [path: string, answer: unknown, name: string | undefined]>([
    ["cachedContents", { name: "cachedContents/c" }, "cachedContents/c"],
    ["models/m:batchGenerateContent", { name: "batches/b" }, "batches/b"],
    ["interactions", { id: "i" }, "interactions/i"],
    ["interactions", { status: "completed" }, undefined],
    ["voices", { key: "voicekey_1" }, "voices/voicekey_1"],
    ["files", {}, undefined]
  ])("to a create of %s say what was made", (path, answer, name) => {
    assert.strictEqual(Names.nameMade(path, answer), name)
  })
})
