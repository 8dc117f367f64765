/** A witness, listening: a process of its own, or beside a log node. */
import type { VerifierKey } from '../src/core/note/vkey.ts';
import type { LogLevel } from '../src/http/app.ts';
import { listen } from '../src/http/listen.ts';
import { createWitnessApp } from '../src/http/witness-app.ts';
import type { OpenedKey } from '../src/keys/key-file.ts';
import { opensslEngine, signInProcess } from '../src/keys/openssl-engine.ts';
import { openLevelWitnessStore } from '../src/witness/level-witness-store.ts';
import { openWitness } from '../src/witness/witness.ts';
import { unixNow } from './common-settings.ts';
import { exitWithDefect, type Parts } from './process.ts';

export interface WitnessPartOptions {
  readonly signer: OpenedKey;
  /** Folder that this witness alone writes to. */
  readonly data: string;
  /** That it cosigns for. */
  readonly logs: readonly VerifierKey[];
  readonly origins?: Readonly<Record<string, string>>;
  readonly host: string;
  readonly port: number;
  readonly requestsPerSecond: number;
  readonly logLevel: LogLevel;
}

/** Opens a witness's memory and listens; gives where. */
export async function startWitness(parts: Parts, options: WitnessPartOptions): Promise<string> {
  const { signer, data, logs, origins = {} } = options;
  const store = parts.add(await openLevelWitnessStore(data));
  const witness = parts.add(
    await openWitness({
      store,
      signer: { ...signer, sign: signInProcess },
      logs,
      origins: new Map(Object.entries(origins)),
      now: unixNow,
      engine: opensslEngine,
      onStoreFailure: exitWithDefect,
    }),
  );
  const app = await createWitnessApp(witness, {
    limits: { requestsPerWindow: options.requestsPerSecond },
    log: { level: options.logLevel, base: { role: 'witness', name: witness.name } },
  });
  return parts.add(await listen(app, options)).url;
}
