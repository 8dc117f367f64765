/** The settings that every role has, and what each role reads at its start. */

import { describeTolerance } from '../src/core/trust/tolerance.ts';
import type { TrustRoot } from '../src/core/trust/trust-root.ts';
import { Type } from '../src/typebox.ts';

const LEVELS = ['fatal', 'error', 'warn', 'info', 'debug', 'trace'] as const;

export const HOST = Type.String({ default: '127.0.0.1', description: 'Address to listen on.' });

export const PORT = Type.Integer({
  minimum: 0,
  maximum: 65_535,
  default: 0,
  description: 'Port to listen on; 0 for any free one.',
});

export const DATA = Type.String({
  minLength: 1,
  path: true,
  examples: ['./data'],
  description: 'Folder that this process alone writes to; made if it is not there.',
});

export const TRUST = Type.String({
  minLength: 1,
  path: true,
  examples: ['./trust.json'],
  description: 'The trust root file.',
});

export const ACCEPT_WEAK_QUORUM = Type.Boolean({
  default: false,
  description: 'Go by a trust root whose quorum tolerates no dishonest witness.',
});

export const KEY = Type.String({
  minLength: 1,
  path: true,
  examples: ['./node.key'],
  description: 'Key file, as attestry keygen writes it.',
});

export const PASSPHRASE = Type.Optional(
  Type.String({ secret: true, description: 'Opens an encrypted key file.' }),
);

export const LOG_LEVEL = Type.Union(
  LEVELS.map((level) => Type.Literal(level)),
  { default: 'info', description: 'Least level of the log lines, which go to standard output.' },
);

export const REQUESTS_PER_SECOND = Type.Integer({
  minimum: 0,
  default: 1_000,
  description: 'Requests that one address may make in a second; 0 for no limit.',
});

/** The passphrase as an option of reading a key file. */
export function passphraseOf(config: { readonly passphrase?: string }): { passphrase?: string } {
  return config.passphrase === undefined ? {} : { passphrase: config.passphrase };
}

/** Unix seconds. */
export function unixNow(): number {
  return Math.floor(Date.now() / 1000);
}

export interface Announced {
  readonly role: string;
  readonly name: string;
  readonly url: string;
  /** That it goes by, if it goes by one. */
  readonly trust?: TrustRoot;
}

/** The first line of a role's output, for people and for whoever started it. */
export function announce({ role, name, url, trust }: Announced): void {
  const line = { level: 30, time: Date.now(), msg: 'listening', role, name, url };
  process.stdout.write(`${JSON.stringify({ ...line, ...trustFacts(trust) })}\n`);
}

/** What a role tells of the trust root that it goes by. */
function trustFacts(trust: TrustRoot | undefined): object {
  if (trust === undefined) return {};
  const { digest, version, file } = trust;
  const tolerance = describeTolerance(trust, unixNow()).join(' ');
  return { trustRoot: digest, trustVersion: version, trustExpires: file.expires, tolerance };
}
