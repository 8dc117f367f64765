/** The worker: hashes and judges off the main thread. It has no network: what it judges, it is given. */
import { formatFocusCsv } from '../../core/report/focus-csv.ts';
import type { VerificationRules } from '../../core/trust/quorum.ts';
import { parseTrustRoot, type TrustRoot } from '../../core/trust/trust-root.ts';
import { AttestryError } from '../../errors.ts';
import { hashModel } from './hashing.ts';
import { type Judged, namesOf, proofOf } from './judged.ts';
import { checkNote, judgeFile, kindOf, viewTrust } from './judging.ts';
import type { Call, Judgement, JudgeRequest, Refusal, Reply, Tasks } from './protocol.ts';
import type { OnProgress } from './signatures.ts';

const PROGRESS_MS = 100;

const roots = new Map<string, TrustRoot>();
const kept = new Map<number, Judged>();
let lastHandle = 0;

self.onmessage = ({ data }: MessageEvent<Call>) => void answer(data);

async function answer({ id, task, input }: Call): Promise<void> {
  try {
    const tasks = tasksFor(progressOf(id));
    const run = tasks[task] as (input: unknown) => unknown;
    reply({ id, output: await run(input) });
  } catch (error) {
    reply({ id, refusal: refusalOf(error) });
  }
}

function reply(message: Reply): void {
  self.postMessage(message);
}

function tasksFor(onProgress: OnProgress): Tasks {
  return {
    trust(bytes) {
      const root = parseTrustRoot(bytes);
      roots.set(root.digest, root);
      return viewTrust(root, Math.floor(Date.now() / 1000));
    },
    kind: kindOf,
    hash: (model) => hashModel(model, onProgress),
    judge: (request) => keep(request, onProgress),
    rows: ({ handle, from, to }) => judged(handle).report.statements.slice(from, to),
    proof: ({ handle, origin, index }) => proofOf(judged(handle), origin, index),
    notes: ({ handle, origin }) =>
      judged(handle).notes.get(origin) ?? { checkpoint: '', tally: null },
    check: (request) => request.notes.map((note) => checkNote(note, rulesOf(request))),
    csv: (handle) => formatFocusCsv(judged(handle).report),
    bytes: (handle) => judged(handle).bytes,
    forget: (handle) => void kept.delete(handle),
  };
}

async function keep(request: JudgeRequest, onProgress: OnProgress): Promise<Judgement> {
  const rules = rulesOf(request);
  const file = await judgeFile(request, rules, onProgress);
  const handle = ++lastHandle;
  kept.set(handle, file);
  const { statements, ...report } = file.report;
  return {
    handle,
    report,
    statements: statements.length,
    names: namesOf(file),
    bytes: file.bytes.length,
    logsTrusted: rules.trust.logs.size,
  };
}

function rulesOf({
  trust: digest,
  maxAge,
}: Pick<JudgeRequest, 'trust' | 'maxAge'>): VerificationRules {
  const trust = roots.get(digest);
  if (trust === undefined) throw new RangeError(`Expected a known trust root, got ${digest}.`);
  const now = Math.floor(Date.now() / 1000);
  return { trust, now, ...(maxAge === undefined ? {} : { maxAge }) };
}

function judged(handle: number): Judged {
  const file = kept.get(handle);
  if (file === undefined) throw new RangeError(`Expected a judged file, got ${handle}.`);
  return file;
}

/** Tells the page at most ten times a second. */
function progressOf(id: number): OnProgress {
  let last = 0;
  return (done, total) => {
    const now = Date.now();
    if (now - last < PROGRESS_MS && done < total) return;
    last = now;
    reply({ id, done, total });
  };
}

function refusalOf(error: unknown): Refusal {
  if (error instanceof AttestryError) return { code: error.code, message: error.message };
  return { code: 'INTERNAL', message: error instanceof Error ? error.message : String(error) };
}
