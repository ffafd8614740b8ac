/** What is kept on the server, at its edges: what is remembered of uploads, how failures read, and when operations are over. */
import { assert, describe, it } from "@effect/vitest"
import * as UploadIndex from "effect-gemini/files/UploadIndex"
import * as Operations from "effect-gemini/operations/Operations"
import type * as ResourceHttp from "effect-gemini/ResourceHttp"
import * as Effect from "effect/Effect"
import * as Stream from "effect/Stream"
import * as Failed from "../../src/internal/resources/failed.ts"

describe("an index of uploads in memory", () => {
  const entry = (name: string) => ({ name }) as UploadIndex.Indexed

  it.effect("remembers ten thousand, the newest of each key, and forgets the oldest beyond that", () =>
    Effect.gen(function*() {
      const index = UploadIndex.makeMemory()
      yield* Effect.forEach(Array.from({ length: 10_000 }), (_, nth) => index.set(`k${nth}`, entry("x")))
      yield* index.set("k5", entry("again"))
      assert.strictEqual((yield* index.get("k0"))?.name, "x")
      yield* index.set("more", entry("new"))
      assert.deepStrictEqual(
        (yield* Effect.forEach(["k0", "k1", "k5", "more"], index.get)).map((found) => found?.name),
        [undefined, "x", "again", "new"]
      )
    }))
})

describe("what a file or an operation failed with", () => {
  it("is the error of the HTTP status that its code stands for, with the server's words", () => {
    const rows: ReadonlyArray<readonly [code: unknown, tag: string]> = [
      [3, "InvalidRequest"],
      [5, "NotFound"],
      [7, "Unauthenticated"],
      [8, "RateLimited"],
      [13, "ServerError"],
      [14, "Overloaded"],
      [16, "Unauthenticated"],
      ["5", "NotFound"],
      [undefined, "ServerError"],
      // One that is no code of Google's is taken for a status.
      [404, "NotFound"]
    ]
    for (const [code, tag] of rows) {
      const error = Failed.errorOf("files.get", {
        ...(code === undefined ? {} : { code: code as number }),
        message: "because"
      })
      assert.strictEqual(error.reason._tag, tag, String(code))
      assert.include(error.message, "because")
    }
    for (const none of [undefined, null]) {
      assert.include(Failed.errorOf("files.get", none).message, "it failed, and the server does not say why")
    }
  })
})

describe("an operation", () => {
  /** A server that gives these answers one after the other, and what it was asked. */
  const answering = (...values: ReadonlyArray<unknown>) => {
    const asked: Array<ResourceHttp.Ask<unknown>> = []
    const http = {
      ask: (request: ResourceHttp.Ask<unknown>) =>
        Effect.sync(() => {
          asked.push(request)
          return { member: undefined, value: values[asked.length - 1] }
        })
    } as unknown as ResourceHttp.Service
    return { asked, operations: Operations.make(http) }
  }
  const name = "models/m/operations/o"
  const running = { name }

  it.effect("is over when it says so, or has its response or its error, and not before", () =>
    Effect.gen(function*() {
      for (const over of [{ done: true }, { response: {} }, { error: { code: 5, message: "gone" } }]) {
        const { operations } = answering(running, { ...running, done: false, response: null, error: null }, {
          ...running,
          ...over
        }, running)
        assert.lengthOf(yield* Stream.runCollect(operations.poll(name, { interval: 0 })), 3)
      }
    }))

  it.effect("is listed until a page has no next, or names itself as the next", () =>
    Effect.gen(function*() {
      const page = (nextPageToken?: string) => ({ operations: [running], nextPageToken })
      for (const last of [page(), page(""), page("b")]) {
        const { asked, operations } = answering(page("a"), page("b"), last, page())
        assert.lengthOf(yield* Stream.runCollect(operations.list("models/m")), 3)
        assert.deepStrictEqual(asked.map(({ query }) => query?.["pageToken"]), [undefined, "a", "b"])
      }
    }))
})
