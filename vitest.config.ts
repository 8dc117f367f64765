import { defineConfig } from 'vitest/config';
import { BaseSequencer, type TestSpecification } from 'vitest/node';

/** Files that start networks of processes: they take longest, and begin first so that none is left over at the end. */
const NETWORK = '/test/network/';
/** Measures how long a node takes to start, so nothing else may run beside it. */
const ALONE = 'test/network/kill-cycles.test.ts';

class NetworksFirst extends BaseSequencer {
  override async sort(files: TestSpecification[]): Promise<TestSpecification[]> {
    const sorted = await super.sort(files);
    const isNetwork = ({ moduleId }: TestSpecification): boolean => moduleId.includes(NETWORK);
    return [...sorted.filter(isNetwork), ...sorted.filter((file) => !isNetwork(file))];
  }
}

export default defineConfig({
  test: {
    // A process takes a fraction of a second to start, but seconds where other tests keep the machine busy.
    testTimeout: 60_000,
    hookTimeout: 60_000,
    pool: 'forks',
    // One for each core of the smallest machine that the suite is meant for.
    maxWorkers: 2,
    // No file changes what modules hold, and loading them anew for each takes a fifth of the time.
    isolate: false,
    sequence: { sequencer: NetworksFirst },
    projects: [
      { extends: true, test: { name: 'main', include: ['test/**/*.test.ts'], exclude: [ALONE] } },
      { extends: true, test: { name: 'alone', include: [ALONE], sequence: { groupOrder: 1 } } },
    ],
  },
});
