/** Files that somebody sent: told apart, and judged with the trust root that came along or the one in use. No network. */
import { signal } from '@preact/signals';
import type { FileKind, HashedModel, PickedModel } from '../worker/protocol.ts';
import { hash } from './hashing.ts';
import { failureOf, type Opened, openWith } from './opened.ts';
import { type Trust, usable, useOwnTrust, worker } from './trust.ts';

export interface SentFile {
  readonly name: string;
  readonly kind: FileKind;
  readonly bytes: Uint8Array;
}

export const sent = signal<SentFile | undefined>(undefined);
export const opened = signal<Opened | undefined>(undefined);
export const compared = signal<HashedModel | undefined>(undefined);
export const sentProblem = signal('');
/** Digest of the trust root that came with the files. */
export const sentTrust = signal('');
/** Names of files that are none of what can be verified. */
export const strangers = signal<readonly string[]>([]);

/** Takes a trust root into use, and judges the last other file. */
export async function takeFiles(files: readonly File[]): Promise<void> {
  sentProblem.value = '';
  const read = await Promise.all(files.map(readSent));
  strangers.value = read.filter(({ kind }) => kind === 'other').map(({ name }) => name);
  try {
    for (const { kind, bytes } of read) {
      if (kind === 'trust-root') sentTrust.value = (await useOwnTrust(bytes)).digest;
    }
  } catch (error) {
    sentProblem.value = failureOf(error).message;
  }
  const file = read.find(({ kind }) => kind !== 'trust-root' && kind !== 'other');
  if (file !== undefined) sent.value = file;
  await judgeSent();
}

export async function compareWith(model: PickedModel | undefined): Promise<void> {
  if (model === undefined) return;
  compared.value = await hash(model);
  await judgeSent();
}

/** Anew whenever the file, the trust root or the model in hand changes. */
export async function judgeSent(): Promise<void> {
  const trust = usable.value;
  const file = sent.value;
  opened.value = undefined;
  if (trust === undefined || file === undefined) return;
  try {
    opened.value = await judge(file, trust, compared.value);
  } catch (error) {
    sentProblem.value = failureOf(error).message;
  }
}

async function judge(
  { bytes }: SentFile,
  trust: Trust,
  model: HashedModel | undefined,
): Promise<Opened> {
  const judgement = await worker.run('judge', {
    bytes,
    trust: trust.view.digest,
    ...(model === undefined ? {} : { model }),
  });
  return await openWith(worker, judgement, trust);
}

async function readSent(file: File): Promise<SentFile> {
  const bytes = new Uint8Array(await file.arrayBuffer());
  return { name: file.name, bytes, kind: await worker.run('kind', bytes) };
}
