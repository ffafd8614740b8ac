import { assert, describe, it } from "@effect/vitest"
import * as Schema from "effect/Schema"
import { existsSync, readFileSync } from "node:fs"
import * as Fields from "../src/internal/judge/fields.ts"
import * as Table from "../src/internal/judge/fieldTable.ts"

const roots = [
  "GenerateContentRequest",
  "CountTokensRequest",
  "EmbedContentRequest",
  "BatchEmbedContentsRequest",
  "BatchGenerateContentRequest",
  "AsyncBatchEmbedContentRequest",
  "BidiGenerateContentClientMessage",
  "AuthToken",
  "CreateFileRequest",
  "RegisterFilesRequest",
  "CachedContent",
  "FileSearchStore",
  "ImportFileRequest",
  "UploadToFileSearchStoreRequest"
]

const fieldsOf = (message: string): ReadonlyArray<readonly [name: string, kind: string]> =>
  Object.entries(Table.messages[message] ?? {})

/** The message below a field, where there is one. */
const below = (kind: string): string | undefined => {
  const name = kind.replace(/^map /, "").replace(/\[\]$/, "")
  return Object.hasOwn(Table.messages, name) ? name : undefined
}

interface Built {
  readonly path: string
  readonly value: unknown
}

/** `inner` under a field of this kind, `index` places into a list or map: the value, and how its path goes on. */
const wrap = (kind: string, inner: unknown, index: number): { readonly value: unknown; readonly suffix: string } => {
  if (kind.endsWith("[]")) return { value: [...Array.from({ length: index }, () => ({})), inner], suffix: `[${index}]` }
  if (kind.startsWith("map ")) {
    const before = Array.from({ length: index }, (_, i): [string, unknown] => [`k${i}`, {}])
    return { value: Object.fromEntries([...before, ["last", inner]]), suffix: `[${index}].value` }
  }
  return { value: inner, suffix: "" }
}

/** A request of `root` with `leaf` in the message at the end of `steps`. */
const build = (
  steps: ReadonlyArray<
    { readonly name: string; readonly kind: string; readonly index: number; readonly snake: boolean }
  >,
  leaf: unknown
): Built => {
  const [step, ...rest] = steps
  if (step === undefined) return { path: "", value: leaf }
  const inner = build(rest, leaf)
  const { suffix, value } = wrap(step.kind, inner.value, step.index)
  const here = `${Fields.snakeCase(step.name)}${suffix}`
  return {
    path: inner.path === "" ? here : `${here}.${inner.path}`,
    value: { [step.snake ? Fields.snakeCase(step.name) : step.name]: value }
  }
}

const misspelt = (message: string, name: string, how: number): string => {
  const at = how % name.length
  const candidates = [
    name.slice(0, at) + name.slice(at + 1),
    name.slice(0, at) + name.charAt(at) + name.slice(at),
    `${name}s`,
    `x${name}`
  ]
  const known = new Set(fieldsOf(message).flatMap(([field]) => [field, Fields.snakeCase(field)]))
  const found = candidates.slice(how % 2).find((candidate) => candidate !== "" && !known.has(candidate))
  return found ?? `${name}Misspelt`
}

const assertRefused = (root: string, built: Built, name: string): void => {
  const { violations } = Fields.read(root, built.value, "v1beta")
  const at = built.path === "" ? "" : ` at '${built.path}'`
  assert.deepStrictEqual(violations, [{
    ...(built.path === "" ? {} : { field: built.path }),
    description: `Invalid JSON payload received. Unknown name "${name}"${at}: Cannot find field.`
  }])
}

describe("a field misspelt anywhere in a request fails with its path", () => {
  for (const root of roots) {
    it(`each field of each message below ${root}`, () => {
      const seen = new Set([root])
      let queue: Array<{ readonly message: string; readonly steps: Parameters<typeof build>[0] }> = [
        { message: root, steps: [] }
      ]
      let count = 0
      while (queue.length > 0) {
        const next: typeof queue = []
        for (const { message, steps } of queue) {
          for (const [name, kind] of fieldsOf(message)) {
            const wrong = misspelt(message, name, count)
            assertRefused(root, build(steps, { [wrong]: {} }), wrong)
            count++
            const child = below(kind)
            if (child === undefined || seen.has(child)) continue
            seen.add(child)
            next.push({ message: child, steps: [...steps, { name, kind, index: count % 3, snake: count % 2 === 0 }] })
          }
        }
        queue = next
      }
      assert.isAbove(count, 0)
    })
  }

  it.prop("random paths, list places and spellings", {
    root: Schema.Natural,
    walk: Schema.Array(Schema.Natural),
    how: Schema.Natural
  }, ({ how, root, walk }) => {
    const first = roots[root % roots.length] ?? "GenerateContentRequest"
    let message = first
    const steps: Array<Parameters<typeof build>[0][number]> = []
    for (const pick of walk) {
      const deeper = fieldsOf(message).filter(([, kind]) => below(kind) !== undefined)
      const [name, kind] = deeper[pick % Math.max(1, deeper.length)] ?? []
      const child = kind === undefined ? undefined : below(kind)
      if (name === undefined || kind === undefined || child === undefined) break
      steps.push({ name, kind, index: pick % 4, snake: pick % 2 === 1 })
      message = child
    }
    const fields = fieldsOf(message)
    const [name = "field"] = fields[how % Math.max(1, fields.length)] ?? []
    const wrong = misspelt(message, name, how)
    assertRefused(first, build(steps, { [wrong]: "x" }), wrong)
  })
})

/** A value the kind cannot take, and what is said of it. */
const wrongValues: Readonly<Record<string, readonly [value: unknown, type: string]>> = {
  string: [1, "TYPE_STRING"],
  bool: ["yes", "TYPE_BOOL"],
  int32: ["many", "TYPE_INT32"],
  int64: [1.5, "TYPE_INT64"],
  float: ["warm", "TYPE_FLOAT"],
  double: [false, "TYPE_DOUBLE"],
  bytes: ["%%%", "TYPE_BYTES"],
  duration: ["9", "type.googleapis.com/google.protobuf.Duration"],
  timestamp: ["today", "type.googleapis.com/google.protobuf.Timestamp"],
  struct: ["text", "type.googleapis.com/google.protobuf.Struct"]
}

describe("a mistyped value fails with its path", () => {
  it("each field of each message", () => {
    for (const [message, fields] of Object.entries(Table.messages)) {
      for (const [name, kind] of Object.entries(fields)) {
        const single = kind.replace(/\[\]$/, "").replace(/^map /, "")
        if (single === "any") continue
        const enumeration = /^enum (.+)$/.exec(single)?.[1]
        const type = enumeration ?? below(single)
        const [value, says] = type !== undefined
          ? ["NONSENSE", `type.googleapis.com/google.ai.generativelanguage.v1.${type}`]
          : wrongValues[single] ?? [undefined, "no such kind"]
        const { suffix, value: wrapped } = wrap(kind, value, 0)
        const path = Fields.snakeCase(name) + suffix
        const { violations } = Fields.read(message, { [name]: wrapped }, "v1")
        assert.strictEqual(violations.length, 1, `${message}.${name}`)
        assert.strictEqual(violations[0]?.field, path)
        assert.include(violations[0]?.description, `Invalid value at '${path}' (${says}), `)
      }
    }
  })

  it("a list where one value is due", () => {
    const { violations } = Fields.read("GenerateContentRequest", {
      tools: [{ functionDeclarations: [{ parameters: { properties: { a: {}, b: { type: ["STRING", "NULL"] } } } }] }]
    }, "v1beta")
    const path = "tools[0].function_declarations[0].parameters.properties[1].value"
    assert.deepStrictEqual(violations, [{
      field: path,
      description: `Invalid JSON payload received. Unknown name "type" at '${path}': ` +
        "Proto field is not repeating, cannot start list."
    }])
  })

  it("an object on a scalar, a list on a map, a second of a oneof", () => {
    const { violations } = Fields.read("GenerateContentRequest", {
      contents: [{ parts: [{ text: "a", inline_data: {} }] }],
      labels: [],
      generationConfig: { topP: {} }
    }, "v1beta")
    assert.deepStrictEqual(violations, [
      {
        field: "contents[0].parts[0]",
        description: "Invalid value at 'contents[0].parts[0]' (oneof), oneof field 'data' is already set. " +
          "Cannot set 'inline_data'"
      },
      { description: "Invalid value (Map), Cannot bind a list to map for field 'labels'." },
      {
        field: "generation_config",
        description: "Invalid value at 'generation_config' (top_p), Starting an object on a scalar field"
      }
    ])
  })
})

describe("what the front end takes in many spellings arrives in one", () => {
  const read = (value: unknown) => {
    const { value: read, violations } = Fields.read("GenerateContentRequest", value, "v1beta")
    assert.deepStrictEqual(violations, [])
    return read
  }

  it("snake_case, one value for a list, nulls, numbers and truth as text, enums in any case", () => {
    assert.deepStrictEqual(
      read({
        system_instruction: { parts: { text: "brief" } },
        contents: { parts: [{ text: "hi", thought: null }] },
        safety_settings: null,
        generation_config: {
          top_k: "40",
          response_logprobs: "true",
          response_modalities: ["text"],
          response_schema: { type: "array", max_items: 3, items: { type: "string" } }
        }
      }),
      {
        systemInstruction: { parts: [{ text: "brief" }] },
        contents: [{ parts: [{ text: "hi" }] }],
        generationConfig: {
          topK: 40,
          responseLogprobs: true,
          responseModalities: ["TEXT"],
          responseSchema: { type: "ARRAY", maxItems: "3", items: { type: "STRING" } }
        }
      }
    )
  })

  it("a service tier under its name of today and that of before", () => {
    for (const serviceTier of ["flex", "FLEX", "SERVICE_TIER_FLEX"]) {
      assert.deepStrictEqual(read({ serviceTier }), { serviceTier: "flex" })
    }
  })

  it("free objects keep their keys, whatever they are called", () => {
    const args = { snake_case: null, camelCase: { __proto__x: 1 }, list: [[1]] }
    assert.deepStrictEqual(
      read({ contents: [{ parts: [{ functionCall: { name: "f", args } }] }] }),
      { contents: [{ parts: [{ functionCall: { name: "f", args } }] }] }
    )
    const schema = { $defs: {}, type: ["string", "null"], additionalProperties: false }
    assert.deepStrictEqual(read({ generationConfig: { responseJsonSchema: schema } }), {
      generationConfig: { responseJsonSchema: schema }
    })
  })

  it("base64 in both alphabets, with and without padding", () => {
    for (const data of ["+/8=", "-_8", "-_8=", "", "AAAA"]) read({ contents: [{ parts: [{ inlineData: { data } }] }] })
  })
})

// The description of the API stands beside the checkout, on machines that have it.
const source = `${import.meta.dirname}/../../../../shared/gemini/schema-v1beta-compact.json`

interface Described {
  readonly type?: string
  readonly format?: string
  readonly $ref?: string
  readonly enum?: ReadonlyArray<string>
  readonly "x-sdk310-values"?: ReadonlyArray<string>
  readonly items?: Described
  readonly properties?: Readonly<Record<string, Described>>
  readonly additionalProperties?: Described
}

const formats: Readonly<Record<string, string>> = {
  byte: "bytes",
  "google-duration": "duration",
  "google-datetime": "timestamp",
  "google-fieldmask": "string"
}

/** What only answers have, taken as it comes: it holds the whole of an answer. */
const answersOnly = new Set(["GenerateContentBatch.output", "EmbedContentBatch.output"])

const kindOf = (it: Described): string => {
  if (it.$ref !== undefined) return it.$ref
  if (it.enum !== undefined) return `enum of ${[...new Set([...it.enum, ...(it["x-sdk310-values"] ?? [])])].join(" ")}`
  if (it.type === "array") return `${kindOf(it.items ?? {})}[]`
  if (it.type === "object") {
    return it.additionalProperties?.type === "any" ? "struct" : `map ${kindOf(it.additionalProperties ?? {})}`
  }
  return formats[it.format ?? ""] ?? it.format ?? (it.type === "boolean" ? "bool" : it.type ?? "unknown")
}

/** Values that came after the description (gemini-wire-rest.md 16, November 2026). */
const later: Readonly<Record<string, string>> = { "ThinkingConfig.thinkingLevel": "XHIGH" }

describe("the field table is that of the API's description", () => {
  it.skipIf(!existsSync(source))("nothing is missing, nothing is extra", () => {
    const { schemas }: { readonly schemas: Readonly<Record<string, Described>> } = JSON.parse(
      readFileSync(source, "utf8")
    )
    const expected = new Map<string, string>()
    const refs = (it: Described): ReadonlyArray<string> => [
      ...(it.$ref === undefined ? [] : [it.$ref]),
      ...[it.items, it.additionalProperties, ...Object.values(it.properties ?? {})].flatMap((child) =>
        child === undefined ? [] : refs(child)
      )
    ]
    const reached = new Set(roots)
    for (const message of reached) {
      const described = schemas[message] ?? {}
      for (const [name, field] of Object.entries(described.properties ?? {})) {
        if (answersOnly.has(`${message}.${name}`)) {
          expected.set(`${message}.${name}`, "struct")
          continue
        }
        const added = later[`${message}.${name}`]
        expected.set(`${message}.${name}`, kindOf(field) + (added === undefined ? "" : ` ${added}`))
        for (const ref of refs(field)) reached.add(ref)
      }
    }
    const actual = new Map<string, string>()
    for (const message of Object.keys(Table.messages)) {
      for (const [name, kind] of fieldsOf(message)) {
        actual.set(
          `${message}.${name}`,
          kind.replace(/^(map )?enum ([^[]+)/, (_, map = "", of) => `${map}enum of ${Table.enums[of]?.join(" ")}`)
        )
      }
    }
    process.stdout.write(
      `field table: ${actual.size} fields of ${reached.size} messages compared with ../shared/gemini\n`
    )
    assert.deepStrictEqual(Object.keys(Table.messages).sort(), [...reached].sort())
    assert.deepStrictEqual(
      Object.fromEntries([...actual].sort()),
      Object.fromEntries([...expected].sort())
    )
  })
})
