/** A log that signs whatever a test wants, forks included: what witnesses and verifiers are tested against. */
import { createHash } from 'node:crypto';
import { signCheckpoint } from '../../src/core/note/checkpoint.ts';
import { publicKeyOf } from '../../src/core/note/ed25519.ts';
import {
  makeVkey,
  type NoteSigner,
  SIGNATURE_TYPE,
  type SignatureType,
} from '../../src/core/note/vkey.ts';
import { NaiveTree, naiveLeaves } from './naive-tree.ts';

export interface SignedLog {
  readonly origin: string;
  readonly signer: NoteSigner;
  readonly tree: NaiveTree;
  /** The signed checkpoint at a size; with another root where one is given. */
  checkpoint(size: number, root?: Uint8Array): string;
}

/** The same arguments give the same key every time. */
export function testSigner(name: string, type: SignatureType, holder = name): NoteSigner {
  const seed = new Uint8Array(createHash('sha256').update(`test key of ${holder}`).digest());
  return { seed, vkey: makeVkey(name, type, publicKeyOf(seed)) };
}

/** A log of `size` small entries. `history` makes another content under the same key. */
export function makeSignedLog(origin: string, size: number, history = 0): SignedLog {
  const signer = testSigner(origin, SIGNATURE_TYPE.ed25519);
  const tree = new NaiveTree(naiveLeaves(size, history));
  return {
    origin,
    signer,
    tree,
    checkpoint: (at, root = tree.root(at)) => signCheckpoint({ origin, size: at, root }, signer),
  };
}
