import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson, type Json } from '../../src/core/bytes/json.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { leafHash } from '../../src/core/merkle/hash.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { operatorSeed } from '../helpers/fixtures.ts';
import { LogBed } from '../helpers/log-bed.ts';
import { type Answer, headOf, type LogSite, openLogSite, post } from '../helpers/log-site.ts';
import { quickEnvelope } from '../helpers/quick-entry.ts';
import { sampleStatement, sampleStream } from '../helpers/statements.ts';
import { serving } from './raw-connection.ts';
import { rawGet } from './raw-get.ts';

const RUNS = 300;
const bed = new LogBed();
const { context } = bed.eu;
const seed = operatorSeed(bed.eu.operator);

async function openSite(): Promise<LogSite> {
  const site = await openLogSite({ bed: new LogBed() });
  await post(site.app, site.bed.entry(0));
  return site;
}

/** Refusals have a code and change nothing; nothing is ever a defect. */
async function judge(site: LogSite, ask: () => Promise<Answer>): Promise<void> {
  const before = headOf(site);
  const answer = await ask();
  expect(answer.statusCode, answer.body).toBeLessThan(500);
  if (answer.statusCode < 400) return;
  expect(answer.json()).toMatchObject({ error: { code: expect.stringMatching(/^[A-Z0-9_]+$/) } });
  expect(headOf(site)).toBe(before);
}

interface Edit {
  readonly at: number;
  readonly remove: number;
  readonly insert: Uint8Array;
}

const PIECES = ['{', '}', '[', '"', ',', ':', '\\', '\n', '\0', '\ud800', '1e9', '"__proto__":1,'];
const edits: fc.Arbitrary<readonly Edit[]> = fc.array(
  fc.record({
    at: fc.nat(),
    remove: fc.integer({ min: 0, max: 8 }),
    insert: fc.oneof(
      fc.uint8Array({ maxLength: 4 }),
      fc.constantFrom(...PIECES.map((piece) => encodeUtf8(piece))),
    ),
  }),
  { minLength: 1, maxLength: 5 },
);

function applyEdits(bytes: Uint8Array, changes: readonly Edit[]): Buffer {
  return changes.reduce((buffer, { at, remove, insert }) => {
    const place = at % (buffer.length + 1);
    return Buffer.concat([buffer.subarray(0, place), insert, buffer.subarray(place + remove)]);
  }, Buffer.from(bytes));
}

describe('POST /v1/entries', () => {
  it('survives edited bytes of one envelope', async () => {
    const site = await openSite();
    await fc.assert(
      fc.asyncProperty(fc.nat(50), edits, (index, changes) =>
        judge(site, () => post(site.app, applyEdits(bed.entry(index), changes))),
      ),
      { numRuns: RUNS },
    );
  });

  it('survives edited bytes of many envelopes', async () => {
    const site = await openSite();
    const lines = Array.from({ length: 40 }, (_, i) => [bed.entry(200 + i), Buffer.from('\n')]);
    const body = Buffer.concat(lines.flat());
    const headers = { 'content-type': 'application/x-ndjson' };
    await fc.assert(
      fc.asyncProperty(edits, (changes) => {
        const payload = applyEdits(body, changes);
        return judge(site, () =>
          site.app.inject({ method: 'POST', url: '/v1/entries', headers, payload }),
        );
      }),
      { numRuns: 60 },
    );
  });

  it('survives signed statements with odd values in any place', async () => {
    const site = await openSite();
    await fc.assert(
      fc.asyncProperty(fc.constantFrom(...PAYLOADS), changes, (payload, odd) => {
        const json = odd.reduce(applyChange, JSON.parse(payload) as Json);
        return judge(site, () => post(site.app, quickEnvelope(formatCanonicalJson(json), seed)));
      }),
      { numRuns: RUNS },
    );
  });
});

const KINDS = ['training', 'evaluation', 'deployment', 'revocation'] as const;
const PAYLOADS: readonly string[] = [
  ...KINDS.map((kind) => sampleStatement(kind, { context }) as Statement),
  ...(sampleStream(2, { context }) as Statement[]),
].map((statement) => new TextDecoder().decode(formatStatement(statement)));

const ODD_VALUES: readonly Json[] = [
  ...[null, true, 0, -1, 2 ** 53 - 1, [], {}, [[]]],
  ...['', ' ', '0', '-1', '007', '1e3', '18446744073709551615', '18446744073709551616'],
  ...['x'.repeat(257), '\u0000', '\u202e', '\u00e9', 'e\u0301', 'ab'.repeat(32)],
  ...['2026-10-01T08:00:00Z', '2026-02-30T00:00:00Z', '9999-12-31T23:59:59Z'],
  ...['eu.log.example', 'operator-us'],
];

interface Change {
  /** Which of all places in the value. */
  readonly at: number;
  /** A new member at this place; without it the place itself. */
  readonly extra: string | null;
  /** Undefined removes what is there. */
  readonly value: Json | undefined;
}

const changes: fc.Arbitrary<readonly Change[]> = fc.array(
  fc.record({
    at: fc.nat(),
    extra: fc.option(fc.constantFrom('zzz', 'toString', 'hasOwnProperty', '0'), { freq: 5 }),
    value: fc.option(fc.constantFrom(...ODD_VALUES), { nil: undefined, freq: 6 }),
  }),
  { minLength: 1, maxLength: 3 },
);

type Path = readonly string[];

function applyChange(value: Json, { at, extra, value: member }: Change): Json {
  const places = placesIn(value, []);
  const place = places[at % places.length] as Path;
  return putAt(value, extra === null ? place : [...place, extra], member);
}

function placesIn(value: Json, path: Path): Path[] {
  if (typeof value !== 'object' || value === null) return [path];
  const members = Object.entries(value);
  return [path, ...members.flatMap(([key, member]) => placesIn(member, [...path, key]))];
}

function putAt(value: Json, [key, ...rest]: Path, member: Json | undefined): Json {
  if (key === undefined) return member ?? null;
  const copy = { ...(value as Record<string, Json>) };
  const next = rest.length === 0 ? member : putAt(copy[key] ?? null, rest, member);
  if (next === undefined) delete copy[key];
  else copy[key] = next;
  return Array.isArray(value) ? Object.values(copy) : copy;
}

const HASH = encodeHex(leafHash(bed.entry(0)));
const WORDS = [
  ...['0', '1', '000', '001', 'x001', '.p', 'entries', 'tile', 'v1', 'receipts', 'log', HASH],
  ...['checkpoint', '..', '.', '%2e', '%00', '%', '%c3%28', '%f0%9f%92%a9', '~', 'docs', 'json'],
];
const word = fc.oneof(
  fc.constantFrom(...WORDS),
  fc.string({ maxLength: 6, unit: fc.constantFrom(...'abcdefxyz0123456789.-_~!$&()*+,;=:@') }),
);
const query = fc.constantFrom(
  ...['', '', '', '?state=committed', '?state=', '?wait=witnessed', '?__proto__=1', '?a[b]=c'],
  ...['?%00', '?&&', '?state=committed&state=x'],
);

describe.each(['/v1/entries/', '/v1/receipts/', '/v1/', '/tile/', '/tile/entries/', '/'])(
  'GET %s…',
  (prefix) => {
    it('survives odd paths and queries', async () => {
      const site = await openSite();
      await serving(site.app, async (url) => {
        await fc.assert(
          fc.asyncProperty(
            fc.array(word, { maxLength: 6 }),
            fc.constantFrom('/', '', '//'),
            query,
            (words, between, ask) =>
              judge(site, () => rawGet(url, `${prefix}${words.join(between)}${ask}`)),
          ),
          { numRuns: RUNS },
        );
      });
      expect(site.log.size).toBe(1);
    });
  },
);
