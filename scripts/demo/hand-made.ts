/** What an attacker sends, who does not use our tools: bytes as they are, straight to a log. */
import { boundedFetch } from '../../src/client/bounded-fetch.ts';
import { peerRefusal } from '../../src/client/peer-refusal.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { type Envelope, fieldsOf } from '../../src/core/statement/envelope.ts';
import { formatStatement, parseStatement } from '../../src/core/statement/statement.ts';
import type { UsageQuantities } from '../../src/core/statement/usage.ts';
import { demand, demandEqual } from './expectation.ts';
import type { LogSite } from './log-site.ts';

const TIMEOUT_MS = 10_000;
const LARGEST_ANSWER = 1024 * 1024;

/** Posts an entry. @throws what the log refuses it with, after making sure that the refusal left the log as it was */
export async function postEntry(site: LogSite, entry: Uint8Array): Promise<void> {
  const before = await readHead(site);
  const url = `${site.url}/v1/entries`;
  const response = await boundedFetch(url, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: entry,
    timeoutMs: TIMEOUT_MS,
    maxBytes: LARGEST_ANSWER,
  });
  if (response.status < 400) return;
  demandEqual(await readHead(site), before, 'the head of the log');
  throw peerRefusal(url, response);
}

/** The entry of a usage statement with other quantities under the old signature. */
export function withQuantities(
  envelope: Envelope,
  change: (quantities: UsageQuantities) => UsageQuantities,
): Uint8Array {
  const statement = parseStatement(envelope.payload);
  demand(statement.kind === 'usage', 'a usage statement');
  const { predicate } = statement;
  const quantities = change(predicate.quantities);
  const payload = formatStatement({ ...statement, predicate: { ...predicate, quantities } });
  return formatCanonicalJson(fieldsOf({ ...envelope, payload }));
}

/** Size and root of the log as it stands. */
async function readHead({ url }: LogSite): Promise<string> {
  const { body } = await boundedFetch(`${url}/v1/log`, {
    timeoutMs: TIMEOUT_MS,
    maxBytes: LARGEST_ANSWER,
  });
  const { size, root }: { readonly size: number; readonly root: string } = JSON.parse(
    new TextDecoder().decode(body),
  );
  return `size ${size}, root ${root}`;
}
