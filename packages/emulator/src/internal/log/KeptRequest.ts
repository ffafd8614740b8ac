/** A request as the log keeps it: with its objects while it is open, as bytes once it has ended. */
import type { Entry } from "../../RequestLog.ts"
import { LoggedRequest } from "./LoggedRequest.ts"
import * as Packed from "./Packed.ts"

export type KeptRequest = LoggedRequest | Packed.Packed

export const isOpen = (kept: KeptRequest): kept is LoggedRequest => kept instanceof LoggedRequest

/** The entry as a user sees it; one that is still open goes on changing. */
export const shown = (kept: KeptRequest): Entry => isOpen(kept) ? kept.copy() : Packed.unpack(kept)
