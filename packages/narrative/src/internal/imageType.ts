/** The image types that Gemini reads (documentation of November 2026), by name and by bytes. Pure. */

const byName: ReadonlyMap<string, string> = new Map([
  ["png", "image/png"],
  ["jpg", "image/jpeg"],
  ["jpeg", "image/jpeg"],
  ["webp", "image/webp"],
  ["heic", "image/heic"],
  ["heif", "image/heif"]
])

export const all: ReadonlyArray<string> = Array.from(new Set(byName.values()))

/** The type that the end of a file's name tells. */
export const ofName = (name: string): string | undefined =>
  byName.get(name.slice(name.lastIndexOf(".") + 1).toLowerCase())

const textAt = (bytes: Uint8Array, at: number, length: number): string =>
  String.fromCharCode(...bytes.subarray(at, at + length))

const hevc: ReadonlySet<string> = new Set(["heic", "heix", "heim", "heis", "hevc", "hevx"])

/**
 * Tells by the brands of an ISO media file (ISO/IEC 23008-12) whether it is HEIF or HEIC, which is a HEIF whose
 * pictures are HEVC. A file of AVIF pictures has HEIF's brand, too, but Gemini does not read AVIF.
 */
const heif = (bytes: Uint8Array): string | undefined => {
  const size = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength).getUint32(0)
  const brands: Array<string> = []
  // The list of brands is short, so no more than these are looked at. Bytes 12 to 16 are a version.
  for (let at = 8; at + 4 <= Math.min(size, bytes.length, 256); at += at === 8 ? 8 : 4) {
    brands.push(textAt(bytes, at, 4))
  }
  if (brands.some((brand) => hevc.has(brand))) return "image/heic"
  if (brands.includes("avif") || brands.includes("avis")) return undefined
  return brands.includes("mif1") || brands.includes("msf1") ? "image/heif" : undefined
}

/** The type that the first bytes of a file tell. */
export const ofBytes = (bytes: Uint8Array): string | undefined => {
  if (textAt(bytes, 0, 8) === "\x89PNG\r\n\x1a\n") return "image/png"
  if (textAt(bytes, 0, 3) === "\xff\xd8\xff") return "image/jpeg"
  if (textAt(bytes, 0, 4) === "RIFF" && textAt(bytes, 8, 4) === "WEBP") return "image/webp"
  return bytes.length >= 12 && textAt(bytes, 4, 4) === "ftyp" ? heif(bytes) : undefined
}

/** Whether a file of this type may be declared as that one: a HEIC is a HEIF. */
export const agrees = (actual: string, declared: string): boolean =>
  actual === declared || (actual === "image/heic" && declared === "image/heif")
