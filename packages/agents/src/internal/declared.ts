/** The tools of an agent as they are declared, before anything runs. */
import * as Context from "effect/Context"
import * as ToolPolicy from "../ToolPolicy.ts"
import * as Toolbox from "./Toolbox.ts"

/** The tools as they are declared, without asking for handlers; those of an effect are not known before it runs. */
export const toolsOf = (toolkit: unknown): Toolbox.Tools => {
  if ((typeof toolkit !== "object" && typeof toolkit !== "function") || toolkit === null) return {}
  return "tools" in toolkit ? Toolbox.toolsIn(toolkit.tools) : {}
}

/** What is wrong with a list of tools that ask, as far as the tools are known. */
export const approvalProblem = (approvals: ReadonlyArray<string>, tools: Toolbox.Tools): string | undefined => {
  const known = Object.values(tools)
  if (known.length === 0) return undefined
  const unknown = approvals.find((name) => !Object.hasOwn(tools, name))
  if (unknown !== undefined) return `\`approvals\` names ${JSON.stringify(unknown)}, and there is no such tool`
  const asks = known.find((tool) =>
    !approvals.includes(tool.name) &&
    ((tool.needsApproval !== undefined && tool.needsApproval !== false) ||
      Context.get(tool.annotations, ToolPolicy.External))
  )
  return asks === undefined
    ? undefined
    : `calls of ${JSON.stringify(asks.name)} are decided by people, so \`approvals\` must name it`
}
