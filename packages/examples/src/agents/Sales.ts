/**
 * A table of sales: tools of this program say what is in it and add it up, exactly, and code that the model writes and Google
 * runs does the statistics. The rows themselves never go into the prompt.
 */
import * as Agent from "effect-gemini-agents/Agent"
import * as GeminiTool from "effect-gemini-ai/GeminiTool"
import type * as Rule from "effect-gemini-emulator/Rule"
import * as Tool from "effect/ai/Tool"
import * as Toolkit from "effect/ai/Toolkit"
import * as Console from "effect/Console"
import * as Effect from "effect/Effect"
import * as Schema from "effect/Schema"

const csv = `month,region,cents
2026-01,north,120000
2026-01,south,80000
2026-02,north,150000
2026-02,south,81000
2026-03,north,180000
2026-03,south,79000
`

const [header = "", ...lines] = csv.trim().split("\n")
const columns = header.split(",")
const rows = lines.map((line) => Object.fromEntries(line.split(",").map((cell, i) => [columns[i] ?? "", cell])))

const tools = Toolkit.make(
  Tool.make("describe_table", {
    description: "The columns of the table with some of their values, and how many rows it has",
    success: Schema.Struct({
      rows: Schema.Int,
      columns: Schema.Record(Schema.String, Schema.Array(Schema.String))
    })
  }).annotate(Tool.Readonly, true),
  Tool.make("total_by", {
    description: "The sum of `cents` for each value of a column",
    parameters: Schema.Struct({ column: Schema.Literals(["month", "region"]) }),
    success: Schema.Record(Schema.String, Schema.Int)
  }).annotate(Tool.Readonly, true),
  GeminiTool.CodeExecution({})
)

const valuesOf = (column: string): ReadonlyArray<string> => [...new Set(rows.map((row) => row[column] ?? ""))]

const handlers = tools.toLayer({
  describe_table: () =>
    Effect.succeed({
      rows: rows.length,
      columns: Object.fromEntries(columns.map((column) => [column, valuesOf(column).slice(0, 3)]))
    }),
  total_by: ({ column }) =>
    Effect.succeed(Object.fromEntries(
      valuesOf(column).map((value) => [
        value,
        rows.filter((row) => row[column] === value).reduce((sum, { cents = "0" }) => sum + Number(cents), 0)
      ])
    ))
})

export const analyst = Agent.make({
  name: "analyst",
  instructions: "You analyse a table. Add up by your tools, and compute everything else by code.",
  toolkit: tools,
  bounds: { steps: 8 }
})

export const program = Effect.gen(function*() {
  const { records, text } = yield* Agent.run(analyst, "How fast do the sales grow from month to month?")
  for (const record of records) {
    if (record._tag !== "Answered") continue
    for (const message of record.messages) {
      for (const part of typeof message.content === "string" ? [] : message.content) {
        // Code that ran at the server is a call of the model's answer, and no call of ours.
        if (part.type === "tool-call") yield* Console.log(`${part.name} ${JSON.stringify(part.params)}`)
      }
    }
  }
  yield* Console.log(text)
}).pipe(Effect.provide(handlers))

const code = "totals = [200000, 231000, 259000]\nprint([round(b / a - 1, 3) for a, b in zip(totals, totals[1:])])\n"

export const rules: ReadonlyArray<Rule.Rule> = [
  {
    name: "analyst",
    when: { tools: "total_by", step: { atMost: 1 } },
    plan: [{ call: "describe_table", args: {} }, { call: { name: "total_by", args: { column: "month" } } }]
  },
  {
    name: "analyst computes",
    when: { after: "total_by" },
    reply: {
      response: {
        candidates: [{
          content: {
            role: "model",
            parts: [
              { executableCode: { language: "PYTHON", code } },
              { codeExecutionResult: { outcome: "OUTCOME_OK", output: "[0.155, 0.121]\n" } },
              { text: "Sales grew by 15.5 % in February and by 12.1 % in March." }
            ]
          },
          finishReason: "STOP",
          index: 0
        }],
        usageMetadata: { promptTokenCount: 400, candidatesTokenCount: 80, totalTokenCount: 480 },
        modelVersion: "gemini-3.8-flash"
      }
    }
  }
]
