/**
 * What of interactions is only sums and words, at its edges: bodies as they are sent, what errors mean, how far a stream
 * was followed, steps in pieces, and what is read out of an interaction.
 */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type { Delta } from "effect-gemini/interactions/Delta"
import * as Interaction from "effect-gemini/interactions/Interaction"
import * as InteractionEvent from "effect-gemini/interactions/InteractionEvent"
import type { Request } from "effect-gemini/interactions/InteractionRequest"
import * as InteractionTools from "effect-gemini/interactions/InteractionTools"
import * as Step from "effect-gemini/interactions/Step"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as ErrorCode from "../../src/internal/interactions/errorCode.ts"
import * as Body from "../../src/internal/interactions/requestBody.ts"
import { StepFold } from "../../src/internal/interactions/StepFold.ts"
import { Trail } from "../../src/internal/interactions/Trail.ts"
import { added } from "../../src/internal/interactions/usageSum.ts"

type Event = InteractionEvent.InteractionEvent
const event = (event: object) => event as Event

describe("the body of a create", () => {
  const model = "gemini-3.8-flash"
  const prepared = (request: object) => Body.prepare(request as Request)
  const body = (request: object) => Result.getOrThrow(prepared(request)).body
  const refused = (request: object) => {
    const result = prepared(request)
    return Result.isFailure(result) ? result.failure.field : undefined
  }

  it("has the bare name of its model or agent, and an agent works in the background unless told otherwise", () => {
    assert.deepStrictEqual(body({ model: `models/${model}`, input: "a", stream: true }), { model, input: "a" })
    assert.deepStrictEqual(body({ agent: "deep", input: "a" }), { agent: "deep", input: "a", background: true })
    assert.deepStrictEqual(body({ agent: "deep", input: "a", background: false }).background, false)
    assert.deepStrictEqual(body({ agent: "deep", input: "a", background: undefined }).background, true)
    assert.strictEqual(Result.getOrThrow(prepared({ agent: "deep", input: "a" })).target, "deep")
    const rows: ReadonlyArray<readonly [request: object, field: string]> = [
      [{}, "model"],
      [{ model: null }, "model"],
      [{ model: "no model" }, "model"],
      [{ agent: "no agent" }, "agent"],
      [{ model, input: "a", tools: {} }, "tools"],
      [{ model, input: "a", temperature: 1, generation_config: 5 }, "generation_config"]
    ]
    for (const [request, field] of rows) assert.strictEqual(refused(request), field, JSON.stringify(request))
    assert.strictEqual(refused(undefined as never), "model")
  })

  it("uncovers the headers of remote tools, and leaves the others as they are", () => {
    const headers = { a: "plain", b: Redacted.make("secret") }
    const remote = { type: "mcp_server", name: "n", url: "u" }
    assert.deepStrictEqual<unknown>(
      body({
        model,
        input: "a",
        tools: [{ ...remote, headers }, { ...remote, headers: null }, { type: "google_search" }]
      })
        .tools,
      [{ ...remote, headers: { a: "plain", b: "secret" } }, remote, { type: "google_search" }]
    )
    for (const tools of [null, undefined]) assert.isFalse("tools" in body({ model, input: "a", tools }))
    assert.deepStrictEqual(body({ model, input: "a", tools: [] }).tools, [])
  })

  it("is refused for what contradicts itself, each by its field", () => {
    const fields = (body: object) => Body.violations(body as Body.InteractionPost).map(({ field }) => field)
    const input = "a"
    const rows: ReadonlyArray<readonly [body: object, fields: ReadonlyArray<string>]> = [
      [{ model, input }, []],
      [{ model, agent: null, input, agent_config: null, generation_config: {} }, []],
      [{ model, agent: "a", input }, ["agent"]],
      [{ agent: "a", input, generation_config: {} }, ["generation_config"]],
      [{ model, input, agent_config: {} }, ["agent_config"]],
      [{ agent: "a", input, agent_config: {} }, []],
      [{ model, input, store: false }, []],
      [{ model, input, store: false, background: true }, ["store"]],
      [{ agent: "a", input, store: false, background: true }, ["store"]],
      [{ model, input, store: false, background: false }, []],
      [{ model, input, store: true, background: true, previous_interaction_id: "p" }, []],
      [{ model, input, store: false, previous_interaction_id: "p" }, ["store"]],
      [{ model }, ["input"]],
      [{ model, continuation_token: "t" }, []],
      [{ model, input: null }, ["input"]],
      [{ model, input: [{ type: "function_result", call_id: "c" }, { type: "text" }] }, []],
      [{ model, input: [{ type: "text" }, { type: "function_result" }, { type: "function_result", call_id: "" }] }, [
        "input[1].call_id",
        "input[2].call_id"
      ]]
    ]
    for (const [body, expected] of rows) assert.deepStrictEqual(fields(body), expected, JSON.stringify(body))
    const words = (body: object) => Body.violations(body as Body.InteractionPost)[0]?.description
    assert.include(words({ agent: "a", input, store: false, background: true }), "an agent")
    assert.notInclude(words({ model, input, store: false, background: true }), "an agent")
  })

  it("goes on from a token as the interaction that gave it, or with its input where nothing is stored", () => {
    const post = { model, input: "a" } as Body.InteractionPost
    assert.strictEqual(Body.continued(post, undefined, "v1"), post)
    assert.deepStrictEqual<object>(Body.continued(post, "t", "v1"), {
      model,
      continuation_token: "t",
      previous_interaction_id: "v1"
    })
    assert.deepStrictEqual<object>(Body.continued(post, "t", undefined), { ...post, continuation_token: "t" })
    assert.deepStrictEqual<object>(Body.continued({ ...post, store: false }, "t", "v1"), {
      ...post,
      store: false,
      continuation_token: "t"
    })
    const is = (more: object) => {
      const body = { ...post, ...more } as Body.InteractionPost
      return [Body.isStateless(body), Body.isBackground(body), Body.isAgent(body)]
    }
    assert.deepStrictEqual(is({}), [false, false, false])
    assert.deepStrictEqual(is({ store: null, background: null, agent: null, agent_config: null }), [
      false,
      false,
      false
    ])
    assert.deepStrictEqual(is({ store: false, background: true, agent: "a" }), [true, true, true])
    assert.deepStrictEqual(is({ store: true, background: false, agent_config: {} }), [false, false, true])
  })

  it("costs as much as the generation that it is like", () => {
    const like = (more: object) => Body.like({ model, ...more } as Body.InteractionPost)
    const parts = (input: unknown) => like({ input }).contents[0]?.parts
    assert.deepStrictEqual(parts("a"), [{ text: "a" }])
    assert.deepStrictEqual([parts(undefined), parts(null), parts([])], [[], [], []])
    const image = { type: "image", mime_type: "image/png" }
    assert.deepStrictEqual(
      parts([
        { type: "text", text: "a" },
        { type: "text", text: null },
        { ...image, data: "AA==" },
        { ...image, uri: "u" },
        { type: "audio", data: "", uri: "" },
        { type: "video", data: "AA==", uri: "u" }
      ]),
      [
        { text: "a" },
        { text: "" },
        { inlineData: { mimeType: "image/png", data: "AA==" } },
        { fileData: { mimeType: "image/png", fileUri: "u" } },
        { inlineData: { mimeType: "video/", data: "AA==" } }
      ]
    )
    const step = { type: "user_input", content: [{ type: "text", text: "b" }, 5] }
    assert.deepStrictEqual(parts(step), [{ text: "b" }])
    assert.deepStrictEqual(
      parts([step, { type: "function_result", call_id: "c", result: [{ type: "text", text: "r" }] }]),
      [
        { text: "b" },
        { text: "r" }
      ]
    )
    const plain = { type: "function_result", call_id: "c", result: { a: 1 } }
    assert.deepStrictEqual(parts([plain]), [{ text: JSON.stringify(plain) }])
    assert.deepStrictEqual(like({ input: "a" }), { contents: [{ parts: [{ text: "a" }] }] })
    assert.deepStrictEqual(
      like({
        input: "a",
        system_instruction: "s",
        cached_content: "c",
        generation_config: { max_output_tokens: "7" },
        tools: [
          { type: "function", name: "f", description: "d", parameters: { type: "object" } },
          { type: "function" },
          { type: "file_search", file_search_store_names: ["s"] },
          { type: "file_search" },
          { type: "google_search" },
          { type: "google_maps" },
          { type: "mcp_server" }
        ]
      }),
      {
        contents: [{ parts: [{ text: "a" }] }],
        systemInstruction: { parts: [{ text: "s" }] },
        cachedContent: "c",
        generationConfig: { maxOutputTokens: 7 },
        tools: [
          { functionDeclarations: [{ name: "f", description: "d", parametersJsonSchema: { type: "object" } }] },
          { functionDeclarations: [{ name: "", description: "", parametersJsonSchema: undefined }] },
          { fileSearch: { fileSearchStoreNames: ["s"] } },
          { fileSearch: { fileSearchStoreNames: [] } },
          { googleSearch: {} },
          { googleMaps: {} }
        ]
      }
    )
    assert.isFalse("tools" in like({ input: "a", tools: [] }))
    assert.isFalse("generationConfig" in like({ input: "a", generation_config: {} }))
  })

  it("names the interaction and the environment that only their member has", () => {
    const held = (more: object) => Body.heldBy({ model, ...more } as Body.InteractionPost)
    assert.deepStrictEqual(held({}), [])
    assert.deepStrictEqual(held({ previous_interaction_id: "", environment: "remote" }), [])
    assert.deepStrictEqual(held({ previous_interaction_id: "p", environment: "e" }), [
      { field: "previous_interaction_id", resource: "interactions/p" },
      { field: "environment", resource: "environments/e" }
    ])
    assert.deepStrictEqual(held({ environment: { environment_id: "e" } }), [
      { field: "environment", resource: "environments/e" }
    ])
    assert.deepStrictEqual(held({ environment: {} }), [])
  })
})

describe("an error by its name", () => {
  it("is of the status that the name stands for, and says what the server said", () => {
    const of = (error: object | null) =>
      ErrorCode.ofEvent({ method: "interactions.stream" }, { event_type: "error", error } as never)
    const rows: ReadonlyArray<readonly [code: string | undefined, tag: string]> = [
      ["invalid_request", "InvalidRequest"],
      ["authentication", "Unauthenticated"],
      ["permission_denied", "Unauthenticated"],
      ["not_found", "NotFound"],
      ["rate_limit_exceeded", "RateLimited"],
      ["service_unavailable", "Overloaded"],
      ["404", "NotFound"],
      ["never heard of", "ServerError"],
      ["", "ServerError"],
      [undefined, "ServerError"],
      ["content_blocked", "ResponseBlocked"],
      ["safety", "ResponseBlocked"],
      ["malformed_tool_call", "ToolCallRejected"]
    ]
    for (const [code, tag] of rows) {
      const { message, reason } = of({ ...(code === undefined ? {} : { code }), message: "because" })
      assert.strictEqual(reason._tag, tag, code)
      assert.include(message, "because")
    }
    assert.include(of(null).message, "does not say why")
    const blocked = of({ code: "safety", message: "m" }).reason
    assert.deepStrictEqual(blocked, new Reason.ResponseBlocked({ finishReason: "SAFETY", description: "m" }))
  })

  it("stays as it is where its name says nothing more", () => {
    const plain = new GeminiError({ method: "m", attempts: [], reason: new Reason.Overloaded({}) })
    assert.strictEqual(ErrorCode.judged(plain), plain)
    const named = new GeminiError({
      method: "m",
      attempts: [],
      reason: new Reason.InvalidRequest({ fields: [] }),
      googleStatus: "content_blocked"
    })
    assert.deepStrictEqual(
      ErrorCode.judged(named).reason,
      new Reason.ResponseBlocked({ finishReason: "CONTENT_BLOCKED" })
    )
  })
})

describe("what several requests used", () => {
  it("is added up by its counts, and by kind where there are several; other fields are the later one's", () => {
    const one = {
      total_input_tokens: 1,
      total_tokens: "2" as never,
      input_tokens_by_modality: [{ modality: "text", tokens: 1 }]
    }
    assert.deepStrictEqual([added(undefined, null), added(one, null), added(undefined, one)], [undefined, one, one])
    assert.deepStrictEqual<unknown>(
      added(
        { ...one, grounding_tool_count: [{ type: "a", count: 1 }], note: "x" } as never,
        {
          total_tokens: 3,
          total_output_tokens: 4,
          input_tokens_by_modality: [{ modality: "text", tokens: 5 }, { modality: "audio", tokens: 6 }, null],
          grounding_tool_count: [{ type: "a", count: 2 }, { type: "b", count: 3 }],
          note: "y"
        } as never
      ),
      {
        total_input_tokens: 1,
        total_tokens: 5,
        total_output_tokens: 4,
        input_tokens_by_modality: [{ modality: "text", tokens: 6 }, { modality: "audio", tokens: 6 }],
        grounding_tool_count: [{ type: "a", count: 3 }, { type: "b", count: 3 }],
        note: "y"
      }
    )
  })
})

describe("how far a stream was followed", () => {
  const created = event({ event_type: "interaction.created", interaction: { id: "v1", status: "in_progress" } })
  const delta = (event_id?: string) =>
    event({ event_type: "step.delta", index: 0, ...(event_id === undefined ? {} : { event_id }) })

  it("is told by the last event with an id and how many came behind it, and nothing comes twice", () => {
    const trail = new Trail()
    assert.deepStrictEqual([trail.handle, trail.resource], [undefined, undefined])
    const handle = (event: Event) => trail.take(event)?.handle
    assert.deepStrictEqual(handle(created), { name: "interactions/v1", since: 1 })
    assert.deepStrictEqual(handle(delta()), { name: "interactions/v1", since: 2 })
    assert.deepStrictEqual(handle(delta("e1")), { name: "interactions/v1", lastEventId: "e1", since: 0 })
    assert.isUndefined(trail.take(delta("e1")))
    assert.strictEqual(handle(delta())?.since, 1)
    assert.strictEqual(handle(delta())?.since, 2)
    trail.resume()
    assert.isUndefined(trail.take(delta()))
    assert.isUndefined(trail.take(delta()))
    assert.strictEqual(handle(delta())?.since, 3)
    trail.resume()
    assert.isUndefined(trail.take(delta()))
    // An event with an id is a new one, and so is all behind it.
    assert.deepStrictEqual(handle(delta("e2")), { name: "interactions/v1", lastEventId: "e2", since: 0 })
    assert.strictEqual(handle(delta())?.since, 1)
  })

  it("goes on from a handle, whoever made the interaction and however it is followed", () => {
    const rows = [
      { name: "interactions/a", since: 0 },
      { name: "interactions/a", since: 3, lastEventId: "e" },
      { name: "interactions/a", since: 3, member: "m" },
      { name: "interactions/a", since: 3, polled: true },
      { name: "interactions/a", since: 3, lastEventId: "e", member: "m", polled: true }
    ]
    for (const handle of rows) {
      const trail = Trail.from(handle)
      assert.deepStrictEqual(trail.handle, handle)
      const { member, name } = handle
      assert.deepStrictEqual(trail.resource, { name, ...(member === undefined ? {} : { member }) })
    }
    assert.isFalse(Trail.from({ name: "interactions/a", since: 0, polled: false }).isPolled)
  })

  it("hears what the events say, and forgets it for the next hop", () => {
    const trail = new Trail()
    trail.note(created)
    assert.deepStrictEqual([trail.name, trail.status, trail.isOver], ["interactions/v1", "in_progress", false])
    trail.note(event({ event_type: "interaction.status_update", interaction_id: "v1", status: "completed" }))
    trail.note(event({ event_type: "interaction.completed", interaction: { continuation_token: "t" } }))
    trail.note(event({ event_type: "error" }))
    assert.deepStrictEqual(
      [trail.name, trail.status, trail.token, trail.isOver, trail.isRefused, trail.since],
      ["interactions/v1", "completed", "t", true, true, 4]
    )
    trail.note(delta("e"))
    trail.begin()
    assert.deepStrictEqual(
      [trail.name, trail.status, trail.token, trail.isOver, trail.isRefused, trail.since, trail.lastEventId],
      [undefined, undefined, undefined, false, false, 0, undefined]
    )
  })
})

describe("a step in pieces", () => {
  const joined = (step: object, ...deltas: ReadonlyArray<object>) => {
    const fold = new StepFold(step as { readonly type: string })
    for (const delta of deltas) fold.add(delta as Delta)
    return fold.step
  }
  const text = (text?: string) => ({ type: "text", ...(text === undefined ? {} : { text }) })
  const output = { type: "model_output" }

  it("has texts that follow each other in one content, behind what was there", () => {
    assert.deepStrictEqual(joined(output, text("a"), text(), text("b")), { ...output, content: [text("ab")] })
    const begun = { ...output, content: [text("a"), { type: "image", data: "x" }] }
    assert.deepStrictEqual(joined(begun, text("b")), { ...output, content: [...begun.content, text("b")] })
    assert.deepStrictEqual(joined({ ...output, content: [text("a")] }, text("b")), { ...output, content: [text("ab")] })
    assert.deepStrictEqual(joined({ ...output, content: [text()] }, text("b")), { ...output, content: [text("b")] })
    // What was received is not changed.
    assert.deepStrictEqual(begun.content.length, 2)
    const summary = (content: unknown) => ({ type: "thought_summary", content })
    assert.deepStrictEqual(
      joined(
        { type: "thought" },
        summary(text("a")),
        summary(text("b")),
        summary(5),
        summary({ ...text("c"), more: 1 }),
        {
          type: "thought_signature",
          signature: "s"
        },
        { type: "thought_signature", signature: null }
      ),
      { type: "thought", summary: [text("ab"), { ...text("c"), more: 1 }], signature: "s" }
    )
  })

  it("has annotations at the text before them, and a text of its own where there is none", () => {
    const annotate = (...annotations: ReadonlyArray<unknown>) => ({ type: "text_annotation_delta", annotations })
    assert.deepStrictEqual(joined(output, text("a"), annotate(1), annotate(2), text("b")), {
      ...output,
      content: [{ ...text("ab"), annotations: [1, 2] }]
    })
    assert.deepStrictEqual(joined(output, { type: "image", data: "x" }, annotate(1)), {
      ...output,
      content: [{ type: "image", data: "x" }, { ...text(""), annotations: [1] }]
    })
    assert.deepStrictEqual(joined(output, text("a"), { type: "text_annotation_delta" }), {
      ...output,
      content: [{ ...text("a"), annotations: [] }]
    })
  })

  it("has sound of one type in one content, and everything else apart", () => {
    const audio = (data: unknown, mime_type = "audio/pcm") => ({ type: "audio", data, mime_type })
    const contents = (...deltas: ReadonlyArray<object>) => {
      const step = joined(output, ...deltas)
      return typeof step === "object" && step !== null ? Reflect.get(step, "content") : undefined
    }
    assert.deepStrictEqual(contents(audio("AAA"), audio("A")), [audio("AAAA")])
    assert.deepStrictEqual(contents(audio("AA=="), audio("AQ==")), [audio("AAE=")])
    assert.deepStrictEqual(contents(audio("%="), audio("AQ==")), [audio("%=AQ==")])
    assert.deepStrictEqual(contents(audio("AA=="), { ...audio("AQ=="), rate: 1 }), [{ ...audio("AAE="), rate: 1 }])
    const apart = [audio("AA=="), audio("AA==", "audio/wav"), audio(5), audio("AA=="), { type: "image", data: "AA==" }]
    assert.deepStrictEqual(contents(...apart), apart)
    assert.deepStrictEqual(contents({ type: "image", data: "a" }, { type: "image", data: "b" }).length, 2)
  })

  it("of a call has its arguments once they are whole, and keeps them as they were written where they are no object", () => {
    const call = { type: "function_call", name: "f", arguments: { a: 0 } }
    const piece = (text?: string | null) => ({ type: "arguments_delta", arguments: text })
    assert.deepStrictEqual(joined(call), call)
    assert.deepStrictEqual(joined(call, piece(null), piece()), call)
    assert.deepStrictEqual(joined(call, piece("{\"a\""), piece(":1}")), { ...call, arguments: { a: 1 } })
    for (const odd of ["{", "[1]", "1", "null"]) {
      assert.deepStrictEqual(joined(call, piece(odd)), { type: "function_call", name: "f", arguments_text: odd })
    }
  })

  it("of the server's own tools grows by lists, texts and arguments, and is replaced in the rest", () => {
    const step = { type: "code_execution_result", result: "a", list: [1], arguments: { a: 1 }, other: "x" }
    assert.deepStrictEqual(
      joined(step, {
        type: "code_execution_result",
        result: "b",
        list: [2],
        arguments: { b: 2 },
        other: "y",
        none: null
      }),
      { type: step.type, result: "ab", list: [1, 2], arguments: { a: 1, b: 2 }, other: "y" }
    )
    assert.deepStrictEqual(
      joined(step, { type: "other", result: [1], list: "z", arguments: [3] }),
      { ...step, result: [1], list: "z", arguments: [3] }
    )
  })

  it("whose start was not seen is of the kind that its piece belongs to", () => {
    const type = (type: string) => StepFold.typeOf({ type } as Delta)
    for (const piece of ["text", "audio", "image", "video", "document", "text_annotation_delta"]) {
      assert.strictEqual(type(piece), "model_output")
    }
    assert.deepStrictEqual(
      ["thought_summary", "thought_signature", "arguments_delta", "google_search_call"].map(type),
      ["thought", "thought", "function_call", "google_search_call"]
    )
  })
})

describe("an interaction", () => {
  it("says the words after its last input, and the calls that nobody has answered", () => {
    const output = (text: string) => ({ type: "model_output", content: [{ type: "text", text }] })
    const call = (id: string) => ({ type: "function_call", id, name: "f", arguments: {} })
    const of = (...steps: ReadonlyArray<object>) => ({ steps }) as Interaction.Interaction
    assert.deepStrictEqual(Interaction.steps({}), [])
    const all = of(
      output("a"),
      { type: "user_input", content: [] },
      output("b"),
      call("1"),
      {
        type: "function_result",
        call_id: "1",
        result: 1
      },
      output("c"),
      call("2"),
      output("d")
    )
    assert.deepStrictEqual([Interaction.text(all), Interaction.functionCalls(all).map(({ id }) => id)], ["cd", ["2"]])
    assert.strictEqual(Interaction.text(of(output("a"), output("b"))), "ab")
  })

  it("counts its tokens under HTTP's names, and none where the server counted none", () => {
    const usage = {
      total_input_tokens: 1,
      total_cached_tokens: 2,
      total_output_tokens: 3,
      total_tool_use_tokens: 4,
      total_thought_tokens: 5,
      total_tokens: 6,
      input_tokens_by_modality: [{ modality: "text", tokens: 7 }, { tokens: 8 }, { modality: null }] as never
    }
    assert.deepStrictEqual(Interaction.usageMetadata(usage), {
      promptTokenCount: 1,
      cachedContentTokenCount: 2,
      candidatesTokenCount: 3,
      toolUsePromptTokenCount: 4,
      thoughtsTokenCount: 5,
      totalTokenCount: 6,
      promptTokensDetails: [{ modality: "TEXT", tokenCount: 7 }, { tokenCount: 8 }, {}],
      cacheTokensDetails: undefined,
      candidatesTokensDetails: undefined,
      toolUsePromptTokensDetails: undefined
    })
    assert.deepStrictEqual([Interaction.usageMetadata(null), Interaction.usage({})], [undefined, undefined])
    assert.strictEqual(Interaction.usage({ usage })?.promptTokens, 1)
  })

  it("that was broken off is what came of its hops, with the token of the last that gave one", () => {
    const error = (received?: ReadonlyArray<unknown>) =>
      new GeminiError({
        method: "m",
        attempts: [],
        reason: new Reason.Overloaded({}),
        ...(received === undefined ? {} : { received: received as never })
      })
    assert.isUndefined(Interaction.interrupted(error()))
    assert.isUndefined(Interaction.interrupted(error([5])))
    const step = { type: "thought" }
    assert.deepStrictEqual<unknown>(
      Interaction.interrupted(error([
        { id: "a", continuation_token: "t1", steps: [step] },
        { id: "b", continuation_token: "t2" },
        { id: "c", continuation_token: "", steps: [step], status: "in_progress" },
        { steps: [] }
      ])),
      { partial: { steps: [step, step] }, token: "t2", interactionId: "b", ids: ["a", "b", "c"] }
    )
    assert.deepStrictEqual<unknown>(Interaction.interrupted(error([{ id: "" }])), {
      partial: { id: "", steps: [] },
      token: undefined,
      interactionId: undefined,
      ids: []
    })
  })
})

describe("an event", () => {
  it("says its id, its interaction, its status, its token, its words and what was used", () => {
    const usage = { total_tokens: 1 }
    const rows: ReadonlyArray<readonly [event: object, expected: ReadonlyArray<unknown>]> = [
      [{ event_type: "x" }, [undefined, undefined, undefined, undefined, "", undefined]],
      [{ event_type: "x", event_id: "" }, [undefined, undefined, undefined, undefined, "", undefined]],
      [{ event_type: "interaction.created", event_id: "e", interaction: null }, [
        "e",
        undefined,
        undefined,
        undefined,
        "",
        undefined
      ]],
      [{
        event_type: "interaction.completed",
        interaction: { id: "v", status: "failed", continuation_token: "t", usage }
      }, [
        undefined,
        "v",
        "failed",
        "t",
        "",
        usage
      ]],
      [{
        event_type: "interaction.status_update",
        interaction_id: "v",
        status: "queued",
        continuation_token: "t",
        usage
      }, [
        undefined,
        "v",
        "queued",
        "t",
        "",
        usage
      ]],
      [{ event_type: "interaction.queued", interaction_id: "v" }, [undefined, "v", "queued", undefined, "", undefined]],
      [{ event_type: "interaction.requires_action" }, [
        undefined,
        undefined,
        "requires_action",
        undefined,
        "",
        undefined
      ]],
      [{ event_type: "interaction.requires_actions" }, [undefined, undefined, undefined, undefined, "", undefined]],
      [{ event_type: "step.delta", delta: { type: "text", text: "a" }, metadata: { total_usage: usage } }, [
        undefined,
        undefined,
        undefined,
        undefined,
        "a",
        usage
      ]],
      [{ event_type: "step.delta", delta: { type: "audio", text: "a" } }, [
        undefined,
        undefined,
        undefined,
        undefined,
        "",
        undefined
      ]],
      [{ event_type: "step.delta", delta: null }, [undefined, undefined, undefined, undefined, "", undefined]]
    ]
    for (const [given, expected] of rows) {
      const one = event(given)
      assert.deepStrictEqual(
        [
          InteractionEvent.id(one),
          InteractionEvent.interactionId(one),
          InteractionEvent.status(one),
          InteractionEvent.continuationToken(one),
          InteractionEvent.text(one),
          InteractionEvent.usage(one)
        ],
        expected,
        JSON.stringify(given)
      )
    }
    for (const status of ["in_progress", "queued", undefined, null, "new"]) {
      assert.isFalse(InteractionEvent.isOver(status as never))
    }
    for (
      const status of ["completed", "failed", "cancelled", "incomplete", "requires_action", "requires_continuation"]
    ) {
      assert.isTrue(InteractionEvent.isOver(status as never))
    }
  })
})

describe("a step", () => {
  const text = { type: "text", text: "a" } as const

  it("is made of what the user says, in any form, or of a function's result", () => {
    for (const said of ["a", text, [text]]) {
      assert.deepStrictEqual(Step.userInput(said), { type: "user_input", content: [text] })
    }
    const result = { call_id: "c", name: "f", result: { a: 1 } }
    assert.deepStrictEqual<unknown>(Step.functionResult(result), { type: "function_result", ...result })
    assert.deepStrictEqual<unknown>(Step.functionResult({ ...result, is_error: true }), {
      type: "function_result",
      ...result,
      is_error: true
    })
  })

  it("says its words, its thoughts or its call, and none of the others", () => {
    const contents = [text, { type: "image", data: "AA==" }, { type: "text" }, { type: "text", text: "b" }]
    const steps = [
      { type: "model_output", content: contents },
      { type: "thought", summary: contents },
      { type: "function_call", id: "1", name: "f", arguments: { a: 1 } },
      { type: "user_input", content: contents },
      { type: "model_output" },
      { type: "thought" }
    ] as ReadonlyArray<Step.Step>
    assert.deepStrictEqual(steps.map(Step.text), ["ab", "", "", "", "", ""])
    assert.deepStrictEqual(steps.map(Step.thought), ["", "ab", "", "", "", ""])
    assert.deepStrictEqual(steps.map(Step.functionCall), [
      undefined,
      undefined,
      { id: "1", name: "f", args: { a: 1 } },
      undefined,
      undefined,
      undefined
    ])
    const call = (more: object) => Step.functionCall({ type: "function_call", ...more } as Step.Step)
    assert.deepStrictEqual(call({}), { id: "", name: "", args: {} })
    assert.deepStrictEqual(call({ arguments_text: "{" })?.args, undefined)
  })
})

describe("functions by hand", () => {
  it.effect("are declared with what they say of themselves, and run by their name", () =>
    Effect.gen(function*() {
      const parameters = { type: "object" }
      const tools = InteractionTools.make({
        f: { description: "d", parameters, handle: (args) => Effect.succeed(args) },
        g: { handle: () => Effect.fail("no") }
      })
      assert.deepStrictEqual<unknown>(tools.declarations, [
        { type: "function", name: "f", description: "d", parameters },
        { type: "function", name: "g" }
      ])
      const run = (name: string) => Effect.result(tools.handle({ id: "1", name, args: { a: 1 } }))
      assert.deepStrictEqual(yield* run("f"), Result.succeed({ a: 1 }))
      assert.deepStrictEqual(yield* run("g"), Result.fail("no"))
      assert.deepStrictEqual(yield* run("h"), Result.fail("there is no function \"h\""))
    }))
})
