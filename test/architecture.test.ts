/** The arrows of the house: who may import whom, and what core may not touch. */
import { readdirSync, readFileSync } from 'node:fs';
import { join, posix, sep } from 'node:path';
import { describe, expect, it } from 'vitest';

const MACHINES = ['store', 'keys', 'log', 'witness', 'verifier', 'tally', 'meter'];
const SHARED = ['src/errors.ts', 'src/version.ts'];
/** Through which alone TypeBox comes: its own package is slow to load. */
const TYPEBOX = 'src/typebox.ts';

/** The folders of src that each folder may import, beside itself. */
const MAY_IMPORT: Readonly<Record<string, readonly string[]>> = {
  core: [],
  ...Object.fromEntries(MACHINES.map((machine) => [machine, ['core', ...MACHINES]])),
  http: ['core', ...MACHINES],
  client: ['core', ...MACHINES],
  cli: ['core', ...MACHINES, 'client'],
  web: ['core'],
  'index.ts': ['core', ...MACHINES, 'client'],
};

const CORE_PACKAGES = /^(?:@noble\/(?:curves|hashes)\/[a-z0-9]+\.js|canonicalize)$/;
/** What the page is made of, beside core. */
const WEB_PACKAGES =
  /^(?:preact(?:\/hooks)?|@preact\/signals|uplot(?:\/dist\/uPlot\.min\.css)?|@noble\/hashes\/sha2\.js)$/;
/** The one file that may import merkletreejs, which speaks Buffer. */
const TREE_ADAPTER = 'src/core/merkle/batch-tree.ts';
const IMPURE =
  /\b(?:Date\.now|Math\.random|performance\.|crypto\.|process\.|globalThis|setTimeout|fetch\(|await\b|async\b)/;
const LONGEST_FILE = 400;

interface Source {
  readonly path: string;
  readonly text: string;
}

const SOURCES: readonly Source[] = readdirSync('src', { recursive: true, encoding: 'utf8' })
  .map((name) => join('src', name).split(sep).join('/'))
  .filter((path) => /\.tsx?$/.test(path))
  .map((path) => ({ path, text: readFileSync(path, 'utf8') }));

const withoutComments = (text: string): string =>
  text.replace(/\/\*[\s\S]*?\*\/|(?<![:'"`\\])\/\/.*/g, '');
const roomOf = (path: string): string => path.split('/')[1] as string;

/** What a file imports: paths from the project's root, or names of packages. */
function importsOf({ path, text }: Source): string[] {
  const names = [...withoutComments(text).matchAll(/\b(?:from|import)\s*\(?\s*'([^']+)'/g)];
  return names.map(([, name = '']) =>
    name.startsWith('.') ? posix.join(posix.dirname(path), name) : name,
  );
}

/** The imports that a file may not have. */
function forbiddenImports(source: Source): string[] {
  const room = roomOf(source.path);
  const rooms = [room, ...(MAY_IMPORT[room] ?? [])];
  return importsOf(source).filter((name) => {
    if (name === TYPEBOX) return room !== 'http';
    if (name.startsWith('typebox')) return source.path !== TYPEBOX;
    if (name.startsWith('src/')) return !SHARED.includes(name) && !rooms.includes(roomOf(name));
    if (/^(?:nodes|scripts|test|dist|\.\.)\b/.test(name)) return true;
    if (name === 'merkletreejs') return source.path !== TREE_ADAPTER;
    if (room === 'web') return !WEB_PACKAGES.test(name);
    return room === 'core' && !CORE_PACKAGES.test(name);
  });
}

/** What a file of core uses though it is not pure. */
function impurities(source: Source): string[] {
  const code = withoutComments(source.text);
  const found = IMPURE.exec(code)?.slice(0, 1) ?? [];
  const buffer = source.path !== TREE_ADAPTER && /\bBuffer\b/.test(code) ? ['Buffer'] : [];
  return [...found, ...buffer];
}

/** The first cycle of imports that is found, as its paths. Imports of types are gone when the program runs. */
function findCycle(sources: readonly Source[]): string[] {
  const graph = new Map(
    sources.map(({ path, text }) => {
      const running = text.replace(/^(?:import|export) type\b[^;]*;/gm, '');
      return [path, importsOf({ path, text: running })];
    }),
  );
  const done = new Set<string>();
  const visit = (path: string, trail: readonly string[]): string[] => {
    if (trail.includes(path)) return [...trail.slice(trail.indexOf(path)), path];
    if (done.has(path)) return [];
    for (const next of graph.get(path) ?? []) {
      const cycle = graph.has(next) ? visit(next, [...trail, path]) : [];
      if (cycle.length > 0) return cycle;
    }
    done.add(path);
    return [];
  };
  return sources.map(({ path }) => visit(path, [])).find((cycle) => cycle.length > 0) ?? [];
}

const offences = (check: (source: Source) => string[], sources = SOURCES): string[] =>
  sources.flatMap((source) => check(source).map((what) => `${source.path}: ${what}`));
const core = SOURCES.filter(({ path }) => roomOf(path) === 'core');

describe('the source', () => {
  it('keeps to folders that have a place in the order', () => {
    const rooms = new Set(SOURCES.map(({ path }) => roomOf(path)));
    const known = [...Object.keys(MAY_IMPORT), ...[...SHARED, TYPEBOX].map(roomOf)];
    expect([...rooms].filter((room) => !known.includes(room))).toEqual([]);
  });

  it('imports along the arrows only', () => {
    expect(offences(forbiddenImports)).toEqual([]);
  });

  it('has no cycles of imports', () => {
    expect(findCycle(SOURCES)).toEqual([]);
  });

  it('has one file that imports merkletreejs', () => {
    const users = SOURCES.filter((source) => importsOf(source).includes('merkletreejs'));
    expect(users.map(({ path }) => path)).toEqual([TREE_ADAPTER]);
  });

  it('has no file of more than 400 lines', () => {
    const long = SOURCES.filter(({ text }) => text.split('\n').length - 1 > LONGEST_FILE);
    expect(long.map(({ path }) => path)).toEqual([]);
  });
});

describe('core', () => {
  it('is pure and synchronous', () => {
    expect(core.length).toBeGreaterThan(40);
    expect(offences(impurities, core)).toEqual([]);
  });
});

describe('these checks', () => {
  const at = (path: string, text: string): Source => ({ path, text });

  it.each([
    ['src/core/a.ts', "import { readFileSync } from 'node:fs';"],
    ['src/core/a.ts', "import type { LogStore } from '../store/log-store.ts';"],
    ['src/core/a.ts', "import { MerkleTree } from 'merkletreejs';"],
    ['src/core/a.ts', "import { x } from '../version.ts';".replace('version', '../nodes/log')],
    ['src/core/a.ts', "const x = await import('lru-cache');"],
    ['src/store/a.ts', "export { x } from '../client/http-witness.ts';"],
    ['src/verifier/a.ts', "import '../http/app.ts';"],
    ['src/http/a.ts', "import { x } from '../cli/main.ts';"],
    ['src/client/a.ts', "import { x } from '../http/app.ts';"],
    ['src/cli/a.ts', "import { x } from '../../scripts/demo.ts';"],
    ['src/web/a.tsx', "import { x } from '../client/log-client.ts';"],
    ['src/web/a.tsx', "import { readFile } from 'node:fs/promises';"],
    ['src/web/a.tsx', "import x from 'lodash';"],
    ['src/http/a.ts', "import { Type } from 'typebox';"],
    ['src/core/a.ts', "import { Type } from '../typebox.ts';"],
    ['src/log/a.ts', "import { x } from '../../test/helpers/fixtures.ts';"],
  ])('see that %s may not say: %s', (path, text) => {
    expect(forbiddenImports(at(path, text))).toHaveLength(1);
  });

  it.each(['Date.now()', 'Math.random()', 'process.env', 'async () => 1', 'Buffer.from(x)'])(
    'see that core may not use %s',
    (code) => {
      expect(impurities(at('src/core/a.ts', `const a = ${code};`))).toHaveLength(1);
    },
  );

  it('see a cycle', () => {
    const cycle = [
      at('src/a.ts', "import './b.ts';"),
      at('src/b.ts', "export { a } from './a.ts';"),
    ];
    expect(findCycle(cycle)).toEqual(['src/a.ts', 'src/b.ts', 'src/a.ts']);
  });
});
