/** The calls as they happen, with what is searched for. */
import { computed, signal } from "@preact/signals"
import * as Calls from "./Calls.ts"
import * as Holds from "./Holds.ts"
import * as Route from "./Route.ts"
import * as Shown from "./Shown.ts"
import { WindowedList } from "./WindowedList.tsx"

const follows = signal(true)

const columns = ["no.", "time", "status", "what", "prompt", "first", "all", "in", "out", "cost", "answered by", "model"]

const cells = (id: number) => {
  const call = Calls.at(id)
  if (call === undefined) return [id]
  const firstAt = call.chunks[0]?.time
  return [
    id,
    Shown.clock(call.time),
    call.status ?? (Holds.ofRequest(id) === undefined ? "…" : "held"),
    call.apiMethod ?? `${call.method} ${call.path}`,
    call.prompt ?? "",
    firstAt === undefined ? "" : Shown.span(firstAt - call.time),
    call.closedAt === undefined ? "…" : Shown.span(call.closedAt - call.time),
    call.usage?.input ?? "",
    call.usage?.output ?? "",
    Shown.cost(call.cost),
    Shown.by(call.verdict),
    call.model ?? ""
  ]
}

const kindOf = (id: number): string => {
  const { outcome, status } = Calls.at(id) ?? {}
  if (outcome === undefined) return "open"
  return outcome !== "complete" || (status ?? 500) >= 400 ? "failed" : ""
}

const summary = computed(() => {
  Calls.watch()
  const shown = Calls.shown().length
  const all = Calls.count()
  return Calls.wanted.value === "" ? `${all} calls` : `${shown} of ${all} calls`
})

export const CallList = () => {
  Calls.watch()
  const shown = Calls.shown()
  const at = (index: number): number => shown[index] ?? -1
  const { value: chosen } = Route.chosen
  const index = chosen === undefined ? -1 : indexOf(shown, chosen)
  return (
    <section class="list" aria-label="Calls">
      <div class="bar">
        <label>
          Find{" "}
          <input
            type="search"
            id="find"
            value={Calls.wanted}
            placeholder="words, method, model, status, rule"
            onInput={(event) => {
              Calls.wanted.value = event.currentTarget.value
            }}
          />
        </label>
        <label>
          <input
            type="checkbox"
            checked={follows}
            onChange={(event) => {
              follows.value = event.currentTarget.checked
            }}
          />{" "}
          Follow
        </label>
        <span role="status" class="quiet">{summary}</span>
      </div>
      <WindowedList
        label="Calls"
        columns={columns}
        count={shown.length}
        keyOf={at}
        cells={(index) => cells(at(index))}
        kindOf={(index) => kindOf(at(index))}
        chosen={index < 0 ? undefined : index}
        choose={(index) => Route.go({ id: at(index) })}
        follows={follows.value}
        stopFollowing={() => {
          follows.value = false
        }}
      />
    </section>
  )
}

/** The place of a number in a rising list, or -1. */
const indexOf = (list: ReadonlyArray<number>, wanted: number): number => {
  let from = 0
  let to = list.length
  while (from < to) {
    const middle = (from + to) >> 1
    if ((list[middle] ?? 0) < wanted) from = middle + 1
    else to = middle
  }
  return list[from] === wanted ? from : -1
}
