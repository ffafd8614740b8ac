/**
 * Random programs of a Live session, as data: what the user does, what the server does to it, and how it is set up. A
 * program that shows a fault is made smaller until nothing can be left out of it.
 */

/** One step. `n` numbers what is said, so that each answer shows by its words whose it is. Times are milliseconds. */
export type Step =
  /** Asks, and waits for the answer beside the program. */
  | { readonly do: "ask"; readonly n: number }
  /** Asks, and gives up after a time. */
  | { readonly do: "giveUp"; readonly n: number; readonly after: number }
  /** Asks what a function must be called for, which takes its time; the model waits for it or does not. */
  | { readonly do: "call"; readonly n: number; readonly takes: number; readonly waits: boolean }
  | { readonly do: "text"; readonly n: number }
  | { readonly do: "speak"; readonly n: number }
  | { readonly do: "cancel" }
  | { readonly do: "pause"; readonly for: number }
  /** The network breaks. */
  | { readonly do: "cut" }
  | { readonly do: "close"; readonly code: number }
  /** The server says that it will close, and does so if the client has not left by then. */
  | { readonly do: "goAway"; readonly in: number }
  | { readonly do: "wait"; readonly for: number }

/** How the server behaves. */
export interface Server {
  /** Whether the model speaks. Then text reaches it as realtime input, and else in turns, which always cut it. */
  readonly speaks: boolean
  readonly chunkDelay: number
  readonly playback: number
  readonly handleDelay: number
  readonly mergeWithin: number
  /** Whether what the user says cuts the model. If not, it waits, and what has waited is answered in one turn. */
  readonly interrupts: boolean
}

export interface Program {
  readonly server: Server
  readonly steps: ReadonlyArray<Step>
}

/** What may be in a program. A kind that the client is known to get wrong is left out by its name, with the reason. */
export interface Choice {
  readonly kinds: ReadonlyArray<Step["do"]>
  readonly mergeWithin: ReadonlyArray<number>
  readonly interrupts: ReadonlyArray<boolean>
}

/** Numbers from 0 to 1 that follow from the seed (mulberry32). */
export const random = (seed: number) => {
  let state = seed >>> 0
  return (): number => {
    state = (state + 0x6d2b79f5) >>> 0
    let mixed = Math.imul(state ^ (state >>> 15), state | 1)
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61)
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 4_294_967_296
  }
}

export const generate = (seed: number, choice: Choice): Program => {
  const next = random(seed)
  const pick = <A>(all: readonly [A, ...ReadonlyArray<A>] | ReadonlyArray<A>, other: A): A =>
    all[Math.floor(next() * all.length)] ?? other
  const count = 2 + Math.floor(next() * 12)
  const steps: Array<Step> = []
  for (let n = 0; n < count; n++) {
    // What is done at once, within a turn, and long after it.
    const gap = pick([0, 0, 1, 15, 40, 90, 200, 1000, 8000], 0)
    if (gap > 0) steps.push({ do: "wait", for: gap })
    switch (pick(choice.kinds, "ask")) {
      case "ask":
        steps.push({ do: "ask", n })
        break
      case "giveUp":
        steps.push({ do: "giveUp", n, after: pick([0, 10, 50, 150], 0) })
        break
      case "call":
        steps.push({ do: "call", n, takes: pick([0, 30, 300, 3000], 0), waits: next() < 0.5 })
        break
      case "text":
        steps.push({ do: "text", n })
        break
      case "speak":
        steps.push({ do: "speak", n })
        break
      case "cancel":
        steps.push({ do: "cancel" })
        break
      case "pause":
        steps.push({ do: "pause", for: pick([10, 100, 2000], 10) })
        break
      case "cut":
        steps.push({ do: "cut" })
        break
      case "close":
        steps.push({ do: "close", code: pick([1006, 1011, 1012, 1001], 1011) })
        break
      case "goAway":
        steps.push({ do: "goAway", in: pick([0, 300, 5000, 30_000], 0) })
        break
      case "wait":
        steps.push({ do: "wait", for: 500 })
    }
  }
  return {
    server: {
      speaks: next() < 0.5,
      chunkDelay: pick([0, 20, 20, 60], 20),
      playback: pick([0, 0, 150], 0),
      handleDelay: pick([0, 0, 50], 0),
      mergeWithin: pick(choice.mergeWithin, 0),
      interrupts: pick(choice.interrupts, true)
    },
    steps
  }
}

/** Programs with one thing less, the boldest first. */
function* smaller({ server, steps }: Program): Generator<Program> {
  for (let size = steps.length; size >= 1; size = Math.floor(size / 2)) {
    for (let at = 0; at < steps.length; at += size) {
      yield { server, steps: [...steps.slice(0, at), ...steps.slice(at + size)] }
    }
  }
  if (server.speaks) yield { server: { ...server, speaks: false }, steps }
  if (!server.interrupts) yield { server: { ...server, interrupts: true }, steps }
  for (const name of ["mergeWithin", "playback", "handleDelay", "chunkDelay"] as const) {
    if (server[name] > 0) yield { server: { ...server, [name]: 0 }, steps }
  }
}

/** The smallest program that still fails, as far as leaving things out finds one. */
export const shrink = async (program: Program, fails: (program: Program) => Promise<boolean>): Promise<Program> => {
  let smallest = program
  search: for (let tries = 0; tries < 400;) {
    for (const candidate of smaller(smallest)) {
      if (++tries > 400) break search
      if (await fails(candidate)) {
        smallest = candidate
        continue search
      }
    }
    break
  }
  return smallest
}

/** What is said under a number: words that no other number has. */
export const wordsOf = (n: number): string => Array.from({ length: 15 }, (_, i) => `w${n}-${i}`).join(" ")

/** The numbers whose words are in a text. */
export const numbersIn = (
  text: string
): ReadonlyArray<number> => [...new Set(Array.from(text.matchAll(/w(\d+)-\d+/g), ([, n]) => Number(n)))]
