/** Someone with no key at all, or with the wrong one, who sends nodes what they must refuse. */
import { boundedFetch } from '../../src/client/bounded-fetch.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatAddCheckpoint } from '../../src/core/note/add-checkpoint.ts';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { signCosignature } from '../../src/core/note/cosignature.ts';
import { digestOf, sampleStatement } from '../../test/helpers/statements.ts';
import {
  DEPLOYED,
  forged,
  LOG_SIGNER,
  OPERATOR,
  ORIGIN,
  type Signed,
  signed,
  VERIFIER_SIGNERS,
  WITNESS_SIGNERS,
} from './material.ts';
import type { World } from './world.ts';

const HOST = 'outsider.example';
const TOMORROW = 86_400 + 3_600;
const WRONG_SEED = new Uint8Array(32).fill(9);

interface Attempt {
  readonly url: string;
  readonly body: string | Uint8Array;
}

/** Plans an attempt or two of the time up to `until`. */
export function planOutsider(world: World, until: number): void {
  const { faults } = world.chance;
  const attempts = faults.below(3);
  for (let i = 0; i < attempts; i++) {
    const make = ATTEMPTS[faults.below(ATTEMPTS.length)] as (world: World) => Attempt;
    world.scheduler.after(faults.below(until), () => void send(world, make(world)), world.people);
  }
}

async function send(world: World, { url, body }: Attempt): Promise<void> {
  const fetch = world.network.fetchFor(HOST, world.people);
  const request = { method: 'POST' as const, body, fetch, timeoutMs: 2_000, maxBytes: 1e6 };
  await boundedFetch(url, request).catch(() => undefined);
}

const ATTEMPTS: readonly ((world: World) => Attempt)[] = [
  () => toLog('v1/entries', forged(DEPLOYED.at(-1) as Signed).envelope.entry),
  (world) => toLog('v1/entries', tomorrow(world).envelope.entry),
  forgeCheckpoint,
  (world) => toLog('tally/cosignatures', forgedCosignature(world)),
];

function toLog(path: string, body: string | Uint8Array): Attempt {
  return { url: `https://${ORIGIN}/${path}`, body };
}

/** Rightly signed by its operator, whose clock is a day ahead. */
function tomorrow(world: World): Signed {
  const issuedAt = formatTime(world.unixNow() + TOMORROW);
  const context = { log: ORIGIN, operator: OPERATOR, region: 'eu', issuedAt };
  const made = signed(sampleStatement('deployment', { context }));
  world.genuine.add(made.entryHash);
  return made;
}

/** In the name of the log, by another key, to a witness that then would refuse the log. */
function forgeCheckpoint(world: World): Attempt {
  const size = 1 + world.chance.faults.below(50);
  const root = Buffer.from(digestOf(`forged ${size}`), 'hex');
  const signer = { ...LOG_SIGNER, seed: WRONG_SEED };
  const checkpoint = signCheckpoint({ origin: ORIGIN, size, root: new Uint8Array(root) }, signer);
  const witness = WITNESS_SIGNERS[world.chance.faults.below(WITNESS_SIGNERS.length)];
  const body = formatAddCheckpoint({ oldSize: 0, proof: [], checkpoint });
  return { url: `https://${witness?.vkey.name}/add-checkpoint`, body };
}

function forgedCosignature(world: World): Uint8Array {
  const [verifier] = VERIFIER_SIGNERS;
  const signer = { ...verifier, seed: WRONG_SEED } as typeof LOG_SIGNER;
  return encodeUtf8(signCosignature('no tally\n', world.unixNow(), signer));
}
