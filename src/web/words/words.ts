/** Every word that the page says stands in this folder: a second language is a second set of these files. */
import { count } from './count.ts';
import { VIEWS } from './views.ts';

export const WORDS = {
  brand: 'Attestry',
  skip: 'Skip to the content',
  nav: {
    label: 'Views',
    ask: 'Ask',
    usage: 'Usage',
    network: 'Network',
    findings: 'Findings',
    verify: 'Verify',
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
    notInHand: 'No model file was compared: this is about the digest alone.',
    checkedHere: 'Checked in this browser by the code that the command line and the verifier run.',
    asOf: (time: string) => `As of ${time}`,
    usageChecking: (n: number) =>
      `The totals are proven. Now ${count(n, 'usage statement')} are checked one by one…`,
    countChecking: (n: number) =>
      `Their number is proven. Now ${count(n, 'statement')} are checked one by one; the verdict follows.`,
    progress: (done: number, total: number) =>
      `${done.toLocaleString('en')} of ${count(total, 'signature')} checked`,
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
      say: (name: string, who: string, since: string) =>
        `This is ${name}, bit for bit the model that ${who} put on record${since}`,
    },
    recorded: {
      word: 'On record',
      say: (name: string, who: string, since: string) =>
        `A model with this digest is on record as ${name}, stated by ${who}${since}`,
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
      say: 'A node or a witness signed two things that cannot both be true. Nothing from it can be relied on.',
    },
    counted: {
      word: 'Not checked yet',
      say: (n: number, isWhole: boolean) =>
        `${count(n, 'statement')} about this model ${n === 1 ? 'is' : 'are'} on record${isWhole ? ', and none withdraws the model: the nodes prove that much' : ''}. Who made them and what they say has not been checked, so there is no verdict yet.`,
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
  /** How a good verdict ends. */
  since: {
    stands: ', and nothing on record withdraws it.',
    open: '. Whether it has been withdrawn since, this file cannot show.',
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

  ...VIEWS,

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
