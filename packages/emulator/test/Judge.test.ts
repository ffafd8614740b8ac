import { assert, describe, it } from "@effect/vitest"
import * as ModelTable from "effect-gemini-emulator/ModelTable"
import * as ModelPages from "../src/internal/answers/modelPages.ts"
import * as Judge from "../src/internal/judge/judge.ts"

const now = Date.parse("2026-11-22T00:00:00Z")

const judge = (body: unknown, options: Partial<Judge.Input> = {}) =>
  Judge.judge({
    version: "v1beta",
    method: "generateContent",
    model: "models/gemini-3.8-flash",
    bodyText: typeof body === "string" ? body : JSON.stringify(body),
    key: "key",
    models: ModelTable.current,
    now,
    ...options
  }).refusal

const message = (body: unknown, options: Partial<Judge.Input> = {}) => judge(body, options)?.body.error.message

const taken = (body: unknown, options: Partial<Judge.Input> = {}) => assert.isUndefined(judge(body, options))

const user = { role: "user", parts: [{ text: "hi" }] }
const model = (...parts: ReadonlyArray<unknown>) => ({ role: "model", parts })
const call = (name: string, thoughtSignature?: string) => ({
  functionCall: { name, args: {} },
  ...(thoughtSignature === undefined ? {} : { thoughtSignature })
})
const reply = (...names: ReadonlyArray<string>) => ({
  role: "user",
  parts: names.map((name) => ({ functionResponse: { name, response: {} } }))
})
const declare = (...names: ReadonlyArray<string>) => [{ functionDeclarations: names.map((name) => ({ name })) }]
const with_ = (rest: object) => ({ contents: [user], ...rest })
const old = { model: "models/gemini-2.5-flash" }
const pro = { model: "models/gemini-2.5-pro" }
const general = "Request contains an invalid argument."

describe("keys", () => {
  const cases: ReadonlyArray<readonly [string | undefined, number, string, string]> = [
    [undefined, 403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers"],
    ["", 403, "PERMISSION_DENIED", "Method doesn't allow unregistered callers"],
    ["bad", 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."],
    ["old", 400, "INVALID_ARGUMENT", "API key expired. Please renew the API key."],
    ["odd", 400, "INVALID_ARGUMENT", "API Key not found. Please pass a valid API key."],
    ["out", 403, "PERMISSION_DENIED", "Your API key was reported as leaked. Please use another API key."],
    ["any", 400, "INVALID_ARGUMENT", "API key not valid. Please pass a valid API key."]
  ]
  for (const [key, status, name, says] of cases) {
    it(`${key}: ${status} ${says}`, () => {
      const keys = { valid: ["good"], invalid: ["bad"], expired: ["old"], unknown: ["odd"], leaked: ["out"] }
      const refusal = judge(with_({}), { key, keys })
      assert.strictEqual(refusal?.status, status)
      assert.strictEqual(refusal?.body.error.status, name)
      assert.include(refusal?.body.error.message, says)
      if (status === 400) {
        assert.deepStrictEqual(refusal?.body.error.details?.map((detail) => detail["@type"]), [
          "type.googleapis.com/google.rpc.ErrorInfo",
          "type.googleapis.com/google.rpc.LocalizedMessage"
        ])
      }
    })
  }

  it("the key comes before all else: not even the body is read without one", () => {
    assert.strictEqual(judge("{", { key: undefined })?.status, 403)
  })
})

describe("models", () => {
  const notFound = (name: string, method: string, version = "v1beta") =>
    `${name} is not found for API version ${version}, or is not supported for ${method}. Call ModelService.ListModels ` +
    "to see the list of available models and their supported methods."

  it("unknown, retired, or without the method: the same 404, with version and method", () => {
    for (
      const [name, method, says] of [
        ["models/nope", "generateContent", "generateContent"],
        ["models/nope", "streamGenerateContent", "generateContent"],
        ["models/gemini-2.0-flash", "countTokens", "countTokens"],
        ["models/gemini-3.8-live", "generateContent", "generateContent"],
        ["models/gemini-embedding-2", "generateContent", "generateContent"]
      ] as const
    ) {
      const refusal = judge(with_({}), { model: name, method, version: "v1" })
      assert.strictEqual(refusal?.status, 404)
      assert.strictEqual(refusal?.body.error.message, notFound(name, says, "v1"))
    }
    assert.strictEqual(
      message({ requests: [] }, { model: "models/gemini-3.8-flash", method: "batchEmbedContents" }),
      notFound("models/gemini-3.8-flash", "embedContent")
    )
  })

  it("closed to new projects: 404 with the successor, though it is listed", () => {
    const models = { ...ModelTable.current, newProject: true }
    assert.strictEqual(
      message(with_({}), { ...old, models }),
      "This model models/gemini-2.5-flash is no longer available to new users. Please update your code to use " +
        "models/gemini-3.6-flash for the latest features and improvements."
    )
    assert.include(ModelTable.served(models, now).map((model) => model.name), "models/gemini-2.5-flash")
    taken(with_({}), old)
  })

  it("models.get says it in other words", () => {
    assert.strictEqual(
      message("", { method: "models.get", model: "models/nope" }),
      "Model is not found: models/nope for api version v1beta"
    )
    taken("", { method: "models.get" })
  })

  it("a model is retired on its day, and one that the table's day knows as retired stays so at time zero", () => {
    const row = { ...ModelTable.current.rows[0], retired: "2027-01-01" }
    assert.isDefined(row.model)
    const models = { asOf: "2026-11-22", rows: [{ ...row, model: { ...row.model, name: "models/m" } }] }
    const at = (day: string) => judge(with_({}), { models, model: "models/m", now: Date.parse(day) })?.status
    assert.deepStrictEqual([at("1970-01-01"), at("2026-12-31"), at("2027-01-01")], [undefined, undefined, 404])
    assert.strictEqual(judge(with_({}), { model: "models/gemini-2.0-flash", now: 0 })?.status, 404)
    taken(with_({}), { models: { ...models, acceptAnyModel: true }, model: "models/m", now: Date.parse("2028-01-01") })
    taken(with_({}), { models: { ...models, acceptAnyModel: true }, model: "models/whatever" })
  })
})

describe("malformed JSON", () => {
  const cases: ReadonlyArray<readonly [text: string, says: string]> = [
    ["not json", "Unexpected token.\nnot json\n^"],
    ["{\"contents\": NaN}", "Unexpected token.\n{\"contents\": NaN}\n             ^"],
    [" ", "Unexpected end of string. Expected a value.\n \n ^"],
    ["{\"a\" 1}", "Expected : between key:value pair.\n{\"a\" 1}\n     ^"],
    ["{\"a\": 1 \"b\": 2}", "Expected , or } after key:value pair.\n{\"a\": 1 \"b\": 2}\n        ^"],
    ["[1 2]", "Expected , or ] after array value.\n[1 2]\n   ^"],
    ["{\"a\": \"b", "Closing quote expected in string.\n{\"a\": \"b\n        ^"],
    ["{,}", "Expected an object key or }.\n{,}\n ^"],
    ["{} x", "Parsing terminated before end of input.\n{} x\n   ^"]
  ]
  for (const [text, says] of cases) {
    it(`${JSON.stringify(text)}`, () => {
      const refusal = judge(text)
      assert.strictEqual(refusal?.body.error.message, `Invalid JSON payload received. ${says}`)
      assert.deepStrictEqual(refusal?.body.error.details, [{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [{ description: `Invalid JSON payload received. ${says}` }]
      }])
    })
  }

  it("trailing commas, single quotes and bare keys are taken", () => {
    taken("{contents: [{'parts': [{\"text\": 'a\\u0041\\n',},],},],}")
  })

  it("a list or a word where the request is due", () => {
    for (const text of ["[]", "\"x\"", "1"]) {
      assert.strictEqual(
        message(text),
        "Invalid JSON payload received. Unknown name \"\": Root element must be a message."
      )
    }
  })

  it("messages nest a hundred deep, no deeper; free objects as deep as they like", () => {
    const nested = (field: string, depth: number) =>
      `{"contents":[{"parts":[{"text":"hi"}]}],"generationConfig":{"${field}":` +
      `${"{\"type\":\"ARRAY\",\"items\":".repeat(depth)}{"type":"STRING"}${"}".repeat(depth)}}}`
    taken(nested("responseSchema", 97))
    assert.strictEqual(
      message(nested("responseSchema", 50_000)),
      "Invalid JSON payload received. Message too deep. Max recursion depth reached for key 'items'"
    )
    taken(nested("responseJsonSchema", 50_000))
  })

  it("every violation is in the message and in BadRequest", () => {
    const refusal = judge({ foo: 1, generationConfig: { bar: 2 } })
    assert.deepStrictEqual(refusal?.body.error, {
      code: 400,
      message: "Invalid JSON payload received. Unknown name \"foo\": Cannot find field.\n" +
        "Invalid JSON payload received. Unknown name \"bar\" at 'generation_config': Cannot find field.",
      status: "INVALID_ARGUMENT",
      details: [{
        "@type": "type.googleapis.com/google.rpc.BadRequest",
        fieldViolations: [
          { description: "Invalid JSON payload received. Unknown name \"foo\": Cannot find field." },
          {
            field: "generation_config",
            description:
              "Invalid JSON payload received. Unknown name \"bar\" at 'generation_config': Cannot find field."
          }
        ]
      }]
    })
  })
})

describe("the query", () => {
  const asked = (query: string, method = "generateContent") =>
    message(with_({}), { method, query: new URLSearchParams(query) })

  it("what every method takes, and the pages of a list", () => {
    assert.isUndefined(asked("alt=sse&key=k&prettyPrint=false&$alt=json;enum-encoding=int&quota_user=a"))
    assert.isUndefined(asked("pageSize=1&page_token=", "models.list"))
  })

  it("anything else cannot be bound", () => {
    assert.strictEqual(
      asked("filter=x", "models.list"),
      "Invalid JSON payload received. Unknown name \"filter\": Cannot bind query parameter. " +
        "Field 'filter' could not be found in request message."
    )
    assert.include(asked("pageSize=1"), "Unknown name \"pageSize\"")
  })
})

describe("the proto validator's lines", () => {
  const lines: ReadonlyArray<readonly [body: unknown, says: string]> = [
    [{}, "* GenerateContentRequest.contents: contents is not specified\n"],
    [{ contents: [] }, "* GenerateContentRequest.contents: contents is not specified\n"],
    [
      { contents: [user, { role: "model", parts: [] }, { parts: [{}] }] },
      "* GenerateContentRequest.contents[1].parts: contents.parts must not be empty.\n" +
      "* GenerateContentRequest.contents[2].parts[0].data: required oneof field 'data' must have one initialized field\n"
    ],
    [
      with_({ systemInstruction: { parts: [{ thought: true }] } }),
      "* GenerateContentRequest.system_instruction.parts[0].data: required oneof field 'data' must have one initialized " +
      "field\n"
    ],
    [
      with_({ tools: declare("ok", "0no") }),
      "* GenerateContentRequest.tools[0].function_declarations[1].name: Invalid function name. Must start with a letter " +
      "or an underscore. Must be alphameric (a-z, A-Z, 0-9), underscores (_), dots (.), colons (:), or dashes (-), with " +
      "a maximum length of 128.\n"
    ],
    [
      with_({ generationConfig: { temperature: 5, maxOutputTokens: -1, responseMimeType: "image/png" } }),
      "* GenerateContentRequest.generation_config.temperature: temperature must be in the range [0.0, 2.0].\n" +
      "* GenerateContentRequest.generation_config.max_output_tokens: max_output_tokens must be positive.\n" +
      "* GenerateContentRequest.generation_config.response_mime_type: allowed mimetypes are `text/plain`, " +
      "`application/json`, `application/xml`, `application/yaml` and `text/x.enum`.\n"
    ],
    [
      with_({
        generationConfig: {
          responseSchema: { type: "OBJECT", properties: { a: { type: "ARRAY" } }, required: ["b"] }
        }
      }),
      "* GenerateContentRequest.generation_config.response_schema.required[0]: property is not defined\n" +
      "* GenerateContentRequest.generation_config.response_schema.properties[a].items: missing field.\n"
    ],
    [
      with_({ safetySettings: [{ category: "HARM_CATEGORY_VIOLENCE", threshold: "OFF" }] }),
      "* GenerateContentRequest.safety_settings[0]: element predicate failed: $.category in " +
      "(HarmCategory.HARM_CATEGORY_HATE_SPEECH, HarmCategory.HARM_CATEGORY_SEXUALLY_EXPLICIT, " +
      "HarmCategory.HARM_CATEGORY_DANGEROUS_CONTENT, HarmCategory.HARM_CATEGORY_HARASSMENT, " +
      "HarmCategory.HARM_CATEGORY_CIVIC_INTEGRITY)\n"
    ]
  ]
  for (const [body, says] of lines) it(says.split("\n")[0] ?? "", () => assert.strictEqual(message(body), says))

  const at = "GenerateContentRequest.generation_config.response_schema.properties[a]"
  const schemas: ReadonlyArray<readonly [schema: unknown, ...says: ReadonlyArray<string>]> = [
    [{}, `${at}.type: must be specified when not using one_of, any_of or all_of fields`],
    [{ type: "OBJECT" }, `${at}.properties: should be non-empty for OBJECT type`],
    [{ type: "OBJECT", properties: {} }, `${at}.properties: should be non-empty for OBJECT type`],
    [{ type: "STRING", properties: { b: { type: "STRING" } } }, `${at}.properties: only allowed for OBJECT type`],
    [
      { type: "STRING", required: ["b"] },
      `${at}.required: only allowed for OBJECT type`,
      `${at}.required[0]: property is not defined`
    ],
    [
      { type: "OBJECT", properties: { b: { type: "STRING" } }, required: ["toString"] },
      `${at}.required[0]: property is not defined`
    ],
    [{ type: "STRING", items: { type: "STRING" } }, `${at}.items: field predicate failed: $type == Type.ARRAY`],
    [
      { type: "ARRAY", items: {} },
      `${at}.items.type: must be specified when not using one_of, any_of or all_of fields`
    ],
    [{ type: "STRING", format: "uri" }, `${at}.format: only 'enum' and 'date-time' are supported for STRING type`],
    [{ type: "STRING", format: "date" }, `${at}.format: only 'enum' and 'date-time' are supported for STRING type`],
    [{ type: "STRING", enum: ["a", ""] }, `${at}.enum[1]: cannot be empty`],
    [{ type: "INTEGER", enum: ["1"] }, `${at}.enum: only allowed for STRING type`],
    [
      { type: "STRING", format: "enum", enum: [] },
      `${at}.enum: should be non-empty for STRING type with enum format`
    ],
    [
      { anyOf: [{ type: "STRING" }, { type: "OBJECT" }] },
      `${at}.any_of[1].properties: should be non-empty for OBJECT type`
    ]
  ]
  for (const [schema, ...says] of schemas) {
    it(`a schema ${JSON.stringify(schema)}: ${says.join(", ")}`, () => {
      const responseSchema = { type: "OBJECT", properties: { a: schema } }
      assert.strictEqual(
        message(with_({ generationConfig: { responseSchema } })),
        says.map((line) => `* ${line}\n`).join("")
      )
    })
  }

  it("an outermost object may be empty, as functions without parameters are declared", () => {
    taken(with_({ tools: [{ functionDeclarations: [{ name: "a", parameters: { type: "OBJECT", properties: {} } }] }] }))
    taken(with_({ generationConfig: { responseSchema: { type: "OBJECT" } } }))
  })

  it("a schema of every kind that is known is taken, by its type in either case", () => {
    const a = { type: "STRING" }
    for (
      const schema of [
        { type: "STRING", format: "date-time" },
        { type: "STRING", format: "enum", enum: ["a"] },
        { type: "STRING", enum: ["a"] },
        { type: "string", format: "" },
        { type: "INTEGER", format: "int64" },
        { type: "NUMBER", format: "float", minimum: 1 },
        { type: "ARRAY", items: a, maxItems: 3 },
        { type: "OBJECT", properties: { a }, required: ["a"] },
        { anyOf: [a, { type: "NULL" }], nullable: true, description: "either" }
      ]
    ) taken(with_({ generationConfig: { responseSchema: { type: "object", properties: { a: schema } } } }))
  })

  it("countTokens: contents, or a whole request that names its model", () => {
    const options = { method: "countTokens" }
    assert.strictEqual(message({}, options), "* CountTokensRequest.contents: contents is not specified\n")
    assert.strictEqual(
      message({ generateContentRequest: { contents: [user] } }, options),
      "* CountTokensRequest.generate_content_request.model: model is not specified\n"
    )
    taken({ generateContentRequest: { model: "models/gemini-3.8-flash", contents: [user] } }, options)
  })

  it("a batch of embeddings: every request names the model of the URL, at most 100 of them", () => {
    const options = { method: "batchEmbedContents", model: "models/gemini-embedding-2" }
    const one = (model?: string) => ({ model, content: { parts: [{ text: "a" }] } })
    const path = "* BatchEmbedContentsRequest.requests"
    assert.strictEqual(message({ requests: [one()] }, options), `${path}[0].model: model is not specified\n`)
    assert.strictEqual(
      message({ requests: [one("gemini-embedding-2")] }, options),
      `${path}[0].model: unexpected model name format\n`
    )
    assert.include(message({ requests: [one("models/gemini-embedding-001")] }, options), `${path}[0].model: `)
    assert.include(
      message({ requests: Array.from({ length: 101 }, () => one("models/gemini-embedding-2")) }, options),
      `${path}: at most 100 requests can be in one batch\n`
    )
    taken({ requests: [one("models/gemini-embedding-2")] }, options)
  })
})

describe("what a part says", () => {
  const empty = "Unable to submit request because it has an empty text parameter. Add a value to the parameter"
  const unsupported = "Unsupported MIME type: application/octet-stream"
  const file = (fileUri: string, mimeType?: string) => ({
    fileData: mimeType === undefined ? { fileUri } : { fileUri, mimeType }
  })
  const said = (...parts: ReadonlyArray<unknown>) => message({ contents: [{ role: "user", parts }] })

  it("nothing, of the user: refused; of the model or the system, and beside a signature: taken", () => {
    assert.include(said({ text: "" }), empty)
    assert.include(said({ text: "hi" }, { text: "" }), empty)
    assert.include(message({ contents: [{ parts: [{ text: "" }] }] }), empty)
    assert.include(said({ text: "", thoughtSignature: "" }), empty)
    taken({ contents: [user, model({ text: "" }), user] })
    taken(with_({ systemInstruction: { parts: [{ text: "" }] } }))
    assert.isUndefined(said({ text: " " }, { text: "", thoughtSignature: "c2ln" }))
  })

  it("that a YouTube link is octets: refused; a link without a type, and octets elsewhere: taken", () => {
    const octets = "application/octet-stream"
    for (const at of ["www.youtube.com/watch?v=a", "youtu.be/a", "m.youtube.com/shorts/a", "youtube.com/live/a"]) {
      assert.strictEqual(said(file(`https://${at}`, octets)), unsupported)
      assert.isUndefined(said(file(`https://${at}`)))
      assert.isUndefined(said(file(`https://${at}`, "video/*")))
    }
    assert.isUndefined(said(file("https://notyoutube.com/a", octets)))
    assert.isUndefined(said(file("https://generativelanguage.googleapis.com/v1beta/files/a", octets)))
  })
})

describe("roles and turns", () => {
  const tools = declare("a", "b")
  const turns = (...contents: ReadonlyArray<unknown>) => message({ contents, tools }, old)
  const order =
    "Please ensure that function call turn comes immediately after a user turn or after a function response turn."
  const answered = "Please ensure that function response turn comes immediately after a function call turn."
  const number =
    "Please ensure that the number of function response parts is equal to the number of function call parts " +
    "of the function call turn."

  it("roles are user, model, function, or none", () => {
    for (const role of ["user", "model", "function", undefined, ""]) taken({ contents: [{ ...user, role }, user] })
    for (const role of ["system", "assistant", "User"]) {
      assert.strictEqual(message({ contents: [{ ...user, role }] }), "Please use a valid role: user, model.")
    }
  })

  it("a single turn is the user's", () => {
    const single = "Please ensure that single turn requests end with a user role or the role field is empty."
    assert.strictEqual(turns(model({ text: "a" }), model({ text: "b" })), single)
    assert.isUndefined(turns({ parts: [{ text: "a" }] }))
    assert.isUndefined(turns(user, model({ text: "and then" })))
  })

  it("a conversation does not begin with a call", () => assert.strictEqual(turns(model(call("a")), reply("a")), order))

  it("a response follows a call", () => {
    assert.strictEqual(turns(reply("a")), answered)
    assert.strictEqual(turns(user, model({ text: "no" }), reply("a")), answered)
  })

  it("as many responses as calls", () => {
    assert.strictEqual(turns(user, model(call("a"), call("b")), reply("a")), number)
    assert.strictEqual(turns(user, model(call("a")), user), number)
    assert.isUndefined(turns(user, model(call("a"), call("b")), reply("a", "b")))
  })

  it("contents of one side in a row are one turn", () => {
    assert.isUndefined(turns(user, model(call("a")), model(call("b")), reply("a"), reply("b")))
  })

  it("calls that the server's own tools answered in the model's turn wait for nothing", () => {
    const answer = { functionResponse: { name: "a", response: {} } }
    assert.isUndefined(turns(user, model(call("a"), answer, { text: "done" }), user))
  })
})

describe("thought signatures", () => {
  const tools = declare("a", "b")
  const missing = (name: string, position: number) =>
    "Function call is missing a thought_signature in functionCall parts. This is required for tools to work correctly, " +
    `and missing thought_signature may lead to degraded model performance. Additional data, function call ` +
    `\`default_api:${name}\` , position ${position}. Please refer to ` +
    "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
  const said = (contents: ReadonlyArray<unknown>, options: Partial<Judge.Input> = {}) =>
    message({ contents, tools }, options)

  it("the first of parallel calls carries one, the others need none", () => {
    assert.isUndefined(said([user, model(call("a", "c2ln"), call("b")), reply("a", "b")]))
    assert.strictEqual(said([user, model(call("a"), call("b", "c2ln")), reply("a", "b")]), missing("a", 2))
  })

  it("every step of the current turn is looked at", () => {
    assert.strictEqual(
      said([user, model(call("a", "c2ln")), reply("a"), model(call("b")), reply("b")]),
      missing("b", 4)
    )
  })

  it("earlier turns are not", () => {
    assert.isUndefined(said([user, model(call("a")), reply("a"), model({ text: "done" }), user]))
  })

  it("models that do not demand them never miss them", () => {
    assert.isUndefined(said([user, model(call("a")), reply("a")], old))
  })

  it("the stand-ins for calls that no model made are taken, plain and in base64", () => {
    for (const dummy of ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"]) {
      for (const text of [dummy, btoa(dummy)]) {
        assert.isUndefined(said([user, model(call("a", text)), reply("a")], { isIssued: () => false }))
      }
    }
  })

  it("one that was not given out is corrupt, where what was given out is known", () => {
    const contents = [user, model(call("a", "c2ln")), reply("a")]
    assert.strictEqual(said(contents, { isIssued: () => false }), "Corrupted thought signature.")
    assert.isUndefined(said(contents, { isIssued: (signature) => signature === "c2ln" }))
  })

  it("one that is not base64 is a mistyped field", () => {
    assert.strictEqual(
      said([user, model(call("a", "%")), reply("a")]),
      "Invalid value at 'contents[1].parts[0].thought_signature' (TYPE_BYTES), Base64 decoding failed for \"%\""
    )
  })
})

describe("options that exclude each other, or that the model does not take", () => {
  const thinking = (thinkingConfig: object) => with_({ generationConfig: { thinkingConfig } })
  const schema = { type: "OBJECT", properties: { a: { type: "STRING" } } }
  const search = { googleSearch: {} }
  const calling = (functionCallingConfig: object, tools?: unknown) =>
    with_({ toolConfig: { functionCallingConfig }, tools })
  const cached = "CachedContent can not be used with GenerateContent request setting system_instruction, tools or " +
    "tool_config.\n\nProposed fix: move those values to CachedContent from GenerateContent request."
  const cases: ReadonlyArray<readonly [title: string, body: unknown, says: string | undefined, options?: object]> = [
    [
      "thinking budget with thinking level",
      thinking({ thinkingBudget: 1, thinkingLevel: "LOW" }),
      "You can only set only one of thinking budget and thinking level."
    ],
    [
      "a level below the model's",
      thinking({ thinkingLevel: "MINIMAL" }),
      "Thinking level MINIMAL is not supported for this model. Please retry with other thinking level."
    ],
    ["a level the model has", thinking({ thinkingLevel: "low" }), undefined],
    [
      "a level before Gemini 3",
      thinking({ thinkingLevel: "LOW" }),
      "Thinking level is not supported for this model.",
      old
    ],
    [
      "a budget out of range",
      thinking({ thinkingBudget: 32_000 }),
      "The thinking budget 32000 is invalid. Please choose a value between 0 and 24576.",
      old
    ],
    ["no thinking where it can be off", thinking({ thinkingBudget: 0 }), undefined, old],
    [
      "no thinking where it cannot",
      thinking({ thinkingBudget: 0 }),
      "Budget 0 is invalid. This model only works in thinking mode.",
      pro
    ],
    ["a dynamic budget", thinking({ thinkingBudget: -1 }), undefined, pro],
    [
      "a cache with a system instruction",
      with_({ cachedContent: "cachedContents/a", systemInstruction: user }),
      cached
    ],
    ["a cache with tools", with_({ cachedContent: "cachedContents/a", tools: [search] }), cached],
    ["a cache with tool settings", with_({ cachedContent: "cachedContents/a", toolConfig: {} }), cached],
    ["a cache alone", with_({ cachedContent: "cachedContents/a" }), undefined],
    [
      "two response schemas",
      with_({ generationConfig: { responseSchema: schema, responseJsonSchema: {} } }),
      general
    ],
    [
      "two kinds of parameters",
      with_({
        tools: [{ functionDeclarations: [{ name: "a", parameters: schema, parametersJsonSchema: {} }] }]
      }),
      general
    ],
    ["a function twice", with_({ tools: declare("a", "a") }), "Duplicate function declaration found: a"],
    ["six stop sequences", with_({ generationConfig: { stopSequences: ["1", "2", "3", "4", "5", "6"] } }), general],
    ["nine candidates", with_({ generationConfig: { candidateCount: 9 } }), general],
    ["logprobs without responseLogprobs", with_({ generationConfig: { logprobs: 3 } }), general],
    ["logprobs with it", with_({ generationConfig: { logprobs: 3, responseLogprobs: true } }), undefined],
    [
      "a safety category twice",
      with_({
        safetySettings: ["OFF", "BLOCK_NONE"].map((threshold) => ({ category: "HARM_CATEGORY_HARASSMENT", threshold }))
      }),
      general
    ],
    [
      "calling settings without functions",
      calling({ mode: "ANY" }),
      "Function calling config is set without function_declarations."
    ],
    ["calling settings with a built-in tool", calling({ mode: "AUTO" }, [search]), undefined],
    [
      "the same before Gemini 3",
      calling({ mode: "AUTO" }, [search]),
      "Function calling config is set without function_declarations.",
      old
    ],
    ["allowed names with AUTO", calling({ mode: "AUTO", allowedFunctionNames: ["a"] }, declare("a")), general],
    ["allowed names with ANY", calling({ mode: "ANY", allowedFunctionNames: ["a"] }, declare("a")), undefined],
    [
      "an allowed name that is not declared",
      calling({ mode: "ANY", allowedFunctionNames: ["b"] }, declare("a")),
      general
    ],
    [
      "functions and a built-in tool before Gemini 3",
      with_({ tools: [search, ...declare("a")] }),
      "Tool use with function calling is unsupported",
      old
    ],
    [
      "functions and a built-in tool, unannounced",
      with_({ tools: [search, ...declare("a")] }),
      "Please enable tool_config.include_server_side_tool_invocations to use Built-in tools with Function calling."
    ],
    [
      "functions and a built-in tool, announced",
      with_({ tools: [search, ...declare("a")], toolConfig: { includeServerSideToolInvocations: true } }),
      undefined
    ],
    [
      "functions and JSON before Gemini 3",
      with_({ tools: declare("a"), generationConfig: { responseMimeType: "application/json" } }),
      "Function calling with a response mime type: 'application/json' is unsupported",
      old
    ]
  ]
  for (const [title, body, says, options] of cases) {
    it(title, () => assert.strictEqual(message(body, options), says))
  }
})

describe("models.list", () => {
  const list = (query: string) => ModelPages.list(ModelTable.current, new URLSearchParams(query), now)
  const served = ModelTable.served(ModelTable.current, now)

  it("pages of any size give every model once, in order, and end without a token", () => {
    for (const size of [1, 2, 7, 50, 1000, 5000]) {
      const names: Array<string> = []
      let token: string | undefined = ""
      for (let page = 0; token !== undefined && page < 200; page++) {
        const answer = list(`pageSize=${size}&pageToken=${token}`)
        assert.isUndefined(answer.refusal)
        assert.isAtMost(answer.body.models.length, Math.min(size, 1000))
        names.push(...answer.body.models.map((model) => model.name))
        token = answer.body.nextPageToken
      }
      assert.deepStrictEqual(names, served.map((model) => model.name))
    }
  })

  it("fifty unless told, none retired", () => {
    const answer = list("")
    assert.isUndefined(answer.refusal)
    assert.strictEqual(answer.body.models.length, 50)
    assert.notInclude(served.map((model) => model.name), "models/gemini-2.0-flash")
  })

  it("a token or a size that is none is refused", () => {
    for (const query of ["pageToken=nonsense", "pageToken=%25", "pageSize=x", "pageSize=-1"]) {
      assert.strictEqual(list(query).refusal?.status, 400)
    }
  })
})
