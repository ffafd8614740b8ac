/** What of a service becomes plain, and what stays as it is: every kind of field, of objects and of classes. */
import * as Duration from "effect/Duration"
import * as Effect from "effect/Effect"
import * as Exit from "effect/Exit"
import * as Option from "effect/Option"
import * as Stream from "effect/Stream"
import { describe, expect, test } from "vitest"
import * as PromisedService from "../src/internal/promisedService.ts"
import { all } from "./server.ts"

const runner: PromisedService.Runner = {
  promise: (effect) => Effect.runPromise(effect).then((value) => PromisedService.outcome(value, runner)),
  chunks: (stream) => Stream.toAsyncIterable(Stream.map(stream, (value) => PromisedService.outcome(value, runner)))
}

class Getters {
  get size() {
    return Effect.succeed(3)
  }
  get items() {
    return Stream.make(1, 2)
  }
  get plain() {
    return 7
  }
}
class Methods {
  readonly kept = 1
  method() {
    return this.kept
  }
}
class PlainGetter {
  get plain() {
    return 7
  }
}

describe("what has methods or effects of its own is a service", () => {
  for (
    const [name, value, isService] of [
      ["a function", { run: () => 1 }, true],
      ["an Effect", { size: Effect.succeed(1) }, true],
      ["a Stream", { items: Stream.make(1) }, true],
      ["a getter of an Effect, of its class", new Getters(), true],
      ["a getter of an Effect, of its own", {
        get size() {
          return Effect.succeed(1)
        }
      }, true],
      ["a field among data", { a: 1, b: "x", run: () => 1 }, true],
      ["a method of its class alone", new Methods(), false],
      ["a getter of data alone", new PlainGetter(), false],
      ["a getter of a function, which is a value like any other", {
        get run() {
          return () => 1
        }
      }, false],
      ["data", { a: 1, b: { c: [] } }, false],
      ["nothing", {}, false],
      ["an object without a prototype", Object.create(null), false],
      ["a list, even of functions", [() => 1], false],
      ["an error with a function", Object.assign(new Error("x"), { run: () => 1 }), false],
      ["a date", new Date(0), false],
      ["a duration", Duration.seconds(1), false],
      ["null", null, false],
      ["undefined", undefined, false],
      ["a text", "text", false],
      ["a function by itself", () => 1, false],
      ["an Effect by itself", Effect.succeed(1), false],
      ["an Option", Option.some(1), false],
      ["an Exit", Exit.succeed(1), false],
      ["a Stream by itself", Stream.make(1), false]
    ] as const
  ) {
    test(`${name}: ${isService}`, () => expect(PromisedService.isService(value)).toBe(isService))
  }
})

describe("the plain form", () => {
  const inner = { get: (n: number) => Effect.succeed(n + 1) }
  const service = {
    data: { a: 1 },
    effect: Effect.succeed("done"),
    stream: Stream.make("a", "b"),
    method: (a: number, b: number) => Effect.succeed(a - b),
    chunks: (n: number) => Stream.range(1, n),
    sum: (a: number, b: number) => a + b,
    opened: () => Effect.succeed(inner),
    each: () => Stream.make(inner),
    inner
  }
  const plain = PromisedService.make(service, runner)
  const call = (name: string, ...args: ReadonlyArray<unknown>): unknown => {
    const member = plain[name]
    if (typeof member !== "function") throw new Error(`${name} is no method`)
    return Reflect.apply(member, undefined, args)
  }

  test("has the names of the service, and nothing else", () => {
    expect(Object.keys(plain)).toEqual(Object.keys(service))
  })
  test("gives data as it is", () => expect(plain["data"]).toBe(service.data))
  test("gives an Effect as a method that gives a promise", async () => {
    expect(plain["effect"]).toBeTypeOf("function")
    expect(await call("effect")).toBe("done")
  })
  test("gives a Stream as an async iterable", async () => {
    expect(await all(plain["stream"] as AsyncIterable<unknown>)).toEqual(["a", "b"])
  })
  test("passes all arguments, and gives what a method gives", async () => {
    expect(await call("method", 5, 3)).toBe(2)
    expect(await all(call("chunks", 3) as AsyncIterable<unknown>)).toEqual([1, 2, 3])
    expect(call("sum", 5, 3)).toBe(8)
  })
  test("goes on within what a method gives, an element of a stream is, or a field holds", async () => {
    const opened = await call("opened") as { readonly get: (n: number) => Promise<number> }
    expect(await opened.get(1)).toBe(2)
    const [element] = await all(call("each") as AsyncIterable<typeof opened>)
    expect(await element?.get(2)).toBe(3)
    expect(await (plain["inner"] as typeof opened).get(3)).toBe(4)
  })

  test("of a class has its methods, its getters and those that it inherits, read each time and bound to it", async () => {
    class Base {
      #count = 0
      readonly own = () => Effect.succeed("own")
      next() {
        return Effect.sync(() => ++this.#count)
      }
      get count() {
        return this.#count
      }
    }
    class Derived extends Base {
      other() {
        return this.count * 10
      }
    }
    const made = PromisedService.make(new Derived() as unknown as Readonly<Record<PropertyKey, unknown>>, runner)
    expect(Object.keys(made).toSorted()).toEqual(["count", "next", "other", "own"])
    const { next, other } = made as unknown as { next: () => Promise<number>; other: () => number }
    expect(made["count"]).toBe(0)
    expect(await next()).toBe(1)
    expect(await next()).toBe(2)
    expect(made["count"]).toBe(2)
    expect(other()).toBe(20)
  })
})

describe("what is held", () => {
  const close = async () => {
    closed++
  }
  let closed = 0
  test("is a copy of the data with a way to close it, of the same class", async () => {
    const date = Object.assign(new Date(0), { note: "x" })
    const held = PromisedService.held(date, close) as AsyncDisposable & { readonly note: string }
    expect(held).toBeInstanceOf(Date)
    expect(held.note).toBe("x")
    expect(Symbol.asyncDispose in date).toBe(false)
    await held[Symbol.asyncDispose]()
    expect(closed).toBe(1)
  })
  test("is closed where there is nothing to show, too", async () => {
    for (const value of [undefined, null, 5, "text"]) {
      const held = PromisedService.held(value, close) as AsyncDisposable
      expect(Object.keys(held)).toEqual([])
      await held[Symbol.asyncDispose]()
    }
    expect(closed).toBe(5)
  })
})
