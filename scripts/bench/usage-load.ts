/** Usage statements of meters, signed beforehand, and sent as NDJSON: each request is one meter's stream. */
import { Agent } from 'node:http';
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { encodeHex } from '../../src/core/bytes/hex.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { sha256 } from '../../src/core/merkle/hash.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { preAuthEncoding } from '../../src/core/note/signable.ts';
import { keyIdOf } from '../../src/core/statement/dsse.ts';
import { PAYLOAD_TYPE } from '../../src/core/statement/envelope.ts';
import { formatStatement } from '../../src/core/statement/statement.ts';
import { signInProcess } from '../../src/keys/openssl-engine.ts';
import { post } from './load.ts';
import type { BenchLog } from './tally-rig.ts';

const HOUR = 3600;
/** One request takes no more. */
export const MOST_WINDOWS = 1000;

export interface MeterStream {
  readonly log: BenchLog;
  readonly meter: string;
  /** Hex SHA-256. */
  readonly model: string;
  /** Unix seconds, the start of an hour: of the first window; each takes an hour. */
  readonly from: number;
  readonly windows: number;
}

export function modelNamed(name: string): string {
  return encodeHex(sha256(encodeUtf8(name)));
}

/** The body of the request that logs a meter's whole stream. */
export function meterBody({ log, meter, model, from, windows }: MeterStream): Uint8Array {
  const { seed, origin, operator, region } = log;
  const keyid = keyIdOf(publicKeyOf(seed));
  const issuedAt = formatTime(Math.floor(Date.now() / 1000));
  const context = { issuedAt, jurisdiction: 'DEU', log: origin, operator, region };
  const lines: Uint8Array[] = [];
  let previous: string | null = null;
  for (let sequence = 0; sequence < windows; sequence++) {
    const start = from + sequence * HOUR;
    const payload = formatStatement({
      kind: 'usage',
      subject: [{ name: 'model.bin', digest: { sha256: model } }],
      predicate: {
        context,
        meter: { id: meter, method: 'tokens', sequence, previous },
        window: { start: formatTime(start), end: formatTime(start + HOUR) },
        quantities: quantitiesOf(sequence),
      },
    });
    previous = encodeHex(sha256(payload));
    const sig = encodeBase64(signInProcess(seed, preAuthEncoding(PAYLOAD_TYPE, payload)));
    const envelope = { payload: encodeBase64(payload), payloadType: PAYLOAD_TYPE };
    lines.push(formatCanonicalJson({ ...envelope, signatures: [{ keyid, sig }] }));
  }
  return Buffer.concat(lines.flatMap((line) => [line, Buffer.from('\n')]));
}

/**
 * Logs it; throws for any line that is not taken. On a connection of its own: between two requests statements are signed,
 * perhaps for longer than a node keeps a connection that nobody uses.
 */
export async function submit(log: BenchLog, body: Uint8Array): Promise<void> {
  const agent = new Agent();
  const type = 'application/x-ndjson';
  const answer = await post({ url: `${log.url}/v1/entries`, body, type, agent });
  const refused = answer.body.split('\n').find((line) => line.startsWith('{"error"'));
  if (answer.status !== 200 || refused !== undefined)
    throw new Error(`answered ${answer.status}: ${refused ?? answer.body}`);
}

function quantitiesOf(sequence: number) {
  const uncached = 70_000 + sequence;
  return {
    requests: `${1 + (sequence % 50)}`,
    inputUncachedTokens: `${uncached}`,
    inputCachedTokens: '20000',
    inputCacheWriteTokens: '0',
    inputTokens: `${uncached + 20_000}`,
    outputVisibleTokens: '9000',
    outputReasoningTokens: '200',
    outputTokens: '9200',
  };
}
