/** Disks that lose or change what they had kept: what no synced write protects from. */
import type { SeededRandom } from '../kill-cycles/random.ts';
import type { World } from './world.ts';

type Machine = World['machines'][number];
type Damage = (machine: Machine, world: World) => string | undefined;

/** Damages the disk of at most one machine, and by that at most one witness: the quorum allows for one. */
export function planDamage(world: World, until: number): void {
  const { faults } = world.chance;
  if (!faults.onceIn(DAMAGED_ONCE_IN)) return;
  const machine = world.machines[faults.below(world.machines.length)] as Machine;
  const damage = DAMAGES[faults.below(DAMAGES.length)] as Damage;
  const time = faults.below(until);
  world.scheduler.after(time, () => inflict(world, machine, damage), world.people);
}

const DAMAGED_ONCE_IN = 4;

function inflict(world: World, machine: Machine, damage: Damage): void {
  const what = damage(machine, world);
  if (what === undefined) return;
  world.damaged.add(machine.host);
  world.trace.add(machine.host, what);
}

/** One bit of one row or file is otherwise from now on, also for the process that runs. */
const flipBit: Damage = ({ disk, host }, world) => {
  const { faults } = world.chance;
  const levels = [...disk.levels.values()].filter(({ durable }) => durable.size > 0);
  const files = [...disk.files.values()];
  const place = faults.below(levels.length + files.length + 1);
  world.changed.add(host);
  const level = levels[place];
  if (level !== undefined) {
    const keys = [...level.durable.keys()];
    const key = keys[faults.below(keys.length)] as string;
    level.change(key, flipped(level.durable.get(key) as Uint8Array, faults));
    return 'a bit of a row has flipped';
  }
  const file = files[place - levels.length];
  if (file === undefined) return undefined;
  file.visible = flipped(file.visible, faults);
  file.durable = file.visible;
  return 'a bit of a file has flipped';
};

/** The log's own disk garbles, at some time. */
export function planGarbling(world: World, until: number): void {
  const time = world.chance.faults.below(until);
  world.scheduler.after(time, () => inflict(world, world.log, garble), world.people);
}

/** A power cut in which the newest batches are lost although they were synced. */
const loseTail: Damage = (machine, { chance, changed }) => {
  changed.add(machine.host);
  machine.end('power cut');
  let lost = 0;
  for (const level of machine.disk.levels.values())
    lost += level.loseTail(1 + chance.faults.below(3));
  return lost === 0 ? undefined : `${lost} synced batches are lost`;
};

/** What the next batches write is not what was given. */
const garble: Damage = ({ disk }, world) => {
  disk.garbles = true;
  world.scheduler.after(GARBLED_MS, () => Object.assign(disk, { garbles: false }), world.people);
  return 'the disk garbles what it writes';
};

const GARBLED_MS = 800;
const DAMAGES: readonly Damage[] = [flipBit, flipBit, loseTail, loseTail, garble];

export function flipped(bytes: Uint8Array, random: SeededRandom): Uint8Array {
  const own = bytes.slice();
  if (own.length === 0) return own;
  const at = random.below(own.length);
  own[at] = (own[at] as number) ^ (1 << random.below(8));
  return own;
}
