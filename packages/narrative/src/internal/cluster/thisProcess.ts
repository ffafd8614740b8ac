/** Who this process is, and whether another one of its machine still runs. */

const host = typeof process === "undefined" ? undefined : process

export const pid = (): number => host?.pid ?? 0

/** The machine's name; empty where it has none. */
export const machine = (): string => {
  try {
    return host?.getBuiltinModule?.("node:os").hostname() ?? ""
  } catch {
    return ""
  }
}

/** Whether a process of this machine runs. One that cannot be asked about is taken to. */
export const isRunning = (pid: number): boolean => {
  try {
    return host?.kill === undefined || host.kill(pid, 0)
  } catch (error) {
    return !(error instanceof Error && "code" in error && error.code === "ESRCH")
  }
}
