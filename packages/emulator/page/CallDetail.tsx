/** One call: what was asked, what was answered, when, by whom and why. */
import { useEffect, useRef, useState } from "preact/hooks"
import * as Admin from "./Admin.ts"
import * as Calls from "./Calls.ts"
import * as Earlier from "./Earlier.ts"
import { FromCall } from "./FromCall.tsx"
import * as Holds from "./Holds.ts"
import { answered, contentsOf, Conversation, Parts } from "./Parts.tsx"
import * as Route from "./Route.ts"
import * as Shown from "./Shown.ts"
import { Waterfall } from "./Waterfall.tsx"

type Found = { readonly call: Calls.Call } | { readonly trouble: string }

const Verdict = ({ call }: { readonly call: Calls.Call }) => {
  const { verdict } = call
  if (verdict === undefined) {
    const held = Holds.ofRequest(call.id)
    return held === undefined
      ? <p class="quiet">Nobody has answered yet.</p>
      : (
        <p>
          It waits for a person: <a href={Route.link({ view: "held", id: held.id })}>answer it</a>.
        </p>
      )
  }
  return (
    <>
      <p>
        Answered by <b>{verdict.by}</b>
        {verdict.rule === undefined ? "" : (
          <>
            , rule <b>{verdict.rule}</b>
          </>
        )}.
      </p>
      {verdict.refused === undefined ? null : <p class="bad words">{verdict.refused}</p>}
      {verdict.nearMisses === undefined || verdict.nearMisses.length === 0 ? null : (
        <>
          <p>What nearly answered:</p>
          <ul>{verdict.nearMisses.map((miss, i) => <li class="words" key={i}>{miss}</li>)}</ul>
        </>
      )}
    </>
  )
}

const Facts = ({ call }: { readonly call: Calls.Call }) => {
  const facts: ReadonlyArray<readonly [name: string, value: string | number | undefined]> = [
    ["model", call.model],
    ["status", call.status ?? "not yet"],
    ["began", Shown.clock(call.time)],
    ["first piece", call.chunks[0] === undefined ? undefined : Shown.span(call.chunks[0].time - call.time)],
    ["took", call.closedAt === undefined ? "still open" : Shown.span(call.closedAt - call.time)],
    ["ended", call.outcome],
    ["sent", Shown.bytes(call.bytesSent)],
    ["tokens in", Calls.at(call.id)?.usage?.input],
    ["tokens out", Calls.at(call.id)?.usage?.output],
    ["would cost", Shown.cost(Calls.at(call.id)?.cost) || undefined],
    ["project", call.project],
    ["region", call.region]
  ]
  return (
    <dl class="facts">
      {facts.map(([name, value]) =>
        value === undefined ? null : (
          <div key={name}>
            <dt>{name}</dt>
            <dd>{value}</dd>
          </div>
        )
      )}
    </dl>
  )
}

const Raw = ({ label, value }: { readonly label: string; readonly value: unknown }) => {
  const [isOpen, setOpen] = useState(false)
  if (value === undefined) return null
  return (
    <details onToggle={(event) => setOpen(event.currentTarget.open)}>
      <summary>{label}</summary>
      {isOpen ? <pre tabIndex={0}>{Shown.json(value)}</pre> : null}
    </details>
  )
}

/** What this call added to its conversation; what an earlier call had said already is folded. */
const Turns = ({ call }: { readonly call: Calls.Call }) => {
  const [earlier, setEarlier] = useState<Earlier.Earlier | undefined>(undefined)
  // A page that opens with this call has no list yet to look for the earlier one in.
  const isListed = Calls.at(call.id) !== undefined
  useEffect(() => {
    let isOver = false
    setEarlier(undefined)
    void Earlier.find(call, () => isOver).then((found) => isOver || setEarlier(found))
    return () => {
      isOver = true
    }
  }, [call.space, call.id, isListed])
  const contents = contentsOf(call.body)
  if (contents.length === 0) return null
  // The system instruction stands before the turns.
  const folded = earlier === undefined ? 0 : earlier.turns + contents.length - contentsOf(call.body, false).length
  return (
    <section>
      <h3>Conversation</h3>
      {earlier === undefined ? null : (
        <>
          <p>
            Goes on from <a href={Route.link({ id: earlier.id })}>call {earlier.id}</a>.
          </p>
          <details class="earlier">
            <summary>{folded === 1 ? "1 earlier turn" : `${folded} earlier turns`}</summary>
            <Conversation contents={contents} until={folded} />
          </details>
        </>
      )}
      <Conversation contents={contents} from={folded} />
    </section>
  )
}

const Body = ({ call }: { readonly call: Calls.Call }) => {
  const title = useRef<HTMLHeadingElement>(null)
  // A form that has led here is gone, and the keyboard would begin at the top of the page again.
  useEffect(() => {
    if (document.activeElement === document.body) title.current?.focus()
  }, [call.id])
  const parts = answered(call.response)
  const end = call.closedAt ?? call.chunks.at(-1)?.time ?? call.time
  return (
    <>
      <h2 ref={title} tabIndex={-1}>{call.id}: {call.apiMethod ?? `${call.method} ${call.path}`}</h2>
      <Facts call={call} />
      <section>
        <h3>Verdict</h3>
        <Verdict call={call} />
      </section>
      <Turns key={`turns ${call.space} ${call.id}`} call={call} />
      <section class="answer">
        <h3>Answer</h3>
        {parts.length > 0
          ? <Parts parts={parts} />
          : call.response === undefined
          ? <p class="quiet">None yet.</p>
          : <pre tabIndex={0}>{Shown.json(call.response)}</pre>}
      </section>
      <section>
        <h3>Pieces and times</h3>
        <Waterfall key={call.id} chunks={call.chunks} start={call.time} end={end} />
      </section>
      <FromCall key={`from ${call.space} ${call.id}`} call={call} />
      <section>
        <h3>As it was sent</h3>
        <Raw label="Request body" value={call.body} />
        <Raw label="Request headers" value={call.headers} />
        <Raw label="Response" value={call.response} />
      </section>
    </>
  )
}

export const CallDetail = () => {
  const { value: id } = Route.chosen
  const { value: space } = Route.space
  const [found, setFound] = useState<Found | undefined>(undefined)
  const line = id === undefined ? undefined : Calls.at(id)
  Calls.watch()
  // It is asked for again when its line has changed: its answer goes on, or has ended.
  const state = `${line?.status} ${line?.outcome} ${line?.bytesSent}`
  useEffect(() => {
    if (id === undefined) return undefined
    let isOver = false
    Admin.get<Calls.Call>(Admin.inSpace(space, `/requests/${id}`)).then(
      (call) => isOver || setFound({ call }),
      (error: unknown) => isOver || setFound({ trouble: Admin.messageOf(error) })
    )
    return () => {
      isOver = true
    }
  }, [space, id, state])
  if (id === undefined) return <p class="quiet empty">Choose a call to see it whole.</p>
  if (found === undefined) return <p class="quiet empty">Loading.</p>
  return "call" in found ? <Body call={found.call} /> : <p class="bad empty">{found.trouble}</p>
}
