/** The page: its views, the space that it looks at, and what stands in its way. */
import { useSignal } from "@preact/signals"
import { useEffect } from "preact/hooks"
import type { SpaceList } from "../src/admin/AdminData.ts"
import * as Admin from "./Admin.ts"
import { CallDetail } from "./CallDetail.tsx"
import { CallList } from "./CallList.tsx"
import * as Calls from "./Calls.ts"
import { ControlsView } from "./ControlsView.tsx"
import * as Events from "./Events.ts"
import * as Holds from "./Holds.ts"
import { HoldView } from "./HoldView.tsx"
import { LiveView } from "./LiveView.tsx"
import * as Route from "./Route.ts"
import { RulesView } from "./RulesView.tsx"

const titles: ReadonlyMap<Route.View, string> = new Map([
  ["calls", "Calls"],
  ["held", "Held"],
  ["live", "Live"],
  ["rules", "Rules"],
  ["controls", "Clock and quotas"]
])

const Token = () => {
  const typed = useSignal("")
  return (
    <form
      class="token"
      onSubmit={(event) => {
        event.preventDefault()
        Admin.token.value = typed.value
        Admin.wantsToken.value = false
      }}
    >
      <label>
        Token of this emulator{" "}
        <input
          type="password"
          autocomplete="off"
          value={typed}
          onInput={(event) => {
            typed.value = event.currentTarget.value
          }}
        />
      </label>
      <button type="submit">Open</button>
    </form>
  )
}

const Spaces = () => {
  const names = useSignal<ReadonlyArray<string>>([])
  const load = () => {
    Admin.get<typeof SpaceList.Type>("/spaces").then(({ spaces }) => {
      names.value = spaces.map(({ name }) => name)
    }, () => undefined)
  }
  useEffect(load, [Admin.token.value])
  const { value: space } = Route.space
  const all = [...new Set([...names.value, space])].sort()
  return (
    <label>
      Space{" "}
      <select
        value={space}
        onFocus={load}
        onChange={(event) => Route.go({ space: event.currentTarget.value })}
      >
        {all.map((name) => <option key={name} value={name}>{name}</option>)}
      </select>
    </label>
  )
}

const CallsView = () => (
  <div class={Route.chosen.value === undefined ? "split" : "split has-choice"}>
    <CallList />
    <section class="detail" aria-label="The chosen call" tabIndex={0}>
      {Route.chosen.value === undefined ? null : <a class="back" href={Route.link({})}>Back to the list</a>}
      <CallDetail />
    </section>
  </div>
)

const View = () => {
  switch (Route.view.value) {
    case "calls":
      return <CallsView />
    case "held":
      return <HoldView />
    case "live":
      return <LiveView />
    case "rules":
      return <RulesView />
    case "controls":
      return <ControlsView />
  }
}

export const App = () => {
  const { value: space } = Route.space
  const { value: token } = Admin.token
  useEffect(() => {
    const stop = new AbortController()
    Calls.begin(space)
    Holds.begin(space)
    void Calls.update()
    void Holds.update()
    void Events.follow(space, (kinds) => {
      if (kinds.has("request") || kinds.has("restart") || kinds.has("ready")) void Calls.update()
      if (["held", "released", "ready", "restart"].some((kind) => kinds.has(kind))) void Holds.update()
    }, stop.signal)
    return () => stop.abort()
  }, [space, token])
  const waiting = Holds.listed.value.calls.length
  const trouble = Calls.trouble.value ?? Events.trouble.value
  return (
    <>
      <header>
        <h1>Gemini emulator</h1>
        <nav aria-label="Views">
          {Array.from(
            titles,
            ([view, title]) => (
              <a key={view} href={Route.link({ view })} aria-current={Route.view.value === view ? "page" : undefined}>
                {view === "held" && waiting > 0 ? `${title} (${waiting})` : title}
              </a>
            )
          )}
        </nav>
        <Spaces />
        <span role="status" class={trouble === undefined ? "quiet" : "bad"}>{trouble ?? "live"}</span>
      </header>
      {Admin.wantsToken.value ? <Token /> : null}
      <main>
        <View />
      </main>
    </>
  )
}
