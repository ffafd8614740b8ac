/**
 * What lies in Cloud Storage and BigQuery, as far as the jobs of Vertex AI read and write it: texts by their URI. The
 * rows of a table are JSON lines, too.
 */
import type { Depot, StoredBytes } from "./Depot.ts"

export interface Objects {
  readonly put: (uri: string, pieces: Iterable<Uint8Array>) => void
  readonly find: (uri: string) => StoredBytes | undefined
  readonly list: () => ReadonlyArray<{ readonly uri: string; readonly size: number }>
  readonly clear: () => void
}

/** The most objects of a space; beyond them the oldest goes. */
const most = 10_000

export const make = (depot: Depot): Objects => {
  const kept = new Map<string, StoredBytes>()
  const drop = (uri: string | undefined) => {
    if (uri === undefined) return
    kept.get(uri)?.drop()
    kept.delete(uri)
  }
  return {
    put: (uri, pieces) => {
      const writer = depot.writer()
      for (const piece of pieces) writer.write(piece)
      drop(uri)
      if (kept.size >= most) drop(kept.keys().next().value)
      const bytes: StoredBytes = writer.finish(() => {
        if (kept.get(uri) === bytes) kept.delete(uri)
      })
      kept.set(uri, bytes)
    },
    find: (uri) => kept.get(uri),
    list: () => Array.from(kept, ([uri, { size }]) => ({ uri, size })),
    clear: () => {
      for (const uri of kept.keys()) drop(uri)
    }
  }
}
