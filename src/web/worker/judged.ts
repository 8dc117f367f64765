/** A file that the worker has judged, kept so that every line of the report can be opened to its proof. */
import { encodeHex } from '../../core/bytes/hex.ts';
import { decodeUtf8 } from '../../core/bytes/utf8.ts';
import type { Dossier } from '../../core/dossier/dossier.ts';
import { leafHash, nodeHash } from '../../core/merkle/hash.ts';
import { subtreePath } from '../../core/merkle/subtree-path.ts';
import { parseCheckpoint } from '../../core/note/checkpoint.ts';
import { parseReceipt } from '../../core/receipt/receipt.ts';
import type { Report, ReportedLog } from '../../core/report/report.ts';
import { type Envelope, fieldsOf } from '../../core/statement/envelope.ts';
import { parseStatement } from '../../core/statement/statement.ts';
import type { LogNotes, PathStep, ProofView } from './protocol.ts';

/** One entry with what proves it. */
export interface Shown {
  readonly origin: string;
  readonly index: number;
  readonly envelope: Envelope;
  readonly proof: readonly Uint8Array[];
  readonly checkpoint: string;
}

export interface Judged {
  readonly bytes: Uint8Array;
  readonly report: Report;
  readonly shown: ReadonlyMap<string, Shown>;
  readonly notes: ReadonlyMap<string, LogNotes>;
}

/** The parts of a file by which its report can be opened; empty where the report has no statements. */
export function openJudged(
  bytes: Uint8Array,
  report: Report,
  dossier: Dossier | undefined,
): Judged {
  const shown = new Map<string, Shown>();
  const notes = new Map<string, LogNotes>();
  if (report.logs.length > 0) {
    if (report.of === 'receipt') openReceipt(bytes, shown, notes);
    if (dossier !== undefined) openDossier(dossier, shown, notes);
  }
  return { bytes, report, shown, notes };
}

function openReceipt(bytes: Uint8Array, shown: Map<string, Shown>, notes: Map<string, LogNotes>) {
  const { envelope, proof } = parseReceipt(bytes);
  const { origin } = parseCheckpoint(proof.checkpoint).checkpoint;
  const { index, checkpoint } = proof;
  shown.set(keyOf(origin, index), { origin, index, envelope, proof: proof.proof, checkpoint });
  notes.set(origin, { checkpoint, tally: null });
}

function openDossier(
  { logs }: Dossier,
  shown: Map<string, Shown>,
  notes: Map<string, LogNotes>,
): void {
  for (const log of logs) {
    if ('missing' in log) continue;
    const { origin, checkpoint, tally } = log;
    notes.set(origin, { checkpoint, tally: tally?.note ?? null });
    for (const entry of log.entries) {
      shown.set(keyOf(origin, entry.index), { origin, checkpoint, ...entry });
    }
  }
}

function keyOf(origin: string, index: number): string {
  return `${index} ${origin}`;
}

/** The names that verified statements give the model, each once. */
export function namesOf({ report, shown }: Judged, most = 200): readonly string[] {
  const names = new Set<string>();
  for (const { origin, index } of report.statements.slice(0, most)) {
    const entry = shown.get(keyOf(origin, index));
    if (entry === undefined) continue;
    for (const { name, digest } of parseStatement(entry.envelope.payload).subject) {
      if (digest.sha256 === report.model) names.add(name);
    }
  }
  return [...names];
}

/** How a statement of the report is proven; only what the report holds can be opened. */
export function proofOf({ report, shown }: Judged, origin: string, index: number): ProofView {
  const isVerified = report.statements.some((row) => row.origin === origin && row.index === index);
  const entry = shown.get(keyOf(origin, index));
  const log = report.logs.find((candidate) => candidate.origin === origin);
  if (!isVerified || entry === undefined || log === undefined) {
    throw new RangeError(`Expected a verified statement, got entry ${index}.`);
  }
  return viewOf(entry, log);
}

function viewOf(
  { origin, index, envelope, proof, checkpoint }: Shown,
  log: ReportedLog,
): ProofView {
  const leaf = leafHash(envelope.entry);
  return {
    origin,
    index,
    size: log.size,
    leaf: encodeHex(leaf),
    path: climb(leaf, { index, size: log.size, proof }),
    root: log.root,
    checkpoint,
    cosignatures: log.witnesses,
    keyIds: envelope.signatures.map(({ keyid }) => keyid),
    statement: readable(JSON.parse(decodeUtf8(envelope.payload))),
    envelope: readable(fieldsOf(envelope)),
  };
}

/** Every hash on the way from a leaf to the root. */
export function climb(
  leaf: Uint8Array,
  at: { readonly index: number; readonly size: number; readonly proof: readonly Uint8Array[] },
): readonly PathStep[] {
  const { steps } = subtreePath({ start: at.index, end: at.index + 1 }, at.size);
  let node = leaf;
  return at.proof.map((sibling, i) => {
    const side = steps[i] === 'right' ? 'right' : 'left';
    node = side === 'right' ? nodeHash(node, sibling) : nodeHash(sibling, node);
    return { side, sibling: encodeHex(sibling), parent: encodeHex(node) };
  });
}

function readable(value: unknown): string {
  return JSON.stringify(value, null, 2);
}
