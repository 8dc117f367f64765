/** The verifier on the network: what auditors ask, each answer with the file that proves it. */
import type { LogStatus, Verifier } from '../verifier/verifier.ts';
import { VERSION } from '../version.ts';
import { type AppOptions, createApp } from './app.ts';
import type { App } from './app-type.ts';
import { addExchangeRoutes } from './exchange-routes.ts';
import { addHealthRoutes, type Health } from './health.ts';
import { addJudgeRoute } from './judge-route.ts';
import { addModelRoutes } from './model-routes.ts';
import { addNetworkRoutes } from './network-routes.ts';
import type { PageFile } from './page-files.ts';
import { addPageRoutes } from './page-routes.ts';
import { addUsageRoutes } from './usage-routes.ts';
import { verifierMetrics } from './verifier-metrics.ts';

export interface VerifierAppOptions extends Pick<AppOptions, 'limits' | 'log' | 'trustedProxies'> {
  /** The auditor's page, served at `/`. Default: none. */
  readonly page?: readonly PageFile[];
}

/** The app with all its routes, ready to listen. */
export async function createVerifierApp(
  verifier: Verifier,
  options: VerifierAppOptions = {},
): Promise<App> {
  const app = await createApp({
    ...options,
    api: {
      title: 'Attestry verifier',
      description:
        'Follows every log of its trust root and answers auditors. Receipts, dossiers and findings prove themselves offline; everything else here is the word of this service.',
      version: VERSION,
    },
  });
  addModelRoutes(app, verifier);
  addUsageRoutes(app, verifier);
  addJudgeRoute(app, verifier);
  addNetworkRoutes(app, verifier);
  addExchangeRoutes(app, verifier);
  addPageRoutes(app, options.page ?? []);
  addHealthRoutes(app, {
    registry: verifierMetrics(verifier),
    health: () => healthOf(verifier.logs()),
  });
  return app;
}

function healthOf(logs: readonly LogStatus[]): Health {
  const failed = logs.filter(({ state }) => state === 'failed').length;
  const reached = logs.filter(isReached).length;
  const store = {
    ok: failed === 0,
    detail: failed === 0 ? 'the mirrors can be used' : `${failed} mirrors cannot be used`,
  };
  const followed = { ok: reached > 0, detail: `${reached} of ${logs.length} logs answer` };
  return { ok: store.ok && followed.ok, checks: { store, logs: followed } };
}

function isReached({ state }: LogStatus): boolean {
  return state !== 'starting' && state !== 'unreachable' && state !== 'failed';
}
