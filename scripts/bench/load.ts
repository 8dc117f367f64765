/** Load: signed envelopes made beforehand, and requests over connections that stay open. */
import { Agent, request } from 'node:http';
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { formatTime } from '../../src/core/bytes/time.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import { preAuthEncoding } from '../../src/core/note/signable.ts';
import { keyIdOf } from '../../src/core/statement/dsse.ts';
import { PAYLOAD_TYPE } from '../../src/core/statement/envelope.ts';
import { formatStatement } from '../../src/core/statement/statement.ts';
import { signInProcess } from '../../src/keys/openssl-engine.ts';
import { OPERATOR, ORIGIN } from './rig.ts';

/** Distinct entries, numbered from `from`: deployments of one of a hundred models. */
export function makeEntries(seed: Uint8Array, from: number, count: number): Uint8Array[] {
  const keyid = keyIdOf(publicKeyOf(seed));
  const issuedAt = formatTime(Math.floor(Date.now() / 1000));
  return Array.from({ length: count }, (_, i) => {
    const payload = formatStatement({
      kind: 'deployment',
      subject: [
        { name: 'model.bin', digest: { sha256: String((from + i) % 100).padStart(64, '0') } },
      ],
      predicate: {
        context: {
          issuedAt,
          jurisdiction: 'DEU',
          log: ORIGIN,
          operator: OPERATOR,
          region: 'loopback',
        },
        deploymentId: `deployment-${from + i}`,
        action: 'deploy',
        environment: 'production',
        effectiveAt: issuedAt,
      },
    });
    const sig = encodeBase64(signInProcess(seed, preAuthEncoding(PAYLOAD_TYPE, payload)));
    return formatCanonicalJson({
      payload: encodeBase64(payload),
      payloadType: PAYLOAD_TYPE,
      signatures: [{ keyid, sig }],
    });
  });
}

export interface PostOptions {
  readonly url: string;
  readonly body: Uint8Array;
  readonly type: 'application/json' | 'application/x-ndjson';
  readonly agent: Agent;
}

/** The status and body of one POST. */
export function post({
  url,
  body,
  type,
  agent,
}: PostOptions): Promise<{ status: number; body: string }> {
  return new Promise((resolve, reject) => {
    const headers = { 'content-type': type, 'content-length': body.length };
    const sent = request(url, { method: 'POST', agent, headers }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () =>
        resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks).toString() }),
      );
    });
    sent.on('error', reject);
    sent.end(body);
  });
}

export function connections(count: number): Agent {
  return new Agent({ keepAlive: true, maxSockets: count });
}

/** Runs every job, `width` of them at a time; gives the milliseconds that each took, in order of completion. */
export async function inParallel(
  jobs: readonly (() => Promise<void>)[],
  width: number,
): Promise<number[]> {
  const left = [...jobs];
  const times: number[] = [];
  const worker = async (): Promise<void> => {
    for (let job = left.shift(); job !== undefined; job = left.shift()) {
      const started = performance.now();
      await job();
      times.push(performance.now() - started);
    }
  };
  await Promise.all(Array.from({ length: width }, worker));
  return times;
}
