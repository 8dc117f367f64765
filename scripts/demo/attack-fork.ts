/**
 * Attack: an operator forks its own log and shows each half of the witnesses another history. What is proven against a
 * log stays proven, so this happens to a log of its own, with a trust root and a verifier of its own; the witnesses are
 * those of the network, which know the log's key.
 */
import { cp, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { KEPT_TRUST } from '../../nodes/kept-trust.ts';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import type { Auditor } from './auditor.ts';
import { deploymentOf } from './deployment.ts';
import { eventually } from './expectation.ts';
import { type ForkedLog, prepareForkedLog } from './forked-log.ts';
import type { Narrator } from './narrator.ts';
import { type Network, startVerifier } from './network.ts';
import { FORKED, WITNESS_QUORUM } from './parties.ts';
import type { RoleProcess } from './process.ts';
import type { Stage } from './stage.ts';

/** Paths of the proof that the operator forked its log. */
export interface ForkFiles {
  readonly finding: string;
  readonly trustFile: string;
}

interface ForkInput {
  readonly network: Network;
  readonly auditor: Auditor;
  /** What the log's statements are about. */
  readonly subject: Subject;
}

export async function attackFork(stage: Stage, input: ForkInput): Promise<ForkFiles> {
  const { narrator, crew } = stage;
  const { auditor, subject } = input;
  const log = await prepareForkedLog(stage, input.network);
  const verifierProcess = await startFollowed(stage, log, subject);
  narrator.say(
    `${FORKED.operatorName} runs a fourth log, with a trust root and a verifier of its own: what happens to it leaves the other three in peace.`,
  );
  const receipts = await showTwoHistories(log, subject);
  narrator.say(
    'It copies the database, logs a different entry in each copy, and shows each copy to two of the four witnesses. Each sees one clean history and cosigns.',
  );
  await refuseReceipts(narrator, auditor, { log, receipts });
  const finding = await catchFork(narrator, auditor, log);
  await crew.stop(verifierProcess);
  await Promise.all(log.halves.map((half) => half.stop()));
  return { finding, trustFile: log.trustFile };
}

/** One entry that a quorum has cosigned, and a verifier that has seen it. */
async function startFollowed(
  stage: Stage,
  { honest, trustFile, verifier, folder }: ForkedLog,
  subject: Subject,
): Promise<RoleProcess> {
  const [verifierProcess] = await Promise.all([
    startVerifier(stage, verifier, { trustFile, folder }),
    honest.start(),
  ]);
  await honest.record(deploymentOf(honest, subject, 'shown to all'));
  const client = new VerifierClient({ url: verifier.url });
  await eventually('the verifier to follow the fourth log', async () => {
    const { nodes } = await client.nodes();
    return nodes.find(({ size }) => size > 0);
  });
  return verifierProcess;
}

async function showTwoHistories(
  { honest, halves }: ForkedLog,
  subject: Subject,
): Promise<readonly SubmittedEntry[]> {
  const [one, other] = halves;
  await honest.stop();
  // Each half goes by a trust root of its own. What a node has kept of the one before stops nobody who holds its disk.
  await rm(join(one.data, KEPT_TRUST));
  await cp(one.data, other.data, { recursive: true });
  await Promise.all([one.start(), other.start()]);
  return await Promise.all([
    one.record(deploymentOf(one, subject, 'shown to one half')),
    other.record(deploymentOf(other, subject, 'shown to the other half')),
  ]);
}

async function refuseReceipts(
  narrator: Narrator,
  auditor: Auditor,
  { log, receipts }: { readonly log: ForkedLog; readonly receipts: readonly SubmittedEntry[] },
): Promise<void> {
  const short = { outcome: 'INCONCLUSIVE', code: 'QUORUM_SHORT' } as const;
  for (const { receipt, entryHash } of receipts) {
    const file = await auditor.keep(`fork-${entryHash.slice(0, 8)}.json`, formatReceipt(receipt));
    await auditor.verify(file, short, { trustFile: log.trustFile });
  }
  narrator.caught(
    short.code,
    `Neither history has ${WITNESS_QUORUM} witnesses, so no receipt from it counts.`,
  );
}

/** The path of the finding that the verifier filed, after the auditor has judged it alone. */
async function catchFork(
  narrator: Narrator,
  auditor: Auditor,
  { trustFile, verifier }: ForkedLog,
): Promise<string> {
  const client = new VerifierClient({ url: verifier.url });
  const { id } = await eventually('a finding about the fork', async () => {
    const { findings } = await client.findings();
    return findings.find(({ origin }) => origin === FORKED.origin);
  });
  narrator.say('The verifier asks every witness what it has seen, and puts the two side by side.');
  const finding = await auditor.keep('fork-finding.json', await client.finding(id));
  const proven = { outcome: 'EQUIVOCATION', code: 'CHECKPOINT_CONTRADICTION' } as const;
  await auditor.verify(finding, proven, { trustFile });
  narrator.caught(
    proven.code,
    'Its finding holds both checkpoints, signed by the log: whoever has the file can prove it, offline (EQUIVOCATION, exit code 3).',
  );
  return finding;
}
