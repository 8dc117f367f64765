import { describe, expect, it } from 'vitest';
import { createPeerSource } from '../../src/client/peer-source.ts';
import { digestOf } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { type Answer, jsonAnswer, noConnection, refusal, scriptedFetch } from './scripted-fetch.ts';

const { signal } = new AbortController();

function sourceOf(...answers: readonly Answer[]) {
  const { fetch, asked } = scriptedFetch(...answers);
  return { source: createPeerSource('https://verifier.example//', { fetch }), asked };
}

describe('createPeerSource', () => {
  it('asks below the URL of the verifier, and takes what it needs of the answer', async () => {
    const id = digestOf('finding');
    const { source, asked } = sourceOf(
      jsonAnswer({ origin: 'a/b', checkpoints: ['note'], more: 1 }),
      jsonAnswer({ findings: [{ id, origin: 'a/b', sentence: 'told to people' }] }),
      jsonAnswer('{}'),
    );
    expect(await source.checkpoints('a/b', signal)).toEqual(['note']);
    expect(await source.findings(signal)).toEqual([{ id, origin: 'a/b' }]);
    expect(new TextDecoder().decode(await source.finding(id, signal))).toBe('{}');
    expect(asked.map(({ url }) => url)).toEqual([
      'https://verifier.example/v1/checkpoints/a%2Fb',
      'https://verifier.example/v1/findings?limit=500',
      `https://verifier.example/v1/findings/${id}`,
    ]);
  });

  it('gives nothing where the verifier does not follow the log, or has no such finding', async () => {
    const { source } = sourceOf(refusal('CHECKPOINT_ORIGIN_UNKNOWN', 404));
    expect(await source.checkpoints('a', signal)).toEqual([]);
    expect(await source.findings(signal)).toEqual([]);
    expect(await source.finding(digestOf('x'), signal)).toBeUndefined();
  });

  it('says whose fault it is, whatever code the verifier chooses', async () => {
    const answers: readonly (readonly [Answer, string])[] = [
      [refusal('STORE_FAILED', 503), 'PEER_UNAVAILABLE'],
      [refusal('STORE_CORRUPT', 400), 'RESPONSE_INVALID'],
      [noConnection(), 'PEER_UNAVAILABLE'],
      [jsonAnswer('{"findings":[{}]}'), 'RESPONSE_INVALID'],
      [jsonAnswer('{"findings":[null]}'), 'RESPONSE_INVALID'],
      [jsonAnswer('{"findings":7}'), 'RESPONSE_INVALID'],
      [jsonAnswer('[]'), 'RESPONSE_INVALID'],
    ];
    for (const [answer, code] of answers) {
      expect(await codeOf(() => sourceOf(answer).source.findings(signal))).toBe(code);
    }
  });
});
