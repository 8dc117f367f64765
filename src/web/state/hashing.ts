/** The digest under way: in a worker of its own, which is ended to stop it. */
import { signal } from '@preact/signals';
import type { HashedModel, PickedModel } from '../worker/protocol.ts';
import { WorkerClient } from '../worker-client.ts';
import { failureOf } from './opened.ts';

export interface Hashing {
  readonly name: string;
  readonly done: number;
  readonly total: number;
}

export const hashing = signal<Hashing | undefined>(undefined);
export const hashingFailure = signal('');

// Started with the page: later the network may be gone from which it comes.
let client = new WorkerClient();
let current = 0;

/** The digests of the model; undefined when it was stopped or could not be read. */
export async function hash(model: PickedModel): Promise<HashedModel | undefined> {
  if (hashing.value !== undefined) stopHashing();
  const number = ++current;
  hashingFailure.value = '';
  hashing.value = { name: model.name, done: 0, total: 0 };
  try {
    return await client.run('hash', model, (done, total) => {
      if (number === current) hashing.value = { name: model.name, done, total };
    });
  } catch (error) {
    if (number === current) hashingFailure.value = failureOf(error).message;
    return undefined;
  } finally {
    if (number === current) hashing.value = undefined;
  }
}

export function stopHashing(): void {
  current += 1;
  hashing.value = undefined;
  client.stop();
  client = new WorkerClient();
}
