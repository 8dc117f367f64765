/** Bars over time, one colour and one pattern for each series, stacked. Every number is in the table beneath as well. */
import { useEffect, useRef } from 'preact/hooks';
import uPlot from 'uplot';
import 'uplot/dist/uPlot.min.css';
import type { UsageMetric } from '../../core/statement/usage.ts';
import type { Series } from '../usage-series.ts';
import { WORDS } from '../words/words.ts';

interface UsageChartProps {
  readonly series: readonly Series[];
  readonly times: readonly string[];
  readonly metric: UsageMetric;
  readonly label: string;
}

const HEIGHT = 300;
const NARROWEST = 240;
const NARROWEST_BAR = 2;

export function UsageChart({ series, times, metric, label }: UsageChartProps) {
  const box = useRef<HTMLDivElement>(null);
  useEffect(() => {
    const place = box.current;
    if (place === null) return;
    const seconds = secondsOf(times);
    const data: uPlot.AlignedData = [seconds, ...stack(series, times, metric)];
    const chart = new uPlot(optionsOf(place, series, seconds), data, place);
    const observer = new ResizeObserver(() =>
      chart.setSize({ width: Math.max(NARROWEST, place.clientWidth), height: HEIGHT }),
    );
    observer.observe(place);
    return () => {
      observer.disconnect();
      chart.destroy();
    };
  }, [series, times, metric]);
  return (
    <figure class="chart">
      <figcaption>
        {label} <span class="dim">{WORDS.usage.chartAbout}</span>
      </figcaption>
      <ul class="legend">
        {series.map(({ key }, i) => (
          <li key={key}>
            <span class={`swatch swatch-${i % COLOURS}`} aria-hidden="true" /> {key}
          </li>
        ))}
      </ul>
      <div ref={box} aria-hidden="true" />
    </figure>
  );
}

const COLOURS = 6;
const DAY_SECONDS = 86_400;

function secondsOf(times: readonly string[]): number[] {
  return times.map((time) => Date.parse(time) / 1000);
}

/** The tops of the bars: each series on top of those before it. Drawn from the tallest, so that each shows its own part. */
function stack(
  series: readonly Series[],
  times: readonly string[],
  metric: UsageMetric,
): (number | null)[][] {
  const below = times.map(() => 0n);
  const tops = series.map(({ byTime }) =>
    times.map((time, i) => {
      below[i] = (below[i] ?? 0n) + BigInt(byTime.get(time)?.[metric] ?? '0');
      // A bar of no height would still have an edge.
      return below[i] === 0n ? null : Number(below[i]);
    }),
  );
  return tops.reverse();
}

function optionsOf(
  place: HTMLElement,
  series: readonly Series[],
  times: readonly number[],
): uPlot.Options {
  const colour = (name: string): string => colourAt(place, name);
  const bars = uPlot.paths.bars?.({ size: [0.7, 64, NARROWEST_BAR] });
  const hours = times.length > 1 && (times[1] ?? 0) - (times[0] ?? 0) < DAY_SECONDS;
  const axis = {
    stroke: colour('--dim'),
    grid: { stroke: colour('--line'), width: 1 },
    font: '13px system-ui',
  };
  return {
    width: Math.max(NARROWEST, place.clientWidth),
    height: HEIGHT,
    tzDate: (seconds) => uPlot.tzDate(new Date(seconds * 1000), 'Etc/UTC'),
    legend: { show: false },
    cursor: { show: false },
    scales: {
      x: { range: padded },
      y: { range: (_chart, _min, max) => [0, max > 0 ? max * 1.05 : 1] },
    },
    axes: [
      { ...axis, values: (_chart, ticks) => ticks.map((tick) => sayTick(tick, hours)) },
      { ...axis, size: 72, values: (_chart, ticks) => ticks.map(shortNumber) },
    ],
    series: [
      {},
      ...Array.from({ length: series.length }, (_, i): uPlot.Series => {
        const number = series.length - 1 - i;
        const fill = colour(`--series-${number % COLOURS}`);
        return {
          fill: (chart) => patternOf(chart.ctx, fill, number),
          stroke: fill,
          width: 1,
          ...(bars === undefined ? {} : { paths: bars }),
          points: { show: false },
        };
      }),
    ],
  };
}

/** A canvas knows no variables: the colour as it is at a place, in light or in dark. */
function colourAt(place: HTMLElement, name: string): string {
  place.style.color = `var(${name})`;
  const { color } = getComputedStyle(place);
  place.style.color = '';
  return color;
}

/** Hours as 14:00, with the date at midnight; days as dates. All in UTC. */
function sayTick(seconds: number, hours: boolean): string {
  const time = new Date(seconds * 1000).toISOString();
  const isDate = !hours || seconds % DAY_SECONDS === 0;
  return isDate ? time.slice(5, 10) : time.slice(11, 16);
}

/** Half a bar of room on both sides. */
function padded(chart: uPlot, min: number, max: number): [number, number] {
  const times = chart.data[0];
  const step = times.length > 1 ? (max - min) / (times.length - 1) : 3600;
  return [min - step * 0.7, max + step * 0.7];
}

/** The first series is plain; each further one has stripes of its own, so that no one has to tell colours apart. */
function patternOf(
  ctx: CanvasRenderingContext2D,
  colour: string,
  number: number,
): CanvasPattern | string {
  const tile = document.createElement('canvas');
  const size = 8;
  tile.width = size;
  tile.height = size;
  const pen = tile.getContext('2d');
  if (number === 0 || pen === null) return colour;
  pen.fillStyle = colour;
  pen.fillRect(0, 0, size, size);
  pen.fillStyle = 'rgba(255, 255, 255, 0.45)';
  for (const [x, y, width, height] of STRIPES[(number - 1) % STRIPES.length] ?? []) {
    pen.fillRect(x, y, width, height);
  }
  return ctx.createPattern(tile, 'repeat') ?? colour;
}

const STRIPES: readonly (readonly (readonly [number, number, number, number])[])[] = [
  [[0, 0, 8, 2]],
  [[0, 0, 2, 8]],
  [
    [0, 0, 3, 3],
    [4, 4, 3, 3],
  ],
  [
    [0, 0, 8, 2],
    [0, 0, 2, 8],
  ],
  [[0, 0, 8, 4]],
];

function shortNumber(value: number): string {
  return new Intl.NumberFormat('en', { notation: 'compact', maximumFractionDigits: 1 }).format(
    value,
  );
}
