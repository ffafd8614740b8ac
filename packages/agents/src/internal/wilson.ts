/** Wilson's interval of a share. Pure. */

/** The interval of 95 % around the mean of `n` scores from 0 to 1; wider than needed where scores lie between the ends. */
export const interval = (mean: number, n: number): { readonly low: number; readonly high: number } => {
  if (n === 0) return { low: 0, high: 1 }
  const z = 1.959964
  const middle = (mean + z * z / (2 * n)) / (1 + z * z / n)
  const half = z / (1 + z * z / n) * Math.sqrt(mean * (1 - mean) / n + z * z / (4 * n * n))
  return { low: Math.max(0, middle - half), high: Math.min(1, middle + half) }
}
