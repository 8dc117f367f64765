import { describe, expect, it, onTestFinished } from 'vitest';
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { decodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { decodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatReceipt, type Receipt } from '../../src/core/receipt/receipt.ts';
import { keyIdOf } from '../../src/core/statement/dsse.ts';
import { ERROR_TABLE } from '../../src/errors.ts';
import type { App } from '../../src/http/app-type.ts';
import { createVerifierApp } from '../../src/http/verifier-app.ts';
import { withLargeScalar } from '../helpers/forgeries.ts';
import { MODEL } from '../helpers/statements.ts';
import { VerifierBed } from '../helpers/verifier-bed.ts';
import { MIXED_ORDER, SMALL_ORDER } from './bad-entries.ts';
import { pourBody, serving } from './raw-connection.ts';

interface Site {
  readonly app: App;
  /** A receipt of one of its logs. */
  readonly receipt: Receipt;
  /** All that it answers about what it knows. */
  known(): Promise<string>;
}

async function openSite(): Promise<Site> {
  const bed = await VerifierBed.make();
  for (const served of bed.served) {
    for (const kind of ['training', 'evaluation', 'usage'] as const) served.log.state(kind);
    served.publish();
  }
  const verifier = await bed.openAndLook();
  const limits = { requestsPerWindow: 0, maxEventLoopDelayMs: 0 };
  const app = await createVerifierApp(verifier, { log: false, limits });
  onTestFinished(() => app.close());
  const routes = ['/v1/nodes', '/v1/models', '/v1/findings', `/v1/models/${MODEL}`, '/v1/trust'];
  return {
    app,
    receipt: bed.eu.log.receipt(1),
    known: async () => {
      const answers = await Promise.all(routes.map((route) => app.inject(route)));
      expect(answers.map(({ statusCode }) => statusCode)).toEqual(routes.map(() => 200));
      return answers.map(({ body }) => body).join('\n');
    },
  };
}

interface Fields {
  readonly envelope: {
    readonly payload: string;
    readonly signatures: readonly { readonly keyid: string; readonly sig: string }[];
  };
  readonly proof: string;
}

type BadFile = readonly [what: string, code: string, file: string | Uint8Array];

function badFiles(receipt: Receipt): readonly BadFile[] {
  const text = decodeUtf8(formatReceipt(receipt));
  const fields = JSON.parse(text) as Fields;
  const { envelope, proof } = fields;
  const [signature] = envelope.signatures as [Fields['envelope']['signatures'][0]];
  const enveloped = (change: object): Uint8Array =>
    formatCanonicalJson({ ...fields, envelope: { ...envelope, ...change } } as never);
  const signedBy = (change: object): Uint8Array =>
    enveloped({ signatures: [{ ...signature, ...change }] });
  const proven = (changed: string): Uint8Array =>
    formatCanonicalJson({ ...fields, proof: changed } as never);
  const sig = encodeBase64(withLargeScalar(Buffer.from(signature.sig, 'base64')));
  const hash = `${encodeBase64(new Uint8Array(32))}\n`;
  return [
    ['no JSON', 'JSON_MALFORMED', 'nothing'],
    ['a duplicate key', 'JSON_NOT_CANONICAL', text.replace('{', '{"envelope":{},')],
    ['__proto__', 'JSON_KEY_FORBIDDEN', text.replace('{', '{"__proto__":{},')],
    ['2^53+1', 'JSON_NUMBER_UNSAFE', text.replace('"version":1', '"version":9007199254740993')],
    ['NUL bytes', 'JSON_MALFORMED', new Uint8Array(64)],
    ['a depth bomb', 'JSON_TOO_DEEP', '['.repeat(100_000)],
    ['an unknown field', 'RECEIPT_MALFORMED', formatCanonicalJson({ ...fields, zzz: 1 } as never)],
    ['an unknown field of the envelope', 'RECEIPT_MALFORMED', enveloped({ zzz: 1 })],
    [
      'base64 with a bit too many',
      'RECEIPT_MALFORMED',
      enveloped({ payload: envelope.payload.replace(/^..../, 'YWJj').concat('YWJjZF==') }),
    ],
    ['another payloadType', 'ENVELOPE_PAYLOAD_TYPE', enveloped({ payloadType: 'text/plain' })],
    [
      'an entry of 64 KiB + 1',
      'ENTRY_TOO_LARGE',
      enveloped({ payload: encodeBase64(new Uint8Array(48 * 1024 + 1)) }),
    ],
    ['S + L', 'SIGNATURE_MALFORMED', signedBy({ sig })],
    ['a key of small order', 'KEY_UNKNOWN', signedBy({ keyid: keyIdOf(decodeHex(SMALL_ORDER)) })],
    ['a key of mixed order', 'KEY_UNKNOWN', signedBy({ keyid: keyIdOf(decodeHex(MIXED_ORDER)) })],
    ['a note with CRLF', 'PROOF_MALFORMED', proven(proof.replaceAll('\n', '\r\n'))],
    ['a note with a NUL byte', 'NOTE_MALFORMED', proven(proof.replace('\n\n', '\n\n\0'))],
    [
      'a proof one hash too long',
      'INCLUSION_LENGTH_WRONG',
      proven(proof.replace('\n\n', `\n${hash}\n`)),
    ],
  ];
}

describe('POST /v1/verify with bad input', () => {
  it('reports each with its code, and knows what it knew before', async () => {
    const { app, receipt, known } = await openSite();
    const before = await known();
    const verify = async (file: string | Uint8Array): Promise<string[]> => {
      const headers = { 'content-type': 'application/json' };
      const payload = Buffer.from(file);
      const answer = await app.inject({ method: 'POST', url: '/v1/verify', headers, payload });
      expect(answer.statusCode, answer.body).toBe(200);
      const { outcome, problems } = answer.json();
      return [outcome, ...problems.map(({ code }: { code: string }) => code)];
    };
    expect(await verify(formatReceipt(receipt))).toEqual(['VALID']);
    for (const [what, code, file] of badFiles(receipt)) {
      expect.soft(await verify(file), what).toEqual(['INVALID', code]);
    }
    expect(await known()).toBe(before);
  });

  it('stops reading a body without end at the limit', async () => {
    const { app, known } = await openSite();
    const before = await known();
    await serving(app, async (url) => {
      const body = { path: '/v1/verify', type: 'application/json', filler: '[' };
      const { heard, poured } = await pourBody(url, body);
      expect(heard).toMatch(/^HTTP\/1\.1 413 /);
      expect(heard).toContain('INPUT_TOO_LARGE');
      expect(poured).toBeLessThan(40);
      expect(await known()).toBe(before);
    });
  });
});

describe('createVerifierApp with bad input', () => {
  it('refuses each request with a code, and knows what it knew before', async () => {
    const { app, known } = await openSite();
    const before = await known();
    for (const [method, url, statusCode] of BAD_REQUESTS) {
      const headers = method === 'GET' ? {} : { 'content-type': 'application/json' };
      const answer = await app.inject({ method, url, headers });
      expect.soft(answer.statusCode, `${method} ${url}: ${answer.body}`).toBe(statusCode);
      expect.soft(Object.keys(ERROR_TABLE), url).toContain(answer.json().error?.code);
    }
    expect(await known()).toBe(before);
  });
});

const BAD_REQUESTS = [
  ['GET', '/v1/models?limit=0', 400],
  ['GET', '/v1/models?limit=1001', 400],
  ['GET', '/v1/models?limit=1e2', 400],
  ['GET', '/v1/models?limit=5&limit=6', 400],
  ['GET', '/v1/models?after=xyz', 400],
  ['GET', `/v1/models?after=${'A'.repeat(64)}`, 400],
  ['GET', '/v1/models?page=2', 400],
  ['GET', '/v1/models/xyz', 400],
  ['GET', `/v1/models/${'g'.repeat(64)}`, 400],
  ['GET', `/v1/models/${'a'.repeat(600)}`, 400],
  ['GET', '/v1/models/%00', 400],
  ['GET', '/v1/models/../../etc/passwd', 404],
  ['GET', `/v1/models/${'a'.repeat(62)}%2e%2e/dossier`, 400],
  ['GET', '/v1/entries/eu.log.example/-1/receipt', 400],
  ['GET', '/v1/entries/eu.log.example/1.5/receipt', 400],
  ['GET', '/v1/entries/eu.log.example/9007199254740991/receipt', 404],
  ['GET', '/v1/entries/eu.log.example/9007199254740993/receipt', 400],
  ['GET', '/v1/entries/eu.log.example/3/receipt', 404],
  ['GET', '/v1/entries/%E0%A4%A/0/receipt', 400],
  ['GET', '/v1/entries/__proto__/0/receipt', 404],
  ['GET', '/v1/findings/abc', 400],
  ['GET', '/v1/findings?limit=0', 400],
  ['GET', '/v1/findings?limit=-1', 400],
  ['GET', '/v1/checkpoints/log.elsewhere.example', 404],
  ['GET', '/v1/checkpoints/__proto__', 404],
  ['POST', '/v1/receipts', 400],
  ['GET', `/v1/findings/${'0'.repeat(64)}`, 404],
  ['POST', '/v1/verify', 400],
  ['GET', '/v1/checkpoints/log.elsewhere.example', 404],
  ['GET', '/v1/checkpoints/__proto__', 404],
  ['POST', '/v1/receipts', 400],
  ['PUT', '/v1/verify', 404],
  ['POST', '/v1/models', 404],
] as const;
