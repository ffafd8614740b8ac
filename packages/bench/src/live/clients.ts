/** The clients of the Live benchmark by their names. */
import { fromConnect, official, raw, type Subject } from "./subject.ts"

/** Ours is loaded only where it is measured: what it brings into a process is part of its figures. */
export const load = async (name: string, url: string): Promise<Subject> =>
  name === "raw"
    ? fromConnect(raw(url))
    : name === "genai"
    ? fromConnect(official(url))
    : (await import("./gemini.ts")).make(url)
