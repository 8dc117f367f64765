/** How the followed network stands: its logs and witnesses, what was found against them, and what happens. */

import { encodeHex } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import type { TrustedWitness } from '../core/trust/trust-root.ts';
import { type TSchema, Type } from '../typebox.ts';
import type { LogStatus, Verifier } from '../verifier/verifier.ts';
import type { FiledFinding } from '../verifier/verifier-store.ts';
import type { WitnessStatus } from '../verifier/witness-listener.ts';
import { fileAnswer, LOG_STATE, orNull, PROBLEM, SHA256, TIME } from './answer-schemas.ts';
import type { App } from './app-type.ts';
import { addEventRoute } from './events.ts';

const TAGS = ['network'];
/** A finding is named by its own hash. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

export function addNetworkRoutes(app: App, verifier: Verifier): void {
  app.get(
    '/v1/nodes',
    {
      schema: {
        summary: 'The logs, the witnesses and the other verifiers',
        tags: TAGS,
        response: { 200: NODES },
      },
    },
    async (_request, reply) =>
      reply.header('cache-control', 'no-cache').send({
        nodes: verifier.logs().map(describeLog),
        witnesses: verifier
          .witnesses()
          .map(({ witness, ...heard }) => describePeer(witness, heard)),
        verifiers: verifier
          .peers()
          .map(({ verifier: peer, ...heard }) => describePeer(peer, heard)),
      }),
  );
  addFindingRoutes(app, verifier);
  const trust = Buffer.from(verifier.trust.bytes);
  app.get(
    '/v1/trust',
    {
      schema: {
        summary: 'The trust root that this verifier goes by',
        description:
          'To compare with one that was obtained otherwise; never to be taken from here.',
        tags: TAGS,
        response: fileAnswer('The signed trust root.'),
      },
    },
    async (_request, reply) =>
      reply.type('application/json').header('cache-control', 'no-cache').send(trust),
  );
  addEventRoute(app, '/v1/events', {
    summary: 'What happens: events named checkpoint, finding and node',
    subscribe: (listener, lastEventId) =>
      verifier.events.subscribe(
        ({ number, event, data }) => listener({ id: String(number), event, data }),
        numberOf(lastEventId),
      ),
  });
}

function addFindingRoutes(app: App, verifier: Verifier): void {
  app.get(
    '/v1/findings',
    {
      schema: {
        summary: 'What was found, the newest first',
        tags: TAGS,
        querystring: Type.Object({
          limit: Type.Optional(
            Type.String({
              pattern: '^[1-9][0-9]{0,5}$',
              description: 'At most so many; all unless told.',
            }),
          ),
        }),
        response: { 200: FINDINGS },
      },
    },
    async (request, reply) => {
      const { limit } = request.query;
      const most = limit === undefined ? undefined : Number(limit);
      const findings = verifier.findings.list().slice(0, most);
      return reply
        .header('cache-control', 'no-cache')
        .send({ findings: findings.map(describeFinding) });
    },
  );
  app.get(
    '/v1/findings/:id',
    {
      schema: {
        summary: 'A finding with its evidence, which verifies offline',
        tags: TAGS,
        params: Type.Object({ id: Type.String({ description: 'Hex.' }) }),
        response: fileAnswer('The canonical bytes of the finding.'),
      },
    },
    async (request, reply) => {
      const bytes = verifier.findings.read(request.params.id);
      return reply
        .type('application/json')
        .header('cache-control', IMMUTABLE)
        .send(Buffer.from(bytes));
    },
  );
}

// A client's word: whatever is no number of ours begins with what happens from now on.
function numberOf(lastEventId: string | undefined): number | undefined {
  const isNumber = lastEventId !== undefined && /^[0-9]{1,15}$/.test(lastEventId);
  return isNumber ? Number(lastEventId) : undefined;
}

function describeLog({ log, state, problem, facts, ...counts }: LogStatus): object {
  const { current, verifiedAt } = facts;
  return {
    origin: log.origin,
    operator: log.operator,
    region: log.region,
    url: log.url,
    state,
    size: current?.checkpoint.size ?? 0,
    root: current === undefined ? null : encodeHex(current.checkpoint.root),
    checkpoint: current?.note ?? null,
    witnessedAt: timeOrNull(current?.witnessedAt),
    verifiedAt: timeOrNull(verifiedAt),
    mirroredSize: counts.mirroredSize,
    verifiedEntries: counts.verifiedEntries,
    refusedEntries: counts.refusedEntries,
    talliedSize: counts.talliedSize,
    problem: problem ?? null,
    tallyProblem: counts.tallyProblem ?? null,
  };
}

function describePeer(
  { name, operator, url }: TrustedWitness,
  { heardAt, problem }: Pick<WitnessStatus, 'heardAt' | 'problem'>,
): object {
  return { name, operator, url, heardAt: timeOrNull(heardAt), problem: problem ?? null };
}

function describeFinding({ models, wrong, ...told }: FiledFinding): object {
  return told;
}

function timeOrNull(seconds: number | undefined): string | null {
  return seconds === undefined ? null : formatTime(seconds);
}

const PEERS: TSchema = Type.Array(
  Type.Object({
    name: Type.String(),
    operator: Type.String(),
    url: Type.String(),
    heardAt: orNull(TIME),
    problem: orNull(PROBLEM),
  }),
);

const NODES: TSchema = Type.Object({
  nodes: Type.Array(
    Type.Object({
      origin: Type.String(),
      operator: Type.String(),
      region: Type.String(),
      url: Type.String(),
      state: LOG_STATE,
      size: Type.Integer({ description: 'Entries under the newest verified checkpoint.' }),
      root: orNull(SHA256),
      checkpoint: orNull(
        Type.String({ description: 'The newest verified checkpoint with its cosignatures.' }),
      ),
      witnessedAt: orNull(TIME),
      verifiedAt: orNull(TIME),
      mirroredSize: Type.Integer({ description: 'Entries mirrored so far.' }),
      verifiedEntries: Type.Integer({ description: 'Entries verified since the start.' }),
      refusedEntries: Type.Integer({ description: 'Logged entries that admission refuses.' }),
      talliedSize: Type.Integer({ description: 'Entries under the newest tally found right.' }),
      problem: orNull(PROBLEM),
      tallyProblem: orNull(PROBLEM),
    }),
  ),
  witnesses: PEERS,
  verifiers: PEERS,
});

const FINDINGS: TSchema = Type.Object({
  findings: Type.Array(
    Type.Object({
      id: SHA256,
      origin: Type.String({ description: 'The log that it is held against.' }),
      kind: Type.String(),
      foundAt: TIME,
      foundBy: orNull(Type.String({ description: 'The verifier that this one has it from.' })),
      accused: Type.Array(Type.String({ description: 'Names in the trust root.' })),
      code: Type.String({ description: 'What the evidence proves.' }),
      sentence: Type.String(),
    }),
  ),
});
