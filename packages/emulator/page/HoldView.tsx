/** The calls that wait for a person: what each asks, how long it waits yet, and the form that answers it. */
import { useEffect, useRef, useState } from "preact/hooks"
import * as Admin from "./Admin.ts"
import { AnswerForm } from "./AnswerForm.tsx"
import * as Holds from "./Holds.ts"
import { contentsOf, Conversation } from "./Parts.tsx"
import * as Route from "./Route.ts"
import * as Shown from "./Shown.ts"

/** Draws once a second, as the times that are left grow less. */
const useSeconds = (isOn: boolean): number => {
  const [now, setNow] = useState(() => performance.now())
  useEffect(() => {
    if (!isOn) return undefined
    const timer = setInterval(() => setNow(performance.now()), 1000)
    return () => clearInterval(timer)
  }, [isOn])
  return now
}

const Facts = ({ held, waited }: { readonly held: Holds.Held; readonly waited: number }) => {
  const rest = (millis: number) => Shown.span(Math.max(0, Math.round((millis - waited) / 1000) * 1000))
  return (
    <dl class="facts">
      <div>
        <dt>model</dt>
        <dd>{held.model ?? "not said"}</dd>
      </div>
      <div>
        <dt>held by</dt>
        <dd>{held.rule === undefined ? "the switch or an answer" : `rule ${held.rule}`}</dd>
      </div>
      <div>
        <dt>refused in</dt>
        <dd>{rest(held.left)}</dd>
      </div>
      {held.clientLeft === undefined ? null : (
        <div>
          <dt>its client gives up in</dt>
          <dd>{rest(held.clientLeft)}</dd>
        </div>
      )}
      <div>
        <dt>seen in</dt>
        <dd>
          {held.request === undefined
            ? <a href={Route.link({ view: "live", id: held.live })}>Live connection {held.live}</a>
            : <a href={Route.link({ view: "calls", id: held.request })}>call {held.request}</a>}
        </dd>
      </div>
    </dl>
  )
}

export const HoldView = () => {
  const { value: space } = Route.space
  const { value: { all, at, calls } } = Holds.listed
  const title = useRef<HTMLHeadingElement>(null)
  const [said, setSaid] = useState<string | undefined>(undefined)
  const now = useSeconds(calls.length > 0)
  const chosen = calls.find(({ id }) => id === Route.chosen.value) ?? calls[0]
  const trouble = said ?? Holds.trouble.value
  return (
    <section class="page" aria-label="Held calls">
      <h2 ref={title} tabIndex={-1}>Held calls</h2>
      <div class="bar">
        <label>
          <input
            type="checkbox"
            id="hold-all"
            checked={all}
            onChange={(event) => {
              Admin.send("PUT", Admin.inSpace(space, "/holds"), { all: event.currentTarget.checked }).then(
                () => {
                  setSaid(undefined)
                  void Holds.update()
                },
                (error: unknown) => setSaid(Admin.messageOf(error))
              )
            }}
          />{" "}
          Hold every call that generates
        </label>
        <span role="status">
          {calls.length === 0 ? "None waits." : calls.length === 1 ? "1 call waits." : `${calls.length} calls wait.`}
        </span>
      </div>
      {trouble === undefined ? null : <p class="bad words" role="alert">{trouble}</p>}
      {chosen === undefined
        ? (
          <p class="quiet">
            A rule with <code>hold</code> stops a call, too. It waits here for an answer by hand.
          </p>
        )
        : (
          <>
            <ul class="held" aria-label="Calls that wait">
              {calls.map(({ id, method, time }) => (
                <li key={id}>
                  <a href={Route.link({ view: "held", id })} aria-current={id === chosen.id ? "true" : undefined}>
                    {id}: {method}, since {Shown.clock(time)}
                  </a>
                </li>
              ))}
            </ul>
            <Facts held={chosen} waited={Math.max(0, now - at)} />
            <Conversation contents={contentsOf(chosen.body)} />
            <h3>Answer of call {chosen.id}</h3>
            <AnswerForm
              key={`${space} ${chosen.id}`}
              held={chosen}
              space={space}
              done={() => {
                // The form goes, and the keyboard would begin at the top of the page again.
                title.current?.focus()
                void Holds.update()
              }}
            />
          </>
        )}
    </section>
  )
}
