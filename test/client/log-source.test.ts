import { gzipSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { createLogSource, createWitnessSource } from '../../src/client/log-source.ts';
import { originHash } from '../../src/core/note/origin-hash.ts';
import { makeNetwork } from '../helpers/fixtures.ts';
import { startPeer } from './peer-server.ts';

const signal = new AbortController().signal;
const TILE = { level: 0, index: 1234, width: 70 };

/** A log that answers every path with the same. */
async function answering(
  status: number,
  body: Uint8Array | string,
  headers: Record<string, string> = {},
): Promise<{ source: ReturnType<typeof createLogSource>; paths: string[] }> {
  const paths: string[] = [];
  const peer = await startPeer((request, response) => {
    paths.push(request.url ?? '');
    response.writeHead(status, headers).end(body);
  });
  return { source: createLogSource(`${peer.url}/log/`, { timeoutMs: 2_000 }), paths };
}

describe('createLogSource', () => {
  it('asks for the paths of the specification below its URL', async () => {
    const { source, paths } = await answering(200, 'abc');
    expect(await source.readCheckpoint(signal)).toBe('abc');
    expect(await source.readTile(TILE, signal)).toEqual(new Uint8Array([97, 98, 99]));
    expect(await source.readBundle({ index: 67, width: 256 }, signal)).toHaveLength(3);
    expect(await source.readReceipt('ab12', signal)).toHaveLength(3);
    expect(paths).toEqual([
      '/log/checkpoint',
      '/log/tile/0/x001/234.p/70',
      '/log/tile/entries/067',
      '/log/v1/receipts/ab12?state=witnessed',
    ]);
  });

  it('gives nothing where the log has nothing', async () => {
    const { source } = await answering(404, '{"error":{"code":"TILE_MISSING","message":"no"}}');
    expect(await source.readCheckpoint(signal)).toBeUndefined();
    expect(await source.readTile(TILE, signal)).toBeUndefined();
    expect(await source.readBundle(TILE, signal)).toBeUndefined();
    expect(await source.readReceipt('ab12', signal)).toBeUndefined();
  });

  it('reads what is compressed, and stops where it grows beyond what the resource can have', async () => {
    const encoding = { 'content-encoding': 'gzip' };
    const full = await answering(200, gzipSync(new Uint8Array(8192)), encoding);
    expect(await full.source.readTile({ ...TILE, width: 256 }, signal)).toHaveLength(8192);
    const bomb = await answering(200, gzipSync(new Uint8Array(50_000_000)), encoding);
    await expect(bomb.source.readTile(TILE, signal)).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
    await expect(bomb.source.readCheckpoint(signal)).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
    await expect(bomb.source.readBundle(TILE, signal)).rejects.toMatchObject({
      code: 'RESPONSE_TOO_LARGE',
    });
  });

  it.each([
    ['a redirect', 302, '', 'RESPONSE_INVALID'],
    ['a refusal', 400, '', 'RESPONSE_INVALID'],
    ['a busy log', 503, '', 'PEER_UNAVAILABLE'],
    ['a log that counts requests', 429, '', 'PEER_UNAVAILABLE'],
    [
      'a refusal that claims to be a failure of this machine',
      400,
      '{"error":{"code":"STORE_FAILED","message":"gotcha"}}',
      'RESPONSE_INVALID',
    ],
    [
      'a failure that claims to be a contradiction',
      500,
      '{"error":{"code":"CHECKPOINT_CONTRADICTION","message":"gotcha"}}',
      'PEER_UNAVAILABLE',
    ],
  ])('refuses %s with a code of its own', async (_, status, body, code) => {
    const { source } = await answering(status, body, { location: 'http://127.0.0.1:1/' });
    await expect(source.readCheckpoint(signal)).rejects.toMatchObject({ code });
    await expect(source.readTile(TILE, signal)).rejects.toMatchObject({ code });
  });

  it('refuses a checkpoint that is not text', async () => {
    const { source } = await answering(200, Uint8Array.of(0xff, 0xfe));
    await expect(source.readCheckpoint(signal)).rejects.toMatchObject({ code: 'INPUT_NOT_UTF8' });
  });

  it('gives up on a log that does not answer in time, and when told to', async () => {
    const silent = await startPeer(() => undefined);
    const source = createLogSource(silent.url, { timeoutMs: 50 });
    await expect(source.readCheckpoint(signal)).rejects.toMatchObject({ code: 'PEER_UNAVAILABLE' });
    const stop = new AbortController();
    const patient = createLogSource(silent.url).readTile(TILE, stop.signal);
    stop.abort();
    await expect(patient).rejects.toMatchObject({ code: 'PEER_UNAVAILABLE' });
  });
});

describe('createWitnessSource', () => {
  it('gives the note that the witness cosigned last, or nothing', async () => {
    const { logs, witnesses } = makeNetwork();
    const [log] = logs;
    const [witness] = witnesses;
    if (log === undefined || witness === undefined) throw new TypeError('a network');
    log.state('training');
    const note = log.cosigned({ witnesses: [witness] });
    const peer = await startPeer((request, response) => {
      const known = request.url === `/${originHash(log.origin)}/checkpoint`;
      response.writeHead(known ? 200 : 404).end(known ? note : '');
    });
    const { name } = witness.vkey;
    const source = createWitnessSource({ name, vkey: witness.vkey, url: peer.url });
    expect(source.name).toBe(name);
    expect(await source.latestSeen(log.origin, signal)).toBe(note);
    expect(await source.latestSeen('other.example', signal)).toBeUndefined();
  });
});
