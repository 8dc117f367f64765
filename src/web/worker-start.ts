/** Where the worker's program comes from: its file; on a disk, where browsers refuse that, the copy that the page has loaded. */

declare global {
  /** The worker's whole program, from worker.js. */
  var attestryWorker: (() => void) | undefined;
}

export function createWorker(): Worker {
  const program = globalThis.attestryWorker;
  if (location.protocol !== 'file:' || program === undefined) {
    return new Worker(new URL('worker.js', document.baseURI));
  }
  const source = new Blob([`(${program})()`], { type: 'text/javascript' });
  return new Worker(URL.createObjectURL(source));
}
