/** The documents say what the code does: codes, links, commands and settings. */
import { execFile } from 'node:child_process';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { auditCommand } from '../src/cli/commands/audit.ts';
import { digestCommand } from '../src/cli/commands/digest.ts';
import { fsckCommand } from '../src/cli/commands/fsck.ts';
import { invoiceCommand } from '../src/cli/commands/invoice.ts';
import { keygenCommand } from '../src/cli/commands/keygen.ts';
import { receiptCommand } from '../src/cli/commands/receipt.ts';
import { stateCommand } from '../src/cli/commands/state.ts';
import { submitCommand } from '../src/cli/commands/submit.ts';
import { trustCommand } from '../src/cli/commands/trust.ts';
import { usageCommand } from '../src/cli/commands/usage.ts';
import { verifyCommand } from '../src/cli/commands/verify.ts';
import { decodeHex, encodeHex } from '../src/core/bytes/hex.ts';
import { parseTime } from '../src/core/bytes/time.ts';
import { decodeUtf8, encodeUtf8 } from '../src/core/bytes/utf8.ts';
import { leafHash, sha256 } from '../src/core/merkle/hash.ts';
import { parseReceipt } from '../src/core/receipt/receipt.ts';
import { judge } from '../src/core/report/judge.ts';
import { modelsOf, parseStatement } from '../src/core/statement/statement.ts';
import { verifyTally } from '../src/core/tally/proof.ts';
import { decodeTallyProof } from '../src/core/tally/proof-bytes.ts';
import { questionsAbout } from '../src/core/tally/questions.ts';
import { verifyTallyNote } from '../src/core/tally/tally-note.ts';
import { parseTrustRoot, type TrustedLog } from '../src/core/trust/trust-root.ts';
import { type AttestryErrorCode, ERROR_TABLE } from '../src/errors.ts';
import { HTTP_STATUS } from '../src/http/status.ts';

const run = promisify(execFile);
const root = fileURLToPath(new URL('..', import.meta.url));
const pages = [
  'README.md',
  'CONTRIBUTING.md',
  'SECURITY.md',
  ...readdirSync(join(root, 'docs'))
    .filter((name) => name.endsWith('.md'))
    .map((name) => `docs/${name}`),
];

const COMMANDS = [
  auditCommand(),
  digestCommand(),
  fsckCommand(),
  invoiceCommand(),
  keygenCommand(),
  receiptCommand(),
  stateCommand(),
  submitCommand(),
  trustCommand(),
  usageCommand(),
  verifyCommand(),
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

const helps = new Map<string, Promise<string>>();

/** What a compiled program says of itself; asked once. */
function helpOf(program: string): Promise<string> {
  const help = helps.get(program) ?? runHelp(join(root, 'dist', program));
  helps.set(program, help);
  return help;
}

async function runHelp(file: string): Promise<string> {
  expect(existsSync(file), 'npm run build').toBe(true);
  const { stdout } = await run(process.execPath, [file, '--help']);
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
    const named = pages.flatMap((page) => [
      ...read(page).matchAll(/\bnpm run (?:--silent )?([a-z][\w:-]*)/g),
    ]);
    expect(named.length).toBeGreaterThan(0);
    for (const [, script = ''] of named) expect(Object.keys(scripts)).toContain(script);
  });

  it('of attestry exist, with the flags that they are shown with', async () => {
    const calls = pages.flatMap((page) => commandLines(page).flatMap(readCall));
    expect(calls.length).toBeGreaterThan(10);
    for (const { path, flags } of calls) {
      const known = await flagsOf(path);
      for (const flag of flags) expect(known, path.join(' ')).toContain(flag);
    }
  });
});

const ROLE_PROGRAM: Readonly<Record<string, string>> = {
  node: 'nodes/log.js',
  witness: 'nodes/witness.js',
  verifier: 'nodes/verifier.js',
};

async function flagsOf([name = '', below]: readonly string[]): Promise<readonly string[]> {
  const role = ROLE_PROGRAM[name];
  if (role !== undefined) return (await helpOf(role)).match(/--[a-z][a-z-]*/g) ?? [];
  const command = COMMANDS.find((candidate) => candidate.name() === name);
  const found =
    below === undefined ? command : command?.commands.find((sub) => sub.name() === below);
  expect(found, `attestry ${name} ${below ?? ''}`).toBeDefined();
  return found?.options.map(({ long }) => long ?? '') ?? [];
}

interface Call {
  /** The command, and the one below it if there is one. */
  readonly path: readonly string[];
  readonly flags: readonly string[];
}

const CALL =
  /\battestry (?:-- )?([a-z]+)(?: (check|init|add|rotate|revoke|sign|show|diff|import|export|training|evaluation|deployment|usage|revocation)(?= |$))?(.*)$/;

function readCall(line: string): Call[] {
  const [, name, below, rest = ''] = CALL.exec(line) ?? [];
  if (name === undefined) return [];
  const flags = rest.replace(/[|;&].*$/, '').match(/--[a-z][a-z-]*/g) ?? [];
  return [{ path: below === undefined ? [name] : [name, below], flags }];
}

describe('README.md', () => {
  it('imports from the package only what it exports', async () => {
    const blocks = [...read('README.md').matchAll(/^```ts\n(.*?)^```/gms)].map(
      ([, text = '']) => text,
    );
    expect(blocks.length).toBeGreaterThan(0);
    const exported = Object.keys(await import('../src/index.ts'));
    for (const [, list = ''] of blocks.join('').matchAll(/import \{([^}]*)\} from 'attestry'/g)) {
      for (const name of list.split(',')) expect(exported).toContain(name.trim());
    }
  });
});

describe('docs/formats.md', () => {
  const example = sectionOf('docs/formats.md', '## 19. Worked example');

  /** The fenced block behind the first mention of `title`. */
  function block(title: string): string {
    const at = example.indexOf(title);
    expect(at, title).toBeGreaterThanOrEqual(0);
    return /^```\w*\n(.*?)\n```/ms.exec(example.slice(at))?.[1] ?? '';
  }

  it('shows a receipt that is VALID under the trust root that it shows', () => {
    const trust = parseTrustRoot(encodeUtf8(block('**Trust root**')));
    const now = parseTime('2026-10-01T12:01:20Z');
    const report = judge(encodeUtf8(block('**Receipt**')), { trust, now });
    expect(report).toMatchObject({ outcome: 'VALID', trustRoot: trust.digest });
    expect(example).toContain(trust.digest);
    expect(report.statements[0]?.witnessedAt).toBe('2026-10-01T12:00:25Z');
  });

  it('shows the parts of that receipt', () => {
    const { envelope, proof } = parseReceipt(encodeUtf8(block('**Receipt**')));
    expect(block('**Payload**')).toBe(decodeUtf8(envelope.payload));
    expect(block('**Entry**')).toBe(decodeUtf8(envelope.entry));
    expect(`${block('**Checkpoint**')}\n`).toBe(proof.checkpoint);
    const head = envelope.message.slice(0, -envelope.payload.length);
    expect(block('The message that the operator signs')).toBe(encodeHex(head));
    expect(example).toContain(encodeHex(leafHash(envelope.entry)));
    expect(example).toContain(encodeHex(sha256(envelope.payload)));
  });

  it('shows a tally note and the proof from it', () => {
    const trust = parseTrustRoot(encodeUtf8(block('**Trust root**')));
    const { envelope } = parseReceipt(encodeUtf8(block('**Receipt**')));
    const { vkey } = trust.logs.get('log.example/eu') as TrustedLog;
    const { head } = verifyTallyNote(`${block('The keys part')}\n`, vkey);
    const model = modelsOf(parseStatement(envelope.payload))[0] as string;
    const [from, to] = ['2026-10-01T11:00:00Z', '2026-10-01T12:00:00Z'];
    const answers = verifyTally({
      root: head.tallyRoot,
      questions: questionsAbout(model, { from, to, by: 'total' }),
      proof: decodeTallyProof(decodeHex(block('**Tally proof**').replaceAll('\n', ''))),
    });
    expect(answers.map(({ count }) => count)).toEqual([1, 1, 0]);
    expect(answers[1]?.sums).toEqual(head.sums);
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
