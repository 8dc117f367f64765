/**
 * The ledger that one would write by hand with the same packages, as the figure to compare with: it verifies, stores with
 * sync, and proves from a tree over all leaves. No batches, no read-back, no lock, no witnesses, no admission.
 */
import { createHash, createPublicKey, verify } from 'node:crypto';
import { fastify } from 'fastify';
import { Level } from 'level';
import { MerkleTree } from 'merkletreejs';

const [folder = '', spki = ''] = process.argv.slice(2);
const key = createPublicKey({ key: Buffer.from(spki, 'hex'), format: 'der', type: 'spki' });
const db = new Level<string, string>(folder);
const sha256 = (bytes: Buffer | string): Buffer => createHash('sha256').update(bytes).digest();
const tree = new MerkleTree([], sha256);

interface Submitted {
  readonly payload: string;
  readonly payloadType: string;
  readonly signatures: readonly { readonly sig: string }[];
}

const app = fastify();
app.post<{ Body: Submitted }>('/v1/entries', async (request, reply) => {
  const { payload, payloadType, signatures } = request.body;
  const message = Buffer.from(payload, 'base64');
  const head = `DSSEv1 ${payloadType.length} ${payloadType} ${message.length} `;
  const sig = Buffer.from(signatures[0]?.sig ?? '', 'base64');
  if (!verify(null, Buffer.concat([Buffer.from(head), message]), key, sig)) {
    return reply.code(400).send({ error: 'signature' });
  }
  const entry = JSON.stringify(request.body);
  const index = tree.getLeafCount();
  const leaf = sha256(entry);
  tree.addLeaf(leaf);
  await db.put(String(index).padStart(12, '0'), entry, { sync: true });
  return reply
    .code(201)
    .send({ index, root: tree.getHexRoot(), proof: tree.getHexProof(leaf, index) });
});
await app.listen({ host: '127.0.0.1', port: 0 });
const address = app.server.address();
process.send?.(typeof address === 'object' ? address?.port : undefined);
process.on('disconnect', () => process.exit());
