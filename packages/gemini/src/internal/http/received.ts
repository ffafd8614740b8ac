import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"

/** All that a stream received, by those of its chunks that hold a token: for the error of a chain that breaks. */
export const receivedWith = new WeakMap<GenerateContentResponse, () => ReadonlyArray<unknown>>()
