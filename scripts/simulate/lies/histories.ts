/** Logs that sign another history than the one that they have shown before. */
import { boundedFetch } from '../../../src/client/bounded-fetch.ts';
import { formatAddCheckpoint } from '../../../src/core/note/add-checkpoint.ts';
import { parseCheckpoint } from '../../../src/core/note/checkpoint.ts';
import { DEPLOYED, type Signed } from '../material.ts';
import { NOT_FOUND } from '../node.ts';
import { History } from '../truth.ts';
import type { World } from '../world.ts';
import { type Behaviour, foundAgainstLog, standsAgainstLog } from './behaviour.ts';
import { serveHistory, signHistory } from './false-log.ts';

/** Another history, made of the entries that have been published. */
type Rewrite = (entries: readonly Uint8Array[], world: World) => Uint8Array[];

const FEWEST_ENTRIES = 3;

/** A log that, at some time, puts another history in place of its own, for those who are shown it. */
function rewriting(
  name: string,
  rewrite: Rewrite,
  isShownTo: (host: string, world: World) => boolean = () => true,
): Behaviour {
  return {
    name,
    prepare: (world) => {
      const { log, chance, truth, scheduler } = world;
      world.liars.add(log.host);
      const time = 2_000 + chance.people.below(4_000);
      let lie: { readonly history: History; readonly note: string } | undefined;
      log.front = async (exchange, honest) => {
        const mirrored = mirroredBy(world);
        if (lie === undefined && scheduler.now > time && mirrored >= FEWEST_ENTRIES) {
          const history = new History(rewrite(truth.history.entries.slice(0, mirrored), world));
          truth.forks.push(history);
          lie = { history, note: signHistory(history) };
          offerToWitnesses(world, lie.note);
          world.trace.add(log.host, `lies: ${name}`);
        }
        if (lie === undefined || !isShownTo(exchange.from, world)) return await honest(exchange);
        return serveHistory(lie.history, lie.note, exchange) ?? (await honest(exchange));
      };
    },
    caught: (world) => foundAgainstLog(world, 'CHECKPOINT_CONTRADICTION'),
  };
}

/** How much of the log a verifier has taken in: what nobody has seen can be changed without a trace. */
function mirroredBy({ verifiers }: World): number {
  const sizes = verifiers.flatMap(({ running }) => running?.verifier.logs() ?? []);
  return Math.max(0, ...sizes.map(({ facts }) => facts.current?.checkpoint.size ?? 0));
}

/** Perhaps a witness takes the other history for the one that it has cosigned. */
function offerToWitnesses(world: World, checkpoint: string): void {
  const { log, people, network } = world;
  const oldSize = parseCheckpoint(checkpoint).checkpoint.size;
  const body = formatAddCheckpoint({ oldSize, proof: [], checkpoint });
  const fetch = network.fetchFor(log.host, people);
  for (const { host } of world.witnesses) {
    const request = { method: 'POST' as const, body, fetch, timeoutMs: 2_000, maxBytes: 1e5 };
    void boundedFetch(`https://${host}/add-checkpoint`, request).catch(() => undefined);
  }
}

function someIndex(entries: readonly Uint8Array[], world: World): number {
  return world.chance.people.below(entries.length - 1);
}

const replaceOne: Rewrite = (entries, world) => {
  const at = someIndex(entries, world);
  const other = entries.at(-1) as Uint8Array;
  return entries.with(at, other);
};

const removeOne: Rewrite = (entries, world) => entries.toSpliced(someIndex(entries, world), 1);

const swapTwo: Rewrite = (entries, world) => {
  const at = someIndex(entries, world);
  const [a, b] = [entries[at] as Uint8Array, entries[at + 1] as Uint8Array];
  return entries.toSpliced(at, 2, b, a);
};

const isVerifier = (host: string, world: World): boolean =>
  world.verifiers.some((verifier) => verifier.host === host);

/** To the witnesses and to one verifier the log tells another history from the first entry on. */
const forked: Behaviour = rewriting(
  'fork shown to one verifier',
  replaceOne,
  (host, world) => isVerifier(host, world) && host === world.verifiers[1]?.host,
);

/**
 * Verifiers are shown another history from the first entry on: one that is longer than what witnesses cosign, or one that
 * is shorter. Only the longer one proves the fork, and either is without a quorum.
 */
const forkedAtFirst: Behaviour = {
  name: 'fork shown to verifiers from the start',
  prepare: (world) => {
    const { log, chance, truth } = world;
    world.liars.add(log.host);
    const own = chance.people.onceIn(2) ? [(DEPLOYED.at(-1) as Signed).envelope.entry] : [];
    const left = 1 - own.length;
    const fork = new History(own);
    truth.forks.push(fork);
    log.front = async (exchange, honest) => {
      if (!isVerifier(exchange.from, world)) return await honest(exchange);
      const published = log.running?.log.status().published?.size ?? 0;
      const shared = truth.history.entries.slice(left, published);
      for (const [i, entry] of shared.entries()) fork.put(own.length + i, entry);
      if (fork.entries.length === 0) return NOT_FOUND;
      return serveHistory(fork, signHistory(fork), exchange) ?? (await honest(exchange));
    };
  },
  caught: (world) =>
    foundAgainstLog(world, 'CHECKPOINT_CONTRADICTION') ?? standsAgainstLog(world, 'QUORUM_SHORT'),
};

/** Also offered to the witnesses. */
export const REWRITTEN_LIE: Behaviour = rewriting('rewritten entry', replaceOne, isVerifier);

export const HISTORY_LIES: readonly Behaviour[] = [
  REWRITTEN_LIE,
  rewriting('removed entry', removeOne, isVerifier),
  rewriting('reordered entries', swapTwo, isVerifier),
  forked,
  forkedAtFirst,
];
