/** A report as one page: the text with its marks, the sources, the plan, and what it took. Pure. */
import * as Page from "effect-gemini-journal/Page"
import type { ResearchReport, ResearchSource } from "effect-gemini/research/ResearchReport"
import * as Footer from "../ask/footer.ts"
import * as Lines from "../lines.ts"
import { plural } from "../table.ts"
import * as Markup from "./markup.ts"
import { searches } from "./ResearchBar.ts"

const source = ({ kind, number, page, title, url }: ResearchSource): Page.Html => {
  const name = url === undefined ? Page.html`${title}` : Page.link(url, title)
  const host = url !== undefined && URL.canParse(url) ? new URL(url).host : ""
  const where = [kind === "url" ? host : kind, page === undefined ? "" : `page ${page}`].filter((part) => part !== "")
  return Page.html`<li id="source-${number}">${name}${where.length === 0 ? "" : ` (${where.join(", ")})`}</li>
`
}

export interface PageFacts {
  readonly report: ResearchReport
  readonly agent: string
  /** The queries of its searches, in their order. */
  readonly queries: ReadonlyArray<string>
  /** Whether nobody was paid. */
  readonly isRehearsal: boolean
}

export const of = ({ agent, isRehearsal, queries, report }: PageFacts): string => {
  const paid = Footer.price(report.cost, isRehearsal)
  const facts = [
    agent,
    Lines.used(report.usage),
    ...(paid === undefined ? [] : [paid]),
    searches(report.searches),
    plural(report.sources.length, "source")
  ]
  return Page.render({
    title: report.query.split("\n")[0]?.slice(0, 200) ?? "A research",
    body: Page.html`<h1>${report.query}</h1>
<p>${facts.join(" · ")}</p>
${report.isPartial ? Page.html`<p><strong>The agent stopped before it was done: this is what it had.</strong></p>` : ""}
${Markup.of(report)}
${
      report.sources.length === 0 ? "" : Page.html`<h2>Sources</h2>
<ol>
${report.sources.map(source)}</ol>`
    }
${report.plan === undefined ? "" : Page.details("The plan", Markup.plain(report.plan))}
${
      queries.length === 0 ? "" : Page.details(
        "What it searched for",
        Page.html`<ul>
${
          queries.map((query) =>
            Page.html`<li>${query}</li>
`
          )
        }</ul>`
      )
    }`
  })
}
