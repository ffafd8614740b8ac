/**
 * The order of a conversation's turns: who may speak, that calls get their responses, and that the calls of the current
 * turn carry their signatures.
 *
 * Where the sentences are from: googleapis/python-genai and google-gemini/gemini-cli issues #11814, #26486, #26956
 * (calls and responses, 2025-10 to 2026-05), router-for-me/CLIProxyAPI#2791 (roles, 2026-04),
 * google-gemini/gemini-cli#26682 (signatures, 2026-05).
 */
import type { Content, Part } from "./request.ts"

/** `function` is the role of 2023, which is still taken. A content without a role counts as the user's. */
const roles = new Set<string | undefined>([undefined, "", "user", "model", "function"])

const calls = (content: Content): ReadonlyArray<Part> =>
  content.parts?.filter((part) => part.functionCall !== undefined) ?? []

const responses = (content: Content): ReadonlyArray<Part> =>
  content.parts?.filter((part) => part.functionResponse !== undefined) ?? []

const isModel = (content: Content): boolean => content.role === "model"

/** How many calls wait for an answer. Those of MCP servers are answered in the model's own turn (recorded 2026). */
const open = (content: Content): number => isModel(content) ? calls(content).length - responses(content).length : 0

const isCallTurn = (content: Content): boolean => open(content) > 0

/** Contents of one side in a row are one turn. This was recorded for calls that a client had split (2026). */
const turnsOf = (contents: ReadonlyArray<Content>): ReadonlyArray<Content> => {
  const turns: Array<Content> = []
  for (const content of contents) {
    const last = turns.at(-1)
    if (last !== undefined && isModel(last) === isModel(content)) {
      turns[turns.length - 1] = { ...last, parts: [...(last.parts ?? []), ...(content.parts ?? [])] }
    } else {
      turns.push(content)
    }
  }
  return turns
}

/** Vertex AI takes a call that nothing answers (recorded August 2025). */
export const judge = (contents: ReadonlyArray<Content>, isVertex = false): string | undefined => {
  if (contents.some((content) => !roles.has(content.role))) return "Please use a valid role: user, model."
  const turns = turnsOf(contents)
  for (const [i, turn] of turns.entries()) {
    const before = turns[i - 1]
    const after = turns[i + 1]
    if (isCallTurn(turn)) {
      if (before === undefined) {
        return "Please ensure that function call turn comes immediately after a user turn or after a function " +
          "response turn."
      }
      const answered = after === undefined ? undefined : responses(after).length
      const isLeft = isVertex && answered === 0
      if (answered !== undefined && !isLeft && answered !== open(turn)) {
        return "Please ensure that the number of function response parts is equal to the number of function call " +
          "parts of the function call turn."
      }
    }
    if (!isModel(turn) && responses(turn).length > 0 && (before === undefined || !isCallTurn(before))) {
      return "Please ensure that function response turn comes immediately after a function call turn."
    }
  }
  const [only, ...others] = turns
  return only !== undefined && isModel(only) && others.length === 0
    ? "Please ensure that single turn requests end with a user role or the role field is empty."
    : undefined
}

/**
 * The signatures that injected history may carry where the model never signed. They are documented for calls that it
 * did not make.
 */
const dummies = ["skip_thought_signature_validator", "context_engineering_is_the_way_to_go"]

const accepted = new Set(dummies.flatMap((dummy) => [dummy, btoa(dummy)]))

/**
 * Refuses lost signatures: in the current turn (all that follows the user's last message) the first call of every step
 * must be signed, and the other parallel calls need not be.
 */
export const signatures = (
  contents: ReadonlyArray<Content>,
  issued: ((signature: string) => boolean) | undefined,
  isVertex = false
): string | undefined => {
  const start = contents.findLastIndex((content) => !isModel(content) && responses(content).length === 0)
  for (const [i, content] of contents.entries()) {
    if (i <= start || !isCallTurn(content)) continue
    const first = calls(content)[0]
    const signature = first?.thoughtSignature
    if (signature === undefined || signature === "") {
      const name = `\`default_api:${first?.functionCall?.name ?? ""}\``
      // Of Vertex AI's sentence only the beginning was seen; its end is ours.
      if (isVertex) {
        return `Unable to submit request because function call ${name} in the ${i + 1}. content block is missing a ` +
          "`thought_signature`."
      }
      return "Function call is missing a thought_signature in functionCall parts. This is required for tools to " +
        "work correctly, and missing thought_signature may lead to degraded model performance. Additional data, " +
        `function call ${name} , position ${i + 1}. Please refer to ` +
        "https://ai.google.dev/gemini-api/docs/thought-signatures for more details."
    }
    if (issued !== undefined && !accepted.has(signature) && !issued(signature)) return "Corrupted thought signature."
  }
  return undefined
}
