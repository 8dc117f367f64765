/** What goes wrong in a run, by its seed: crashes, cut and slow networks, disks that refuse, fill up, lose and change what they hold. */
import type { SeededRandom } from '../kill-cycles/random.ts';
import { planDamage } from './damage.ts';
import { planOutsider } from './outsider.ts';
import type { Ending } from './virtual-disk.ts';
import type { World } from './world.ts';

const MOST_WRITES = 30;
const LONGEST_COMMIT_MS = 30;

type Machine = World['machines'][number];

/** Plans the faults of the time up to `until`. */
export function plan(world: World, until: number): void {
  const { faults } = world.chance;
  planNetwork(world, until);
  const crashes = faults.below(6);
  for (let i = 0; i < crashes; i++) {
    const machine = pick(world.machines, faults);
    const ending: Ending = faults.onceIn(2) ? 'power cut' : 'kill';
    at(world, faults.below(until), () => machine.end(ending));
  }
  if (faults.onceIn(2)) planCrashInWrite(world);
  if (faults.onceIn(3)) planTrouble(world, until);
  // Of two parties that know what a liar has done, none may lose it.
  if (world.liars.size === 0) planDamage(world, until);
  planOutsider(world, until);
}

/** The process ends in the middle of one of its writes, or right behind it. */
function planCrashInWrite(world: World): void {
  const { faults } = world.chance;
  const machine = pick(world.machines, faults) as Machine;
  const ending: Ending = faults.onceIn(4) ? 'kill' : 'power cut';
  let writes = 1 + faults.below(MOST_WRITES);
  machine.disk.onWrite = () => {
    if (--writes !== 0) return;
    at(world, faults.below(LONGEST_COMMIT_MS), () => machine.end(ending));
  };
}

function planNetwork(world: World, until: number): void {
  const { faults } = world.chance;
  const { network } = world;
  network.lossOnceIn = pick([0, 0, 30, 8], faults);
  network.duplicateOnceIn = pick([0, 15, 5], faults);
  network.longestDelayMs = pick([20, 20, 200, 1_200], faults);
  const cuts = faults.below(4);
  for (let i = 0; i < cuts; i++) {
    const [a, b] = [pick(world.machines, faults).host, pick(world.machines, faults).host];
    const isOneWay = faults.onceIn(2);
    const start = faults.below(until);
    at(world, start, () => {
      world.trace.add('network', `${a} is cut off from ${b}${isOneWay ? ', one way' : ''}`);
      network.cut.add(`${a}>${b}`);
      if (!isOneWay) network.cut.add(`${b}>${a}`);
    });
    at(world, start + 500 + faults.below(4_000), () => {
      network.cut.delete(`${a}>${b}`);
      network.cut.delete(`${b}>${a}`);
    });
  }
}

function planTrouble(world: World, until: number): void {
  const { faults } = world.chance;
  const { disk, host } = pick(world.machines, faults) as Machine;
  const trouble = faults.onceIn(2) ? 'errors' : 'full';
  const start = faults.below(until);
  at(world, start, () => {
    world.trace.add(host, `disk: ${trouble}`);
    disk.trouble = trouble;
  });
  at(world, start + 500 + faults.below(3_000), () => {
    disk.trouble = 'none';
  });
}

function at(world: World, time: number, run: () => void): void {
  world.scheduler.after(time, run, world.people);
}

function pick<T>(list: readonly T[], random: SeededRandom): T {
  return list[random.below(list.length)] as T;
}
