/** What a person answers to a held call: words, calls filled in by their schemas, JSON, an error, or nothing at all. */
import { useState } from "preact/hooks"
import * as Admin from "./Admin.ts"
import type { Held } from "./Holds.ts"
import { argsOf, type Field, fieldsOf, textOf } from "./schemaFields.ts"

type Function = Held["functions"][number]
type Texts = Readonly<Record<string, string>>

const Input = (
  { change, field, id, text }: {
    readonly field: Field
    readonly id: string
    readonly text: string
    readonly change: (text: string) => void
  }
) => {
  const described = field.description === undefined ? undefined : `${id}-about`
  const common = {
    id,
    "aria-required": field.required,
    value: text,
    ...(described === undefined ? {} : { "aria-describedby": described })
  }
  return (
    <div class="field">
      <label for={id}>{field.name}{field.required ? "" : " (may be left empty)"}</label>
      {field.kind === "choice"
        ? (
          <select {...common} onChange={(event) => change(event.currentTarget.value)}>
            {field.required ? null : <option value="">left out</option>}
            {field.choices.map((choice) => <option key={choice} value={choice}>{choice}</option>)}
          </select>
        )
        : field.kind === "json"
        ? (
          <textarea
            {...common}
            class="small"
            spellcheck={false}
            onInput={(event) => change(event.currentTarget.value)}
          />
        )
        : field.kind === "number"
        ? (
          <input
            {...common}
            type="number"
            step="any"
            onInput={(event) => change(event.currentTarget.value)}
          />
        )
        : (
          <input
            {...common}
            type="text"
            autocomplete="off"
            onInput={(event) => change(event.currentTarget.value)}
          />
        )}
      {described === undefined ? null : <span id={described} class="quiet">{field.description}</span>}
    </div>
  )
}

/** Of a schema without properties the arguments are one field. */
const whole: Field = { name: "arguments", description: undefined, required: true, kind: "json", choices: [] }

const fieldsOfFunction = ({ schema }: Function): ReadonlyArray<Field> => fieldsOf(schema) ?? [whole]

const textsOf = (each: Function): Texts =>
  Object.fromEntries(
    fieldsOfFunction(each).map((field) => [
      field.name,
      textOf(field, field === whole ? each.args : each.args[field.name])
    ])
  )

const argsOfFunction = (each: Function, texts: Texts): unknown => {
  const fields = fieldsOfFunction(each)
  const args = argsOf(fields, texts)
  return fields[0] === whole ? args[whole.name] : args
}

const ways = (held: Held): ReadonlyMap<string, string> =>
  new Map([
    ["text", "Words"],
    ...(held.functions.length === 0 ? [] : [["calls", "Function calls"] as const]),
    ...(held.json === undefined ? [] : [["json", "JSON"] as const]),
    ["error", "An error"]
  ])

const firstWay = (held: Held): string =>
  held.json !== undefined && held.functions.length === 0 ? "json" : held.functions.length > 0 ? "calls" : "text"

export const AnswerForm = (
  { done, held, space }: { readonly held: Held; readonly space: string; readonly done: () => void }
) => {
  const [way, setWay] = useState(firstWay(held))
  const [text, setText] = useState("")
  const [json, setJson] = useState(() => JSON.stringify(held.json?.value, undefined, 2) ?? "")
  const [code, setCode] = useState("503")
  const [message, setMessage] = useState("")
  const [chosen, setChosen] = useState<ReadonlySet<string>>(() =>
    new Set(held.functions.slice(0, 1).map(({ name }) => name))
  )
  const [texts, setTexts] = useState<Readonly<Record<string, Texts>>>(() =>
    Object.fromEntries(held.functions.map((each) => [each.name, textsOf(each)]))
  )
  const [said, setSaid] = useState<string | undefined>(undefined)
  const answer = (): unknown => {
    switch (way) {
      case "calls": {
        const calls = held.functions.filter(({ name }) => chosen.has(name))
        if (calls.length === 0) throw new Error("choose at least one function")
        return { calls: calls.map((each) => ({ name: each.name, args: argsOfFunction(each, texts[each.name] ?? {}) })) }
      }
      case "json":
        return { json: JSON.parse(json) }
      case "error":
        return { error: { code: Number(code), ...(message === "" ? {} : { message }) } }
      default:
        return { text }
    }
  }
  const tell = (path: string, body: () => unknown) => {
    const act = async () => {
      await Admin.send("POST", Admin.inSpace(space, `/holds/${held.id}/${path}`), body())
    }
    act().then(done, (error: unknown) => setSaid(Admin.messageOf(error)))
  }
  return (
    <form
      class="by-hand"
      onSubmit={(event) => {
        event.preventDefault()
        tell("answer", () => ({ answer: answer() }))
      }}
    >
      <label>
        Answer with{" "}
        <select value={way} onChange={(event) => setWay(event.currentTarget.value)}>
          {Array.from(ways(held), ([each, title]) => <option key={each} value={each}>{title}</option>)}
        </select>
      </label>
      {way === "text"
        ? (
          <label>
            Words <textarea value={text} onInput={(event) => setText(event.currentTarget.value)} />
          </label>
        )
        : null}
      {way === "json"
        ? (
          <label>
            JSON <textarea value={json} spellcheck={false} onInput={(event) => setJson(event.currentTarget.value)} />
          </label>
        )
        : null}
      {way === "calls"
        ? held.functions.map((each, i) => (
          <fieldset key={each.name}>
            <legend>
              <label>
                <input
                  type="checkbox"
                  checked={chosen.has(each.name)}
                  onChange={(event) => {
                    const next = new Set(chosen)
                    if (event.currentTarget.checked) next.add(each.name)
                    else next.delete(each.name)
                    setChosen(next)
                  }}
                />{" "}
                {each.name}
              </label>
            </legend>
            {each.description === undefined ? null : <p class="quiet words">{each.description}</p>}
            {chosen.has(each.name)
              ? fieldsOfFunction(each).map((field, j) => (
                <Input
                  key={field.name}
                  id={`arg-${held.id}-${i}-${j}`}
                  field={field}
                  text={texts[each.name]?.[field.name] ?? ""}
                  change={(now) =>
                    setTexts((before) => ({ ...before, [each.name]: { ...before[each.name], [field.name]: now } }))}
                />
              ))
              : null}
          </fieldset>
        ))
        : null}
      {way === "error"
        ? (
          <div class="bar">
            <label>
              Code{" "}
              <input
                type="number"
                min="400"
                max="599"
                value={code}
                onInput={(event) => setCode(event.currentTarget.value)}
              />
            </label>
            <label>
              Message <input value={message} onInput={(event) => setMessage(event.currentTarget.value)} />
            </label>
            <span class="quiet">Without a message it is Google's own for the code.</span>
          </div>
        )
        : null}
      <div class="bar">
        <button type="submit">{way === "error" ? "Fail it" : "Answer"}</button>
        <button type="button" onClick={() => tell("let-go", () => ({}))}>Let it go</button>
      </div>
      <p role="status" class="bad words">{said}</p>
    </form>
  )
}
