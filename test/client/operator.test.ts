import { describe, expect, test } from 'vitest';
import { nextUsage, signStatement } from '../../src/client/operator.ts';
import { admitEntry } from '../../src/core/statement/admission.ts';
import type { Envelope } from '../../src/core/statement/envelope.ts';
import type { StatementOf } from '../../src/core/statement/statement.ts';
import { advanceStream, type StreamState } from '../../src/core/statement/stream.ts';
import { makeNetwork, operatorSeed } from '../helpers/fixtures.ts';
import { MODEL, NOW, sampleStatement } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';

const SEEDS = [operatorSeed('operator-eu')];

describe('signStatement', () => {
  test('gives an envelope that the log admits', () => {
    const { entry } = signStatement(sampleStatement('training'), SEEDS);
    const rules = { trust: makeNetwork().rules.trust, origin: 'eu.log.example', now: NOW };
    expect(admitEntry(entry, rules).statement.kind).toBe('training');
  });

  test('signs nothing that no one would accept', async () => {
    const { quantities } = sampleStatement('usage').predicate;
    const doubled = sampleStatement('usage', {
      predicate: { quantities: { ...quantities, inputTokens: '120' } },
    });
    expect(await codeOf(() => signStatement(doubled, SEEDS))).toBe('USAGE_SUM_MISMATCH');
  });
});

describe('nextUsage', () => {
  test('leads a meter from its first statement on, without a gap', () => {
    let previous: Envelope | undefined;
    let state: StreamState | undefined;
    for (let hour = 8; hour < 12; hour++) {
      const { sequence, previous: digest } = nextUsage(previous);
      const statement: StatementOf<'usage'> = sampleStatement('usage', {
        predicate: {
          meter: { id: 'meter-1', method: 'words', sequence, previous: digest },
          window: {
            start: `2026-10-01T${String(hour).padStart(2, '0')}:00:00Z`,
            end: `2026-10-01T${String(hour).padStart(2, '0')}:30:00Z`,
          },
        },
        context: { issuedAt: '2026-10-01T12:00:00Z' },
      });
      previous = signStatement(statement, SEEDS);
      state = advanceStream(state, statement, previous.payload);
    }
    expect(state?.sequence).toBe(3);
    expect(nextUsage(previous)).toMatchObject({
      sequence: 4,
      meter: { id: 'meter-1', method: 'words' },
      model: MODEL,
      from: '2026-10-01T11:30:00Z',
    });
  });

  test('refuses to follow on a statement of another kind', async () => {
    const envelope = signStatement(sampleStatement('deployment'), SEEDS);
    expect(await codeOf(() => nextUsage(envelope))).toBe('STATEMENT_MALFORMED');
  });
});
