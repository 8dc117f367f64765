/** The auditor's page as it is served: a few files, read once, each with its compressed form and its tag. */
import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { gzipSync } from 'node:zlib';
import { AttestryError } from '../errors.ts';

export interface PageFile {
  /** Relative to the page: what its URL ends with. */
  readonly name: string;
  readonly type: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
  /** Strong, of the bytes. */
  readonly etag: string;
}

const TYPES: Readonly<Record<string, string>> = {
  'index.html': 'text/html; charset=utf-8',
  'page.js': 'text/javascript; charset=utf-8',
  'worker.js': 'text/javascript; charset=utf-8',
  'page.css': 'text/css; charset=utf-8',
  'icon.svg': 'image/svg+xml',
};

/** The files that the build has made. @throws FILE_UNREADABLE */
export async function readPage(folder: string): Promise<readonly PageFile[]> {
  return await Promise.all(
    Object.entries(TYPES).map(async ([name, type]) => {
      const bytes = await readPart(join(folder, name));
      const etag = `"${createHash('sha256').update(bytes).digest('base64url')}"`;
      return { name, type, bytes, gzipped: gzipSync(bytes, { level: 9 }), etag };
    }),
  );
}

async function readPart(path: string): Promise<Buffer> {
  try {
    return await readFile(path);
  } catch (cause) {
    throw new AttestryError(
      'FILE_UNREADABLE',
      `Expected a part of the web page at ${path}; run npm run build.`,
      { cause },
    );
  }
}
