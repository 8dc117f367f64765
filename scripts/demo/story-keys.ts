/**
 * Chapter: an operator rotates its key, and revokes the old one when it turns out that a thief has used it. The network's
 * own trust root stays as it is: this happens to a log beside it, with a trust root of its own.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { signStatement } from '../../src/client/operator.ts';
import type { SubmittedEntry } from '../../src/client/submission-answer.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { Subject } from '../../src/core/statement/resource.ts';
import type { AttestryErrorCode } from '../../src/errors.ts';
import type { Auditor } from './auditor.ts';
import { deploymentOf } from './deployment.ts';
import { demandEqual, refusal } from './expectation.ts';
import { postEntry } from './hand-made.ts';
import { type KeyLog, type KeyVersion, startKeyLog } from './key-log.ts';
import type { DemoKey } from './keys.ts';
import type { Network } from './network.ts';
import { CAREFUL } from './parties.ts';
import type { Stage } from './stage.ts';
import { untilWhole } from './story-audit.ts';

/** Paths. */
export interface KeyFiles {
  /** Of every version, the first first. */
  readonly trustFiles: readonly string[];
  /** Of the statement by the owner of the old key, from before the rotation. */
  readonly dossier: string;
  /** For what the thief logged. */
  readonly stolen: string;
}

interface KeyInput {
  readonly network: Network;
  readonly auditor: Auditor;
  /** What the operator's statements are about. */
  readonly subject: Subject;
  /** What the thief's are about. */
  readonly other: Subject;
}

/** A chapter under way. */
interface KeyStory extends KeyInput {
  readonly stage: Stage;
  readonly log: KeyLog;
}

const VALID = { outcome: 'VALID' } as const;
const { operatorName, origin } = CAREFUL;

export async function changeKeys(stage: Stage, input: KeyInput): Promise<KeyFiles> {
  stage.narrator.chapter('Keys that change');
  const log = await startKeyLog(stage, input.network);
  const story = { ...input, stage, log };
  const { theft, dossier } = await useOldKey(story);
  const second = await rotateKey(story);
  await input.auditor.verify(dossier, VALID, second);
  stage.narrator.say(
    'What the old key signed before still counts: attestry verify judges the dossier from before by version 2, offline: VALID.',
  );
  const third = await revokeKey(story, second, theft.index);
  const trustFiles = [log.first, second, third].map(({ trustFile }) => trustFile);
  const stolen = await auditRevocation(story, { trustFiles, dossier, theft });
  await log.close(third);
  await refuseOldVersion(story);
  return { trustFiles, dossier, stolen };
}

/** A statement by the owner of the key, in a dossier that an auditor keeps, and one by a thief. */
async function useOldKey(
  story: KeyStory,
): Promise<{ readonly theft: SubmittedEntry; readonly dossier: string }> {
  const { narrator } = story.stage;
  const { log, auditor, subject, other } = story;
  const { site, trust } = log.first;
  const { index } = await site.record(deploymentOf(site, subject, 'by the owner of the key'));
  const theft = await site.record(deploymentOf(site, other, 'by a thief'));
  const verifier = new VerifierClient({ url: log.verifier.url });
  const bytes = await untilWhole({ verifier, trust }, subject.digest.sha256, 1);
  const dossier = await auditor.keep('keys-dossier.json', bytes);
  narrator.say(
    `${operatorName} runs a seventh log, with a trust root of its own in version 1. Entry ${index} is signed with its key ${shortOf(log.oldKey)}; an auditor keeps the dossier.`,
  );
  narrator.say(
    `A thief has a copy of that key, and logs entry ${theft.index} in the name of ${operatorName}. Nobody can tell.`,
  );
  return { theft, dossier };
}

async function rotateKey(story: KeyStory): Promise<KeyVersion> {
  const { narrator } = story.stage;
  const { log, subject } = story;
  // Later than what witnesses have seen so far, whose times are whole seconds.
  const until = Math.floor(Date.now() / 1000) + 1;
  const keys = ['--old', hexOf(log.oldKey), '--new', hexOf(log.newKey)];
  const second = await log.advance(log.first, ['rotate', ...keys, '--until', formatTime(until)]);
  narrator.say(
    `${operatorName} rotates its key. Two holders of root keys sign version 2 of the trust root; node and verifier start again with it.`,
  );
  narrator.show([
    `attestry trust rotate trust-1.json --old ${shortOf(log.oldKey)} --new ${shortOf(log.newKey)} --until ${formatTime(until)} --out draft.json`,
    'attestry trust sign draft.json --from trust-1.json --key … (twice)',
  ]);
  const { site } = second;
  const { index } = await site.record(deploymentOf(site, subject, 'by the new key'));
  narrator.say(`Entry ${index} is signed with the new key.`);
  await pause(Math.max(0, until * 1000 - Date.now()));
  const refused = await refuseOldKey(story, second, 'KEY_OUT_OF_WINDOW');
  narrator.caught(refused, 'The node takes nothing more by the old key.');
  return second;
}

/** Of the old key, from the entry at `size` on. */
async function revokeKey(story: KeyStory, second: KeyVersion, size: number): Promise<KeyVersion> {
  const { narrator } = story.stage;
  const { log } = story;
  const cutOff = `${origin}=${size}`;
  const third = await log.advance(second, ['revoke', '--key', hexOf(log.oldKey), '--at', cutOff]);
  narrator.say(
    `Then ${operatorName} finds entry ${size}, which it never made, and revokes the old key at that size of the log: version 3, signed by two again.`,
  );
  narrator.show([
    `attestry trust revoke trust-2.json --key ${shortOf(log.oldKey)} --at ${cutOff} --out draft.json`,
  ]);
  const refused = await refuseOldKey(story, third, 'KEY_REVOKED');
  narrator.caught(refused, 'The thief tries once more, and the node takes nothing.');
  return third;
}

/** The path of the thief's receipt: the revocation reaches it, whenever it was signed, and nothing before it. */
async function auditRevocation(
  { stage, auditor, log }: KeyStory,
  { trustFiles, dossier, theft }: Omit<KeyFiles, 'stolen'> & { readonly theft: SubmittedEntry },
): Promise<string> {
  const [, before = '', trustFile = ''] = trustFiles;
  const receipt = await auditor.keep('keys-stolen-receipt.json', formatReceipt(theft.receipt));
  const revoked = { outcome: 'INVALID', code: 'KEY_REVOKED' } as const;
  await Promise.all([
    auditor.verify(receipt, VALID, { trustFile: before }),
    auditor.verify(receipt, revoked, { trustFile }),
    auditor.verify(dossier, VALID, { trustFile }),
  ]);
  stage.narrator.caught(
    revoked.code,
    `By version 3 the dossier from before is VALID still. The thief's receipt for entry ${theft.index}, VALID by version 2, is INVALID.`,
  );
  const { findings } = await new VerifierClient({ url: log.verifier.url }).findings();
  demandEqual(findings.length, 0, 'the findings about a log that did nothing wrong');
  return receipt;
}

async function refuseOldVersion({ stage, log }: KeyStory): Promise<void> {
  const refused = await refusal('TRUST_VERSION_BACK', () => log.first.site.start());
  stage.narrator.caught(
    refused.code,
    'Somebody starts the node with version 1 again, by which the old key would count. It does not start.',
  );
}

/** What the node refuses the old key with. */
async function refuseOldKey(
  { log, other }: KeyStory,
  { site }: KeyVersion,
  code: AttestryErrorCode,
): Promise<AttestryErrorCode> {
  const statement = deploymentOf(site, other, `to be refused with ${code}`);
  const { entry } = signStatement(statement, [log.oldKey.seed]);
  return (await refusal(code, () => postEntry(site, entry))).code;
}

function hexOf({ publicKey }: DemoKey): string {
  return encodeHex(publicKey);
}

/** As a sentence shows it. */
function shortOf(key: DemoKey): string {
  return `${hexOf(key).slice(0, 8)}…`;
}
