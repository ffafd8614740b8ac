/** How a process is told that its run is cancelled: by an empty file in the run's folder, which it looks for. */
import * as Effect from "effect/Effect"
import type * as FileSystem from "effect/FileSystem"

export interface CancelSign {
  readonly give: (id: string) => Effect.Effect<void, unknown>
  readonly take: (id: string) => Effect.Effect<void>
  /** Returns once the sign is there. */
  readonly seen: (id: string) => Effect.Effect<void>
}

/** Milliseconds between two looks. */
const poll = 200

export const make = (fs: FileSystem.FileSystem, directory: string): CancelSign => {
  const path = (id: string) => `${directory}/${id}/cancel`
  const seen = (id: string): Effect.Effect<void> =>
    Effect.flatMap(
      Effect.orElseSucceed(fs.exists(path(id)), () => false),
      (there) => there ? Effect.void : Effect.andThen(Effect.sleep(poll), seen(id))
    )
  return {
    give: (id) =>
      Effect.catch(
        fs.writeFile(path(id), new Uint8Array(0), { flag: "wx", mode: 0o600 }),
        (error) => error.reason._tag === "AlreadyExists" ? Effect.void : Effect.fail(error)
      ),
    take: (id) => Effect.ignore(fs.remove(path(id), { force: true })),
    seen
  }
}
