import { describe, expect, it } from 'vitest';
import type { Json } from '../../../src/core/bytes/json.ts';
import { readShape } from '../../../src/core/bytes/shape.ts';
import { resource, resources, subjects } from '../../../src/core/statement/resource.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { digestOf } from '../../helpers/statements.ts';

const DIGEST = digestOf('x');

describe('resource', () => {
  const verdict = (value: Json): string =>
    codeOf(() => readShape('STATEMENT_MALFORMED', resource, value));

  it('takes any of its digests, and refuses a thing without one', () => {
    const commit = DIGEST.slice(0, 40);
    for (const digest of [
      { sha256: DIGEST },
      { rfc6962Sha256: DIGEST },
      { gitCommit: commit },
      { gitCommit: DIGEST },
      { sha256: DIGEST, rfc6962Sha256: DIGEST, gitCommit: commit },
    ]) {
      expect(verdict({ name: 'a', digest })).toBe('none');
    }
    expect(verdict({ name: 'a', digest: {} })).toBe('STATEMENT_MALFORMED');
    expect(verdict({ name: 'a' })).toBe('STATEMENT_MALFORMED');
  });

  it('refuses inline content and digests of the wrong length', () => {
    expect(verdict({ name: 'a', digest: { sha256: DIGEST }, content: 'AA==' })).toBe(
      'STATEMENT_MALFORMED',
    );
    for (const gitCommit of ['', 'ab', DIGEST.slice(1), `${DIGEST.slice(0, 39)}G`]) {
      expect(verdict({ name: 'a', digest: { gitCommit } })).toBe('STATEMENT_MALFORMED');
    }
  });

  it('takes 256 resources and not one more', () => {
    const list = (count: number): Json =>
      Array.from({ length: count }, () => ({ name: 'a', digest: { sha256: DIGEST } }));
    expect(codeOf(() => readShape('STATEMENT_MALFORMED', resources, list(256)))).toBe('none');
    expect(codeOf(() => readShape('STATEMENT_MALFORMED', resources, list(257)))).toBe(
      'STATEMENT_MALFORMED',
    );
  });
});

describe('subjects', () => {
  it('takes a folder with its manifest and its shards', () => {
    const shards = { rfc6962Sha256: DIGEST, count: 4, shardSizeBytes: 1_000_000 };
    const subject = {
      name: 'a',
      digest: { sha256: DIGEST, omsManifestSha256: DIGEST },
      annotations: { shards },
    };
    expect(readShape('STATEMENT_MALFORMED', subjects, [subject])).toEqual([subject]);
    for (const broken of [
      { ...shards, count: '4' },
      { ...shards, more: 1 },
      { rfc6962Sha256: DIGEST, count: 4 },
    ]) {
      const value = [{ ...subject, annotations: { shards: broken } }];
      expect(codeOf(() => readShape('STATEMENT_MALFORMED', subjects, value))).toBe(
        'STATEMENT_MALFORMED',
      );
    }
  });
});
