/** The time, for ages that are on the screen. */
import { useSignal } from '@preact/signals';
import { useEffect } from 'preact/hooks';

const TICK_MS = 1000;

/** Milliseconds, once a second. */
export function useNow(): number {
  const now = useSignal(Date.now());
  useEffect(() => {
    const timer = setInterval(() => {
      now.value = Date.now();
    }, TICK_MS);
    return () => clearInterval(timer);
  }, []);
  return now.value;
}
