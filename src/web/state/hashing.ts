/** The digest under way: in a worker of its own, which is ended to stop it. */
import { signal } from '@preact/signals';
import type { HashedModel, PickedModel } from '../worker/protocol.ts';
import { WorkerClient } from '../worker-client.ts';
import { failureOf } from './answer.ts';

export interface Hashing {
  readonly name: string;
  readonly done: number;
  readonly total: number;
}

export const hashing = signal<Hashing | undefined>(undefined);
export const hashingFailure = signal('');

let current: WorkerClient | undefined;

/** The digests of the model; undefined when it was stopped or could not be read. */
export async function hash(model: PickedModel): Promise<HashedModel | undefined> {
  stopHashing();
  hashingFailure.value = '';
  hashing.value = { name: model.name, done: 0, total: 0 };
  const client = new WorkerClient();
  current = client;
  try {
    return await client.run('hash', model, (done, total) => {
      if (current === client) hashing.value = { name: model.name, done, total };
    });
  } catch (error) {
    if (current === client) hashingFailure.value = failureOf(error).message;
    return undefined;
  } finally {
    client.stop();
    if (current === client) hashing.value = undefined;
  }
}

export function stopHashing(): void {
  const stopped = current;
  current = undefined;
  hashing.value = undefined;
  stopped?.stop();
}
