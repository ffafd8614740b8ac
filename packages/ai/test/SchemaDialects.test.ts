/** Every keyword of JSON Schema in either dialect: what is sent, what is put into words, and what is refused. */
import { assert, describe, it } from "@effect/vitest"
import { type Node, toJsonDialect } from "../src/internal/jsonDialect.ts"
import { toOpenApi } from "../src/internal/openApiDialect.ts"

const made = (make: (schema: Node) => unknown, schema: Node): unknown => {
  try {
    return make(schema)
  } catch (error) {
    return error instanceof Error ? `refused: ${error.message}` : error
  }
}

type Row = readonly [name: string, schema: Node, expected: Node | RegExp]

const check = (make: (schema: Node) => unknown, rows: ReadonlyArray<Row>) => {
  for (const [name, schema, expected] of rows) {
    it(name, () => {
      const out = made(make, schema)
      if (!(expected instanceof RegExp)) return assert.deepStrictEqual(out, expected)
      assert.isString(out)
      assert.match(String(out), expected)
    })
  }
}

const text = { type: "string" }
const within = (property: unknown, more: Node = {}): Node => ({ type: "object", properties: { a: property }, ...more })
const max = Number.MAX_SAFE_INTEGER

describe("JSON Schema", () => {
  check(toJsonDialect, [
    ["keeps what Gemini takes", { type: "string", title: "t", format: "date", $id: "i", $anchor: "x" }, {
      type: "string",
      title: "t",
      format: "date",
      $id: "i",
      $anchor: "x"
    }],
    ["leaves annotations out", { type: "string", example: 1, "x-order": 2, default: "a", $comment: "c" }, text],
    ["says each constraint that Gemini does not take in words, behind what is said", {
      type: "string",
      pattern: "^a",
      minLength: 2,
      maxLength: 5,
      description: "a word"
    }, {
      type: "string",
      description: "a word; matches the regular expression ^a; at least 2 characters; at most 5 characters"
    }],
    ["says nothing twice: a value that the description holds, or a length that it speaks of", {
      type: "string",
      pattern: "^a",
      minLength: 3,
      description: "like ^a, with a length of three"
    }, { type: "string", description: "like ^a, with a length of three" }],
    ["says a constraint that a description without a length does not", {
      type: "string",
      minLength: 3,
      description: "three"
    }, { type: "string", description: "three; at least 3 characters" }],
    ["an empty description is none", { type: "string", description: "", minLength: 3 }, {
      type: "string",
      description: "at least 3 characters"
    }],
    ["numbers: exclusive bounds and steps in words", {
      type: "number",
      exclusiveMinimum: 0,
      exclusiveMaximum: 1,
      multipleOf: 0.5
    }, { type: "number", description: "greater than 0; less than 1; a multiple of 0.5" }],
    ["integers: exclusive bounds as bounds, unless they are none", {
      type: "integer",
      exclusiveMinimum: 0,
      exclusiveMaximum: 10
    }, { type: "integer", minimum: 1, maximum: 9 }],
    ["integers: a bound that is no whole number, or none, in words", {
      type: "integer",
      exclusiveMinimum: 0.5,
      exclusiveMaximum: "7"
    }, { type: "integer", description: "greater than 0.5; less than 7" }],
    ["lists: all differ, or not; one of the items; bounds", {
      type: "array",
      items: text,
      uniqueItems: true,
      minItems: 1,
      maxItems: 3,
      contains: text
    }, {
      type: "array",
      items: text,
      minItems: 1,
      maxItems: 3,
      description: "all items differ; one of the items matches {\"type\":\"string\"}"
    }],
    ["lists: uniqueItems: false says nothing", { type: "array", items: text, uniqueItems: false }, {
      type: "array",
      items: text
    }],
    ["objects: entries and the names of keys", {
      type: "object",
      minProperties: 1,
      maxProperties: 3,
      propertyNames: { pattern: "^a" }
    }, {
      type: "object",
      description: "at least 1 entries; at most 3 entries; keys match {\"pattern\":\"^a\"}"
    }],
    ["bounds that every integer has are left out, and no others", {
      type: "integer",
      minimum: -max,
      maximum: max
    }, { type: "integer" }],
    ["bounds next to these are kept", { type: "number", minimum: 1 - max, maximum: max - 1 }, {
      type: "number",
      minimum: 1 - max,
      maximum: max - 1
    }],
    [
      "a constant of each kind",
      within(undefined, {
        properties: { a: { const: "x" }, b: { const: 1 }, c: { const: 1.5 }, d: { const: true }, e: { const: null } }
      }),
      {
        type: "object",
        properties: {
          a: { type: "string", enum: ["x"] },
          b: { type: "integer", enum: [1] },
          c: { type: "number", enum: [1.5] },
          d: { type: "boolean", description: "always true" },
          e: { type: "null" }
        }
      }
    ],
    ["values of one kind once each, and the type that stands there stays", { type: "number", enum: [1, 2, 1] }, {
      type: "number",
      enum: [1, 2]
    }],
    ["values of several kinds have no type", { enum: ["a", 1] }, { enum: ["a", 1] }],
    ["true, false and null are types", { enum: ["a", true, null] }, {
      anyOf: [{ type: "string", enum: ["a"] }, { type: "boolean" }, { type: "null" }]
    }],
    ["both booleans are the type", { type: "boolean", enum: [true, false] }, { anyOf: [{ type: "boolean" }] }],
    ["null beside a type takes its place", { type: "string", enum: ["a", null] }, {
      anyOf: [{ type: "string", enum: ["a"] }, { type: "null" }]
    }],
    ["no values, or what is no list, are no list", { type: "string", enum: [] }, text],
    ["an enum that is no list says nothing", { type: "string", enum: "a" }, text],
    ["an empty text among the values is said in words", { type: "string", enum: ["", "a"] }, {
      type: "string",
      description: "one of \"\", \"a\""
    }],
    ["an object among the values is refused with its place", within({ enum: [{}] }), /a.*only strings, numbers/],
    ["parts: the closer bounds, all properties, all that is required once, one type", {
      allOf: [
        { type: "object", properties: { a: text }, required: ["a"], minItems: 1, maxItems: 5, minimum: 1, maximum: 5 },
        { properties: { b: text }, required: ["a", "b"], minItems: 2, maxItems: 4, minimum: 2, maximum: 4, title: "t" },
        { type: "object", minItems: 1, maxItems: 5, minimum: 1, maximum: 5, title: "u", description: "d" },
        { description: "e" }
      ]
    }, {
      type: "object",
      properties: { a: text, b: text },
      required: ["a", "b"],
      minItems: 2,
      maxItems: 4,
      minimum: 2,
      maximum: 4,
      title: "t",
      description: "d; e"
    }],
    [
      "parts: an integer is a number, in either order",
      within(undefined, {
        properties: {
          a: { allOf: [{ type: "number" }, { type: "integer" }] },
          b: { allOf: [{ type: "integer" }, { type: "number" }] }
        }
      }),
      { type: "object", properties: { a: { type: "integer" }, b: { type: "integer" } } }
    ],
    [
      "parts that differ are refused by their keyword and place",
      within({
        allOf: [{ type: "string" }, { type: "number" }]
      }),
      /a.*say different things of "type"/
    ],
    ["a part that any value fits, and one that none does", { allOf: [true, text] }, text],
    ["no value fits a part", { allOf: [false] }, /allOf\[0\].*no value fits/],
    ["alternatives that are equal once", { anyOf: [text, { type: "string" }, { type: "null" }] }, {
      anyOf: [text, { type: "null" }]
    }],
    ["oneOf stays oneOf", { oneOf: [text, { type: "null" }] }, { oneOf: [text, { type: "null" }] }],
    ["an alternative is named by its place", within({ anyOf: [text, false] }), /a\.anyOf\[1\].*no value fits/],
    ["null in OpenAPI's word, the description outside", { type: "string", nullable: true, description: "d" }, {
      description: "d",
      anyOf: [{ type: "string" }, { type: "null" }]
    }],
    ["not nullable is as it is", { type: "string", nullable: false }, text],
    ["Effect's empty struct is an object", { not: { type: "null" } }, { type: "object" }],
    ["another negation is refused", within({ not: { type: "string" } }), /a.*negation/],
    ["a negation with more than null is refused", { not: { type: "null", title: "t" } }, /negation/],
    ["items, of any value, with their place", { type: "array", items: { anyOf: [false] } }, /\[\]\.anyOf\[0\]/],
    ["items that are a boolean say nothing", { type: "array", items: true }, { type: "array" }],
    ["a tuple has its length", { type: "array", prefixItems: [text, text] }, {
      type: "array",
      prefixItems: [text, text],
      maxItems: 2
    }],
    ["a tuple with more items, or a length of its own, keeps them", {
      type: "array",
      prefixItems: [text],
      items: text
    }, { type: "array", prefixItems: [text], items: text }],
    ["a tuple with its own length", { type: "array", prefixItems: [text], maxItems: 5 }, {
      type: "array",
      prefixItems: [text],
      maxItems: 5
    }],
    [
      "free keys: any, none, or by a schema",
      within(undefined, {
        properties: {
          a: { type: "object", additionalProperties: true },
          b: { type: "object", additionalProperties: false },
          c: { type: "object", additionalProperties: text },
          d: { type: "object", additionalProperties: { not: {} } }
        }
      }),
      {
        type: "object",
        properties: {
          a: { type: "object", additionalProperties: true },
          b: { type: "object", additionalProperties: false },
          c: { type: "object", additionalProperties: text },
          d: { type: "object", additionalProperties: false }
        }
      }
    ],
    ["keys of a pattern", { type: "object", patternProperties: { "^a": text } }, {
      type: "object",
      additionalProperties: text,
      description: "keys match ^a"
    }],
    ["keys of no pattern", { type: "object", patternProperties: {} }, { type: "object" }],
    ["keys of two patterns are refused", { type: "object", patternProperties: { a: text, b: text } }, /more than one/],
    ["properties that are no object are none", { type: "object", properties: 5 }, { type: "object", properties: {} }],
    ["what is required and has no property is said in words", within(text, { required: ["a", "b", "c"] }), {
      ...within(text),
      required: ["a"],
      description: "needs \"b\", \"c\""
    }],
    ["what is required where there are no properties", { type: "object", required: ["b"] }, {
      type: "object",
      description: "needs \"b\""
    }],
    ["what is required and known stays as it is", within(text, { required: ["a"] }), within(text, { required: ["a"] })],
    ["the place of an inner schema", within(within(within({ not: {} }))), /a\.a\.a/],
    ...[
      "if",
      "then",
      "else",
      "dependentSchemas",
      "dependentRequired",
      "dependencies",
      "unevaluatedItems",
      "$dynamicRef",
      "$recursiveRef"
    ]
      .map((keyword): Row => [
        `${keyword} is refused`,
        within({ type: "string", [keyword]: {} }),
        new RegExp(`a.*conditions \\("${keyword.replace("$", "\\$")}"\\)`)
      ])
  ])

  describe("references", () => {
    const ref = ($ref: string) => ({ $ref })
    check(toJsonDialect, [
      ["to definitions that are used, and no others", {
        ...within(ref("#/$defs/A")),
        $defs: { A: text, B: text }
      }, { ...within(ref("#/$defs/A")), $defs: { A: text } }],
      ["by the older word, and what those refer to in turn", {
        ...within(ref("#/definitions/A")),
        definitions: { A: within(ref("#/definitions/B")), B: text }
      }, { ...within(ref("#/$defs/A")), $defs: { A: within(ref("#/$defs/B")), B: text } }],
      ["with more beside them become an alternative", {
        ...within({ ...ref("#/$defs/A"), description: "d" }),
        $defs: { A: text }
      }, { ...within({ description: "d", anyOf: [ref("#/$defs/A")] }), $defs: { A: text } }],
      ["to the whole document", within(ref("#")), {
        ...within(ref("#/$defs/root")),
        $defs: { root: within(ref("#/$defs/root")) }
      }],
      ["to a place within the document", {
        type: "object",
        properties: { a: text, b: ref("#/properties/a") }
      }, {
        type: "object",
        properties: { a: text, b: ref("#/$defs/root.properties.a") },
        $defs: { "root.properties.a": text }
      }],
      ["with escapes of pointers and of addresses", {
        type: "object",
        properties: { a: ref("#/$defs/x~1y"), b: ref("#/$defs/x~0y"), c: ref("#/$defs/x%20y") },
        $defs: { "x/y": text, "x~y": { type: "number" }, "x y": { type: "boolean" } }
      }, {
        type: "object",
        properties: { a: ref("#/$defs/x_y"), b: ref("#/$defs/x_y.1"), c: ref("#/$defs/x_y.2") },
        $defs: { x_y: text, "x_y.1": { type: "number" }, "x_y.2": { type: "boolean" } }
      }],
      ["to one definition by both words are two, each its own", {
        type: "object",
        properties: { a: ref("#/$defs/A"), b: ref("#/definitions/A"), c: ref("#/$defs/A") },
        $defs: { A: text },
        definitions: { A: { type: "number" } }
      }, {
        type: "object",
        properties: { a: ref("#/$defs/A"), b: ref("#/$defs/A.1"), c: ref("#/$defs/A") },
        $defs: { A: text, "A.1": { type: "number" } }
      }],
      ["within lists and definitions of a deeper path", {
        anyOf: [ref("#/$defs/A/properties/a"), text],
        $defs: { A: within({ type: "number" }) }
      }, {
        anyOf: [ref("#/$defs/root._defs.A.properties.a"), text],
        $defs: { "root._defs.A.properties.a": { type: "number" } }
      }],
      [
        "that are data are none",
        within({ type: "string", enum: ["x"], default: { $ref: "#/nowhere" } }),
        within({
          type: "string",
          enum: ["x"]
        })
      ],
      ["that lead nowhere are refused", within(ref("#/$defs/none")), /"none" leads nowhere/],
      ["that lead through what is no object are refused", within(ref("#/type/x")), /leads nowhere/],
      ["out of the document are refused", within(ref("other.json")), /leads nowhere/],
      ["that are badly written are taken as they are", within(ref("#/$defs/%E0%A4%A")), /leads nowhere/],
      [
        "a definition that cannot be said is named",
        { ...within(ref("#/$defs/A")), $defs: { A: { if: {} } } },
        /\$defs\.A/
      ]
    ])
  })
})

describe("the OpenAPI subset", () => {
  const STRING = { type: "STRING" }
  const object = (property: unknown, more: Node = {}): Node => ({
    type: "OBJECT",
    properties: { a: property },
    propertyOrdering: ["a"],
    ...more
  })
  const any = { anyOf: [STRING, { type: "NUMBER" }, { type: "BOOLEAN" }], nullable: true }
  check(toOpenApi, [
    ["types, title and description", { type: "string", title: "t", description: "d" }, {
      title: "t",
      description: "d",
      type: "STRING"
    }],
    ["a title or a description that is no text is left out", { type: "boolean", title: 1, description: 2 }, {
      type: "BOOLEAN"
    }],
    ["a format of its type", { type: "string", format: "date-time" }, { type: "STRING", format: "date-time" }],
    ["any other format is put into words, once", { type: "string", format: "email" }, {
      type: "STRING",
      description: "in the format email"
    }],
    ["a format that is told already", { type: "string", format: "email", description: "an email" }, {
      type: "STRING",
      description: "an email"
    }],
    ["a format behind what is said", { type: "string", format: "email", description: "who" }, {
      type: "STRING",
      description: "who; in the format email"
    }],
    ...[["number", "float"], ["number", "double"], ["integer", "int32"], ["integer", "int64"]].map(
      ([type = "", format]): Row => [`${type} ${format}`, { type, format }, { type: type.toUpperCase(), format }]
    ),
    ["int32 is no format of a number", { type: "number", format: "int32" }, {
      type: "NUMBER",
      description: "in the format int32"
    }],
    [
      "bounds stand beside their type alone",
      within(undefined, {
        properties: {
          a: { type: "number", minimum: 1, maximum: 2, minItems: 3 },
          b: { type: "integer", minimum: 0 },
          c: { type: "string", minimum: 1 },
          d: { type: "array", items: text, minItems: 1, maxItems: 2, minimum: 3 },
          e: { type: "number", minimum: "1" }
        }
      }),
      {
        type: "OBJECT",
        properties: {
          a: { type: "NUMBER", minimum: 1, maximum: 2 },
          b: { type: "INTEGER", minimum: 0 },
          c: STRING,
          d: { type: "ARRAY", minItems: 1, maxItems: 2, items: STRING },
          e: { type: "NUMBER" }
        },
        propertyOrdering: ["a", "b", "c", "d", "e"]
      }
    ],
    [
      "values: texts are listed, numbers are put into words",
      within({ type: "string", enum: ["x", 1, "y"] }),
      object({
        type: "STRING",
        enum: ["x", "y"],
        format: "enum"
      })
    ],
    ["values: numbers", { type: "integer", enum: [1, 2] }, { type: "INTEGER", description: "one of 1, 2" }],
    ["values: none of the type", within({ type: "string", enum: [1] }), /a.*no string is among/],
    ["values without a type show it", { enum: ["x"] }, { type: "STRING", enum: ["x"], format: "enum" }],
    ["values of two types are alternatives", { enum: ["x", 1] }, {
      anyOf: [{ type: "STRING", enum: ["x"], format: "enum" }, { type: "NUMBER", description: "one of 1" }]
    }],
    ["a type is shown by properties", { properties: { a: text } }, object(STRING)],
    ["a type is shown by items", { items: text }, { type: "ARRAY", items: STRING }],
    ["a type is shown by a tuple", { prefixItems: [text] }, { type: "ARRAY", items: STRING }],
    ["a type is shown by bounds", { minimum: 1 }, { type: "NUMBER", minimum: 1 }],
    ["a type is shown by an upper bound", { maximum: 1 }, { type: "NUMBER", maximum: 1 }],
    ["a type is shown by free keys, which cannot be said", within({ additionalProperties: text }), /a.*free keys/],
    [
      "no free keys",
      within({ type: "object", properties: { b: text }, additionalProperties: false }),
      object({
        type: "OBJECT",
        properties: { b: STRING },
        propertyOrdering: ["b"]
      })
    ],
    ["free keys of any value", within({ type: "object", additionalProperties: true }), /a.*free keys/],
    ["any value", {}, any],
    ["types: one and null", { type: ["string", "null"] }, { nullable: true, type: "STRING" }],
    ["types: two and null", { type: ["string", "number", "null"] }, {
      nullable: true,
      anyOf: [STRING, { type: "NUMBER" }]
    }],
    ["types: null alone", { type: "null" }, { nullable: true, type: "NULL" }],
    ["types: what is no text is none", { type: ["string", 5] }, STRING],
    ["a type that nobody knows", within({ type: "date" }), /a.*"date" is not known/],
    ["alternatives", { anyOf: [text, { type: "number" }] }, { anyOf: [STRING, { type: "NUMBER" }] }],
    ["alternatives by the other word", { oneOf: [text, { type: "number" }] }, { anyOf: [STRING, { type: "NUMBER" }] }],
    ["no alternatives are none", { type: "string", anyOf: [] }, STRING],
    ["alternatives with null", { anyOf: [text, { type: "number" }, { type: "null" }] }, {
      nullable: true,
      anyOf: [STRING, { type: "NUMBER" }]
    }],
    ["one alternative beside null is the schema, its words behind", {
      description: "d",
      title: "t",
      anyOf: [{ type: "string", description: "e", title: "u" }, { type: "null" }]
    }, { type: "STRING", title: "t", description: "d; e", nullable: true }],
    ["one alternative with the same words says them once", {
      description: "d",
      anyOf: [{ type: "string", description: "d" }]
    }, { type: "STRING", description: "d" }],
    ["null as the only alternative", { anyOf: [{ type: "null" }] }, { nullable: true, type: "NULL" }],
    ["what stands beside alternatives goes into each", {
      type: "object",
      properties: { a: text },
      required: ["a"],
      $defs: {},
      anyOf: [{ properties: { b: text }, required: ["b"] }, { title: "t" }]
    }, {
      anyOf: [
        { type: "OBJECT", properties: { a: STRING, b: STRING }, propertyOrdering: ["a", "b"], required: ["a", "b"] },
        { title: "t", type: "OBJECT", properties: { a: STRING }, propertyOrdering: ["a"], required: ["a"] }
      ]
    }],
    ["a reference beside other keywords is refused", {
      type: "object",
      properties: { a: text },
      anyOf: [{ $ref: "#/$defs/A" }, text],
      $defs: { A: text }
    }, /anyOf\[0\].*reference beside/],
    ["references are resolved, also twice", {
      type: "object",
      properties: { a: { $ref: "#/$defs/A" }, b: { $ref: "#/$defs/A" } },
      $defs: { A: text }
    }, { type: "OBJECT", properties: { a: STRING, b: STRING }, propertyOrdering: ["a", "b"] }],
    ["references in a circle are refused", {
      ...within({ $ref: "#/$defs/A" }),
      $defs: { A: within({ $ref: "#/$defs/A" }) }
    }, /a\.a.*contains itself/],
    ["references to nothing are refused", within({ $ref: "#/$defs/A" }), /a.*leads nowhere/],
    [
      "what no value fits is refused",
      { type: "array", items: { type: "array", items: false } },
      /\[\]\[\].*no value fits/
    ],
    ["a list of anything", { type: "array" }, { type: "ARRAY", items: any }],
    ["a tuple of equal items is a list", { type: "array", prefixItems: [text, text], maxItems: 2 }, {
      type: "ARRAY",
      maxItems: 2,
      items: STRING
    }],
    ["a tuple of none is a list", { type: "array", prefixItems: [], items: text }, { type: "ARRAY", items: STRING }],
    [
      "a tuple of different items is refused",
      within({ type: "array", prefixItems: [text, { type: "number" }] }),
      /a.*tuple/
    ],
    ["a tuple with more items is refused", { type: "array", prefixItems: [text], items: text }, /tuple/],
    ["the outermost object may be empty, and an inner one may not", { type: "object" }, { type: "OBJECT" }],
    ["an inner object without properties", within({ type: "object", properties: {} }), /a.*without properties/],
    ["what is required, in the order of the properties, as far as it is there", {
      type: "object",
      properties: { a: text, b: text, c: text },
      required: ["c", "x", "a"]
    }, {
      type: "OBJECT",
      properties: { a: STRING, b: STRING, c: STRING },
      propertyOrdering: ["a", "b", "c"],
      required: ["a", "c"]
    }],
    ["nothing required", within(text, { required: [] }), object(STRING)]
  ])
})
