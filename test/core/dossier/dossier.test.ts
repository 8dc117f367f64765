import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalText, formatCanonicalJson } from '../../../src/core/bytes/json.ts';
import { decodeUtf8, encodeUtf8 } from '../../../src/core/bytes/utf8.ts';
import {
  type Dossier,
  formatDossier,
  LARGEST_DOSSIER_BYTES,
  parseDossier,
} from '../../../src/core/dossier/dossier.ts';
import { codeOf } from '../../helpers/code-of.ts';
import { contradiction } from '../../helpers/findings.ts';
import { makeNetwork, type TestLog } from '../../helpers/fixtures.ts';
import { accepted, hostileBytes } from '../../helpers/hostile.ts';
import { MODEL } from '../../helpers/statements.ts';
import type { ShownLog } from '../../helpers/tallied-network.ts';

const NETWORK = makeNetwork({ regions: ['eu', 'us'] });
const [EU, US] = NETWORK.logs as [TestLog, TestLog];
EU.state('deployment');
EU.state('evaluation');
const DOSSIER: Dossier = {
  model: MODEL,
  logs: [
    EU.dossierLog(MODEL),
    { origin: US.origin, missing: { code: 'PEER_UNAVAILABLE', message: 'no answer in 10 s' } },
  ],
  findings: [contradiction(EU)],
};
const BYTES = formatDossier(DOSSIER);

interface LogFile {
  origin: string;
  checkpoint?: string;
  entries?: { index: number; envelope: object; proof: string[] }[];
  missing?: object;
}
interface File {
  readonly logs: [LogFile, LogFile];
  readonly findings: [object];
}
const FILE = JSON.parse(decodeUtf8(BYTES)) as File;
const [SHOWN, MISSING] = FILE.logs;
const [ENTRY] = SHOWN.entries as [{ index: number; envelope: object; proof: string[] }];

const verdict = (changes: object): string =>
  codeOf(() => parseDossier(formatCanonicalJson({ ...FILE, ...changes })));

describe('parseDossier', () => {
  it('reads what formatDossier writes', () => {
    expect(parseDossier(BYTES)).toEqual(DOSSIER);
    const [first] = DOSSIER.logs;
    const untallied = { code: 'ENTRY_INADMISSIBLE', message: 'why' } as const;
    const reasoned = { ...DOSSIER, logs: [{ ...(first as ShownLog), untallied }] };
    expect(parseDossier(formatDossier(reasoned))).toEqual(reasoned);
    const empty = { model: MODEL, logs: [], findings: [] };
    expect(parseDossier(formatDossier(empty))).toEqual(empty);
  });

  it.each<[string, object, string]>([
    ['another version', { version: 2 }, 'DOSSIER_MALFORMED'],
    ['another type', { type: 'attestry/receipt' }, 'DOSSIER_MALFORMED'],
    ['an unknown field', { more: 1 }, 'DOSSIER_MALFORMED'],
    ['no model', { model: undefined }, 'DOSSIER_MALFORMED'],
    ['a model in capitals', { model: MODEL.toUpperCase() }, 'DOSSIER_MALFORMED'],
    ['no logs', { logs: undefined }, 'DOSSIER_MALFORMED'],
    ['257 logs', { logs: Array.from({ length: 257 }, () => MISSING) }, 'DOSSIER_MALFORMED'],
    ['no findings', { findings: undefined }, 'DOSSIER_MALFORMED'],
    ['1001 findings', { findings: Array.from({ length: 1001 }, () => null) }, 'DOSSIER_MALFORMED'],
    ['a log without anything', { logs: [{ origin: 'a' }] }, 'DOSSIER_MALFORMED'],
    ['a log without entries', { logs: [{ ...SHOWN, entries: undefined }] }, 'DOSSIER_MALFORMED'],
    [
      'a log without a checkpoint',
      { logs: [{ ...SHOWN, checkpoint: undefined }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'a log that is shown and missing',
      { logs: [{ ...SHOWN, missing: MISSING.missing }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'a log with a tally and the reason why there is none',
      {
        logs: [{ ...SHOWN, tally: { note: '', proof: '' }, untallied: MISSING.missing }],
      },
      'DOSSIER_MALFORMED',
    ],
    [
      'a missing log with the reason why there is no tally',
      { logs: [{ ...MISSING, untallied: MISSING.missing }] },
      'DOSSIER_MALFORMED',
    ],
    ['an unknown field of a log', { logs: [{ ...SHOWN, more: 1 }] }, 'DOSSIER_MALFORMED'],
    [
      'an unknown reason',
      { logs: [{ ...MISSING, missing: { code: 'GONE', message: 'x' } }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'a reason that a terminal would act on',
      { logs: [{ ...MISSING, missing: { code: 'INTERNAL', message: '\u001b[2J' } }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'an entry without an index',
      { logs: [{ ...SHOWN, entries: [{ ...ENTRY, index: undefined }] }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'an index that is text',
      { logs: [{ ...SHOWN, entries: [{ ...ENTRY, index: '0' }] }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'a proof of 64 hashes',
      {
        logs: [{ ...SHOWN, entries: [{ ...ENTRY, proof: Array.from({ length: 64 }, () => '') }] }],
      },
      'DOSSIER_MALFORMED',
    ],
    [
      'a hash with trailing bits',
      { logs: [{ ...SHOWN, entries: [{ ...ENTRY, proof: ['Zh=='] }] }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'an envelope with unknown fields',
      { logs: [{ ...SHOWN, entries: [{ ...ENTRY, envelope: { ...ENTRY.envelope, a: 1 } }] }] },
      'DOSSIER_MALFORMED',
    ],
    [
      'another payloadType',
      {
        logs: [
          { ...SHOWN, entries: [{ ...ENTRY, envelope: { ...ENTRY.envelope, payloadType: 'x' } }] },
        ],
      },
      'ENVELOPE_PAYLOAD_TYPE',
    ],
    [
      'a finding with unknown fields',
      { findings: [{ ...FILE.findings[0], a: 1 }] },
      'FINDING_MALFORMED',
    ],
    ['a finding of null', { findings: [null] }, 'FINDING_MALFORMED'],
  ])('refuses %s', (_, changes, code) => {
    expect(verdict(changes)).toBe(code);
  });

  it.each([
    ['a duplicate key', (text: string) => text.replace('{', '{"model":"x",'), 'JSON_NOT_CANONICAL'],
    ['a depth bomb', (text: string) => text.replace('[', '['.repeat(100_000)), 'JSON_TOO_DEEP'],
    [
      'an index of -0',
      (text: string) => text.replace('"index":0', '"index":-0'),
      'JSON_NOT_CANONICAL',
    ],
    [
      'an index of 2^53+1',
      (text: string) => text.replace('"index":0', '"index":9007199254740993'),
      'JSON_NUMBER_UNSAFE',
    ],
  ])('refuses %s', (_, damage, code) => {
    const bytes = encodeUtf8(damage(canonicalText(FILE)));
    expect(codeOf(() => parseDossier(bytes))).toBe(code);
  });

  it('reads nothing that is larger than 256 MiB', () => {
    const bytes = new Uint8Array(LARGEST_DOSSIER_BYTES + 1);
    expect(codeOf(() => parseDossier(bytes))).toBe('INPUT_TOO_LARGE');
  });

  it('refuses any bytes with a code, or formatDossier gives them back', () => {
    fc.assert(
      fc.property(hostileBytes(BYTES), (bytes) => {
        const dossier = accepted(() => parseDossier(bytes));
        if (dossier !== undefined) expect(formatDossier(dossier)).toEqual(bytes);
      }),
      { numRuns: 200 },
    );
  });
});

describe('formatDossier', () => {
  it('writes a reason that parseDossier takes, whatever an error said', () => {
    const missing = { code: 'INTERNAL', message: `a\n\u202e\ud800${'x'.repeat(2000)}` } as const;
    const bytes = formatDossier({ ...DOSSIER, logs: [{ origin: 'a', missing }] });
    const [log] = parseDossier(bytes).logs;
    expect(log).toMatchObject({ missing: { message: expect.stringMatching(/^a\?\?\?x+$/) } });
  });
});
