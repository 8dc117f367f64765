/** Entries for tallies: thousands of them in no time, as a tally does not look at signatures. */
import { encodeBase64 } from '../../src/core/bytes/base64.ts';
import { formatCanonicalJson } from '../../src/core/bytes/json.ts';
import { formatTime, parseTime } from '../../src/core/bytes/time.ts';
import { PAYLOAD_TYPE } from '../../src/core/statement/envelope.ts';
import { formatStatement, type Statement } from '../../src/core/statement/statement.ts';
import { digestOf, sampleStatement } from './statements.ts';

const SIGNATURE = { keyid: '00'.repeat(32), sig: encodeBase64(new Uint8Array(64)) };
const START = parseTime('2026-09-01T00:00:00Z');
const WINDOW_SECONDS = 600;

function unsignedEntry(statement: Statement): Uint8Array {
  return unsignedPayload(formatStatement(statement));
}

function unsignedPayload(payload: Uint8Array): Uint8Array {
  return formatCanonicalJson({
    payload: encodeBase64(payload),
    payloadType: PAYLOAD_TYPE,
    signatures: [SIGNATURE],
  });
}

/** A fake log: the same entries for the same count, of all kinds, about a few models; every ninth is no statement. */
export function fakeLog(count: number): Uint8Array[] {
  return Array.from({ length: count }, (_, index) =>
    index % 9 === 8 ? formatCanonicalJson({ index }) : unsignedEntry(statementAt(index)),
  );
}

function statementAt(index: number): Statement {
  const model = digestOf(`model ${index % 4}`);
  const issuedAt = formatTime(START + (index + 1) * WINDOW_SECONDS);
  const context = { issuedAt };
  if (index % 7 === 0) return sampleStatement('deployment', { model, context });
  if (index % 31 === 0) return sampleStatement('revocation', { model, context });
  if (index % 11 === 0) {
    const subject = ['a', 'b'].map((name) => ({ name, digest: { sha256: digestOf(name) } }));
    return sampleStatement('evaluation', { subject, context });
  }
  const window = { start: formatTime(START + index * WINDOW_SECONDS), end: issuedAt };
  return sampleStatement('usage', { model, context, predicate: { window } });
}
