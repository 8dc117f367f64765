import { request } from 'node:http';
import type { Answer } from '../helpers/log-site.ts';

/** Asks with the path as it stands, where other clients tidy it up. */
export function rawGet(url: string, path: string): Promise<Answer> {
  const { hostname, port } = new URL(url);
  return new Promise((resolve, reject) => {
    const asked = request({ hostname, port, path, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('end', () => {
        const body = Buffer.concat(chunks).toString();
        const { statusCode = 0, headers } = response;
        resolve({ statusCode, headers, body, json: () => JSON.parse(body) });
      });
    });
    asked.on('error', reject);
    asked.end();
  });
}
