/**
 * What TypeScript alone does not build: the auditor's page, as two classic scripts, one for the window and one for its worker,
 * so that it also runs from a disk; and TypeBox in one file, for the processes.
 */
import { defineConfig, type UserConfig } from 'vite';

const PARTS = {
  page: { entry: 'src/web/main.tsx', name: 'attestryPage' },
  worker: { entry: 'src/web/worker/worker.ts', name: 'attestryWorker' },
} as const;

/** The worker's program as a function, so that a page on a disk can start a worker from its text. */
const WRAPPED = {
  postBanner: 'globalThis.attestryWorker=function(){',
  postFooter: "};if(typeof WorkerGlobalScope!=='undefined')globalThis.attestryWorker();",
};

/** Takes the place of the file that TypeScript has made of the same source. */
const TYPEBOX: UserConfig = {
  publicDir: false,
  ssr: { noExternal: true },
  build: {
    ssr: 'src/typebox.ts',
    outDir: 'dist/src',
    emptyOutDir: false,
    target: 'node20',
    rolldownOptions: { output: { entryFileNames: 'typebox.js' } },
  },
};

function webConfig(part: keyof typeof PARTS): UserConfig {
  const { entry, name } = PARTS[part];
  return {
    publicDir: part === 'page' ? 'src/web/public' : false,
    define: { 'process.env.NODE_ENV': '"production"' },
    oxc: { jsx: { runtime: 'automatic', importSource: 'preact' } },
    build: {
      outDir: 'dist/page',
      emptyOutDir: part === 'page',
      target: 'es2023',
      modulePreload: false,
      lib: { entry, name, formats: ['iife'], fileName: () => `${part}.js`, cssFileName: 'page' },
      rolldownOptions: { output: part === 'worker' ? WRAPPED : {} },
    },
  };
}

export default defineConfig(({ mode }) => {
  if (mode === 'typebox') return TYPEBOX;
  return webConfig(mode === 'worker' ? 'worker' : 'page');
});
