/** One witness: settings in, its memory opened, listening; closed in reverse. */

import { parseVkey } from '../src/core/note/vkey.ts';
import { readKeyFile } from '../src/keys/key-file.ts';
import { Type } from '../src/typebox.ts';
import {
  announce,
  DATA,
  HOST,
  KEY,
  LOG_LEVEL,
  PASSPHRASE,
  PORT,
  passphraseOf,
  REQUESTS_PER_SECOND,
} from './common-settings.ts';
import { loadConfig } from './config.ts';
import { Parts, runProcess } from './process.ts';
import { startWitness } from './witness-part.ts';

const SETTINGS = Type.Object(
  {
    key: KEY,
    passphrase: PASSPHRASE,
    data: DATA,
    logs: Type.Array(Type.String(), {
      minItems: 1,
      examples: ['log.example/eu+1a2b3c4d+AQ...'],
      description: 'Verifier keys of the logs to cosign for, with commas between them.',
    }),
    origins: Type.Optional(
      Type.Record(Type.String(), Type.String(), {
        examples: ['{"sum.golang.org":"go.sum database tree"}'],
        description: 'Origins of logs whose key has another name, by the name of the key.',
      }),
    ),
    host: HOST,
    port: PORT,
    requestsPerSecond: REQUESTS_PER_SECOND,
    logLevel: LOG_LEVEL,
  },
  { additionalProperties: false },
);

await runProcess(async () => {
  const config = loadConfig(SETTINGS, {
    name: 'attestry witness',
    description: 'Runs a witness.',
    example: 'attestry witness --key w1.key --data ./w1 --logs "$(cat log-eu.vkey)" --port 8201',
    argv: process.argv.slice(2),
    env: process.env,
  });
  if (config === undefined) return undefined;
  const signer = await readKeyFile(config.key, passphraseOf(config));
  const parts = new Parts();
  try {
    const { origins } = config;
    const url = await startWitness(parts, {
      ...config,
      signer,
      logs: config.logs.map(parseVkey),
      ...(origins === undefined ? {} : { origins }),
    });
    announce({ role: 'witness', name: signer.name, url });
    return parts;
  } catch (error) {
    await parts.close();
    throw error;
  }
});
