import { describe, expect, it } from 'vitest';
import { type AttestryErrorCode, ERROR_TABLE } from '../../src/errors.ts';
import { HTTP_STATUS, isInternal } from '../../src/http/status.ts';

const codes = Object.keys(ERROR_TABLE) as AttestryErrorCode[];

describe('HTTP_STATUS', () => {
  it('has an error status for every code and for nothing else', () => {
    expect(Object.keys(HTTP_STATUS).sort()).toEqual([...codes].sort());
    for (const code of codes) expect(HTTP_STATUS[code], code).toBeGreaterThanOrEqual(400);
    for (const code of codes) expect(HTTP_STATUS[code], code).toBeLessThanOrEqual(504);
  });

  it('says 500 of a defect only', () => {
    expect(codes.filter((code) => HTTP_STATUS[code] === 500)).toEqual(['INTERNAL']);
  });

  it('says 409 of everything that breaks a stream', () => {
    for (const code of codes.filter((code) => code.startsWith('STREAM_'))) {
      expect(HTTP_STATUS[code]).toBe(409);
    }
  });
});

describe('isInternal', () => {
  it('hides what concerns this machine and shows what a client can act on', () => {
    expect(isInternal('STORE_FAILED')).toBe(true);
    expect(isInternal('FILE_UNREADABLE')).toBe(true);
    expect(isInternal('INTERNAL')).toBe(true);
    expect(isInternal('QUEUE_FULL')).toBe(false);
    expect(isInternal('NODE_STOPPING')).toBe(false);
    expect(isInternal('STREAM_SEQUENCE_MISMATCH')).toBe(false);
    expect(isInternal('WITNESS_TIMEOUT')).toBe(false);
  });
});
