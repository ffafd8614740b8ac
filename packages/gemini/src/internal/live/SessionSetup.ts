/** The setup of a session's next connection: that of its options, with what was changed since. */
import * as LiveProtocol from "../../live/LiveProtocol.ts"

type Setup = LiveProtocol.Setup
type ContextUpdate = NonNullable<LiveProtocol.ClientMessage["contextUpdate"]>

const encode = (setup: Setup): string => LiveProtocol.encode({ setup })

export class SessionSetup {
  #setup: Setup
  /** Its message, which most sessions send once and many share. */
  #text: string | undefined

  constructor(setup: Setup, text: string) {
    this.#setup = setup
    this.#text = text
  }

  get tools(): NonNullable<Setup["tools"]> {
    return this.#setup.tools ?? []
  }

  /** Takes instructions and tools that hold from now on, so that a new connection does not fall back to the old ones. */
  update({ systemInstruction, tools }: ContextUpdate): void {
    this.#text = undefined
    this.#setup = {
      ...this.#setup,
      ...(systemInstruction ? { systemInstruction } : {}),
      ...(tools?.tools ? { tools: tools.tools } : {})
    }
  }

  /** The message that restores the state of a handle. */
  resuming(handle: string | undefined): string {
    const setup = this.#setup
    return handle === undefined
      ? this.#text ??= encode(setup)
      : encode({ ...setup, sessionResumption: { ...setup.sessionResumption, handle } })
  }
}
