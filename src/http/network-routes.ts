/** How the followed network stands: its logs and witnesses, what was found against them, and what happens. */
import { type TSchema, Type } from 'typebox';
import { encodeHex } from '../core/bytes/hex.ts';
import { formatTime } from '../core/bytes/time.ts';
import type { LogStatus, Verifier } from '../verifier/verifier.ts';
import type { FiledFinding } from '../verifier/verifier-store.ts';
import type { WitnessStatus } from '../verifier/witness-listener.ts';
import { fileAnswer, LOG_STATE, orNull, PROBLEM, SHA256, TIME } from './answer-schemas.ts';
import type { App } from './app.ts';
import { addEventRoute } from './events.ts';

const TAGS = ['network'];
/** A finding is named by its own hash. */
const IMMUTABLE = 'public, max-age=31536000, immutable';

export function addNetworkRoutes(app: App, verifier: Verifier): void {
  app.get(
    '/v1/nodes',
    { schema: { summary: 'The logs and witnesses', tags: TAGS, response: { 200: NODES } } },
    async (_request, reply) =>
      reply.header('cache-control', 'no-cache').send({
        nodes: verifier.logs().map(describeLog),
        witnesses: verifier.witnesses().map(describeWitness),
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
        summary: 'What was found against logs, the newest first',
        tags: TAGS,
        response: { 200: FINDINGS },
      },
    },
    async (_request, reply) =>
      reply
        .header('cache-control', 'no-cache')
        .send({ findings: verifier.findings.list().map(describeFinding) }),
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

function describeWitness({ witness, heardAt, problem }: WitnessStatus): object {
  const { name, operator, url } = witness;
  return { name, operator, url, heardAt: timeOrNull(heardAt), problem: problem ?? null };
}

function describeFinding({ id, origin, kind, foundAt, code, sentence }: FiledFinding): object {
  return { id, origin, kind, foundAt, code, sentence };
}

function timeOrNull(seconds: number | undefined): string | null {
  return seconds === undefined ? null : formatTime(seconds);
}

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
  witnesses: Type.Array(
    Type.Object({
      name: Type.String(),
      operator: Type.String(),
      url: Type.String(),
      heardAt: orNull(TIME),
      problem: orNull(PROBLEM),
    }),
  ),
});

const FINDINGS: TSchema = Type.Object({
  findings: Type.Array(
    Type.Object({
      id: SHA256,
      origin: Type.String({ description: 'The log that it is held against.' }),
      kind: Type.String(),
      foundAt: TIME,
      code: Type.String({ description: 'What the evidence proves.' }),
      sentence: Type.String(),
    }),
  ),
});
