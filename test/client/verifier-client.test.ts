import { describe, expect, test } from 'vitest';
import { VerifierClient } from '../../src/client/verifier-client.ts';
import { encodeUtf8 } from '../../src/core/bytes/utf8.ts';
import { formatDossier } from '../../src/core/dossier/dossier.ts';
import { findingId, formatFinding } from '../../src/core/finding/finding.ts';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import type { UsageRange } from '../../src/core/tally/questions.ts';
import { contradiction } from '../helpers/findings.ts';
import { makeNetwork, type TestLog } from '../helpers/fixtures.ts';
import { digestOf, MODEL } from '../helpers/statements.ts';
import { codeOf } from '../helpers/store-suite.ts';
import { type Answer, jsonAnswer, noConnection, refusal, scriptedFetch } from './scripted-fetch.ts';

function clientOf(...answers: readonly Answer[]) {
  const { fetch, asked } = scriptedFetch(...answers);
  return { client: new VerifierClient({ url: 'https://verifier.example//', fetch }), asked };
}

const network = makeNetwork();
const log = network.logs[0] as TestLog;
log.state('deployment');
log.state('evaluation');

describe('VerifierClient', () => {
  test('asks for what it is told to', async () => {
    const page = { models: [], next: null };
    const { client, asked } = clientOf(jsonAnswer(page));
    expect(await client.models({ after: MODEL, limit: 5 })).toEqual(page);
    await client.models();
    expect(asked.map(({ url }) => url)).toEqual([
      `https://verifier.example/v1/models?after=${MODEL}&limit=5`,
      'https://verifier.example/v1/models?',
    ]);
  });

  test('gives status, nodes, findings and reports as they are served', async () => {
    const status = { model: MODEL, status: 'attested', outcome: 'VALID', statements: [], more: 1 };
    expect(await clientOf(jsonAnswer(status)).client.model(MODEL)).toEqual(status);
    const nodes = { nodes: [], witnesses: [] };
    expect(await clientOf(jsonAnswer(nodes)).client.nodes()).toEqual(nodes);
    const findings = { findings: [] };
    expect(await clientOf(jsonAnswer(findings)).client.findings()).toEqual(findings);
    const report = { type: 'attestry/report', outcome: 'VALID', problems: [] };
    const { client, asked } = clientOf(jsonAnswer(report));
    expect(await client.verify(encodeUtf8('{}'))).toEqual(report);
    expect(asked[0]).toMatchObject({ method: 'POST', body: '{}' });
  });

  test('hands in a receipt and gives what became of it', async () => {
    const held = { origin: log.origin, index: 1, state: 'waiting', finding: null };
    const { client, asked } = clientOf(jsonAnswer(held));
    const receipt = formatReceipt(log.receipt(1));
    expect(await client.holdToReceipt(receipt)).toEqual(held);
    expect(asked[0]).toMatchObject({
      method: 'POST',
      url: 'https://verifier.example/v1/receipts',
      body: new TextDecoder().decode(receipt),
    });
  });

  test('asks for usage to be summed, and takes no dossier of another range for the answer', async () => {
    const range: UsageRange = {
      from: '2026-10-01T00:00:00Z',
      to: '2026-11-01T00:00:00Z',
      by: 'day',
    };
    const answerOf = (given: UsageRange | undefined): Response => {
      const dossier = { ...network.dossier(MODEL), ...(given && { range: given }) };
      return jsonAnswer(new TextDecoder().decode(formatDossier(dossier)));
    };
    const { client, asked } = clientOf(answerOf(range));
    expect((await client.dossier(MODEL, range)).length).toBeGreaterThan(0);
    expect(asked[0]?.url).toBe(
      `https://verifier.example/v1/models/${MODEL}/dossier?from=2026-10-01T00%3A00%3A00Z&to=2026-11-01T00%3A00%3A00Z&by=day`,
    );
    const shorter: UsageRange = { ...range, to: '2026-10-02T00:00:00Z' };
    const finer: UsageRange = { ...range, by: 'hour' };
    for (const given of [undefined, shorter, finer]) {
      const refused = await codeOf(() => clientOf(answerOf(given)).client.dossier(MODEL, range));
      expect(refused).toBe('RESPONSE_INVALID');
    }
    expect(await codeOf(() => client.dossier(MODEL))).toBe('RESPONSE_INVALID');
  });

  test('gives files byte for byte', async () => {
    const dossier = formatDossier(network.dossier(MODEL));
    const receipt = formatReceipt(log.receipt(1));
    const finding = contradiction(log);
    const trust = encodeUtf8('{"any":"thing"}');
    const answerOf = (bytes: Uint8Array): Response => jsonAnswer(new TextDecoder().decode(bytes));
    expect(await clientOf(answerOf(dossier)).client.dossier(MODEL)).toEqual(dossier);
    const { client, asked } = clientOf(answerOf(receipt));
    expect(await client.receipt(log.origin, 1)).toEqual(receipt);
    expect(asked[0]?.url).toContain(`/v1/entries/${encodeURIComponent(log.origin)}/1/receipt`);
    const id = findingId(finding);
    expect(await clientOf(answerOf(formatFinding(finding))).client.finding(id)).toEqual(
      formatFinding(finding),
    );
    expect(await clientOf(answerOf(trust)).client.trust()).toEqual(trust);
  });

  test('refuses a file that is not the one asked for', async () => {
    const answerOf = (bytes: Uint8Array): Response => jsonAnswer(new TextDecoder().decode(bytes));
    const dossier = answerOf(formatDossier(network.dossier(digestOf('another model'))));
    expect(await codeOf(() => clientOf(dossier).client.dossier(MODEL))).toBe('RESPONSE_INVALID');
    const receipt = answerOf(formatReceipt(log.receipt(0)));
    const { client } = clientOf(receipt);
    expect(await codeOf(() => client.receipt(log.origin, 1))).toBe('RESPONSE_INVALID');
    expect(await codeOf(() => client.receipt('us.log.example', 0))).toBe('RESPONSE_INVALID');
    const finding = answerOf(formatFinding(contradiction(log)));
    expect(await codeOf(() => clientOf(finding).client.finding(MODEL))).toBe('RESPONSE_INVALID');
    const noise = clientOf(jsonAnswer('{}'));
    expect(await codeOf(() => noise.client.dossier(MODEL))).toBe('RESPONSE_INVALID');
  });

  test('refuses what is no answer', async () => {
    for (const body of ['', 'null', '[]', '{"models":[]}', '{"next":null}', 'ok']) {
      const { client } = clientOf(jsonAnswer(body));
      expect(await codeOf(() => client.models()), body).toBe('RESPONSE_INVALID');
    }
  });

  test('passes on why the verifier refuses, and that it is not there', async () => {
    const unknown = clientOf(refusal('MODEL_UNKNOWN', 404));
    expect(await codeOf(() => unknown.client.model(MODEL))).toBe('MODEL_UNKNOWN');
    expect(await codeOf(() => clientOf(noConnection()).client.nodes())).toBe('PEER_UNAVAILABLE');
  });

  test('asks nobody about what is no digest', async () => {
    const { client, asked } = clientOf(jsonAnswer({}));
    expect(await codeOf(() => client.model('../../x'))).toBe('HEX_MALFORMED');
    expect(await codeOf(() => client.dossier('../../x'))).toBe('HEX_MALFORMED');
    expect(await codeOf(() => client.finding('../../x'))).toBe('HEX_MALFORMED');
    expect(asked).toHaveLength(0);
  });
});
