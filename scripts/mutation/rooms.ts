// The rooms whose tests are judged by planted bugs: where the code stands, which tests see it, and the score that is
// wanted of it. What the tests of a room saw when they were last judged stands in scores.json.

export interface Room {
  readonly name: string
  /** The score that is wanted, in percent of the mutants that are not equivalent. */
  readonly wanted: number
  /** Folders and files of the code, from the root of the repository; what begins with `:!` is left out. */
  readonly code: ReadonlyArray<string>
  /** Folders and files of the tests that stand nearest to it and end soon: they all run before any mutant is planted. */
  readonly tests: ReadonlyArray<string>
}

const gemini = "packages/gemini/src"
const inside = `${gemini}/internal`
const near = "packages/gemini/test"
const conformance = "packages/conformance/test"
const emulator = "packages/emulator/src"
const within = `${emulator}/internal`
const beside = "packages/emulator/test"

const all = (folder: string, names: string): ReadonlyArray<string> =>
  names.split(" ").map((name) => `${folder}/${name}`)
const tests = (folder: string, names: string): ReadonlyArray<string> =>
  names.split(" ").map((name) => `${folder}/${name}.test.ts`)

/** What several processes share about a lane, and the tests that start a server for it or wait for a file. */
const shared =
  "FileLane.ts FileLock.ts laneFile.ts SavedWindow.ts RedisLane.ts RedisReservation.ts redisStore.ts laneLua.ts " +
  "laneScript.ts StoreLink.ts OfflineLane.ts HeardLane.ts"

/** What is no arithmetic of Live: it needs a connection, so tests over the emulator see it. */
const connected =
  "LiveConnection.ts LiveSocket.ts Link.ts Loop.ts Redial.ts SessionCore.ts SessionLife.ts SessionOperations.ts " +
  "SessionSetup.ts SessionStatus.ts callSessions.ts open.ts session.ts warmSessions.ts UpgradeRefusal.ts endpoint.ts " +
  "wsConstructor.ts routedTurn.ts Settling.ts record.ts"

/** What chooses among members by itself; the rest of the room asks them. */
const choosing = "FairQueue.ts Pace.ts ProbeTurns.ts Refusals.ts WaitingRoom.ts admission.ts circuit.ts order.ts"

export const rooms: ReadonlyArray<Room> = [
  {
    name: "limiter",
    wanted: 85,
    code: [
      `${inside}/limiter`,
      ...all(`:!${inside}/limiter`, shared),
      `${gemini}/RateLimiter.ts`,
      ...all(`${gemini}/limits`, "Gate.ts LaneSnapshot.ts LaneStore.ts Permit.ts Tier.ts WaitLog.ts")
    ],
    tests: [
      ...tests(
        `${near}/limiter`,
        "Aliases Corrections Fleet Headroom LaneModel LaneStore OwnLimits PacificDay RateLimiter SetBack " +
          "TokenEstimate WaitingEstimates WakeUps LimitEdges LaneLearns"
      ),
      ...tests(`${conformance}/calls`, "WaitLog"),
      `${near}/quotas`
    ]
  },
  {
    name: "sharedLanes",
    wanted: 75,
    code: [
      ...all(`${inside}/limiter`, shared),
      ...all(`${gemini}/limits`, "FileLaneStore.ts RedisLaneStore.ts")
    ],
    tests: tests(
      `${near}/limiter`,
      "FileLaneStore LaneStore OfflineLane RedisHostile RedisLaneStore RedisOutage SetBack StoreLink"
    )
  },
  {
    name: "budget",
    wanted: 75,
    code: [`${inside}/budget`, ...all(gemini, "Budget.ts Cost.ts limits/BudgetStore.ts limits/RedisBudgetStore.ts")],
    tests: tests(`${near}/limiter`, "Budget BudgetLedger BudgetRoom BudgetWithin Cost CostExamples RedisBudgetStore")
  },
  {
    name: "http",
    wanted: 85,
    code: [`${inside}/http`, ...all(gemini, "GeminiHttp.ts FetchGemini.ts NodeGemini.ts")],
    tests: [
      `${near}/http`,
      ...tests(`${conformance}/calls`, "BaseUrl DispatchClient FetchClient GeminiHttp Redirect")
    ]
  },
  {
    name: "call",
    wanted: 85,
    code: [`${inside}/call`, `${gemini}/call`, ...all(gemini, "GeminiClient.ts ModelClient.ts ModelPool.ts")],
    tests: [
      `${near}/call`,
      ...tests(
        `${conformance}/calls`,
        "Calls Closing Continuation ContinuationPeers FinishReasons Interruption Limits Midnight Repeating Restart " +
          "RetryTable Telemetry WaitLog WrongOptions Budget"
      )
    ]
  },
  {
    name: "members",
    wanted: 85,
    code: all(`${inside}/members`, choosing),
    tests: [`${near}/members`]
  },
  {
    name: "memberRoutes",
    wanted: 85,
    code: [`${inside}/members`, ...all(`:!${inside}/members`, choosing), `${gemini}/members`, `${gemini}/Members.ts`],
    tests: [
      ...tests(
        `${near}/members`,
        "Admission AdmissionTurns CircuitEnds Circuits MemberClientAsks MemberPlaces MemberTable MembersConfig MembersPool " +
          "Probes RouteFailures RouteLooks"
      ),
      ...tests(
        `${conformance}/members`,
        "MembersChoice MembersLife MembersRefused MembersTable MembersWaiting"
      ),
      ...tests(`${conformance}/resources`, "AnswerAddresses ResourceOwners")
    ]
  },
  {
    name: "live",
    wanted: 85,
    code: [
      `${inside}/live`,
      ...all(`:!${inside}/live`, connected),
      ...all(`${gemini}/live`, "Audio.ts LiveEvent.ts LiveProtocol.ts LiveTools.ts")
    ],
    tests: [
      `${near}/live`,
      ...tests(
        `${conformance}/live`,
        "LiveInMemory LiveMedia LiveSession LiveTools"
      )
    ]
  },
  {
    name: "liveSessions",
    wanted: 75,
    code: [
      ...all(`${inside}/live`, connected),
      ...all(`${gemini}/live`, "AuthTokens.ts LiveMembers.ts LiveSession.ts LiveTransport.ts"),
      ...all(gemini, "GeminiLive.ts LiveError.ts")
    ],
    tests: [
      ...tests(`${near}/live`, "LiveOverlap LiveTimers LiveTurns LiveHeard LiveClose SessionMessages SessionParts"),
      ...tests(
        `${conformance}/live`,
        "AuthTokens LiveEmulator LiveLedger LivePlatform LiveTable LiveTools LiveBrake LiveCalls LiveCloses " +
          "LiveClosing LiveDial LiveFallback LiveFaults LiveGrace LiveInMemory LiveLeaving LiveLifetime " +
          "LivePause LivePings LiveResumption LiveRestored LiveRouting LiveSession LiveUpgrade LiveWarm"
      ),
      ...tests(conformance, "calls/Telemetry vertex/VertexLive")
    ]
  },
  {
    name: "mapping",
    wanted: 85,
    code: ["packages/ai/src", ...all(":!packages/ai/src", "AgentLoop.ts AgentLoopError.ts GeminiMcp.ts")],
    tests: tests(
      "packages/ai/test",
      "DecisionModel DirectCalls Embeddings Errors Files Finish ForeignArguments GeminiCitations GeminiSchema " +
        "ArgumentText ObjectEnds OpenCalls PartFields PromptContents SchemaDialects SharedBatch Signatures Spans StateCost StreamParts Swap Tokenizer ToolCalls ToolParameters ToolResults"
    ).concat(
      tests(`${conformance}/ai`, "AiLanguageModel AiPoints AiStructuredOutput SchemaDialects SchemaDoctor WhatIsSent")
    )
  },
  {
    name: "agentLoop",
    wanted: 75,
    code: all("packages/ai/src", "AgentLoop.ts AgentLoopError.ts GeminiMcp.ts"),
    tests: [...tests("packages/ai/test", "GeminiMcp"), ...tests(`${conformance}/ai`, "AgentLoop")]
  },
  {
    name: "judge",
    wanted: 85,
    code: [`${within}/judge`, `${emulator}/Fault.ts`, `${emulator}/Quota.ts`],
    tests: [
      ...tests(
        beside,
        "ConformsEdges InteractionFieldEdges JsonText Judge FieldTable FieldEdges ValidatorEdges QuotaEdges FaultEdges Quota Faults InteractionBodies Interactions Refusals"
      ),
      ...tests(`${conformance}/emulator`, "EmulatorJudges OfficialSdkFields")
    ]
  },
  {
    name: "caches",
    wanted: 75,
    code: [`${inside}/caches`, `${gemini}/caches`],
    tests: [
      `${near}/caches`,
      ...tests(`${conformance}/resources`, "CachedPrefix CachedPrefixEdges CacheService")
    ]
  },
  {
    name: "batches",
    wanted: 75,
    code: [`${inside}/batches`, `${gemini}/batches`],
    tests: [`${near}/batches`, ...tests(`${conformance}/resources`, "Batches BatchRun Cheapest")]
  },
  {
    name: "resources",
    wanted: 75,
    code: [
      ...all(inside, "resources uploads stores"),
      ...all(gemini, "files operations resources stores ResourceHttp.ts")
    ],
    tests: [
      `${near}/resources`,
      ...tests(
        `${conformance}/resources`,
        "AnswerAddresses Files FileSearchStores Operations ResourceHttp"
      )
    ]
  },
  {
    name: "telemetry",
    wanted: 75,
    code: [`${inside}/telemetry`, `${gemini}/Telemetry.ts`],
    tests: [`${near}/telemetry`, ...tests(`${conformance}/calls`, "Telemetry CanarySiblings")]
  },
  {
    name: "webhooks",
    wanted: 75,
    code: [`${inside}/webhooks`, `${gemini}/webhooks`],
    tests: [`${near}/webhooks`]
  },
  {
    name: "interactions",
    wanted: 75,
    // The types are written from a table, to which a test holds them.
    code: [`${inside}/interactions`, `${gemini}/interactions`, `:!${gemini}/interactions/types`],
    tests: [
      `${near}/interactions`,
      ...tests(
        `${conformance}/interactions`,
        "InteractionCalls InteractionChat InteractionFollow InteractionTools Interactions"
      )
    ]
  },
  {
    name: "research",
    wanted: 75,
    code: [`${inside}/research`, `${gemini}/research`],
    tests: [`${near}/research`, ...tests(`${conformance}/interactions`, "DeepResearch DeepResearchEnds")]
  },
  {
    name: "wire",
    wanted: 75,
    code: [
      ...all(inside, "wire google config"),
      ...all(gemini, "wire models errors decisions GeminiConfig.ts GeminiError.ts")
    ],
    tests: [
      ...all(near, "wire models config decisions"),
      ...tests(`${near}/http`, "ForeignWords RequestCheck WireError"),
      ...tests(`${near}/live`, "LiveClose"),
      ...tests(`${conformance}/calls`, "WrongOptions"),
      ...tests(`${near}/call`, "GeminiError Failures"),
      ...tests(`${near}/limiter`, "PacificDay Aliases Cost")
    ]
  },
  {
    name: "emulatorAnswers",
    wanted: 75,
    code: [...all(within, "answers decisions google"), `${emulator}/Script.ts`, `${emulator}/Reply.ts`],
    tests: tests(
      beside,
      "AnswerEdges Decisions Determinism FaultEdges Faults Generator Handler Holds HoldsAdmin Hops LikelyCalls LikelyValues " +
        "LongAnswers Mistakes PaceOption Plans Refusals Rules Stores vertex/Credentials vertex/Fields vertex/Quotas"
    )
  },
  {
    name: "emulatorRules",
    wanted: 75,
    code: [
      ...all(within, "rules spaces log"),
      ...all(emulator, "Matcher.ts Plan.ts Scenario.ts Space.ts Verdict.ts Explanation.ts")
    ],
    tests: tests(
      beside,
      "Rules RuleEdges Log Holds Plans Scenario Spaces Regions Service Mistakes Determinism Stores vertex/Quotas " +
        "vertex/Login"
    )
  },
  {
    name: "emulatorLive",
    wanted: 75,
    code: [`${within}/live`],
    tests: tests(
      beside,
      "Holds LiveEdges LiveFaults LiveHandler LivePieces LiveQuirks LiveRefusals LiveRules vertex/Live"
    )
  },
  {
    name: "emulatorResources",
    wanted: 75,
    code: [...all(within, "resources interactions webhooks")],
    // Bodies of megabytes take minutes in code with mutants in it: Batches and Files of the conformance tests are left out.
    tests: [
      ...tests(
        beside,
        "Caches Files InteractionCuts Interactions KeptWhole Research ResourceEdges Stores Webhooks vertex/Batches"
      ),
      ...tests(`${conformance}/resources`, "BatchRun FileSearchStores FilesFacts Operations StoresFacts")
    ]
  },
  {
    name: "emulatorDoor",
    wanted: 75,
    code: [
      ...all(within, "door server admin command"),
      ...all(
        emulator,
        "admin Connected.ts Emulator.ts GeminiHandler.ts NodeCommand.ts Remote.ts Standalone.ts Transcript.ts"
      )
    ],
    tests: tests(
      beside,
      "Admin AdminEdges AdminHostile BriefLog CarrierEdges CommandEnds CommandFlags CommandMessages CommandStarts " +
        "CommandTapes Connected Door DoorEdges EveryMethod Handler HeaderText HoldsAdmin Log Prices RequestLines ServerEdges " +
        "Service Spaces Tls vertex/Login cassettes/AdminCassette"
    )
  },
  {
    name: "cassettes",
    wanted: 75,
    code: [`${within}/cassettes`, `${emulator}/cassettes`],
    // What runs in a process of its own sees no mutant, and thirty secrets at every place of a stream take too long.
    tests: tests(
      `${beside}/cassettes`,
      "AdminCassette ExchangeEdges LiveRecordReplay MatchEdges Misses RecordReplay ScenarioOf TapeEdges Timing UpstreamKey"
    )
  },
  {
    name: "journal",
    wanted: 75,
    code: ["packages/journal/src"],
    tests: tests(
      "packages/journal/test",
      "DirectFile FileJournal FileWriter Journal JournalKernels LineText Page Remote StoreEdges"
    )
  },
  {
    name: "agents",
    wanted: 75,
    code: ["packages/agents/src"],
    // Replay wants every run of the other tests played again, which the project of these tests does, and Stryker does not.
    // What TakeOver plays runs in processes of its own, which see no mutant. TeamReplay and LongCompaction take ten seconds
    // each, TwoWriters plays seeds at two stores, and Quota failed once among all of these, for a cause that is not known.
    tests: tests(
      "packages/agents/test",
      "Agent AgentTool Appends Compaction Conversation Edges Evaluation Forks Format1 Handoff Manager Money Policies " +
        "Prefixes PureEdges Reasons RecordJson ResearchAgent ScorerEdges Shared Spans StateEdges Stops Team TeamStops Trace " +
        "TracePage"
    )
  },
  {
    name: "narrative",
    wanted: 75,
    code: ["packages/narrative/src", ":!packages/narrative/src/internal/cluster"],
    tests: tests(
      "packages/narrative/test",
      "Approval BrokenNarratives BrokenStore ClusterControl Condition Control Decide EditorSchema Flow Forecast HostileFiles Instances Media " +
        "Narrative NarrativeKernels Outage Report Runs RunTimes TomlPlace Versions"
    )
  },
  {
    name: "promises",
    wanted: 75,
    code: ["packages/promises/src"],
    tests: ["packages/promises/test", ...tests(`${conformance}/promises`, "Services")]
  },
  {
    name: "cli",
    wanted: 75,
    code: ["packages/cli/src"],
    // What runs the command in a process of its own sees no mutant. That is all of TerminalEscapes but one test, and
    // its processes take 20 s.
    tests: tests(
      "packages/cli/test",
      "ArgumentsMeant Ask AskMessages Attachment Chat ChatKernels ChatMessages ChatStates Check CountAndEmbed GoogleLogin Help History " +
        "InThisProcess KernelEdges Limits Live Markdown Messages NarrativeRun ResearchCommand ResearchPage Run RunManners " +
        "RunRows RunShown Runs Setup SetupEdges Shown StoreMessages Transcript Vertex WordWrap"
    )
  }
]
