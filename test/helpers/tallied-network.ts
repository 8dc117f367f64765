/** Test networks whose logs have tallies: rebuilt in memory from the entries, signed by the log, cosigned by verifiers. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import type { Dossier, DossierLog } from '../../src/core/dossier/dossier.ts';
import { formatVkey, type NoteSigner, SIGNATURE_TYPE } from '../../src/core/note/vkey.ts';
import { parseStatement } from '../../src/core/statement/statement.ts';
import { leavesOf } from '../../src/core/tally/leaves.ts';
import type { TallyLeaf } from '../../src/core/tally/node.ts';
import { encodeTallyProof } from '../../src/core/tally/proof-bytes.ts';
import { questionsAbout, type UsageRange } from '../../src/core/tally/questions.ts';
import { ZERO_SUMS } from '../../src/core/tally/sums.ts';
import { signTally, type TallyHead } from '../../src/core/tally/tally-note.ts';
import type { VerificationRules } from '../../src/core/trust/quorum.ts';
import {
  cosign,
  makeNetwork,
  type NetworkOptions,
  type TestLog,
  type TestNetwork,
} from './fixtures.ts';
import { MemoryTally } from './memory-tally.ts';
import { testSigner } from './signed-log.ts';
import { trustOf } from './signed-trust.ts';
import { NOW } from './statements.ts';

export type ShownLog = Extract<DossierLog, { checkpoint: string }>;

/** The verifiers of every tallied network. */
export const VERIFIERS: readonly NoteSigner[] = [1, 2].map((number) =>
  testSigner(`verifier${number}.example`, SIGNATURE_TYPE.cosignature),
);

/** A network whose trust root names the verifiers, and asks for `verifierQuorum` of them (2 unless told). */
export function makeTalliedNetwork(
  options: NetworkOptions & { readonly verifierQuorum?: number } = {},
): TestNetwork {
  const network = makeNetwork(options);
  const verifiers = VERIFIERS.map(({ vkey }) => ({
    key: formatVkey(vkey),
    operator: `operator of ${vkey.name}`,
    url: `https://${vkey.name}`,
  }));
  const file = { ...network.file, verifiers, verifierQuorum: options.verifierQuorum ?? 2 };
  return { ...network, file, rules: rulesOf(file) };
}

/** The rules of the same network where the trust root is otherwise. */
export function rulesOf(file: TestNetwork['file']): VerificationRules {
  return { trust: trustOf(file), now: NOW };
}

export function leavesOfLog({ entries }: TestLog, size: number = entries.length): TallyLeaf[] {
  return entries.slice(0, size).flatMap((entry, i) => leavesOf(entry, i));
}

export interface TallyNoteOptions {
  /** Default: both. */
  readonly verifiers?: readonly NoteSigner[];
  /** Default: the log's own. */
  readonly signer?: NoteSigner;
  /** When the verifiers sign, unix seconds. Default: half a minute before `NOW`. */
  readonly time?: number;
  /** What the note says otherwise. */
  readonly head?: Partial<TallyHead>;
}

/** The note on a tally, cosigned. */
export function tallyNote(
  log: TestLog,
  tally: MemoryTally,
  options: TallyNoteOptions = {},
): string {
  const { verifiers = VERIFIERS, signer = log.signer, head, time = NOW - 30 } = options;
  const size = head?.size ?? log.entries.length;
  const signed = signTally(
    {
      origin: log.origin,
      size,
      logRoot: log.tree.root(size),
      tallyRoot: tally.hash,
      count: tally.root?.count ?? 0,
      sums: tally.root?.sums ?? ZERO_SUMS,
      ...head,
    },
    signer,
  );
  return cosign(signed, verifiers, time);
}

export interface ProvenLogOptions extends TallyNoteOptions {
  readonly range?: UsageRange;
  /** Default: what the log's entries give. */
  readonly leaves?: readonly TallyLeaf[];
}

/** What a dossier shows of a log, with the tally that proves it complete. */
export function talliedLog(log: TestLog, model: string, options: ProvenLogOptions = {}): ShownLog {
  const { range, leaves = leavesOfLog(log), time } = options;
  const shown = log.dossierLog(model, time === undefined ? {} : { time }) as ShownLog;
  const tally = new MemoryTally(leaves);
  const proof = tally.prove(questionsAbout(model, range ?? null));
  return {
    ...shown,
    entries: shown.entries.filter(({ envelope }) => isListed(envelope, range)),
    tally: { note: tallyNote(log, tally, options), proof: encodeBase64(encodeTallyProof(proof)) },
  };
}

/** Everything about the model on all logs, proven complete. */
export function talliedDossier(network: TestNetwork, model: string, range?: UsageRange): Dossier {
  return {
    model,
    ...(range === undefined ? {} : { range }),
    logs: network.logs.map((log) => talliedLog(log, model, range === undefined ? {} : { range })),
    findings: [],
  };
}

function isListed(
  { payload }: { readonly payload: Uint8Array },
  range: UsageRange | undefined,
): boolean {
  const { kind } = parseStatement(payload);
  if (range?.others === 'counted') return kind === 'revocation';
  return range === undefined || kind !== 'usage';
}
