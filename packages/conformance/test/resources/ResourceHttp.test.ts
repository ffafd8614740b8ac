/**
 * What the server keeps, over real sockets: who is asked, and what becomes of a create whose answer was lost.
 */
import { assert, describe, it } from "@effect/vitest"
import * as GeminiClient from "effect-gemini/GeminiClient"
import * as Members from "effect-gemini/Members"
import * as MemberCall from "effect-gemini/members/MemberCall"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import { Anything, cache, door, get, keysOf, Named, names, one, several } from "./resourceLayers.ts"
import * as ResourceServer from "./resourceServer.ts"

describe("what a member made", () => {
  it.live("is asked of that member alone, from the answer itself, from a handle and after a restart", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const made = yield* Effect.provide(
        Effect.gen(function*() {
          const made = yield* Effect.forEach(["x", "y", "z"], (name) => cache(name))
          for (const { value } of made) assert.strictEqual((yield* get(value.name)).member !== undefined, true)
          return made
        }),
        several(server)
      )
      assert.deepStrictEqual(made.map(({ member }) => member).sort(), ["a", "b", "c"])
      const kept: ReadonlyArray<typeof made[number]["handle"]> = JSON.parse(
        JSON.stringify(made.map(({ handle }) => handle))
      )
      yield* Effect.provide(
        Effect.forEach(kept, (handle) => get(handle?.name ?? "", [handle])),
        several(server)
      )
      for (const { handle, member } of made) {
        assert.deepStrictEqual(keysOf(server, handle?.name ?? ""), [`key-${member}`, `key-${member}`])
      }
      assert.strictEqual(made[0]?.attempts[0]?.member, made[0]?.member)
    }))

  it.live("does not move when that member is down, and says in the end who did not answer", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          const { handle, member } = yield* cache("x")
          server.fate = ({ key }) => key === `key-${member}` ? "unavailable" : undefined
          const error = yield* Effect.flip(get(handle?.name ?? ""))
          assert.strictEqual(error.reason._tag, "Overloaded")
          assert.deepStrictEqual(error.attempts.map((attempt) => attempt.member), [member, member, member])
          assert.deepStrictEqual(new Set(keysOf(server, handle?.name ?? "")), new Set([`key-${member}`]))
        }),
        several(server)
      )
    }))

  it.live("that is gone is NotFound with the member that was asked, also where Google says 403", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          for (const name of ["files/gone", "cachedContents/gone"]) {
            const error = yield* Effect.flip(get(name, [{ name, member: "b" }]))
            assert.strictEqual(error.reason._tag === "NotFound" && error.reason.member, "b")
            assert.include(error.message, "(asked: the member b)")
            assert.deepStrictEqual(keysOf(server, name), ["key-b"])
          }
          // The key was not refused: the next create may go to b as before.
          const made = yield* Effect.forEach(["1", "2", "3"], (name) => cache(name))
          assert.deepStrictEqual(made.map(({ member }) => member).sort(), ["a", "b", "c"])
        }),
        several(server)
      )
    }))

  it.live("is not what is missing where a create is forbidden: a project's own 403 stays what it is", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      server.special = (_, response) => {
        response.writeHead(403, { "content-type": "application/json" }).end(
          JSON.stringify({ error: { code: 403, message: "The billing account was not found." } })
        )
        return true
      }
      const error = yield* Effect.flip(Effect.provide(cache("x"), one(server)))
      assert.strictEqual(error.reason._tag, "Unauthenticated")
    }))

  it.live("of which nobody knows the maker is refused unsent, unless the call names the member", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          const error = yield* Effect.flip(get("files/elsewhere"))
          assert.strictEqual(error.reason._tag, "InvalidRequest")
          const list = yield* Effect.flip(get("files"))
          assert.include(list.message, "MemberCall.set")
          const gone = yield* Effect.flip(get("files/x", [{ name: "files/x", member: "former" }]))
          assert.strictEqual(gone.reason._tag, "NotFound")
          assert.include(gone.message, "former")
          assert.deepStrictEqual(server.log, [])
          yield* Effect.flip(get("files/elsewhere").pipe(MemberCall.set({ member: "c" })))
          assert.deepStrictEqual(keysOf(server, "files/elsewhere"), ["key-c"])
        }),
        several(server)
      )
    }))

  it.live("decides where something is made of it", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          for (const member of names) {
            const file = { name: `files/input-${member}`, member }
            const made = yield* http.create({
              method: "batches.create",
              path: "models/gemini-3.8-flash:batchGenerateContent",
              body: { batch: { displayName: member, inputConfig: { fileName: file.name } } },
              of: [file],
              answer: Named
            })
            assert.strictEqual(made.member, member)
          }
        }),
        several(server)
      )
    }))
})

describe("a generation", () => {
  const model = "gemini-3.8-flash"
  const generations = (server: ResourceServer.ResourceServer) =>
    server.log.filter(({ path }) => path.endsWith(":generateContent")).map(({ key }) => key)
  const answering = (server: ResourceServer.ResourceServer) => {
    const { special } = server
    server.special = (entry, response) => {
      if (!entry.path.endsWith(":generateContent")) return special(entry, response)
      const text = { candidates: [{ content: { role: "model", parts: [{ text: "yes" }] }, finishReason: "STOP" }] }
      const message = "You do not have permission to access the File files/gone or it may not exist."
      const isGone = entry.body.includes("gone")
      response.writeHead(isGone ? 403 : 200, { "content-type": "application/json" }).end(
        JSON.stringify(isGone ? { error: { code: 403, status: "PERMISSION_DENIED", message } } : text)
      )
      return true
    }
  }

  it.live("goes to the member that made what it names: a cache, a store, a voice", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      answering(server)
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          const gemini = yield* GeminiClient.GeminiClient
          for (const [index, path] of ["cachedContents", "fileSearchStores", "voices"].entries()) {
            // Each of another member, because the one with the fewest creates is asked.
            const { handle, member } = yield* http.create({
              method: "resources.create",
              path,
              body: { displayName: path },
              answer: Anything
            })
            const name = handle?.name ?? ""
            server.log.length = 0
            const request = { model, contents: "Say yes" }
            for (let round = 0; round < 3; round++) {
              yield* gemini.generate(
                index === 0
                  ? { ...request, cachedContent: name }
                  : index === 1
                  ? { ...request, tools: [{ fileSearch: { fileSearchStoreNames: [name] } }] }
                  : {
                    ...request,
                    generationConfig: { speechConfig: { voiceConfig: { voice: name.replace("voices/", "") } } }
                  }
              )
            }
            assert.deepStrictEqual(generations(server), Array(3).fill(`key-${member}`))
          }
        }),
        several(server)
      )
    }))

  it.live("with a file that is gone is NotFound with the member that was asked, which keeps its key", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      answering(server)
      yield* Effect.provide(
        Effect.gen(function*() {
          const members = yield* Members.Members
          const gemini = yield* GeminiClient.GeminiClient
          yield* members.remember("files/gone", "b")
          const error = yield* Effect.flip(gemini.generate({
            model,
            contents: [{ fileData: { fileUri: "files/gone", mimeType: "text/plain" } }]
          }))
          assert.strictEqual(error.reason._tag === "NotFound" && error.reason.member, "b")
          assert.deepStrictEqual(generations(server), ["key-b"])
          const { candidates } = yield* members.explain({ model, contents: "Say yes" })
          assert.deepStrictEqual(candidates.filter(({ isKeyRefused }) => isKeyRefused), [])
        }),
        several(server)
      )
    }))
})

describe("something new", () => {
  it.live("is not made by a member that was just down, while another is well", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          server.fate = ({ key }) => key === "key-a" ? "unavailable" : undefined
          yield* Effect.flip(cache("first", false))
          const made = yield* Effect.forEach(["1", "2", "3", "4"], (name) => cache(name, false))
          assert.deepStrictEqual(made.map(({ member }) => member), ["b", "c", "b", "c"])
          assert.strictEqual(server.log.filter(({ key }) => key === "key-a").length, 1)
          // Unless the call names it.
          yield* Effect.flip(cache("5", false).pipe(MemberCall.set({ member: "a" })))
          assert.strictEqual(server.log.at(-1)?.key, "key-a")
        }),
        several(server)
      )
    }))

  it.live("of one sticky key is made where the first of them was", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const made = yield* Effect.provide(
        Effect.forEach(["x", "y", "x", "x", "y"], (sticky) => cache(sticky, false).pipe(MemberCall.set({ sticky }))),
        several(server)
      )
      assert.deepStrictEqual(made.map(({ member }) => member), ["a", "b", "a", "a", "b"])
    }))

  it.live("is made by the members in the proportion of their weights", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      const made = yield* Effect.provide(
        Effect.forEach(Array.from({ length: 12 }, (_, index) => `${index}`), (name) => cache(name)),
        several(server, {
          members: names.map((name) => ({ name, apiKey: Redacted.make(`key-${name}`), weight: name === "b" ? 2 : 1 }))
        })
      )
      assert.deepStrictEqual(names.map((name) => made.filter(({ member }) => member === name).length), [3, 6, 3])
    }))
})

describe("a create whose answer was lost", () => {
  /** The first answer to a POST is lost, once it was done or before. */
  const losing = (server: ResourceServer.ResourceServer, fate: "lost" | "reset") => {
    let posts = 0
    server.fate = ({ method }) => method === "POST" && ++posts === 1 ? fate : undefined
  }
  const posts = ({ log }: ResourceServer.ResourceServer) => log.filter(({ method }) => method === "POST").length

  it.live("is found by its display name, and not made again", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          // More than a page of others.
          yield* Effect.forEach(Array.from({ length: 25 }, (_, i) => `other ${i}`), (name) => cache(name))
          const before = posts(server)
          losing(server, "lost")
          const made = yield* cache("mine")
          assert.isTrue(made.isSettled)
          assert.strictEqual(server.kept.get(made.value.name)?.displayName, "mine")
          assert.strictEqual(posts(server), before + 1)
        }),
        one(server)
      )
    }))

  it.live("and which was never made is made, by the next attempt", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      losing(server, "reset")
      const made = yield* Effect.provide(cache("mine"), one(server))
      assert.isFalse(made.isSettled)
      assert.strictEqual(server.kept.size, 1)
      assert.strictEqual(posts(server), 2)
      // Twice: it might have been on its way when the first look came.
      assert.strictEqual(keysOf(server, "cachedContents").length, 4)
    }))

  it.live.each(["lost", "reset"] as const)(
    "and that cannot be looked for is reported as mayExist (%s)",
    (fate) =>
      Effect.gen(function*() {
        const server = yield* ResourceServer.make
        losing(server, fate)
        const error = yield* Effect.flip(
          Effect.provide(cache("mine", false), several(server))
        )
        assert.strictEqual(error.reason._tag, "Network")
        assert.isDefined(error.mayExist?.member)
        assert.strictEqual(posts(server), 1)
      })
  )

  it.live("and whose list does not answer is reported with what to look for", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      server.fate = ({ method }) => method === "POST" ? "lost" : "unavailable"
      const error = yield* Effect.flip(Effect.provide(cache("mine"), one(server)))
      assert.deepStrictEqual(error.mayExist, { displayName: "mine" })
      assert.strictEqual(posts(server), 1)
    }))

  it.live("and whose display name two bear is reported, because either may be older", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          yield* cache("mine")
          losing(server, "lost")
          const error = yield* Effect.flip(cache("mine"))
          assert.deepStrictEqual(error.mayExist, { displayName: "mine" })
        }),
        one(server)
      )
    }))

  it.live("and that the deadline of the whole call cut is reported too", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      server.special = ({ method }) => method === "POST"
      const error = yield* Effect.flip(
        Effect.provide(cache("mine"), one(server, { timeouts: { total: "200 millis" } }))
      )
      assert.strictEqual(error.reason._tag, "TimedOut")
      assert.deepStrictEqual(error.mayExist, { displayName: "mine" })
    }))

  it.live("but one that the server refused goes to the next member, and is reported as nothing", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      server.fate = ({ key }) => key === "key-a" ? "limited" : undefined
      const made = yield* Effect.provide(cache("mine", false), several(server))
      assert.strictEqual(made.member, "b")
      assert.deepStrictEqual(made.attempts.map(({ member, reason }) => [member, reason]), [
        ["a", "RateLimited"],
        ["b", undefined]
      ])
      server.fate = () => "limited"
      const error = yield* Effect.flip(Effect.provide(cache("mine", false), several(server)))
      assert.isUndefined(error.mayExist)
    }))

  it.live("is not sent again by ask either, where that is a POST; a DELETE is, and what is gone then was deleted", () =>
    Effect.gen(function*() {
      const server = yield* ResourceServer.make
      yield* Effect.provide(
        Effect.gen(function*() {
          const http = yield* door
          const made = yield* cache("mine")
          losing(server, "lost")
          yield* Effect.flip(
            http.ask({ method: "batches.cancel", httpMethod: "POST", path: "batches/x:cancel", answer: Anything })
          )
          assert.strictEqual(posts(server), 2)
          let deletes = 0
          server.fate = ({ method }) => method === "DELETE" && ++deletes === 1 ? "lost" : undefined
          yield* http.ask({ method: "caches.delete", httpMethod: "DELETE", path: made.value.name, answer: Anything })
          assert.strictEqual(deletes, 2)
        }),
        one(server)
      )
    }))
})
