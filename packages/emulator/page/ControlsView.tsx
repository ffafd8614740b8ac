/** The clock of a space, its quotas, and what it has counted. */
import { useEffect, useState } from "preact/hooks"
import type { ClockState, QuotaUse } from "../src/admin/AdminData.ts"
import type { CountersData } from "../src/admin/LogData.ts"
import * as Admin from "./Admin.ts"
import * as Calls from "./Calls.ts"
import * as Route from "./Route.ts"
import * as Shown from "./Shown.ts"

const Counts = ({ counts, title }: { readonly title: string; readonly counts: Readonly<Record<string, number>> }) => (
  <table>
    <caption>{title}</caption>
    <tbody>
      {Object.entries(counts).map(([name, count]) => (
        <tr key={name}>
          <th scope="row">{name === "" ? "none" : name}</th>
          <td>{count}</td>
        </tr>
      ))}
    </tbody>
  </table>
)

const kinds: ReadonlyMap<string, string> = new Map([["rpm", "requests in a minute"], [
  "tpm",
  "input tokens in a minute"
], ["rpd", "requests in a day"]])

type Use = typeof QuotaUse.Type

const Gauge = ({ gauge, of }: { readonly gauge: Use["gauges"][number]; readonly of: string }) => {
  const { emptyIn, freeIn, kind, limit, used } = gauge
  const what = kinds.get(kind) ?? kind
  const rest = freeIn > 0
    ? `full, free in ${Shown.span(freeIn)}`
    : emptyIn > 0
    ? `empty in ${Shown.span(emptyIn)}`
    : ""
  return (
    <tr>
      <td>{what}</td>
      <td>
        <meter
          aria-label={`${of}: ${what}`}
          min={0}
          max={limit}
          high={limit * 0.8}
          optimum={0}
          value={used}
        >
          {used}
        </meter>
      </td>
      <td class="number">{used} of {limit}</td>
      <td class={freeIn > 0 ? "bad" : "quiet"}>{rest}</td>
    </tr>
  )
}

const Gauges = ({ uses }: { readonly uses: ReadonlyArray<Use> }) => (
  <div class="gauges">
    {uses.map(({ family, gauges, model, project, region }) => {
      const of = `${model}${family === "embed" ? ", embeddings" : ""}, project ${project}${
        region === "global" ? "" : `, ${region}`
      }`
      return (
        <table key={of}>
          <caption>{of}</caption>
          <tbody>{gauges.map((gauge) => <Gauge key={gauge.kind} gauge={gauge} of={of} />)}</tbody>
        </table>
      )
    })}
  </div>
)

const Bill = ({ cost }: Pick<typeof CountersData.Type, "cost">) => (
  <table>
    <caption>Would have cost with Google</caption>
    <tbody>
      {Object.entries(cost.byModel).map(([name, each]) => (
        <tr key={name}>
          <th scope="row">{name === "" ? "none" : name}</th>
          <td class="number">{Shown.cost(each) || "no price is known"}</td>
        </tr>
      ))}
      <tr>
        <th scope="row">{cost.calls === 1 ? "1 call" : `${cost.calls} calls`}</th>
        <td class="number">{Shown.cost(cost) || "nothing that has a price"}</td>
      </tr>
      <tr>
        <td colSpan={2} class="quiet about">
          List prices of {cost.asOf}; a + says that a part has no known price.
          {cost.missed === 0 ? "" : ` ${cost.missed} older calls are not among them.`}
        </td>
      </tr>
    </tbody>
  </table>
)

const tiers = ["none", "free", "tier1", "tier2", "tier3"]

export const ControlsView = () => {
  const { value: space } = Route.space
  const [clock, setClock] = useState<typeof ClockState.Type | undefined>(undefined)
  const [counters, setCounters] = useState<typeof CountersData.Type | undefined>(undefined)
  const [uses, setUses] = useState<ReadonlyArray<Use>>([])
  const [by, setBy] = useState("1 minute")
  const [tier, setTier] = useState("none")
  const [said, setSaid] = useState<string | undefined>(undefined)
  const changed = Calls.watch()
  const failed = (error: unknown) => setSaid(Admin.messageOf(error))
  const load = () => {
    Admin.get<typeof ClockState.Type>(Admin.inSpace(space, "/clock")).then(setClock, failed)
    Admin.get<{ readonly quotas: ReadonlyArray<Use> }>(Admin.inSpace(space, "/quotas")).then(
      ({ quotas }) => setUses(quotas),
      failed
    )
    Admin.get<typeof CountersData.Type>(Admin.inSpace(space, "/counters")).then(setCounters, failed)
  }
  useEffect(load, [space, changed])
  useEffect(() => {
    const timer = setInterval(load, 1000)
    return () => clearInterval(timer)
  }, [space])
  const move = (change: unknown) => {
    Admin.send("POST", Admin.inSpace(space, "/clock"), change).then(() => {
      setSaid(undefined)
      load()
    }, failed)
  }
  return (
    <section class="page" aria-label="Clock and quotas">
      <h2>Clock</h2>
      <p>
        {clock === undefined ? "" : new Date(clock.time).toISOString()}
        {clock?.frozen === true ? ", frozen: delays and paces wait" : ""}
      </p>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault()
          move({ advance: by })
        }}
      >
        <label>
          By <input value={by} onInput={(event) => setBy(event.currentTarget.value)} />
        </label>
        <button type="submit">Advance</button>
        <button type="button" onClick={() => move({ frozen: clock?.frozen !== true })}>
          {clock?.frozen === true ? "Let it go on" : "Freeze"}
        </button>
      </form>
      <h2>Quotas</h2>
      <form
        class="bar"
        onSubmit={(event) => {
          event.preventDefault()
          Admin.send("PUT", Admin.inSpace(space, "/quotas"), tier === "none" ? null : { tier }).then(
            () => setSaid(tier === "none" ? "There are no quotas." : `The limits of ${tier} hold.`),
            failed
          )
        }}
      >
        <label>
          Limits of{" "}
          <select value={tier} onChange={(event) => setTier(event.currentTarget.value)}>
            {tiers.map((name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <button type="submit">Set</button>
        <span role="status" class="words">{said}</span>
      </form>
      {uses.length === 0
        ? <p class="quiet">Nothing that has a limit was asked for.</p>
        : <Gauges uses={uses} />}
      <h2>Counted</h2>
      {counters === undefined ? null : (
        <div class="counts">
          <Bill cost={counters.cost} />
          <Counts title="By model" counts={counters.byModel} />
          <Counts title="By status" counts={counters.byStatus} />
          <Counts title="By project" counts={counters.byProject} />
          <Counts title="By region" counts={counters.byRegion} />
        </div>
      )}
    </section>
  )
}
