/** Who may be answered by a cassette: everybody, or the holders of keys where keys are named. */
import * as EmulatorRequest from "../../EmulatorRequest.ts"
import type * as GeminiHandler from "../../GeminiHandler.ts"
import type * as GoogleError from "../../GoogleError.ts"
import * as KeyPolicy from "../../KeyPolicy.ts"
import type * as Carrier from "../live/carrier.ts"

/**
 * Why a request is not answered. A cassette judges nothing, but whoever names keys lets nobody else play, and least of
 * all spend the key that it holds.
 */
export const barred = (
  { headers, url }: Carrier.IncomingUpgrade,
  { cassette, keys }: Pick<GeminiHandler.Options, "cassette" | "keys">,
  space: string
): GoogleError.Refusal | undefined => {
  if (keys === undefined) return undefined
  const key = EmulatorRequest.keyOf(headers, url.searchParams) ?? url.searchParams.get("access_token") ?? undefined
  // The name of a space opens it, and spends nothing.
  if (cassette?.holdsKey !== true && EmulatorRequest.spaceOfKey(key ?? "") === space) return undefined
  return KeyPolicy.judge(key, keys)
}
