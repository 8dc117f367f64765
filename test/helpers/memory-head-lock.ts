/** The head lock in memory, with the rules of the one on disk: for tests that crash a log between two writes. */
import { bytesEqual } from '../../src/core/bytes/equal.ts';
import { AttestryError } from '../../src/errors.ts';
import type { HeadLock } from '../../src/store/head-lock.ts';
import type { Head } from '../../src/store/log-store.ts';

/** What the lock's folder is to the lock on disk. */
export interface LockDisk {
  head: Head | undefined;
}

export function openMemoryHeadLock(disk: LockDisk): HeadLock {
  return {
    read: () => disk.head,
    swap: async (expected, next) => {
      if (!sameHead(disk.head, expected)) {
        throw new AttestryError('HEAD_CONFLICT', 'The lock holds another head.');
      }
      if (disk.head !== undefined && next.size < disk.head.size) {
        throw new AttestryError('HEAD_ROLLBACK', 'A log never shrinks.');
      }
      disk.head = next;
    },
    close: async () => {},
  };
}

function sameHead(a: Head | undefined, b: Head | undefined): boolean {
  if (a === undefined || b === undefined) return a === b;
  return a.size === b.size && bytesEqual(a.root, b.root);
}
