/** The static resources of c2sp.org/tlog-tiles: the checkpoint, tiles and entry bundles. */
import type { FastifyRequest } from 'fastify';
import { parseBundlePath, parseTilePath } from '../core/merkle/tile-path.ts';
import { AttestryError } from '../errors.ts';
import type { Log } from '../log/log.ts';
import type { App } from './app-type.ts';

const IMMUTABLE = 'public, max-age=31536000, immutable';
const BRIEFLY = 'public, max-age=1';

export function addTileRoutes(app: App, log: Log): void {
  const tags = ['tlog-tiles'];
  app.get(
    '/checkpoint',
    { schema: { summary: 'The newest checkpoint with the quorum of cosignatures', tags } },
    async (_request, reply) => {
      const { published } = log.status();
      if (published === undefined) {
        throw new AttestryError(
          'CHECKPOINT_UNPUBLISHED',
          'No checkpoint has reached the quorum yet; try again soon.',
        );
      }
      return reply
        .type('text/plain; charset=utf-8')
        .header('cache-control', BRIEFLY)
        .send(published.note);
    },
  );
  app.get(
    '/tile/entries/*',
    {
      schema: {
        summary: 'An entry bundle: up to 256 entries, each after its length in two bytes',
        tags,
      },
    },
    async (request, reply) => {
      const bundle = await log.reader.bundle(parseBundlePath(pathOf(request)));
      return reply
        .type('application/octet-stream')
        .header('cache-control', IMMUTABLE)
        .send(present(bundle));
    },
  );
  app.get(
    '/tile/*',
    { schema: { summary: 'A tile: up to 256 hashes of 32 bytes', tags } },
    async (request, reply) => {
      const tile = await log.reader.tile(parseTilePath(pathOf(request)));
      return reply
        .type('application/octet-stream')
        .header('cache-control', IMMUTABLE)
        .send(present(tile));
    },
  );
}

/** The path as it was sent, not decoded: only the exact grammar of a tile path leads anywhere. */
function pathOf(request: FastifyRequest): string {
  return (request.raw.url ?? '').slice(1);
}

function present(bytes: Uint8Array | undefined): Buffer {
  if (bytes !== undefined) return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  throw new AttestryError('TILE_MISSING', 'The log is not long enough for this tile.');
}
