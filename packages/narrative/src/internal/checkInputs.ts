/** An act's inputs, and the files among them. */
import * as Result from "effect/Result"
import type * as Act from "../Act.ts"
import type * as File from "../NarrativeFile.ts"
import type { Path } from "../TomlPlace.ts"
import type * as Nodes from "./actNodes.ts"
import type { Shared } from "./checkAct.ts"
import * as Media from "./media.ts"
import * as NamedFile from "./namedFile.ts"
import * as References from "./references.ts"

const fileKinds = ["image", "pdf", "audio", "video"] as const
const inputKinds = ["text", "act", "text_file", ...fileKinds, "url", "image_url", "image_base64"] as const

const inputOf = (
  input: typeof File.Input.Type,
  path: Path,
  reader: References.Reader,
  shared: Shared
): ReadonlyArray<Act.Input> => {
  const { fileOf, isBroken, report } = shared
  const [kind, ...others] = inputKinds.filter((kind) => input[kind] !== undefined)
  if (kind === undefined || others.length > 0) {
    if (!isBroken(path)) {
      report({
        path,
        what: kind === undefined ? "says nothing" : `says ${[kind, ...others].join(" and ")} at once`,
        hint: `an input has exactly one of ${inputKinds.join(", ")}`
      })
    }
    return []
  }
  const value = input[kind] ?? ""
  if (kind === "text") return [{ _tag: "Text", text: References.filled(value, [...path, "text"], reader, shared) }]
  if (kind === "act") {
    References.actOf(value, [...path, "act"], reader, shared)
    return [{ _tag: "Output", act: value }]
  }
  if (kind === "text_file") {
    const content = fileOf("text", value)
    if (content !== undefined && Result.isSuccess(content)) return [{ _tag: "Text", text: [content.success.data] }]
    report({
      path: [...path, kind],
      ...(content === undefined
        ? { what: "files are not read here", hint: "load the narrative with fromFile, or use text" }
        : content.failure)
    })
    return []
  }
  const media = kind === "image_url"
    ? Media.fromUrl(value, input.media_type)
    : kind === "image_base64"
    ? Media.fromBase64(value, input.media_type)
    : kind === "url"
    ? Media.fromAddress(value, input.media_type)
    : Media.fromFile(kind, value, fileOf(kind, value), input.media_type)
  if (Result.isSuccess(media)) return [{ _tag: kind.startsWith("image") ? "Image" : "Media", ...media.success }]
  const { key, ...wrong } = media.failure
  report({ ...wrong, path: [...path, key] })
  return []
}

/** The parts of an act's request: its inputs in order, then its prompt. */
export const inputsOf = (node: Nodes.Node, reader: References.Reader, shared: Shared): ReadonlyArray<Act.Input> => {
  const { base, raw } = node
  const { fileOf, isBroken, report } = shared
  const given = raw.inputs ?? []
  const inputs = given.flatMap((input, i) => inputOf(input, [...base, "inputs", i], reader, shared))
  if (raw.prompt !== undefined) {
    inputs.push({ _tag: "Text", text: References.filled(raw.prompt, [...base, "prompt"], reader, shared) })
  }
  const size = given.reduce((sum, input) =>
    fileKinds.reduce((sum, kind) => {
      const path = input[kind]
      const content = path === undefined ? undefined : fileOf(kind, path)
      return content !== undefined && Result.isSuccess(content) ? sum + content.success.size : sum
    }, sum), 0)
  if (size > NamedFile.largestSum) {
    report({
      path: [...base, "inputs"],
      what: `the files of this act are larger than ${NamedFile.shown(NamedFile.largestSum)} together`,
      hint: "name fewer, or make them smaller"
    })
  }
  if (raw.prompt === undefined && given.length === 0 && !isBroken(base)) {
    report({ path: base, what: "the act has nothing to say", hint: "add prompt = \"…\", or inputs" })
  }
  return inputs
}
