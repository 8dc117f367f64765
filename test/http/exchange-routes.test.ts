import { describe, expect, it, onTestFinished } from 'vitest';
import { formatReceipt } from '../../src/core/receipt/receipt.ts';
import { judge } from '../../src/core/report/judge.ts';
import type { App } from '../../src/http/app-type.ts';
import { createVerifierApp } from '../../src/http/verifier-app.ts';
import type { Verifier } from '../../src/verifier/verifier.ts';
import { forkOf } from '../helpers/peers.ts';
import { digestOf } from '../helpers/statements.ts';
import { VerifierBed } from '../helpers/verifier-bed.ts';

async function site(): Promise<{ bed: VerifierBed; verifier: Verifier; app: App }> {
  const bed = await VerifierBed.make();
  for (const served of bed.served) {
    served.log.state('training');
    served.publish();
  }
  const verifier = await bed.openAndLook();
  const app = await createVerifierApp(verifier, { log: false, limits: { requestsPerWindow: 0 } });
  onTestFinished(() => app.close());
  return { bed, verifier, app };
}

describe('addExchangeRoutes', () => {
  it('shows the checkpoints that it knows of a log', async () => {
    const { app, bed } = await site();
    const { origin } = bed.eu.log;
    const answer = await app.inject(`/v1/checkpoints/${origin}`);
    expect([answer.statusCode, answer.headers['cache-control']]).toEqual([200, 'no-cache']);
    expect(answer.json()).toEqual({ origin, checkpoints: [bed.eu.checkpoint] });
  });

  it('holds a log to a receipt, and refuses what is none', async () => {
    const { app, bed, verifier } = await site();
    const post = (payload: string | Uint8Array) =>
      app.inject({
        method: 'POST',
        url: '/v1/receipts',
        headers: { 'content-type': 'application/json' },
        payload: Buffer.from(payload),
      });
    const { log } = bed.us;
    const promised = formatReceipt(log.receipt(log.state('deployment'), { witnesses: [] }));
    const waiting = { origin: log.origin, index: 1, state: 'waiting', finding: null };
    expect((await post(promised)).json()).toEqual(waiting);
    bed.us.log = forkOf(bed.us, 1, bed);
    bed.us.log.state('training', { model: digestOf('another') });
    bed.us.publish();
    await verifier.round();
    const held = (await post(promised)).json();
    expect(held).toMatchObject({ state: 'contradicted' });
    const finding = await app.inject(`/v1/findings/${held.finding}`);
    expect(judge(finding.rawPayload, bed.network.rules).outcome).toBe('EQUIVOCATION');
    const refused = await post('{}');
    expect([refused.statusCode, refused.json().error.code]).toEqual([400, 'RECEIPT_MALFORMED']);
  });
});
