/** A log whose operator lies: about a customer's request, then about its tally. */
import { join } from 'node:path';
import { boundedFetch } from '../../src/client/bounded-fetch.ts';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { decodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { parseTally } from '../../src/core/tally/tally-note.ts';
import { eventually } from './expectation.ts';
import type { Lie, LogSite } from './log-site.ts';
import { type CosignerSite, type Network, startVerifier } from './network.ts';
import { DISHONEST, LIE_VERIFIER, WITNESS_QUORUM } from './parties.ts';
import type { RoleProcess } from './process.ts';
import { openSideGround, openSideNode } from './side-log.ts';
import type { Stage } from './stage.ts';

export interface DishonestLog {
  readonly folder: string;
  readonly site: LogSite;
  /** What its verifier and the auditors go by. */
  readonly trustFile: string;
  readonly verifier: CosignerSite;
  /** To ask the verifier. */
  readonly client: VerifierClient;
  close(): Promise<void>;
}

const TIMEOUT_MS = 10_000;
const LARGEST_NOTE = 64 * 1024;

/** The log, running and honest as yet, and a verifier that follows it. */
export async function startDishonestLog(stage: Stage, network: Network): Promise<DishonestLog> {
  const ground = await openSideGround(stage, { party: DISHONEST, verifier: LIE_VERIFIER }, 1);
  const { folder, verifier, ports } = ground;
  const [port = 0] = ports;
  const { witnesses } = network;
  const node = { name: 'trust', data: 'log', port, witnesses, quorum: WITNESS_QUORUM };
  const site = await openSideNode(stage, network, { ...ground, ...node });
  const trustFile = join(folder, 'trust.json');
  const [verifierProcess] = await Promise.all([
    startVerifier(stage, verifier, { trustFile, folder }),
    site.start(),
  ]);
  return {
    folder,
    site,
    trustFile,
    verifier,
    client: new VerifierClient({ url: verifier.url }),
    close: () => close(stage, verifierProcess, site),
  };
}

/** Waits until the verifier has cosigned a tally of so many entries. */
export async function untilCosigned(
  { site, verifier }: DishonestLog,
  entries: number,
): Promise<void> {
  await eventually(`the verifier to cosign a tally of ${entries} entries`, async () => {
    const note = await readTallyNote(site);
    return parseTally(note).head.size === entries && note.includes(verifier.party.name)
      ? note
      : undefined;
  });
}

/** Starts the node anew, with a tally that lies; gives the id of the finding that the verifier files. */
export async function tellLie(
  { site, client }: DishonestLog,
  lie: Lie,
  onStarted: () => void = () => undefined,
): Promise<string> {
  const before = new Set((await client.findings()).findings.map(({ id }) => id));
  await site.stop();
  await site.start(lie);
  onStarted();
  const { id } = await eventually('a finding about the tally', async () => {
    const { findings } = await client.findings();
    return findings.find((finding) => !before.has(finding.id));
  });
  return id;
}

/** The log's newest tally note, with the cosignatures that it has. */
export async function readTallyNote({ url }: LogSite): Promise<string> {
  const { body } = await boundedFetch(`${url}/tally`, {
    timeoutMs: TIMEOUT_MS,
    maxBytes: LARGEST_NOTE,
  });
  return decodeUtf8(body);
}

async function close({ crew }: Stage, verifier: RoleProcess, site: LogSite): Promise<void> {
  await crew.stop(verifier);
  await site.stop();
}
