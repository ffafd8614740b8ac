/** SHA-256 of JSON: of a tool's declaration, and of a call's name and arguments. */
import * as Tool from "effect/ai/Tool"
import * as Digest from "effect/crypto/Digest"
import * as Effect from "effect/Effect"

const hex = (text: string): Effect.Effect<string> =>
  Effect.provide(
    Effect.flatMap(Digest.Digest, ({ digestHex }) => digestHex(Digest.sha256, new TextEncoder().encode(text))),
    Digest.layerWebCrypto
  )

/** Keys in one order, so that equal values have equal texts. */
const sorted = (_: string, value: unknown): unknown =>
  typeof value === "object" && value !== null && !Array.isArray(value)
    ? Object.fromEntries(Object.entries(value).sort(([a], [b]) => a < b ? -1 : 1))
    : value

// A toolkit's declarations do not change.
const known = new WeakMap<Tool.Any, string>()

const ofTool = (tool: Tool.Any): Effect.Effect<string> =>
  Effect.suspend(() => {
    const before = known.get(tool)
    if (before !== undefined) return Effect.succeed(before)
    const declared = [tool.name, Tool.getDescription(tool), Tool.getJsonSchema(tool)]
    return Effect.tap(hex(JSON.stringify(declared, sorted)), (digest) => Effect.sync(() => known.set(tool, digest)))
  })

/** The digests of the tools by their names, in the order of the names. */
export const ofTools = (tools: Readonly<Record<string, Tool.Any>>): Effect.Effect<Record<string, string>> =>
  Effect.map(
    Effect.forEach(
      Object.values(tools).sort((a, b) => a.name < b.name ? -1 : 1),
      (tool) => Effect.map(ofTool(tool), (digest) => [tool.name, digest] as const)
    ),
    Object.fromEntries
  )

export const ofCall = (name: string, params: unknown): Effect.Effect<string> =>
  hex(JSON.stringify([name, params], sorted))
