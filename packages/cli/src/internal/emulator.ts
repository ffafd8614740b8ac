/** `gemini-fx emulator`, which is the command `effect-gemini-emulator` under another name. */
import * as NodeCommand from "effect-gemini-emulator/NodeCommand"

export const emulatorCommand = NodeCommand.make("emulator")
