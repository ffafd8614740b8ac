/** Loaded into a command before it starts: at SIGUSR2 it says on stderr how many bytes of its heap are in use. */
process.on("SIGUSR2", () => {
  for (let i = 0; i < 3; i++) globalThis.gc?.()
  process.stderr.write(`heap ${process.memoryUsage().heapUsed}\n`)
})
