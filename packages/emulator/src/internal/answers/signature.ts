/**
 * Thought signatures. They are opaque base64 to a client, but recognisable here, so that a change by a client is
 * noticed.
 */
import * as Dice from "../Dice.ts"

const checked = (opaque: string): string => Dice.hash(`signature ${opaque}`).toString(16).padStart(8, "0")

export const issue = (dice: Dice.Dice): string => {
  const opaque = dice.letters(52)
  return btoa(opaque + checked(opaque))
}

export const isIssued = (signature: string): boolean => {
  try {
    const text = atob(signature)
    return text.slice(52) === checked(text.slice(0, 52))
  } catch {
    return false
  }
}
