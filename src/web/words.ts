/** Every word that the page says, in one place: a second language is a second file like this one. */

const count = (number: number, one: string, many = `${one}s`): string =>
  `${number.toLocaleString('en')} ${number === 1 ? one : many}`;

export const WORDS = {
  brand: 'Attestry',
  skip: 'Skip to the content',
  nav: {
    label: 'Views',
    ask: 'Ask',
    usage: 'Usage',
    network: 'Network',
    findings: 'Findings',
    verify: 'Verify a file',
  },
  theme: { label: 'Colours', system: 'As the system', light: 'Light', dark: 'Dark' },
  close: 'Close',
  copy: 'Copy',
  copied: 'Copied',
  reload: 'Load again',
  loading: 'Loading…',
  statements: (n: number) => count(n, 'statement'),
  nodes: (n: number) => count(n, 'node'),
  bytes: 'bytes',

  trust: {
    title: 'Trust root',
    lead: 'The trust root is the one file that you trust: which nodes, which witnesses, whose keys. Everything that this page calls proven is proven from it, in your browser.',
    none: 'No trust root',
    noneLead:
      'No verifier answers here, so there is none to take. Drop the trust root that you were given below.',
    pinned: 'Pinned',
    own: 'Your file',
    unpinned: 'Taken from this server, not pinned',
    unpinnedNote:
      'The trust root was taken from this server and is not pinned: compare its digest (bar at the top) before you rely on this.',
    unpinnedLead:
      'This server gave the trust root to your browser. A server that lies could give a false one. Compare the digest with one that you got another way (by mail, on paper, by telephone), then pin it.',
    differs: 'This server shows another trust root than the one you pinned',
    differsLead:
      'Nothing is verified with it. Either the network has moved to a new trust root, or somebody shows you a false one. Ask whoever gave you the digest.',
    serverDiffers:
      'The server goes by another trust root than your file. Its answers are judged by yours.',
    linkDiffers:
      'The link that you followed names another digest than the one you pinned. Your pin counts.',
    digest: 'SHA-256 of the trust root',
    pinnedDigest: 'The digest you pinned',
    pin: 'I have compared it: pin this digest',
    unpin: 'Forget the pin',
    forget: 'Forget my file',
    useFile: 'Use a trust root file of your own',
    link: 'A link that pins it for others',
    version: (n: number, until: string) => `Version ${n}, to be used until ${until}.`,
    rests: (logs: number, witnesses: number, quorum: number) =>
      `${count(logs, 'node')}; ${quorum} of ${count(witnesses, 'witness', 'witnesses')} must have seen what is shown.`,
    tolerance: (n: number) =>
      n > 0
        ? `Holds even if ${count(n, 'witness', 'witnesses')} and any node lie.`
        : 'Holds only if every witness of the quorum is honest.',
    verifiers: (quorum: number, n: number) =>
      quorum === 0
        ? 'No verifier has to have rebuilt the totals.'
        : `${quorum} of ${count(n, 'verifier')} must have rebuilt the totals.`,
    logs: 'Nodes',
    witnesses: 'Witnesses',
    verifiersTitle: 'Verifiers',
  },

  ask: {
    title: 'Is this the model that was stated?',
    lead: 'Drop a model file or its folder. Your browser computes its digest; the file never leaves this machine. Then it fetches the proofs and checks every one of them itself.',
    drop: 'Drop a model file or folder here',
    file: 'Choose a file',
    folder: 'Choose a folder',
    or: 'or',
    digest: 'Paste a SHA-256 digest',
    digestHint: '64 digits 0-9 and a-f, as attestry digest prints it.',
    digestWrong: 'A digest has 64 digits 0-9 and a-f.',
    submit: 'Ask',
    hashing: (name: string) => `Computing the digest of ${name}`,
    progress: (done: string, total: string) => `${done} of ${total}`,
    cancel: 'Stop',
    known: 'Models that this server knows',
    knownLead: 'This list is the word of the server; each answer behind it is proven.',
    knownNone: 'The server lists no model yet.',
    unnamed: 'no name',
    private: 'Nothing is uploaded. Only the digest is asked for.',
    failed: 'The digest could not be computed',
    empty: 'There is no file in what was dropped.',
    more: 'More models',
  },

  answer: {
    fetching: 'Fetching the proofs…',
    judging: 'Checking every proof in your browser…',
    failed: 'There is no answer',
    askAgain: 'Ask about another model',
    digest: 'SHA-256',
    aka: 'Also stated as',
    inHand: (name: string) => `Compared with ${name}, whose digest was computed in this browser.`,
    notInHand: 'Asked by digest: no file was compared.',
    checkedHere: 'Checked in this browser by the code that the command line and the verifier run.',
    asOf: (time: string) => `As of ${time}`,
    usageChecking: (n: number) =>
      `The totals are proven. Now ${count(n, 'usage statement')} are checked one by one…`,
    usageChecked: (n: number) => `All ${count(n, 'usage statement')} have been checked one by one.`,
    usageFailed:
      'The usage statements could not be fetched one by one; the totals are proven all the same.',
    why: 'Why',
    rests: 'What it rests on',
    restsLead: 'Open any line to see its proof.',
    filter: 'Show',
    all: 'All',
    empty: 'No statement of this kind.',
    training: 'Training',
    evaluation: 'Evaluation',
    absent: 'Proven absent',
    absentLead:
      "The nodes' tallies list everything about a model; the lists were checked to be complete.",
    absentKind: {
      training: 'No statement about its training',
      evaluation: 'No evaluation',
      deployment: 'No deployment',
      usage: 'No usage',
      revocation: 'No withdrawal',
    } as Readonly<Record<string, string>>,
    absentOn: (n: number) => (n === 1 ? 'on the one node' : `on any of the ${n} nodes`),
    absentNone: 'Nothing was proven absent: not every node proves its list complete.',
    nodes: 'Nodes asked',
    node: (size: number, time: string) => `${count(size, 'entry', 'entries')}, witnessed ${time}`,
    seenBy: (n: number) => `seen by ${count(n, 'witness', 'witnesses')}`,
    complete: 'List proven complete',
    completeBy: (names: string) => `rebuilt by ${names}`,
    notComplete: 'Completeness not proven',
    missing: 'Not in the answer',
    usage: 'Usage',
    usageLead: 'Summed by the tallies, recomputed here.',
    usageOpen: 'See it over time',
    checked: 'What held',
    notProven: 'What this cannot prove',
    take: 'Take away',
    dossier: 'The file with all proofs (JSON)',
    report: 'Report to print (A4)',
    csv: 'Usage as CSV (FOCUS names)',
    verdictOf: 'Verdict',
    doubt: 'The server said something else than what was proven',
    doubtLead:
      "Your browser's result counts. A server whose own words differ from its proofs is faulty or lies.",
  },

  /** The verdict in a word and in one sentence. */
  verdict: {
    authentic: {
      word: 'Authentic',
      say: (name: string, who: string) =>
        `This is ${name}, bit for bit the model that ${who} put on record, and nothing on record withdraws it.`,
    },
    recorded: {
      word: 'On record',
      say: (name: string, who: string) =>
        `A model with this digest is on record as ${name}, stated by ${who}, and nothing on record withdraws it.`,
    },
    withdrawn: {
      word: 'Withdrawn',
      say: (name: string, who: string) =>
        `${name} is on record, but ${who} withdrew it. Do not use it.`,
    },
    partly: {
      word: 'Statement withdrawn',
      say: (name: string, who: string) =>
        `${name} is on record, but a statement of ${who} about it was withdrawn.`,
    },
    unknown: {
      word: 'Unknown',
      say: (nodes: number) =>
        `No node has ever recorded anything about this model: ${nodes === 1 ? 'the one node proves' : `all ${nodes} nodes prove`} that.`,
    },
    unseen: {
      word: 'Not found',
      say: 'No statement about this model is shown, but that there is none is not proven.',
    },
    differs: {
      word: 'Another model',
      say: 'The model in hand is not the one that this file is about.',
    },
    inconclusive: {
      word: 'Inconclusive',
      say: 'No verdict: something that is needed is missing, out of date, or seen by too few witnesses.',
    },
    invalid: {
      word: 'Does not hold',
      say: 'A proof failed. What was shown does not count, whoever showed it.',
    },
    equivocation: {
      word: 'Contradiction',
      say: 'A node told two different histories and signed both. Nothing from it can be relied on.',
    },
    proven: {
      word: 'Proven',
      say: 'The evidence proves the fault.',
    },
    refused: {
      word: 'Not verified',
      say: 'What the server sent could not be taken as an answer.',
    },
  },
  somebody: 'nobody',
  thisModel: 'This model',
  and: ' and ',
  others: (n: number) => count(n, 'other'),

  kind: {
    training: 'Training',
    evaluation: 'Evaluation',
    deployment: 'Deployment',
    usage: 'Usage',
    revocation: 'Withdrawal',
  } as Readonly<Record<string, string>>,
  say: {
    training: (who: string, builder: string, data: string) =>
      `${who}: trained by ${builder} ${data === '' ? 'without stating the data' : `from ${data}`}`,
    evaluation: (who: string, suite: string, claims: string) =>
      `${who}: tested with ${suite}, ${claims}`,
    claim: (
      metric: string,
      score: string,
      comparator: string,
      threshold: string,
      passed: boolean,
    ) => `${metric} ${score} (asked ${comparator} ${threshold}: ${passed ? 'passed' : 'FAILED'})`,
    deployment: (who: string, action: string, where: string, since: string) =>
      `${who}: ${action === 'deploy' ? 'put to work in' : 'taken out of'} ${where} from ${since}`,
    usage: (who: string, from: string, to: string, requests: string, tokens: string) =>
      `${who}: ${requests} requests, ${tokens} tokens from ${from} to ${to}`,
    revocation: (who: string, what: 'model' | 'entry', reason: string, more: string) =>
      `${who} withdrew ${what === 'model' ? 'the model' : 'a statement'}: ${reason}${more === '' ? '' : `, ${more}`}`,
    reason: {
      unspecified: 'no reason given',
      defective: 'it is defective',
      unsafe: 'it is unsafe',
      superseded: 'it is superseded',
      keyCompromise: 'a key was stolen',
      cessationOfOperation: 'operation has ended',
    } as Readonly<Record<string, string>>,
    assurance: {
      self_attested: 'by its own operator',
      third_party: 'by a third party',
      reproduced: 'reproduced',
      enclave_attested: 'in an attested enclave',
    } as Readonly<Record<string, string>>,
    cases: (n: string, how: string) => `on ${n} cases, ${how}`,
    trainer: 'Trained by',
    task: 'Task',
    data: 'Data and programs',
    settings: 'Settings',
    steps: (n: number) => `${n.toLocaleString('en')} states of the run are committed to`,
    row: (n: number) => `entry ${n.toLocaleString('en')}`,
  },

  proof: {
    title: (index: number, origin: string) => `Entry ${index.toLocaleString('en')} of ${origin}`,
    open: 'Open the proof',
    tree: 'The way up the tree',
    treeAbout: (index: number, size: number, steps: number) =>
      `The path from entry ${index} up through ${steps} hashes to the root of a tree of ${size} entries.`,
    treeLead: (n: number) =>
      n === 0
        ? 'The tree has this one entry: its hash is the root.'
        : `The entry's hash and ${count(n, 'neighbour')} give, step by step, the root that the node signed.`,
    leaf: 'this entry',
    root: 'root, signed by the node',
    hashes: 'Hashes',
    step: 'Step',
    left: 'left',
    right: 'right',
    sibling: 'Neighbour',
    gives: 'gives',
    statement: 'Statement',
    envelope: 'Signed envelope',
    signedBy: 'Signed with key',
    checkpoint: 'Checkpoint',
    checkpointLead: 'Signed by the node, cosigned by the witnesses below it.',
    cosignatures: 'Cosignatures',
    tally: 'Tally note',
    tallyLead: 'Binds the complete list and the totals to the same entries.',
    raw: 'Raw JSON',
  },

  usage: {
    title: 'Usage',
    lead: 'Every number is recomputed in this browser from the tally proof. What is not proven is not drawn.',
    models: 'Models',
    modelsLead: "The choice is the server's list; the numbers are proven.",
    none: 'Choose a model.',
    range: 'Time',
    ranges: {
      '6h': '6 hours',
      '24h': '24 hours',
      '7d': '7 days',
      '30d': '30 days',
      own: 'Choose',
    } as Readonly<Record<string, string>>,
    from: 'From (UTC)',
    to: 'Up to (UTC)',
    wrongRange: 'Choose a start before its end, both at a full hour, at most 1,000 days apart.',
    by: 'One colour for each',
    grouping: { region: 'Region', operator: 'Operator', model: 'Model' } as Readonly<
      Record<string, string>
    >,
    metric: 'Shown',
    metrics: {
      requests: 'Requests',
      inputTokens: 'Input tokens',
      inputUncachedTokens: 'Input, not cached',
      inputCachedTokens: 'Input, cached',
      inputCacheWriteTokens: 'Input, into cache',
      outputTokens: 'Output tokens',
      outputVisibleTokens: 'Output, visible',
      outputReasoningTokens: 'Output, reasoning',
      energyWattHours: 'Energy (Wh)',
    } as Readonly<Record<string, string>>,
    perHour: 'per hour',
    perDay: 'per day',
    chart: (metric: string, per: string) => `${metric} ${per}`,
    chartAbout: 'The same numbers stand in the tables below.',
    windows: 'Windows',
    total: 'Total',
    totals: 'Totals',
    overTime: 'Over time',
    time: 'From (UTC)',
    notDrawn: 'Not proven, so not drawn',
    nothing: 'No usage is on record in this time: the tallies prove that.',
    verified: (n: number) => `Recomputed from the proofs of ${count(n, 'node')}.`,
    csv: 'CSV (FOCUS names)',
    csvOf: (name: string) => `CSV of ${name}`,
    dossierOf: (name: string) => `Proofs of ${name} (JSON)`,
  },

  network: {
    title: 'Network',
    lead: 'Sizes, times and cosignatures come from checkpoints that your browser has verified. The state of a node is the word of this server.',
    live: 'Live',
    paused: 'Not connected; the numbers may be old',
    size: 'Entries',
    age: 'Newest checkpoint seen',
    lag: 'Behind',
    lagNone: 'in step',
    lagEntries: (n: number) => count(n, 'entry', 'entries'),
    cosigned: 'Cosigned by',
    didCosign: (name: string) => `${name} has cosigned`,
    notCosign: (name: string) => `${name} has not cosigned`,
    quorum: (n: number, quorum: number) => `${n} cosigned, ${quorum} needed`,
    findings: (n: number) => (n === 0 ? 'none' : count(n, 'finding')),
    state: {
      starting: 'starting',
      followed: 'in order',
      behind: 'behind',
      unwitnessed: 'not witnessed',
      unreachable: 'not reached',
      invalid: 'invalid',
      contradicted: 'contradicted',
      failed: 'failed',
    } as Readonly<Record<string, string>>,
    serverSays: 'Server says',
    verified: 'Verified here',
    notVerified: 'Not verified',
    noCheckpoint: 'no checkpoint yet',
    witnesses: 'Witnesses',
    heard: 'last heard',
    never: 'not heard yet',
    events: 'As it happens',
    eventsLead: 'The word of this server.',
    eventsNone: 'Nothing has happened since you opened this view.',
    event: {
      checkpoint: (origin: string, size: number) =>
        `${origin} has grown to ${count(size, 'entry', 'entries')}`,
      finding: (origin: string) => `A finding against ${origin}`,
      node: (origin: string, state: string) => `${origin} is ${state}`,
    },
    unknownNode: (origin: string) =>
      `The server lists ${origin}, which the trust root does not name.`,
    hiddenNode: (origin: string) => `The server leaves out ${origin}, which the trust root names.`,
    sizeDiffers: (origin: string) =>
      `The server says another size of ${origin} than its checkpoint proves.`,
    shrunk: (origin: string) =>
      `${origin} was larger when this page last looked: the server shows an older state.`,
  },

  findings: {
    title: 'Findings',
    lead: 'What this verifier caught. Each finding carries its evidence, and your browser judges it.',
    none: 'Nothing has been found against any node.',
    against: 'Against',
    found: 'Found',
    evidence: 'Evidence (JSON)',
    show: 'Show the evidence',
    serverDiffers: 'The server says something else about it than the evidence proves.',
    plain: {
      'checkpoint-contradiction':
        'The node signed two histories that cannot both be true: it showed some people one, and others another.',
      'entry-inadmissible': 'The node logged something that its own rules forbid.',
      'root-mismatch': 'The data that the node served does not add up to what it signed.',
      'tally-contradiction': "The node's totals say something else than the entries in its log.",
    } as Readonly<Record<string, string>>,
  },

  verify: {
    title: 'Verify a file you were sent',
    lead: 'Drop a receipt, a dossier or a finding, and the trust root if it came along. It works without any network: pull the cable if you like. To keep this page for later, save it with your browser.',
    drop: 'Drop files here',
    choose: 'Choose files',
    model: 'Compare with a model file or folder in hand (if you have it)',
    file: 'File',
    needTrust: 'Drop a trust root too: without one nothing can be verified.',
    unknownKind: (name: string) =>
      `${name} is neither a trust root nor a receipt, dossier or finding.`,
    usedTrust: (digest: string) => `The trust root from your files is used: ${digest}`,
    kind: {
      receipt: 'Receipt: the proof of one statement',
      dossier: 'Dossier: everything about one model',
      finding: 'Finding: evidence against a node',
      'trust-root': 'Trust root',
      other: 'Unknown file',
    } as Readonly<Record<string, string>>,
  },

  report: {
    title: 'Verification report',
    print: 'Print',
    back: 'Back to the answer',
    none: 'Ask about a model first; then there is something to report.',
    subject: 'Model',
    verdict: 'Verdict',
    facts: 'Facts',
    statements: 'Statements',
    statementsMore: (n: number) => `and ${count(n, 'more statement')}; the dossier has them all.`,
    nodes: 'Nodes',
    when: 'Verified at',
    trust: 'SHA-256 of the trust root',
    trustState: 'Trust root',
    how: 'How to verify this again, offline',
    howSteps: (model: string) => [
      'Keep the dossier that belongs to this report, and the trust root whose digest stands above.',
      'With the command line: attestry verify dossier.json --trust trust.json',
      `Its report must name model ${model} and end with the verdict above; the dossier alone decides, not this paper.`,
      'Or open this page, saved or from any server, choose "Verify a file", and drop both files.',
    ],
    signature: 'Verified by',
    place: 'Place and date',
    table: {
      kind: 'Kind',
      who: 'Operator',
      where: 'Region',
      when: 'Stated',
      entry: 'Entry',
      node: 'Node',
      size: 'Entries',
      seen: 'Cosigned by',
      at: 'Witnessed',
    },
  },

  error: {
    offline: 'No verifier answers at this address.',
    offlineLead: 'You can still verify files that you were sent.',
    wrong: 'The server answered something that this page does not understand.',
    noTrust: 'There is no trust root to verify with.',
    refused: (code: string) => `Refused with ${code}`,
  },
  ago: {
    seconds: (n: number) => `${n} s ago`,
    minutes: (n: number) => `${n} min ago`,
    hours: (n: number) => `${n} h ago`,
    days: (n: number) => `${count(n, 'day')} ago`,
    ahead: 'dated ahead of this clock',
  },
} as const;

/** How the server's own words differ from what its files prove. */
export const DOUBTS = {
  outcome: (said: string, found: string) =>
    `It says the outcome is ${said}; the proofs give ${found}.`,
  totals: 'The usage totals that it states are not those that the tallies prove.',
  count: (said: number, found: number) =>
    `Its list counts ${count(said, 'statement')} about this model; ${found.toLocaleString('en')} are proven.`,
  names: (names: string) =>
    `Its list calls the model ${names}, which no statement shown here does.`,
} as const;
