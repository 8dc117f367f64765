/** Requests over connections that stay open. */
import { type Agent, request } from 'node:http';

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
