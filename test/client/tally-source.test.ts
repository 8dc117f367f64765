import { describe, expect, it } from 'vitest';
import { createTallySource } from '../../src/client/tally-source.ts';
import type { TallySource } from '../../src/verifier/tally-source.ts';
import { digestOf } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { type Answer, jsonAnswer, noConnection, refusal, scriptedFetch } from './scripted-fetch.ts';

const signal = new AbortController().signal;
const MODEL = digestOf('model');
const PAIR = { checkpoint: 'a checkpoint\n', tally: 'a tally\n' };

function sourceOf(...answers: readonly Answer[]) {
  const { fetch, asked } = scriptedFetch(...answers);
  return { source: createTallySource('https://log.example/eu//', { fetch }), asked };
}

const ASKS: Readonly<Record<string, (source: TallySource) => Promise<unknown>>> = {
  readPair: (source) => source.readPair('offered', signal),
  readProof: (source) => source.readProof(MODEL, 'offered', signal),
  offerCosignature: (source) => source.offerCosignature('— name AAAA\n', signal),
};

describe('createTallySource', () => {
  it('asks below the URL of the log', async () => {
    const pair = sourceOf(jsonAnswer(PAIR));
    expect(await pair.source.readPair('cosigned', signal)).toEqual(PAIR);
    expect(pair.asked[0]?.url).toBe('https://log.example/eu/v1/tally?note=cosigned');
    const proof = sourceOf(jsonAnswer({ ...PAIR, proof: 'AQID' }));
    expect(await proof.source.readProof(MODEL, 'offered', signal)).toEqual({
      ...PAIR,
      proof: Uint8Array.of(1, 2, 3),
    });
    expect(proof.asked[0]?.url).toBe(
      `https://log.example/eu/v1/tally/proof?model=${MODEL}&note=offered`,
    );
    const offer = sourceOf(jsonAnswer({ taken: 1 }));
    await offer.source.offerCosignature('— name AAAA\n', signal);
    expect(offer.asked[0]).toMatchObject({
      url: 'https://log.example/eu/tally/cosignatures',
      method: 'POST',
      body: '— name AAAA\n',
    });
  });

  it('gives nothing where the log publishes no tally', async () => {
    const { source } = sourceOf(refusal('TALLY_UNPUBLISHED', 404));
    expect(await source.readPair('offered', signal)).toBeUndefined();
    expect(await source.readProof(MODEL, 'cosigned', signal)).toBeUndefined();
  });

  it.each(Object.keys(ASKS))('%s says whether the log is away or answers wrongly', async (name) => {
    const ask = ASKS[name] as (source: TallySource) => Promise<unknown>;
    for (const [answer, code] of [
      [noConnection(), 'PEER_UNAVAILABLE'],
      [refusal('INTERNAL', 500), 'PEER_UNAVAILABLE'],
      [refusal('RATE_LIMITED', 429), 'PEER_UNAVAILABLE'],
      [refusal('NOTE_MALFORMED', 400), 'RESPONSE_INVALID'],
      [new Response('x'.repeat(70_000_000)), 'RESPONSE_TOO_LARGE'],
    ] as const) {
      expect(await codeOf(() => ask(sourceOf(answer).source))).toBe(code);
    }
  });

  it.each(['readPair', 'readProof'])('%s refuses what is no such answer', async (name) => {
    const ask = ASKS[name] as (source: TallySource) => Promise<unknown>;
    for (const body of ['', 'null', '[]', '{', '{}', '{"checkpoint":1,"tally":2}', '\ufffe']) {
      expect(await codeOf(() => ask(sourceOf(jsonAnswer(body)).source)), body).toBe(
        'RESPONSE_INVALID',
      );
    }
    const more = jsonAnswer({ ...PAIR, proof: 'AQID', more: 1 });
    expect(await codeOf(() => ask(sourceOf(more).source))).toBe('RESPONSE_INVALID');
    const bad = jsonAnswer({ ...PAIR, proof: '***' });
    expect(await codeOf(() => ask(sourceOf(bad).source))).toMatch(/RESPONSE_INVALID|BASE64/);
  });
});
