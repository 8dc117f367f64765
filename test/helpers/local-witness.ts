/** Witnesses without a network: our own witness app, asked by our own client, in one process. */
import { createHttpWitness } from '../../src/client/http-witness.ts';
import type { NoteSigner, VerifierKey } from '../../src/core/note/vkey.ts';
import type { App } from '../../src/http/app.ts';
import { createWitnessApp } from '../../src/http/witness-app.ts';
import type { WitnessPort } from '../../src/log/witness-port.ts';
import { openWitness } from '../../src/witness/witness.ts';
import { openMemoryWitnessStore } from '../../src/witness/witness-store.ts';

/** A fetch that leads every URL to the app. */
export function fetchOf(app: App): typeof globalThis.fetch {
  return async (input, init = {}) => {
    const { pathname, search } = new URL(String(input));
    const answer = await app.inject({
      method: init.method === 'POST' ? 'POST' : 'GET',
      url: pathname + search,
      ...(init.headers === undefined
        ? {}
        : { headers: Object.fromEntries(new Headers(init.headers)) }),
      ...(typeof init.body === 'string' ? { payload: init.body } : {}),
    });
    return new Response(new Uint8Array(answer.rawPayload), {
      status: answer.statusCode,
      headers: Object.entries(answer.headers).map(([name, value]): [string, string] => [
        name,
        String(value),
      ]),
    });
  };
}

export interface LocalWitnessOptions {
  readonly signer: NoteSigner;
  readonly logs: readonly VerifierKey[];
  /** Unix seconds. */
  readonly now: () => number;
}

/** A witness that remembers what it cosigned as long as the test runs. */
export async function openLocalWitness(options: LocalWitnessOptions): Promise<WitnessPort> {
  const witness = await openWitness({ ...options, store: openMemoryWitnessStore() });
  const app = await createWitnessApp(witness, { log: false, limits: { requestsPerWindow: 0 } });
  const { vkey } = options.signer;
  return createHttpWitness(
    { name: vkey.name, vkey, url: `https://${vkey.name}` },
    { fetch: fetchOf(app), now: options.now },
  );
}
