/** Tally proofs as bytes: nodes in the order node, left, right; each after one byte that says its form. */
import { AttestryError } from '../../errors.ts';
import { CompactReader, CompactWriter } from './compact.ts';
import { childPrefix, EMPTY_PREFIX, KEY_BITS, type Prefix, startsWith } from './key.ts';
import type { ProofNode, TallyProof } from './proof.ts';

const FORM_BYTE = { pruned: 0, leaf: 1, inner: 2 } as const;

/** Nothing for an empty tally. A node outside its place is a RangeError. */
export function encodeTallyProof(proof: TallyProof): Uint8Array {
  const writer = new CompactWriter();
  if (proof !== null) encodeNode(proof, EMPTY_PREFIX, writer);
  return writer.end();
}

/** @throws TALLY_PROOF_MALFORMED */
export function decodeTallyProof(bytes: Uint8Array): TallyProof {
  if (bytes.length === 0) return null;
  const reader = new CompactReader(bytes, malformed);
  const proof = decodeNode(reader, EMPTY_PREFIX);
  reader.end();
  return proof;
}

/** `bound`: what is known of all keys at the node's place, as in verifying. */
function encodeNode(node: ProofNode, bound: Prefix, writer: CompactWriter): void {
  writer.byte(FORM_BYTE[node.form]);
  if (node.form === 'pruned') {
    writer.summary(node);
    return;
  }
  if (!startsWith(node.form === 'leaf' ? node.key : node.prefix.bits, bound)) {
    throw new RangeError('Expected every node of a tally proof in its place.');
  }
  if (node.form === 'leaf') {
    writer.key(node.key, bound);
    writer.bytes(node.entryHash);
    writer.sums(node.sums);
  } else {
    writer.prefix(node.prefix, bound.length);
    encodeNode(node.left, childPrefix(node.prefix, 0), writer);
    encodeNode(node.right, childPrefix(node.prefix, 1), writer);
  }
}

function decodeNode(reader: CompactReader, bound: Prefix): ProofNode {
  const form = reader.byte();
  if (form === FORM_BYTE.pruned) return { form: 'pruned', ...reader.summary() };
  if (form === FORM_BYTE.leaf) {
    return { form: 'leaf', key: reader.key(bound), entryHash: reader.hash(), sums: reader.sums() };
  }
  if (form !== FORM_BYTE.inner) throw malformed('nodes of form 0, 1 or 2');
  const prefix = reader.prefix(bound);
  // Prefixes grow from node to node, so the nodes of a path are at most as many as the bits of a key.
  if (prefix.length === KEY_BITS) throw malformed('prefixes of inner nodes shorter than a key');
  const left = decodeNode(reader, childPrefix(prefix, 0));
  return { form: 'inner', prefix, left, right: decodeNode(reader, childPrefix(prefix, 1)) };
}

function malformed(expected: string): AttestryError {
  return new AttestryError('TALLY_PROOF_MALFORMED', `Expected a tally proof with ${expected}.`);
}
