import { describe, expect, it } from 'vitest';
import type { Json } from '../../src/core/bytes/json.ts';
import { AttestryError } from '../../src/errors.ts';
import type { VerifierEvent } from '../../src/verifier/event-log.ts';
import { EventLog } from '../../src/verifier/event-log.ts';
import { KnownNotes } from '../../src/verifier/known-notes.ts';
import { openLevelVerifierStore } from '../../src/verifier/level-verifier-store.ts';
import { TallyBed, tallyStandingOf } from '../helpers/served-tally.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { standingOf, statusOf, VerifierBed } from '../helpers/verifier-bed.ts';
import { Gate } from '../helpers/wrapped-store.ts';

describe('Verifier.start', () => {
  it('follows logs and listens to witnesses until it is closed', async () => {
    const bed = await VerifierBed.make();
    for (const served of bed.served) served.publish();
    const verifier = await bed.open();
    verifier.start();
    await expect
      .poll(() => verifier.logs().map(({ state }) => state))
      .toEqual(['followed', 'followed']);
    bed.us.log.state('training');
    bed.us.publish();
    await expect.poll(() => statusOf(verifier, bed.us.log.origin).mirroredSize).toBe(1);
    await expect
      .poll(() => verifier.witnesses().every(({ heardAt }) => heardAt !== undefined))
      .toBe(true);
    await verifier.close();
    const asked = bed.us.asked.length;
    await new Promise((resolve) => setImmediate(resolve));
    expect(bed.us.asked).toHaveLength(asked);
    expect(bed.defects).toEqual([]);
  });

  it('looks at a log again while its tally is looked at, which is done in turn', async () => {
    const bed = await TallyBed.make();
    const gate = new Gate();
    const pair = bed.euTally.readPair.bind(bed.euTally);
    bed.euTally.readPair = async (which) => {
      if (gate.arrived === 0) {
        bed.eu.log.state('evaluation');
        bed.eu.publish();
      }
      await gate.pass();
      return await pair(which);
    };
    const verifier = await bed.open({ tallies: bed.tallyOptions });
    verifier.start();
    await expect.poll(() => statusOf(verifier, bed.eu.log.origin).mirroredSize).toBe(3);
    expect(gate.arrived).toBe(1);
    gate.open();
    await expect.poll(() => tallyStandingOf(verifier, bed.eu)).toBe('2');
    bed.euTally.publish();
    await expect.poll(() => tallyStandingOf(verifier, bed.eu)).toBe('3');
  });

  it('closes at once while a log and a witness keep it waiting', async () => {
    const bed = await VerifierBed.make();
    const never = (signal: AbortSignal): Promise<never> =>
      new Promise((_, reject) => {
        const give = () => reject(new AttestryError('PEER_UNAVAILABLE', 'given up'));
        signal.addEventListener('abort', give, { once: true });
      });
    const verifier = await bed.open({
      logSource: () => ({
        readCheckpoint: never,
        readTile: (_, s) => never(s),
        readBundle: (_, s) => never(s),
      }),
      witnessSource: ({ name }) => ({ name, latestSeen: (_, signal) => never(signal) }),
    });
    verifier.start();
    await verifier.close();
    expect(standingOf(verifier, bed.eu)).toBe('starting');
  });
});

describe('Verifier.events', () => {
  it('tells of checkpoints, findings and changes of standing, each once', async () => {
    const bed = await VerifierBed.make();
    const verifier = await bed.open();
    const heard: string[] = [];
    verifier.events.subscribe(({ event, data }) => heard.push(`${event} ${briefly(data)}`));
    bed.eu.log.state('training');
    bed.eu.publish();
    bed.us.damage = () => {
      throw new AttestryError('PEER_UNAVAILABLE', 'no answer');
    };
    await verifier.round();
    await verifier.round();
    expect(heard.toSorted()).toEqual([
      'checkpoint eu.log.example 1',
      'node eu.log.example followed',
      'node eu.log.example starting',
      'node us.log.example starting',
      'node us.log.example unreachable',
    ]);
    heard.length = 0;
    bed.eu.log.append(new TextEncoder().encode('no entry'));
    bed.eu.publish();
    await verifier.round();
    expect(heard.toSorted()).toEqual([
      'checkpoint eu.log.example 2',
      'finding eu.log.example ENTRY_INADMISSIBLE',
    ]);
  });
});

function briefly(data: Json): string {
  const { origin, state, size, code } = data as Record<string, string>;
  return `${origin} ${state ?? size ?? code}`;
}

describe('EventLog', () => {
  it('repeats what a listener missed, as far as it remembers, and ends when told', () => {
    const log = new EventLog();
    for (let i = 1; i <= 300; i++) log.publish('node', i);
    const heard: VerifierEvent[] = [];
    const end = log.subscribe((event) => heard.push(event), 10);
    expect(heard.map(({ number }) => number)).toEqual(
      Array.from({ length: 256 }, (_, i) => 45 + i),
    );
    log.publish('finding', 'new');
    end();
    log.publish('finding', 'newer');
    expect(heard.at(-1)).toEqual({ number: 301, event: 'finding', data: 'new' });
  });

  it('begins with what is to come for a listener that missed nothing', () => {
    const log = new EventLog();
    log.publish('node', 1);
    const heard: unknown[] = [];
    log.subscribe(({ data }) => heard.push(data));
    log.publish('node', 2);
    expect(heard).toEqual([2]);
  });
});

describe('KnownNotes', () => {
  it('keeps a bounded number, the newest, and forgets what was compared', async () => {
    const store = await openLevelVerifierStore(await temporaryFolder());
    const notes = new KnownNotes({ store, origin: 'a', now: () => 5 }, []);
    const note = (size: number) => ({ size, root: new Uint8Array(32), note: `${size}` });
    for (let size = 100; size > 0; size--) await notes.remember(note(size));
    await notes.remember(note(1));
    expect(notes.all().map(({ size }) => size)).toEqual(
      Array.from({ length: 64 }, (_, i) => 64 - i),
    );
    expect(notes.largestSince(4)).toBeUndefined();
    expect(notes.largestSince(5)).toMatchObject({ size: 64 });
    await notes.forget(60);
    expect(notes.all()).toHaveLength(4);
    expect(await store.notes('a')).toHaveLength(4);
    await store.close();
  });
});
