/** The documents say what the code does: codes, links, commands and settings. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { type AttestryErrorCode, ERROR_TABLE } from '../src/errors.ts';
import { HTTP_STATUS } from '../src/http/status.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs')).map((name) => `docs/${name}`),
];

function read(page: string): string {
  return readFileSync(join(root, page), 'utf8');
}

/** The text between a heading and the next one of the same level or above. */
function sectionOf(page: string, heading: string): string {
  const lines = read(page).split('\n');
  const start = lines.indexOf(heading);
  expect(start, `${heading} in ${page}`).toBeGreaterThanOrEqual(0);
  const level = heading.indexOf(' ');
  const end = lines.findIndex(
    (line, i) => i > start && /^#+ /.test(line) && line.indexOf(' ') <= level,
  );
  return lines.slice(start, end < 0 ? undefined : end).join('\n');
}

/** Lines of fenced shell blocks. */
function commandLines(page: string): string[] {
  const blocks = read(page).matchAll(/^```sh\n(.*?)^```/gms);
  return [...blocks].flatMap(([, block = '']) => block.replaceAll('\\\n', ' ').split('\n'));
}

async function helpOf(program: string, args: readonly string[] = []): Promise<string> {
  const file = join(root, 'dist', program);
  expect(existsSync(file), 'npm run build').toBe(true);
  const { stdout } = await run(process.execPath, [file, ...args, '--help']);
  // Long descriptions go on in the next line, far to the right.
  return stdout.replace(/\n {10,}/g, ' ');
}

describe('docs/errors.md', () => {
  const rows = [
    ...read('docs/errors.md').matchAll(
      /^\| `([A-Z0-9_]+)` \| (.+?) \| (.+?) \| (.+?) \| (.+?) \|$/gm,
    ),
  ];

  it('describes every code of the table once and no other', () => {
    expect(rows.map(([, code]) => code).sort()).toEqual(Object.keys(ERROR_TABLE).sort());
  });

  it('gives each code the outcome, status and meaning that the code has', () => {
    for (const [, name, outcome, status, means = ''] of rows) {
      const code = name as AttestryErrorCode;
      const told = { code, outcome, status: Number(status), means: means.replaceAll('`', '') };
      const kind = ERROR_TABLE[code];
      expect(told).toEqual({
        code,
        outcome: kind.outcome,
        status: HTTP_STATUS[code],
        means: kind.means,
      });
    }
  });

  it('is the only place of codes: every code in another document exists', () => {
    const known: ReadonlySet<string> = new Set(Object.keys(ERROR_TABLE));
    for (const page of pages) {
      for (const [, word = ''] of read(page).matchAll(/`([A-Z][A-Z0-9]*(?:_[A-Z0-9]+)+)`/g)) {
        if (!word.startsWith('ATTESTRY_')) expect(known.has(word), `${word} in ${page}`).toBe(true);
      }
    }
  });
});

describe('links', () => {
  it.each(pages)('lead somewhere in %s', (page) => {
    const text = read(page).replace(/^```.*?^```/gms, '');
    for (const [, link = ''] of text.matchAll(/\]\(([^)\s]+)\)/g)) {
      if (/^[a-z]+:/.test(link)) continue;
      const [path = '', anchor] = link.split('#');
      const target = path === '' ? page : join(dirname(page), path);
      expect(existsSync(join(root, target)), `${link} in ${page}`).toBe(true);
      if (anchor !== undefined) expect(anchorsOf(target), `${link} in ${page}`).toContain(anchor);
    }
  });

  it('name files of the source that exist', () => {
    for (const page of pages) {
      for (const [, path = ''] of read(page).matchAll(
        /`((?:src|nodes|scripts|test)\/[\w./-]*)`/g,
      )) {
        expect(existsSync(join(root, path)), `${path} in ${page}`).toBe(true);
      }
    }
  });
});

/** As code hosts make them: lower case, no punctuation, hyphens for spaces. */
function anchorsOf(page: string): string[] {
  const text = read(page).replace(/^```.*?^```/gms, '');
  return [...text.matchAll(/^#+ (.+)$/gm)].map(([, title = '']) =>
    title
      .toLowerCase()
      .replace(/[^\p{L}\p{N} _-]/gu, '')
      .replaceAll(' ', '-'),
  );
}

describe('commands', () => {
  it('of npm exist', () => {
    const { scripts } = JSON.parse(read('package.json')) as { scripts: Record<string, string> };
    const named = pages.flatMap((page) => [...read(page).matchAll(/\bnpm run ([\w:-]+)/g)]);
    expect(named.length).toBeGreaterThan(0);
    for (const [, script = ''] of named) expect(Object.keys(scripts)).toContain(script);
  });

  it('of attestry exist, with the flags that they are shown with', async () => {
    const program = await helpOf('src/cli/main.js');
    const names = [...program.matchAll(/^ {2}([a-z]+)\b/gm)].map(([, name = '']) => name);
    const helps = new Map<string, string>();
    let shown = 0;
    for (const page of pages) {
      for (const line of commandLines(page)) {
        const call =
          /\battestry ([a-z]+)((?: (?:make|show|training|evaluation|deployment|usage|revocation)\b)?)(.*)$/.exec(
            line,
          );
        if (call === null) continue;
        const [, name = '', kind = '', rest = ''] = call;
        expect(names, `${line} in ${page}`).toContain(name);
        const path = [name, ...kind.trim().split(' ').filter(Boolean)];
        const key = path.join(' ');
        const help = helps.get(key) ?? (await helpOf('src/cli/main.js', path));
        helps.set(key, help);
        for (const [flag] of rest.replace(/[|;&].*$/, '').matchAll(/--[a-z][a-z-]*/g)) {
          expect(help, `${flag} of ${key} in ${page}`).toMatch(new RegExp(`${flag}\\b`));
          shown++;
        }
      }
    }
    expect(shown).toBeGreaterThan(20);
  });
});

describe('docs/operating.md', () => {
  it.each([
    ['### Log node', 'nodes/log.js'],
    ['### Witness', 'nodes/witness.js'],
    ['### Verifier', 'nodes/verifier.js'],
  ])('lists exactly the settings of %s', async (heading, program) => {
    const help = await helpOf(program);
    const section = sectionOf('docs/operating.md', heading);
    const rows = section.split('\n').filter((line) => line.startsWith('| `'));
    const told = rows.map((line) => {
      const [, , flag = '', env = '', value = ''] = line.split('|').map((cell) => cell.trim());
      return { flag: codeIn(flag), env: codeIn(env), default: codeIn(value) };
    });
    expect(told).toEqual(settingsIn(help));
  });
});

/** What stands in code marks at the beginning of a cell, or its words; null for none. */
function codeIn(cell: string): string | null {
  if (cell === 'none') return null;
  return /^`([^`]+)`/.exec(cell)?.[1] ?? cell;
}

interface ShownSetting {
  readonly flag: string | null;
  readonly env: string | null;
  readonly default: string | null;
}

/** In the order of the help, but a secret where the schema has it: behind the key. */
function settingsIn(help: string): ShownSetting[] {
  const settings: ShownSetting[] = [];
  for (const [, flag, name, facts = ''] of help.matchAll(
    /^ {2}(?:(--[a-z-]+)|(\w+):) .*\(env: (.*)\)$/gm,
  )) {
    const [env = ''] = facts.split(',');
    if (env === 'ATTESTRY_CONFIG') continue;
    const value = /default: "?([^",]+)"?/.exec(facts)?.[1];
    const setting = {
      flag: flag ?? null,
      env,
      default: value ?? (facts.endsWith('required') ? 'required' : null),
    };
    if (name === undefined) settings.push(setting);
    else
      settings.splice(settings.findIndex(({ flag: before }) => before === '--key') + 1, 0, setting);
  }
  return settings;
}
