/** Who is asked about what the server keeps, how often, and what is told of an answer that was lost. */
import { assert, describe, it } from "@effect/vitest"
import type { CallOptions } from "effect-gemini/call/CallOptions"
import * as Reason from "effect-gemini/errors/GeminiErrorReason"
import { GeminiError } from "effect-gemini/GeminiError"
import type * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Headers from "effect/http/Headers"
import * as Schema from "effect/Schema"
import * as Stream from "effect/Stream"
import { CallGate } from "../../src/internal/call/CallGate.ts"
import type { Asked } from "../../src/internal/resources/carrier.ts"
import * as Door from "../../src/internal/resources/door.ts"
import type { About, Place } from "../../src/internal/resources/places.ts"
import { unmentioned } from "./notedHttp.ts"

const error = (reason: Reason.GeminiErrorReason, status?: number) =>
  new GeminiError({ method: "m", attempts: [], reason, ...(status === undefined ? {} : { status }) })
const lost = error(new Reason.Network({ code: "ECONNRESET", description: "reset" }))
const unsent = error(new Reason.Network({ code: "ECONNREFUSED", description: "refused" }))
const refused = error(new Reason.Unauthenticated({}), 401)
const limited = error(new Reason.RateLimited({ violations: [] }), 429)
const missing = error(new Reason.NotFound({ nearMatches: [] }), 404)
const invalid = error(new Reason.InvalidRequest({ fields: [] }), 400)
const taken = error(new Reason.InvalidRequest({ fields: [] }), 409)
const lacking = error(new Reason.Unsupported({ capability: "x" }))
const Anything = Schema.Struct({})
const headers = Headers.fromInput({ "x-one": "1" })

/** A door over places that answer one after the other, in the order in which they are asked. */
const make = Effect.fnUntraced(
  function*(answers: ReadonlyArray<unknown>, names: ReadonlyArray<string | undefined> = ["a", "b"]) {
    const sent: Array<Asked & { readonly place: string | undefined }> = []
    const options: Array<object | undefined> = []
    const abouts: Array<About> = []
    const log: Array<string> = []
    let nth = 0
    const next = () => answers[Math.min(nth++, answers.length - 1)] ?? {}
    const places = names.map((name): Place => ({
      name,
      carrier: {
        json: (asked, call) =>
          Effect.suspend(() => {
            sent.push({ ...asked, place: name })
            options.push(call)
            const value = next()
            return value instanceof GeminiError ? Effect.fail(value) : Effect.succeed({ value, headers })
          }),
        bytes: (asked, call) =>
          Stream.suspend(() => {
            sent.push({ ...asked, place: name })
            options.push(call)
            const value = next()
            return value instanceof GeminiError ? Stream.fail(value) : Stream.make(new Uint8Array([1]))
          })
      }
    }))
    const [first] = places
    const door = Door.make({
      places: {
        names: names.flatMap((name) => name ?? []),
        owner: (about) => {
          abouts.push(about)
          return first === undefined ? Effect.fail(new Reason.InvalidRequest({ fields: [] })) : Effect.succeed(first)
        },
        makers: (about) => {
          abouts.push(about)
          return Effect.succeed(places)
        },
        remember: (resource, member) => void log.push(`${resource} is of ${member}`),
        asked: ({ name }) => void log.push(`${name} makes`),
        heard: ({ name }, failure) => Effect.sync(() => void log.push(`${name} ${failure?.reason._tag ?? "answered"}`))
      },
      gate: yield* CallGate.scoped(),
      retry: { baseDelay: 0, maxDelay: 0 },
      timeouts: undefined,
      provider: () => "gcp.gemini"
    })
    const of = () => sent.map(({ place }) => place)
    return { abouts, door, log, of, options, sent }
  }
)
const get: ResourceHttp.Ask<object> = { method: "files.get", httpMethod: "GET", path: "files/a", answer: Anything }
const post: ResourceHttp.Create<object> = { method: "files.make", path: "files", answer: Anything }

describe("a request about what is there", () => {
  it.effect("is sent as it is, and its answer is remembered with who gave it", () =>
    Effect.gen(function*() {
      const { abouts, door, log, options, sent } = yield* make([{ name: "files/new" }])
      assert.deepStrictEqual(door.members, ["a", "b"])
      const call: CallOptions = { headers: { "x-two": "2" }, timeouts: { attempt: "1 second" }, retry: { attempts: 1 } }
      const reply = yield* door.ask({
        ...get,
        httpMethod: "PATCH",
        root: "/upload",
        query: { a: 1 },
        body: { b: 2 },
        headers: { "x-one": "1" }
      }, call)
      assert.deepStrictEqual(unmentioned(sent), [{
        method: "files.get",
        httpMethod: "PATCH",
        path: "files/a",
        root: "/upload",
        query: { a: 1 },
        body: { b: 2 },
        headers: { "x-one": "1" },
        place: "a"
      }])
      assert.deepStrictEqual(options, [{ headers: { "x-two": "2" }, timeouts: { attempt: "1 second" } }])
      assert.deepStrictEqual<unknown>(unmentioned(reply), {
        value: { name: "files/new" },
        headers: { "x-one": "1" },
        member: "a",
        attempts: [{ model: "files", member: "a", status: 200 }]
      })
      assert.deepStrictEqual(abouts, [{ resources: [{ name: "files/a" }], field: "path" }])
      assert.deepStrictEqual(log, ["files/new is of a", "a answered"])
    }))

  it.effect("is about what its path names and what it is given, each with its member if that is known", () =>
    Effect.gen(function*() {
      const { abouts, door, log } = yield* make([{}])
      yield* door.ask({ ...get, of: ["files/b", { name: "files/c" }, undefined, { name: "files/d", member: "m" }] })
      yield* door.ask({ ...get, of: [{ name: "https://g.test/v1beta/files/a", member: "m" }] })
      yield* door.ask({ ...get, path: "files", of: [] })
      yield* door.ask({
        method: "files.get",
        httpMethod: "GET",
        url: "https://generativelanguage.googleapis.com/v1beta/files/u",
        of: ["own name"],
        answer: Anything
      })
      assert.deepStrictEqual(abouts, [
        {
          resources: [{ name: "files/a" }, { name: "files/b" }, { name: "files/c" }, { name: "files/d", member: "m" }],
          field: "path"
        },
        { resources: abouts[1]?.resources ?? [], field: "path" },
        { resources: [], field: "path" },
        { resources: [{ name: "files/u" }, { name: "own name" }], field: "url" }
      ])
      assert.isTrue(abouts[1]?.resources.some(({ member }) => member === "m"))
      assert.include(log, "files/d is of m")
      assert.include(log, "files/b is of undefined")
    }))

  it.effect("is asked again where its answer was lost, unless it may not be asked twice", () =>
    Effect.gen(function*() {
      const rows = [
        [{}, 2],
        [{ httpMethod: "DELETE" }, 2],
        [{ httpMethod: "POST" }, 1],
        [{ httpMethod: "POST", isRepeatable: true }, 2],
        [{ isRepeatable: false }, 1]
      ] as const
      for (const [more, times] of rows) {
        const { door, of } = yield* make([lost, {}])
        yield* Effect.exit(door.ask({ ...get, ...more }))
        assert.deepStrictEqual(of(), Array.from({ length: times }, () => "a"))
      }
      // What never left may be sent again, whatever it is.
      const { door, of } = yield* make([unsent, {}])
      yield* door.ask({ ...get, httpMethod: "POST" })
      assert.lengthOf(of(), 2)
    }))

  it.effect("to delete has done so where an earlier answer was lost and nothing is there any more", () =>
    Effect.gen(function*() {
      const gone = yield* make([lost, missing])
      const reply = yield* gone.door.ask({ ...get, httpMethod: "DELETE" })
      assert.deepStrictEqual([reply.value, { ...reply.headers }], [{}, {}])
      for (
        const [answers, more] of [[[missing], { httpMethod: "DELETE" }], [[lost, missing], {}], [[limited, missing], {
          httpMethod: "DELETE"
        }]] as const
      ) {
        const { door } = yield* make(answers)
        const told = yield* Effect.flip(door.ask({ ...get, ...more }))
        assert.strictEqual(told.reason._tag === "NotFound" ? told.reason.member : told.reason._tag, "a")
      }
    }))

  it.effect("is refused for options that cannot be meant, and for nobody to ask, by its method", () =>
    Effect.gen(function*() {
      const { door, sent } = yield* make([{}])
      const wrong: CallOptions = { retry: { attempts: 0 } }
      const calls = [
        door.ask(get, wrong),
        door.create(post, wrong),
        Stream.runDrain(door.download(get, wrong))
      ]
      for (const [nth, call] of calls.entries()) {
        const told = yield* Effect.flip(call)
        assert.strictEqual(told.method, nth === 1 ? "files.make" : "files.get")
        assert.strictEqual(told.reason._tag === "InvalidRequest" ? told.reason.fields[0]?.field : "", "retry.attempts")
      }
      assert.deepStrictEqual(sent, [])
      yield* door.ask(get, { pageSize: 5 } as CallOptions)
      const nobody = yield* make([{}], [])
      assert.strictEqual((yield* Effect.flip(nobody.door.ask(get))).method, "files.get")
    }))

  it.effect("whose answer has another shape fails with the place of that", () =>
    Effect.gen(function*() {
      const { door } = yield* make([{ size: "x" }])
      const told = yield* Effect.flip(door.ask({ ...get, answer: Schema.Struct({ size: Schema.Number }) }))
      assert.strictEqual(told.reason._tag === "InvalidResponse" ? told.reason.path : "", "size")
      assert.strictEqual(told.method, "files.get")
    }))
})

describe("a create", () => {
  it.effect("gives a handle with the name and the member of what was made", () =>
    Effect.gen(function*() {
      const { door, log, sent } = yield* make([{ name: "files/n" }])
      const made = yield* door.create({ ...post, httpMethod: "PUT", body: { a: 1 } })
      assert.deepStrictEqual<unknown>(unmentioned({ ...made, attempts: [] }), {
        value: { name: "files/n" },
        headers: { "x-one": "1" },
        member: "a",
        attempts: [],
        isSettled: false,
        handle: { name: "files/n", member: "a" }
      })
      assert.strictEqual(sent[0]?.httpMethod, "PUT")
      assert.deepStrictEqual(log, ["a makes", "files/n is of a", "a answered", "files/n is of a"])
      const one = yield* make([{ name: "files/n" }], [undefined])
      const alone = yield* one.door.create(post)
      assert.deepStrictEqual([alone.handle, alone.member], [{ name: "files/n" }, undefined])
      assert.strictEqual(one.sent[0]?.httpMethod, "POST")
      const none = yield* make([{}])
      assert.isUndefined((yield* none.door.create({ ...post, path: "things" })).handle)
      const chosen = yield* make([{}])
      assert.deepStrictEqual((yield* chosen.door.create({ ...post, settle: { name: "files/c" } })).handle, {
        name: "files/c",
        member: "a"
      })
    }))

  it.effect("goes on to the next member where one cannot have made it, and to nobody after a verdict of all", () =>
    Effect.gen(function*() {
      for (
        const [failure, asked] of [[refused, "ab"], [limited, "ab"], [unsent, "ab"], [lacking, "ab"], [invalid, "a"], [
          lost,
          "a"
        ]] as const
      ) {
        const { door, of } = yield* make([failure, { name: "files/n" }])
        const made = yield* Effect.exit(door.create(post))
        assert.strictEqual(of().join(""), asked, failure.reason._tag)
        assert.strictEqual(made._tag, asked === "ab" ? "Success" : "Failure")
      }
      const everywhere = yield* make([refused])
      assert.strictEqual((yield* Effect.flip(everywhere.door.create(post))).reason._tag, "Unauthenticated")
      assert.deepStrictEqual(everywhere.of(), ["a", "b"])
      // So many attempts, and no more.
      const once = yield* make([refused])
      yield* Effect.flip(once.door.create(post, { retry: { attempts: 1 } }))
      assert.deepStrictEqual(once.of(), ["a"])
      const two = yield* make([refused], ["a", "b", "c"])
      yield* Effect.flip(two.door.create(post, { retry: { attempts: 2 } }))
      assert.deepStrictEqual(two.of(), ["a", "b"])
      const four = yield* make([refused, refused, refused, { name: "files/n" }], ["a", "b", "c", "d"])
      assert.strictEqual((yield* four.door.create(post)).member, "d")
    }))

  it.effect("whose answer was lost tells what may exist, by the names that were chosen and the member", () =>
    Effect.gen(function*() {
      const told = (settle: ResourceHttp.Settle | undefined, names?: ReadonlyArray<string | undefined>) =>
        Effect.gen(function*() {
          const { door } = yield* make([lost], names)
          const failure = yield* Effect.flip(door.create({ ...post, settle }, { retry: { attempts: 1 } }))
          assert.strictEqual(failure.reason._tag, "Network")
          return failure.mayExist
        })
      assert.deepStrictEqual(yield* told(undefined), { member: "a" })
      assert.deepStrictEqual(yield* told(undefined, [undefined]), {})
      assert.deepStrictEqual(yield* told({ name: "files/n" }), { name: "files/n", member: "a" })
      assert.deepStrictEqual(yield* told({ displayName: "d", path: "files", items: "files" }, [undefined]), {
        displayName: "d"
      })
      const { door } = yield* make([invalid])
      assert.isUndefined((yield* Effect.flip(door.create(post))).mayExist)
    }))

  it.effect(
    "whose answer was lost is found by its name at the member that it went to, and read as its answer",
    () =>
      Effect.gen(function*() {
        const { door, log, sent } = yield* make([lost, { name: "files/n", x: 1 }])
        const read = (found: unknown) => ({ file: found })
        const made = yield* door.create({ ...post, settle: { name: "files/n", read } })
        assert.deepStrictEqual<unknown>(
          [made.value, made.isSettled, made.handle, { ...made.headers }],
          [{ file: { name: "files/n", x: 1 } }, true, { name: "files/n", member: "a" }, {}]
        )
        assert.deepStrictEqual(unmentioned(sent)[1], {
          method: "files.make.settle",
          httpMethod: "GET",
          path: "files/n",
          place: "a"
        })
        assert.include(log, "files/n is of a")
        // One that is taken by what an earlier attempt made is that, and any other 409 is a refusal.
        const again = yield* make([lost, missing, missing, taken, { name: "files/n" }])
        const second = yield* again.door.create({ ...post, settle: { name: "files/n" } }).pipe(Effect.exit)
        assert.strictEqual(second._tag, "Success")
        const first = yield* make([taken])
        assert.strictEqual(
          (yield* Effect.flip(first.door.create({ ...post, settle: { name: "files/n" } }))).status,
          409
        )
        assert.lengthOf(first.of(), 1)
      }),
    { timeout: 5_000 }
  )
})

describe("a download", () => {
  it.effect("is a GET at who has it, whose failures name the member that was asked", () =>
    Effect.gen(function*() {
      const { door, options, sent } = yield* make([{}])
      const request = {
        method: "files.download",
        path: "files/a:download",
        root: "/download",
        query: { alt: "media" }
      } as const
      assert.lengthOf(yield* Stream.runCollect(door.download(request, { headers: { "x-two": "2" } })), 1)
      assert.deepStrictEqual(unmentioned(sent), [{ ...request, httpMethod: "GET", place: "a" }])
      assert.deepStrictEqual(unmentioned(options), [{ headers: { "x-two": "2" } }])
      const gone = yield* make([missing])
      const told = yield* Effect.flip(Stream.runDrain(gone.door.download(request)))
      assert.strictEqual(told.reason._tag === "NotFound" ? told.reason.member : told.reason._tag, "a")
      assert.deepStrictEqual(gone.log, ["a NotFound"])
    }))
  it.effect("and the rest ask by a name that was remembered", () =>
    Effect.gen(function*() {
      const { door, log } = yield* make([{}])
      yield* door.remember({ name: "https://generativelanguage.googleapis.com/v1beta/files/a", member: "b" })
      yield* door.remember({ name: "own", member: "b" })
      assert.deepStrictEqual(log, ["files/a is of b", "own is of b"])
    }))
})
