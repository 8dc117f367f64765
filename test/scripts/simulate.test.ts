/** The simulation as it is run by hand: many seeds without a violation, one trace for one seed, bugs that are noticed. */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { text } from 'node:stream/consumers';
import { describe, expect, it } from 'vitest';

const PROGRAM = 'dist/scripts/simulate.js';
const LONGEST_MS = 180_000;

async function simulate(...flags: readonly string[]): Promise<{ code: number; output: string }> {
  const child = spawn(process.execPath, [PROGRAM, ...flags], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [output, [code]] = await Promise.all([text(child.stdout), once(child, 'close')]);
  return { code, output };
}

describe('scripts/simulate', () => {
  it('finds no violation in 200 seeds, and nobody who lies uncaught', {
    timeout: LONGEST_MS,
  }, async () => {
    const { code, output } = await simulate('--seeds', '200');
    expect(output).toContain('200 seeds, ');
    expect(output).toContain('0 seeds with violations');
    expect(output).toContain('everyone honest: 100 runs\n');
    expect(output).not.toContain('caught: never');
    expect(code).toBe(0);
  });

  it('gives one trace for one seed, byte for byte', { timeout: LONGEST_MS }, async () => {
    const [first, second] = await Promise.all([simulate('--seed', '8'), simulate('--seed', '8')]);
    expect(first.output).toMatch(/\ntrace [0-9a-f]{64}\n$/);
    expect(second).toEqual(first);
  });

  it('says how to see a violation again', { timeout: LONGEST_MS }, async () => {
    const bug = 'witness stores nothing';
    const { code, output } = await simulate('--seeds', '8', '--bug', bug);
    expect(code).toBe(1);
    const [, seed] =
      /npm run simulate -- --seed ([0-9]+) --bug 'witness stores nothing'/.exec(output) ?? [];
    const replayed = await simulate('--seed', seed as string, '--bug', bug);
    expect(replayed.code).toBe(1);
    expect(replayed.output).toContain('violation: ');
  });
});
