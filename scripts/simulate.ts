import { LIES } from './simulate/lies/all.ts';
import { simulate } from './simulate/scenario.ts';

const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 1);
const lie = LIES.find(({ name }) => name === process.argv[4]);
const start = performance.now();
for (const behaviour of process.argv[4] === 'all' ? LIES : [lie]) {
  const codes: Record<string, number> = {};
  let events = 0;
  for (let seed = from; seed < from + n; seed++) {
    const o = await simulate(seed, behaviour === undefined ? {} : { behaviour });
    events += o.events;
    for (const c of o.caught) codes[c] = (codes[c] ?? 0) + 1;
    if (n === 1 && process.argv[4] !== 'all') console.log(o.trace.join('\n'));
    if (o.violations.length || n === 1)
      console.log(seed, behaviour?.name, o.violations, o.traceHash, o.events);
  }
  console.log(behaviour?.name, codes);
}
const cpu = process.cpuUsage();
console.log(((cpu.user + cpu.system) / 1000 / n).toFixed(1), 'cpu ms per seed');
console.log(((performance.now() - start) / n).toFixed(1), 'ms per seed');
