/**
 * Bytes → text. Node's Buffer decodes a kilobyte in half of TextDecoder's time;
 * elsewhere TextDecoder does it.
 */
interface NodeBuffer {
  readonly from: (buffer: ArrayBufferLike, offset: number, length: number) => { toString(encoding: "utf8"): string }
}

const nodeBuffer = (globalThis as { readonly Buffer?: NodeBuffer }).Buffer

// A byte order mark in mid-stream is text like any other: splitters drop the first one.
const decoder = new TextDecoder("utf-8", { ignoreBOM: true })

export const decode: (bytes: Uint8Array) => string = nodeBuffer === undefined
  ? (bytes) => decoder.decode(bytes)
  : (bytes) => nodeBuffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString("utf8")

export const concat = (pieces: ReadonlyArray<Uint8Array>): Uint8Array => {
  let length = 0
  for (const piece of pieces) length += piece.length
  const whole = new Uint8Array(length)
  let offset = 0
  for (const piece of pieces) {
    whole.set(piece, offset)
    offset += piece.length
  }
  return whole
}

/** A whole body as text, without the byte order mark that JSON.parse would choke on. */
export const decodeBody = (bytes: Uint8Array): string => {
  const text = decode(bytes)
  return text.charCodeAt(0) === 0xfeff ? text.slice(1) : text
}
