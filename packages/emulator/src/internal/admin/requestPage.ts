/** Pages of the log of requests: filtered, and waited for. */
import * as Effect from "effect/Effect"
import type { TimeSpan } from "../../admin/AdminData.ts"
import type { EntryData } from "../../admin/LogData.ts"
import type { Entry } from "../../RequestLog.ts"
import type { OpenSpace } from "../spaces/OpenSpace.ts"
import * as Activity from "./Activity.ts"
import * as Brief from "./brief.ts"
import * as Shown from "./shown.ts"

type Text = string | undefined

export interface Query {
  readonly method?: Text
  readonly model?: Text
  readonly project?: Text
  readonly region?: Text
  readonly path?: Text
  readonly status?: number | undefined
  readonly by?: Text
  readonly rule?: Text
  readonly outcome?: Text
  readonly ended?: "true" | "false" | undefined
  readonly after?: number | undefined
  readonly limit?: number | undefined
  readonly chunks?: "true" | "false" | undefined
  readonly bodies?: "true" | "false" | undefined
  readonly changed?: Text
  readonly count?: number | undefined
  readonly wait?: typeof TimeSpan.Type | undefined
}

/** A page ends behind the request with which it becomes larger than so many bytes. */
const largest = 16 * 1024 * 1024

const fits = (entry: Entry, query: Query): boolean => {
  const asked: ReadonlyArray<readonly [wanted: unknown, found: unknown]> = [
    [query.method, entry.apiMethod],
    [query.model, entry.model],
    [query.project, entry.project],
    [query.region, entry.region],
    [query.path, entry.path],
    [query.status, entry.status],
    [query.by, entry.verdict?.by],
    [query.rule, entry.verdict?.rule],
    [query.outcome, entry.outcome],
    [query.ended, String(entry.outcome !== undefined)]
  ]
  return asked.every(([wanted, found]) => wanted === undefined || wanted === found)
}

export const page = Effect.fnUntraced(function*(space: OpenSpace, query: Query) {
  const { log } = space.state
  const activity = Activity.of(space)
  const { after = -1, changed, limit = 100 } = query
  const cursor = activity.cursor()
  const news = changed === undefined ? undefined : activity.since(changed)
  const restarted = changed !== undefined && news === undefined
  const matching = new Set<number>()
  const look = (id: number) => {
    const entry = id > after ? log.at(id) : undefined
    if (entry !== undefined && fits(entry, query)) matching.add(id)
    else matching.delete(id)
  }
  // Whoever waits looks once at what is there, and from then on only at what changes.
  const first = news === undefined
    ? Array.from({ length: Math.max(0, log.arrived() - after - 1) }, (_, i) => after + 1 + i)
    : [...new Set(Activity.requestsOf(news))].sort((a, b) => a - b)
  let next: number | undefined
  for (const [i, id] of first.entries()) {
    look(id)
    if (matching.size < limit || i === first.length - 1) continue
    next = id
    break
  }
  const isEnough = () => matching.size >= Math.min(query.count ?? 1, limit)
  let seen = cursor
  const enough: Effect.Effect<void> = Effect.suspend(() => {
    const version = activity.version
    const changes = activity.since(seen)
    // A log that was cleared begins anew.
    if (changes === undefined) matching.clear()
    for (const id of Activity.requestsOf(changes ?? [])) look(id)
    seen = activity.cursor()
    return isEnough() ? Effect.void : Effect.andThen(activity.beyond(version), enough)
  })
  if (!isEnough()) yield* Shown.within(enough, query.wait)
  const requests: Array<typeof EntryData.Type> = []
  let size = 0
  for (const id of [...matching].sort((a, b) => a - b)) {
    const entry = log.at(id)
    if (entry === undefined) continue
    if (requests.length > 0 && size > largest) {
      next = requests.at(-1)?.id
      break
    }
    if (query.bodies === "false") {
      requests.push(Brief.entry(entry))
      continue
    }
    requests.push(Shown.entry(entry, query.chunks === "true"))
    size += entry.bytesSent + 2 * JSON.stringify(entry.body ?? "").length
  }
  return {
    requests,
    ...Shown.given({ next }),
    // What came while this call waited may come again, and nothing is left out.
    cursor,
    restarted,
    arrived: log.arrived(),
    closed: log.closed()
  }
})
