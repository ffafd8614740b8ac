/** `gemini-fx worker`: plays runs of a fleet, with its own key and limits, until it is told to end. */
import * as NodeGemini from "effect-gemini/NodeGemini"
import * as Command from "effect/cli/Command"
import * as Flag from "effect/cli/Flag"
import * as Effect from "effect/Effect"
import * as Layer from "effect/Layer"
import * as Logger from "effect/Logger"
import * as Option from "effect/Option"
import * as Redacted from "effect/Redacted"
import * as References from "effect/References"
import { CommandFailed } from "./CommandFailed.ts"
import * as Flags from "./flags.ts"
import * as Interrupts from "./interrupts.ts"
import * as Find from "./runs/find.ts"
import * as Place from "./runs/Place.ts"
import * as Screen from "./Screen.ts"
import * as Server from "./server.ts"
import { clean } from "./Shown.ts"

/** Seconds that acts in flight may take when it ends. */
const termination = 15

/** Milliseconds between two looks at whether it takes the runs that are its own. */
const look = 5_000

const flags = {
  postgresFile: Place.postgresFile,
  host: Flag.String("host").pipe(
    Flag.withDescription("the name or address by which other workers reach this one; default: 127.0.0.1"),
    Flag.withDefault("127.0.0.1")
  ),
  port: Flag.Int("port").pipe(Flag.withDescription("the port of its socket; default: a free one"), Flag.optional),
  listen: Flag.String("listen").pipe(
    Flag.withDescription(
      "the address that the socket binds, such as 0.0.0.0; default: the host's. It is not encrypted"
    ),
    Flag.optional
  ),
  emulator: Flags.emulator,
  tier: Flags.tier("the quota tier to keep; default: free, none with the emulator"),
  config: Flags.config
}

/** The database, as a person reads it: without user and password. */
const shown = (url: Redacted.Redacted): string => {
  const { host, pathname } = new URL(Redacted.value(url))
  return `${host}${pathname}`
}

/** What is said of a run is told; what the cluster says of itself is for those who run one of their own. */
const runsOnly = (screen: Screen.Screen) =>
  Logger.make<unknown, void>(({ fiber, message }) => {
    if ("run" in fiber.getRef(References.CurrentLogAnnotations)) {
      screen.now(clean([message].flat().map(String).join(" ")))
    }
  })

export const workerCommand = Command.make(
  "worker",
  flags,
  Effect.fnUntraced(
    function*(input) {
      const screen = yield* Screen.make
      const place = yield* Place.fleet(input.postgresFile)
      if (place === undefined) {
        return yield* new CommandFailed({
          exitCode: 2,
          text:
            "name the fleet's PostgreSQL: GEMINI_FX_POSTGRES=postgres://user:password@host:5432/database, or a file " +
            "that holds this, by --postgres-file"
        })
      }
      const port = Option.getOrUndefined(input.port)
      if (port !== undefined && !(port >= 1 && port <= 65_535)) {
        return yield* new CommandFailed({ exitCode: 2, text: `--port: expected 1 to 65535, got ${port}` })
      }
      const server = yield* Server.choose(yield* Flags.options(input), input.emulator)
      const ClusterRuns = yield* Effect.promise(() => import("effect-gemini-narrative/ClusterRuns"))
      const { url } = place
      const { host } = input
      // Some act of some run may go over the Live API.
      const worker = ClusterRuns.layerNode({
        url,
        host,
        port,
        listen: Option.getOrUndefined(input.listen),
        termination: `${termination} seconds`
      }).pipe(Layer.provide([server.clientOf(NodeGemini.layer), Logger.layer([runsOnly(screen)])]))
      const working = Effect.gen(function*() {
        const workers = yield* ClusterRuns.Workers
        const all = yield* workers.list
        const own = all.find(({ pid, isAlive }) => isAlive && pid === process.pid)
        yield* screen.note(server.says)
        yield* screen.note(
          `worker ${own?.address ?? host}, process ${process.pid}, of the fleet in ${shown(url)}; ` +
            `${all.filter(({ isAlive }) => isAlive).length} alive`
        )
        while (true) {
          yield* Effect.sleep(look)
          const untaken = yield* workers.untaken
          if (untaken.length === 0) continue
          return yield* new CommandFailed({
            exitCode: 1,
            text: `${untaken.slice(0, 5).join(", ")}${untaken.length > 5 ? `, and ${untaken.length - 5} more,` : ""} ` +
              "should be played here, and this worker has not taken them for half a minute: it ends, so that others do"
          })
        }
      }).pipe(
        Effect.onInterrupt(() =>
          Effect.andThen(
            Interrupts.leaving(() => screen.now("left at once; what was in flight may be asked again")),
            Effect.ignore(screen.note(
              `ending: acts in flight end first, for at most ${termination} seconds; Ctrl-C again leaves at once`
            ))
          )
        )
      )
      return yield* Effect.provide(working, worker, { local: true })
    },
    Effect.catchTag("RunError", (error) => Effect.fail(Find.failed(error))),
    Effect.scoped
  )
).pipe(
  Command.withDescription("Play runs of a fleet, with other workers on other machines, over one PostgreSQL"),
  Command.withExamples([
    { command: "GEMINI_FX_POSTGRES=postgres://… gemini-fx worker", description: "A worker of this machine" },
    {
      command: "gemini-fx worker --postgres-file /run/secrets/postgres --host 10.0.0.7 --port 34431",
      description: "One that others reach from their machines"
    }
  ])
)
