import { describe, expect, it, onTestFinished } from 'vitest';
import { createPeerSource } from '../../src/client/peer-source.ts';
import { findingId, formatFinding, parseFinding } from '../../src/core/finding/finding.ts';
import { judge } from '../../src/core/report/judge.ts';
import { listen } from '../../src/http/listen.ts';
import { createVerifierApp } from '../../src/http/verifier-app.ts';
import type { PeerSource } from '../../src/verifier/peer-source.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { contradiction, rootMismatch } from '../helpers/findings.ts';
import type { TestLog } from '../helpers/fixtures.ts';
import { forkOf, PeerBeds } from '../helpers/peers.ts';
import { digestOf } from '../helpers/statements.ts';
import { type ServedLog, standingOf, type VerifierBed } from '../helpers/verifier-bed.ts';

function grow(log: TestLog, count: number, history = 'first'): void {
  for (let i = 0; i < count; i++) {
    log.state('evaluation', { model: digestOf(`${history} ${log.entries.length}`) });
  }
}

/** Both logs with as many entries, shown to both verifiers. */
async function agreed(size: number): Promise<PeerBeds> {
  const peers = await PeerBeds.make();
  for (const bed of peers.beds) {
    for (const served of bed.served) {
      grow(served.log, size);
      served.publish();
    }
  }
  return peers;
}

/** Shows each verifier a history of its own beyond what both have seen. */
function split(peers: PeerBeds, [first, second]: readonly [number, number]): void {
  const [one, other] = peers.beds;
  const fork = forkOf(other.eu, other.eu.log.entries.length, other);
  grow(one.eu.log, first);
  grow(fork, second, 'second');
  other.eu.log = fork;
  one.eu.publish();
  other.eu.publish();
}

/** The outcome of each finding about the log, judged by someone who has nothing but the file and the trust root. */
function outcomes(verifier: Verifier, { log }: ServedLog, bed: VerifierBed): string[] {
  return verifier.findings
    .list()
    .filter(({ origin, kind }) => origin === log.origin && kind === 'checkpoint-contradiction')
    .map(({ id }) => judge(verifier.findings.read(id), bed.network.rules).outcome);
}

function peerProblems(verifier: Verifier): (string | undefined)[] {
  return verifier.peers().map(({ problem }) => problem?.code);
}

describe('two verifiers that a log shows different histories', () => {
  it.each([
    ['of one size', [3, 3]],
    ['of different sizes', [2, 5]],
    ['of different sizes, the other way round', [5, 2]],
  ] as const)('both hold the proof within two rounds: %s', async (_, sizes) => {
    const peers = await agreed(4);
    const verifiers = await peers.open();
    await peers.round();
    split(peers, sizes);
    for (const verifier of verifiers) await verifier.round();
    await peers.round();
    await peers.round();
    for (const [i, verifier] of verifiers.entries()) {
      const bed = peers.beds[i] as VerifierBed;
      expect(standingOf(verifier, bed.eu)).toBe('contradicted CHECKPOINT_CONTRADICTION');
      expect(standingOf(verifier, bed.us)).toBe('followed');
      expect(outcomes(verifier, bed.eu, bed)).toContain('EQUIVOCATION');
      expect(peerProblems(verifier)).toEqual([undefined]);
      expect(bed.defects).toEqual([]);
    }
  });

  it('say whose finding it is, keep it byte for byte, and still have it after a restart', async () => {
    const peers = await agreed(4);
    const [bed, other] = peers.beds;
    const [verifier, finder] = await peers.open();
    await peers.round();
    split(peers, [1, 3]);
    for (const one of [verifier, finder]) await one.round();
    await finder.round();
    await verifier.round();
    const [found] = finder.findings
      .list()
      .filter(({ kind }) => kind === 'checkpoint-contradiction');
    const id = found?.id ?? '';
    expect(found?.foundBy).toBeNull();
    const taken = verifier.findings.contradictionOf(bed.eu.log.origin);
    expect(taken).toEqual({ ...found, foundBy: peers.names[1] });
    expect(verifier.findings.read(id)).toEqual(finder.findings.read(id));
    await verifier.close();
    const restarted = await bed.openAndLook();
    expect(restarted.findings.contradictionOf(bed.eu.log.origin)).toEqual(taken);
    expect(standingOf(finder, other.eu)).toContain('contradicted');
  });

  it('do so over HTTP', async () => {
    const peers = await agreed(2);
    const sources: PeerSource[] = [];
    const lazy = (i: number): PeerSource => ({
      checkpoints: (origin, signal) => (sources[i] as PeerSource).checkpoints(origin, signal),
      findings: (signal) => (sources[i] as PeerSource).findings(signal),
      finding: (id, signal) => (sources[i] as PeerSource).finding(id, signal),
    });
    const verifiers = await peers.open([lazy(1), lazy(0)]);
    for (const verifier of verifiers) {
      const app = await createVerifierApp(verifier, { log: false });
      const listening = await listen(app, { host: '127.0.0.1', port: 0 });
      onTestFinished(() => listening.close());
      sources.push(createPeerSource(listening.url));
    }
    await peers.round();
    expect(verifiers.map(peerProblems)).toEqual([[undefined], [undefined]]);
    split(peers, [1, 2]);
    for (let i = 0; i < 3; i++) await peers.round();
    for (const [i, verifier] of verifiers.entries()) {
      const bed = peers.beds[i] as VerifierBed;
      expect(outcomes(verifier, bed.eu, bed)).toContain('EQUIVOCATION');
      expect(peerProblems(verifier)).toEqual([undefined]);
    }
  });
});

describe('a log that shows one verifier an old state', () => {
  it('is CHECKPOINT_STALE there once the other has known more for longer than the limit', async () => {
    const peers = await agreed(4);
    const [frozen, ahead] = peers.beds;
    // Cosigned by clocks that are ahead, so that its age alone does not give it away.
    frozen.eu.publish({ time: frozen.now + 200 });
    const [verifier] = await peers.open();
    await peers.round();
    grow(ahead.eu.log, 3);
    ahead.eu.publish({ time: ahead.now + 210 });
    await peers.round();
    await peers.round();
    expect(standingOf(verifier, frozen.eu)).toBe('followed');
    for (const bed of peers.beds) bed.now += 301;
    await peers.round();
    expect(standingOf(verifier, frozen.eu)).toBe('behind CHECKPOINT_STALE');
    expect(verifier.findings.list()).toEqual([]);
    frozen.eu.log = ahead.eu.log;
    frozen.eu.publish({ time: frozen.now });
    await peers.round();
    expect(standingOf(verifier, frozen.eu)).toBe('followed');
  });

  it('convicts the witnesses that cosign the old state anew after a larger one', async () => {
    const peers = await agreed(4);
    const [frozen, ahead] = peers.beds;
    const verifiers = await peers.open();
    grow(ahead.eu.log, 3);
    ahead.eu.publish();
    await peers.round();
    frozen.now += 100;
    ahead.now += 100;
    frozen.eu.publish({ time: frozen.now });
    for (let i = 0; i < 3; i++) await peers.round();
    for (const verifier of verifiers) {
      expect(
        verifier.findings
          .list()
          .flatMap(({ accused }) => accused)
          .toSorted(),
      ).toEqual(frozen.network.witnesses.slice(0, 3).map(({ vkey }) => vkey.name));
      const [{ id } = { id: '' }] = verifier.findings.list();
      const report = judge(verifier.findings.read(id), frozen.network.rules);
      expect(report).toMatchObject({
        outcome: 'EQUIVOCATION',
        problems: [{ code: 'WITNESS_ROLLBACK' }],
      });
    }
  });
});

/** A verifier that says what a test wants, of what honest ones say. */
function lyingPeer(lies: Partial<PeerSource>): PeerSource {
  return {
    checkpoints: async () => [],
    findings: async () => [],
    finding: async () => undefined,
    ...lies,
  };
}

describe('a forged accusation', () => {
  it.each<[string, string, (log: TestLog) => ReturnType<typeof contradiction>]>([
    [
      'two checkpoints that agree',
      'FINDING_UNPROVEN',
      (log) => {
        const finding = contradiction(log, 2);
        return { ...finding, evidence: { ...finding.evidence, first: log.checkpoint(2) } as never };
      },
    ],
    [
      'a checkpoint that the log did not sign',
      'CHECKPOINT_SIGNATURE_INVALID',
      (log) => {
        const finding = contradiction(log, 2);
        const first = log.checkpoint(3).replace('\n3\n', '\n2\n');
        return { ...finding, evidence: { ...finding.evidence, first } as never };
      },
    ],
    ['a wrong that rests on the accuser’s word', 'none', (log) => rootMismatch(log, 2)],
  ])('is refused and does not spread: %s', async (_, code, forge) => {
    const peers = await agreed(4);
    const [bed] = peers.beds;
    const finding = forge(bed.eu.log);
    const asked: string[] = [];
    const id = idOf(finding);
    const liar = lyingPeer({
      findings: async () => [{ id, origin: bed.eu.log.origin }],
      finding: async (wanted) => {
        asked.push(wanted);
        return formatFinding(finding);
      },
    });
    const [verifier, honest] = await peers.open([liar]);
    for (let i = 0; i < 3; i++) await peers.round();
    expect(verifier.findings.list()).toEqual([]);
    expect(honest.findings.list()).toEqual([]);
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(peerProblems(verifier)).toEqual([code === 'none' ? undefined : code]);
    // Once judged it is not fetched again.
    expect(asked).toEqual([id]);
  });

  it('is refused under the name of another', async () => {
    const peers = await agreed(4);
    const [bed] = peers.beds;
    const finding = contradiction(bed.eu.log, 2);
    const liar = lyingPeer({
      findings: async () => [{ id: digestOf('another'), origin: finding.origin }],
      finding: async () => formatFinding(finding),
    });
    const [verifier] = await peers.open([liar]);
    await peers.round();
    expect(verifier.findings.list()).toEqual([]);
    expect(peerProblems(verifier)).toEqual(['RESPONSE_INVALID']);
  });

  it('by checkpoints that the log did not sign concerns nobody but the one who shows them', async () => {
    const peers = await agreed(4);
    const [bed] = peers.beds;
    const forged = bed.eu.log.checkpoint().replace('\n4\n', '\n3\n');
    const [verifier] = await peers.open([lyingPeer({ checkpoints: async () => [forged] })]);
    await peers.round();
    expect(verifier.findings.list()).toEqual([]);
    expect(standingOf(verifier, bed.eu)).toBe('followed');
    expect(peerProblems(verifier)).toEqual(['CHECKPOINT_SIGNATURE_INVALID']);
  });

  it('about a log that this trust root does not name is left alone', async () => {
    const peers = await agreed(4);
    const [verifier] = await peers.open([
      lyingPeer({ findings: async () => [{ id: digestOf('x'), origin: 'log.elsewhere.example' }] }),
    ]);
    await peers.round();
    expect(peerProblems(verifier)).toEqual([undefined]);
  });
});

describe('Verifier.checkpoints', () => {
  it('shows what the mirror stands at, what waits, and what was there before, without strangers’ lines', async () => {
    const peers = await agreed(2);
    const [bed] = peers.beds;
    const verifier = await bed.openAndLook();
    grow(bed.eu.log, 2);
    bed.eu.publish();
    bed.eu.checkpoint += `— stranger.example ${'A'.repeat(100)}\n`;
    await verifier.round();
    grow(bed.eu.log, 1);
    bed.show(bed.witness(0), bed.eu, bed.eu.log.cosigned({ witnesses: [bed.witness(0)] }));
    await verifier.round();
    const notes = verifier.checkpoints(bed.eu.log.origin) ?? [];
    expect(notes.map((note) => note.split('\n')[1])).toEqual(['4', '5', '2']);
    expect(notes.join('')).not.toContain('stranger');
    expect(notes[0]).toContain('witness3.example');
    expect(verifier.checkpoints('log.elsewhere.example')).toBeUndefined();
  });
});

function idOf(finding: ReturnType<typeof contradiction>): string {
  return findingId(parseFinding(formatFinding(finding)));
}
