// Runs the large size of a promise whose sample runs in the tests: `pnpm prove LINE [SEED]`. Without a line it lists
// them. A line is test files with PROVE=LINE and PROVE_SEED=SEED in their environment; a file reads both through
// scripts/proof.ts, and runs the small size where they are absent. After them comes what measures the line's figures.
import { spawnSync } from "node:child_process"
import { join } from "node:path"

interface Proof {
  /** What it shows, in a few words. */
  readonly shows: string
  readonly projects?: ReadonlyArray<string>
  /** The test files' names, as vitest filters them. */
  readonly files?: ReadonlyArray<string>
  /** A program that prints the figures, and fails where one is too large. */
  readonly figures?: string
}

const proofs: Readonly<Record<string, Proof>> = {
  "11.4": {
    shows:
      "50,000 raw requests and 10,000 WebSocket openings of mutated bytes: the emulator answers or closes, and goes on",
    projects: ["emulator"],
    files: ["AnyBytes.test"]
  },
  "13.2": {
    shows: "20 worked examples of prices; 200 calls of 4 processes in three nested budgets on Redis, to the picodollar",
    projects: ["gemini", "conformance"],
    files: ["CostExamples.test", "BudgetWithin.test", "BudgetFleet.test"]
  },
  "13.3": {
    shows: "200 kills -9 in the middle of appends, torn writes, full disks, zombies: no acknowledged record lost, " +
      "none in half, one writer; an append in at most 0.1 ms on files, 0.25 ms on Redis",
    projects: ["journal"],
    files: ["Crash.test", "FileJournal.test", "Journal.test", "Remote.test"],
    figures: "packages/journal/test/bench.ts"
  },
  "13.1": {
    shows:
      "three members and outages at random: 1,000 created resources are each asked where they were made, also after " +
      "a restart; 12 addresses out of hostile answers: the key leaves for none",
    projects: ["conformance"],
    files: ["ResourceOwners.test", "AnswerAddresses.test"]
  },
  "15.3": {
    shows:
      "10,000 random programs of a Live session, with cuts, goAways, pauses and cancels: everybody is told what an " +
      "oracle says they must be",
    projects: ["conformance"],
    files: ["LivePrograms.test"]
  },
  "15.5": {
    shows: "30 hours of conversation under the test's clock, each with six goAways, three crashes and functions: the " +
      "transcript and the server's memory as an oracle says, the heap flat",
    projects: ["conformance"],
    files: ["LiveHour.test"]
  },
  "18.1": {
    shows:
      "every method of interactions asks what @google/genai 3.3 asks; every recorded interaction decodes, and joins " +
      "from random pieces to the unary form",
    projects: ["conformance", "gemini"],
    files: ["EqualInteractions.test", "InteractionCorpus.test", "InteractionFold.test"]
  },
  "18.7": {
    shows:
      "a program without interactions carries nothing of them, bundled or imported; their events come at 0.8 of the " +
      "speed of a line split and JSON.parse, and ahead of @google/genai",
    projects: ["conformance"],
    files: ["ServicesBundle.test"],
    figures: "packages/bench/src/eventRate.ts"
  },
  "18.2": {
    shows:
      "@google/genai 3.3 and the AI SDK against the emulator: whole, streamed, in the background, resumed, cancelled, " +
      "deleted, tools, continuation, research, webhooks; streams cut at every event and at 200 bytes join to what the " +
      "server keeps; bodies that Google took are taken, and 24,000 mutated ones answered or refused in the API's form",
    projects: ["foreign-clients", "emulator"],
    files: ["test/Interactions.test", "InteractionCuts.test", "InteractionBodies.test"]
  },
  "18.3": {
    shows:
      "an interaction cut at every event and at 200 bytes, and killed -9 at 20 events: the same steps as uncut, no text " +
      "twice, and no second POST once the server has named it",
    projects: ["conformance"],
    files: ["InteractionFollow.test", "InteractionResume.test", "InteractionKills.test"]
  },
  "18.4": {
    shows:
      "conversations of 40 turns whose server forgets at random turns: the same steps, nothing doubled, told each time",
    projects: ["conformance"],
    files: ["InteractionChat.test"]
  },
  "16.3": {
    shows:
      "an upload of 1 GiB with 50 cuts, another with 20 kills -9, and the download: each byte once, at most one chunk " +
      "twice a cut, at most 96 MiB above idle, at least 0.8 of the speed of a bare upload",
    projects: ["conformance"],
    files: ["FilesLarge.test"]
  },
  "16.4": {
    shows:
      "1,000 days of calls over caches: none fails because of one, each choice is an oracle's that knows what the rule " +
      "knows, none costs more than twice the least; 100,000 days of the rule alone",
    projects: ["gemini", "conformance"],
    files: ["PayOff.test", "CachePatterns.test"]
  },
  "17.2": {
    shows:
      "a run of 10,000 requests in batches, with 1 % row errors, an expired and a pending job, the answer to every " +
      "create lost and 20 kills -9: 10,000 results, each once, no job made twice, no answered row asked again",
    projects: ["conformance"],
    files: ["BatchRunKills.test"]
  },
  "17.3": {
    shows:
      "300,000 choices of the cheapest way in time, as an oracle makes them that knows what it knows; 200,000 calls " +
      "in 4,000 worlds beside one that knows the future: no deadline missed that standard meets, none dearer than priority",
    projects: ["gemini", "conformance"],
    files: ["WayChoice.test", "Cheapest.test"]
  },
  "17.4": {
    shows: "a run of 100,000 rows in and out: its heap at most 12 MB higher in the second half than in the first",
    projects: ["conformance"],
    files: ["BatchRunMemory.test"]
  },
  "26.1": {
    shows:
      "the recorded corpus, HTTP and Live, played to the byte in memory and on sockets, and again as recorded anew",
    projects: ["emulator"],
    files: ["cassettes/Corpus.test"]
  },
  "26.2": {
    shows:
      "every row of both fault tables recorded and played with the same bytes and the same end; 50 parallel calls three " +
      "times; 40 kills -9 among calls of 8 clients: no answered one is lost",
    projects: ["emulator"],
    files: ["cassettes/RecordReplay.test", "cassettes/LiveRecordReplay.test"]
  },
  "18.5": {
    shows:
      "1,000 mutated deliveries of webhooks, by secret and by key: none accepted; real ones accepted, also while secrets " +
      "rotate; 10,000 replays refused in bounded memory",
    projects: ["gemini"],
    files: ["webhooks/Webhook.test"]
  },
  "18.6": {
    shows:
      "deep research end to end: every event cut and gone on with, 20 kills -9 of the command at random moments, its plan " +
      "decided at a terminal, its page with hostile text in Chromium",
    projects: ["conformance", "cli"],
    files: ["DeepResearch.test", "DeepResearchEnds.test", "ResearchCommand.test", "ResearchPage.test"]
  },
  "26.3": {
    shows:
      "30 secrets, each cut at every place of a stream, in text, arguments, headers, queries, Live sessions and error " +
      "bodies: none in a cassette or a log; 300 random recordings found again by requests that hold them",
    projects: ["emulator"],
    files: ["cassettes/Secrets.test"]
  },
  "13.4": {
    shows: "an agent over HTTP and Live by one scenario file; 200 spaces at once in 4 processes, nothing in a wrong " +
      "one; 100,000 calls logged in at most 400 MB",
    projects: ["emulator", "conformance"],
    files: ["SpacesAtOnce.test", "ScenarioAgent.test"]
  },
  "20.3": {
    shows: "what people type into llm and gemini-cli, rewritten for gemini-fx, run by a shell on the embedded server",
    projects: ["cli"],
    files: ["Everyday.test"]
  },
  "20.4": {
    shows:
      "100 kills -9 of a chat in the middle of an answer, half of them in the middle of a line of its journal: every " +
      "answer that was whole is there; 20,000 random chats stand where an oracle says; a chat of 1,000 turns keeps at " +
      "most 6,000 bytes of memory a turn",
    projects: ["cli"],
    files: ["History.test", "ChatKernels.test"],
    figures: "packages/cli/test/chatTurns.ts"
  },
  "21.1": {
    shows:
      "a narrative of twelve acts killed -9 at 20 random points, one act at a time and four at once, on files: the " +
      "same output, no recorded act asked again, at most those in flight twice, the next request within a second",
    projects: ["narrative"],
    files: ["Kill.test"]
  },
  "21.2": {
    shows:
      "two processes on one run and on one store: no act asked twice; a record torn at every byte: resumed; a disk " +
      "that is full at any write: typed, paused, resumed",
    projects: ["narrative"],
    files: ["OneWriter.test", "BrokenStore.test"]
  },
  "21.3": {
    shows:
      "a run at an outage, at a day's spent quota and at its budget: paused with the cause; resume asks that act and " +
      "what had not begun, and both halves add up with what the emulator counted",
    projects: ["narrative"],
    files: ["Outage.test", "Control.test"]
  },
  "21.4": {
    shows:
      "journals of format 1 are resumed; an edited act is asked again with what depends on it; what a newer version " +
      "wrote is refused and left as it is",
    projects: ["narrative"],
    files: ["Versions.test"]
  },
  "21.5": {
    shows:
      "what safety costs an act, in memory, in files and in files that are synced; resuming after 1,000 acts; 5,000 " +
      "acts on a flat heap; twelve images of 2 MB beside a small journal",
    projects: ["narrative"],
    files: ["Versions.test"],
    figures: "packages/narrative/test/bench.ts"
  },
  "21.6": {
    shows:
      "a run watched by other processes across five kills -9: every event once and in order, within 300 ms at the " +
      "median; a watcher that is frozen holds nobody up",
    projects: ["cli"],
    files: ["WatchRun.test"]
  },
  "21.7": {
    shows:
      "what a person reads of more than 100 mistakes in narratives, command lines and stores, and what ten ways to " +
      "stop a run's process say, keep and ask again: two tables",
    projects: ["cli"],
    files: ["Messages.test", "StoreMessages.test", "Signals.test"]
  },
  "22.1": {
    shows:
      "three workers on PostgreSQL, 50 runs of twelve acts: every act once; five of them killed, one frozen past its " +
      "locks, all restarted in turn: taken over within 6 s at the median, only acts in flight twice",
    projects: ["narrative"],
    files: ["Fleet.test"]
  },
  "22.2": {
    shows: "a run of twelve acts killed -9 at 20 random points, one act at a time and four at once, on SQLite and on " +
      "PostgreSQL, as on files; two processes on one store; a dump of format 1 is resumed; messages from the future",
    projects: ["narrative"],
    files: ["ClusterKill.test", "ClusterStore.test"]
  },
  "22.3": {
    shows: "what an act costs on a cluster of one process over SQLite, one at a time and eight at once, and resuming",
    projects: ["narrative"],
    files: ["ClusterControl.test"],
    figures: "packages/narrative/test/clusterBench.ts"
  },
  "22.4": {
    shows:
      "the example narratives: three models, a picture, a fan-out with JSON, a loop with a critic, an approval across " +
      "a restart, a Live act, each played as a run; loops and fan-outs after kill -9, and on a cluster",
    projects: ["examples", "narrative"],
    files: ["Narratives.test", "Flow.test", "KillFlow.test", "ClusterFlow.test", "Approval.test"]
  },
  "22.5": {
    shows:
      "60 broken narratives, each with file, line, column and a hint; the JSON Schema by ajv, and completion in taplo's " +
      "language server",
    projects: ["narrative"],
    files: ["BrokenNarratives.test", "EditorSchema.test", "EditorCompletion.test", "Condition.test"]
  },
  "22.6": {
    shows: "the page of a run with deaths, waits and images: hostile text inert in Chromium under its policy",
    projects: ["narrative"],
    files: ["Report.test"]
  },
  "23.1": {
    shows:
      "an agent killed -9 at every boundary of a run of 12 steps, and of one that waits for people, on files and on " +
      "Redis: the same answer, no ended call again, each keyed effect once, at most one question more; a second " +
      "process at a living run: Busy, or the first one is TakenOver and begins nothing",
    projects: ["agents"],
    files: ["Crash.test", "CrashWaiting.test", "TakeOver.test"]
  },
  "23.6": {
    shows:
      "150 random runs of an agent, resumed from each prefix of their records, and 1,000 that are interrupted: the " +
      "same answer; 600 orders of two writers: a list that one could have written; 300 trees of forks: each its own",
    projects: ["agents"],
    files: ["RandomPrefixes.test", "TwoWriters.test", "Forks.test"]
  },
  "23.7": {
    shows:
      "a run of an agent with parallel calls interrupted at every turn of the scheduler, and around every request, " +
      "append and handler over sockets: no fiber, permit, reservation, timer or open request left, and it goes on",
    projects: ["conformance"],
    files: ["AgentInterruption.test"]
  },
  "23.9": {
    shows: "a program of twenty agents with fifty tools is checked within three seconds more than its imports",
    projects: ["agents"],
    files: ["TypeCost.test"]
  },
  "24.1": {
    shows:
      "100 agents in 4 processes on one budget of Redis, with 503s, retries and cut streams: what the emulator counted " +
      "is over the limit by no more than the input estimates were too low, by nothing where the server counts; by agent " +
      "it sums to the whole, to the picodollar",
    projects: ["agents", "conformance"],
    files: ["Money.test", "AgentFleet.test"]
  },
  "24.4": {
    shows:
      "a manager with three workers, handoffs, agents at once of which one fails, and approvals that come up from " +
      "children: killed -9 at every boundary on files and on Redis, stopped in every way by a persona, interrupted, " +
      "and replayed to the same bytes: the same answer, and nothing that ended again",
    projects: ["agents", "conformance"],
    files: ["CrashTeam.test", "TeamStops.test", "TeamReplay.test", "AgentInterruption.test"]
  },
  "30.2": {
    shows:
      "10,000 random runs of calls over lanes, members, budgets and circuits against a server that counts: never " +
      "above tier or budget, no call lost that a healthy way could answer, no lane idle while somebody waits",
    projects: ["gemini"],
    files: ["QuotaModel.test"]
  },
  "15.2": {
    shows:
      "a Live session cut after each of its bytes, in both directions, by FIN and by RST, dialled again and not: " +
      "no turn lost or doubled unsaid, no wait without an end, no socket left",
    projects: ["conformance"],
    files: ["LiveCuts.test"]
  },
  "25.2": {
    shows:
      "10 rounds of 200 tests at once in 8 processes on one server, each with rules, a fault, a quota and a clock " +
      "of its own by the admin API: no answer, entry or count in a wrong space",
    projects: ["emulator"],
    files: ["Isolation.test"]
  },
  "27.2": {
    shows:
      "10,000 calls on the emulator's page scrolled at 2 ms of script a frame at most, and 1,000 a second arriving " +
      "without a task over 100 ms; its files within 60 kB, foreign pages refused, markup inert",
    projects: ["conformance"],
    files: ["PagePace.test", "emulator/Page.test", "emulator/PageActs.test", "emulator/Doors.test"]
  },
  "27.3": {
    shows:
      "agent loops of 2,000 random toolkits against likely calls, three turns each: every loop ends, all arguments " +
      "fit their schemas by our own check and by Ajv; fifty written expectations of values",
    projects: ["emulator"],
    files: ["LikelyCalls.test", "LikelyValues.test"]
  },
  "31.4": {
    shows:
      "the gate of the benchmark is green on what there is, and red on a slowdown planted into the path of a call " +
      "over undici and over fetch, before its first chunk, and at start",
    figures: "packages/bench/src/planted.ts"
  },
  "32.2": {
    shows:
      "the bugs that the tests of 2026-11 did not see, of four kinds: each is planted, and a test is named that now fails",
    figures: "scripts/mutation/blindSpots.ts"
  },
  "32.3": {
    shows:
      "the step of .ci/run is red on a planted bug in a changed line that no test sees, and green where a test sees " +
      "it, where nothing changed, and in a clone without history; it ends in time where all lines changed",
    figures: "scripts/mutation/planted.ts"
  },
  "29.4": {
    shows: "400 random decisions of names that are hard to say, natively and written as an object: the same types, " +
      "probabilities of 1; requests equal to those of the official SDK, which runs against the emulator",
    projects: ["ai", "conformance", "foreign-clients"],
    files: ["DecisionModel.test", "OfficialSdkDecisions.test", "test/Decisions.test"]
  }
}

const [line, seed = String(Date.now() % 1_000_000)] = process.argv.slice(2)
if (line === undefined) {
  for (const [name, { shows }] of Object.entries(proofs)) console.log(`${name.padEnd(6)} ${shows}`)
} else if (!Object.hasOwn(proofs, line)) {
  console.error(`There is no proof ${line}; these exist: ${Object.keys(proofs).join(", ")}`)
  process.exitCode = 2
} else {
  const { figures, files = [], projects = [], shows } = proofs[line] ?? {}
  console.log(`${line}: ${shows} (seed ${seed})`)
  const from = Date.now()
  const run = (...args: ReadonlyArray<string>): boolean =>
    spawnSync(process.execPath, args, {
      cwd: join(import.meta.dirname, ".."),
      env: { ...process.env, PROVE: line, PROVE_SEED: seed },
      stdio: "inherit"
    }).status === 0
  const isSeen = files.length === 0 || run(
    join("node_modules", "vitest", "vitest.mjs"),
    "run",
    "--config",
    "vitest.workspace.ts",
    ...projects.flatMap((project) => ["--project", project]),
    ...files
  )
  const isShown = isSeen && (figures === undefined || run(figures))
  console.log(
    `${line}: ${isShown ? "shown" : "NOT shown"} in ${Math.round((Date.now() - from) / 1000)} s, seed ${seed}`
  )
  process.exitCode = isShown ? 0 : 1
}
