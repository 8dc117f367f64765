import { describe, expect, test } from 'vitest';
import { isTransient, peerRefusal, readError } from '../../src/client/peer-refusal.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { AttestryError } from '../../src/errors.ts';

const URL_OF_LOG = 'https://log.example:8443/v1/entries';

function refusalOf(status: number, body: unknown, headers: Record<string, string> = {}) {
  const text = typeof body === 'string' ? body : JSON.stringify(body);
  const response = { status, headers: new Headers(headers), body: encodeUtf8(text) };
  return peerRefusal(URL_OF_LOG, response);
}

describe('peerRefusal', () => {
  test("takes over the node's code and details, and says who said it", () => {
    const details = { expectedSequence: 4, expectedPrevious: null };
    const error = refusalOf(409, {
      error: { code: 'STREAM_SEQUENCE_MISMATCH', message: 'Expected 4.', details },
    });
    expect(error.code).toBe('STREAM_SEQUENCE_MISMATCH');
    expect(error.message).toBe('log.example:8443 answers: Expected 4.');
    expect(error.details).toEqual({ ...details, status: 409 });
  });

  test.each([
    [429, 'RATE_LIMITED'],
    [503, 'PEER_UNAVAILABLE'],
    [500, 'PEER_UNAVAILABLE'],
    [404, 'ROUTE_UNKNOWN'],
    [400, 'RESPONSE_INVALID'],
  ])('reads a bare status %i as %s', (status, code) => {
    expect(refusalOf(status, '<html>').code).toBe(code);
    expect(refusalOf(status, { error: { code: 'NO_SUCH_CODE' } }).code).toBe(code);
    expect(refusalOf(status, { error: { code: 'toString' } }).code).toBe(code);
  });

  test('reads Retry-After in seconds and nothing else', () => {
    expect(refusalOf(503, '', { 'retry-after': '12' }).details['retryAfterSeconds']).toBe(12);
    for (const value of ['-1', '1.5', '9999999', 'Wed, 21 Oct 2026 07:28:00 GMT']) {
      const { details } = refusalOf(503, '', { 'retry-after': value });
      expect(details['retryAfterSeconds'], value).toBeUndefined();
    }
  });

  test('leaves nothing in the words of a node that a terminal would act on', () => {
    const error = refusalOf(400, {
      error: {
        code: 'REQUEST_MALFORMED',
        message: '\u001b[2J\u202egone\n',
        details: { note: '\u0007', list: [1] },
      },
    });
    expect(error.message).toBe('log.example:8443 answers: ?[2J?gone?');
    expect(error.details).toEqual({ note: '?', status: 400 });
  });

  test('cuts off what is long', () => {
    const message = 'x'.repeat(10_000);
    const error = refusalOf(400, { error: { code: 'REQUEST_MALFORMED', message } });
    expect(error.message.length).toBeLessThan(600);
  });
});

describe('readError', () => {
  test.each(['', 'null', '[]', '"x"', '{"error":null}', '{"error":{"code":5}}'])(
    'finds no error in %s',
    (text) => {
      expect(readError(encodeUtf8(text))).toBeUndefined();
    },
  );
});

describe('isTransient', () => {
  test('is true of what may pass, by code or by status', () => {
    expect(isTransient(new AttestryError('QUEUE_FULL', ''))).toBe(true);
    expect(isTransient(refusalOf(503, { error: { code: 'STORE_FAILED' } }))).toBe(true);
    expect(isTransient(refusalOf(408, ''))).toBe(true);
    expect(isTransient(refusalOf(500, { error: { code: 'INTERNAL' } }))).toBe(false);
    expect(isTransient(refusalOf(409, ''))).toBe(false);
  });
});
