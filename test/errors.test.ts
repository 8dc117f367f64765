import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { AttestryError, ERROR_TABLE, outcomeOf } from '../src/errors.ts';

const CODES = Object.keys(ERROR_TABLE);
const SOURCE = ['src', 'nodes']
  .flatMap((folder) =>
    readdirSync(folder, { recursive: true, encoding: 'utf8' }).map((name) => join(folder, name)),
  )
  .filter((path) => path.endsWith('.ts') && path !== join('src', 'errors.ts'))
  // The table of HTTP statuses names every code and raises none.
  .filter((path) => path !== join('src', 'http', 'status.ts'))
  .map((path) => readFileSync(path, 'utf8'))
  .join('\n');

describe('ERROR_TABLE', () => {
  it('has no code that nothing raises', () => {
    expect(CODES.filter((code) => !SOURCE.includes(`'${code}'`))).toEqual([]);
  });

  it('names its codes SUBJECT_PROBLEM in whole words, and says of each what it means', () => {
    for (const [code, { means }] of Object.entries(ERROR_TABLE)) {
      expect(code).toMatch(/^[A-Z][A-Z0-9]*(?:_[A-Z0-9]+)*$/);
      expect(means, code).toMatch(/^[A-Z].*\.$/);
    }
  });
});

describe('AttestryError', () => {
  it('carries its code, its facts and its cause', () => {
    const cause = new RangeError('deeper');
    const error = new AttestryError('QUORUM_SHORT', 'Expected 3, got 2.', {
      cause,
      details: { got: 2 },
    });
    expect(error).toMatchObject({
      name: 'AttestryError',
      code: 'QUORUM_SHORT',
      cause,
      details: { got: 2 },
    });
    expect(new AttestryError('INTERNAL', 'x')).not.toHaveProperty('cause');
    expect(new AttestryError('INTERNAL', 'x').details).toEqual({});
  });
});

describe('outcomeOf', () => {
  it('is EQUIVOCATION only where the evidence is complete in itself', () => {
    const equivocations = CODES.filter(
      (code) => outcomeOf(code as keyof typeof ERROR_TABLE) === 'EQUIVOCATION',
    );
    expect(equivocations).toEqual([
      'TALLY_CONTRADICTION',
      'TALLY_COSIGNED_WRONG',
      'WITNESS_CONTRADICTION',
      'WITNESS_ROLLBACK',
      'CHECKPOINT_CONTRADICTION',
    ]);
  });
});
