/**
 * The ids of what the API keeps: made ones follow from the seed, and chosen ones are judged.
 */
import * as Dice from "../Dice.ts"

const letters = "abcdefghijklmnopqrstuvwxyz0123456789"

/** Ids that look random and follow from a seed. They have no dash: the official SDK cuts an id at one. */
export const maker = (seed: string): (count?: number) => string => {
  const dice = Dice.make(seed)
  return (count = 12) => dice.letters(count, letters)
}

/** Whether a client may choose it: at most 40 small letters, digits and dashes, with a dash at neither end. */
export const isChosen = (id: string): boolean => /^[a-z0-9](?:[a-z0-9-]{0,38}[a-z0-9])?$/.test(id)
