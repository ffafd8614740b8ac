/** Tools of MCP servers at their edges: each kind of block, each failure, each hint. The server answers within the process. */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiMcp from "effect-gemini-ai/GeminiMcp"
import * as McpClient from "effect/ai/McpClient"
import { McpClientError, TransportError } from "effect/ai/McpClientError"
import * as McpProtocol from "effect/ai/McpProtocol"
import * as Tool from "effect/ai/Tool"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"

interface Served {
  readonly tools: ReadonlyArray<object>
  readonly call?: (params: unknown) => object | undefined
}

const schema = { type: "object", properties: {} }

/** A client of a server with these tools; a call for which it has no result loses the connection. */
const connected = ({ call = () => ({ content: [] }), tools }: Served) =>
  McpClient.make({ name: "tests", version: "0" }).pipe(
    Effect.provideService(McpClient.Transport, {
      "~effect/ai/McpClient/Transport": "~effect/ai/McpClient/Transport",
      protocol: McpProtocol.v2025_11_25,
      isCallable: () => true,
      notify: () => Effect.void,
      request: ({ id, method, params }) => {
        const result = method === "initialize"
          ? { protocolVersion: "2025-11-25", capabilities: { tools: {} }, serverInfo: { name: "s", version: "0" } }
          : method === "tools/list"
          ? { tools: tools.map((tool) => ({ inputSchema: schema, ...tool })) }
          : call(params)
        return result === undefined
          ? Effect.fail(new McpClientError({ reason: new TransportError({ description: "gone", cause: undefined }) }))
          : Effect.succeed({ jsonrpc: "2.0", id, result })
      }
    })
  )

/** What a call of the one tool of a server gives. */
const called = (result: object | undefined, params: unknown = {}) =>
  Effect.gen(function*() {
    const asked: Array<unknown> = []
    const client = yield* connected({
      tools: [{ name: "a" }],
      call: (params) => {
        asked.push(params)
        return result
      }
    })
    const toolkit = yield* GeminiMcp.toolkit({ "s/": client })
    const [handled] = yield* Stream.runCollect(yield* toolkit.handle("s/a", params))
    return { asked, handled: handled ?? assert.fail("there is no result") }
  })

const data = Buffer.from("abc").toString("base64")
const bytes = new Uint8Array(Buffer.from("abc"))

describe("a result, as the model sees it", () => {
  const blocks: ReadonlyArray<readonly [title: string, result: object, parts: ReadonlyArray<object>]> = [
    ["a text", { content: [{ type: "text", text: "a" }] }, [{ type: "text", text: "a" }]],
    ["an image", { content: [{ type: "image", mimeType: "image/png", data }] }, [
      { type: "file", mediaType: "image/png", data: bytes }
    ]],
    ["a sound", { content: [{ type: "audio", mimeType: "audio/wav", data }] }, [
      { type: "file", mediaType: "audio/wav", data: bytes }
    ]],
    ["a text of a resource", { content: [{ type: "resource", resource: { uri: "f:a", text: "b" } }] }, [
      { type: "text", text: "b" }
    ]],
    [
      "bytes of a resource",
      { content: [{ type: "resource", resource: { uri: "f:a", blob: data, mimeType: "a/b" } }] },
      [{ type: "file", mediaType: "a/b", data: bytes }]
    ],
    ["bytes of no kind", { content: [{ type: "resource", resource: { uri: "f:a", blob: data } }] }, [
      { type: "file", mediaType: "application/octet-stream", data: bytes }
    ]],
    ["a link", { content: [{ type: "resource_link", name: "n", uri: "f:a" }] }, [{ type: "text", text: "n: f:a" }]],
    ["nothing", { content: [] }, []],
    ["a value alone", { content: [], structuredContent: { a: 1 } }, [{ type: "text", text: "{\"a\":1}" }]],
    ["a value beside a text", { content: [{ type: "text", text: "a" }], structuredContent: { a: 1 } }, [
      { type: "text", text: "a" }
    ]]
  ]
  for (const [title, result, parts] of blocks) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const { handled } = yield* called(result)
        assert.isFalse(handled.isFailure)
        assert.deepStrictEqual(
          handled.modelOutput?.map((part) =>
            part.type === "text"
              ? { type: part.type, text: part.text }
              : part.type === "file"
              ? { type: part.type, mediaType: part.mediaType, data: part.data }
              : part
          ),
          parts
        )
      }).pipe(Effect.scoped))
  }
})

describe("a failure, as the model is told of it", () => {
  const failures: ReadonlyArray<readonly [title: string, result: object | undefined, failure: object]> = [
    ["in words", { isError: true, content: [{ type: "text", text: "a" }, { type: "text", text: "b" }] }, {
      reason: "ToolError",
      description: "a\nb"
    }],
    ["in no words", { isError: true, content: [{ type: "image", mimeType: "a/b", data }] }, {
      reason: "ToolError",
      description: "the tool failed"
    }],
    ["of the connection", undefined, { reason: "TransportError" }]
  ]
  for (const [title, result, failure] of failures) {
    it.effect(title, () =>
      Effect.gen(function*() {
        const { handled } = yield* called(result)
        assert.isTrue(handled.isFailure)
        assert.deepInclude(handled.result, { server: "s/", ...failure })
      }).pipe(Effect.scoped))
  }

  it.effect("that a result says is none is none", () =>
    Effect.gen(function*() {
      assert.isFalse((yield* called({ isError: false, content: [] })).handled.isFailure)
    }).pipe(Effect.scoped))
})

it.effect("the arguments go out as they are, under the name that the server knows, and what is no object as none", () =>
  Effect.gen(function*() {
    assert.deepStrictEqual((yield* called({ content: [] }, { x: 1 })).asked, [{ name: "a", arguments: { x: 1 } }])
    for (const none of ["text", null, [1]]) {
      assert.deepStrictEqual((yield* called({ content: [] }, none)).asked, [{ name: "a", arguments: {} }])
    }
  }).pipe(Effect.scoped))

describe("the tools of several servers", () => {
  it.effect("have their prefixes, descriptions and schemas, and two of one name are refused", () =>
    Effect.gen(function*() {
      const inputSchema = { type: "object", properties: { x: { type: "string" } } }
      const one = yield* connected({ tools: [{ name: "a", description: "does a", inputSchema }, { name: "b" }] })
      const other = yield* connected({ tools: [{ name: "a" }] })
      const { tools } = yield* GeminiMcp.toolkit({ "one/": one, "": other })
      assert.deepStrictEqual(Object.keys(tools), ["one/a", "one/b", "a"])
      assert.strictEqual(tools["one/a"]?.description, "does a")
      assert.deepStrictEqual(tools["one/a"] === undefined ? undefined : Tool.getJsonSchema(tools["one/a"]), inputSchema)
      const clash = yield* connected({ tools: [{ name: "/a" }] })
      const error = yield* Effect.flip(GeminiMcp.toolkit({ "one/": one, one: clash }))
      assert.deepInclude(error.reason, {
        _tag: "ConfigurationError",
        description: "two tools are called one/a: give the servers prefixes"
      })
    }).pipe(Effect.scoped))

  const hints: ReadonlyArray<readonly [hints: object | undefined, trusted: string, untrusted: string]> = [
    [undefined, "", ""],
    [{}, "destructive", "destructive"],
    [{ destructiveHint: false }, "", ""],
    [{ destructiveHint: true, readOnlyHint: false, idempotentHint: false }, "destructive", "destructive"],
    [{ destructiveHint: false, readOnlyHint: true }, "readonly", ""],
    [{ destructiveHint: false, idempotentHint: true }, "idempotent", ""],
    [
      { destructiveHint: true, readOnlyHint: true, idempotentHint: true },
      "destructive readonly idempotent",
      "destructive"
    ]
  ]
  it.effect.each(hints)(
    "have the hints of a server that is trusted, and of any other that a tool destroys: %j",
    (row) =>
      Effect.gen(function*() {
        const [annotations, trusted, untrusted] = row
        const client = yield* connected({
          tools: [{ name: "a", ...(annotations === undefined ? {} : { annotations }) }]
        })
        const marks = (trustHints: boolean | ReadonlyArray<string> | undefined) =>
          Effect.map(GeminiMcp.toolkit({ "s/": client }, { trustHints }), ({ tools }) => {
            const is = (annotation: typeof Tool.Readonly) =>
              tools["s/a"]?.annotations.mapUnsafe.get(annotation.key) === true
            return [
              ...(is(Tool.Destructive) ? ["destructive"] : []),
              ...(is(Tool.Readonly) ? ["readonly"] : []),
              ...(is(Tool.Idempotent) ? ["idempotent"] : [])
            ].join(" ")
          })
        assert.deepStrictEqual(
          [
            yield* marks(true),
            yield* marks(["x", "s/"]),
            yield* marks(false),
            yield* marks([]),
            yield* marks(undefined)
          ],
          [trusted, trusted, untrusted, untrusted, untrusted]
        )
      }).pipe(Effect.scoped)
  )
})
