/** The rules in force, how often each has answered, and what no rule has matched. */
import { useEffect, useState } from "preact/hooks"
import type { RuleList } from "../src/admin/AdminData.ts"
import * as Admin from "./Admin.ts"
import * as Calls from "./Calls.ts"
import * as Route from "./Route.ts"

export const RulesView = () => {
  const { value: space } = Route.space
  const [rules, setRules] = useState<typeof RuleList.Type["rules"]>([])
  const [trouble, setTrouble] = useState<string | undefined>(undefined)
  const changed = Calls.watch()
  const load = () => {
    Admin.get<typeof RuleList.Type>(Admin.inSpace(space, "/rules")).then((found) => {
      setRules(found.rules)
      setTrouble(undefined)
    }, (error: unknown) => setTrouble(Admin.messageOf(error)))
  }
  useEffect(load, [space, changed])
  const remove = (name: string) => {
    Admin.open(Admin.inSpace(space, `/rules/${encodeURIComponent(name)}`), { method: "DELETE" }).then(
      load,
      (error: unknown) => setTrouble(Admin.messageOf(error))
    )
  }
  const unmatched = Calls.newestWhere(({ verdict }) => verdict?.by === "unmatched", 100)
  return (
    <section class="page" aria-label="Rules">
      <h2>Rules</h2>
      {trouble === undefined ? null : <p class="bad words" role="alert">{trouble}</p>}
      {rules.length === 0 ? <p class="quiet">There are none: what comes is answered by the generator.</p> : (
        <table>
          <thead>
            <tr>
              <th scope="col">Rule</th>
              <th scope="col">Answered</th>
              <th scope="col">State</th>
              <th scope="col">Remove</th>
            </tr>
          </thead>
          <tbody>
            {rules.map(({ answered, name, usedUp }) => (
              <tr key={name}>
                <th scope="row" class="words">{name}</th>
                <td>{answered}</td>
                <td>{usedUp ? "used up" : answered === 0 ? "waits" : "answers"}</td>
                <td>
                  <button type="button" aria-label={`Remove ${name}`} onClick={() => remove(name)}>Remove</button>
                </td>
              </tr>
            ))}
          </tbody>
        </table>
      )}
      <h3>What no rule matched</h3>
      {unmatched.length === 0 ? <p class="quiet">Nothing.</p> : (
        <ul>
          {unmatched.map(({ id, prompt, verdict }) => (
            <li key={id}>
              <a href={Route.link({ view: "calls", id })}>{id}: {prompt ?? "a call"}</a>
              {verdict?.nearMisses?.map((miss, i) => <p class="words quiet" key={i}>{miss}</p>)}
            </li>
          ))}
        </ul>
      )}
    </section>
  )
}
