/** Which members a call may go to by what it names, which options of members are none, and who lists the models. */
import { assert, describe, it } from "@effect/vitest"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type { Options } from "effect-gemini/Members"
import * as ModelId from "effect-gemini/models/ModelId"
import type { ModelList } from "effect-gemini/models/ModelList"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as Result from "effect/Result"
import * as Stream from "effect/Stream"
import * as List from "../../src/internal/members/list.ts"
import * as Check from "../../src/internal/members/memberCheck.ts"
import * as MemberTable from "../../src/internal/members/MemberTable.ts"
import { heldBy } from "../../src/internal/members/resources.ts"

const home = (name: string, project = name, location = "global"): MemberTable.Home => ({ name, project, location })
const wish = (member?: string, ...resources: ReadonlyArray<string>): MemberTable.Wish => ({
  member,
  held: resources.map((resource, place) => ({ field: `contents[${place}]`, resource }))
})
const reached = (table: MemberTable.MemberTable<MemberTable.Home>, asked: MemberTable.Wish) => {
  const found = table.reach(asked)
  return MemberTable.isReachable(found)
    ? found.map(({ name }) => name).join()
    : found._tag === "InvalidRequest"
    ? `${found.fields[0]?.field}: ${found.fields[0]?.description}`
    : `${found._tag}: ${found.description}`
}

describe("who may be asked", () => {
  const make = () => {
    const table = new MemberTable.MemberTable([home("a", "p"), home("b", "p"), home("c", "p", "eu"), home("d", "q")])
    table.owners.set("files/a", "a")
    table.owners.set("files/c", "c")
    table.owners.set("files/d", "d")
    table.owners.set("files/gone", "gone")
    return table
  }
  const rows: ReadonlyArray<readonly [name: string, wish: MemberTable.Wish, expected: string | RegExp]> = [
    ["anybody, where nothing is named", wish(), "a,b,c,d"],
    ["the member that is named", wish("c"), "c"],
    ["nobody, where no member is called so", wish("x"), /^member: no member is called "x"; there are a, b, c, d$/],
    ["those of the project and location that made it", wish(undefined, "files/a"), "a,b"],
    ["not those of another location", wish(undefined, "files/c"), "c"],
    ["not those of another project", wish(undefined, "files/d"), "d"],
    ["those that see all that is named", wish(undefined, "files/a", "files/a"), "a,b"],
    [
      "nobody, where no member sees all",
      wish(undefined, "files/a", "files/c"),
      /^contents\[1\]: files\/c is kept by the member "c"/
    ],
    ["the named member, if it is beside the one that made it", wish("b", "files/a"), "b"],
    ["not the named member, if it is elsewhere", wish("d", "files/a"), /^contents\[0\]: .*the call goes to another/],
    [
      "nobody, where it is not known who made it",
      wish(undefined, "files/x"),
      /^contents\[0\]: it is not known which member made files\/x/
    ],
    ["the named member, whatever it is", wish("d", "files/x"), "d"],
    [
      "nobody, where the member is gone",
      wish(undefined, "files/gone"),
      /^NotFound: .*"gone", which is gone; there are a, b, c, d$/
    ]
  ]
  for (const [name, asked, expected] of rows) {
    it(name, () => {
      const found = reached(make(), asked)
      if (typeof expected === "string") assert.strictEqual(found, expected)
      else assert.match(found, expected)
    })
  }
  it("anybody of one project, by whoever it was made", () => {
    const one = new MemberTable.MemberTable([home("a", "p"), home("b", "p")])
    assert.strictEqual(reached(one, wish(undefined, "files/x")), "a,b")
    const two = new MemberTable.MemberTable([home("a", "p"), home("b", "p", "eu")])
    assert.match(reached(two, wish(undefined, "files/x")), /not known/)
    const none = new MemberTable.MemberTable<MemberTable.Home>([])
    assert.deepStrictEqual(none.reach(wish()), [])
    assert.match(reached(none, wish(undefined, "files/x")), /not known/)
  })
  it("nobody who is gone, and nothing is said to be near it", () => {
    const found = make().reach(wish(undefined, "files/gone"))
    assert.deepStrictEqual(
      found,
      new Reason.NotFound({
        description: "files/gone is kept by the member \"gone\", which is gone; there are a, b, c, d",
        nearMatches: []
      })
    )
  })
  it("shows the name by which errors may call it", () => {
    const table = new MemberTable.MemberTable([home("a"), home("b")])
    const held = [{ field: "handle", resource: "secret", shown: "the session" }]
    assert.match(reached(table, { member: undefined, held }), /^handle: it is not known which member made the session/)
  })
  it("knows who is beside whom", () => {
    const table = make()
    assert.isTrue(table.isBeside(home("a", "p"), "b"))
    assert.isFalse(table.isBeside(home("a", "p"), "c"))
    assert.isFalse(table.isBeside(home("a", "p"), "d"))
    assert.isFalse(table.isBeside(home("a", "p"), "gone"))
    assert.isUndefined(table.named("gone"))
  })
})

it("ten thousand owners are remembered, and the one that was unused for longest is forgotten", () => {
  const owners = new MemberTable.Owners()
  for (let key = 0; key < 10_000; key++) owners.set(`k${key}`, "a")
  assert.strictEqual(owners.get("k0"), "a")
  owners.set("k1", "b")
  owners.set("more", "a")
  assert.isUndefined(owners.get("k2"))
  assert.deepStrictEqual(["k0", "k1", "k3", "more"].map((key) => owners.get(key)), ["a", "b", "a", "a"])
  owners.set("again", "a")
  assert.isUndefined(owners.get("k4"))
})

it("what a request names is found at every place that can name it", () => {
  const api = "https://generativelanguage.googleapis.com/v1beta/"
  const voice = (name: string) => ({ voiceConfig: { voice: name } })
  const held = heldBy(
    {
      cachedContent: "cachedContents/c",
      contents: [
        { parts: null },
        {
          role: "user",
          parts: [{ text: "x" }, { fileData: { fileUri: `${api}files/f` } }, { fileData: { fileUri: "files/g" } }]
        },
        { role: "user", parts: [{ fileData: { fileUri: "https://elsewhere.test/files/f" } }, { fileData: {} }] }
      ],
      tools: [{ googleSearch: {} }, {
        fileSearch: { fileSearchStoreNames: ["fileSearchStores/s", "no name", "fileSearchStores/t"] }
      }],
      generationConfig: {
        speechConfig: {
          ...voice("voice_1"),
          multiSpeakerVoiceConfig: { speakerVoiceConfigs: [voice("Kore"), voice("voicekey_2"), voice("my voice_3")] }
        }
      }
    } as unknown as Parameters<typeof heldBy>[0]
  )
  const speech = "generationConfig.speechConfig"
  assert.deepStrictEqual(held.map(({ field, resource }) => [field, resource]), [
    ["cachedContent", "cachedContents/c"],
    ["contents[1].parts[1].fileData.fileUri", "files/f"],
    ["contents[1].parts[2].fileData.fileUri", "files/g"],
    ["tools[1].fileSearch.fileSearchStoreNames[0]", "fileSearchStores/s"],
    ["tools[1].fileSearch.fileSearchStoreNames[2]", "fileSearchStores/t"],
    [`${speech}.voiceConfig.voice`, "voices/voice_1"],
    [`${speech}.multiSpeakerVoiceConfig.speakerVoiceConfigs[1].voiceConfig.voice`, "voices/voicekey_2"]
  ])
  assert.deepStrictEqual(heldBy({ contents: [], cachedContent: "my own" }).map(({ resource }) => resource), ["my own"])
  assert.deepStrictEqual(heldBy({ contents: [], cachedContent: "" }), [])
  assert.deepStrictEqual(heldBy({ contents: [] }), [])
})

describe("options of members", () => {
  const member = (name: string, more: object = {}) => ({ name, ...more })
  const problem = (options: object) => {
    const found = Check.problem(options as Options)
    return found === undefined ? undefined : `${found.field}: ${found.description}`
  }
  const rows: ReadonlyArray<readonly [name: string, options: object, expected: RegExp]> = [
    ["no members", {}, /^members: expected at least one/],
    ["an empty list", { members: [] }, /^members: expected at least one/],
    ["what is no list", { members: "a" }, /^members: /],
    ["a member without a name", { members: [{}] }, /^members\[0\]\.name: .*got undefined \(undefined\)/],
    ["a name with a blank", { members: [member("a"), member("b c")] }, /^members\[1\]\.name: .*got "b c" \(string\)/],
    ["a name that is a number", { members: [{ name: 5 }] }, /^members\[0\]\.name: .*got 5 \(number\)/],
    [
      "a name twice",
      { members: [member("a"), member("b"), member("a")] },
      /^members\[2\]\.name: members\[0\] is called "a", too/
    ],
    ["the name of all", { members: [member("default")] }, /^members\[0\]\.name: "default" is all/],
    ["a key that there is not", { members: [member("a", { weigth: 1 })] }, /^members\[0\]\.weigth/],
    [
      "an empty project",
      { members: [member("a", { project: "" })] },
      /^members\[0\]\.project: expected a name, got none/
    ],
    ["an empty location", { members: [member("a", { location: "" })] }, /^members\[0\]\.location: /],
    ["no weight", { members: [member("a", { weight: 0 })] }, /^members\[0\]\.weight: expected a number above 0, got 0/],
    ["an endless weight", { members: [member("a", { weight: Infinity })] }, /^members\[0\]\.weight: /],
    ["a weight in words", { members: [member("a", { weight: "1" })] }, /^members\[0\]\.weight: .*"1" \(string\)/],
    ["a key's variable", { members: [member("a", { apiKeyFrom: "KEY" })] }, /^members\[0\]\.apiKeyFrom: is read by/],
    ["a tier that there is not", { members: [member("a", { tier: "tier9" })] }, /^members\[0\]\.tier: /],
    ["an API that there is not", { members: [member("a", { api: "openai" })] }, /^members\[0\]\.api: /],
    [
      "a kind of request that there is not",
      { members: [member("a", { api: "vertex", requestType: "x" })] },
      /requestType/
    ],
    [
      "provisioned throughput of a key",
      { members: [member("a", { requestType: "shared" })] },
      /^members\[0\]\.requestType: the Gemini API has no/
    ],
    [
      "another payer of a key",
      { members: [member("a", { quotaProject: "p" })] },
      /^members\[0\]\.quotaProject: a key pays/
    ],
    [
      "Vertex without its layer",
      { members: [member("a", { api: "vertex" })] },
      /^members\[0\]\.api: "vertex" is read by/
    ],
    ["another tier of one project", {
      members: [member("a", { project: "p", tier: "free" }), member("b", { project: "p" })]
    }, /^members\[1\]\.tier: members\[0\] has other ones/],
    ["other limits of one project", {
      members: [
        member("a", { project: "p" }),
        member("b", { project: "p", limits: { "gemini-3.8-flash": { rpm: 1 } } })
      ]
    }, /^members\[1\]\.limits: members\[0\]/],
    ["another tier of the third of one project", {
      members: [
        member("a", { project: "p" }),
        member("b", { project: "p" }),
        member("c", { project: "p", tier: "free" })
      ]
    }, /^members\[2\]\.tier: members\[0\] has/],
    [
      "a fallback model that is none",
      { members: [member("a")], fallbackModels: ["gemini-3.8-flash", "no name!"] },
      /^fallbackModels\[1\]: /
    ],
    [
      "a fallback model of a model",
      { members: [member("a")], fallbackModels: { "gemini-3.8-flash": ["no name!"] } },
      /^fallbackModels\["gemini-3\.8-flash"\]\[0\]: /
    ],
    ["a circuit that trips at nothing", {
      members: [member("a")],
      circuit: { trip: { _tag: "Consecutive", failures: 0 } }
    }, /^circuit\.trip: expected at least 1 failure, got 0/],
    ["a circuit's key that there is not", { members: [member("a")], circuit: { trips: 1 } }, /^circuit\.trips/],
    ["an option that there is not", { members: [member("a")], membres: 1 }, /^membres/]
  ]
  for (const [name, options, expected] of rows) {
    it(`that cannot be meant are named by their place: ${name}`, () => assert.match(problem(options) ?? "", expected))
  }
  it("that can be meant are taken", () => {
    for (
      const options of [
        {
          members: [
            member("a.b_c:d-1", { weight: 0.5, apiKey: Redacted.make("k"), tier: "free", project: "p", location: "eu" })
          ]
        },
        { members: [member("a", { project: "p", tier: "free" }), member("b", { project: "p", tier: "free" })] },
        { members: [member("a", { project: "p", tier: "free" }), member("b", { project: "p", location: "eu" })] },
        { members: [member("a", { tier: "free" }), member("b")] },
        { members: [member("a")], circuit: { trip: { _tag: "Consecutive", failures: 1 } } },
        { members: [member("a")], circuit: false },
        { members: [member("a")], fallbackModels: ["gemini-3.8-flash"] },
        { members: [member("a", { apiKey: Redacted.make("k"), apiKeyFrom: "KEY" })] }
      ]
    ) assert.isUndefined(problem(options))
  })
  it("are a member's own, else those of all; its regions stand in their order", () => {
    const [a, b] = [{ name: "a", tier: "free", baseUrl: undefined } as const, { name: "b", location: "eu", weight: 2 }]
    const options: Options = {
      members: [a, b, { name: "c", location: "eu" }],
      tier: "tier1",
      baseUrl: "http://x.test",
      circuit: false,
      fallbackModels: []
    }
    assert.deepStrictEqual(Check.optionsOf(options, a), { member: "a", tier: "free", baseUrl: "http://x.test" })
    assert.deepStrictEqual(Check.optionsOf(options, b), { member: "b", tier: "tier1", baseUrl: "http://x.test" })
    assert.deepStrictEqual(Check.clientOptions(options), { tier: "tier1", baseUrl: "http://x.test" })
    assert.deepStrictEqual(Check.regionsOf(options), ["global", "eu"])
    assert.deepStrictEqual([Check.projectOf(a), Check.projectOf({ name: "a", project: "p" })], ["a", "p"])
  })
})

describe("the models of several members", () => {
  const error = (reason: Reason.GeminiErrorReason, attempts: ReadonlyArray<string> = []) =>
    new GeminiError({ method: "models.get", attempts: attempts as never, reason })
  const overloaded = error(new Reason.Overloaded({ description: "first" }))
  const missing = error(new Reason.NotFound({ nearMatches: [], description: "no such model" }))
  const invalid = error(new Reason.InvalidRequest({ fields: [] }))
  const having = (name: string): ModelList =>
    ({
      get: () => Effect.succeed({ name }),
      list: () => Stream.make({ name })
    }) as unknown as ModelList
  const got = (...lists: ReadonlyArray<ModelList>) => {
    const list = List.make(lists)
    return list === undefined ?
      Effect.succeed("none") :
      list.get(Result.getOrThrow(ModelId.parse("gemini-3.8-flash"))).pipe(
        Effect.map(({ name }) => name),
        Effect.catch(({ reason }) => Effect.succeed(reason._tag))
      )
  }
  const listed = (...lists: ReadonlyArray<ModelList>) => {
    const list = List.make(lists)
    return list === undefined ? Effect.succeed([]) : Stream.runCollect(
      list.list().pipe(
        Stream.map(({ name }) => name),
        Stream.catch(({ reason }) => Stream.make(reason._tag))
      )
    )
  }
  it.effect("are asked of one after the other while the failure may be the member's own", () =>
    Effect.gen(function*() {
      assert.strictEqual(yield* got(), "none")
      assert.strictEqual(yield* got(having("a"), having("b")), "a")
      assert.strictEqual(yield* got(List.failing(overloaded), having("b")), "b")
      assert.strictEqual(yield* got(List.failing(missing), having("b")), "b")
      assert.strictEqual(yield* got(List.failing(invalid), having("b")), "InvalidRequest")
      assert.strictEqual(yield* got(List.failing(missing), List.failing(overloaded)), "Overloaded")
      assert.strictEqual(yield* got(List.failing(overloaded), List.failing(missing)), "Overloaded")
      assert.strictEqual(yield* got(List.failing(missing), List.failing(missing)), "NotFound")
      assert.deepStrictEqual(yield* listed(List.failing(overloaded), having("b")), ["b"])
      assert.deepStrictEqual(yield* listed(List.failing(invalid), having("b")), ["InvalidRequest"])
      assert.deepStrictEqual(yield* listed(having("a"), having("b")), ["a"])
      const broken = { ...having("a"), list: () => Stream.concat(having("a").list(), Stream.fail(overloaded)) }
      assert.deepStrictEqual(yield* listed(broken, having("b")), ["a", "Overloaded"])
    }))
})
