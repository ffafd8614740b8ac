/** What a space costs: many of them, each made and called once, in a process of its own with `--expose-gc`. */
import * as Emulator from "effect-gemini-emulator/Emulator"
import * as Effect from "effect/Effect"

const count = 4_000
const collect = () => globalThis.gc?.()

const program = Effect.gen(function*() {
  const emulator = yield* Emulator.Emulator
  const make = (from: number, to: number) =>
    Effect.forEach(
      Array.from({ length: to - from }, (_, i) => `space-${from + i}`),
      (name) => emulator.space(name, {}),
      { discard: true }
    )
  yield* make(0, count)
  collect()
  const before = process.memoryUsage()
  const cpu = process.cpuUsage()
  yield* make(count, 2 * count)
  const spent = process.cpuUsage(cpu)
  collect()
  const after = process.memoryUsage()
  const bytes = after.heapUsed + after.arrayBuffers - before.heapUsed - before.arrayBuffers
  return { kB: bytes / count / 1000, micros: (spent.user + spent.system) / count }
})

process.stdout.write(`${JSON.stringify(await Effect.runPromise(Effect.provide(program, Emulator.layerServer())))}\n`)
