/** The witness on the network: c2sp.org/tlog-witness, both its submission and its monitoring interface. */
import type { FastifyReply, FastifyRequest } from 'fastify';
import { Counter, Gauge, Registry } from 'prom-client';
import { decodeUtf8 } from '../core/bytes/utf8.ts';
import { parseAddCheckpoint } from '../core/note/add-checkpoint.ts';
import { AttestryError } from '../errors.ts';
import { Type } from '../typebox.ts';
import { VERSION } from '../version.ts';
import type { Witness } from '../witness/witness.ts';
import type { WitnessState } from '../witness/witness-store.ts';
import { type AppOptions, createApp } from './app.ts';
import type { App } from './app-type.ts';
import { bodyOf, takeAnyBody } from './body.ts';
import { addHealthRoutes, type Health } from './health.ts';
import { refuse } from './refusal.ts';

export type WitnessAppOptions = Pick<AppOptions, 'limits' | 'log' | 'trustedProxies'>;

/** The largest request: 63 hashes and a checkpoint with a hundred signatures of others fit. */
const BODY_BYTES = 128 * 1024;
const TEXT = 'text/plain; charset=utf-8';
/** How long the monitoring interface may lag behind a cache; the specification allows an hour. */
const CHECKPOINT_AGE_SECONDS = 2;

/** The app of a witness. */
export async function createWitnessApp(
  witness: Witness,
  options: WitnessAppOptions = {},
): Promise<App> {
  const app = await createApp({
    ...options,
    api: {
      title: `Attestry witness ${witness.name}`,
      description: 'Cosigns checkpoints of transparency logs, by c2sp.org/tlog-witness.',
      version: VERSION,
    },
  });
  const registry = new Registry();
  await app.register(async (scope: App) => {
    addSubmission(scope, witness);
    countAnswers(scope, registry);
  });
  addMonitoring(app, witness);
  measureLogs(registry, witness);
  addHealthRoutes(app, { health: () => healthOf(witness), registry });
  return app;
}

function addSubmission(scope: App, witness: Witness): void {
  takeAnyBody(scope);
  scope.post(
    '/add-checkpoint',
    { bodyLimit: BODY_BYTES, schema: SUBMISSION_SCHEMA, errorHandler: answerRefusal },
    async (request, reply) => {
      const submission = parseAddCheckpoint(decodeUtf8(bodyOf(request)));
      const line = await witness.addCheckpoint(submission);
      return reply.header('content-type', TEXT).header('cache-control', 'no-store').send(line);
    },
  );
}

// The one refusal whose body the protocol lays down: the size that the sender must prove from.
function answerRefusal(error: unknown, request: FastifyRequest, reply: FastifyReply): FastifyReply {
  if (!(error instanceof AttestryError) || error.code !== 'WITNESS_SIZE_CONFLICT') {
    return refuse(error, request, reply);
  }
  request.refusal = error.code;
  return reply
    .code(409)
    .header('content-type', 'text/x.tlog.size')
    .header('cache-control', 'no-store')
    .send(`${error.details['size']}\n`);
}

function addMonitoring(app: App, witness: Witness): void {
  app.get('/:originHash/checkpoint', { schema: MONITORING_SCHEMA }, async (request, reply) => {
    const note = witness.latestCheckpoint(request.params.originHash);
    if (note === undefined) {
      throw new AttestryError(
        'WITNESS_ORIGIN_UNKNOWN',
        'Expected the hex SHA-256 of the origin of a log that this witness has cosigned.',
      );
    }
    return reply
      .header('content-type', TEXT)
      .header('cache-control', `public, max-age=${CHECKPOINT_AGE_SECONDS}`)
      .send(note);
  });
}

function countAnswers(scope: App, registry: Registry): void {
  const answers = new Counter({
    name: 'attestry_witness_add_checkpoint_total',
    help: 'Answers to add-checkpoint: COSIGNED, or the code of the refusal.',
    labelNames: ['result'],
    registers: [registry],
  });
  scope.addHook('onResponse', (request, _reply, done) => {
    answers.inc({ result: request.refusal ?? 'COSIGNED' });
    done();
  });
}

function measureLogs(registry: Registry, witness: Witness): void {
  const measure = (name: string, help: string, read: (state: WitnessState) => number) =>
    new Gauge({
      name,
      help,
      labelNames: ['origin'],
      registers: [registry],
      collect() {
        for (const state of witness.states()) this.set({ origin: state.origin }, read(state));
      },
    });
  measure('attestry_witness_log_size', 'Size cosigned last.', ({ size }) => size);
  measure('attestry_witness_cosigned_seconds', 'Unix time cosigned last.', ({ time }) => time);
}

function healthOf(witness: Witness): Health {
  const ok = witness.failure === undefined;
  const detail = ok
    ? `holds the state of ${witness.states().length} logs`
    : 'failed; nothing is cosigned until a restart';
  return { ok, checks: { store: { ok, detail } } };
}

const NOTE_TEXT = { content: { 'text/plain': { schema: Type.String() } } };

const SUBMISSION_SCHEMA = {
  tags: ['witness'],
  summary: 'Cosign a checkpoint',
  description:
    'The body is `old <size>`, up to 63 lines of hashes from there to the checkpoint, a blank line and the signed checkpoint.',
  consumes: ['text/plain'],
  body: Type.String(),
  response: {
    200: { description: 'The cosignature, as a line of a signed note.', ...NOTE_TEXT },
    409: {
      description: 'The old size is not the size cosigned last, which the body names.',
      content: { 'text/x.tlog.size': { schema: Type.String({ pattern: '^[0-9]+\\n$' }) } },
    },
  },
};

const MONITORING_SCHEMA = {
  tags: ['witness'],
  summary: 'The checkpoint of a log that was cosigned last',
  params: Type.Object({
    originHash: Type.String({ description: 'Lowercase hex SHA-256 of the origin.' }),
  }),
  response: {
    200: { description: 'The checkpoint, signed by log and witness.', ...NOTE_TEXT },
  },
};
