import { describe, expect, it } from 'vitest';
import { formatStatement, type StatementOf } from '../../../src/core/statement/statement.ts';
import {
  advanceStream,
  type StreamState,
  streamAfter,
  streamKey,
} from '../../../src/core/statement/stream.ts';
import { AttestryError } from '../../../src/errors.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { digestOf, MODEL, sampleStatement, sampleStream } from '../../helpers/statements.ts';

type Usage = StatementOf<'usage'>;

const STREAM = sampleStream(3) as [Usage, Usage, Usage];
const advance = (state: StreamState | undefined, statement: Usage): StreamState =>
  advanceStream(state, statement, formatStatement(statement));
const stateAfter = (statement: Usage): StreamState =>
  streamAfter(statement, formatStatement(statement));

/** The second statement of the stream, with other fields. */
function second(
  meter: Partial<Usage['predicate']['meter']>,
  rest: Partial<Usage['predicate']> = {},
): Usage {
  const { predicate } = STREAM[1];
  return {
    ...STREAM[1],
    predicate: { ...predicate, ...rest, meter: { ...predicate.meter, ...meter } },
  };
}

describe('advanceStream', () => {
  it('follows a stream from its first statement on', () => {
    let state: StreamState | undefined;
    for (const statement of STREAM) state = advance(state, statement);
    expect(state).toEqual(stateAfter(STREAM[2]));
    expect(state).toMatchObject({ sequence: 2, model: MODEL });
  });

  it.each<[string, StreamState | undefined, Usage]>([
    ['a stream that does not start at 0', undefined, STREAM[1]],
    ['a missing number', stateAfter(STREAM[0]), STREAM[2]],
    ['the same statement again', stateAfter(STREAM[0]), STREAM[0]],
    ['a number that goes back', stateAfter(STREAM[1]), STREAM[0]],
  ])('refuses %s', (_, state, statement) => {
    expect(codeOf(() => advance(state, statement))).toBe('STREAM_SEQUENCE_MISMATCH');
  });

  it('refuses a statement that does not commit to the one before it', () => {
    for (const previous of [digestOf('another'), null]) {
      expect(codeOf(() => advance(stateAfter(STREAM[0]), second({ previous })))).toBe(
        'STREAM_PREVIOUS_MISMATCH',
      );
    }
    const first = sampleStatement('usage', {
      predicate: { meter: { ...STREAM[0].predicate.meter, previous: digestOf('x') } },
    });
    expect(codeOf(() => advance(undefined, first))).toBe('STREAM_PREVIOUS_MISMATCH');
  });

  it('refuses a window that starts before the last one ended', () => {
    const window = { start: '2026-10-01T08:09:59Z', end: '2026-10-01T08:20:00Z' };
    expect(codeOf(() => advance(stateAfter(STREAM[0]), second({}, { window })))).toBe(
      'STREAM_WINDOW_OVERLAP',
    );
  });

  it('takes a gap in time for a claim of no usage', () => {
    const window = { start: '2026-10-01T09:30:00Z', end: '2026-10-01T09:40:00Z' };
    expect(codeOf(() => advance(stateAfter(STREAM[0]), second({}, { window })))).toBe('none');
  });

  it('refuses another model on the same meter', () => {
    const subject = [{ name: 'other', digest: { sha256: digestOf('other') } }];
    expect(codeOf(() => advance(stateAfter(STREAM[0]), { ...STREAM[1], subject }))).toBe(
      'STREAM_MODEL_CHANGED',
    );
  });

  it('says in its details what would have been right', () => {
    const state = stateAfter(STREAM[0]);
    for (const statement of [STREAM[2], second({ previous: null })]) {
      let details = {};
      try {
        advance(state, statement);
      } catch (error) {
        if (error instanceof AttestryError) details = error.details;
      }
      expect(details).toEqual({ expectedSequence: 1, expectedPrevious: state.digest });
    }
  });
});

describe('streamKey', () => {
  it('is one per operator and meter, whatever their names hold', () => {
    const key = (operator: string, meter: string): string =>
      streamKey(sampleStream(1, { meter, context: { operator } })[0] as Usage);
    expect(key('a', 'b')).toBe(key('a', 'b'));
    const names = ['a', 'b', 'a,b', 'b,a', 'a","b', 'a\\', ' '];
    const keys = names.flatMap((operator) => names.map((meter) => key(operator, meter)));
    expect(new Set(keys).size).toBe(keys.length);
  });
});
