/** The supervisor of `supervisorLangchain` with Effect Gemini. */
import { Effect, Layer, Schema } from "effect"
import { Agent, Team } from "effect-gemini-agents"
import { Tool, Toolkit } from "effect/ai"

const calendarTools = Toolkit.make(Tool.make("create_event", {
  description: "Creates a calendar event. The time is in ISO format.",
  parameters: Schema.Struct({ title: Schema.String, start: Schema.String }),
  success: Schema.String
}))
const emailTools = Toolkit.make(Tool.make("send_email", {
  description: "Sends an email to addresses.",
  parameters: Schema.Struct({ to: Schema.Array(Schema.String), subject: Schema.String, body: Schema.String }),
  success: Schema.String
}))
const handlers = Layer.merge(
  calendarTools.toLayer({ create_event: ({ start, title }) => Effect.succeed(`Event created: ${title} at ${start}`) }),
  emailTools.toLayer({ send_email: ({ subject, to }) => Effect.succeed(`Email sent to ${to.join(", ")}: ${subject}`) })
)

const schedule_event = Agent.make({
  name: "calendar",
  description: "Schedules calendar events that are described in words.",
  instructions: "You are a calendar assistant.",
  toolkit: calendarTools
})
const manage_email = Agent.make({
  name: "email",
  description: "Sends emails that are described in words.",
  instructions: "You are an email assistant.",
  toolkit: emailTools
})
const supervisor = Agent.make({
  name: "supervisor",
  instructions: "You are a personal assistant. Break a request down, and put the results together."
})
const team = Team.manager(supervisor, { schedule_event, manage_email })

export const ask = (question: string) => Agent.run(team, question).pipe(Effect.provide(handlers))
