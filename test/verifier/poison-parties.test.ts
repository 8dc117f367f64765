import type { RequestListener, ServerResponse } from 'node:http';
import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createWitnessSource } from '../../src/client/log-source.ts';
import { createPeerSource } from '../../src/client/peer-source.ts';
import type { TrustedWitness } from '../../src/core/trust/trust-root.ts';
import type { VerifierOptions } from '../../src/verifier/verifier.ts';
import { type Peer, startPeer } from '../client/peer-server.ts';
import { makeTalliedNetwork } from '../helpers/tallied-network.ts';
import { temporaryFolder } from '../helpers/temporary-folder.ts';
import { standingOf, statusOf, VerifierBed } from '../helpers/verifier-bed.ts';

interface Poison {
  readonly what: string;
  /** What the party is said to have done. */
  readonly codes: readonly string[];
  readonly answer: (response: ServerResponse, internal: Peer) => void;
  /** Short where nothing else ends the exchange. */
  readonly timeoutMs?: number;
}

const BOMB = gzipSync(Buffer.alloc(64 * 1024 * 1024));
const JSON_TYPE = { 'content-type': 'application/json' };

const text =
  (body: string | Buffer, headers: Record<string, string> = {}) =>
  (response: ServerResponse): void =>
    void response.writeHead(200, headers).end(body);

function endless(response: ServerResponse): void {
  response.writeHead(200);
  const more = (): void => {
    while (!response.destroyed && response.write(Buffer.alloc(65_536, 'x')));
    if (!response.destroyed) response.once('drain', more);
  };
  more();
}

const POISONS: readonly Poison[] = [
  { what: 'nothing', codes: ['RESPONSE_INVALID'], answer: text('') },
  { what: 'noise', codes: ['RESPONSE_INVALID'], answer: text(Buffer.from([0xff, 0xfe, 0, 10])) },
  { what: 'JSON of another shape', codes: ['RESPONSE_INVALID'], answer: text('{"a":[1]}') },
  {
    what: 'lists of what does not belong there',
    codes: ['RESPONSE_INVALID'],
    answer: text('{"checkpoints":[1],"findings":[{"id":"../../x","origin":"eu.log.example"}]}'),
  },
  {
    what: 'more notes than anyone has',
    codes: ['RESPONSE_INVALID'],
    answer: text(`{"checkpoints":[${'"x",'.repeat(999)}"x"],"findings":[]}`),
  },
  {
    what: 'notes that are none',
    codes: ['RESPONSE_INVALID', 'NOTE_MALFORMED'],
    answer: text('{"checkpoints":["x"],"findings":[]}'),
  },
  { what: 'deep nesting', codes: ['RESPONSE_INVALID'], answer: text('['.repeat(100_000)) },
  { what: 'a body without end', codes: ['RESPONSE_TOO_LARGE'], answer: endless },
  {
    what: 'a gzip bomb',
    codes: ['RESPONSE_TOO_LARGE'],
    answer: text(BOMB, { ...JSON_TYPE, 'content-encoding': 'gzip' }),
  },
  {
    what: 'gzip that is none',
    codes: ['RESPONSE_INVALID'],
    answer: text('not packed', { 'content-encoding': 'gzip' }),
  },
  {
    what: 'a redirect to an internal address',
    codes: ['RESPONSE_INVALID'],
    answer: (response, { url }) => response.writeHead(302, { location: `${url}/secret` }).end(),
  },
  {
    what: 'silence',
    codes: ['PEER_UNAVAILABLE'],
    answer: () => undefined,
    timeoutMs: 300,
  },
  {
    what: 'half an answer',
    codes: ['PEER_UNAVAILABLE', 'RESPONSE_INVALID'],
    answer: (response) => {
      response.writeHead(200, { 'content-length': '1000' });
      response.write('{"checkpoints":[');
      setImmediate(() => response.destroy());
    },
  },
  {
    what: 'broken HTTP',
    codes: ['RESPONSE_INVALID'],
    answer: (response) => void response.socket?.end('HTTP/9 1 ?\r\n\r\n'),
  },
  {
    what: 'trouble',
    codes: ['PEER_UNAVAILABLE'],
    answer: (response) =>
      response.writeHead(500, JSON_TYPE).end('{"error":{"code":"STORE_FAILED","message":"full"}}'),
  },
];

/** Two logs, followed by a verifier for which one witness, or one other verifier, is the hostile server. */
async function followedBeside(
  role: 'witness' | 'verifier',
  { url, timeoutMs }: { readonly url: string; readonly timeoutMs: number },
): Promise<{ bed: VerifierBed; problem: () => string | undefined; round: () => Promise<void> }> {
  const network = makeTalliedNetwork({ regions: ['eu', 'us'], verifierQuorum: 0 });
  const bed = new VerifierBed(network, await temporaryFolder());
  for (const served of bed.served) {
    served.log.state('evaluation');
    served.publish();
  }
  const at = (party: TrustedWitness): TrustedWitness => ({ ...party, url });
  const quiet = {
    checkpoints: async () => [],
    findings: async () => [],
    finding: async () => undefined,
  };
  const options: Partial<VerifierOptions> =
    role === 'witness'
      ? { witnessSource: (witness) => createWitnessSource(at(witness), { timeoutMs }) }
      : {
          peers: {
            self: 'verifier1.example',
            source: ({ name }) =>
              name === 'verifier2.example' ? createPeerSource(url, { timeoutMs }) : quiet,
          },
        };
  const verifier = await bed.open(options);
  return {
    bed,
    problem: () => (role === 'witness' ? verifier.witnesses() : verifier.peers())[0]?.problem?.code,
    round: async () => {
      await verifier.round();
      for (const served of bed.served) {
        expect(standingOf(verifier, served)).toBe('followed');
        expect(statusOf(verifier, served.log.origin).mirroredSize).toBe(1);
      }
      expect(verifier.findings.list()).toEqual([]);
      expect(bed.defects).toEqual([]);
    },
  };
}

describe.each(['witness', 'verifier'] as const)('a %s that answers with', (role) => {
  it.each(POISONS)(
    '$what spoils only what is said about itself',
    async ({ answer, codes, timeoutMs = 10_000 }) => {
      const internal = await startPeer((_, response) => response.end('secret'));
      const listener: RequestListener = (_, response) => answer(response, internal);
      const { url } = await startPeer(listener);
      const { problem, round } = await followedBeside(role, { url, timeoutMs });
      await round();
      expect(codes).toContain(problem());
      expect(internal.connections()).toBe(0);
    },
  );
});
