import { simulate } from './simulate/scenario.ts';

const from = Number(process.argv[2] ?? 1),
  n = Number(process.argv[3] ?? 1);
const start = performance.now();
let events = 0;
for (let seed = from; seed < from + n; seed++) {
  const o = await simulate(seed);
  events += o.events;
  if (n === 1) console.log(o.trace.join('\n'));
  if (o.violations.length || n === 1) console.log(seed, o.violations, o.traceHash, o.events);
}
const cpu = process.cpuUsage();
console.log(((cpu.user + cpu.system) / 1000 / n).toFixed(1), 'cpu ms per seed');
console.log(((performance.now() - start) / n).toFixed(1), 'ms per seed', events / n);
