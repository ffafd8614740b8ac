/** What can be made of a call: a program that makes it, the same call once more, edited, and a rule that answers it. */
import { useState } from "preact/hooks"
import type { EntryPage } from "../src/admin/LogData.ts"
import type { Explanation } from "../src/Explanation.ts"
import * as Json from "../src/internal/json.ts"
import * as Admin from "./Admin.ts"
import * as Calls from "./Calls.ts"
import { answered } from "./Parts.tsx"
import * as Route from "./Route.ts"
import * as Snippet from "./snippet.ts"

/** The path below the emulator's address. The log keeps no query, and a stream is asked for as events. */
const targetOf = ({ apiMethod, path }: Calls.Call): string =>
  apiMethod === "streamGenerateContent" && !path.includes("?") ? `${path}?alt=sse` : path

const urlOf = (call: Calls.Call): string => {
  const prefix = call.space === "default" || call.path.startsWith("/spaces/") ? "" : `/spaces/${call.space}`
  return `${location.origin}${prefix}${targetOf(call)}`
}

const languages = new Map([["curl", Snippet.curl], ["TypeScript", Snippet.typescript], ["Python", Snippet.python]])

const Snippets = ({ call }: { readonly call: Calls.Call }) => {
  const [language, setLanguage] = useState("curl")
  const text = languages.get(language)?.({ url: urlOf(call), body: call.body }) ?? ""
  const [said, setSaid] = useState("")
  return (
    <>
      <div class="bar">
        <label>
          Language{" "}
          <select value={language} onChange={(event) => setLanguage(event.currentTarget.value)}>
            {Array.from(languages.keys(), (name) => <option key={name} value={name}>{name}</option>)}
          </select>
        </label>
        <button
          type="button"
          onClick={() => {
            navigator.clipboard.writeText(text).then(() => setSaid("Copied."), () => setSaid("It cannot be copied."))
          }}
        >
          Copy
        </button>
        <span role="status">{said}</span>
      </div>
      <pre class="snippet" tabIndex={0}>{text}</pre>
    </>
  )
}

/** Sends it, and gives the number that the log has for it. */
const sendAgain = async (call: Calls.Call, body: string, key: string): Promise<number | undefined> => {
  const mark = crypto.randomUUID()
  const before = (Calls.newest() ?? call.id) - 1
  const response = await fetch(urlOf(call), {
    method: call.method,
    headers: { "content-type": "application/json", "x-goog-api-key": key, "x-emulator-page": mark },
    body
  })
  await response.arrayBuffer()
  let after = before
  for (;;) {
    const page = await Admin.get<typeof EntryPage.Type>(
      Admin.inSpace(call.space, `/requests?limit=200&after=${after}`)
    )
    const found = page.requests.find(({ headers }) => headers["x-emulator-page"] === mark)
    if (found !== undefined || page.next === undefined) return found?.id
    after = page.next
  }
}

const Resend = ({ call }: { readonly call: Calls.Call }) => {
  const [body, setBody] = useState(() => JSON.stringify(call.body, undefined, 2) ?? "")
  const [key, setKey] = useState("page")
  const [said, setSaid] = useState<string | undefined>(undefined)
  return (
    <form
      class="resend"
      onSubmit={(event) => {
        event.preventDefault()
        setSaid("It is under way.")
        sendAgain(call, body, key).then((id) => {
          setSaid(id === undefined ? "It was answered, and the log does not have it." : undefined)
          if (id !== undefined) Route.go({ view: "calls", id })
        }, (error: unknown) => setSaid(Admin.messageOf(error)))
      }}
    >
      <label>
        Body <textarea value={body} spellcheck={false} onInput={(event) => setBody(event.currentTarget.value)} />
      </label>
      <div class="bar">
        <label>
          Key <input value={key} autocomplete="off" onInput={(event) => setKey(event.currentTarget.value)} />
        </label>
        <button type="submit">Send</button>
        <span role="status">{said}</span>
      </div>
    </form>
  )
}

/** A rule that would have answered this call as it was answered. */
const ruleOf = (call: Calls.Call): unknown => {
  const parts = answered(call.response).filter((part) => Json.at(part, "thought") !== true)
  const text = parts.flatMap((part) => Json.text(Json.at(part, "text")) ?? []).join("")
  const calls = parts.flatMap((part) => {
    const made = Json.at(part, "functionCall")
    const name = Json.text(Json.at(made, "name"))
    return name === undefined ? [] : [{ name, args: Json.at(made, "args") ?? {} }]
  })
  const words = (Calls.at(call.id)?.prompt ?? "").replace(/…$/, "")
  return {
    name: `from call ${call.id}`,
    when: words === "" ? {} : { text: { contains: words } },
    reply: calls.length > 0 ? { ...(text === "" ? {} : { text }), calls } : { text: text === "" ? "An answer." : text }
  }
}

const MakeRule = ({ call }: { readonly call: Calls.Call }) => {
  const [rule, setRule] = useState(() => JSON.stringify(ruleOf(call), undefined, 2))
  const [said, setSaid] = useState<string | undefined>(undefined)
  return (
    <form
      class="make-rule"
      onSubmit={(event) => {
        event.preventDefault()
        const add = async () => {
          const parsed: unknown = JSON.parse(rule)
          await Admin.send("POST", Admin.inSpace(call.space, "/rules"), { rule: [parsed], place: "first" })
        }
        add().then(
          () => setSaid("The rule is in force, before all others."),
          (error: unknown) => setSaid(Admin.messageOf(error))
        )
      }}
    >
      <label>
        Rule <textarea value={rule} spellcheck={false} onInput={(event) => setRule(event.currentTarget.value)} />
      </label>
      <p class="quiet">A space with rules may refuse what none of them matches.</p>
      <div class="bar">
        <button type="submit">Add the rule</button>
        <span role="status" class="words">{said}</span>
      </div>
    </form>
  )
}

const Explain = ({ call }: { readonly call: Calls.Call }) => {
  const [found, setFound] = useState<typeof Explanation.Type | undefined>(undefined)
  const [trouble, setTrouble] = useState<string | undefined>(undefined)
  const ask = async () => {
    const { apiMethod: method, body, model } = call
    const response = await Admin.open(Admin.inSpace(call.space, "/explain"), {
      method: "POST",
      headers: { "content-type": "application/json" },
      body: JSON.stringify({ method, model, body })
    })
    const explained: typeof Explanation.Type = await response.json()
    setFound(explained)
  }
  return (
    <>
      <button type="button" onClick={() => ask().catch((error: unknown) => setTrouble(Admin.messageOf(error)))}>
        Ask again who would answer
      </button>
      {trouble === undefined ? null : <p class="bad words" role="alert">{trouble}</p>}
      {found === undefined ? null : (
        <>
          <p class="words" role="status">{found.text}</p>
          <ul>
            {found.rules.map((each) => (
              <li class="words" key={each.rule}>
                <b>{each.rule}</b>
                {each.path === undefined ? " answers" : `: ${each.path} wanted ${each.wanted}, found ${each.found}`}
              </li>
            ))}
          </ul>
        </>
      )}
    </>
  )
}

const acts = [["Program", Snippets], ["Send again, edited", Resend], ["Make a rule of it", MakeRule], [
  "Rules and near misses",
  Explain
]] as const

export const FromCall = ({ call }: { readonly call: Calls.Call }) => {
  const [open, setOpen] = useState<string | undefined>(undefined)
  return (
    <section class="acts">
      <h3>From this call</h3>
      {acts.map(([title, Act]) => (
        <div key={title}>
          <button
            type="button"
            class="act"
            aria-expanded={open === title}
            onClick={() => setOpen(open === title ? undefined : title)}
          >
            {title}
          </button>
          {open === title ? <Act call={call} /> : null}
        </div>
      ))}
    </section>
  )
}
