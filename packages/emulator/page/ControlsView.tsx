/** The clock of a space, its quotas, and what it has counted. */
import { useEffect, useState } from "preact/hooks"
import type { ClockState } from "../src/admin/AdminData.ts"
import type { CountersData } from "../src/admin/LogData.ts"
import * as Admin from "./Admin.ts"
import * as Calls from "./Calls.ts"
import * as Route from "./Route.ts"

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

const tiers = ["none", "free", "tier1", "tier2", "tier3"]

export const ControlsView = () => {
  const { value: space } = Route.space
  const [clock, setClock] = useState<typeof ClockState.Type | undefined>(undefined)
  const [counters, setCounters] = useState<typeof CountersData.Type | undefined>(undefined)
  const [by, setBy] = useState("1 minute")
  const [tier, setTier] = useState("none")
  const [said, setSaid] = useState<string | undefined>(undefined)
  const changed = Calls.watch()
  const failed = (error: unknown) => setSaid(Admin.messageOf(error))
  const load = () => {
    Admin.get<typeof ClockState.Type>(Admin.inSpace(space, "/clock")).then(setClock, failed)
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
      <h2>Counted</h2>
      {counters === undefined ? null : (
        <div class="counts">
          <Counts title="By model" counts={counters.byModel} />
          <Counts title="By status" counts={counters.byStatus} />
          <Counts title="By project" counts={counters.byProject} />
          <Counts title="By region" counts={counters.byRegion} />
        </div>
      )}
    </section>
  )
}
