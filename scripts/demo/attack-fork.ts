/**
 * Attack: an operator forks its own log and shows each half of the witnesses another history. What is proven against a
 * log stays proven, so this happens to a log of its own, with a trust root and a verifier of its own; the witnesses are
 * those of the network, which know the log's key.
 */
import { cp, mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { TrustRoot } from '../../src/core/trust/trust-root.ts';
import type { Auditor } from './auditor.ts';
import { eventually } from './expectation.ts';
import { LogSite } from './log-site.ts';
import {
  type Network,
  startVerifier,
  trustRootFile,
  type WitnessSite,
  writeTrustRoot,
} from './network.ts';
import { FORKED, WITNESS_QUORUM } from './parties.ts';
import { findFreePorts, urlOf } from './ports.ts';
import type { Stage } from './stage.ts';

/** Paths of the proof that the log's operator forked it. */
export interface ForkFiles {
  readonly finding: string;
  readonly trustFile: string;
}

/** The forked log: once as everyone knows it, then as each half of the witnesses is shown it. */
interface ForkedLog {
  readonly honest: LogSite;
  readonly halves: readonly [LogSite, LogSite];
  readonly trustFile: string;
  readonly verifierUrl: string;
}

export async function attackFork(
  stage: Stage,
  network: Network,
  auditor: Auditor,
): Promise<ForkFiles> {
  const { narrator } = stage;
  const { operator, region } = FORKED;
  const log = await prepare(stage, network);
  const { honest, halves, trustFile, verifierUrl } = log;
  const verifier = new VerifierClient({ url: verifierUrl });
  await honest.start();
  const stopVerifier = await startVerifier(stage, {
    trustFile,
    verifierUrl,
    folder: join(stage.folder, 'fork'),
    name: 'verifier',
  });
  await state(honest, 'a model that everyone is shown');
  await eventually('the verifier to follow the log', async () => {
    const { nodes } = await verifier.nodes();
    return nodes.some(({ size }) => size === 1) ? true : undefined;
  });
  narrator.say(`${operator} runs a log in ${region} too, with a verifier that follows it.`);
  await honest.stop();
  const [one, other] = halves;
  await cp(one.data, other.data, { recursive: true });
  await Promise.all([one.start(), other.start()]);
  const receipt = await state(one, 'a model that one half is shown');
  await state(other, 'a model that the other half is shown');
  narrator.say(
    'It copies the database, adds a different entry to each copy, and shows each copy to two of the four witnesses. All four cosign: each has seen only one history.',
  );
  const kept = await auditor.keep('fork-receipt.json', formatReceipt(receipt));
  const short = { outcome: 'INCONCLUSIVE', code: 'QUORUM_SHORT' } as const;
  await auditor.verify(kept, short, { trustFile });
  narrator.caught(short.code, `Neither history has the quorum of ${WITNESS_QUORUM}.`);
  return await catchFork({ stage, auditor, verifier, log, stopVerifier });
}
