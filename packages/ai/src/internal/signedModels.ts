/**
 * Models that demand thought signatures back, as of `asOf`: Gemini 3 and later of the
 * library's model table. Data only; a model that is not here is known by its history.
 */

/** The day (ISO, UTC) that the list describes. */
export const asOf = "2026-11-22"

export const names: ReadonlySet<string> = new Set([
  "gemini-flash-latest",
  "gemini-flash-lite-latest",
  "gemini-pro-latest",
  "gemini-4-argon",
  "gemini-4-carbon",
  "gemini-3.8-flash",
  "gemini-3.7-flash",
  "gemini-3.6-flash",
  "gemini-3.5-flash",
  "gemini-3.5-flash-lite",
  "gemini-3.1-pro-preview",
  "gemini-3.1-pro-preview-customtools",
  "gemini-3.1-flash-lite",
  "gemini-3-flash-preview"
])
