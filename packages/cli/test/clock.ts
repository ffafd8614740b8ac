/** Loaded before the command by `--import`: at SIGUSR2 the clock of this process jumps by CLOCK_JUMP milliseconds. */
const now = Date.now
let jumped = 0
process.on("SIGUSR2", () => {
  jumped += Number(process.env["CLOCK_JUMP"])
})
Date.now = () => now() + jumped
