import type { GenerateContentResponse } from "../../wire/GenerateContent.ts"

/**
 * All that a stream received, found by those of its chunks that hold a token. The error of a chain of requests that
 * breaks needs it.
 */
export const receivedWith = new WeakMap<GenerateContentResponse, () => ReadonlyArray<unknown>>()
