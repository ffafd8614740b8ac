/** What the status line says of a research: what the agent does, how much it has done, and what it thinks of. Pure. */
import type { ResearchEvent } from "effect-gemini/research/ResearchEvent"
import * as CliOutput from "effect/cli/CliOutput"
import * as Lines from "../lines.ts"
import { cleanLine } from "../Shown.ts"
import { plural } from "../table.ts"

/** The head of a thought: its title in bold, else its first words. */
export const titleOf = (thought: string): string => {
  const [, title] = /^\s*\*\*(.+?)\*\*/.exec(thought) ?? []
  return cleanLine((title ?? thought.trim().split("\n")[0] ?? "").trim())
}

/** So many searches. */
export const searches = (count: number): string => `${count.toLocaleString("en-US")} search${count === 1 ? "" : "es"}`

export class ResearchBar {
  readonly #since: number
  #doing = "asking"
  #searches = 0
  #pages = 0
  #characters = 0
  #thought = ""

  /** `now` in milliseconds. */
  constructor(now: number) {
    this.#since = now
  }

  on(event: ResearchEvent<unknown>): void {
    switch (event._tag) {
      case "Started":
        this.#doing = event.stage === "plan" ? "planning" : event.stage === "output" ? "shaping" : "researching"
        this.#characters = 0
        return
      case "Decided":
        this.#doing = event.decision._tag === "Approve" ? "researching" : "planning"
        this.#thought = ""
        return
      case "Thought":
        this.#thought = titleOf(event.text)
        return
      case "Searched":
        this.#searches += event.queries.length
        this.#thought = cleanLine(event.queries.at(-1) ?? "")
        return
      case "Read":
        this.#pages += event.urls.length
        return
      case "Written":
        if (event.stage === "research") this.#doing = "writing"
        this.#characters += event.text.length
        return
      default:
        return
    }
  }

  /** Where the columns are few, the thought goes first, then the counts; what it does and the time stay. */
  line(now: number, columns = Infinity): string {
    const head = `${Lines.spinner(now)} ${this.#doing} · ${Lines.time(now - this.#since)}`
    const counts = [
      ...(this.#searches === 0 ? [] : [searches(this.#searches)]),
      ...(this.#pages === 0 ? [] : [plural(this.#pages, "page")]),
      ...(this.#characters === 0 ? [] : [`${this.#characters.toLocaleString("en-US")} characters`])
    ]
    const parts = [head]
    for (const part of counts) {
      if (CliOutput.displayWidth([...parts, part].join(" · ")) <= columns) parts.push(part)
    }
    const said = parts.join(" · ")
    const room = columns - CliOutput.displayWidth(said) - 3
    return this.#thought === "" || room < 12 ? said : `${said} · ${Lines.fit(this.#thought, room)}`
  }
}
