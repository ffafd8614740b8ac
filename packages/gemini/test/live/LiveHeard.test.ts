/** What a connection hears: the bytes of a message that is not whole, and what is said of a refused upgrade. */
import { assert, describe, it } from "@effect/vitest"
import * as Clock from "effect/Clock"
import * as Effect from "effect/Effect"
import * as Redacted from "effect/Redacted"
import * as TestClock from "effect/testing/TestClock"
import { EventEmitter } from "node:events"
import { setFlagsFromString } from "node:v8"
import { runInNewContext } from "node:vm"
import type { ConnectionEnd } from "../../src/internal/live/close.ts"
import { LiveConnection } from "../../src/internal/live/LiveConnection.ts"
import { UpgradeRefusal } from "../../src/internal/live/UpgradeRefusal.ts"

setFlagsFromString("--expose-gc")
const collect: () => void = runInNewContext("gc")

/** A WebSocket of the package `ws`, as far as a connection knows it. */
class FakeSocket extends EventEmitter {
  readyState = 1
  bufferedAmount = 0
  isPaused = false
  pings = 0
  readonly _socket = { bytesRead: 0 }
  addEventListener(): void {}
  removeEventListener(): void {}
  send(_: string, done?: () => void): void {
    done?.()
  }
  ping(): void {
    this.pings++
  }
  pause(): void {
    this.isPaused = true
  }
  resume(): void {
    this.isPaused = false
  }
  terminate(): void {
    this.readyState = 3
  }
  close(): void {
    this.readyState = 3
  }
}

const bytes = (message: unknown) => Buffer.from(JSON.stringify(message))

/** A connection that is set up and watched, with what a test sees of it. */
const connection = Effect.withFiber<
  {
    readonly ws: FakeSocket
    readonly connection: LiveConnection
    readonly ends: Array<ConnectionEnd>
    readonly lost: Array<unknown>
  }
>((fiber) =>
  Effect.sync(() => {
    const ws = new FakeSocket()
    const connection = new LiveConnection(
      {
        construct: () => ws as never,
        endpoint: { url: Redacted.make("ws://x"), headers: Redacted.make(undefined), secret: Redacted.make("k") },
        readAhead: 100,
        inboundLimit: 300,
        frameLimit: 1 << 20,
        connect: 1_000,
        setup: 1_000
      },
      fiber.context,
      fiber.getRef(Clock.Clock)
    )
    connection.dial("{\"setup\":{}}", () => undefined)
    ws.emit("open")
    ws.emit("message", bytes({ setupComplete: {} }))
    const ends: Array<ConnectionEnd> = []
    const lost: Array<unknown> = []
    connection.watch({
      idle: Infinity,
      silence: Infinity,
      isDue: false,
      ping: { interval: 10_000, timeout: 5_000 },
      lastMessageAt: 0,
      onRoundTrip: () => undefined,
      onLost: () => lost.push(undefined)
    })
    return { ws, connection, ends, lost }
  })
)

const listener = (ends: Array<ConnectionEnd>) => ({
  onFrame: () => undefined,
  onEnd: (ending: ConnectionEnd) => void ends.push(ending)
})

describe("a connection", () => {
  it.effect("on which a large message arrives slowly is alive, and one on which nothing arrives is not", () =>
    Effect.gen(function*() {
      const { connection: live, ends, ws } = yield* connection
      live.listen(listener(ends))
      for (let i = 1; i <= 3; i++) {
        yield* TestClock.adjust("10 seconds")
        assert.strictEqual(ws.pings, i)
        ws._socket.bytesRead++
        yield* TestClock.adjust("5 seconds")
        assert.deepStrictEqual(ends, [])
      }
      yield* TestClock.adjust("10 seconds")
      yield* TestClock.adjust("4999 millis")
      assert.deepStrictEqual(ends, [])
      yield* TestClock.adjust("1 millis")
      assert.strictEqual(ends.length, 1)
    }))

  it.effect("that is paused is looked at behind what waits unread, up to its bound", () =>
    Effect.gen(function*() {
      const { ends, lost, ws } = yield* connection
      const message = Buffer.from("x".repeat(100))
      // Each look takes one more message in.
      for (const held of [100, 200]) {
        ws.emit("message", message)
        assert.isTrue(ws.isPaused, `at ${held} bytes`)
        yield* TestClock.adjust("10 seconds")
        assert.isFalse(ws.isPaused, `at ${held} bytes`)
      }
      ws.emit("message", message)
      yield* TestClock.adjust("10 seconds")
      assert.isTrue(ws.isPaused, "at the bound")
      assert.strictEqual(ws.pings, 1)
      // No pong can be seen, and its absence says nothing.
      yield* TestClock.adjust("1 minute")
      assert.deepStrictEqual([ends, lost], [[], []])
    }))

  // What is left of a socket lives until Node collects the whole heap (ws 8.23, November 2026).
  it.effect("that is closed is not kept by what is left of its socket", () =>
    Effect.gen(function*() {
      const { ref, ws } = yield* Effect.flatMap(connection, ({ connection: live, ws }) => {
        live.listen(listener([]))
        const ref = new WeakRef(live)
        return Effect.map(live.close(), () => {
          ws.emit("close", 1000, "")
          return { ref, ws }
        })
      })
      // A WeakRef is strong until the job that made it has ended.
      yield* Effect.promise(() => new Promise((resolve) => setImmediate(resolve)))
      collect()
      assert.isUndefined(ref.deref())
      assert.strictEqual(ws.readyState, 3)
    }))

  it.effect("that is closed moves no deadline for a pong that still comes", () =>
    Effect.gen(function*() {
      const { connection: live, ends, ws } = yield* connection
      live.listen(listener(ends))
      yield* live.close()
      ws.emit("pong")
      assert.strictEqual(live.deadline, Infinity)
      yield* TestClock.adjust("1 hour")
      assert.strictEqual(ws.pings, 0)
    }))
})

describe("a refused upgrade", () => {
  class Response extends EventEmitter {
    statusCode = 403
    isDestroyed = false
    destroy(): void {
      this.isDestroyed = true
    }
  }

  it("is known before its body has ended, and its characters may be cut in two", () => {
    const response = new Response()
    let isOver = false
    const refusal = new UpgradeRefusal(response, "k", () => {
      isOver = true
    })
    assert.deepStrictEqual(refusal.ending, { _tag: "Refused", status: 403 })
    const body = Buffer.from("zu spät")
    response.emit("data", body.subarray(0, 6))
    response.emit("data", body.subarray(6))
    assert.deepStrictEqual(refusal.ending, { _tag: "Refused", status: 403, description: "zu spät" })
    assert.isFalse(isOver)
    response.emit("close")
    assert.isTrue(isOver)
  })

  it("is read up to its bound", () => {
    const response = new Response()
    const refusal = new UpgradeRefusal(response, "k", () => undefined)
    response.emit("data", Buffer.alloc((1 << 14) - 1))
    assert.isFalse(response.isDestroyed)
    response.emit("data", Buffer.alloc(1))
    assert.isTrue(response.isDestroyed)
    assert.deepInclude(refusal.ending, { _tag: "Refused", status: 403 })
  })
})
