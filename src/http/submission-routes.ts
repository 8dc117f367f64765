/** POST /v1/entries: one envelope, or up to 1,000 of them one a line. */
import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import { encodeHex } from '../core/bytes/hex.ts';
import { formatReceipt } from '../core/receipt/receipt.ts';
import { AttestryError } from '../errors.ts';
import type { Log, Submission } from '../log/log.ts';
import type { CheckpointState } from '../store/log-store.ts';
import { type Static, Type } from '../typebox.ts';
import type { App } from './app-type.ts';
import { bodyOf } from './body.ts';
import { formatRefusal } from './refusal.ts';
import { type RoomBounds, SubmissionRoom } from './submission-room.ts';

const MOST_ENVELOPES = 1000;
const LARGEST_BODY_BYTES = 16 * 1024 * 1024;
// Shorter ones are as many as there are connections, at most.
const LARGE_BODY_BYTES = 128 * 1024;
// Opening an envelope takes a tenth of a millisecond: other requests get their turn after as many.
const ENVELOPES_PER_TURN = 32;
// Enough for the threads that verify to have work while the next slice is opened.
const SLICES_AHEAD = 2;
// Whoever offers more than its share is told so later, and not all of its requests at once: on the connections that it has
// it can then press no harder than a hundred times a second, and each refusal costs the others the time of a request.
const RATE_REFUSED_AFTER_MS = { least: 500, most: 1_000 } as const;
const NEWLINE = 0x0a;
const NEWLINE_BYTE = Uint8Array.of(NEWLINE);

const QUERY = Type.Object(
  {
    wait: Type.Optional(
      Type.Union([Type.Literal('committed'), Type.Literal('witnessed')], {
        description:
          'What to wait for. committed (default): durable and signed by the log. witnessed: cosigned by the quorum.',
      }),
    ),
  },
  { additionalProperties: false },
);

interface Wait {
  readonly for: Static<typeof QUERY>['wait'];
  readonly atMostMs: number;
}

// Sent as bytes, since the receipt in it is canonical JSON already.
const ANSWER = Type.Unsafe<Uint8Array>(
  Type.Object({
    entryHash: Type.String({ description: 'RFC 6962 leaf hash of the entry, hex.' }),
    index: Type.Integer({ minimum: 0 }),
    receipt: Type.Object(
      {},
      { additionalProperties: true, description: 'The receipt, canonical JSON.' },
    ),
    state: Type.Union([Type.Literal('committed'), Type.Literal('witnessed')]),
  }),
);

/** Waiting for witnesses takes no room, but of a large body. */
export interface SubmissionBounds extends RoomBounds {
  /** How long a request may wait for witnesses. */
  readonly witnessWaitMs: number;
}

export function addSubmissionRoutes(app: App, log: Log, bounds: SubmissionBounds): void {
  const room = new SubmissionRoom(bounds);
  app.post(
    '/v1/entries',
    {
      onRequest: (request, reply, done) => {
        room.demand();
        const bytes = announcedBytes(request.headers['content-length']);
        if (bytes > LARGE_BODY_BYTES) reply.raw.once('close', room.hold(bytes));
        done();
      },
      bodyLimit: LARGEST_BODY_BYTES,
      schema: {
        summary: 'Submit one envelope, or up to 1,000 as NDJSON',
        description:
          'application/json: the canonical bytes of one envelope; 201 when it is new, 200 when it was there, 202 when it is committed but the witnesses waited for did not answer in time. application/x-ndjson: one such envelope a line, at most 1,000 and 16 MiB; the answer has one result a line, in the same order, each as for a single one or {"error": …}. The same bytes submitted again get the same index and receipt.',
        tags: ['log'],
        consumes: ['application/json', 'application/x-ndjson'],
        querystring: QUERY,
        response: { 200: ANSWER, 201: ANSWER, 202: ANSWER },
      },
    },
    async (request, reply) => {
      const type = mediaType(request.headers['content-type']);
      const body = bodyOf(request);
      const wait: Wait = { for: request.query.wait, atMostMs: bounds.witnessWaitMs };
      if (type === 'application/x-ndjson') {
        const answers = await submitMany({ log, room }, splitLines(body), wait);
        return reply.type(type).send(Buffer.concat(answers));
      }
      const submission = await room
        .run(async () => log.commit(await log.admit(body)))
        .catch(refuseInTime);
      const state = await reachedState(log, [submission.index], wait);
      const parts = await answer(log, submission, state(submission.index));
      const missed = wait.for === 'witnessed' && state(submission.index) === 'committed';
      return reply
        .code(missed ? 202 : submission.isNew ? 201 : 200)
        .type(type)
        .send(Buffer.concat(parts));
    },
  );
}

/** A body that comes in chunks may be as long as any. */
function announcedBytes(length: string | undefined): number {
  return Math.min(Number(length ?? LARGEST_BODY_BYTES), LARGEST_BODY_BYTES);
}

/** Takes no room while it waits. */
async function refuseInTime(error: unknown): Promise<never> {
  if (error instanceof AttestryError && error.code === 'RATE_LIMITED') {
    const { least, most } = RATE_REFUSED_AFTER_MS;
    await sleep(least + Math.random() * (most - least));
  }
  throw error;
}

function mediaType(header = ''): 'application/json' | 'application/x-ndjson' {
  const type = (header.split(';', 1)[0] as string).trim().toLowerCase();
  if (type === 'application/json' || type === 'application/x-ndjson') return type;
  throw new AttestryError(
    'MEDIA_TYPE_UNSUPPORTED',
    'Expected content type application/json for one envelope or application/x-ndjson for many.',
  );
}

/** The answers to all envelopes, in their order. What one slice is told does not wait for the next. */
async function submitMany(
  { log, room }: { readonly log: Log; readonly room: SubmissionRoom },
  envelopes: readonly Uint8Array[],
  wait: Wait,
): Promise<Uint8Array[]> {
  const answers: Promise<Uint8Array>[] = [];
  await room.run(async () => {
    for await (const admitted of admitSlices(log, envelopes)) {
      // Committed in the order of the lines: the statements of one meter follow each other.
      answers.push(watched(answerSlice(log, log.commitMany(admitted), wait)));
    }
  });
  return await Promise.all(answers);
}

type Admission = Awaited<ReturnType<Log['admitMany']>>;

/**
 * What admission says of each slice, in their order. A few slices are under way at a time: what waits longer is bytes of
 * the request, not objects for the garbage collector to look after.
 */
async function* admitSlices(
  log: Log,
  envelopes: readonly Uint8Array[],
): AsyncGenerator<Admission, void, undefined> {
  const ahead: Promise<Admission>[] = [];
  for (let at = 0; at < envelopes.length; at += ENVELOPES_PER_TURN) {
    ahead.push(watched(log.admitMany(envelopes.slice(at, at + ENVELOPES_PER_TURN))));
    await nextTurn();
    if (ahead.length === SLICES_AHEAD) yield await (ahead.shift() as Promise<Admission>);
  }
  for (const admission of ahead) yield await admission;
}

/** The lines of the answer to one slice. */
async function answerSlice(
  log: Log,
  committed: ReturnType<Log['commitMany']>,
  wait: Wait,
): Promise<Uint8Array> {
  const results = await committed;
  const indexes = results.flatMap((one) => (one instanceof AttestryError ? [] : [one.index]));
  const state = await reachedState(log, indexes, wait);
  await nextTurn();
  const lines: Uint8Array[] = [];
  for (const result of results) lines.push(...(await answerLine(log, result, state)), NEWLINE_BYTE);
  return Buffer.concat(lines);
}

async function answerLine(
  log: Log,
  result: Submission | AttestryError,
  state: StateOf,
): Promise<Answer> {
  try {
    if (result instanceof AttestryError) throw result;
    return await answer(log, result, state(result.index));
  } catch (error) {
    if (error instanceof AttestryError) return [Buffer.from(formatRefusal(error))];
    throw error;
  }
}

/** A promise that is awaited later: whoever does is told of its failure, which does not end the process meanwhile. */
function watched<T>(promise: Promise<T>): Promise<T> {
  promise.catch(() => undefined);
  return promise;
}

type StateOf = (index: number) => CheckpointState;

/** What each entry has reached once all of them have, or the time for it is over. */
async function reachedState(log: Log, indexes: readonly number[], wait: Wait): Promise<StateOf> {
  if (wait.for !== 'witnessed' || indexes.length === 0) return () => 'committed';
  await log.waitForWitnesses(Math.max(...indexes), wait.atMostMs);
  const witnessedSize = log.status().published?.size ?? 0;
  return (index) => (index < witnessedSize ? 'witnessed' : 'committed');
}

/** The bytes of one answer, in parts: joined with those of its slice. */
type Answer = readonly Uint8Array[];

async function answer(log: Log, submission: Submission, state: CheckpointState): Promise<Answer> {
  const { index, entryHash, receipt } = submission;
  const bytes =
    state === 'committed' && receipt !== undefined
      ? receipt()
      : formatReceipt(await log.reader.receipt({ index, entryHash }, state));
  const head = `{"entryHash":"${encodeHex(entryHash)}","index":${index},"receipt":`;
  return [Buffer.from(head, 'latin1'), bytes, Buffer.from(`,"state":"${state}"}`, 'latin1')];
}

function splitLines(body: Uint8Array): Uint8Array[] {
  const lines: Uint8Array[] = [];
  for (let start = 0; start < body.length; ) {
    const newline = body.indexOf(NEWLINE, start);
    const end = newline < 0 ? body.length : newline;
    lines.push(body.subarray(start, end));
    start = end + 1;
    if (lines.length > MOST_ENVELOPES) {
      throw new AttestryError(
        'BATCH_TOO_LARGE',
        `Expected at most ${MOST_ENVELOPES} envelopes in one request; send the rest in another.`,
      );
    }
  }
  return lines;
}
