import { describe, expect, test } from 'vitest';
import { retry } from '../../src/client/retry.ts';
import { AttestryError, type AttestryErrorCode, type ErrorDetails } from '../../src/errors.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { testClock } from './scripted-fetch.ts';

function failing(code: AttestryErrorCode, details: ErrorDetails = {}) {
  let attempts = 0;
  return {
    count: () => attempts,
    run: async (): Promise<never> => {
      attempts++;
      throw new AttestryError(code, 'not now', { details });
    },
  };
}

describe('retry', () => {
  test('gives what the first successful attempt gives', async () => {
    const clock = testClock();
    let tried = 0;
    const result = await retry(
      async () => {
        if (++tried < 3) throw new AttestryError('PEER_UNAVAILABLE', 'not now');
        return 'done';
      },
      {},
      clock,
    );
    expect(result).toBe('done');
    expect(clock.pauses).toHaveLength(2);
  });

  test('waits longer each time, by chance, and not beyond ten seconds', async () => {
    const clock = testClock(1);
    const attempt = failing('PEER_UNAVAILABLE');
    const options = { attempts: 8, timeoutMs: 1_000_000 };
    expect(await codeOf(() => retry(attempt.run, options, clock))).toBe('PEER_UNAVAILABLE');
    expect(clock.pauses).toEqual([500, 1000, 2000, 4000, 8000, 10_000, 10_000]);
    const calm = testClock(0);
    expect(await codeOf(() => retry(failing('QUEUE_FULL').run, {}, calm))).toBe('QUEUE_FULL');
    expect(calm.pauses).toEqual([0, 0, 0, 0]);
  });

  test('waits at least as long as the node asks for', async () => {
    const clock = testClock(0);
    const attempt = failing('RATE_LIMITED', { status: 429, retryAfterSeconds: 7 });
    expect(await codeOf(() => retry(attempt.run, { attempts: 2 }, clock))).toBe('RATE_LIMITED');
    expect(clock.pauses).toEqual([7000]);
  });

  test('gives up at once when the node asks for more time than there is', async () => {
    const clock = testClock();
    const attempt = failing('RATE_LIMITED', { retryAfterSeconds: 61 });
    expect(await codeOf(() => retry(attempt.run, {}, clock))).toBe('RATE_LIMITED');
    expect(attempt.count()).toBe(1);
  });

  test('tries what a gateway refused again, whatever the code', async () => {
    const attempt = failing('RESPONSE_INVALID', { status: 502 });
    await codeOf(() => retry(attempt.run, { attempts: 3 }, testClock()));
    expect(attempt.count()).toBe(3);
  });

  test.each(['SIGNATURE_INVALID', 'STREAM_SEQUENCE_MISMATCH', 'RESPONSE_INVALID'] as const)(
    'does not try %s again',
    async (code) => {
      const attempt = failing(code);
      expect(await codeOf(() => retry(attempt.run, {}, testClock()))).toBe(code);
      expect(attempt.count()).toBe(1);
    },
  );

  test('lets defects through', async () => {
    const defect = retry(
      async () => {
        throw new TypeError('a defect');
      },
      {},
      testClock(),
    );
    await expect(defect).rejects.toThrow(TypeError);
  });

  test('tells each attempt how much time is left', async () => {
    const left: number[] = [];
    const attempt = async (leftMs: number): Promise<never> => {
      left.push(leftMs);
      throw new AttestryError('PEER_UNAVAILABLE', 'not now', { details: { retryAfterSeconds: 1 } });
    };
    await codeOf(() => retry(attempt, { attempts: 3, timeoutMs: 10_000 }, testClock(0)));
    expect(left).toEqual([10_000, 9000, 8000]);
  });
});
