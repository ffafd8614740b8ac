/**
 * A supervisor with LangChain's `createAgent` on LangGraph, after the example that its documentation shows for one:
 * https://docs.langchain.com/oss/javascript/langchain/multi-agent/subagents-personal-assistant
 */
import { createAgent, tool } from "langchain"
import { z } from "zod"

const model = "google-genai:gemini-3.8-flash"

const createEvent = tool(async ({ start, title }) => `Event created: ${title} at ${start}`, {
  name: "create_event",
  description: "Creates a calendar event. The time is in ISO format.",
  schema: z.object({ title: z.string(), start: z.string() })
})
const sendEmail = tool(async ({ subject, to }) => `Email sent to ${to.join(", ")}: ${subject}`, {
  name: "send_email",
  description: "Sends an email to addresses.",
  schema: z.object({ to: z.array(z.string()), subject: z.string(), body: z.string() })
})

const calendar = createAgent({ model, tools: [createEvent], systemPrompt: "You are a calendar assistant." })
const email = createAgent({ model, tools: [sendEmail], systemPrompt: "You are an email assistant." })

const scheduleEvent = tool(async ({ request }) => {
  const result = await calendar.invoke({ messages: [{ role: "user", content: request }] })
  return result.messages.at(-1)?.text
}, {
  name: "schedule_event",
  description: "Schedules calendar events that are described in words.",
  schema: z.object({ request: z.string() })
})
const manageEmail = tool(async ({ request }) => {
  const result = await email.invoke({ messages: [{ role: "user", content: request }] })
  return result.messages.at(-1)?.text
}, {
  name: "manage_email",
  description: "Sends emails that are described in words.",
  schema: z.object({ request: z.string() })
})

const supervisor = createAgent({
  model,
  tools: [scheduleEvent, manageEmail],
  systemPrompt: "You are a personal assistant. Break a request down, and put the results together."
})

export const ask = async (question: string) =>
  (await supervisor.invoke({ messages: [{ role: "user", content: question }] })).messages.at(-1)?.text
