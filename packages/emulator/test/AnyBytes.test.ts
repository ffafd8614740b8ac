/**
 * Whatever comes over a socket, the emulator answers or closes, and goes on: it may be part of somebody's test run, and
 * must not end that process.
 */
import * as NodeHttpClient from "@effect/platform-node/NodeHttpClient"
import { assert, describe, layer } from "@effect/vitest"
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Clock from "effect/Clock"
import * as Context from "effect/Context"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Fiber from "effect/Fiber"
import * as Layer from "effect/Layer"
import * as Scope from "effect/Scope"
import { connect } from "node:net"
import { seedOf, sizeOf } from "../../../scripts/proof.ts"
import * as Mutations from "./Mutations.ts"
import { closeCodeOf, converse, frame, livePath, portOf, statusOf, upgrade } from "./RawSocket.ts"
import { flash, generate, post, prompt, text } from "./Wire.ts"

const services = (options: Emulator.Options = {}) =>
  Emulator.layerServer(options).pipe(
    Layer.provideMerge(NodeHttpClient.layerUndici),
    Layer.provide(Layer.succeed(Clock.Clock, Context.get(Context.empty(), Clock.Clock)))
  )

/** How many times the usual number of inputs. */
const times = sizeOf("11.4", { test: 1, prove: 10 })
const seed = seedOf("11.4", 7)

/** What nobody caught while `effect` ran. */
const uncaught = <A, E, R>(effect: Effect.Effect<A, E, R>) =>
  Effect.suspend(() => {
    const found: Array<unknown> = []
    const note = (error: unknown) => found.push(error)
    process.on("uncaughtException", note).on("unhandledRejection", note)
    return Effect.as(effect, found).pipe(
      Effect.ensuring(Effect.sync(() => process.off("uncaughtException", note).off("unhandledRejection", note)))
    )
  })

const isWell = Effect.map(generate(prompt("Are you well?")), (response) => assert.include(text(response), "well"))

const heard = { enough: (text: string) => text.includes("\r\n\r\n"), millis: 2_000 }

describe("over sockets", () => {
  const mistaken: Emulator.Options["projects"] = {
    mistaken: {
      keys: ["mistaken"],
      answers: () => {
        throw new Error("my own mistake")
      }
    }
  }
  layer(services({ remember: 10, projects: mistaken }))((it) => {
    it.effect.each<[string, string, number]>([
      ["a Host that ends nowhere", "GET / HTTP/1.1\r\nHost: [\r\n\r\n", 400],
      ["a Host of two words", "GET / HTTP/1.1\r\nHost: a b\r\n\r\n", 400],
      ["a Host with a bare %", "GET / HTTP/1.1\r\nHost: %\r\n\r\n", 400],
      ["a Host with a port that is none", "GET / HTTP/1.1\r\nHost: x:99999\r\n\r\n", 400],
      ["a Host with a path", "GET /models HTTP/1.1\r\nHost: x/v1beta\r\n\r\n", 400],
      ["an empty Host", "GET / HTTP/1.1\r\nHost: \r\n\r\n", 400],
      ["no Host", "GET / HTTP/1.1\r\n\r\n", 400],
      ["OPTIONS *", "OPTIONS * HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 200],
      ["GET *", "GET * HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 400],
      [
        "a target of a proxy's client",
        "GET http://127.0.0.1:PORT/v1beta/models?key=k HTTP/1.1\r\nHost: h\r\n\r\n",
        200
      ],
      ["a target with a password", "GET http://u:p@127.0.0.1/v1beta/models?key=k HTTP/1.1\r\nHost: h\r\n\r\n", 200],
      ["an absolute target that is none", "GET http://[/v1beta/models HTTP/1.1\r\nHost: h\r\n\r\n", 400],
      ["a target of another scheme", "GET file:///etc/passwd HTTP/1.1\r\nHost: h\r\n\r\n", 400],
      ["a path that looks like a host", "GET //[ HTTP/1.1\r\nHost: 127.0.0.1:PORT\r\n\r\n", 404],
      ["an upgrade to a Host that ends nowhere", upgrade(livePath, 0, "["), 400],
      ["an upgrade of *", upgrade("*", 0), 400],
      ["an upgrade of a proxy's client", upgrade(`http://127.0.0.1${livePath}`, 0), 101],
      ["an upgrade elsewhere", upgrade("/ws/nowhere", 0), 404]
    ])("%s gets its status", ([, request, status]) =>
      Effect.gen(function*() {
        const port = portOf((yield* Emulator.Emulator).url)
        const errors = yield* uncaught(Effect.gen(function*() {
          const answer = yield* converse(port, [request.replaceAll("PORT", String(port))], heard)
          assert.strictEqual(statusOf(answer), status, answer.text)
          yield* isWell
        }))
        assert.deepStrictEqual(errors, [])
      }))

    it.effect("a fault of odd values is a 400, and what throws all the same a 500, each with words that say so", () =>
      Effect.gen(function*() {
        const port = portOf((yield* Emulator.Emulator).url)
        for (
          const [fault, status, words] of [
            ["{\"errorAfter\":null}", 400, "errorAfter: expected object"],
            ["{\"slowRead\":null}", 400, "slowRead: expected object"],
            ["{\"headers\":{\"a b\":\"x\"}}", 500, "The emulator failed"],
            ["{\"error\":{\"code\":\"constructor\"}}", 400, "error.code: expected number"],
            ["{\"status\":\"x\"}", 400, "status: expected number"]
          ] as const
        ) {
          const request = `GET /v1beta/models?key=k HTTP/1.1\r\nHost: localhost\r\nx-emulator-fault: ${fault}\r\n\r\n`
          const answer = yield* converse(port, [request], heard)
          assert.strictEqual(statusOf(answer), status, `${fault}: ${answer.text}`)
          assert.include(answer.text, words)
        }
        const mistaken = yield* post(`/v1beta/models/${flash}:generateContent`, prompt("Hi"), {
          "x-goog-api-key": "mistaken"
        })
        assert.strictEqual(mistaken.status, 500)
        assert.include(yield* mistaken.text, "my own mistake")
        yield* isWell
      }))

    it.effect("a predicate that throws fails the one who waits, and not who is served meanwhile", () =>
      Effect.gen(function*() {
        const emulator = yield* Emulator.Emulator
        let calls = 0
        const waiting = yield* Effect.forkChild(
          emulator.awaitLog(() => {
            if (calls++ === 0) return false
            throw new Error("my own mistake")
          }),
          { startImmediately: true }
        )
        yield* isWell
        const exit = yield* Fiber.await(waiting)
        assert.include(String(exit), "my own mistake")
      }))

    it.effect("the layer closes while refused upgrades keep their half of the connection open", () =>
      Effect.gen(function*() {
        const scope = yield* Scope.make()
        const context = yield* Layer.buildWithScope(Emulator.layerServer(), scope)
        const port = portOf(Context.get(context, Emulator.Emulator).url)
        const client = connect({ port, host: "127.0.0.1", allowHalfOpen: true })
        yield* Effect.callback<void>((resume) => {
          client.on("data", () => undefined).once("end", () => resume(Effect.void))
          client.write(upgrade("/ws/nowhere", port))
        })
        yield* Scope.close(scope, Exit.void)
        client.destroy()
      }))

    it.effect("a close that no frame can carry ends the Live connection all the same", () =>
      Effect.gen(function*() {
        const port = portOf((yield* Emulator.Emulator).url)
        for (const close of ["{\"code\":99}", "{\"code\":\"x\"}"]) {
          const request = upgrade(livePath, port).replace(
            "\r\n\r\n",
            `\r\nx-emulator-fault: {"close":${close}}\r\n\r\n`
          )
          const { closed, text } = yield* converse(port, [request], { enough: () => false, millis: 5_000 })
          assert.isTrue(closed, `${close}: ${text}`)
        }
      }))

    it.effect("a fault of a thousand million fragments sends as many as there are bytes", () =>
      Effect.gen(function*() {
        const port = portOf((yield* Emulator.Emulator).url)
        const request = upgrade(livePath, port).replace("\r\n\r\n", "\r\nx-emulator-fault: {\"fragments\":1e9}\r\n\r\n")
        const setup = frame(1, Buffer.from("{\"setup\":{\"model\":\"models/gemini-3.8-live\"}}"))
        // A frame of one byte has a head of two: the message's 28 bytes are 84.
        const { closed, text } = yield* converse(port, [request, setup], {
          enough: (text) => text.slice(text.indexOf("\r\n\r\n") + 4).length >= 60,
          millis: 5_000
        })
        assert.isFalse(closed)
        assert.include(text, "\x00\x01")
      }))

    it.effect("a Live message of 32 MiB is taken, and one byte more is a close with 1009", () =>
      Effect.gen(function*() {
        const port = portOf((yield* Emulator.Emulator).url)
        const answerTo = (size: number) =>
          converse(port, [upgrade(livePath, port), frame(1, Buffer.alloc(size, " "))], {
            enough: (text) => closeCodeOf(text) > 0,
            millis: 30_000
          })
        // A text of spaces is not a message.
        assert.strictEqual(closeCodeOf((yield* answerTo(32 * 1024 * 1024)).text), 1007)
        assert.strictEqual(closeCodeOf((yield* answerTo(32 * 1024 * 1024 + 1)).text), 1009)
      }))

    it.effect(
      "a body of 100 MiB is read, and one byte more is refused in Google's words",
      () =>
        Effect.gen(function*() {
          const port = portOf((yield* Emulator.Emulator).url)
          const limit = 100 * 1024 * 1024
          const answerTo = (size: number) =>
            converse(port, [
              `POST /v1beta/models/none:generateContent?key=k HTTP/1.1\r\nHost: localhost\r\nContent-Length: ${size}\r\n\r\n`,
              "{\"contents\":[{\"parts\":[{\"text\":\"",
              Buffer.alloc(size - 38, "x"),
              "\"}]}]}"
            ], { enough: (text) => text.includes("}\n}"), millis: 60_000 })
          const whole = yield* answerTo(limit)
          assert.strictEqual(statusOf(whole), 404, "it was read, and there is no such model")
          const larger = yield* answerTo(limit + 1)
          assert.strictEqual(statusOf(larger), 400)
          assert.include(larger.text, `Request payload size exceeds the limit: ${limit} bytes.`)
        }),
      150_000
    )

    it.effect(`${5_000 * times} requests of mutated bytes end nothing but themselves`, () =>
      Effect.gen(function*() {
        const port = portOf((yield* Emulator.Emulator).url)
        const chance = Mutations.make(seed)
        const tally: Record<number, number> = {}
        const errors = yield* uncaught(Effect.forEach(
          Array.from({ length: 5_000 * times }, () => Mutations.request(chance, port)),
          (bytes) =>
            Effect.map(
              converse(port, [bytes], { enough: (text) => text.length > 12, millis: 500 }),
              (answer) => {
                tally[statusOf(answer)] = (tally[statusOf(answer)] ?? 0) + 1
              }
            ),
          { concurrency: 40, discard: true }
        ))
        assert.deepStrictEqual(errors, [])
        yield* isWell
        // The mutations reach past the parser: good answers and refusals are among them.
        assert.isAbove(tally[200] ?? 0, 0, JSON.stringify(tally))
        assert.isAbove(tally[404] ?? 0, 0, JSON.stringify(tally))
      }), 60_000 * times)

    it.effect(
      `${1_000 * times} WebSocket openings with mutated frames end nothing but themselves`,
      () =>
        Effect.gen(function*() {
          const port = portOf((yield* Emulator.Emulator).url)
          const chance = Mutations.make(seed + 1)
          const tally: Record<number, number> = {}
          const errors = yield* uncaught(Effect.forEach(
            Array.from({ length: 1_000 * times }, () => Mutations.opening(chance, port)),
            ({ head, later }) =>
              Effect.map(
                converse(port, head, { enough: () => false, millis: 1_000, linger: 20, later }),
                (answer) => {
                  tally[statusOf(answer)] = (tally[statusOf(answer)] ?? 0) + 1
                }
              ),
            { concurrency: 40, discard: true }
          ))
          assert.deepStrictEqual(errors, [])
          yield* isWell
          assert.isAbove(tally[101] ?? 0, 500 * times, JSON.stringify(tally))
        }),
      60_000 * times
    )
  })
})
