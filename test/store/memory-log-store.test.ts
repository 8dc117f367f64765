import { MemoryDisk, openMemoryLogStore } from '../../src/store/memory-log-store.ts';
import { describeLogStore } from '../helpers/store-suite.ts';

describeLogStore('openMemoryLogStore', async () => {
  const disk = new MemoryDisk();
  return { open: async () => openMemoryLogStore(disk), remove: async () => {} };
});
